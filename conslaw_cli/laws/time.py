"""Whether laws depend on time: what the translations of time do to them, as polynomial identities (THEORY section 4)."""

from __future__ import annotations

from conslaw_cli.exact.polynomials import Polynomial
from conslaw_cli.flows.base import Dynamics
from conslaw_cli.laws.law import Law


def moved(law: Law, dynamics: Dynamics, n: int) -> tuple[bool, ...]:
    """For each translation of time whether it changes the law; ``n`` is the number of parameters."""
    return tuple(_moved(law, matrix, n) for matrix in dynamics.time_fields)


def depends_on_time(law: Law, dynamics: Dynamics, n: int) -> bool:
    """Whether some translation of time changes the law."""
    return any(_moved(law, matrix, n) for matrix in dynamics.time_fields)


def _moved(law: Law, matrix: tuple, n: int) -> bool:
    total = Polynomial({})
    for variable, partial in law.gradient.items():
        vector, k = divmod(variable, n)
        for column, factor in enumerate(matrix[vector]):
            if factor:
                total = total + partial * factor * Polynomial.variable(column * n + k)
    return bool(total)

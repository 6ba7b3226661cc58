"""Whether laws depend on time: what the translations of time do to them, as polynomial identities (THEORY section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.laws.law import Law


@dataclass(frozen=True)
class TimeAction:
    """The translations of time on the laws of a part: the rank of the matrix (T_i h_j), and which of its rows are not zero."""

    rank: int
    outside: tuple[bool, ...]


def action(laws: Iterable[Law], dynamics: Dynamics, n: int) -> TimeAction:
    """The action on some laws, exactly: two rows are dependent if every column is a multiple of the first that is not zero."""
    fields = dynamics.time_fields
    outside, first, rank = [False] * len(fields), None, 0
    for law in laws:
        column = [_moved(law, matrix, n) for matrix in fields]
        outside = [known or bool(moved) for known, moved in zip(outside, column)]
        if first is None and any(column):
            first, rank = column, 1
        elif rank == 1 and len(fields) == 2 and first[0] * column[1] + (first[1] * column[0]).scaled(-1):
            rank = 2
        if rank == len(fields):
            break
    return TimeAction(rank, tuple(outside))


def depends_on_time(law: Law, dynamics: Dynamics, n: int) -> bool:
    """Whether some translation of time changes the law; ``n`` is the number of parameters."""
    return any(_moved(law, matrix, n) for matrix in dynamics.time_fields)


def _moved(law: Law, matrix: tuple, n: int) -> Polynomial:
    """The derivative of the law along a translation of time."""
    total = Polynomial({})
    for variable, partial in law.gradient.items():
        vector, k = divmod(variable, n)
        for column, factor in enumerate(matrix[vector]):
            if factor:
                total = total + partial * factor * Polynomial.variable(column * n + k)
    return total

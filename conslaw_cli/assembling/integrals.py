"""The report's side of laws that are integrals over algebraic functions."""

from __future__ import annotations

from itertools import count, islice

from conslaw_cli.analysis import Analysis, LawGroup, PartResult
from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.laws.abelian import AbelianFamily
from conslaw_cli.report.formula import Curve, IntegralSum
from conslaw_cli.report.model import Family

_ROOTS_SHOWN = 4


def integral_family(group: LawGroup, dynamics: Dynamics) -> Family:
    """A group of Abelian integrals; all of them have one form."""
    family = group.family
    curve = Curve(family.first, family.middle, family.last, family.rank, abs(family.rows - family.columns))
    members = tuple(IntegralSum(curve, dynamics.growth.power(law.weight), law.power) for law in group.laws)
    form = IntegralSum(curve, _growth_of_all(dynamics, family)) if len(members) > 1 else members[0]
    return Family(
        name=family.name,
        number=len(members),
        members=members,
        depends_on_time=bool(dynamics.time_fields),
        source=group.source,
        form=form,
    )


def _growth_of_all(dynamics: Dynamics, family: AbelianFamily) -> str:
    """The factor of the j-th law, growth^(2 j + 1 - 2 r)."""
    if not dynamics.time_fields:
        return "1"
    growth = dynamics.growth.text
    return f"({growth})**(2*j - {2 * family.rank - 1})"


def algebraic_note(analysis: Analysis) -> str | None:
    """That balancedness holds all algebraic laws, where that is shown (laws.abelian): with D - r independent laws of it."""
    for part in analysis.parts:
        for group in part.groups:
            if isinstance(group.family, AbelianFamily) and not analysis.dynamics.time_fields:
                return _note(part, group.family)
    return None


def _note(part: PartResult, family: AbelianFamily) -> str | None:
    algebraic = part.flow.dimension - family.rank
    if part.found - len(part.groups[-1].laws) != algebraic:
        return None
    return (
        f"every algebraic law is a function of these {algebraic} of balancedness: where {family.first} and {family.last} are zero and "
        f"{family.middle} has the singular values {_roots(family.rank)}, the field vanishes with these, their negatives and zeros as "
        f"eigenvalues, whose resonances have rank {algebraic} (Poincaré)"
    )


def _roots(number: int) -> str:
    """The square roots of the first square-free numbers, which are independent over the rationals."""
    free = (d for d in count(1) if all(d % (q * q) for q in range(2, d)))
    names = ["1" if d == 1 else f"sqrt({d})" for d in islice(free, number)]
    return ", ".join(names if number <= _ROOTS_SHOWN else [*names[: _ROOTS_SHOWN - 1], "…", names[-1]])

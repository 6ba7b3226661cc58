"""Laws back in the original variables: Q = theta - A theta', P = s theta' (momentum), Q = e^Lambda theta (weight decay)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.laws.law import Law
from conslaw_cli.metrics import Primitive
from conslaw_cli.report.formula import Entry, Formula, Group, Shifted, Term
from conslaw_cli.rings.polynomials import Number

@dataclass(frozen=True)
class Members(Sequence):
    """Formulas computed when asked for, one for each number below ``length``."""

    length: int
    make: Callable[[int], Formula]

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, position):
        if isinstance(position, slice):
            return [self.make(i) for i in range(*position.indices(self.length))]
        if not -self.length <= position < self.length:
            raise IndexError(position)
        return self.make(position % self.length)

    def __iter__(self) -> Iterator[Formula]:
        return (self.make(i) for i in range(self.length))


def in_original(law: Law, dynamics: Dynamics, n: int, entry: Callable[[int, bool], Entry]) -> Formula:
    """The law as a function of (t, theta, theta'); ``entry(k, velocity)`` names the part's k-th parameter."""
    groups: dict[tuple[int, ...], list[Term]] = {}
    for monomial, coefficient in dynamics.in_original(law.polynomial, n).terms.items():
        powers = dict(monomial)
        scale = dynamics.time_powers(powers)
        named = tuple((entry(v % n, v >= n), e) for v, e in sorted(powers.items()))
        groups.setdefault(scale, []).append(Term(coefficient, named))
    found = [Group(dynamics.time(scale), _ordered(terms)) for scale, terms in sorted(groups.items(), key=_plain)]
    if law.logs:
        found.append(Group("1", tuple(Term(c, ((entry(v, False), 1),), log=True) for v, c in reversed(law.logs))))
    if law.functions:
        found.append(Group("1", _ordered([_function(entry(v, False), c, primitive) for v, c, primitive in law.functions])))
    log_scale = dynamics.growth.text if sum(c for _, c in law.logs) else "1"
    return Formula(_positive(found), log_scale)


def _function(entry: Entry, coefficient: Number, primitive: Primitive) -> Term:
    """A multiple of B^exponent or log B."""
    base = entry if primitive.constant is None else Shifted(entry, primitive.constant)
    return Term(coefficient, ((base, primitive.exponent or 1),), log=primitive.logarithm)


def _plain(item: tuple[tuple[int, ...], list[Term]]) -> tuple:
    """Terms without a function of time first."""
    return tuple(abs(exponent) for exponent in item[0])


def _ordered(terms: list[Term]) -> tuple[Term, ...]:
    """Outgoing weights before incoming ones, as laws are usually written."""
    return tuple(reversed(terms)) if terms[0].coefficient < 0 < terms[-1].coefficient else tuple(terms)


def _positive(groups: list[Group]) -> tuple[Group, ...]:
    """The law or its negative, whichever starts with a positive coefficient."""
    if groups[0].terms[0].coefficient > 0:
        return tuple(groups)
    return tuple(
        Group(group.time, tuple(Term(-term.coefficient, term.factors, term.log) for term in group.terms))
        for group in groups
    )

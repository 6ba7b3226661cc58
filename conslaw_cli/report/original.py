"""Laws back in the original variables: Q = theta - A theta', P = s theta' (momentum), Q = e^Lambda theta (weight decay)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from conslaw_cli.exact.polynomials import Polynomial
from conslaw_cli.flows.base import Dynamics
from conslaw_cli.laws.law import Law
from conslaw_cli.report.formula import Entry, Formula, Group, Term

_S, _A = -10, -11


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
    if dynamics.second_order:
        polynomial, factors = _momentum(law.polynomial, dynamics, n), dynamics.factors
    else:
        polynomial, factors = law.polynomial, dynamics.factors
    groups: dict[tuple[int, int], list[Term]] = {}
    for monomial, coefficient in polynomial.terms.items():
        powers = dict(monomial)
        scale = powers.pop(_S, 0), powers.pop(_A, 0)
        if "growth" in factors:
            scale = sum(powers.values()), 0
        named = tuple((entry(v % n, v >= n), e) for v, e in sorted(powers.items()))
        groups.setdefault(scale, []).append(Term(coefficient, named))
    found = [Group(_time(factors, scale), _ordered(terms)) for scale, terms in sorted(groups.items())]
    if law.logs:
        found.append(Group("1", tuple(Term(c, ((entry(v, False), 1),), log=True) for v, c in reversed(law.logs))))
    log_scale = factors["growth"].text if "growth" in factors and sum(c for _, c in law.logs) else "1"
    return Formula(_positive(found), log_scale)


def _momentum(polynomial: Polynomial, dynamics: Dynamics, n: int) -> Polynomial:
    """Substitute Q -> theta - A theta', P -> s theta' with A and s as symbols (s = 1 left out)."""
    lag = Polynomial.variable(_A).scaled(-1)
    s = Polynomial.constant(1) if dynamics.factors["s"].trivial else Polynomial.variable(_S)

    def image(variable: int) -> Polynomial:
        if variable < n:
            return Polynomial.variable(variable) + lag * Polynomial.variable(variable + n)
        return s * Polynomial.variable(variable)

    return polynomial.substitute(image)


def _time(factors: dict, scale: tuple[int, int]) -> str:
    if "growth" in factors:
        return factors["growth"].power(scale[0])
    if not factors:
        return "1"
    pieces = [factors["s"].power(scale[0]), _bracketed(factors["A"].power(scale[1]))]
    return "*".join(piece for piece in pieces if piece != "1") or "1"


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text or text.startswith("-") else text


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


def depends_on_time(law: Law, dynamics: Dynamics, n: int) -> bool:
    """Whether some time translation changes the law (THEORY section 4)."""
    gradient = law.gradient
    for matrix in dynamics.time_fields:
        total = Polynomial({})
        for variable, partial in gradient.items():
            vector, k = divmod(variable, n)
            for column, factor in enumerate(matrix[vector]):
                if factor:
                    total = total + partial * factor * Polynomial.variable(column * n + k)
        if total:
            return True
    return False

"""Polynomials of laws at a point: value, gradient, and the derivatives that drift and time translations need."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from flint import arb

from conslaw_cli.checker.balls import ball_of
from conslaw_cli.checker.result import Undecided
from conslaw_cli.checker.terms import Part


class Values(NamedTuple):
    """``by_position`` is theta' . d/dtheta, ``by_velocity`` theta' . d/dtheta'; for first order 0 and theta . d/dtheta."""

    value: int
    gradient: dict[int, int]
    by_position: int
    by_velocity: int


def values(part: Part, point: list[int], logarithms: list[int], size: int, p: int, root: int = 1) -> Values:
    """All of them modulo p; ``size`` parameters come before their velocities, 0 for first order.

    The entries are the powers with exponent ``root`` of the point, and derivatives are by the point. Raises Undecided where that leaves
    fractional exponents.
    """
    gradient: dict[int, int] = {}
    value = 0
    for coefficient, monomial in part.monomials:
        value += _monomial(_residue(coefficient, p), _of_roots(monomial, root), point, gradient, p)
    for coefficient, variable in part.logarithms:
        number = _residue(coefficient, p)
        value += number * logarithms[variable]
        gradient[variable] = gradient.get(variable, 0) + root * number * pow(point[variable], -1, p)
    gradient = {k: x % p for k, x in gradient.items()}
    return Values(value % p, gradient, *_directions(gradient, point, size, p))


def _of_roots(monomial: tuple, root: int) -> tuple:
    """A monomial in the roots of its entries."""
    if root == 1 and all(type(e) is int for _, e in monomial):
        return monomial
    exponents = [(k, e * Fraction(root)) for k, e in monomial]
    if any(e.denominator > 1 for _, e in exponents):
        raise Undecided("a root of an entry that the metric does not call for")
    return tuple((k, int(e)) for k, e in exponents)


def _directions(gradient: dict[int, int], point: list, size: int, p: int) -> tuple[int, int]:
    by_position = by_velocity = 0
    for k, partial in gradient.items():
        if size and k < size:
            by_position += partial * point[k + size]
        else:
            by_velocity += partial * point[k]
    return by_position % p, by_velocity % p


def _residue(value: Fraction | int, p: int) -> int:
    return value if type(value) is int else value.numerator * pow(value.denominator, -1, p) % p


def _monomial(coefficient: int, factors: tuple, point: list[int], gradient: dict[int, int], p: int) -> int:
    """The value; adds the partial derivatives."""
    if len(factors) == 1 and factors[0][1] == 2:
        ((k, _),) = factors
        x = coefficient * point[k]
        gradient[k] = gradient.get(k, 0) + 2 * x
        return x * point[k] % p
    powers = [pow(point[k], e, p) for k, e in factors]
    value = coefficient
    for power in powers:
        value = value * power % p
    for place, (k, e) in enumerate(factors):
        others = coefficient * e * (pow(point[k], e - 1, p) if e != 1 else 1)
        for j, power in enumerate(powers):
            if j != place:
                others = others * power % p
        gradient[k] = gradient.get(k, 0) + others
    return value


class Exact(NamedTuple):
    """Value and gradient at whole entries; ``logarithms`` maps an entry to the coefficient of its logarithm."""

    value: Fraction
    gradient: dict[int, Fraction]
    logarithms: dict[int, Fraction]

    def ball(self) -> arb:
        """The value with its logarithms."""
        return sum((ball_of(c) * arb(entry).log() for entry, c in self.logarithms.items()), ball_of(self.value))

    def directions(self, point: list[int], size: int) -> tuple[Fraction, Fraction]:
        """theta' . d/dtheta and theta' . d/dtheta', or 0 and theta . d/dtheta for size 0."""
        pairs = [(k, partial) for k, partial in self.gradient.items()]
        first = sum((x * point[k + size] for k, x in pairs if size and k < size), Fraction(0))
        return first, sum((x * point[k] for k, x in pairs if k >= size), Fraction(0))


def exact_values(part: Part, point: list[int], root: int = 1) -> Exact:
    """The values at the powers of whole numbers with exponent ``root``, exactly; derivatives are by these numbers."""
    value, gradient, logarithms = Fraction(0), {}, {}
    for coefficient, monomial in part.monomials:
        term = Fraction(coefficient)
        factors = _of_roots(monomial, root)
        for k, e in factors:
            term *= Fraction(point[k]) ** e
        value += term
        for k, e in factors:
            gradient[k] = gradient.get(k, 0) + term * e / point[k]
    for coefficient, k in part.logarithms:
        logarithms[point[k]] = logarithms.get(point[k], 0) + root * Fraction(coefficient)
        gradient[k] = gradient.get(k, 0) + root * Fraction(coefficient) / point[k]
    return Exact(value, gradient, logarithms)

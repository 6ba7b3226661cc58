"""Evaluating algebraic functions on polynomials, and on bounds of polynomials: degree and 1-norm of numerators and denominators."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from conslaw_cli.expressions.tree import Name, Node
from conslaw_cli.metrics import algebraic
from conslaw_cli.metrics.base import Divisor, Element


@dataclass(frozen=True)
class Operators:
    """A ring whose elements have the operators; ``one`` is its one."""

    one: Element

    def constant(self, value: Fraction) -> Element:
        return self.one.scaled(value)

    def add(self, a: Element, b: Element) -> Element:
        return a + b

    def multiply(self, a: Element, b: Element) -> Element:
        return a * b

    def power(self, a: Element, exponent: int) -> Element:
        return a**exponent


@dataclass(frozen=True)
class Quotients:
    """Quotients as pairs (bound of the numerator, of the denominator or None for one).

    A root r is a variable of its own, of the degree of the ``point`` that it belongs to.
    """

    point: Any

    def constant(self, value: Fraction) -> tuple:
        return (self.point**0).multiple(abs(value.numerator), value.denominator), None

    def add(self, a: tuple, b: tuple) -> tuple:
        (x, u), (y, v) = a, b
        return _times(x, v) + _times(y, u), _product(u, v)

    def multiply(self, a: tuple, b: tuple) -> tuple:
        return a[0] * b[0], _product(a[1], b[1])

    def power(self, a: tuple, exponent: int | Fraction) -> tuple:
        if Fraction(exponent).denominator > 1:
            a, exponent = (type(self.point)(self.point.degree, 1), None), Fraction(exponent).numerator
        if exponent < 0:
            return self.power((a[1] or self.point**0, a[0]), -exponent)
        return a[0] ** int(exponent), a[1] and a[1] ** int(exponent)


def roots_of(tree: Node, point: Any, denominator: Any) -> Divisor:
    """The divisor of a function with roots and this denominator.

    r = theta^(1/q) has the derivative r/(q theta), and r = P(theta)^(1/2) the derivative P'(theta)/(2 r).
    """
    found, stretch, reduction = denominator or point**0, 1, point.norm
    for base in set(algebraic.radicands(tree)):
        if isinstance(base, Name):
            q = algebraic.root(tree)
            found, stretch = found * point.multiple(q, 1), q + 1
        else:
            norm = _norm(base, point)
            found, stretch, reduction = found * type(point)(point.degree, 2), 2 + 4 * norm, max(reduction, norm)
    return Divisor(found, stretch, reduction)


def _norm(base: Node, point: Any) -> int:
    """The 1-norm of a polynomial at the point, made integral."""
    coefficients = algebraic.polynomial(base)
    scale = lcm(*(c.denominator for c in coefficients))
    return sum(int(abs(c) * scale) * point.norm**k for k, c in enumerate(coefficients))


def _times(a: Any, b: Any) -> Any:
    return a if b is None else a * b


def _product(a: Any, b: Any) -> Any:
    return b if a is None else _times(a, b)

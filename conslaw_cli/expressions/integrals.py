"""Integrals of rates in closed form, from a small table; what is not in the table has none here.

The table: sums of multiples (by numbers and free constants) of powers, exp, log, sin, cos, tan, sinh, cosh, tanh and 1/cosh of a t + b, of
numbers to the power a t + b, and of rational functions with rational poles and simple irreducible quadratic factors. Nothing is complex.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from flint import fmpq_poly

from conslaw_cli.expressions.calculus import (
    ONE,
    TIME,
    ZERO,
    affine,
    call,
    folded,
    minus,
    negative,
    over,
    plus,
    raised,
    rational,
    times,
    varies,
)
from conslaw_cli.expressions.domain import Interval
from conslaw_cli.expressions.roots import quotient_of
from conslaw_cli.expressions.tree import Apply, Node, Number

_MOST_TERMS = 12
"""A rational function with more terms in its integral is better read as an integral."""


@dataclass(frozen=True)
class Primitive:
    """rest + the sum of coefficient * log(base) over ``logs``; bases are positive on the interval."""

    rest: Node = ZERO
    logs: tuple[tuple[Node, Node], ...] = ()

    def __add__(self, other: Primitive) -> Primitive:
        logs = dict((base, coefficient) for coefficient, base in self.logs)
        for coefficient, base in other.logs:
            logs[base] = plus(logs.get(base, ZERO), coefficient)
        return Primitive(plus(self.rest, other.rest), tuple((c, base) for base, c in logs.items() if c != ZERO))

    def scaled(self, factor: Node) -> Primitive:
        return Primitive(times(factor, self.rest), tuple((times(factor, c), base) for c, base in self.logs))

    @property
    def tree(self) -> Node:
        return reduce(plus, (times(c, call("log", base)) for c, base in self.logs), self.rest)

    @property
    def exponential(self) -> Node:
        """exp of it, as a product of powers."""
        above = [_power(base, c) for c, base in self.logs if not _is_negative(c)]
        below = [_power(base, negative(c)) for c, base in self.logs if _is_negative(c)]
        above += [call("exp", self.rest)] if self.rest != ZERO else []
        return over(reduce(times, above, ONE), reduce(times, below, ONE))

    @property
    def inverse_exponential(self) -> Node:
        """exp of minus it."""
        return self.scaled(rational(-1)).exponential


def _power(base: Node, exponent: Node) -> Node:
    return call("sqrt", base) if exponent == rational(Fraction(1, 2)) else raised(base, exponent)


def _is_negative(node: Node) -> bool:
    return isinstance(node, Number) and node.value < 0


def primitive(node: Node, interval: Interval) -> Primitive | None:
    """An integral of a function of t that is real on the interval; None where the table has none."""
    total = Primitive()
    for factor, function in _terms(node):
        found = _integral(function, interval)
        if found is None:
            return _of_quotient(node, interval)
        total += found.scaled(factor)
    return total


def _terms(node: Node) -> Iterator[tuple[Node, Node]]:
    """A sum's terms as (factor free of t, function)."""
    if not varies(node):
        yield node, ONE
    elif isinstance(node, Apply) and node.op in ("+", "-"):
        yield from _terms(node.args[0])
        sign = rational(1 if node.op == "+" else -1)
        yield from ((times(sign, factor), function) for factor, function in _terms(node.args[1]))
    elif isinstance(node, Apply) and node.op == "neg":
        yield from ((negative(factor), function) for factor, function in _terms(node.args[0]))
    elif isinstance(node, Apply) and node.op in ("*", "/") and not varies(node.args[1]):
        build = times if node.op == "*" else over
        yield from ((build(factor, node.args[1]), function) for factor, function in _terms(node.args[0]))
    elif isinstance(node, Apply) and node.op == "*" and not varies(node.args[0]):
        yield from ((times(node.args[0], factor), function) for factor, function in _terms(node.args[1]))
    elif isinstance(node, Apply) and node.op == "/" and not varies(node.args[0]) and node.args[0] != ONE:
        yield node.args[0], over(ONE, node.args[1])
    else:
        yield ONE, node


def _integral(node: Node, interval: Interval) -> Primitive | None:
    if node == ONE:
        return Primitive(TIME)
    return _of_power(node, interval) or _of_function(node, interval) or _of_quotient(node, interval)


def _power_of(node: Node) -> tuple[Node, Fraction]:
    """(u, q) of a tree that is u**q."""
    if isinstance(node, Apply) and node.op == "sqrt":
        return node.args[0], Fraction(1, 2)
    if isinstance(node, Apply) and node.op == "**" and isinstance(node.args[1], Number):
        return node.args[0], node.args[1].value
    if isinstance(node, Apply) and node.op == "/" and node.args[0] == ONE:
        base, exponent = _power_of(node.args[1])
        return base, -exponent
    return node, Fraction(1)


def _of_power(node: Node, interval: Interval) -> Primitive | None:
    """(a t + b)**q."""
    base, exponent = _power_of(node)
    line = affine(base)
    if line is None:
        return None
    if exponent == -1:
        return _logarithm(base, over(ONE, line[0]), interval)
    above = exponent + 1
    if above < 0:
        return Primitive(over(rational(1 / above), times(line[0], raised(base, rational(-above)))))
    return Primitive(over(raised(base, rational(above)), times(line[0], rational(above))))


def _logarithm(base: Node, factor: Node, interval: Interval) -> Primitive | None:
    """factor * log|base|, up to a constant, by the sign of the base on the interval."""
    sign = interval.sign(base)
    found = quotient_of(base)
    if found is not None and found[1].degree() == 0:
        polynomial = found[0].numer() // found[0].numer().content()
        base, sign = _polynomial(fmpq_poly(polynomial)), sign * (1 if found[0].leading_coefficient() > 0 else -1)
        sign *= 1 if polynomial.leading_coefficient() > 0 else -1
    return Primitive(logs=((factor, base if sign > 0 else negative(base)),)) if sign else None


def _of_function(node: Node, interval: Interval) -> Primitive | None:
    """A function of a t + b."""
    if not isinstance(node, Apply):
        return None
    if node.op == "/" and node.args[0] == ONE and isinstance(node.args[1], Apply) and node.args[1].op == "cosh":
        return _over_slope(node.args[1].args[0], lambda u: Primitive(times(rational(2), call("atan", call("exp", u)))))
    if node.op == "**" and isinstance(node.args[0], Number):
        return _over_slope(node.args[1], lambda u: Primitive(over(node, call("log", node.args[0]))))
    table = {
        "exp": lambda u: Primitive(node),
        "log": lambda u: Primitive(minus(times(u, node), u)),
        "sin": lambda u: Primitive(negative(call("cos", u))),
        "cos": lambda u: Primitive(call("sin", u)),
        "sinh": lambda u: Primitive(call("cosh", u)),
        "cosh": lambda u: Primitive(call("sinh", u)),
        "tan": lambda u: _logarithm(call("cos", u), rational(-1), interval),
        "tanh": lambda u: _logarithm(call("cosh", u), ONE, interval),
    }
    return _over_slope(node.args[0], table[node.op]) if node.op in table else None


def _over_slope(argument: Node, integral) -> Primitive | None:
    """The integral of a function of a t + b: that by the argument, over a."""
    line = affine(argument)
    found = line and integral(argument)
    return found.scaled(over(ONE, line[0])) if found else None


def _of_quotient(node: Node, interval: Interval) -> Primitive | None:
    """A rational function, by partial fractions."""
    found = quotient_of(node)
    if found is None:
        return None
    top, bottom = found
    whole, rest = divmod(top, bottom)
    total = Primitive(_polynomial(whole.integral()))
    count = sum(1 for k in range(whole.length()) if whole[k])
    for factor, multiplicity in bottom.factor()[1]:
        count += multiplicity
        if count > _MOST_TERMS or factor.degree() > 2 or (factor.degree() == 2 and multiplicity > 1):
            return None
        part = _fraction(rest, bottom, factor, multiplicity, interval)
        if part is None:
            return None
        total += part
    return total if count <= _MOST_TERMS else None


def _fraction(rest: fmpq_poly, bottom: fmpq_poly, factor: fmpq_poly, multiplicity: int, interval: Interval) -> Primitive | None:
    """The integral of the part of rest/bottom that has powers of one irreducible factor below."""
    power = factor**multiplicity
    _, inverse, _ = (bottom // power).xgcd(power)
    above = rest * inverse % power
    if factor.degree() == 2:
        return _over_quadratic(above, factor, interval)
    total, base, slope = Primitive(), _polynomial(factor), rational(_plain(factor[1]))
    for exponent in range(multiplicity, 0, -1):
        above, remainder = divmod(above, factor)
        if not remainder:
            continue
        coefficient = _plain(remainder[0])
        if exponent == 1:
            part = _logarithm(base, over(rational(coefficient), slope), interval)
        else:
            part = Primitive(over(rational(coefficient / (1 - exponent) / slope.value), raised(base, rational(exponent - 1))))
        if part is None:
            return None
        total += part
    return total


def _over_quadratic(above: fmpq_poly, factor: fmpq_poly, interval: Interval) -> Primitive | None:
    """(b t + c)/(p t^2 + q t + r) without real poles: a logarithm and an arc tangent."""
    r, q, p = (_plain(factor[k]) for k in range(3))
    c, b = (_plain(above[k]) for k in range(2))
    below = 4 * p * r - q * q
    if below <= 0:
        return None
    total = _logarithm(_polynomial(factor), rational(b / (2 * p)), interval) if b else Primitive()
    rest = c - b * q / (2 * p)
    if total is None or not rest:
        return total
    root = folded(Apply("sqrt", (rational(below),)))
    exact = _root(below)
    root = rational(exact) if exact else root
    angle = call("atan", over(_polynomial(factor.derivative()), root))
    return total + Primitive(over(times(rational(2 * rest), angle), root))


def _root(value: Fraction) -> Fraction | None:
    from math import isqrt

    root = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    return root if root * root == value else None


def _plain(value) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _polynomial(polynomial: fmpq_poly) -> Node:
    """A polynomial as a tree, highest powers first."""
    total: Node = ZERO
    for degree in range(polynomial.degree(), -1, -1):
        if polynomial[degree]:
            term = times(rational(_plain(polynomial[degree])), raised(TIME, rational(degree))) if degree else rational(_plain(polynomial[0]))
            total = plus(total, term)
    return total

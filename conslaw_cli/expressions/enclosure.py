"""Rigorous enclosures of an expression's values on an interval of time, by ball arithmetic (python-flint's arb).

Free constants run through all positive numbers. An enclosure may be too wide, never too narrow: every bound is rounded outwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq

from conslaw_cli.expressions.tree import Name, Node, Number

INFINITY = math.inf
_MOST_BITS = 10_000
End = arb | float
"""An exact number, or plus or minus infinity."""


@dataclass(frozen=True)
class Span:
    """All numbers from ``low`` to ``high``, without 0 where ``nonzero``."""

    low: End
    high: End
    nonzero: bool = False

    @property
    def sign(self) -> int:
        """1 or -1 where every number has that sign, otherwise 0."""
        if self.low > 0 or (self.nonzero and self.low >= 0):
            return 1
        return -1 if self.high < 0 or (self.nonzero and self.high <= 0) else 0


EVERYTHING = Span(-INFINITY, INFINITY)
POSITIVE = Span(arb(0), INFINITY, True)


def ball(value: Fraction) -> arb:
    """A ball that holds a rational number."""
    return arb(fmpq(value.numerator, value.denominator))


def between(low: Fraction, high: Fraction | None, after: bool = False) -> Span:
    """Times from ``low`` to ``high`` (None: without end); ``after``: later than ``low`` only. Times are never negative."""
    return Span(ball(low).lower(), INFINITY if high is None else ball(high).upper(), after or low > 0)


def enclosed(node: Node, time: Span) -> Span:
    """Where the values of the tree lie over a span of times; undefined values are left out."""
    if isinstance(node, Number):
        return _around(ball(node.value), bool(node.value))
    if isinstance(node, Name):
        return time if node.name == "t" else POSITIVE
    if not node.args:
        return _around(arb.pi(), True)
    spans = [enclosed(arg, time) for arg in node.args]
    if node.op == "**":
        return _power(spans[0], node.args[1], spans[1])
    return _OPERATIONS[node.op](*spans)


def _around(value: arb, nonzero: bool = False) -> Span:
    return Span(value.lower(), value.upper(), nonzero) if value.is_finite() else EVERYTHING


def _low(value: arb) -> End:
    return value.lower() if value.is_finite() else -INFINITY


def _high(value: arb) -> End:
    return value.upper() if value.is_finite() else INFINITY


def _infinite(end: End) -> bool:
    return isinstance(end, float)


def _add(a: Span, b: Span) -> Span:
    low = -INFINITY if _infinite(a.low) or _infinite(b.low) else _low(a.low + b.low)
    high = INFINITY if _infinite(a.high) or _infinite(b.high) else _high(a.high + b.high)
    upward = a.low >= 0 and b.low >= 0 and (a.sign > 0 or b.sign > 0)
    downward = a.high <= 0 and b.high <= 0 and (a.sign < 0 or b.sign < 0)
    return Span(low, high, upward or downward)


def _negative(a: Span) -> Span:
    return Span(-a.high, -a.low, a.nonzero)


def _product(x: End, y: End) -> End | arb:
    if _infinite(x) or _infinite(y):
        return 0.0 if x == 0 or y == 0 else math.copysign(INFINITY, (1 if x > 0 else -1) * (1 if y > 0 else -1))
    return x * y


def _multiply(a: Span, b: Span) -> Span:
    products = [_product(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    products = [arb(0) if isinstance(p, float) and p == 0 else p for p in products]
    lows = [p if _infinite(p) else _low(p) for p in products]
    highs = [p if _infinite(p) else _high(p) for p in products]
    return Span(_least(lows), _most(highs), (a.nonzero or bool(a.sign)) and (b.nonzero or bool(b.sign)))


def _least(ends: list[End]) -> End:
    best = ends[0]
    for end in ends[1:]:
        best = end if end < best else best
    return best


def _most(ends: list[End]) -> End:
    best = ends[0]
    for end in ends[1:]:
        best = end if end > best else best
    return best


def _inverse(a: Span) -> Span:
    if not a.sign:
        return Span(-INFINITY, INFINITY, True)
    if a.sign < 0:
        return _negative(_inverse(_negative(a)))
    low = arb(0) if _infinite(a.high) else _low(1 / a.high)
    return Span(low, INFINITY if a.low <= 0 else _high(1 / a.low), True)


def _increasing(function, a: Span, nonzero: bool = False, least: End = -INFINITY, most: End = INFINITY) -> Span:
    """An increasing function with its infimum and supremum."""
    low = least if _infinite(a.low) and a.low < 0 else INFINITY if _infinite(a.low) else _low(function(a.low))
    high = most if _infinite(a.high) and a.high > 0 else -INFINITY if _infinite(a.high) else _high(function(a.high))
    return Span(_most([low, least]), _least([high, most]), nonzero)


def _exp(a: Span) -> Span:
    return _increasing(arb.exp, a, True, arb(0))


def _log(a: Span) -> Span:
    if a.high <= 0:
        return EVERYTHING
    low = -INFINITY if a.low <= 0 else _low(a.low.log()) if not _infinite(a.low) else INFINITY
    return Span(low, INFINITY if _infinite(a.high) else _high(a.high.log()))


def _sqrt(a: Span) -> Span:
    return _rational_power(a, Fraction(1, 2))


def _rational_power(a: Span, q: Fraction) -> Span:
    """A power of what is not negative (negative values are left out), q not whole."""
    if q < 0:
        return _inverse(_rational_power(a, -q))
    if a.high < 0:
        return EVERYTHING
    exponent = ball(q)
    low = arb(0) if a.low <= 0 else INFINITY if _infinite(a.low) else _low(a.low**exponent)
    high = INFINITY if _infinite(a.high) else arb(0) if a.high == 0 else _high(a.high**exponent)
    return Span(low, high, a.nonzero or a.low > 0)


def _whole_power(a: Span, n: int) -> Span:
    if n <= 0:
        return _around(arb(1), True) if n == 0 else _inverse(_whole_power(a, -n))
    raise_end = lambda end, outward: math.copysign(INFINITY, 1 if end > 0 or n % 2 == 0 else -1) if _infinite(end) else outward(end**n)  # noqa: E731
    nonzero = a.nonzero or bool(a.sign)
    if n % 2 or a.low >= 0:
        return Span(raise_end(a.low, _low), raise_end(a.high, _high), nonzero)
    if a.high <= 0:
        return Span(raise_end(a.high, _low), raise_end(a.low, _high), nonzero)
    return Span(arb(0), _most([raise_end(a.low, _high), raise_end(a.high, _high)]), nonzero)


def _power(base: Span, exponent: Node, span: Span) -> Span:
    if isinstance(exponent, Number):
        q = exponent.value
        return _whole_power(base, int(q)) if q.denominator == 1 else _rational_power(base, q)
    return _exp(_multiply(span, _log(base)))


def _wave(function, a: Span) -> Span:
    """sin or cos."""
    whole = Span(arb(-1), arb(1))
    if _infinite(a.low) or _infinite(a.high) or a.high - a.low > 7:
        return whole
    values = function(a.low.union(a.high))
    if not values.is_finite():
        return whole
    return Span(_most([values.lower(), arb(-1)]), _least([values.upper(), arb(1)]))


def _tan(a: Span) -> Span:
    if not _wave(arb.cos, a).sign or a.high - a.low > 3:
        return EVERYTHING
    return Span(_low(a.low.tan()), _high(a.high.tan()))


def _cosh(a: Span) -> Span:
    even = _multiply(a, a)  # cosh is an increasing function of the square: of its non-negative root
    most = INFINITY if _infinite(a.low) or _infinite(a.high) else _most([_high(a.low.cosh()), _high(a.high.cosh())])
    low = arb(1) if not a.sign or _infinite(even.low) else _least([_low(e.cosh()) for e in (a.low, a.high) if not _infinite(e)])
    return Span(low, most, True)


_OPERATIONS = {
    "+": _add,
    "-": lambda a, b: _add(a, _negative(b)),
    "neg": _negative,
    "*": _multiply,
    "/": lambda a, b: _multiply(a, _inverse(b)),
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "sin": lambda a: _wave(arb.sin, a),
    "cos": lambda a: _wave(arb.cos, a),
    "tan": _tan,
    "sinh": lambda a: _increasing(arb.sinh, a, a.nonzero),
    "cosh": _cosh,
    "tanh": lambda a: _increasing(arb.tanh, a, a.nonzero, arb(-1), arb(1)),
    "atan": lambda a: _increasing(arb.atan, a, a.nonzero),
}


def rationals(span: Span) -> tuple[Fraction, Fraction] | None:
    """The ends as fractions, None where one is infinite or too long to write."""
    if _infinite(span.low) or _infinite(span.high):
        return None
    mantissas = [end.man_exp() for end in (span.low, span.high)]
    if any(abs(int(exponent)) > _MOST_BITS for _, exponent in mantissas):
        return None
    low, high = (Fraction(int(mantissa)) * Fraction(2) ** int(exponent) for mantissa, exponent in mantissas)
    return low, high

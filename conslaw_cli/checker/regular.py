"""Whether a rate is real and finite on all of an interval of time, for all positive values of its letters: interval arithmetic.

Rational steps are exact, functions are enclosed by balls. An end of an interval may be open, so that 1/t is finite for t > 0; where a piece of
the interval is too wide to tell it is halved, up to a bound on work. The last piece may be unbounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf

from flint import arb

from conslaw_cli.checker.balls import Moment, ball_of
from conslaw_cli.checker.parse import Node, constant
from conslaw_cli.checker.result import Undecided

Number = Fraction | float
"""A rational number or an infinity."""
MOST_PIECES = 300
_FAR = Fraction(16)
_LARGEST = 2**256
_INCREASING = frozenset("exp log sinh tanh atan".split())


@dataclass(frozen=True)
class Range:
    """Values from ``low`` to ``high``; whether the ends themselves may occur."""

    low: Number
    high: Number
    low_open: bool = False
    high_open: bool = False

    @property
    def positive(self) -> bool:
        return self.low > 0 or (self.low == 0 and self.low_open)

    @property
    def negative(self) -> bool:
        return self.high < 0 or (self.high == 0 and self.high_open)


def is_regular(tree: Node, start: Fraction | None, until: Node | None, moment: Moment) -> bool:
    """Whether it can be shown, from ``start`` (included; None for t > 0) to before ``until``."""
    first = start or Fraction(0)
    last: Number = inf
    if until is not None:
        value = constant(until)
        if value is None:
            return False
        last = value
        if last <= first:
            return False
    far = max(2 * first, _FAR)
    cuts = [first, *([far] if last > far else []), last]
    pieces = [Range(a, b, a == first and start is None, b == last) for a, b in zip(cuts, cuts[1:])]
    for _ in range(MOST_PIECES):
        if not pieces:
            return True
        piece = pieces.pop()
        if not _fine(tree, piece):
            pieces += _halves(piece)
    return not pieces


def _fine(tree: Node, times: Range) -> bool:
    try:
        _range(tree, times)
    except (Undecided, OverflowError):
        return False
    return True


def _halves(piece: Range) -> list[Range]:
    middle = 4 * piece.low if piece.high == inf else (piece.low + piece.high) / 2
    return [
        Range(middle, piece.high, False, piece.high_open),
        Range(piece.low, middle, piece.low_open, False),
    ]


def _range(node: Node, times: Range) -> Range:
    """The values of a function on a piece. Raises Undecided where it may not be real and finite inside."""
    kind = node[0]
    if kind == "num":
        return Range(node[1], node[1])
    if kind == "name":
        return _named(node[1], times)
    if kind == "add":
        found = [_range(part, times) for part in node[1]]
        return Range(
            _rounded(sum(r.low for r in found), -1),
            _rounded(sum(r.high for r in found), 1),
            any(r.low_open for r in found),
            any(r.high_open for r in found),
        )
    if kind == "mul":
        total = Range(Fraction(1), Fraction(1))
        for part in node[1]:
            total = _product(total, _range(part, times))
        return total
    if kind == "pow":
        return _power(_range(node[1], times), node[2])
    if kind == "raise":
        logarithm = _function("log", _range(node[1], times))
        return _function("exp", _product(_range(node[2], times), logarithm))
    if node[1] == "Integral":
        raise Undecided("an integral in a rate")
    return _function(node[1], _range(node[2], times))


def _named(name: str, times: Range) -> Range:
    if name == "t":
        return times
    if name in ("pi", "E"):
        return _of_ball(arb.pi() if name == "pi" else arb(1).exp())
    return Range(Fraction(0), inf, True, True)


def _product(a: Range, b: Range) -> Range:
    ends = [
        (_times(x, y), (x_open and y != 0) or (y_open and x != 0) or (x_open and y_open))
        for x, x_open in ((a.low, a.low_open), (a.high, a.high_open))
        for y, y_open in ((b.low, b.low_open), (b.high, b.high_open))
    ]
    low, high = min(value for value, _ in ends), max(value for value, _ in ends)
    signs = (a.positive or a.negative) and (b.positive or b.negative)
    low_open = all(is_open for value, is_open in ends if value == low) or (low == 0 and signs)
    high_open = all(is_open for value, is_open in ends if value == high) or (high == 0 and signs)
    return Range(_rounded(low, -1), _rounded(high, 1), low_open, high_open)


def _times(x: Number, y: Number) -> Number:
    return Fraction(0) if x == 0 or y == 0 else x * y


def _power(base: Range, exponent: Fraction) -> Range:
    if exponent.denominator != 1:
        if exponent > 0 and base.low == 0 and not base.negative:
            high = _power(Range(base.high, base.high), exponent).high if 0 < base.high < inf else base.high
            return Range(Fraction(0), high, base.low_open, base.high_open)
        logarithm = _function("log", base)
        return _function("exp", _product(Range(exponent, exponent), logarithm))
    if exponent < 0:
        if not (base.positive or base.negative):
            raise Undecided("a division by what may be zero")
        base = Range(_inverse(base.high, -1), _inverse(base.low, 1), base.high_open, base.low_open)
    total = Range(Fraction(1), Fraction(1))
    count = abs(int(exponent))
    even = count % 2 == 0 and count
    for _ in range(min(count, 64)):
        total = _product(total, base)
    if count > 64:
        total = Range(Fraction(0) if even or base.low >= 0 else -inf, inf, base.positive, True)
    if even and total.low < 0:
        return Range(Fraction(0), total.high, False, total.high_open)
    return total


def _inverse(value: Number, side: int) -> Number:
    """1/value, at an end of an interval that does not hold zero inside."""
    if value == 0:
        return side * inf
    return Fraction(0) if abs(value) == inf else 1 / value


def _function(name: str, values: Range) -> Range:
    if name == "log" and not values.positive:
        raise Undecided("a logarithm of what may not be positive")
    if name in _INCREASING:
        low, high = _at_end(name, values.low, -1), _at_end(name, values.high, 1)
        return Range(low, high, values.low_open or name == "exp" and low == 0, values.high_open)
    if name == "cosh":
        larger = max(_at_end("exp", values.high, 1), _at_end("exp", -values.low, 1))
        return Range(Fraction(1), larger)
    if values.low == -inf or values.high == inf:
        if name in ("sin", "cos"):
            return Range(Fraction(-1), Fraction(1))
        raise Undecided(f"{name} on an unbounded interval")
    ball = ball_of(values.low).union(ball_of(values.high))
    if name == "tan" and (ball.cos().contains(0) or not ball.cos().is_finite()):
        raise Undecided("a tangent near a pole")
    if name == "atanh" and not (abs(ball) < 1):
        raise Undecided("an inverse hyperbolic tangent outside its domain")
    return _of_ball(getattr(ball, name)())


def _at_end(name: str, value: Number, side: int) -> Number:
    """An increasing function at an end, rounded outwards."""
    limits = {"exp": (Fraction(0), inf), "tanh": (Fraction(-1), Fraction(1)), "atan": (Fraction(-2), Fraction(2))}
    if abs(value) == inf:
        return limits.get(name, (-inf, inf))[int(value > 0)]
    if name == "log" and value == 0:
        return -inf
    if name in ("exp", "sinh") and abs(value) > 1000:
        raise Undecided("a value of extreme size")
    found = _of_ball(getattr(ball_of(value), name)())
    return found.low if side < 0 else found.high


def _of_ball(ball: arb) -> Range:
    if not ball.is_finite():
        raise Undecided("a value that is not certainly finite")
    return Range(_end(ball.lower()), _end(ball.upper()))


def _end(ball: arb) -> Fraction:
    """A rational number beyond an exact ball."""
    mantissa, exponent = ball.man_exp()
    if abs(int(exponent)) > 4000:
        raise Undecided("a value of extreme size")
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _rounded(value: Number, side: int) -> Number:
    """A shorter number beyond a long one."""
    if abs(value) == inf or max(abs(value.numerator), value.denominator) < _LARGEST:
        return value
    scaled = value * 2**128
    whole = scaled.numerator // scaled.denominator + (1 if side > 0 else 0)
    return Fraction(whole, 2**128)

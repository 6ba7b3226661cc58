"""The value of an expression at a point: exact where it is rational, and a pole is never passed over by rounding at pi/2."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from conslaw_cli.expressions.tree import Name, Node, Number

MOST_DIGITS = 100
_MOST_BITS = 100_000
_AT_ZERO = {"exp": 1, "sin": 0, "cos": 1, "tan": 0, "sinh": 0, "cosh": 1, "tanh": 0}
_SIN_OF_QUARTER = (0, 1, 0, -1)


class Pole(ArithmeticError):
    """An expression without a finite real value at a point; the message says why."""


@dataclass(frozen=True)
class _PiMultiple:
    """factor·pi, kept exact so that sin, cos and tan have their exact zeros."""

    factor: Fraction


_Value = Fraction | float | _PiMultiple


def value_of(node: Node, names: Mapping[str, Fraction]) -> Fraction | float:
    """The tree's value. Raises Pole where it has none, KeyError for a name without a value."""
    return _plain(_value(node, names))


def _value(node: Node, names: Mapping[str, Fraction]) -> _Value:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return names[node.name]
    if not node.args:
        return _PiMultiple(Fraction(1))
    return applied(node.op, *(_value(arg, names) for arg in node.args))


def applied(op: str, *args: _Value) -> _Value:
    """An operator or function at given values. Raises Pole where it has no finite real value."""
    try:
        result = _OPERATORS[op](*args) if op in _OPERATORS else _function(op, args[0])
    except ZeroDivisionError:
        raise Pole("division by zero") from None
    except OverflowError:
        raise Pole("value too large") from None
    except ValueError:
        raise Pole(f"{op} of a number outside its domain") from None
    if isinstance(result, complex):
        raise Pole("not a real number")
    if isinstance(result, float) and not math.isfinite(result):
        raise Pole("value too large")
    return result


def _plain(value: _Value) -> Fraction | float:
    return float(value.factor) * math.pi if isinstance(value, _PiMultiple) else value


def _multiple(factor: Fraction) -> _Value:
    return _PiMultiple(factor) if factor else factor


def _add(left: _Value, right: _Value) -> _Value:
    if isinstance(left, _PiMultiple) and isinstance(right, _PiMultiple):
        return _multiple(left.factor + right.factor)
    return _plain(left) + _plain(right)


def _negative(value: _Value) -> _Value:
    return _PiMultiple(-value.factor) if isinstance(value, _PiMultiple) else -value


def _multiply(left: _Value, right: _Value) -> _Value:
    if isinstance(left, _PiMultiple) and isinstance(right, Fraction):
        return _multiple(left.factor * right)
    if isinstance(left, Fraction) and isinstance(right, _PiMultiple):
        return _multiple(left * right.factor)
    return _plain(left) * _plain(right)


def _divide(left: _Value, right: _Value) -> _Value:
    if isinstance(left, _PiMultiple) and isinstance(right, _PiMultiple):
        return left.factor / right.factor
    if isinstance(left, _PiMultiple) and isinstance(right, Fraction):
        return _multiple(left.factor / right)
    return _plain(left) / _plain(right)


def _power(base: _Value, exponent: _Value) -> _Value:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if abs(exponent) * bits > _MOST_BITS:
            raise OverflowError
        return base ** int(exponent)
    return float(_plain(base)) ** float(_plain(exponent))


def _function(name: str, arg: _Value) -> _Value:
    if isinstance(arg, _PiMultiple) and name in ("sin", "cos", "tan") and (2 * arg.factor).denominator == 1:
        quarter = int(2 * arg.factor)
        sine, cosine = Fraction(_SIN_OF_QUARTER[quarter % 4]), Fraction(_SIN_OF_QUARTER[(quarter + 1) % 4])
        return {"sin": lambda: sine, "cos": lambda: cosine, "tan": lambda: sine / cosine}[name]()
    if arg == 0 and name in _AT_ZERO:
        return Fraction(_AT_ZERO[name])
    if arg == 1 and name == "log":
        return Fraction(0)
    if name == "sqrt" and isinstance(arg, Fraction):
        return _square_root(arg)
    return getattr(math, name)(_plain(arg))


def _square_root(value: Fraction) -> Fraction | float:
    if value < 0:
        raise ValueError
    root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
    return root if root * root == value else math.sqrt(value)


_OPERATORS = {
    "+": _add,
    "-": lambda left, right: _add(left, _negative(right)),
    "*": _multiply,
    "/": _divide,
    "**": _power,
    "neg": _negative,
}


def fraction_of(value: object) -> Fraction | None:
    """A finite number as the fraction its decimal text names (0.1 is 1/10); None for anything else, booleans included.

    None too for numbers of more than ``MOST_DIGITS`` digits, before or after the point.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, Fraction)):
        return None
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and not _is_short(value):
        return None
    number = Fraction(value)
    return number if max(abs(number.numerator), number.denominator) < 10**MOST_DIGITS else None


def _is_short(value: Decimal) -> bool:
    return value.is_finite() and abs(value.adjusted()) <= MOST_DIGITS and len(value.as_tuple().digits) <= MOST_DIGITS

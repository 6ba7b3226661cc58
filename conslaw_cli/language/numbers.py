"""Numbers of a text, exact as they are written, and what arithmetic makes of numbers alone."""

from __future__ import annotations

import operator
from fractions import Fraction

from conslaw_cli.graph.nodes import exact_number

Exact = int | Fraction
_MOST_BITS = 4000

_OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def is_number(value: object) -> bool:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def number(value: int | float | complex, written: str) -> Exact:
    """A literal. Raises ValueError for what is not finite or not real, and for numbers of very many digits."""
    if isinstance(value, complex):
        raise ValueError(f"{written} is no real number")
    if isinstance(value, int):
        return bounded(value)
    if value in (float("inf"), 0.0) and any(digit in "123456789" for digit in written.lower().partition("e")[0]):
        raise ValueError(f"{written} is beyond the range of numbers")
    return bounded(exact_number(Fraction(written.replace("_", ""))))


def bounded(value: Exact) -> Exact:
    """Raises ValueError for numbers of very many digits."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise ValueError("a number of more than 1,000 digits")
    return value


def arithmetic(sign: str, a: Exact, b: Exact) -> Exact | None:
    """The result of an operation on numbers; None where it is no rational number (a root). Raises ValueError, ZeroDivisionError."""
    if sign == "/":
        if b == 0:
            raise ZeroDivisionError("division by zero")
        return bounded(exact_number(Fraction(a) / b))
    if sign != "**":
        return bounded(_OPERATIONS[sign](a, b))
    if Fraction(b).denominator != 1:
        return None
    if a == 0 and b < 0:
        raise ZeroDivisionError("division by zero")
    if abs(b) * max(Fraction(a).numerator.bit_length(), Fraction(a).denominator.bit_length()) > _MOST_BITS and abs(a) != 1:
        raise ValueError("a number of more than 1,000 digits")
    return bounded(exact_number(Fraction(a) ** (int(b) if abs(a) != 1 else int(b) % 2)))

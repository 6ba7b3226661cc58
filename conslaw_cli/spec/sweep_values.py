"""The values a sweep gives to one key: lists, ranges, and lists with ranges inside, counted before they are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import product

from conslaw_cli.problems import as_toml
from conslaw_cli.expressions.values import fraction_of

_RANGE_KEYS = {"from", "to", "step"}
_RANGE = "write a range as { from = 1, to = 5 } or { from = 1, to = 9, step = 2 }"


class SweepError(ValueError):
    """A list of values that cannot be used: what is wrong, and the remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


def count(values: object) -> int:
    """How many values a key takes. Raises SweepError for what is neither a range nor a list with something in it."""
    if isinstance(values, Mapping):
        return _steps(values)
    if not isinstance(values, (list, tuple)) or not values:
        raise SweepError("a sweep needs a list of values or a range", f"write e.g. [1, 2, 3]; or {_RANGE}")
    return sum(map(_count, values))


def check_lists(values: Mapping | list | tuple) -> None:
    """Raises SweepError where a key takes lists and is given the entries of one: [2, 3, 2] instead of [[2, 3, 2]]."""
    entries = [2, values, 2] if isinstance(values, Mapping) else list(values)
    inner = [isinstance(entry, (list, tuple)) for entry in entries]
    if not all(inner):
        one = as_toml([[2, 3, 2] if any(inner) else entries])
        raise SweepError("each of its values must be a list", f"write {one}, a list of lists, for one case")


def values_of(values: object) -> Iterator[object]:
    """The values a key takes, in order: a range in a list stands for all of its numbers, also inside a list of widths."""
    for value in [values] if isinstance(values, Mapping) else values:
        yield from _expanded(value)


def _count(value: object) -> int:
    if isinstance(value, Mapping):
        return _steps(value)
    if not isinstance(value, (list, tuple)):
        return 1
    total = 1
    for item in value:
        total *= _count(item)
    return total


def _expanded(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from _numbers(value)
    elif isinstance(value, (list, tuple)):
        yield from map(list, product(*map(_expanded, value)))
    else:
        yield value


def _bounds(table: Mapping) -> tuple[Fraction, Fraction, Fraction]:
    """(from, to, step)."""
    unknown = [key for key in table if key not in _RANGE_KEYS]
    if unknown or "from" not in table or "to" not in table:
        raise SweepError("a table among the values must be a range", _RANGE)
    bounds = tuple(fraction_of(table.get(key, 1)) for key in ("from", "to", "step"))
    if None in bounds:
        raise SweepError("from, to and step of a range must be numbers", _RANGE)
    return bounds


def _steps(table: Mapping) -> int:
    start, stop, step = _bounds(table)
    if step == 0 or (stop - start) / step < 0:
        raise SweepError("the range holds no number", "let step lead from `from` to `to`")
    return (stop - start) // step + 1


def _numbers(table: Mapping) -> Iterator[int | Decimal]:
    start, _, step = _bounds(table)
    for position in range(_steps(table)):
        yield _plain(start + position * step)


def _plain(number: Fraction) -> int | Decimal:
    """An integer, or the decimal that a sum of decimals is."""
    if number.denominator == 1:
        return int(number)
    return Decimal(number.numerator) / Decimal(number.denominator)

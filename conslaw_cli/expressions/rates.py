"""What a rate really is: zero, another constant, or one that moves; decided exactly, or the rate is refused.

Counts depend on it. A rate moves when balls that hold its values at two times have no common point, at some precision. It is constant
when the normal form of its derivative is zero (``normal``), and then its value is shown the same ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from conslaw_cli.expressions.calculus import derivative, folded, minus, rational, substituted
from conslaw_cli.expressions.parsing import Expression, number
from conslaw_cli.expressions.tree import Node, names_of

if TYPE_CHECKING:
    from conslaw_cli.expressions.domain import Interval

_PRECISIONS = (64, 256, 1024, 4096)
_TIMES = 5
_LARGEST_DENOMINATOR = 10**6


class UnusableRate(ValueError):
    """A rate that no count can be claimed for; the message says why, ``remedy`` what to write."""

    def __init__(self, message: str, remedy: str, at_start: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.at_start = at_start
        """Whether it is the start that does not fit."""


@dataclass(frozen=True)
class SettledRate:
    """A rate without disguise, the interval it is real and finite on, and what is assumed of its free constants."""

    rate: Expression
    start: Fraction | None = Fraction(0)
    """None for t > 0."""
    until: Fraction | None = None
    located: bool = True
    assumptions: tuple[str, ...] = ()


def time_text(time: Fraction, located: bool) -> str:
    """The end of an interval: a fraction where it is exact, a decimal (exact too) where it is a bound."""
    if located:
        return str(time)
    return format(Decimal(time.numerator) / Decimal(time.denominator), "f")


def settled(rate: Expression, start: Fraction | None = None) -> SettledRate:
    """The rate with disguises removed: ``0*t`` and ``log(1)`` are 0, ``t/t`` is 1, ``sqrt(4)`` is 2. Raises UnusableRate."""
    first = Fraction(0) if start is None else start
    if rate.lone_name and rate.lone_name != "t":
        return SettledRate(rate, first, assumptions=_positive(rate))
    if rate.fraction is not None:
        return SettledRate(_not_negative(rate.fraction), first)
    found = _interval(rate, start)
    if _moves(rate.tree, found):
        shown = None if found.after else found.start
        return SettledRate(rate, shown, found.until, found.located, _assumptions(rate, found))
    constant = _constant(rate, found)
    return SettledRate(constant, first, assumptions=_positive(constant))


def _not_negative(value: Fraction) -> Expression:
    if value < 0:
        raise UnusableRate("must not be negative", "write a number >= 0")
    return number(value)


def _interval(rate: Expression, start: Fraction | None) -> Interval:
    from conslaw_cli.expressions.domain import NotReal, interval, usable_start

    try:
        return interval(rate.tree, start)
    except NotReal as error:
        if "t" not in rate.names:
            raise UnusableRate(f"not a finite real number ({error})", "write a number >= 0") from None
        raise _not_from(rate, start, error) from None


def _not_from(rate: Expression, start: Fraction | None, error: Exception) -> UnusableRate:
    """What is wrong with a rate, or with the start that is given for it."""
    from conslaw_cli.expressions.domain import NotReal, interval, usable_start

    later = usable_start(rate.tree, start or Fraction(0))
    remedy = "write a rate that is real and finite" if later is None else f"write start = {later}"
    try:
        if start == 0 and interval(rate.tree, None).after:
            remedy += ", or remove it: the laws then hold for t > 0"
    except NotReal:
        pass
    return UnusableRate(f"the rate {rate.text} is not shown to be real and finite ({error})", remedy, start is not None)


def _moves(node: Node, found: Interval) -> bool:
    """Whether values at two times differ, with numbers in place of free constants.

    A function that moves for one choice of its free constants moves for all but exceptional ones, as it is analytic in them.
    """
    from flint import ctx

    from conslaw_cli.expressions.enclosure import between, enclosed

    if "t" not in names_of(node):
        return False
    node = _instance(node)
    for precision in _PRECISIONS:
        with ctx.workprec(precision):
            spans = [enclosed(node, between(time, time)) for time in found.times(_TIMES)]
        if any(span.high < spans[0].low or spans[0].high < span.low for span in spans[1:]):
            return True
    return False


def _instance(node: Node) -> Node:
    """The tree with numbers in place of its free constants."""
    names = sorted(set(names_of(node)) - {"t"})
    return substituted(node, {name: rational(Fraction(7 + 4 * k, 5)) for k, name in enumerate(names)})


def _constant(rate: Expression, found: Interval) -> Expression:
    """The constant that a rate is, a number where it is rational. Raises UnusableRate where neither is shown."""
    from conslaw_cli.expressions.monomials import Undecided

    normal = found.normal()
    try:
        value = normal.value(rate.tree)
        if value is None and normal.is_zero(derivative(rate.tree)):
            value = _guessed(rate.tree, found)
        elif value is None:
            raise Undecided("a derivative that may be zero")
    except Undecided:
        message = f"it cannot be decided whether {rate.text} is constant"
        raise UnusableRate(message, "write it simpler, a constant as a number") from None
    if value is not None:
        return _not_negative(value)
    return _irrational(rate, found)


def _guessed(node: Node, found: Interval) -> Fraction | None:
    """The rational value of a constant, where its normal form shows it."""
    from flint import ctx

    from conslaw_cli.expressions.enclosure import between, enclosed, rationals
    from conslaw_cli.expressions.roots import simplest

    with ctx.workprec(_PRECISIONS[1]):
        ends = rationals(enclosed(_instance(node), between(*found.times(1) * 2)))
    guess = simplest(*ends) if ends else None
    if guess is None or guess.denominator > _LARGEST_DENOMINATOR:
        return None
    return guess if found.normal().is_zero(minus(node, rational(guess))) else None


def _irrational(rate: Expression, found: Interval) -> Expression:
    """A constant that is not shown to be rational, with a time in place of t; it must be positive."""
    constant = Expression(folded(substituted(rate.tree, {"t": rational(found.times(1)[0])})))
    sign = found.sign(constant.tree)
    if sign < 0:
        raise UnusableRate("must not be negative", "write a number >= 0")
    if not sign:
        names = sorted(constant.names)
        fault = f"may be zero or negative for some {', '.join(names)} > 0" if names else "cannot be told from zero"
        raise UnusableRate(f"the rate {rate.text} {fault}", "write a rate that is positive")
    return constant


def _positive(rate: Expression) -> tuple[str, ...]:
    return tuple(f"{name} > 0" for name in sorted(rate.names - {"t"}))


def _assumptions(rate: Expression, found: Interval) -> tuple[str, ...]:
    """Free constants are positive, and generic where the rate is not shown to move for all their values."""
    positive = _positive(rate)
    slope = derivative(rate.tree)
    if not positive or found.sign(slope) or _whole_slope(slope, found):
        return positive
    return (*positive, f"{', '.join(sorted(rate.names - {'t'}))} generic")


def _whole_slope(slope: Node, found: Interval) -> bool:
    """Whether the derivative has one sign for all free constants after common factors that are not zero are taken away."""
    from conslaw_cli.expressions.roots import Vanishes, zeros_of

    try:
        return all(found.sign(part) for part in zeros_of(slope))
    except Vanishes:
        return False

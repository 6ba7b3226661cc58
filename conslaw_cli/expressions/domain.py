"""Where a rate is real and finite: from a start to the first place where it stops being so, as far as that is shown.

A rate is real and finite where its denominators are not 0, its logarithms are of positive numbers, its roots are of numbers that are not
negative, and its tangents' cosines are not 0. From the inside out, each of these functions is shown to have no zero between the start and
an end (``roots``), so that its sign is that at one time between. Free constants run through all positive numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from flint import ctx

from conslaw_cli.expressions.calculus import call, rational, substituted, varies
from conslaw_cli.expressions.enclosure import between, enclosed
from conslaw_cli.problems import shortened
from conslaw_cli.expressions.monomials import Undecided
from conslaw_cli.expressions.normal import Normalizer
from conslaw_cli.expressions.roots import Vanishes, first_zero, zeros_of
from conslaw_cli.expressions.tree import Name, Node, Number, names_of, text_of

PRECISION = 128
NONZERO, POSITIVE, NONNEGATIVE = "division by zero", "a number that is not positive", "a negative number"
_TRIED = (1, 2, 5, 100)


class NotReal(ArithmeticError):
    """A rate that is not shown to be real and finite; the message says why and where."""


@dataclass(frozen=True)
class Interval:
    """Times at which a rate is shown to be real and finite: from ``start``, itself left out if ``after``, up to ``until``, left out.

    ``until`` None: without end. ``located``: the rate stops being real and finite exactly there.
    """

    start: Fraction
    after: bool = False
    until: Fraction | None = None
    located: bool = True

    def times(self, number: int) -> list[Fraction]:
        """Rational times inside."""
        if self.until is None:
            return [self.start + 1 + Fraction(2 * k, 7) * (k + 1) for k in range(number)]
        return [self.start + (self.until - self.start) * Fraction(2 * k + 1, 2 * number + 1) for k in range(number)]

    def sign(self, node: Node) -> int:
        """The sign of a function at a time inside (for all free constants), 0 if it is not shown."""
        with ctx.workprec(PRECISION):
            return enclosed(node, between(*self.times(1) * 2)).sign

    def normal(self) -> Normalizer:
        """Normal forms of what is real and finite here."""
        return Normalizer(self.sign)


@dataclass(frozen=True)
class Condition:
    """A function that must not be zero, or be positive, or not be negative, and what it is an argument of."""

    node: Node
    kind: str
    where: str

    @property
    def fault(self) -> str:
        return self.kind if self.kind == NONZERO else f"{self.where} of {self.kind}"


def conditions(node: Node) -> Iterator[Condition]:
    """What makes the tree real and finite, from the inside out."""
    if not getattr(node, "args", ()):
        return
    for arg in node.args:
        yield from conditions(arg)
    first, last = node.args[0], node.args[-1]
    if node.op == "/":
        yield Condition(last, NONZERO, "quotient")
    elif node.op in ("log", "sqrt"):
        yield Condition(first, POSITIVE if node.op == "log" else NONNEGATIVE, node.op)
    elif node.op == "tan":
        yield Condition(call("cos", first), NONZERO, "tan")
    elif node.op == "**":
        yield from _of_power(first, last)


def _of_power(base: Node, exponent: Node) -> Iterator[Condition]:
    if not isinstance(exponent, Number):
        yield Condition(base, POSITIVE, "power")
    elif exponent.value.denominator != 1:
        yield Condition(base, NONNEGATIVE if exponent.value > 0 else POSITIVE, "root")
    elif exponent.value < 0:
        yield Condition(base, NONZERO, "power")


def interval(node: Node, start: Fraction | None) -> Interval:
    """The interval from ``start``, by default 0, on which a rate is shown to be real and finite. Raises NotReal."""
    with ctx.workprec(PRECISION):
        if start is not None:
            return _from(node, start, False)
        try:
            return _from(node, Fraction(0), False)
        except NotReal:
            return _from(node, Fraction(0), True)


def usable_start(node: Node, beyond: Fraction = Fraction(0)) -> Fraction | None:
    """A start later than ``beyond`` from which the rate is real and finite, found by trial."""
    with ctx.workprec(PRECISION):
        for time in (Fraction(floor(beyond) + step) for step in _TRIED):
            try:
                _from(node, time, False)
            except NotReal:
                continue
            return time
    return None


def _from(node: Node, start: Fraction, after: bool) -> Interval:
    found = Interval(start, after)
    for condition in dict.fromkeys(conditions(node)):
        defined = _holds_at(condition, start)
        if not after and defined is not None:
            raise NotReal(f"{'a pole ' if defined == NONZERO else ''}at t = {start}: {defined}")
        found = _narrowed(found, condition, start)
    return found


def _holds_at(condition: Condition, time: Fraction) -> str | None:
    """What is wrong at a time, None if nothing is."""
    sign = enclosed(condition.node, between(time, time)).sign
    if sign:
        return condition.fault if sign < 0 and condition.kind != NONZERO else None
    at_time = substituted(condition.node, {"t": rational(time)})
    try:
        zero = Normalizer(lambda part: enclosed(part, between(time, time)).sign).is_zero(at_time)
    except Undecided:
        zero = False
    if zero and condition.kind == NONNEGATIVE:
        return None
    return condition.fault if zero else f"{_quoted(condition.node)} is not shown to be other than 0 there"


def _narrowed(found: Interval, condition: Condition, start: Fraction) -> Interval:
    """The interval up to the first place where a condition is not shown to hold. Raises NotReal."""
    try:
        for factor in zeros_of(condition.node):
            found = _before_zero(found, factor, condition)
    except Vanishes:
        if condition.kind == NONNEGATIVE:
            return found
        raise NotReal(f"{condition.fault}, as {_quoted(condition.node)} is 0") from None
    if condition.kind != NONZERO and found.sign(condition.node) <= 0:
        raise NotReal(f"just after t = {start}: {_fault_for_constants(condition)}")
    return found


def _fault_for_constants(condition: Condition) -> str:
    constants = sorted(set(names_of(condition.node)) - {"t"})
    return condition.fault + (f" for some {', '.join(constants)} > 0" if constants else "")


def _before_zero(found: Interval, factor: Node, condition: Condition) -> Interval:
    if not varies(factor):
        if not found.sign(factor):
            _refuse_zero(found, factor, condition)
        return found
    defined = all(_holds_at(part, found.start) is None for part in conditions(factor))
    bound = first_zero(factor, found.start, found.until, defined, found.normal())
    if bound.time is not None and bound.time <= found.start:
        _refuse_zero(found, factor, condition)
    if bound.time is None or bound.time == found.until:
        return found
    return Interval(found.start, found.after, bound.time, bound.exact)


def _refuse_zero(found: Interval, factor: Node, condition: Condition) -> None:
    """Raises Vanishes for a function that is zero, NotReal for one that is not shown to be other than zero."""
    try:
        zero = found.normal().is_zero(factor)
    except Undecided:
        zero = False
    if zero:
        raise Vanishes
    constants = sorted(set(names_of(factor)) - {"t"})
    of_all = f" for all {', '.join(constants)} > 0" if constants else ""
    raise NotReal(f"{_quoted(factor)} is not shown to be other than 0{of_all} just after t = {found.start}")


def _quoted(node: Node) -> str:
    return shortened(text_of(node), 60)

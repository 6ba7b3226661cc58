"""Functions of time that carry laws, in closed form where a small table has one (``integrals``), otherwise with integrals.

They are worked out when a law is written down that needs them. An ``Integral(f, t)`` stands for one fixed primitive of f, the same
wherever it occurs; every closed form is differentiated and compared with its equation by a normal form before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from conslaw_cli.dynamics.settings import DynamicsSpec
from conslaw_cli.expressions.calculus import ONE, TIME, call, derivative, minus, over, plus, raised, rational, substituted, times
from conslaw_cli.expressions.parsing import Expression
from conslaw_cli.expressions.tree import Apply, Name, Node, text_of

if TYPE_CHECKING:
    from conslaw_cli.expressions.integrals import Primitive
    from conslaw_cli.expressions.domain import Interval

_LONGEST = 200
"""Characters of a closed form beyond which the integral is easier to read."""


@dataclass(frozen=True, eq=False)
class TimeFactor:
    """A function of t; ``make`` gives its tree when it is asked for. ``trivial``: the constant one."""

    make: Callable[[], Node]
    trivial: bool = False

    @cached_property
    def tree(self) -> Node:
        return self.make()

    @property
    def text(self) -> str:
        """Plain ASCII that SymPy parses."""
        return text_of(self.tree)

    def raised(self, exponent: int) -> Node:
        """The factor to a whole power."""
        if exponent == 0 or self.trivial:
            return ONE
        return _power(self.tree, exponent)

    def power(self, exponent: int) -> str:
        """The same as ASCII."""
        return text_of(self.raised(exponent))


UNIT = TimeFactor(lambda: ONE, trivial=True)
"""The constant function one."""


def _power(node: Node, exponent: int) -> Node:
    """A whole power: of an exponential by its argument, of a power by its exponent, of a product by its factors."""
    if exponent == 1:
        return node
    if isinstance(node, Apply) and node.op == "exp":
        return call("exp", times(rational(exponent), node.args[0]))
    if isinstance(node, Apply) and node.op == "sqrt" and exponent == 2:
        return node.args[0]
    if isinstance(node, Apply) and node.op == "**":
        return raised(node.args[0], times(rational(exponent), node.args[1]))
    return raised(node, rational(exponent))


def letter(name: str) -> str:
    """A rate's letter as SymPy spells it: ``lambda`` is a word of Python's own."""
    return "lamda" if name == "lambda" else name


def spelled(rate: Expression) -> Node:
    """The rate with its letters as SymPy spells them."""
    return substituted(rate.tree, {"lambda": Name("lamda")})


def exponential(dynamics: DynamicsSpec) -> TimeFactor:
    """s = exp(integral of the rate)."""
    if dynamics.rate.fraction == 0:
        return UNIT
    return TimeFactor(lambda: _rate(dynamics).exponential)


def lag(dynamics: DynamicsSpec) -> TimeFactor:
    """A = S s with s = exp(integral of the rate) and S = integral of 1/s: theta - A theta' is constant along the drift."""
    if dynamics.rate.fraction == 0:
        return TimeFactor(lambda: TIME)
    return TimeFactor(lambda: _rate(dynamics).lag)


@lru_cache(maxsize=16)
def _rate(dynamics: DynamicsSpec) -> _Rate:
    """One for all functions of a rate, so that its integral is sought once."""
    return _Rate(dynamics)


@dataclass(frozen=True)
class _Rate:
    """A rate that is not zero, and the functions of time that it gives."""

    dynamics: DynamicsSpec

    @cached_property
    def tree(self) -> Node:
        return spelled(self.dynamics.rate)

    @cached_property
    def interval(self) -> Interval:
        """Where the rate is real and finite."""
        from conslaw_cli.expressions.domain import Interval

        start = self.dynamics.start
        return Interval(start or Fraction(0), start is None, self.dynamics.until, self.dynamics.located)

    @property
    def exponential(self) -> Node:
        if not self.dynamics.varies_in_time:
            return call("exp", times(self.tree, TIME))
        return self.integral.exponential

    @property
    def lag(self) -> Node:
        if not self.dynamics.varies_in_time:
            return over(minus(self.exponential, ONE), self.tree)
        found = self._closed_lag()
        if found is not None and self._solves(found, plus(times(self.tree, found), ONE)):
            return found
        return times(self.exponential, call("Integral", self.integral.inverse_exponential))

    @cached_property
    def integral(self) -> Primitive:
        """An integral of the rate, in closed form if it solves s' = rate s and can be read."""
        from conslaw_cli.expressions.integrals import Primitive, primitive

        found = primitive(self.tree, self.interval)
        if found is not None and self._solves(found.exponential, times(self.tree, found.exponential)):
            return found
        return Primitive(call("Integral", self.tree))

    def _closed_lag(self) -> Node | None:
        from conslaw_cli.expressions.integrals import ZERO, affine, primitive

        rest, logs = self.integral.rest, self.integral.logs
        if rest != ZERO:
            return None
        if len(logs) == 1 and (line := affine(logs[0][1])):
            power, base = logs[0]
            if power == ONE:
                return over(times(base, call("log", base)), line[0])
            left = minus(ONE, power)
            return over(base, times(line[0], left)) if self.interval.sign(left) else None
        found = primitive(self.integral.inverse_exponential, self.interval)
        return found and times(self.exponential, found.tree)

    def _solves(self, function: Node, slope: Node) -> bool:
        """Whether a function is short and proved to have a given derivative."""
        from conslaw_cli.expressions.monomials import Undecided

        try:
            return len(text_of(function)) <= _LONGEST and self.interval.normal().is_zero(minus(derivative(function), slope))
        except Undecided:
            return False

"""M = diag(m(theta)) for an algebraic function m, the same for all entries of a block: mirror maps such as the hyperbolic sqrt(theta^2 + 1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conslaw_cli.expressions.parsing import ExpressionError, parse_expression
from conslaw_cli.expressions.tree import Name, Node, text_of
from conslaw_cli.metrics import algebraic
from conslaw_cli.metrics.base import Divisor, Element, Metric, MetricError, Place, Primitive, Ring, Shape
from conslaw_cli.metrics.bounding import Operators, Quotients, roots_of
from conslaw_cli.metrics.power import of_exponent

NAME = "theta"
_POWER = rf"{NAME}\^[0-9.]+"
"""Powers have a kind of their own."""
_TESTED = tuple(Fraction(k, 7) for k in (1, 3, 7, 11, 24, 50))


@dataclass(frozen=True)
class Entrywise(Metric):
    """``tree`` is m in the name theta."""

    tree: Node

    @property
    def name(self) -> str:
        return text_of(self.tree)

    @property
    def separate(self) -> bool:
        return True

    @property
    def numbers(self) -> set[int]:
        return algebraic.numbers(self.tree)

    @property
    def root(self) -> int:
        return algebraic.root(self.tree)

    @property
    def everywhere(self) -> bool:
        return self.root == 1 and not algebraic.has_poles(self.tree)

    @property
    def positive(self) -> bool:
        """Where a root of theta needs it, or m is shown positive on no more than positive entries."""
        needs = any(algebraic.polynomial(base) == (0, 1) for base in algebraic.radicands(self.tree))
        return needs or algebraic.sign(self.tree, names_positive=False) != algebraic.POSITIVE

    @property
    def note(self) -> str | None:
        if algebraic.sign(self.tree, names_positive=self.positive) == algebraic.POSITIVE:
            return None
        return f"it is assumed that {self.name} is positive"

    @property
    def primitive(self) -> Primitive | None:
        """For M = k theta^b a power of theta, for M = k (theta^2 + c)^b one of theta^2 + c; else none is known in closed form."""
        found = algebraic.monomial(self.tree)
        if found is None:
            return None
        k, constant, b = found
        exponent = 2 - b if constant is None else 1 - b
        coefficient = 1 / (k * (exponent or 1) * (1 if constant is None else 2))
        symbolic = constant is not None or not self.everywhere
        return Primitive(coefficient, int(exponent) if exponent.denominator == 1 else exponent, constant, symbolic)

    @property
    def weight(self) -> None:
        return None

    def defined(self, ring: Ring, point: Any) -> Any:
        return self.value(ring, point)

    def value(self, ring: Ring, point: Any) -> Any:
        """m at the entries of a point."""
        return algebraic.evaluate(self.tree, ring, {NAME: point})

    def apply(self, ring: Ring, gradient: Any, point: Any) -> Any:
        return ring.multiply(gradient, self.value(ring, point))

    def covector(
        self, partials: Mapping[Place, Element], point: Callable[[Place], Element], symbol: Callable[[Place], Element]
    ) -> dict[Place, Element]:
        """m is a variable of its own unless it is a polynomial."""
        if not self.everywhere:
            return {place: partial * symbol(place) for place, partial in partials.items()}
        return {place: partial * self.value(Operators(partial**0), point(place)) for place, partial in partials.items()}

    def bound(self, gradient: Any, point: Any, shape: Shape) -> Any:
        return gradient * self.value(Quotients(point), (point, None))[0]

    def divisor(self, point: Any) -> Divisor:
        if self.everywhere:
            return Divisor()
        return roots_of(self.tree, point, self.value(Quotients(point), (point, None))[1])

    def same_signs(self, shape: Shape) -> list[tuple[Place, ...]]:
        if algebraic.is_even(self.tree):
            return []
        return [((i, j),) for i in range(shape[0]) for j in range(shape[1])]


def read(value: object, shape: Shape | None) -> Metric | None:
    """The metric of an expression in theta; None for a value of another kind. Raises MetricError."""
    if not isinstance(value, str) or NAME not in value or re.fullmatch(_POWER, value):
        return None
    try:
        expression = parse_expression(value)
    except ExpressionError as error:
        raise MetricError(f"the metric {error.message}", error.remedy) from None
    if expression.names != {NAME}:
        others = ", ".join(sorted(expression.names - {NAME}))
        raise MetricError(f"{others} is no name that a metric can hold", "write an expression in theta, an entry of the block")
    base, exponent = algebraic.as_power(expression.tree) or (expression.tree, 1)
    if base == Name(NAME) and (power := of_exponent(exponent)):
        return power
    algebraic.require(expression.tree, "the metric")
    _refute(expression)
    return Entrywise(expression.tree)


def _refute(expression: Any) -> None:
    """Raises MetricError where the metric is not positive at some entry at which its value is rational."""
    for value in _TESTED:
        try:
            found = expression.value_at({NAME: value})
        except ArithmeticError:
            continue
        if isinstance(found, Fraction) and found <= 0:
            raise MetricError(f"{expression.text} is not positive: at theta = {value} it is {found}", "a metric must be positive")


def schemas() -> list[dict[str, object]]:
    """JSON Schemas of the values that :func:`read` takes."""
    return [{"type": "string", "pattern": rf"^(?!{_POWER}$).*{NAME}"}]

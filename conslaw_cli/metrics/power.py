"""M = diag(theta^a), a rational: Euclidean (a = 0), entropy (a = 1) and theta^a, the metrics of the mirror maps theta^(2-a)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conslaw_cli.metrics.base import Divisor, Element, Metric, Place, Primitive, Ring, Shape

LARGEST_EXPONENT = 20
LARGEST_ROOT = 12
_TEXT = r"theta\^((?:0?[0-9]|1[0-9])(?:\.[0-9]{1,3})?|20|\([0-9]{1,3}/[0-9]{1,2}\))"
"""What may name a power: integers and decimals up to ``LARGEST_EXPONENT``, or a fraction in brackets."""
NAMES = {"euclidean": 0, "entropy": 1}


@dataclass(frozen=True)
class Power(Metric):
    """diag(theta^a) with 0 <= a <= 20, on theta > 0 unless a = 0."""

    exponent: int | Fraction

    @property
    def name(self) -> str:
        written = f"({self.exponent})" if self.root > 1 else self.exponent
        return {value: name for name, value in NAMES.items()}.get(self.exponent, f"theta^{written}")

    @property
    def euclidean(self) -> bool:
        return self.exponent == 0

    @property
    def separate(self) -> bool:
        return True

    @property
    def power(self) -> int | Fraction:
        return self.exponent

    @property
    def scales(self) -> bool:
        return True

    @property
    def root(self) -> int:
        return Fraction(self.exponent).denominator

    @property
    def primitive(self) -> Primitive:
        """theta^(2-a)/(2-a), or log theta for a = 2."""
        degree = 2 - self.exponent
        return Primitive(1 / Fraction(degree or 1), degree)

    @property
    def positive(self) -> bool:
        return self.exponent != 0

    @property
    def weight(self) -> Fraction | None:
        """The component of a field at a coordinate of weight w scales by a w - w, the coordinate itself by w: w = 1/(2 - a)."""
        return None if self.exponent == 2 else 1 / Fraction(2 - self.exponent)

    def apply(self, ring: Ring, gradient: Any, point: Any) -> Any:
        return ring.multiply(gradient, ring.power(point, self.exponent)) if self.exponent else gradient

    def covector(
        self, partials: Mapping[Place, Element], point: Callable[[Place], Element], symbol: Callable[[Place], Element]
    ) -> dict[Place, Element]:
        if not self.exponent:
            return dict(partials)
        if self.root == 1:
            return {place: partial * point(place) ** self.exponent for place, partial in partials.items()}
        return {place: self._times(partial, point(place), symbol(place)) for place, partial in partials.items()}

    def _times(self, partial: Element, at: Element, symbol: Element) -> Element:
        """The product where its exponents are whole; otherwise theta^a is a variable of its own."""
        return (at.has_powers and (partial * at**self.exponent).whole_in(at.variables)) or partial * symbol

    def bound(self, gradient: Any, point: Any, shape: Shape) -> Any:
        return gradient * point**Fraction(self.exponent).numerator

    def divisor(self, point: Any) -> Divisor:
        """r = theta^(1/q), whose degree counts as theta's, has the derivative r/(q theta)."""
        return Divisor(point.multiple(self.root, 1), self.root + 1) if self.root > 1 else Divisor()

    def same_signs(self, shape: Shape) -> list[tuple[Place, ...]]:
        """An even power does not see signs; an odd one lets none change."""
        rows, columns = shape
        return [((i, j),) for i in range(rows) for j in range(columns)] if self.exponent % 2 else []

    def defined(self, ring: Ring, point: Any) -> Any:
        return ring.power(point, self.exponent)


def read(value: object, shape: Shape | None) -> Power | None:
    """The metric of the names "euclidean", "entropy", "theta^a" with 0 <= a <= 20 (3, 1.5 or (3/2)); None for any other value."""
    if not isinstance(value, str):
        return None
    text = re.fullmatch(_TEXT, value, re.ASCII)
    if text is None or text[1].endswith("/0)"):
        return Power(NAMES[value]) if value in NAMES else None
    return of_exponent(Fraction(text[1].strip("()")))


def of_exponent(exponent: int | Fraction) -> Power | None:
    """The metric diag(theta^a), where a is one that is supported."""
    exponent = Fraction(exponent)
    if not 0 <= exponent <= LARGEST_EXPONENT or exponent.denominator > LARGEST_ROOT:
        return None
    return Power(int(exponent) if exponent.denominator == 1 else exponent)


def schemas() -> list[dict[str, object]]:
    """JSON Schemas of the values that :func:`read` takes."""
    whole = "|".join(map(str, range(LARGEST_EXPONENT + 1)))
    return [{"enum": list(NAMES)}, {"type": "string", "pattern": rf"^theta\^(({whole})(\.[0-9]{{1,3}})?|\([0-9]{{1,3}}/[0-9]{{1,2}}\))$"}]

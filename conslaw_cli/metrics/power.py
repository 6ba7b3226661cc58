"""M = diag(theta^a): Euclidean (a = 0), entropy (a = 1) and theta^a, the metrics of the mirror maps theta^(2-a)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conslaw_cli.metrics.base import Element, Metric, Place, Primitive, Ring, Shape

LARGEST_EXPONENT = 20
NAMES = {"euclidean": 0, "entropy": 1}


@dataclass(frozen=True)
class Power(Metric):
    """diag(theta^a) with 0 <= a <= 20, on theta > 0 unless a = 0."""

    exponent: int

    @property
    def name(self) -> str:
        return {value: name for name, value in NAMES.items()}.get(self.exponent, f"theta^{self.exponent}")

    @property
    def euclidean(self) -> bool:
        return self.exponent == 0

    @property
    def separate(self) -> bool:
        return True

    @property
    def power(self) -> int:
        return self.exponent

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

    def covector(self, partials: Mapping[Place, Element], point: Callable[[Place], Element]) -> dict[Place, Element]:
        if not self.exponent:
            return dict(partials)
        return {place: partial * point(place) ** self.exponent for place, partial in partials.items()}

    def bound(self, gradient: Any, point: Any, shape: Shape) -> Any:
        return gradient * point**self.exponent

    def same_signs(self, shape: Shape) -> list[tuple[Place, ...]]:
        """An even power does not see signs; an odd one lets none change."""
        rows, columns = shape
        return [((i, j),) for i in range(rows) for j in range(columns)] if self.exponent % 2 else []


def read(value: object, shape: Shape | None) -> Power | None:
    """The metric of the names "euclidean", "entropy", "theta^a" with 0 <= a <= 20; None for any other value."""
    if not isinstance(value, str):
        return None
    power = re.fullmatch(r"theta\^([0-9]{1,2})", value)
    exponent = int(power[1]) if power else NAMES.get(value)
    return Power(exponent) if exponent is not None and exponent <= LARGEST_EXPONENT else None


def schemas() -> list[dict[str, object]]:
    """JSON Schemas of the values that :func:`read` takes."""
    powers = "|".join(map(str, range(LARGEST_EXPONENT + 1)))
    return [{"enum": list(NAMES)}, {"type": "string", "pattern": rf"^theta\^({powers})$"}]

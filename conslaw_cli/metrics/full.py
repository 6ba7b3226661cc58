"""A constant metric of all parameters of a small model: one symmetric positive definite matrix of rationals.

Its rows and columns are the parameters in the order of the blocks, each row by row: W1_1_1, W1_1_2, …
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from conslaw_cli.metrics import rationals
from conslaw_cli.metrics.base import Metric, Shape
from conslaw_cli.metrics.matrix import MATRIX, Axes, rows_of

KEY = "full"
ABOUT = "One matrix for all parameters, in the order of the blocks, each row by row."


@dataclass(frozen=True)
class Full(Axes):
    """The matrix ``right`` on the gradient of all parameters, taken as one block of a single row."""

    left: None
    right: rationals.Matrix

    @property
    def name(self) -> str:
        return f"{KEY} {rationals.text(self.right)}"

    @property
    def inverses(self) -> None:
        return None

    @property
    def of_all(self) -> bool:
        return True

    @property
    def size(self) -> int:
        return len(self.right)


def read_full(value: object, size: int | None) -> Full:
    """The metric of the value of the key ``full``, for so many parameters (None: any number). Raises MetricError."""
    return Full(None, rationals.read_positive(value, size, KEY))


def read(value: object, shape: Shape | None) -> Full | None:
    """The metric of a block by its canonical text; None for another value. Raises MetricError."""
    text = re.fullmatch(rf"{KEY} ({MATRIX})", value, re.ASCII) if isinstance(value, str) else None
    return text and read_full(rows_of(text[1]), None)


def schemas() -> list[dict[str, object]]:
    """JSON Schemas of the values that :func:`read` takes."""
    return [{"type": "string", "pattern": rf"^{KEY} \[\["}]

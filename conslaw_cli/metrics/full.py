"""A constant metric of all parameters of a small model: one symmetric positive definite matrix of rationals.

Its rows and columns are the parameters in the order of the blocks, each row by row: W1_1_1, W1_1_2, …
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from conslaw_cli.metrics import rationals
from conslaw_cli.metrics.base import Metric, Shape
from conslaw_cli.metrics.matrix import MATRIX, Axes, axes, rows_of

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

    def on_blocks(self, shapes: Iterable[Shape]) -> tuple[Metric, ...]:
        """Matrices on the axes of a block where M couples it to no other and is L (x) R on its entries."""
        found, start = [], 0
        for shape in shapes:
            stop = start + shape[0] * shape[1]
            inner = [row[start:stop] for row in self.right[start:stop]]
            coupled = any(any(row[:start] + row[stop:]) for row in self.right[start:stop])
            found.append((None if coupled else _factored(inner, shape)) or self)
            start = stop
        return tuple(found)


def _factored(matrix: list[tuple[Fraction, ...]], shape: Shape) -> Metric | None:
    """L G R for a positive definite matrix L (x) R on the entries of a block row by row; None where it is no such product."""
    rows, columns = map(range, shape)
    left = tuple(tuple(matrix[i * shape[1]][k * shape[1]] for k in rows) for i in rows)
    right = tuple(tuple(matrix[j][l] / matrix[0][0] for l in columns) for j in columns)
    places = list(product(rows, columns))
    same = all(matrix[a][b] == left[i][k] * right[j][l] for a, (i, j) in enumerate(places) for b, (k, l) in enumerate(places))
    return axes(left, right) if same else None


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

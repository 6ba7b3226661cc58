"""Constant metrics on the axes of a block: the gradient G becomes L G R, with symmetric positive definite matrices of rationals.

L acts on the out axis (``left``), R on the in axis (``right``) of the block, as preconditioners of layers do; M = L (x) R.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import lcm
from typing import Any

from conslaw_cli.metrics import rationals
from conslaw_cli.metrics.base import Element, Matrix, Metric, MetricError, Place, Ring, Shape
from conslaw_cli.metrics.power import Power

SIDES = ("left", "right")
MATRIX = r"\[\[[-\d/, \[\]]*\]\]"
"""What the canonical text of a matrix looks like."""


@dataclass(frozen=True)
class Axes(Metric):
    """L G R; a side that is None is the identity."""

    left: Matrix | None
    right: Matrix | None

    @property
    def name(self) -> str:
        return ", ".join(f"{side} {rationals.text(matrix)}" for side, matrix in self._sides())

    @property
    def constant(self) -> bool:
        return True

    @property
    def numbers(self) -> set[int]:
        return {entry.denominator for _, matrix in self._sides() for row in matrix for entry in row} - {1}

    @property
    def weight(self) -> Fraction:
        """As for the Euclidean metric: M does not see the scale."""
        return Fraction(1, 2)

    @property
    def inverses(self) -> tuple[Matrix | None, Matrix | None]:
        return _inverse(self.left), _inverse(self.right)

    @property
    def mixed(self) -> list[tuple[int, int, int]]:
        return [(axis, i, k) for axis, matrix in enumerate((self.left, self.right)) for i, k in _joined(matrix)]

    def restricted(self, rows: tuple[int, ...], columns: tuple[int, ...]) -> Metric:
        return axes(_submatrix(self.left, rows), _submatrix(self.right, columns))

    def apply(self, ring: Ring, gradient: Any, point: Any) -> Any:
        return ring.transform(self.left, gradient, self.right)

    def covector(
        self, partials: Mapping[Place, Element], point: Callable[[Place], Element], symbol: Callable[[Place], Element]
    ) -> dict[Place, Element]:
        found: dict[Place, Element] = {}
        for (i, j), partial in partials.items():
            for row, by_row in _row(self.left, i):
                for column, by_column in _row(self.right, j):
                    term = partial.scaled(by_row * by_column)
                    found[row, column] = found[row, column] + term if (row, column) in found else term
        return found

    def bound(self, gradient: Any, point: Any, shape: Shape) -> Any:
        norm, denominator = 1, 1
        for _, matrix in self._sides():
            scale = lcm(*(entry.denominator for row in matrix for entry in row))
            norm *= int(max(sum(map(abs, row)) for row in matrix) * scale)
            denominator *= scale
        return gradient.multiple(norm, denominator)

    def same_signs(self, shape: Shape) -> list[tuple[Place, ...]]:
        rows, columns = shape
        found = [((i, j), (k, j)) for i, k in _joined(self.left) for j in range(columns)]
        return found + [((i, j), (i, k)) for j, k in _joined(self.right) for i in range(rows)]

    def _sides(self) -> list[tuple[str, Matrix]]:
        return [(side, matrix) for side, matrix in zip(SIDES, (self.left, self.right)) if matrix is not None]


def axes(left: Matrix | None, right: Matrix | None) -> Metric:
    """The metric L G R, the Euclidean one if both sides are identities."""
    sides = [None if matrix is None or rationals.is_identity(matrix) else matrix for matrix in (left, right)]
    return Axes(*sides) if any(sides) else Power(0)


def read(value: object, shape: Shape | None) -> Metric | None:
    """The metric of a table with ``left``, ``right`` or both, or its canonical text; None for another value. Raises MetricError."""
    if isinstance(value, str):
        value = _table(value)
    if not isinstance(value, Mapping):
        return None
    if not value or not set(value) <= set(SIDES):
        raise MetricError("a matrix metric has the keys left and right", "write e.g. { left = [[2, 1], [1, 3]] }")
    lengths = dict(zip(SIDES, shape or (None, None)))
    matrices = {side: rationals.read_positive(value[side], lengths[side], side) for side in SIDES if side in value}
    return axes(matrices.get("left"), matrices.get("right"))


def schemas() -> list[dict[str, object]]:
    """JSON Schemas of the values that :func:`read` takes."""
    matrix = rationals.schema()
    sides = {"left": "On the out axis: the gradient G becomes L G.", "right": "On the in axis: the gradient G becomes G R."}
    properties = {side: {"description": said, **matrix} for side, said in sides.items()}
    text = {"type": "string", "pattern": r"^(left|right) \[\["}
    return [{"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}, text]


def _table(text: str) -> dict[str, object] | None:
    """The table of a canonical text, None for any other."""
    sides = re.fullmatch(rf"(?:left ({MATRIX}))?(?:, )?(?:right ({MATRIX}))?", text, re.ASCII) if text else None
    return sides and {side: rows_of(matrix) for side, matrix in zip(SIDES, sides.groups()) if matrix}


def rows_of(matrix: str) -> list[list[int | str]]:
    """The rows of a matrix in canonical form, as a spec has them."""
    rows = [row.split(", ") for row in matrix[2:-2].split("], [")]
    return [[int(entry) if re.fullmatch(r"-?\d{1,100}", entry) else entry for entry in row] for row in rows]


@cache
def _inverse(matrix: Matrix | None) -> Matrix | None:
    return matrix and rationals.inverse(matrix)


def _row(matrix: Matrix | None, number: int) -> Iterator[tuple[int, Fraction]]:
    """Entries of a row that are not zero, with their columns."""
    if matrix is None:
        return iter(((number, Fraction(1)),))
    return ((k, entry) for k, entry in enumerate(matrix[number]) if entry)


def _joined(matrix: Matrix | None) -> list[tuple[int, int]]:
    """Pairs i < k that the matrix mixes."""
    return [(i, k) for i, row in enumerate(matrix or ()) for k in range(i + 1, len(row)) if row[k]]


def _submatrix(matrix: Matrix | None, chosen: tuple[int, ...]) -> Matrix | None:
    return matrix and tuple(tuple(matrix[i][k] for k in chosen) for i in chosen)

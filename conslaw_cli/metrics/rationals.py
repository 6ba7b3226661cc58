"""Matrices of rationals as a spec writes them, and the exact test of positive definiteness."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from math import lcm

from conslaw_cli.expressions.values import fraction_of
from conslaw_cli.metrics.base import Matrix, MetricError

LARGEST_MATRIX = 64
"""Rows up to which a matrix is taken: its determinant is computed exactly."""
_EXAMPLE = 'write rows of integers, decimals or fractions in quotes, such as [[2, 1], [1, "5/2"]]'


def read_positive(value: object, size: int | None, what: str) -> Matrix:
    """A symmetric positive definite matrix with ``size`` rows (None: any number). Raises MetricError that says what is wrong."""
    matrix = _matrix(value, what)
    if size is not None and len(matrix) != size:
        raise MetricError(f"{what} has {len(matrix)} rows", f"it acts on an axis of length {size}: write {size} rows of {size}")
    require_positive(matrix, what)
    return matrix


def require_positive(matrix: Matrix, what: str) -> None:
    """Raises MetricError unless a square matrix is symmetric and positive definite."""
    for i, row in enumerate(matrix):
        for j in range(i):
            if row[j] != matrix[j][i]:
                entries = f"entry ({i + 1}, {j + 1}) is {row[j]}, entry ({j + 1}, {i + 1}) is {matrix[j][i]}"
                raise MetricError(f"{what} is not symmetric: {entries}", "a metric is a symmetric matrix: make them equal")
    for k, minor in enumerate(leading_minors(matrix), start=1):
        if minor <= 0:
            fault = f"the determinant of its first {k} rows and columns is {minor}" if k > 1 else f"entry (1, 1) is {minor}"
            raise MetricError(
                f"{what} is not positive definite: {fault}", "all leading minors of a metric are positive (Sylvester)"
            )


def leading_minors(matrix: Matrix) -> Iterator[Fraction]:
    """Determinants of the first k rows and columns, k = 1, 2, …, up to the first that is not positive (Bareiss 1968)."""
    scale = lcm(*(entry.denominator for row in matrix for entry in row))
    rows, previous = [[int(entry * scale) for entry in row] for row in matrix], 1
    for k, pivot_row in enumerate(rows):
        pivot = pivot_row[k]
        yield Fraction(pivot, scale ** (k + 1))
        if pivot <= 0:
            return
        for row in rows[k + 1 :]:
            row[k + 1 :] = [(pivot * a - row[k] * b) // previous for a, b in zip(row[k + 1 :], pivot_row[k + 1 :])]
        previous = pivot


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a positive definite matrix, whose pivots are not zero (Gauss-Jordan)."""
    size = len(matrix)
    rows = [[*row, *(Fraction(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for k, pivot in enumerate(rows):
        pivot[:] = [entry / pivot[k] for entry in pivot]
        for row in (row for row in rows if row is not pivot and row[k]):
            row[:] = [a - row[k] * b for a, b in zip(row, pivot)]
    return tuple(tuple(row[size:]) for row in rows)


def text(matrix: Matrix) -> str:
    """The matrix in canonical form, [[2, 1], [1, 5/2]]."""
    return "[" + ", ".join("[" + ", ".join(map(str, row)) + "]" for row in matrix) + "]"


def is_identity(matrix: Matrix) -> bool:
    return all(entry == (i == j) for i, row in enumerate(matrix) for j, entry in enumerate(row))


def _matrix(value: object, what: str) -> Matrix:
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(row, (list, tuple)) for row in value):
        raise MetricError(f"{what} must be a matrix", _EXAMPLE)
    if len(value) > LARGEST_MATRIX:
        raise MetricError(f"{what} has {len(value)} rows", f"at most {LARGEST_MATRIX} are taken")
    for i, row in enumerate(value):
        if len(row) != len(value):
            raise MetricError(f"row {i + 1} of {what} has {len(row)} entries", f"{what} is square: write {len(value)} entries a row")
    return tuple(tuple(_entry(entry, what) for entry in row) for row in value)


def _entry(value: object, what: str) -> Fraction:
    """An integer, a decimal, or a fraction in quotes."""
    if isinstance(value, str) and len(value) < 1000 and re.fullmatch(r"-?\d+/0*[1-9]\d*", value, re.ASCII):
        value = Fraction(value)
    number = fraction_of(value)
    if number is None:
        raise MetricError(f"{what} has an entry that is no rational number", _EXAMPLE)
    return number


def schema(pattern: str = r"^-?[0-9]+/[0-9]+$") -> dict[str, object]:
    """The JSON Schema of a matrix as a spec writes it; ``pattern`` is that of entries in quotes."""
    entry = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": pattern}]}
    return {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1, "items": entry}}

"""Metrics as a report names them: diag(theta^a), the natural gradient, matrices on the axes of a block, one of all parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from conslaw_cli.checker.result import ReportError, Undecided

Matrix = tuple[tuple[Fraction, ...], ...]
NATURAL = "natural-gradient"
LARGEST_MATRIX = 64
_NUMBER = r"-?\d{1,100}(?:/[1-9]\d{0,100})?"
_ROW = rf"\[{_NUMBER}(?:, {_NUMBER})*\]"
_MATRIX = rf"\[{_ROW}(?:, {_ROW})*\]"
_EXPRESSION = re.compile(r"(?=.*theta)[a-z0-9+*/(). -]{1,600}")
_SIDES = re.compile(rf"(?:left ({_MATRIX}))?(?:, )?(?:right ({_MATRIX}))?")


@dataclass(frozen=True)
class Metric:
    """The gradient G of a block becomes left (theta^a * G) right, that of all parameters is multiplied by ``full``; None is the identity."""

    exponent: Fraction = Fraction(0)
    left: Matrix | None = None
    right: Matrix | None = None
    full: Matrix | None = None

    @property
    def euclidean(self) -> bool:
        return self == Metric()

    def same_along(self, columns: bool) -> bool:
        """Whether it is the same for all columns, or rows, and mixes none of them."""
        matrix = self.right if columns else self.left
        return self.full is None and (matrix is None or all(x == (matrix[0][0] if i == j else 0) for i, row in enumerate(matrix) for j, x in enumerate(row)))

    @property
    def bits(self) -> int:
        """Digits of its numbers."""
        rows = [row for side in (self.left, self.right, self.full) if side for row in side]
        return sum(abs(x.numerator).bit_length() + x.denominator.bit_length() for row in rows for x in row)

    def applied(self, p: int) -> list[tuple[np.ndarray, bool]]:
        """The matrices modulo p, with whether they stand on the right."""
        return [(_residues(side, p), on_the_right) for side, on_the_right in ((self.left, False), (self.right, True)) if side]

    def restricted(self, rows: Sequence[int], columns: Sequence[int]) -> Metric:
        """The metric of some rows and columns of the block. Raises ValueError where it mixes them with others."""
        return replace(self, left=_restricted(self.left, rows), right=_restricted(self.right, columns))

    def all_applied(self, p: int) -> np.ndarray | None:
        """The matrix of all parameters modulo p."""
        return self.full and _residues(self.full, p)


def read_metrics(texts: dict[str, object], shapes: dict[str, tuple[int, int]]) -> dict[str, Metric]:
    """The metrics by block; one of all parameters is that of every block. Raises ReportError."""
    whole = [text for text in texts.values() if text == NATURAL or (isinstance(text, str) and text.startswith("full "))]
    if whole and any(text != whole[0] for text in texts.values()):
        raise ReportError(f"{whole[0]} must be the metric of every block")
    if whole and re.search("[A-Za-z]", whole[0].removeprefix("full ")) and whole[0] != NATURAL:
        raise Undecided(f"the metric {whole[0][:60]}, with expressions in the parameters")
    if whole and whole[0] != NATURAL:
        found = re.fullmatch(rf"full ({_MATRIX})", whole[0])
        metric = Metric(full=_matrix(found[1] if found else "[[]]", sum(r * c for r, c in shapes.values()), "full"))
        return dict.fromkeys(shapes, metric)
    return {name: read_metric(texts[name], name, shape) for name, shape in shapes.items()}


def read_metric(text: object, name: str, shape: tuple[int, int]) -> Metric:
    """The metric of a block. Raises ReportError."""
    if text == NATURAL:
        return Metric()
    power = re.fullmatch(r"theta\^(?:(\d{1,2})|\((\d{1,3}/[1-9]\d?)\))", text) if isinstance(text, str) else None
    if power or text in ("euclidean", "entropy"):
        return Metric(Fraction(power[1] or power[2]) if power else Fraction(text == "entropy"))
    if isinstance(text, str) and _EXPRESSION.fullmatch(text):
        raise Undecided(f"the metric {text[:60]}, an expression in theta")
    sides = _SIDES.fullmatch(text) if isinstance(text, str) and text else None
    if not sides:
        raise ReportError(f"metric.blocks.{name} must be euclidean, entropy, theta^a, {NATURAL} or matrices left and right")
    left, right = (_matrix(side, size, name) for side, size in zip(sides.groups(), shape))
    return Metric(Fraction(0), left, right)


def _matrix(text: str | None, size: int, name: str) -> Matrix | None:
    if text is None:
        return None
    matrix = tuple(tuple(map(Fraction, filter(None, row.split(", ")))) for row in text[2:-2].split("], ["))
    if len(matrix) != size or size > LARGEST_MATRIX or any(len(row) != size for row in matrix):
        raise ReportError(f"metric.blocks.{name}: a matrix must have {size} rows and columns, at most {LARGEST_MATRIX}")
    if any(matrix[i][j] != matrix[j][i] for i in range(size) for j in range(i)) or not _positive(matrix):
        raise ReportError(f"metric.blocks.{name}: a matrix is not symmetric and positive definite")
    return matrix


def _positive(matrix: Matrix) -> bool:
    """Whether all pivots of a symmetric matrix are positive."""
    rows = [list(row) for row in matrix]
    for k, pivot in enumerate(rows):
        if pivot[k] <= 0:
            return False
        for row in rows[k + 1 :]:
            factor = row[k] / pivot[k]
            row[k:] = [a - factor * b for a, b in zip(row[k:], pivot[k:])]
    return True


def _restricted(matrix: Matrix | None, chosen: Sequence[int]) -> Matrix | None:
    if matrix is None:
        return None
    if any(matrix[i][j] for i in chosen for j in set(range(len(matrix))) - set(chosen)):
        raise ValueError
    return tuple(tuple(matrix[i][j] for j in chosen) for i in chosen)


def _residues(matrix: Matrix, p: int) -> np.ndarray:
    if any(x.denominator % p == 0 for row in matrix for x in row):
        raise ReportError(f"the prime {p} divides a denominator of the metric")
    values = [[x.numerator * pow(x.denominator, -1, p) % p for x in row] for row in matrix]
    return np.array(values, dtype=np.int64 if p < 2**24 else object)

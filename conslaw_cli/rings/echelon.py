"""Rank over F_p, row by row: a growing echelon form in blocks, all heavy work in exact matrix products.

Blocks hold up to 256 rows, fully reduced inside the block only (no back substitution across blocks), each with its
pivot columns. New rows are reduced by one product per block.
"""

from __future__ import annotations

import numpy as np

from conslaw_cli.rings.field import INNER, Field

_BASE = 32
_PANEL = 160


class Echelon:
    """The row space of the rows added so far, in F_p^columns."""

    def __init__(self, field: Field, columns: int) -> None:
        self.field, self.columns = field, columns
        self._blocks: list[tuple[np.ndarray, np.ndarray]] = []

    def copy(self) -> Echelon:
        """The same row space, to be extended apart."""
        twin = Echelon(self.field, self.columns)
        twin._blocks = list(self._blocks)
        return twin

    @property
    def rank(self) -> int:
        return sum(len(pivots) for pivots, _ in self._blocks)

    def add(self, rows: np.ndarray) -> np.ndarray:
        """Add residue rows (count, columns). Returns a mask: which rows were independent of all rows before them."""
        masks = [self._add(rows[start : start + INNER]) for start in range(0, len(rows), INNER)]
        return np.concatenate(masks) if masks else np.zeros(0, dtype=bool)

    def reduced(self, rows: np.ndarray) -> np.ndarray:
        """Rows modulo the row space: a row is zero exactly if it lies in it."""
        rows = np.array(rows, dtype=np.float64)
        for pivots, block in self._blocks:
            rows = self.field.subtract(rows, self.field.matmul(rows[:, pivots], block))
        return rows

    def nullspace(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernel of the added rows: (free columns, basis of shape (nullity, columns)) with the identity on the free columns."""
        blocks = list(self._blocks)
        for i in range(len(blocks) - 1, -1, -1):
            pivots, rows = blocks[i]
            for later, reduced in blocks[i + 1 :]:
                rows = self.field.subtract(rows, self.field.matmul(rows[:, later], reduced))
            blocks[i] = (pivots, rows)
        free = np.setdiff1d(np.arange(self.columns), self._pivots())
        basis = np.zeros((len(free), self.columns))
        basis[np.arange(len(free)), free] = 1.0
        for pivots, rows in blocks:
            basis[:, pivots] = -rows[:, free].T
        return free, basis

    def _pivots(self) -> np.ndarray:
        return np.concatenate([pivots for pivots, _ in self._blocks] or [np.zeros(0, dtype=np.int64)])

    def _add(self, rows: np.ndarray) -> np.ndarray:
        mask, pivots, reduced = self._eliminate(self.reduced(rows))
        if len(pivots):
            self._append(pivots, reduced)
        return mask

    def _append(self, pivots: np.ndarray, rows: np.ndarray) -> None:
        if self._blocks and len(self._blocks[-1][0]) + len(pivots) <= INNER:
            last, block = self._blocks.pop()
            block = self.field.subtract(block, self.field.matmul(block[:, pivots], rows))
            pivots, rows = np.concatenate([last, pivots]), np.concatenate([block, rows])
        self._blocks.append((pivots, rows))

    def _eliminate(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(mask of independent rows, pivot columns, reduced rows with the identity on the pivots), by halving."""
        if len(rows) <= _BASE:
            return self._eliminate_base(rows)
        field, half = self.field, len(rows) // 2
        first_mask, first_pivots, first = self._eliminate(rows[:half])
        rest = rows[half:]
        if len(first_pivots):
            rest = field.subtract(rest, field.matmul(rest[:, first_pivots], first))
        mask, pivots, second = self._eliminate(rest)
        if len(first_pivots) and len(pivots):
            first = field.subtract(first, field.matmul(first[:, pivots], second))
        return (
            np.concatenate([first_mask, mask]),
            np.concatenate([first_pivots, pivots]),
            np.concatenate([first, second]),
        )

    def _eliminate_base(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gauss-Jordan on a narrow panel of columns, applied to whole rows by one product; leftovers on all columns."""
        if rows.shape[1] <= 2 * _PANEL:
            return self._gauss_jordan(rows, np.arange(rows.shape[1]))
        live = np.flatnonzero(rows.any(axis=0))
        if not len(live):
            return np.zeros(len(rows), dtype=bool), live, rows[:0]
        panel = live[:: max(1, len(live) // _PANEL)]
        mask, pivots, reduced = self._gauss_jordan(rows, panel)
        if mask.all():
            return mask, pivots, reduced
        leftover = np.flatnonzero(~mask)
        if len(pivots):
            rest = self.field.subtract(rows[leftover], self.field.matmul(rows[np.ix_(leftover, pivots)], reduced))
        else:
            rest = rows[leftover]
        if not rest.any():
            return mask, pivots, reduced
        return self._gauss_jordan(rows, live)

    def _gauss_jordan(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        field, count = self.field, len(rows)
        whole = len(columns) == rows.shape[1]
        work = np.concatenate([rows[:, columns], np.eye(count)], axis=1) if not whole else rows.copy()
        mask, pivots = np.zeros(count, dtype=bool), []
        for i in range(count):
            candidates = work[i, : len(columns)] != 0
            j = int(candidates.argmax())
            if not candidates[j]:
                continue
            work[i] = field.reduce(work[i] * field.inverse(work[i, j]))
            factors = work[:, j].copy()
            factors[i] = 0.0
            work -= np.multiply.outer(factors, work[i])
            field.reduce(work)
            mask[i] = True
            pivots.append(columns[j])
        chosen = np.array(pivots, dtype=np.int64)
        reduced = work[mask] if whole else field.matmul(work[mask][:, len(columns) :], rows)
        return mask, chosen, reduced


def rank(field: Field, rows: np.ndarray) -> int:
    """Rank of a residue matrix."""
    echelon = Echelon(field, rows.shape[1])
    echelon.add(rows)
    return echelon.rank

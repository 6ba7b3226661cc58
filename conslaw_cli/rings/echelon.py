"""Rank over F_p, row by row: a growing echelon form in blocks, all heavy work in exact matrix products.

Blocks hold up to 256 rows, fully reduced inside the block only (no back substitution across blocks), each with its
pivot columns. New rows are reduced by one product per block. Columns are kept in an order in which a full block's pivots
stand first of the columns that it has: what it has been used for is cut off from rows, which get shorter.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from conslaw_cli.rings.field import INNER, Field

_BASE = 32
_PANEL = 160


class Echelon:
    """The row space of the rows added so far, in F_p^columns."""

    def __init__(self, field: Field, columns: int) -> None:
        self.field, self.columns = field, columns
        self._order = np.arange(columns)
        """The column at each position."""
        self._full: list[np.ndarray] = []
        """Blocks that take no more rows, on the positions from their pivots on: each begins with the identity."""
        self._open = np.zeros(0, dtype=np.int64), np.zeros((0, columns))
        """Pivots and rows of the block that grows, on the positions after the pivots of the full ones."""

    def copy(self) -> Echelon:
        """The same row space, to be extended apart."""
        twin = Echelon(self.field, self.columns)
        twin._order, twin._open = self._order.copy(), self._open
        twin._full = [block.copy() for block in self._full]
        return twin

    @property
    def rank(self) -> int:
        return self._taken + len(self._open[0])

    @property
    def _taken(self) -> int:
        """Number of positions that are pivots of full blocks."""
        return sum(map(len, self._full))

    def add(self, rows: np.ndarray) -> np.ndarray:
        """Add residue rows (count, columns). Returns a mask: which rows were independent of all rows before them."""
        masks = [self._add(rows[start : start + INNER]) for start in range(0, len(rows), INNER)]
        return np.concatenate(masks) if masks else np.zeros(0, dtype=bool)

    def reduced(self, rows: np.ndarray) -> np.ndarray:
        """Rows modulo the row space: a row is zero exactly if it lies in it."""
        result = np.zeros((len(rows), self.columns))
        result[:, self._order[self._taken :]] = self._rest(rows)
        return result

    def nullspace(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernel of the added rows: (free columns, basis of shape (nullity, columns)) with the identity on the free columns."""
        blocks = list(self._in_columns())
        for i in range(len(blocks) - 1, -1, -1):
            pivots, rows = blocks[i]
            for later, reduced in blocks[i + 1 :]:
                rows = self.field.less_product(rows, rows[:, later], reduced)
            blocks[i] = (pivots, rows)
        free = np.setdiff1d(np.arange(self.columns), np.concatenate([pivots for pivots, _ in blocks]))
        basis = np.zeros((len(free), self.columns))
        basis[np.arange(len(free)), free] = 1.0
        for pivots, rows in blocks:
            basis[:, pivots] = -rows[:, free].T
        return free, basis

    def _in_columns(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pivot columns and rows on all columns for each block."""
        start = 0
        for pivots, block in [*((np.arange(len(block)), block) for block in self._full), self._open]:
            rows = np.zeros((len(block), self.columns))
            rows[:, self._order[start:]] = block
            yield self._order[start + pivots], rows
            start += len(block)

    def _rest(self, rows: np.ndarray) -> np.ndarray:
        """Rows modulo the row space, on the positions after the pivots of the full blocks."""
        rows = np.asarray(rows, dtype=np.float64)[:, self._order]
        for block in self._full:
            rows = self.field.less_product(rows[:, len(block) :], rows[:, : len(block)], block[:, len(block) :])
        pivots, block = self._open
        return self.field.less_product(rows, rows[:, pivots], block)

    def _add(self, rows: np.ndarray) -> np.ndarray:
        mask, pivots, reduced = self._eliminate(self._rest(rows))
        if len(pivots):
            self._append(pivots, reduced)
        return mask

    def _append(self, pivots: np.ndarray, rows: np.ndarray) -> None:
        last, block = self._open
        if len(last) + len(pivots) <= INNER:
            block = self.field.less_product(block, block[:, pivots], rows)
            self._open = np.concatenate([last, pivots]), np.concatenate([block, rows])
        else:
            position = self._close()
            self._open = position[pivots] - len(last), _exchanged(rows, position)[:, len(last) :]

    def _close(self) -> np.ndarray:
        """Make the open block a full one: its pivots go to the front of its positions. Where each of these is afterwards."""
        pivots, block = self._open
        count, taken = len(pivots), self._taken
        position = np.arange(block.shape[1])
        inside, outside = np.setdiff1d(position[:count], pivots), pivots[pivots >= count]
        position[inside], position[outside] = outside, inside
        start = 0
        for earlier in self._full:
            earlier[:, taken - start :] = _exchanged(earlier[:, taken - start :], position)
            start += len(earlier)
        self._order[taken:] = self._order[taken:][position]
        self._full.append(_exchanged(block, position)[np.argsort(position[pivots])])
        return position

    def _eliminate(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(mask of independent rows, pivot columns, reduced rows with the identity on the pivots), by halving."""
        if len(rows) <= _BASE:
            return self._eliminate_base(rows)
        field, half = self.field, len(rows) // 2
        first_mask, first_pivots, first = self._eliminate(rows[:half])
        rest = rows[half:]
        if len(first_pivots):
            rest = field.less_product(rest, rest[:, first_pivots], first)
        mask, pivots, second = self._eliminate(rest)
        if len(first_pivots) and len(pivots):
            first = field.less_product(first, first[:, pivots], second)
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
            rest = self.field.less_product(rows[leftover], rows[np.ix_(leftover, pivots)], reduced)
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


def _exchanged(rows: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Rows with columns exchanged in pairs: column i is at ``position[i]``."""
    rows, moved = rows.copy(), np.flatnonzero(position != np.arange(len(position)))
    rows[:, moved] = rows[:, position[moved]]
    return rows


def rank(field: Field, rows: np.ndarray) -> int:
    """Rank of a residue matrix."""
    echelon = Echelon(field, rows.shape[1])
    echelon.add(rows)
    return echelon.rank

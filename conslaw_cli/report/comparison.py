"""Counts of laws side by side: the same model under several metrics (rows) and dynamics (columns)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conslaw_cli.report.model import SCHEMA
from conslaw_cli.report.prose import Prose

LEGEND = "Number of independent laws (against gradient flow in the same row: − lost, + gained), and how it is known."


@dataclass(frozen=True)
class Cell:
    """``laws`` None when undecided; ``found`` of them are in closed form; ``note`` says why."""

    laws: int | None
    found: int
    status: str
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """``cells[row][column]``; ``baseline`` is the column of gradient flow, None when it is not among them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    baseline: int | None = 0

    def difference(self, row: int, column: int) -> int | None:
        """Laws gained (+) or lost (−); None for gradient flow itself or where a count is unknown."""
        if self.baseline is None or column == self.baseline:
            return None
        here, there = self.cells[row][column].laws, self.cells[row][self.baseline].laws
        return None if here is None or there is None else here - there

    def grid(self, prose: Prose) -> list[tuple[str, ...]]:
        """The table as text: the header, then a row for each metric."""
        header = ("", *(prose.text(label) for label in self.columns))
        return [header, *((prose.text(label), *self._row(i, prose)) for i, label in enumerate(self.rows))]

    def _row(self, row: int, prose: Prose) -> Iterator[str]:
        for column, cell in enumerate(self.cells[row]):
            yield f"{self._count(row, column, prose)} {prose.text(cell.status)}"

    def _count(self, row: int, column: int, prose: Prose) -> str:
        cell = self.cells[row][column]
        if cell.laws is None:
            return prose.text(f"≥ {cell.found}") if cell.found else "?"
        missing = "" if cell.laws == cell.found else f", {cell.found} in closed form,"
        return f"{cell.laws}{prose.text(_change(self.difference(row, column)))}{missing}"

    def footnotes(self, prose: Prose) -> list[str]:
        """The legend and the notes of cells."""
        notes = [
            f"{prose.text(self.rows[i])}, {prose.text(self.columns[j])}: {prose.text(cell.note)}"
            for i, row in enumerate(self.cells)
            for j, cell in enumerate(row)
            if cell.note
        ]
        return [prose.text(LEGEND), *notes]

    def to_dict(self) -> dict:
        """The JSON form: one object for each cell."""
        return {
            "schema": SCHEMA,
            "title": self.title,
            "metrics": list(self.rows),
            "dynamics": list(self.columns),
            "baseline": None if self.baseline is None else self.columns[self.baseline],
            "cells": [
                {
                    "metric": self.rows[i],
                    "dynamics": self.columns[j],
                    "laws": cell.laws,
                    "difference": self.difference(i, j),
                    "found": cell.found,
                    "status": cell.status,
                    "note": cell.note,
                }
                for i, row in enumerate(self.cells)
                for j, cell in enumerate(row)
            ],
        }


def _change(difference: int | None) -> str:
    if difference is None:
        return ""
    sign = "+" if difference > 0 else "−" if difference else "±"
    return f" ({sign}{abs(difference)})"

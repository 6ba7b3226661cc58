"""Counts of laws side by side: the same model under several metrics (rows) and dynamics (columns)."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from conslaw_cli.report.prose import Prose, metric_of_blocks

LEGEND = "Number of independent laws (against gradient flow in the same row: − lost, + gained), and how it is known."
ABSENT = "–"


class Cell(Struct, frozen=True):
    """``laws`` None when undecided; ``found`` of them are in closed form; ``note`` says why.

    ``status`` None where the dynamics has no lookahead point to take the row's metric at.
    """

    laws: int | None
    found: int
    status: str | None
    note: str = ""


class Row(Struct, frozen=True):
    """A metric, named; ``blocks`` lists that of every parameter block where the name does not say it.

    ``point`` is where it is taken, "theta" or "lookahead"; None where that makes no difference.
    """

    name: str
    blocks: tuple[tuple[str, str], ...] = ()
    point: str | None = None

    def label(self, prose: Prose) -> str:
        """entropy, at θ; icnn's own, at the lookahead point."""
        theta = prose.math(prose.notation.letter("theta"))
        places = {None: "", "theta": f", at {theta}", "lookahead": ", at the lookahead point"}
        return prose.text(self.name) + places[self.point]

    def meaning(self, prose: Prose) -> str | None:
        """icnn's own: entropy on W₂ and Euclidean elsewhere. None where the name says it."""
        return f"{prose.text(self.name)}: {metric_of_blocks(self.blocks, prose)}" if self.blocks else None


class Comparison(Struct, frozen=True):
    """``cells[row][column]``; ``baseline`` is the column of gradient flow, None when it is not among them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
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
        return [header, *((row.label(prose), *self._row(i, prose)) for i, row in enumerate(self.rows))]

    def _row(self, row: int, prose: Prose) -> Iterator[str]:
        for column, cell in enumerate(self.cells[row]):
            yield f"{self._count(row, column, prose)} {prose.text(cell.status)}" if cell.status else prose.text(ABSENT)

    def _count(self, row: int, column: int, prose: Prose) -> str:
        cell = self.cells[row][column]
        if cell.laws is None:
            return prose.text(f"≥ {cell.found}") if cell.found else "?"
        missing = "" if cell.laws == cell.found else f", {cell.found} in closed form,"
        return f"{cell.laws}{prose.text(_change(self.difference(row, column)))}{missing}"

    def footnotes(self, prose: Prose) -> list[str]:
        """The legend, what names and dashes mean, and notes: each once, with its cells where it is not about all."""
        cells = [(i, j) for i, row in enumerate(self.cells) for j, cell in enumerate(row) if cell.status]
        about: dict[str, list[tuple[int, int]]] = {}
        for i, j in cells:
            if note := self.cells[i][j].note:
                about.setdefault(note, []).append((i, j))
        notes = [
            (f"{self._places(places, prose)}: " if places != cells else "") + prose.text(note) for note, places in about.items()
        ]
        absent = [_absence(prose)] if len(cells) < sum(map(len, self.cells)) else []
        meanings = dict.fromkeys(filter(None, (row.meaning(prose) for row in self.rows)))
        return [prose.text(LEGEND), *meanings, *absent, *notes]

    def _places(self, cells: list[tuple[int, int]], prose: Prose) -> str:
        return "; ".join(f"{self.rows[i].label(prose)}, {prose.text(self.columns[j])}" for i, j in cells)

    def to_dict(self) -> dict:
        """The JSON form: one object for each cell; ``status`` null where the pair does not exist."""
        from conslaw_cli.report.ascii import PROSE
        from conslaw_cli.report.document import SCHEMA

        return {
            "schema": SCHEMA,
            "title": self.title,
            "metrics": [row.label(PROSE) for row in self.rows],
            "meanings": [row.meaning(PROSE) for row in self.rows],
            "dynamics": list(self.columns),
            "baseline": None if self.baseline is None else self.columns[self.baseline],
            "cells": [
                {
                    "metric": self.rows[i].label(PROSE),
                    "at": self.rows[i].point,
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


def _absence(prose: Prose) -> str:
    point = prose.math(prose.notation.lookahead("tau", "theta"))
    who = prose.text(", which only momentum with a constant damping has")
    return f"{prose.text(f'{ABSENT}: no lookahead point')} {point}{who}"


def _change(difference: int | None) -> str:
    if difference is None:
        return ""
    sign = "+" if difference > 0 else "−" if difference else "±"
    return f" ({sign}{abs(difference)})"

"""The zoo's counts as a table: a row for each network, a column for each dynamics."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from conslaw_cli.report.escape import markdown as escaped

FORMATS = ("text", "markdown")


class Count(Struct, frozen=True):
    """Of one network under one dynamics, in words; ``laws`` None when undecided."""

    dynamics: str
    laws: int | None
    status: str

    def __str__(self) -> str:
        """The number, and how it is known where that is no proof."""
        number = "?" if self.laws is None else str(self.laws)
        return number if self.status == "proved" else f"{number} ({self.status})"


class Row(Struct, frozen=True):
    """An entry of the zoo with its number of parameters and its counts."""

    name: str
    line: str
    parameters: int
    counts: tuple[Count, ...]


def table(rows: Sequence[Row], format: str) -> str:
    """The whole table: columns in text, or Markdown."""
    columns = tuple(dict.fromkeys(count.dynamics for row in rows for count in row.counts))
    cells = [("network", "", "D", *columns), *(_cells(row, columns) for row in rows)]
    lines = _markdown(cells) if format == "markdown" else _columns(cells)
    return "\n".join([*lines, "", _summary(rows), ""])


def _cells(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    counts = {count.dynamics: str(count) for count in row.counts}
    return (row.name, row.line, str(row.parameters), *(counts.get(column, "–") for column in columns))


def _markdown(cells: list[tuple[str, ...]]) -> list[str]:
    header, *body = cells
    rule = ["---", "---", *["--:"] * (len(header) - 2)]
    return [f"| {' | '.join(row)} |" for row in (header, rule, *((f"`{name}`", *map(escaped, rest)) for name, *rest in body))]


def _columns(cells: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    padded = ([f"{cell:<{width}}" if k < 2 else f"{cell:>{width}}" for k, (cell, width) in enumerate(zip(row, widths))] for row in cells)
    return ["   ".join(row).rstrip() for row in padded]


def _summary(rows: Sequence[Row]) -> str:
    counts = [count for row in rows for count in row.counts]
    proved = sum(count.status == "proved" for count in counts)
    return f"Number of independent laws; {proved} of these {len(counts)} counts are proved{'' if proved == len(counts) else ', of the others it is said how they are known'}."

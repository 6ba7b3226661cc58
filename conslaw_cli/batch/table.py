"""The summary as a table for people: every case, what is known of it, whether that was expected, and the seconds it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from conslaw_cli.batch.progress import duration
from conslaw_cli.batch.rows import VERDICTS
from conslaw_cli.batch.run import Done

HEADINGS = ("spec", "D", "laws", "depends on t", "status", "expect", "seconds")
_RIGHT = (1, 2, 6)
_WELL = ("ok", "unchecked")
_WORDS = {"ok": "ok", "unchecked": "--", "failed": "FAIL"}


def table(done: Sequence[Done], quiet: bool = False) -> str:
    """Rows in columns; below a row that is not well, what is wrong with it. Quietly, only such rows."""
    shown = [item for item in done if not quiet or item.row.expect not in _WELL]
    if not shown:
        return ""
    cells = [HEADINGS, *(_cells(item) for item in shown)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(HEADINGS, widths)]
    for item, row in zip(shown, cells[1:], strict=True):
        lines.append(_line(row, widths))
        if item.row.expect not in _WELL:
            lines += [f"    {line}" for line in item.row.detail.splitlines()]
    return "\n".join(lines) + "\n"


def totals(done: Sequence[Done], of: int, elapsed: float) -> str:
    """One line: how many cases came to which verdict, how many were computed before (cached, or the same case twice), and the time."""
    numbers = Counter(item.row.expect for item in done)
    counts = ", ".join(f"{numbers[verdict]} {verdict}" for verdict in VERDICTS if numbers[verdict])
    known = sum(item.seconds is None and item.row.status is not None for item in done)
    number = f"{len(done)} of {of} cases" if len(done) < of else "1 case" if of == 1 else f"{of} cases"
    parts = [f"{number}: {counts or 'none done'}", f"{known} computed before" if known else "", duration(elapsed)]
    return " · ".join(filter(None, parts))


def _cells(item: Done) -> tuple[str, ...]:
    row = item.row
    return (
        row.spec,
        _text(row.parameters),
        _text(row.laws),
        {None: "", True: "yes", False: "no"}[row.depends_on_time],
        row.status or "",
        _WORDS.get(row.expect, row.expect),
        "" if item.seconds is None else f"{item.seconds:.2f}",
    )


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        f"{cell:>{width}}" if i in _RIGHT else f"{cell:<{width}}" for i, (cell, width) in enumerate(zip(cells, widths))
    )
    return "   ".join(padded).rstrip()

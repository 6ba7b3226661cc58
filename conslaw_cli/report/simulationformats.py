"""Simulations as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rich.text import Text

from conslaw_cli.report.escape import visible
from conslaw_cli.report.options import Options
from conslaw_cli.report.outline import without_laws
from conslaw_cli.report.simulation import Simulation
from conslaw_cli.report.text import LAW_BREAKS, fold, grid, printed, prose_of

_LABEL = 10


def render(simulations: Sequence[Simulation], format: str, options: Options) -> str:
    """One after another; as JSON an object, or an array of several."""
    if format == "json":
        found = [one.to_dict() for one in simulations]
        return json.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False, allow_nan=False)
    lines = [line for one in simulations for line in _section(one, options, len(simulations) > 1)]
    return printed(lines, options.color)


def _section(one: Simulation, options: Options, named: bool) -> Iterator[Text]:
    prose, width = prose_of(options), options.width
    if named:
        yield Text(visible(one.report.name), "bold cyan")
    yield from (Text(line, "bold") for line in fold(one.title(prose), width, 2))
    for label, text in one.facts(prose):
        first, *rest = fold(text, width and width - _LABEL, 0)
        yield Text.assemble((label.ljust(_LABEL), "dim"), first)
        yield from (Text(" " * _LABEL + line) for line in rest)
    yield Text("")
    if one.rows:
        yield from _table(one.grid(prose), width)
        yield from _plot(one, options) if width else ()
    else:
        yield Text("  " + (without_laws(one.report) or ""))
    for note in one.footnotes():
        yield from (Text(line, "dim") for line in fold("note  " + prose.text(note), width, 6))


def _table(rows: list[tuple[str, ...]], width: int | None) -> Iterator[Text]:
    """The table; where its columns do not fit, each law on a line above its numbers; where these do not either, numbers one by one."""
    beside, below = list(grid(rows, width)), list(grid([("", *row[1:]) for row in rows], width))
    if len(beside) == len(rows) or len(below) > len(rows):
        yield from beside
        return
    header, *numbers = below
    yield header
    for (law, *_), line in zip(rows[1:], numbers, strict=True):
        yield from (Text("  " + part) for part in fold(law, width and width - 2, 2, LAW_BREAKS))
        yield line


def _plot(one: Simulation, options: Options) -> Iterator[Text]:
    """A small plot, for terminals."""
    from conslaw_cli.report.plots import terminal

    yield Text("")
    yield from (Text(line) for line in terminal(one.plot, options.width, options.ascii_only).splitlines())
    yield Text("")

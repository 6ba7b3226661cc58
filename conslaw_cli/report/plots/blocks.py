"""Drifts as rows of blocks for the terminal: a row for each run of a law, all on one logarithmic scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf, log10

from conslaw_cli.report.drifts import DriftPlot, Line, Panel, drift_text
from conslaw_cli.report.lawnames import law_name
from conslaw_cli.report.plots.scale import LEAST, drawn_points, labels, scale_of, shown_panels
from conslaw_cli.report.text import ASCII_PROSE, LAW_BREAKS, PROSE, fold

MOST_LAWS = 8
WIDTH = 80
"""Columns where there is no terminal."""
_MOST_CELLS, _LEAST_CELLS = 60, 8
_BESIDE = len("  ") + len("  ") + len("  not finite !")
"""Columns of a row but for its label and its blocks."""


@dataclass(frozen=True)
class Signs:
    """What stands for growing drifts, for 0, and for a drift that is not finite."""

    levels: str
    zero: str
    lost: str


UNICODE = Signs("▁▂▃▄▅▆▇█", "·", "×")
ASCII = Signs("_.-=+*#@", "0", "x")


@dataclass(frozen=True)
class Levels:
    """The scale: each sign stands for ten times the drift of the one before, the last for all above 10^(high - 1)."""

    signs: Signs
    high: int

    def sign(self, drift: float) -> str:
        if drift < 10.0**LEAST:
            return self.signs.zero
        if drift == inf:
            return self.signs.lost
        last = len(self.signs.levels) - 1
        return self.signs.levels[last - int(min(max(self.high - log10(drift), 0), last))]

    def legend(self) -> str:
        """The scale in words."""
        first, *between, last = self.signs.levels
        return f"{first} up to 1e{self.high - 1 - len(between)}, each next 10 times more, {last} above 1e{self.high - 1}"


@dataclass(frozen=True)
class Cells:
    """Stretches of time, ``number`` of them from ``start`` to ``end``."""

    start: float
    end: float
    number: int

    def largest(self, line: Line) -> Iterator[float | None]:
        """The largest drift in each stretch; where there is none, that of the stretch before; None before the first."""
        found: dict[int, float] = {}
        for x, drift in drawn_points(line):
            cell = self._of(x)
            found[cell] = max(found.get(cell, 0.0), inf if drift is None else drift)
        last = None
        for cell in range(self.number):
            yield (last := found.get(cell, last))

    def _of(self, x: float) -> int:
        """A point between two stretches belongs to the earlier one."""
        place = (x - self.start) / (self.end - self.start or 1.0)
        return max(0, ceil(place * self.number - 1e-9) - 1)


def drawn(plot: DriftPlot, width: int | None, ascii_only: bool) -> str:
    """A heading with the scale, then each law's name and a row for each run."""
    prose, signs, width = ASCII_PROSE if ascii_only else PROSE, ASCII if ascii_only else UNICODE, width or WIDTH
    panels, which = shown_panels(plot, MOST_LAWS)
    levels, label = Levels(signs, min(scale_of(panels, None).high, 0)), max(map(len, labels(panels)))
    cells = _cells(panels, width - label - _BESIDE)
    scale = "; ".join([levels.legend(), *_notes(plot, panels, signs)])
    heading = [plot.title, f"relative drift over {plot.x_label}, {cells.start:g} … {cells.end:g}", scale, *filter(None, [which])]
    lines = [line for text in heading for line in fold(prose.text(text), width, 2)]
    for panel in panels:
        lines += ["", *fold(law_name(panel.law, prose), width, 2, LAW_BREAKS)]
        lines += [prose.text(_row(line, label, cells, levels, plot.tolerance)) for line in panel.lines]
    return "\n".join([*lines, ""])


def _cells(panels: Sequence[Panel], room: int) -> Cells:
    """As many as there is room for, and no more than points."""
    lines = [line for panel in panels for line in panel.lines]
    xs = [x for line in lines for x in line.x]
    most = min(room, _MOST_CELLS, max(len(drawn_points(line)) for line in lines))
    return Cells(min(xs), max(xs), max(most, _LEAST_CELLS))


def _notes(plot: DriftPlot, panels: Sequence[Panel], signs: Signs) -> Iterator[str]:
    """What else stands in the rows."""
    drifts = [drift for panel in panels for line in panel.lines for _, drift in drawn_points(line)]
    if any(drift is not None and drift < 10.0**LEAST for drift in drifts):
        yield f"{signs.zero} 0"
    if None in drifts:
        yield f"{signs.lost} not finite"
    if plot.tolerance is not None and any(panel.worst > plot.tolerance for panel in panels):
        yield f"! over the tolerance {plot.tolerance:g}"


def _row(line: Line, label: int, cells: Cells, levels: Levels, tolerance: float | None) -> str:
    """The run's name, its blocks and its largest drift, marked where that is above the tolerance."""
    largest = line.worst[1]
    blocks = "".join(" " if drift is None else levels.sign(drift) for drift in cells.largest(line))
    mark = " !" if tolerance is not None and (largest is None or largest > tolerance) else ""
    return f"  {line.label.ljust(label)}  {blocks}  {drift_text(largest)}{mark}"

"""Small multiples with Matplotlib: a panel for each law, all on one logarithmic axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING

from conslaw_cli.report.drifts import DriftPlot, Line, Panel
from conslaw_cli.report.lawnames import law_name
from conslaw_cli.report.plots.looks import NOT_FINITE, STYLE, TOLERANCE, looks
from conslaw_cli.report.plots.scale import (
    Scale,
    drawn_points,
    first_not_finite,
    labels,
    scale_of,
    shown_panels,
    thinned,
)
from conslaw_cli.report.text import LAW_BREAKS, PROSE, fold

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MOST_PANELS = 24
Y_LABEL = "relative drift (no unit)"

_WIDTHS, _HEIGHTS = (6.4, 8.6, 11.4), (3.6, 2.8, 2.3)
"""Inches of a figure and of a row of panels, by the number of columns."""
_LETTERS = 13.5
"""Letters that fit an inch."""
_HANDLE = 0.6
"""Inches of an entry of the legend but for its name."""
_METADATA = {"png": {}, "svg": {"Date": None, "Creator": None}}
_POINTS, _MARKERS = 250, 7


def drawn(plot: DriftPlot, format: str = "png") -> bytes:
    """The plot as a PNG or an SVG, where panels have ids panel-0, … and their lines line-0-0, …"""
    from matplotlib import style

    file = BytesIO()
    with style.context(["default", STYLE]):
        _figure(plot).savefig(file, format=format, metadata=_METADATA[format])
    return file.getvalue()


def _figure(plot: DriftPlot) -> Figure:
    from matplotlib.figure import Figure

    panels, which = shown_panels(plot, MOST_PANELS)
    columns = _columns(len(panels))
    rows, width = ceil(len(panels) / columns), _WIDTHS[columns - 1]
    figure = Figure(figsize=(width, 1.4 + _HEIGHTS[columns - 1] * rows), layout="constrained")
    figure.suptitle(_folded("\n".join(filter(None, (PROSE.text(plot.title), which))), width * 0.8), fontsize=11, parse_math=False)
    figure.supylabel(Y_LABEL, fontsize=9)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    grid[0, 0].set_xlim(*_padded(panels))
    grid[0, 0].locator_params(axis="x", nbins=5)
    scale, styles = scale_of(panels, plot.tolerance), looks(labels(panels))
    for number, (axes, panel) in enumerate(zip(grid.flat, panels)):
        axes.set_title(_folded(law_name(panel.law, PROSE), width / columns - 0.6), loc="left", parse_math=False)
        _fill(axes, number, panel, scale, styles)
        if plot.tolerance:
            axes.axhline(plot.tolerance, **TOLERANCE)
    _trim(grid, len(panels), _drawable(PROSE.text(plot.x_label)))
    _legend(figure, plot, panels, styles)
    return figure


def _columns(panels: int) -> int:
    return 2 if panels in (2, 4) else min(panels, len(_WIDTHS))


def _padded(panels: Sequence[Panel]) -> tuple[float, float]:
    """All points of all runs and a margin; the starts too, which are not drawn."""
    xs = [x for panel in panels for line in panel.lines for x in line.x]
    margin = 0.03 * (max(xs) - min(xs)) or 0.5
    return min(xs) - margin, max(xs) + margin


def _fill(axes: Axes, number: int, panel: Panel, scale: Scale, styles: Mapping[str, dict]) -> None:
    """The axis and the lines of a panel; that of an expression that is no law is grey."""
    axes.set_gid(f"panel-{number}")
    axes.set_yscale("log")
    axes.set_ylim(scale.floor / 2, scale.ceiling)
    axes.set_yticks(*_ticks(scale), parse_math=False)
    axes.minorticks_off()
    if panel.law.timeless:
        axes.set_facecolor("0.95")
    for i, line in enumerate(panel.lines):
        _draw(axes, f"line-{number}-{i}", line, scale, i / len(panel.lines), styles[line.label])


def _draw(axes: Axes, gid: str, line: Line, scale: Scale, shift: float, style: Mapping) -> None:
    """A line, its markers shifted from those of lines that it may cover, and a cross at the upper edge where it stops being finite."""
    points = thinned(drawn_points(line), _POINTS)
    spacing = max(1, len(points) // _MARKERS)
    drifts = [scale.clipped(drift) for _, drift in points]
    axes.plot([x for x, _ in points], drifts, gid=gid, markevery=(int(shift * spacing), spacing), **style)
    if (lost := first_not_finite(line)) is not None:
        axes.plot([lost], [scale.ceiling], clip_on=False, zorder=5, **NOT_FINITE)


def _ticks(scale: Scale) -> tuple[list[float], list[str]]:
    """At most eight decades, and below them 0 where some drifts are."""
    decades = range(scale.high, scale.low - 1, -ceil((scale.high - scale.low + 1) / 8))
    zero = ([scale.floor], ["0"]) if scale.zeros else ([], [])
    return [10.0**n for n in decades] + zero[0], [_decade(n) for n in decades] + zero[1]


def _decade(exponent: int) -> str:
    return "1" if exponent == 0 else PROSE.notation.power("10", str(exponent))


def _trim(grid: NDArray, panels: int, x_label: str) -> None:
    """Take the places without a panel out of the grid; the lowest panel of each column has the axis of time."""
    for number, axes in enumerate(grid.flat):
        if number >= panels:
            axes.remove()
        elif number + grid.shape[1] >= panels:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel(x_label, parse_math=False)


def _legend(figure: Figure, plot: DriftPlot, panels: Sequence[Panel], styles: Mapping[str, dict]) -> None:
    """Every line once, below all panels."""
    from matplotlib.lines import Line2D

    entries = dict(styles)
    if plot.tolerance:
        entries[f"tolerance {plot.tolerance:g}"] = TOLERANCE
    if any(first_not_finite(line) is not None for panel in panels for line in panel.lines):
        entries["from here on not finite"] = NOT_FINITE
    handles = [Line2D([], [], **style) for style in entries.values()]
    names = [_drawable(PROSE.text(name)) for name in entries]
    most = int(figure.get_figwidth() / (_HANDLE + max(map(len, names)) / _LETTERS)) or 1
    columns = ceil(len(names) / ceil(len(names) / most))
    legend = figure.legend(handles, names, loc="outside lower center", ncols=columns, frameon=False, handlelength=3.4)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _folded(text: str, inches: float) -> str:
    lines = (line for part in text.split("\n") for line in fold(part, int(inches * _LETTERS), 2, LAW_BREAKS))
    return _drawable("\n".join(lines))


def _drawable(text: str) -> str:
    """The text with what the font lacks written as escapes."""
    known = _glyphs()
    return "".join(char if char == "\n" or ord(char) in known else f"\\u{ord(char):04x}" for char in text)


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(STYLE["font.family"])).get_charmap())

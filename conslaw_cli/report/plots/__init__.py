"""Drifts as pictures: files for papers and browsers, and rows of blocks for the terminal. Matplotlib is imported when a file is drawn."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from conslaw_cli.files import write_file
from conslaw_cli.report.drifts import DriftPlot
from conslaw_cli.visible import visible

FORMATS = {".png": "figure", ".svg": "svg", ".html": "page"}
"""The module of this room that draws what ends so."""
_REMEDY = "name a file in a folder you may write to"


class PlotError(Exception):
    """A plot that cannot be written; ``str()`` is one line with the remedy."""


def refuse_plot(path: str) -> None:
    """Refuse what cannot be drawn or written, before anything is computed for nothing. Raises PlotError."""
    target, shown = Path(path), visible(path)
    if target.suffix.lower() not in FORMATS:
        ending = f'"{visible(target.suffix)}" is' if target.suffix else "no ending is"
        raise PlotError(f"{shown}: {ending} no format of plots; name a file that ends in .png, .svg or .html")
    if target.is_dir():
        raise PlotError(f"{shown}: is a folder; name a file")
    if not os.access(target.parent, os.W_OK):
        reason = "may not be written to" if target.parent.is_dir() else "is no folder"
        raise PlotError(f"{shown}: {visible(str(target.parent))} {reason}; {_REMEDY}")
    if find_spec("matplotlib") is None:
        raise PlotError(f"{shown}: plots need Matplotlib; pip install 'conslaw[plot]'")


def write_plot(plot: DriftPlot, path: str) -> None:
    """Write the plot in the format that the path's suffix names; the file appears whole or not at all. Raises PlotError."""
    refuse_plot(path)
    if not plot.panels:
        raise PlotError(f"{visible(path)}: there is no law to plot")
    content = import_module(f"{__name__}.{FORMATS[Path(path).suffix.lower()]}").drawn(plot)
    try:
        write_file(Path(path), content)
    except OSError as error:
        raise PlotError(f"{visible(path)}: cannot be written: {error.strerror or error}; {_REMEDY}") from None


def terminal(plot: DriftPlot, width: int | None, ascii_only: bool) -> str:
    """The plot as rows of blocks in at most ``width`` columns; None: 80. Nothing without laws."""
    from conslaw_cli.report.plots import blocks

    return blocks.drawn(plot, width, ascii_only) if plot.panels else ""

"""How lines look: by colour, dashes and marker, so that they differ in black and white too."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count, cycle

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "conslaw",
    "savefig.dpi": 150,
    "savefig.facecolor": "white",
}
"""Matplotlib's settings: the same whatever a user's own are; an SVG carries its glyphs and equal plots are equal bytes."""

TOLERANCE = {"color": "0.35", "linestyle": (0, (7, 3)), "linewidth": 0.8}
NOT_FINITE = {"color": "black", "linestyle": "none", "marker": "x", "markersize": 7, "markeredgewidth": 1.6}

_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (9, 2)), (0, (4, 1, 1, 1, 1, 1)), (0, (2, 2)))
_MARKERS = "os^DvPX<"
_COLORS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#b14f8b", "#b07d00", "#3a8fc4", "#6b6b6b")
"""After Okabe and Ito: the colour-blind can tell them apart."""


def looks(labels: Iterable[str]) -> dict[str, dict]:
    """How the line of each label is drawn; a pair of dashes and marker comes again after 56 labels."""
    styles = zip(cycle(_DASHES), cycle(_MARKERS), cycle(_COLORS), count())
    return {
        label: {"linestyle": dashes, "marker": marker, "color": color, "markerfacecolor": "white" if number % 2 else color}
        for label, (dashes, marker, color, number) in zip(labels, styles)
    }

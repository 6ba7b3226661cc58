"""What every picture of drifts shares: which laws and points are drawn, and the decades of the axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, log10

from conslaw_cli.report.drifts import DriftPlot, Line, Panel

LEAST, MOST = -17, 6
"""Decades of a drift: what is smaller is rounding and drawn as 0, what is larger leaves the picture."""

Point = tuple[float, float | None]


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis from 10^low to 10^high; ``zeros``: some drifts are 0, and drawn a decade below it."""

    low: int
    high: int
    zeros: bool

    @property
    def floor(self) -> float:
        """The drift at the lower end of the axis."""
        return 10.0 ** (self.low - self.zeros)

    @property
    def ceiling(self) -> float:
        """The drift at its upper end, a little above the last decade."""
        return 2 * 10.0**self.high

    def clipped(self, drift: float | None) -> float:
        """Where a drift is drawn; nan for one that is not finite."""
        return float("nan") if drift is None else max(drift, self.floor)


def scale_of(panels: Sequence[Panel], tolerance: float | None) -> Scale:
    """The axis on which all drifts and the tolerance have a place."""
    drifts = [drift for panel in panels for line in panel.lines for _, drift in drawn_points(line) if drift is not None]
    seen = [min(log10(drift), MOST) for drift in [*drifts, tolerance or 0.0] if drift >= 10.0**LEAST]
    low, high = floor(min(seen, default=LEAST)), ceil(max(seen, default=0))
    return Scale(low, max(high, low + 1), any(drift < 10.0**LEAST for drift in drifts))


def drawn_points(line: Line) -> list[Point]:
    """The points but for the start, where a drift is 0 by its definition and has no place on a logarithmic axis."""
    points = list(zip(line.x, line.y, strict=True))
    return points[1:] if points and points[0][1] == 0 else points


def thinned(points: list[Point], most: int) -> list[Point]:
    """About ``most`` points of many: of each stretch the least and the greatest, so that no excursion is lost."""
    if len(points) <= most:
        return points
    size = ceil(2 * len(points) / most)
    stretches = (points[i : i + size] for i in range(0, len(points), size))
    return [point for stretch in stretches for point in _extremes(stretch)]


def _extremes(stretch: list[Point]) -> Iterator[Point]:
    drifts = [inf if drift is None else drift for _, drift in stretch]
    for i in sorted({drifts.index(min(drifts)), drifts.index(max(drifts))}):
        yield stretch[i]


def shown_panels(plot: DriftPlot, most: int) -> tuple[tuple[Panel, ...], str]:
    """The panels that are drawn, in their order, and what is said where these are not all: laws go first, by their drift."""
    if len(plot.panels) <= most:
        return plot.panels, ""
    laws = [panel for panel in plot.panels if not panel.law.timeless]
    said = ["without the expressions that lack their time factor"] if len(laws) < len(plot.panels) else []
    if len(laws) > most:
        said = [f"the {most} of {len(laws)} laws with the largest drift", *said]
    largest = sorted(range(len(laws)), key=lambda i: laws[i].worst, reverse=True)[:most]
    return tuple(laws[i] for i in sorted(largest)), ", ".join(said)


def labels(panels: Sequence[Panel]) -> list[str]:
    """What lines are called, each once, in the order they come."""
    return list(dict.fromkeys(line.label for panel in panels for line in panel.lines))


def first_not_finite(line: Line) -> float | None:
    """Where a line stops being finite; None where it never does."""
    return next((x for x, drift in zip(line.x, line.y, strict=True) if drift is None), None)

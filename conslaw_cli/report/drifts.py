"""Laws along a training run as plain data: what tables, plots, JSON and CSV of drifts are written from.

The drift of a law at a time is ||h(t) - h(0)|| relative to its size, the sum of the norms of its terms, each the largest up to then, so that a
balanced start, where h is zero, has a meaning too; norms are Euclidean over all entries of a family, and functions of time are part of the
terms: where one such as exp(tau t) grows, so do rounding errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from msgspec import Struct

from conslaw_cli.report.model import Family

_REGION = "region: some laws are known in the spec's region of the network's branches only; weights that leave it need not keep them."

class LawName(Struct, frozen=True):
    """A family of the report, or one scalar law of a family without a form (``member``, from 0)."""

    family: Family
    member: int | None = None
    timeless: bool = False
    """Whether it is the law's expression without its functions of time, which is no law: it moves."""


class Line(Struct, frozen=True):
    """A drift over time: ``x`` are times or steps, ``y`` relative drifts, not negative; one that is not finite is None."""

    label: str
    """Such as "flow" or "step 0.01"."""
    x: tuple[float, ...]
    y: tuple[float | None, ...]

    @property
    def worst(self) -> tuple[float, float | None]:
        """Where the drift is largest, and that drift; the first that is not finite is larger than all. Raises ValueError without points."""
        return max(zip(self.x, self.y, strict=True), key=lambda point: inf if point[1] is None else point[1])


class Panel(Struct, frozen=True):
    """The lines of one law."""

    law: LawName
    lines: tuple[Line, ...]

    @property
    def worst(self) -> float:
        """The largest drift of its lines, infinity where one is not finite."""
        drifts = [line.worst[1] for line in self.lines]
        return max((inf if drift is None else drift for drift in drifts), default=0.0)


class DriftPlot(Struct, frozen=True):
    """All laws of a run, one panel each; ``x_label`` with its unit, such as "time t" or "training step"."""

    title: str
    x_label: str
    panels: tuple[Panel, ...]
    tolerance: float | None = None
    """A drift up to which a law counts as kept, drawn as a line."""


def of_region(laws: Iterable[LawName]) -> list[str]:
    """The note that some laws ask for, which hold in a region only."""
    return [] if all(law.family.everywhere for law in laws) else [_REGION]


def drift_text(drift: float | None) -> str:
    """A drift with two digits, as tables and plots write it: 2.1e-2, 1.5, 0, not finite."""
    if drift is None:
        return "not finite"
    mantissa, _, exponent = f"{drift:.1e}".partition("e")
    if not drift or not int(exponent):
        return mantissa if drift else "0"
    return f"{mantissa}e{int(exponent)}"

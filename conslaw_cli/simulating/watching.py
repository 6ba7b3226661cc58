"""The laws along one run: at each state that it is told of, their values and those of the same expressions without functions of time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace

from conslaw_cli.evaluation.drift import Drift, Follower
from conslaw_cli.evaluation.values import Evaluator
from conslaw_cli.report.drifts import LawName
from conslaw_cli.training.model import Trained


@dataclass
class Watcher:
    """Follows one run from its start; nothing is kept of its states but values of the laws."""

    evaluator: Evaluator
    trained: Trained
    times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._laws, self._timeless = Follower(self.evaluator), Follower(self.evaluator.timeless)

    def add(self, t: float, theta: np.ndarray, velocity: np.ndarray | None) -> None:
        """The state (D,) at a time."""
        arrays = self.trained.split(theta[None])
        moving = {} if velocity is None else self.trained.split(velocity[None])
        self.times.append(t)
        self._laws.extend(arrays, moving, np.array([t]))
        if self.evaluator.timed:
            self._timeless.extend(arrays, moving, np.array([t]))

    def drifts(self) -> list[tuple[LawName, Drift]]:
        """Of each law, and, right after one that depends on time, of it without its functions of time: that is no law."""
        found: list[tuple[LawName, Drift]] = []
        others = self._timeless.drifts() if self.evaluator.timed else []
        for number, drift in enumerate(self._laws.drifts()):
            found.append((drift.law.name, drift))
            if drift.law.timed:
                found.append((replace(drift.law.name, timeless=True), others[number]))
        return found


def order(sizes: np.ndarray, drifts: np.ndarray, rounding: float, finest: int) -> float | None:
    """The slope of log drift over log step size by least squares on the finest runs; None for fewer than two, or where it is rounding.

    So it is where one of the finest has no drift: what coarser ones have is no order then.
    """
    if not np.isfinite(drifts[-finest:]).all():
        return None
    usable = np.isfinite(drifts) & (drifts > 10 * rounding)
    sizes, drifts = sizes[usable][-finest:], drifts[usable][-finest:]
    return float(np.polyfit(np.log(sizes), np.log(drifts), 1)[0]) if len(sizes) > 1 else None

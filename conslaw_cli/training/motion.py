"""The motion of a spec in floating point: its forces, damping or decay, and the metric's point; what flows and optimizers step along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conslaw_cli.training.metrics import Preconditioner
from conslaw_cli.training.objective import Objective
from conslaw_cli.training.rates import Rate


@dataclass(frozen=True)
class Motion:
    """theta' + rate theta = -M(theta) grad E, or, of second order, theta'' + rate theta' = -M grad E, M at theta or the lookahead point.

    Vectors are (runs, D), times (runs,).
    """

    objective: Objective
    metric: Preconditioner
    rate: Rate
    second_order: bool
    lookahead: bool
    positive: np.ndarray
    """Places in the state vector whose entries must stay positive where the metric is taken."""

    @property
    def title(self) -> str:
        """Where the metric is taken, in words."""
        return ", the metric at the lookahead point" if self.lookahead else ""

    def force(self, theta: np.ndarray, velocity: np.ndarray | None, times: np.ndarray) -> np.ndarray:
        """M grad E."""
        return self.metric(self.objective.gradient(theta, times), self.point(theta, velocity, times))

    def point(self, theta: np.ndarray, velocity: np.ndarray | None, times: np.ndarray) -> np.ndarray:
        """Where the metric is taken: theta, or tau theta + theta'."""
        return self.rate(times)[:, None] * theta + velocity if self.lookahead else theta

    def derivative(self, state: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Of theta, or of (theta, theta'), (runs, D or 2 D)."""
        rates = self.rate(times)[:, None]
        if not self.second_order:
            return -self.force(state, None, times) - rates * state
        theta, velocity = np.split(state, 2, axis=1)
        return np.concatenate([velocity, -self.force(theta, velocity, times) - rates * velocity], axis=1)

    def inside(self, theta: np.ndarray, velocity: np.ndarray | None, times: np.ndarray) -> np.ndarray:
        """Whether the metric is one where it is taken, (runs,)."""
        return (self.point(theta, velocity, times)[:, self.positive] > 0).all(axis=1)

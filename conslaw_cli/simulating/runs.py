"""The discrete optimizer at several step sizes, as one batch: each run has its own step size and time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from conslaw_cli.simulating.plan import Plan
from conslaw_cli.steps import Listener, Step
from conslaw_cli.training.training import Training

Recorder = Callable[[int, int, np.ndarray, np.ndarray | None], None]
"""Told of a run by its number: the step, parameters (D,) and velocities."""
_TOLD = 200
"""Steps between two signs of life."""


def run_all(training: Training, plan: Plan, record: Recorder, listener: Listener) -> dict[int, str]:
    """Run the optimizer at every step size of a plan; why runs, by number, ended early: the others go on."""
    batch = _Batch(training, plan)
    due = [set(plan.due(steps).tolist()) for steps in plan.steps]
    with np.errstate(all="ignore"):
        for done in range(1, plan.steps[-1] + 1):
            batch.step(done)
            for number, theta, velocity in batch.states():
                if done in due[number]:
                    record(number, done, theta, velocity)
            if done % _TOLD == 0:
                listener(Step("simulating", f"step {done:,} of {plan.steps[-1]:,}"))
    return batch.faults


@dataclass
class _Batch:
    """The runs that are not at their end, coarse ones first: those from number ``first`` on."""

    training: Training
    plan: Plan
    first: int = 0
    faults: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        number, velocity = len(self.plan.steps), self.training.velocity
        self.theta = np.repeat(self.training.theta, number, axis=0)
        self.velocity = None if velocity is None else np.repeat(velocity, number, axis=0)

    def step(self, done: int) -> None:
        """The step that makes ``done`` of them."""
        first = bisect_right(self.plan.steps, done - 1)
        if ended := first - self.first:
            self.theta, self.velocity = self.theta[ended:], None if self.velocity is None else self.velocity[ended:]
            self.first = first
        sizes = self.plan.sizes[first:]
        times = self.plan.begin + (done - 1) * sizes
        self.theta, self.velocity = self.training.optimizer.step((self.theta, self.velocity), times, sizes[:, None])
        self._note_faults(done, times + sizes)

    def states(self) -> Iterator[tuple[int, np.ndarray, np.ndarray | None]]:
        """The runs that are well, by number, with their states."""
        for row, theta in enumerate(self.theta):
            if self.first + row not in self.faults:
                yield self.first + row, theta, None if self.velocity is None else self.velocity[row]

    def _note_faults(self, done: int, times: np.ndarray) -> None:
        finite = np.isfinite(self.theta).all(axis=1)
        fit = finite & self.training.motion.inside(self.theta, self.velocity, times)
        for row in np.flatnonzero(~fit):
            what = "left the entries for which the metric is positive" if finite[row] else "diverged"
            said = f"the run with step size {self.plan.sizes[self.first + row]:.3g} {what} at t = {times[row]:.4g} (step {done:,})"
            self.faults.setdefault(self.first + int(row), said)

"""Over which time a training is followed, and in how many steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor, log10

import numpy as np

from conslaw_cli.spec.schema import DynamicsSpec
from conslaw_cli.training.problems import Untrainable
from conslaw_cli.training.training import Training

RECORDS = 32
"""Times after the start at which laws are looked at."""
STEPS, RUNS = 1600, 5
LONGEST = 1.0
"""The longest time that is chosen where none is given."""
MOST_STEPS = 10_000_000


@dataclass(frozen=True)
class Plan:
    """From ``begin`` over ``time``, with these numbers of steps, ascending: step sizes are time/steps."""

    begin: float
    time: float
    steps: tuple[int, ...]

    @cached_property
    def sizes(self) -> np.ndarray:
        """Step sizes h, descending."""
        return self.time / np.array(self.steps)

    @property
    def times(self) -> np.ndarray:
        """The times at which the flow is looked at, (RECORDS + 1,)."""
        return np.linspace(self.begin, self.begin + self.time, RECORDS + 1)

    def due(self, steps: int) -> np.ndarray:
        """The steps after which a run of so many is looked at."""
        return np.unique(np.round(np.linspace(0, steps, RECORDS + 1)).astype(int))[1:]


def plan(training: Training, dynamics: DynamicsSpec, time: float | None, steps: int | None, sizes: Sequence[float]) -> Plan:
    """The plan of a user's choices, what is not chosen filled in. Raises Untrainable."""
    until = None if dynamics.until is None else float(dynamics.until) - training.begin
    if time is not None and until is not None and time >= until:
        raise Untrainable(f"the rate {dynamics.rate.text} is not known to be finite beyond t = {float(dynamics.until):g}: take a time below {until:g}")
    time = time or fitting_time(training, until)
    if sizes:
        return Plan(training.begin, time, tuple(sorted(_number(time, size) for size in set(sizes))))
    finest = steps or STEPS
    return Plan(training.begin, time, tuple(sorted({-(-finest // 2**k) for k in range(RUNS)})))


def _number(time: float, size: float) -> int:
    """Steps of a size in a time, which they must fill."""
    number = round(time / size)
    if not 1 <= number <= MOST_STEPS or abs(number * size - time) > 1e-6 * time:
        raise Untrainable(f"a step size of {size:g} does not divide the time {time:g} into 1 to {MOST_STEPS:,} steps: take --time, or another size")
    return number


def fitting_time(training: Training, until: float | None) -> float:
    """1, 2 or 5 times a power of ten, at most 1: by then parameters have moved by about half of their size, positive ones less."""
    theta, velocity = training.theta, training.velocity
    state = training.state[None]
    with np.errstate(all="ignore"):
        slope = training.motion.derivative(state, np.array([training.begin]))
    size = theta.shape[1]
    moving, bending = slope[:, :size], slope[:, size:] if velocity is not None else np.zeros((1, 1))
    places = training.motion.positive
    times = [_reached(np.linalg.norm(moving), np.linalg.norm(bending), np.linalg.norm(theta) / 2)]
    bends = bending[0, places] if velocity is not None else np.zeros(len(places))
    times += [_reached(*found) for found in zip(np.abs(moving[0, places]), np.abs(bends), theta[0, places] / 2)]
    shortest = min(LONGEST, *times, *([] if until is None else [until / 2]))
    if not shortest > 0:
        raise Untrainable("training does not move from its start, or its gradient is not finite there: take another --seed")
    return _round_down(shortest)


def _reached(speed: float, acceleration: float, distance: float) -> float:
    """The time t with speed t + acceleration t^2/2 = distance."""
    root = np.sqrt(speed**2 + 2 * acceleration * distance) + speed
    return float(2 * distance / root) if root else np.inf


def _round_down(value: float) -> float:
    power = 10.0 ** floor(log10(value))
    return float(f"{max(lead for lead in (1, 2, 5) if lead * power <= value * (1 + 1e-12)) * power:.12g}")

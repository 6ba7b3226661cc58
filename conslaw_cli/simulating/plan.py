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
_MARCH, _PACE = 400, 0.02
"""Steps of the march, and their length relative to the state."""
_SMALL = 30.0
"""Time times stiffness at which a hundredth of the time is a small step."""


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
    """1, 2 or 5 times a power of ten, at most 1: by then the state has moved by about half its size, and a hundred steps are small ones.

    Found by a coarse march in steps of a fixed part of the state's size: the largest ratio between changes of the slope and of the state
    says which steps are small (its root, for what swings). Positive entries keep half of their size.
    """
    begin, motion = training.begin, training.motion
    longest = LONGEST if until is None else min(LONGEST, until / 2)
    first = state = training.state[None]
    time, slope, stiffness = 0.0, _slope(training, state, begin), 0.0
    for _ in range(_MARCH):
        speed = np.linalg.norm(slope)
        h = min(longest - time, _PACE * np.linalg.norm(state) / speed if speed else np.inf)
        ahead = state + h * slope
        if not _near(ahead, first, motion.positive):
            break
        then = _slope(training, ahead, begin + time + h)
        stiffness = max(stiffness, np.linalg.norm(then - slope) / (h * speed) if speed else 0.0)
        state, slope, time = ahead, then, time + h
        if time >= longest:
            break
    rate = stiffness**0.5 if motion.second_order else stiffness
    shortest = min(time, _SMALL / rate) if rate else time
    if not shortest > 0:
        raise Untrainable("training cannot leave its start, where its gradient may not be finite: take another --seed")
    return _round_down(shortest)


def _slope(training: Training, state: np.ndarray, t: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        return training.motion.derivative(state, np.array([t]))


def _near(state: np.ndarray, first: np.ndarray, positive: np.ndarray) -> bool:
    """Whether a state has moved by less than half its size, and positive entries are more than half of what they were."""
    near = np.linalg.norm(state - first) < np.linalg.norm(first) / 2
    return bool(near and (state[:, positive] > first[:, positive] / 2).all())


def _round_down(value: float) -> float:
    power = 10.0 ** floor(log10(value))
    return float(f"{max(lead for lead in (1, 2, 5) if lead * power <= value * (1 + 1e-12)) * power:.12g}")

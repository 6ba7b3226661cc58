"""Over which time a training is followed, and in how many steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor, log10

import numpy as np

from conslaw_cli.limits import LIMITS
from conslaw_cli.spec.schema import DynamicsSpec
from conslaw_cli.training.problems import Untrainable
from conslaw_cli.training.training import Training

RECORDS = 32
"""Times after the start at which laws are looked at."""
STEPS, RUNS = 1600, 5
LONGEST = 2.0
"""The longest time that is chosen where none is given."""
_MARCH, _PACE = 400, 0.02
"""Steps of the march, and their length relative to the state."""
_SMALL = 0.3
"""A step times the stiffness that is small."""


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
        end = f"t = {float(dynamics.until):g}"
        raise Untrainable(f"the rate {dynamics.rate.text} is not known to be finite beyond {end}: take --time below {until:g}")
    numbers = tuple(sorted({-(-(steps or STEPS) // 2**k) for k in range(RUNS)}))
    time = time or fitting_time(training, until, min(numbers[0], STEPS >> RUNS - 1))
    found = Plan(training.begin, time, tuple(sorted({_number(time, size) for size in sizes})) or numbers)
    if not np.isfinite(training.motion.rate(found.times)).all():
        between = f"t = {training.begin:g} and {training.begin + time:g}"
        raise Untrainable(f"the rate {dynamics.rate.text} is not finite between {between}: take another --time, or --set")
    return found


def _number(time: float, size: float) -> int:
    """Steps of a size in a time, which they must fill."""
    number = round(time / size)
    if not 1 <= number <= LIMITS.training_steps or abs(number * size - time) > 1e-6 * time:
        most = f"1 to {LIMITS.training_steps:,} steps"
        raise Untrainable(f"a step size of {size:g} does not divide the time {time:g} into {most}: take --time, or another size")
    return number


@np.errstate(all="ignore")
def fitting_time(training: Training, until: float | None, steps: int) -> float:
    """1, 2 or 5 times a power of ten, at most 2: by then the state has moved by about half its size, and so many steps are small ones.

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
    shortest = min(time, _SMALL * steps / rate) if rate else time
    if not shortest > 0:
        raise Untrainable("training cannot leave its start, where its gradient may not be finite: take another --seed")
    return _round_down(shortest)


def _slope(training: Training, state: np.ndarray, t: float) -> np.ndarray:
    return training.motion.derivative(state, np.array([t]))


def _near(state: np.ndarray, first: np.ndarray, positive: np.ndarray) -> bool:
    """Whether a state has moved by less than half its size, and positive entries are more than half of what they were."""
    near = np.linalg.norm(state - first) < np.linalg.norm(first) / 2
    return bool(near and (state[:, positive] > first[:, positive] / 2).all())


def _round_down(value: float) -> float:
    power = 10.0 ** floor(log10(value))
    return float(f"{max(lead for lead in (1, 2, 5) if lead * power <= value * (1 + 1e-12)) * power:.12g}")

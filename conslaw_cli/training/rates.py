"""The damping or decay of a dynamics as a number at a time, its letters having numbers of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from conslaw_cli.dynamics.timefactors import letter
from conslaw_cli.evaluation.times import time_values
from conslaw_cli.problems import suggestion
from conslaw_cli.spec.schema import DynamicsSpec
from conslaw_cli.training.problems import Untrainable

DEFAULT = 0.5
"""The number of a letter that is given none."""
DEFAULT_START = 1.0
"""The time from which training is followed where laws hold for t > 0 only."""


@dataclass(frozen=True)
class Rate:
    """``text`` at times (runs,); "" for none."""

    text: str
    constants: Mapping[str, float]

    @cached_property
    def _spelled(self) -> dict[str, float]:
        return {letter(name): value for name, value in self.constants.items()}

    def __call__(self, times: np.ndarray) -> np.ndarray:
        return time_values(self.text, times, self._spelled, 0.0) if self.text else np.zeros(times.shape)


def rate(dynamics: DynamicsSpec, numbers: Mapping[str, float]) -> Rate:
    """The rate with a number for each of its letters. Raises Untrainable for a letter that there is not."""
    letters = sorted(dynamics.rate.names - {"t"}) if dynamics.rate else []
    for name in numbers:
        if name not in letters:
            known = f"the letters are {', '.join(letters)}" if letters else "the spec has no letters"
            raise Untrainable(f"{name} is no letter of the damping or decay: {suggestion(name, letters) if letters else known}")
    return Rate(dynamics.rate.text if dynamics.rate else "", {name: numbers.get(name, DEFAULT) for name in letters})


def beginning(dynamics: DynamicsSpec) -> float:
    """The time at which training starts: that from which the laws are claimed, or 1 where they hold for t > 0 only."""
    return DEFAULT_START if dynamics.start is None else float(dynamics.start)

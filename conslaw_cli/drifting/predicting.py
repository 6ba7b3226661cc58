"""What the size of the steps makes of a law's drift under gradient descent, to tell discretisation from a bug.

A step d is orthogonal to the gradient of a law h, so h(theta + d) - h(theta) is of second order: d^T H d / 2 and higher. Over n steps that
together moved by d it is about n (h(theta + d/n) - 2 h(theta) + h(theta - d/n)) / 2, exactly so for quadratic laws and n equal steps;
steps that go to and fro add up to more than that. Under weight decay the same holds of e^(lambda t) theta.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp

import numpy as np

from conslaw_cli.evaluation.times import letters, time_values
from conslaw_cli.evaluation.values import Evaluator, Value
from conslaw_cli.report.model import Report
from conslaw_cli.spec import Spec

Arrays = dict[str, np.ndarray]


def decay_of(spec: Spec, report: Report, constants: Mapping[str, float]) -> float | None:
    """lambda where a step is theta - lr (grad + lambda theta), 0 for none; None for other dynamics and metrics, of which nothing is predicted."""
    dynamics = spec.dynamics
    euclidean = all(metric == "euclidean" for _, metric in report.metric.blocks)
    if dynamics.kind not in ("gradient-flow", "weight-decay") or not euclidean or dynamics.varies_in_time:
        return None
    if dynamics.rate is None:
        return 0.0
    return float(time_values(dynamics.rate.text, np.zeros(1), constants, 0.0)[0]) if letters(dynamics.rate.text) <= set(constants) else None


@dataclass
class Predictor:
    """Adds up what the steps make of each law; ``decay`` is lambda."""

    evaluator: Evaluator
    decay: float
    _before: tuple[Arrays, float, int] | None = None
    _sums: list[np.ndarray] = field(default_factory=list)
    largest: list[float] = field(default_factory=list)
    """For each law the largest drift predicted, relative as drifts are; not finite where a value is not."""

    def add(self, arrays: Arrays, time: float, step: int, now: list[Value], sizes: list[float]) -> None:
        """One more state, with the laws' values there and the sizes that drifts are relative to."""
        if self._before is None:
            self._sums, self.largest = [np.zeros_like(value.values[0]) for value in now], [0.0] * len(now)
        else:
            before, since, last = self._before
            number, shrunk = step - last, exp(self.decay * (since - time))
            moved = {name: (array - shrunk * before[name]) / number for name, array in arrays.items()}
            there, back = (self._values(arrays, moved, sign, time) for sign in (1, -1))
            for k, (value, a, b) in enumerate(zip(now, there, back)):
                with np.errstate(all="ignore"):
                    self._sums[k] += number / 2 * (a - 2 * value.values[0] + b)
                self.largest[k] = _larger(self.largest[k], float(np.linalg.norm(self._sums[k])), sizes[k])
        self._before = arrays, time, step

    def _values(self, arrays: Arrays, moved: Arrays, sign: int, time: float) -> list[np.ndarray]:
        beside = {name: array + sign * moved[name] for name, array in arrays.items()}
        return [value.values[0] for value in self.evaluator.at(beside, None, time)]


def _larger(largest: float, norm: float, size: float) -> float:
    relative = norm / size if size else np.inf if norm else 0.0
    return relative if not relative <= largest else largest

"""How a metric moves parameters by a step: exactly in the dual coordinate of its mirror map, or to first order, theta - h M grad E.

Beck and Teboulle, 2003: the mirror map of diag(theta^a) has the dual coordinate theta^(1-a)/(1-a), log theta for a = 1, in which the step
is -h grad E; a = 1 is the exponentiated gradient (Kivelson and Warmuth 1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conslaw_cli.spec.schema import MetricSpec
from conslaw_cli.training.metrics import Preconditioner
from conslaw_cli.training.model import Trained
from conslaw_cli.vocabulary import UPDATES

DUAL, MULTIPLICATIVE = UPDATES
PRECONDITIONED = "multiplied by the metric"


@dataclass(frozen=True)
class Update:
    """One step along a gradient (runs, D) from theta, of lengths h (runs, 1). ``powers`` holds the places that step in dual coordinates."""

    metric: Preconditioner
    powers: tuple[tuple[slice, float], ...] = ()
    title: str = ""
    """What it makes of gradient descent, in words after the name."""

    def __call__(self, theta: np.ndarray, gradient: np.ndarray, h: np.ndarray) -> np.ndarray:
        moved = theta - h * self.metric(gradient, theta)
        for place, power in self.powers:
            moved[:, place] = _dual(theta[:, place], h * gradient[:, place], power)
        return moved


def _dual(theta: np.ndarray, step: np.ndarray, power: float) -> np.ndarray:
    """The parameters whose dual coordinate is that of theta less the step; not a number where there are none."""
    if power == 1:
        return theta * np.exp(-step)
    rest = 1 - power
    dual = theta**rest - rest * step
    return np.where(dual > 0, dual, np.nan) ** (1 / rest)


def update(kind: str, spec: MetricSpec, trained: Trained, metric: Preconditioner) -> Update:
    """The update of a kind for the metric of a spec, ``metric`` in floating point."""
    if spec.euclidean and not any(of.of_gradients for _, of in spec.blocks):
        return Update(metric)
    dual = {} if kind == MULTIPLICATIVE else {name: float(of.power) for name, of in spec.blocks if of.power}
    others = [name for name, of in spec.blocks if name not in dual and not (of.euclidean and not of.of_gradients)]
    exponentiated, mirrored = [name for name in dual if dual[name] == 1], [name for name in dual if dual[name] != 1]
    kinds = (("exponentiated", exponentiated), ("in the dual coordinates of the mirror map", mirrored), (PRECONDITIONED, others))
    title = "".join(f", {what} on {', '.join(names)}" for what, names in kinds if names)
    return Update(metric, tuple((trained.places[name], power) for name, power in dual.items()), title)

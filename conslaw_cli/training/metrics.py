"""Metrics in floating point: M(point) times a gradient, for state vectors (runs, D)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from conslaw_cli.graph.nodes import as_matrix
from conslaw_cli.metrics import Metric
from conslaw_cli.metrics.base import Matrix
from conslaw_cli.spec.schema import MetricSpec
from conslaw_cli.training.model import Trained


class FloatRing:
    """Arithmetic on arrays (runs, rows, columns), as metrics ask for it (:class:`conslaw_cli.metrics.base.Ring`)."""

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a * b

    def power(self, a: np.ndarray, exponent: int | Fraction) -> np.ndarray:
        return a ** float(exponent)

    def add(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a + b

    def constant(self, value: Fraction) -> float:
        return float(value)

    def columns(self, a: np.ndarray) -> list[np.ndarray]:
        return [a[..., k] for k in range(a.shape[-1])]

    def joined(self, columns: list[np.ndarray]) -> np.ndarray:
        return np.stack(columns, axis=-1)

    def transform(self, left: Matrix | None, a: np.ndarray, right: Matrix | None) -> np.ndarray:
        a = a if left is None else np.array(left, dtype=float) @ a
        return a if right is None else a @ np.array(right, dtype=float)


RING = FloatRing()


class Preconditioner(Protocol):
    def __call__(self, gradient: np.ndarray, point: np.ndarray) -> np.ndarray:
        """M(point) gradient for vectors (runs, D)."""


@dataclass(frozen=True)
class ByBlocks:
    """The metric of each block: (place in the state vector, rows and columns, metric). Euclidean blocks are left out."""

    blocks: tuple[tuple[slice, tuple[int, int], Metric], ...]

    def __call__(self, gradient: np.ndarray, point: np.ndarray) -> np.ndarray:
        if not self.blocks:
            return gradient
        found = gradient.copy()
        for place, shape, metric in self.blocks:
            sizes = (len(gradient), *shape)
            moved = metric.apply(RING, gradient[:, place].reshape(sizes), point[:, place].reshape(sizes))
            found[:, place] = moved.reshape(len(gradient), -1)
        return found


def by_blocks(spec: MetricSpec, trained: Trained) -> ByBlocks:
    """The metric of a spec that is not made of the model's gradients; one of all parameters has the whole vector as one row."""
    whole = next((metric for _, metric in spec.blocks if metric.of_all), None)
    if whole is not None:
        return ByBlocks(((slice(None), (1, trained.size), whole),))
    shapes = dict(trained.blocks)
    return ByBlocks(tuple((trained.places[name], as_matrix(shapes[name]), metric) for name, metric in spec.blocks if not metric.euclidean))

"""Metrics at real parameters: M times a gradient, in floating point."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from conslaw_cli.graph.nodes import Shape, as_matrix
from conslaw_cli.metrics.base import Matrix, Metric


class Numbers:
    """Arithmetic on the entries of a block, (rows, columns), real or complex: the ring that a metric is applied in."""

    def add(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a + b

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a * b

    def power(self, a: np.ndarray, exponent: int | Fraction) -> np.ndarray:
        return a ** float(exponent)

    def constant(self, value: Fraction) -> np.ndarray:
        return np.array(float(value))

    def columns(self, a: np.ndarray) -> list[np.ndarray]:
        return list(a.T)

    def joined(self, columns: list[np.ndarray]) -> np.ndarray:
        return np.stack(np.broadcast_arrays(*columns), axis=-1)

    def transform(self, left: Matrix | None, a: np.ndarray, right: Matrix | None) -> np.ndarray:
        a = a if left is None else _real(left) @ a
        return a if right is None else a @ _real(right)


def _real(matrix: Matrix) -> np.ndarray:
    return np.array([[float(entry) for entry in row] for row in matrix])


def times_metric(metrics: dict[str, Metric], shapes: dict[str, Shape], gradient: np.ndarray, point: np.ndarray) -> np.ndarray:
    """M(point) gradient, both (D,), for the metric of each block by name; one of all parameters takes them as a single row."""
    if all(metric.euclidean for metric in metrics.values()):
        return gradient
    first = next(iter(metrics.values()))
    if first.of_all and not first.separate:
        return first.apply(Numbers(), gradient[None], point[None])[0]
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()])[:-1]
    moved = [
        metrics[name].apply(Numbers(), *(part.reshape(as_matrix(shapes[name])) for part in parts)).ravel()
        for name, *parts in zip(shapes, np.split(gradient, ends), np.split(point, ends))
    ]
    return np.concatenate(moved)

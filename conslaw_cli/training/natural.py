"""The natural gradient in floating point: M = (J^T J)^+, J being the derivative of all outputs over the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from conslaw_cli.graph.program import COTANGENT
from conslaw_cli.training.data import Data
from conslaw_cli.training.model import Trained

LARGEST = 2_000
"""Parameters of a model whose J^T J is inverted."""
_CUTOFF = 1e-10
"""Eigenvalues below this part of the largest one count as zero."""


@dataclass(frozen=True)
class NaturalGradient:
    """M(point) gradient for state vectors (runs, D)."""

    trained: Trained
    data: Data

    @cached_property
    def _rows(self) -> tuple:
        """The gradients of one output of one sample each: every sample stands once for each of its outputs."""
        shape = self.data.targets.shape[1:]
        size = int(np.prod(shape))
        inputs = {name: np.repeat(array, size, axis=0) for name, array in self.data.inputs.items()}
        units = np.tile(np.eye(size), (self.data.samples, 1)).reshape(-1, *shape)
        graph = self.trained.compiled(over_samples=False)
        return graph, graph.with_data(inputs), units[None]

    def __call__(self, gradient: np.ndarray, point: np.ndarray) -> np.ndarray:
        jacobian = self._jacobian(point)
        squares = jacobian.swapaxes(1, 2) @ jacobian / self.data.samples
        return (np.linalg.pinv(squares, rcond=_CUTOFF, hermitian=True) @ gradient[..., None])[..., 0]

    def _jacobian(self, point: np.ndarray) -> np.ndarray:
        """(runs, outputs of all samples, D)."""
        graph, known, units = self._rows
        slots = dict(known)
        graph.value(slots, self.trained.split(point))
        parts = graph.pulled(slots, {COTANGENT: units})
        found = np.zeros((len(point), units.shape[1], self.trained.size))
        for place, part in zip(self.trained.places.values(), parts):
            found[:, :, place] = part.reshape(*part.shape[:2], -1)
        return found

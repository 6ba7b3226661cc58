"""The output of a network at random inputs, before and after its weights moved."""

from __future__ import annotations

import numpy as np

from conslaw_cli.training.data import random_data
from conslaw_cli.training.model import Trained

SAMPLES = 64
_CHUNK = 1 << 22
"""Entries of the largest array on the way."""


class Probe:
    """A network at random inputs: Gaussian, or one-hot rows where the spec says so."""

    def __init__(self, trained: Trained, seed: int) -> None:
        self.trained, self._graph, self._data = trained, trained.compiled(), random_data(trained, seed, SAMPLES)
        self.samples = self._data.samples if trained.inputs else 0
        """Number of inputs; 0 for phi, which has none."""

    def outputs(self, theta: np.ndarray) -> np.ndarray:
        """At theta (D,), (samples, *shape); under cross-entropy less their mean over the classes, which no loss sees."""
        graph, arrays = self._graph, self.trained.split(theta[None])
        with np.errstate(all="ignore"):
            parts = [graph.value(graph.with_data(part.inputs), arrays)[0] for part in self._data.chunks(max(1, _CHUNK // graph.entries))]
        found = np.concatenate(parts)
        return found - found.mean(-1, keepdims=True) if self.trained.classes else found

    def change(self, before: np.ndarray, after: np.ndarray) -> float:
        """The largest difference of the outputs at two theta, relative to their size; infinite where one is lost, or there is none."""
        then, now = self.outputs(before), self.outputs(after)
        seen = np.isfinite(then)
        if not seen.any() or not np.isfinite(now[seen]).all():
            return np.inf
        difference = np.abs(now[seen] - then[seen]).max()
        return float(difference / np.abs(then[seen]).max()) if difference else 0.0

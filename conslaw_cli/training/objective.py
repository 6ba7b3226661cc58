"""What is descended, at state vectors (runs, D): the mean loss over the samples, or the motion of vector fields under controls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from conslaw_cli.graph.program import COTANGENT
from conslaw_cli.rings.gaussian import normal
from conslaw_cli.rings.stream import Stream
from conslaw_cli.training.compiled import Compiled
from conslaw_cli.training.data import Data
from conslaw_cli.training.losses import loss, slope
from conslaw_cli.training.model import Trained

_ENTRIES = 1 << 22
"""Entries of the largest array on the way, above which samples are taken in chunks."""
_WAVES = 3

Slots = dict[int, np.ndarray]


class Objective(Protocol):
    def gradient(self, states: np.ndarray, times: np.ndarray) -> np.ndarray:
        """The gradient at states (runs, D), each at its time (runs,)."""


@dataclass(frozen=True)
class MeanLoss:
    """The mean loss over data; it does not depend on time."""

    trained: Trained
    data: Data

    @cached_property
    def _compiled(self) -> Compiled:
        return self.trained.compiled()

    @cached_property
    def _chunks(self) -> list[tuple[Slots, np.ndarray]]:
        """Slots with the data of each chunk of samples, and the targets."""
        size = max(1, _ENTRIES // self._compiled.entries)
        return [(self._compiled.with_data(part.inputs), part.targets[None]) for part in self.data.chunks(size)]

    def value(self, states: np.ndarray) -> np.ndarray:
        """The loss at each state, (runs,)."""
        losses = [loss(self.trained.loss, outputs, targets).sum(1) for outputs, targets, _ in self._outputs(states)]
        return sum(losses) / self.data.samples

    def gradient(self, states: np.ndarray, times: np.ndarray) -> np.ndarray:
        total = np.zeros(states.shape)
        for outputs, targets, slots in self._outputs(states):
            pull = slope(self.trained.loss, outputs, targets) / self.data.samples
            free = pull[..., :-1] if self.trained.classes else pull
            _add(total, self.trained, self._compiled.pulled(slots, {COTANGENT: free}))
        return total

    def _outputs(self, states: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, Slots]]:
        """Outputs, targets and slots of each chunk."""
        parameters = self.trained.split(states)
        for known, targets in self._chunks:
            slots = dict(known)
            yield self._compiled.value(slots, parameters), targets, slots


@dataclass(frozen=True)
class Controlled:
    """-sum_k u_k(t) X_k(theta) for vector fields X_k, so that what descends it follows them; u_k are seeded sums of waves."""

    trained: Trained
    seed: int

    @cached_property
    def _compiled(self) -> Compiled:
        return self.trained.compiled()

    @cached_property
    def _waves(self) -> np.ndarray:
        """Amplitudes and phases, (2, fields, waves)."""
        return normal(Stream(self.seed), "controls", np.array([0]), (2, self.trained.output.shape[0], _WAVES))[0]

    def controls(self, times: np.ndarray) -> np.ndarray:
        """u_k(t), (runs, fields)."""
        amplitudes, phases = self._waves
        return (amplitudes * np.sin(times[:, None, None] * np.arange(1, _WAVES + 1) + phases)).sum(-1)

    def gradient(self, states: np.ndarray, times: np.ndarray) -> np.ndarray:
        total, slots = np.zeros(states.shape), self._compiled.with_data({})
        self._compiled.value(slots, self.trained.split(states))
        _add(total, self.trained, self._compiled.pulled(slots, {COTANGENT: -self.controls(times)[:, None, :, None]}))
        return total


def _add(total: np.ndarray, trained: Trained, parts: list[np.ndarray]) -> None:
    """Gradients by blocks, (runs or 1, 1, *shape), added to vectors (runs, D)."""
    for place, part in zip(trained.places.values(), parts):
        total[:, place] += part.reshape(len(part), -1)

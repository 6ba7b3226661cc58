"""How far laws drift along a run, state by state: nothing is kept of a state but its values of the laws."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from conslaw_cli.evaluation.graphs import LawGraph
from conslaw_cli.evaluation.values import Arrays, Evaluator, Value

ROUNDING = 2.0**-10
"""Of the growth of a function of time, what counts as size: float32 rounds to 2^-24, over some thousand steps to 2^-20."""


@dataclass(frozen=True)
class Drift:
    """One law along a run of K states. ``drifts`` (K,) are ||h - h(start)|| relative to its size, 0/0 being 0.

    The size is the sum of the norms of the law's terms, each the largest up to then, times their functions of time at the start. Rounding
    errors grow with a function such as exp(tau t), so ``ROUNDING`` of its growth is added; one that is 0 at the start, such as t^3, counts
    as it is.
    """

    law: LawGraph
    times: np.ndarray
    start: np.ndarray
    """Its value at the start, of the law's shape."""
    end: np.ndarray
    size: float
    """Its size at the start."""
    drifts: np.ndarray

    @property
    def largest(self) -> float:
        """The largest relative drift; not finite where a value is not."""
        return float(np.max(np.where(np.isnan(self.drifts), np.inf, self.drifts)))

    @property
    def worst(self) -> int:
        """The number of the state that has it, from 0."""
        return int(np.argmax(np.where(np.isnan(self.drifts), np.inf, self.drifts)))


@dataclass
class Follower:
    """Follows the laws of an evaluator along a run."""

    evaluator: Evaluator
    _start: list[Value] = field(default_factory=list)
    _end: list[Value] = field(default_factory=list)
    _times: list[np.ndarray] = field(default_factory=list)
    _distances: list[np.ndarray] = field(default_factory=list)
    """For some states the distances from the start, (laws, states)."""
    _sizes: list[np.ndarray] = field(default_factory=list)
    """For the same states what they are relative to."""
    _largest: list[np.ndarray] = field(default_factory=list)
    """For each law the largest norms of its terms up to now."""

    @property
    def latest(self) -> list[Value]:
        """The laws at the states that came last."""
        return self._end

    @property
    def sizes(self) -> np.ndarray:
        """For each law what its distance from the start is relative to, at the last state."""
        return self._sizes[-1][:, -1]

    def add(self, arrays: Arrays, velocities: Arrays | None = None, t: float | None = None) -> None:
        """One more state. Raises ValueError as :meth:`Evaluator.values`."""
        self._follow(self.evaluator.at(arrays, velocities, t), np.array([np.nan if t is None else t]))

    def extend(self, arrays: Arrays, velocities: Arrays, times: np.ndarray) -> None:
        """K more states, with arrays (K, *shape)."""
        self._follow(self.evaluator.along(arrays, velocities, times), times)

    def _follow(self, values: list[Value], times: np.ndarray) -> None:
        self._start = self._start or values
        distances = [_distances(value.values, start.values[0]) for value, start in zip(values, self._start)]
        self._end = values
        self._times.append(times)
        self._distances.append(np.array(distances).reshape(len(values), len(times)))
        norms = [_largest(value, before) for value, before in zip(values, self._largest or [0.0] * len(values))]
        sizes = [_sizes(of, value.factors, start.factors[:, :1]) for of, value, start in zip(norms, values, self._start)]
        self._sizes.append(np.array(sizes).reshape(len(values), len(times)))
        self._largest = [of[:, -1:] for of in norms]

    def drifts(self) -> list[Drift]:
        """The drift of each law up to now; there must be a state."""
        times, distances, sizes = np.concatenate(self._times), *(np.concatenate(part, axis=1) for part in (self._distances, self._sizes))
        return [
            Drift(a.law, times, a.values[0], b.values[-1], float(a.sizes[0]), _relative(row, size))
            for a, b, row, size in zip(self._start, self._end, distances, sizes)
        ]


def _distances(values: np.ndarray, start: np.ndarray) -> np.ndarray:
    return np.linalg.norm((values - start).reshape(len(values), -1), axis=1)


def _largest(value: Value, before: np.ndarray | float) -> np.ndarray:
    """The largest norms of the terms up to each state, (terms, K)."""
    return np.maximum.accumulate(np.maximum(value.norms, before), axis=1)


def _sizes(norms: np.ndarray, factors: np.ndarray, first: np.ndarray) -> np.ndarray:
    """What distances from the start are relative to, (K,)."""
    base = np.abs(np.where(first == 0, factors, first))
    return (norms * (base + ROUNDING * np.maximum(np.abs(factors) - base, 0))).sum(axis=0)


def _relative(distances: np.ndarray, size: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.where(distances == 0, 0.0, distances / size)

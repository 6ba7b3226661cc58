"""How far laws drift along a run, state by state: nothing is kept of a state but numbers of the laws.

The drift of a law h at a state is ||h - h(start)|| over its size: the sum of the norms of its terms, each the largest up to then, and so are
functions of time in them (Euclidean norms over all entries; 0/0 is 0). The largest and not the last, as terms of velocities become small where
training ends, and rounding errors do not. All of it is divided by the largest function of time, as one such as exp(tau t) grows beyond all
numbers: what is left of h(start) is then nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from conslaw_cli.evaluation.graphs import LawGraph
from conslaw_cli.evaluation.values import Arrays, Evaluator, Value


@dataclass(frozen=True, repr=False)
class Drift:
    """One law along a run of K states."""

    law: LawGraph
    times: np.ndarray
    start: np.ndarray
    """Its value at the start, of the law's shape."""
    end: np.ndarray
    growth: float
    """How many times larger the functions of time in it are at the end than at the start: so many times rounding errors are too."""
    drifts: np.ndarray
    """Relative, (K,)."""

    def __repr__(self) -> str:
        return f"Drift({self.law.key}: {self.largest:.3g} at state {self.worst + 1} of {len(self.drifts)})"

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
    latest: list[Value] = field(default_factory=list)
    """The laws at the states that came last."""
    _start: list[Value] = field(default_factory=list)
    _times: list[np.ndarray] = field(default_factory=list)
    _drifts: list[np.ndarray] = field(default_factory=list)
    """For some states the drifts, (laws, states)."""
    _largest: list[_Largest] = field(default_factory=list)
    """For each law what is largest at the states that came last."""

    def add(self, arrays: Arrays, velocities: Arrays | None = None, t: float | None = None) -> None:
        """One more state. Raises ValueError as :meth:`Evaluator.values`."""
        self._follow(self.evaluator.at(arrays, velocities, t), np.array([np.nan if t is None else t]))

    def extend(self, arrays: Arrays, velocities: Arrays, times: np.ndarray) -> None:
        """K more states, with arrays (K, *shape)."""
        self._follow(self.evaluator.along(arrays, velocities, times), times)

    def _follow(self, values: list[Value], times: np.ndarray) -> None:
        self.latest = values
        self._start = self._start or values
        self._times.append(times)
        with np.errstate(all="ignore"):
            self._largest = [_Largest.of(*both) for both in zip(values, self._largest or [None] * len(values))]
            drifts = [largest.drifts(value, start) for largest, value, start in zip(self._largest, values, self._start)]
        self._drifts.append(np.array(drifts).reshape(len(values), len(times)))

    def sizes(self) -> list[float]:
        """For each law what its distance from the start is relative to, at the last state."""
        with np.errstate(all="ignore"):
            return [float((largest.sizes * largest.scales)[-1]) for largest in self._largest]

    def drifts(self) -> list[Drift]:
        """The drift of each law up to now; there must be a state."""
        times, drifts = np.concatenate(self._times), np.concatenate(self._drifts, axis=1)
        with np.errstate(all="ignore"):
            ends = [(start.values[0], end.values[-1], _growth(start, end)) for start, end in zip(self._start, self.latest)]
        return [Drift(value.law, times, *end, row) for value, end, row in zip(self._start, ends, drifts)]


@dataclass(frozen=True)
class _Largest:
    """Of a law's terms at K states the largest norms, and the largest functions of time, up to each, (terms, K)."""

    norms: np.ndarray
    factors: np.ndarray

    @staticmethod
    def of(value: Value, before: _Largest | None) -> _Largest:
        """``before`` are those of the states before."""
        norms, factors = value.norms, np.abs(value.factors)
        if before is not None:
            norms, factors = np.maximum(norms, before.norms[:, -1:]), np.maximum(factors, before.factors[:, -1:])
        return _Largest(np.maximum.accumulate(norms, axis=1), np.maximum.accumulate(factors, axis=1))

    @property
    def scales(self) -> np.ndarray:
        """The largest function of time, at least one, (K,)."""
        return self.factors.max(axis=0, initial=1.0)

    @property
    def sizes(self) -> np.ndarray:
        """The law's sizes, divided by the scales, (K,)."""
        return (self.norms * _scaled(self.factors, self.scales)).sum(axis=0)

    def drifts(self, value: Value, start: Value) -> np.ndarray:
        """(K,)"""
        first = start.values[0] / self.scales.reshape(-1, *[1] * len(value.law.shape))
        changes = value.summed(_scaled(value.factors, self.scales)) - first
        distances = np.linalg.norm(changes.reshape(len(changes), -1), axis=1)
        return np.where(distances == 0, 0.0, distances / self.sizes)


def _scaled(factors: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Functions of time divided by scales; of one beyond all numbers its sign is left."""
    return np.where(np.isinf(factors), np.sign(factors), factors / scales)


def _growth(start: Value, end: Value) -> float:
    """Of the largest function of time from the start to the end."""
    return float(np.abs(end.factors[:, -1]).max(initial=0) / max(np.abs(start.factors[:, 0]).max(initial=0), np.finfo(float).tiny))

"""Values of laws at arrays of parameters, in float64: no count rests on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from conslaw_cli.evaluation.graphs import LawGraph, graphs_of, needs
from conslaw_cli.evaluation.integrals import integrals
from conslaw_cli.evaluation.leaves import VELOCITY
from conslaw_cli.evaluation.times import time_values
from conslaw_cli.graph.nodes import Generic, Shape, topological_order
from conslaw_cli.problems import suggestion
from conslaw_cli.report.model import Family
from conslaw_cli.report.untimed import untimed_family
from conslaw_cli.rings.floats import Floats

Arrays = Mapping[str, Any]
"""Arrays by the names of blocks."""


@dataclass(frozen=True)
class Value:
    """A law's graph at K states: its terms without their functions of time, (K, *shape) each, and these functions, (terms, K)."""

    law: LawGraph
    terms: tuple[np.ndarray, ...]
    factors: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """The values of the law, (K, *shape)."""
        return self.summed(self.factors)

    @property
    def norms(self) -> np.ndarray:
        """Those of its terms without their functions of time, (terms, K)."""
        return np.array([np.broadcast_to(_norms(term), self.factors.shape[1:]) for term in self.terms]).reshape(self.factors.shape)

    def summed(self, factors: np.ndarray) -> np.ndarray:
        """The sum of the terms, each times its factors, (K, *shape)."""
        with np.errstate(all="ignore"):
            parts = [term * row.reshape(-1, *[1] * len(self.law.shape)) for term, row in zip(self.terms, factors)]
            return np.broadcast_to(sum(parts), (factors.shape[1], *self.law.shape))


@dataclass(frozen=True)
class Evaluator:
    """Families of laws as functions of arrays."""

    families: tuple[Family, ...]
    shapes: Mapping[str, Shape]
    """Those of the blocks, by name."""
    start: float = 1.0
    """The time from which integrals over time are taken."""
    constants: Mapping[str, float] = field(default_factory=dict)
    """Numbers for the letters that a spec leaves open, such as tau."""

    @cached_property
    def laws(self) -> tuple[LawGraph, ...]:
        """Their graphs."""
        return graphs_of(self.families, self.shapes)

    @cached_property
    def letters(self) -> frozenset[str]:
        """The letters that need a number."""
        return frozenset().union(*(law.letters for law in self.laws))

    @cached_property
    def timed(self) -> bool:
        """Whether some law needs the time."""
        return any(law.timed for law in self.laws)

    @cached_property
    def timeless(self) -> Evaluator:
        """The same expressions without their functions of time, in the same order."""
        return replace(self, families=tuple(map(untimed_family, self.families)))

    @cached_property
    def needs(self) -> tuple[frozenset[str], frozenset[str]]:
        """The blocks that the laws are of, and those of which they need the velocity."""
        return needs(self.laws, self.shapes)

    def values(self, arrays: Arrays, velocities: Arrays | None = None, t: float | None = None) -> dict[str, np.ndarray]:
        """The laws by their keys at one state. Raises ValueError for arrays that are missing or of another shape, or numbers that are."""
        return {found.law.key: found.values[0] for found in self.at(arrays, velocities, t)}

    def at(self, arrays: Arrays, velocities: Arrays | None = None, t: float | None = None) -> list[Value]:
        """The laws and their sizes at one state. Raises ValueError as :meth:`values`."""
        if self.timed and t is None:
            raise ValueError("the laws depend on time: give t")
        return self.along(*(self._batched(part) for part in self._checked(arrays, velocities)), np.array([0.0 if t is None else t]))

    def along(self, arrays: Arrays, velocities: Arrays, times: np.ndarray) -> list[Value]:
        """The same at K states: arrays (K, *shape) of the needed blocks, times (K,). Raises ValueError for letters without a number."""
        if missing := sorted(self.letters - set(self._numbers)):
            raise ValueError(f"give a number for {', '.join(missing)}")
        known = {**arrays, **{VELOCITY + name: array for name, array in velocities.items()}}
        with np.errstate(all="ignore"):
            return [self._value(law, known, times) for law in self.laws]

    @cached_property
    def _numbers(self) -> dict[str, float]:
        return {"lamda" if name == "lambda" else name: float(value) for name, value in self.constants.items()}

    def _value(self, law: LawGraph, arrays: Arrays, times: np.ndarray) -> Value:
        if law.integrals:
            return self._integrals(law, arrays, times)
        generics = {node.name: node for node in topological_order(*law.nodes) if isinstance(node, Generic)}
        numbers = {name: self._time(name, times[:1]) for name in generics}
        terms = tuple(Floats(arrays, {}, numbers).evaluate(*law.nodes))
        return Value(law, terms, np.array([np.broadcast_to(self._time(term.time, times), times.shape) for term in law.terms]))

    def _integrals(self, law: LawGraph, arrays: Arrays, times: np.ndarray) -> Value:
        curve = law.integrals[0].curve
        blocks = (arrays[name] for name in (curve.first, curve.middle, curve.last))
        found = np.array([integrals(curve, *weights) for weights in zip(*blocks)])
        alone = tuple(found * unit for unit in np.eye(len(law.integrals)))
        return Value(law, alone, np.stack([np.broadcast_to(self._time(one.time, times), times.shape) for one in law.integrals]))

    def _time(self, text: str, times: np.ndarray) -> np.ndarray:
        return np.ones(1) if text == "1" else time_values(text, times, self._numbers, self.start)

    def _checked(self, arrays: Arrays, velocities: Arrays | None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The arrays that are needed, as float64. Raises ValueError for those that are missing or of another shape."""
        blocks, moving = self.needs
        if moving and velocities is None:
            raise ValueError(f"the laws are of velocities: give those of {', '.join(sorted(moving))}")
        of_velocities = {name: _fitting(name, self.shapes[name], velocities or {}, "velocity") for name in sorted(moving)}
        return {name: _fitting(name, self.shapes[name], arrays, "array") for name in sorted(blocks)}, of_velocities

    @staticmethod
    def _batched(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: array[None] for name, array in arrays.items()}


def _fitting(name: str, shape: tuple[int, ...], arrays: Arrays, what: str) -> np.ndarray:
    if name not in arrays:
        raise ValueError(f"no {what} {name}: {suggestion(name, map(str, arrays))}".rstrip(": "))
    array = np.asarray(arrays[name], dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"the {what} {name} has the shape {array.shape}, not {shape}")
    return array


def _norms(values: np.ndarray) -> np.ndarray:
    """Euclidean norms over all axes but the first."""
    return np.linalg.norm(values.reshape(len(values), -1), axis=1)


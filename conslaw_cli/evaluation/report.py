"""The report that can be evaluated, which is what ``analyze`` gives: its laws as functions of arrays, in float64."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from conslaw_cli.report import model

if TYPE_CHECKING:
    import numpy as np

    from conslaw_cli.evaluation.drift import Drift

Arrays = Mapping[str, Any]
Constants = Mapping[str, float] | None


class Laws(model.LawsSummary, kw_only=True):
    """The laws, which can be called: ``report.laws(arrays)``."""

    blocks: tuple[tuple[str, tuple[int, ...]], ...]
    start: float

    def __call__(
        self, arrays: Arrays, velocities: Arrays | None = None, t: float | None = None, constants: Constants = None
    ) -> dict[str, np.ndarray]:
        """Their values at one state by their ASCII names: (k, k) for a matrix of laws, (k,) for one law for each neuron, () for one.

        ``arrays`` maps the names of blocks to arrays of their shapes, ``velocities`` likewise where laws are of velocities; ``constants``
        are numbers for letters such as tau. Raises ValueError for what is missing or of another shape.
        """
        return self.evaluator(constants).values(arrays, velocities, t)

    def evaluator(self, constants: Constants = None) -> Any:
        """What evaluates them (:class:`conslaw_cli.evaluation.values.Evaluator`)."""
        from conslaw_cli.evaluation.values import Evaluator

        return Evaluator(self.families, dict(self.blocks), self.start, constants or {})


class Report(model.Report):
    """A report whose laws can be evaluated."""

    def drift(
        self,
        states: Iterable[Arrays],
        velocities: Iterable[Arrays] | None = None,
        times: Iterable[float] | None = None,
        constants: Constants = None,
    ) -> dict[str, Drift]:
        """How far the laws drift along the states of a run, by their ASCII names (:class:`conslaw_cli.evaluation.drift.Drift`).

        Raises ValueError as the laws do, for no states, and for velocities or times of another number.
        """
        from conslaw_cli.evaluation.drift import Follower

        follower, states = Follower(self.laws.evaluator(constants)), _states(states)
        for state, moving, time in zip(states, _as_many("velocities", velocities, states), _as_many("times", times, states)):
            follower.add(state, moving, time)
        return {drift.law.key: drift for drift in follower.drifts()}


def _states(states: Iterable[Arrays]) -> list[Arrays]:
    """Raises ValueError for what is no list of mappings."""
    found = [] if isinstance(states, (Mapping, str)) else list(states)
    if not found or not all(isinstance(state, Mapping) for state in found):
        raise ValueError("a run is a list of states, one at least, each a mapping of names to arrays")
    return found


def _as_many(what: str, given: Iterable | None, states: list) -> list:
    """One for each state, None where there are none. Raises ValueError for another number."""
    found = [None] * len(states) if given is None else list(given)
    if len(found) != len(states):
        raise ValueError(f"{len(found)} {what} for {len(states)} states: give one for each")
    return found


def evaluated(report: model.Report) -> Report:
    """The same report, which can be evaluated."""
    start = report.dynamics.start
    laws = Laws(**asdict(report.laws), blocks=report.model.blocks, start=1.0 if start is None else float(Fraction(start)))
    return Report(**{**asdict(report), "laws": laws})

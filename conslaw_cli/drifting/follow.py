"""The laws of a report along the checkpoints of a run: one state after another is read, evaluated and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from conslaw_cli.checkpoints.archives import Archive
from conslaw_cli.checkpoints.faults import CheckpointError
from conslaw_cli.checkpoints.matching import VELOCITY, Matching
from conslaw_cli.checkpoints.options import maps, velocities
from conslaw_cli.checkpoints.runs import Moment, archives, shapes_at
from conslaw_cli.checkpoints.searching import Wanted, match
from conslaw_cli.drifting.numbers import Settings, constants
from conslaw_cli.drifting.predicting import Predictor, decay_of
from conslaw_cli.evaluation.drift import Drift, Follower
from conslaw_cli.evaluation.report import Report
from conslaw_cli.evaluation.values import Evaluator
from conslaw_cli.report.drifttable import DriftTable, Found, LawDrift
from conslaw_cli.spec import Spec
from conslaw_cli.steps import Listener, Step, nobody

_BAR = 24
MOST_GROWTH = 1e6
"""Growth of a function of time, and with it of rounding errors, beyond which the value of a law at the end is not told."""


@dataclass(frozen=True)
class Said:
    """What the user says: texts of --map and --velocity, the optimizer's settings, and the tolerance of drifts."""

    maps: tuple[str, ...] = ()
    velocities: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    tolerance: float | None = None


def follow(spec: Spec, report: Report, run: Sequence[Moment], said: Said, listener: Listener = nobody) -> DriftTable:
    """The drifts of all laws that the report of the spec lists. Raises CheckpointError."""
    numbers = constants(spec, report.laws.evaluator().letters, said.settings)
    evaluator = report.laws.evaluator(numbers)
    times = _times(run, evaluator, said.settings.learning_rate)
    decay = decay_of(spec, report, numbers) if run[0].counted else None
    decay = None if decay and times is None else decay
    walk = _Walk(evaluator, _wanted(evaluator, said), None if decay is None else Predictor(evaluator, decay))
    clock = None if times is None else _clock(spec, times)
    for number, (moment, archive) in enumerate(archives(run)):
        listener(Step("following the laws", _progress(number, len(run))))
        walk.add(moment, archive, None if clock is None else clock[number])
    return DriftTable(
        report,
        (run[0].file, run[-1].file),
        tuple(moment.step for moment in run),
        times,
        run[0].counted,
        walk.found,
        {name: numbers[name] for name in sorted(numbers)},
        walk.laws,
        decay is not None,
        said.tolerance,
        walk.others,
    )


def _wanted(evaluator: Evaluator, said: Said) -> Wanted:
    needed, moving = evaluator.needs
    if said.velocities and evaluator.laws and not moving:
        raise CheckpointError("--velocity is of no use: no law of the spec is of velocities", "leave it out, or write a spec of momentum")
    of_blocks, pattern = velocities(said.velocities, evaluator.shapes)
    return Wanted(evaluator.shapes, needed | moving, moving, maps(said.maps, evaluator.shapes), of_blocks, pattern)


def _times(run: Sequence[Moment], evaluator: Evaluator, learning_rate: float | None) -> tuple[float, ...] | None:
    """Those that the checkpoints hold, else steps x learning rate; None where nothing tells and no law asks. Raises CheckpointError."""
    if run[0].time is not None:
        return tuple(moment.time for moment in run)
    if learning_rate is not None and run[0].counted:
        return tuple(moment.step * learning_rate for moment in run)
    if evaluator.timed:
        raise CheckpointError("the laws depend on the time t", 'give --learning-rate (then t = step × learning rate), or save an array "t" in each')
    return None


def _clock(spec: Spec, times: tuple[float, ...]) -> tuple[float, ...]:
    """The times that laws are taken at: with a constant rate those since the first checkpoint, as h(t - t0, theta, theta') is a law with h.

    So a run that is followed late does not begin with exp(tau t) beyond all numbers.
    """
    return times if spec.dynamics.varies_in_time else tuple(time - times[0] for time in times)


def _progress(done: int, total: int) -> str:
    filled = _BAR * done // total
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {done} of {total} checkpoints"


class _Walk:
    """Walks along a run; of a state it keeps the values of the laws only, and the arrays until the next one."""

    def __init__(self, evaluator: Evaluator, wanted: Wanted, predictor: Predictor | None) -> None:
        self._wanted, self._predictor, self._follower = wanted, predictor, Follower(evaluator)
        self._matching: Matching | None = None

    def add(self, moment: Moment, archive: Archive, time: float | None) -> None:
        """One more state. Raises CheckpointError for arrays that are missing, of another shape, or not finite."""
        self._matching = self._matching or match(self._wanted, shapes_at(moment, archive), moment.file)
        arrays = {name: array.astype(np.float64) for name, array in self._matching.arrays(moment, archive).items()}
        moving = {name: arrays.pop(VELOCITY + name) for name in self._wanted.moving}
        self._follower.add(arrays, moving, time)
        if self._predictor:
            self._predictor.add(arrays, time or 0.0, moment.step, self._follower.latest, self._follower.sizes())

    @property
    def found(self) -> tuple[Found, ...]:
        """Where blocks and velocities were found."""
        matching, moving = self._matching, {VELOCITY + name: name for name in self._wanted.moving}
        return tuple(Found(moving.get(name, name), name in moving, matching.shapes[name], str(where)) for name, where in matching.found.items())

    @property
    def others(self) -> tuple[str, ...]:
        """Arrays of the checkpoints that are no blocks."""
        return self._matching.others

    @property
    def laws(self) -> tuple[LawDrift, ...]:
        """The drift of each law."""
        drifts = self._follower.drifts()
        predicted = self._predictor.largest if self._predictor else [None] * len(drifts)
        return tuple(map(_law, drifts, predicted))


def _law(drift: Drift, predicted: float | None) -> LawDrift:
    start, end = (_finite(value if value.shape == () else np.linalg.norm(value)) for value in (drift.start, drift.end))
    told = drift.growth < MOST_GROWTH
    return LawDrift(drift.law.name, drift.law.key, start, end if told else None, tuple(map(_finite, drift.drifts)), _finite(predicted), told)


def _finite(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(value)

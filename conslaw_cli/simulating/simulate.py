"""From a spec and its report to the table of its laws along simulated training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from conslaw_cli.evaluation.drift import Drift
from conslaw_cli.evaluation.report import Report
from conslaw_cli.report.drifts import DriftPlot, LawName, Line, Panel
from conslaw_cli.report.lawnames import run_title
from conslaw_cli.report.simulation import EXACT, Conditions, Row, Simulation
from conslaw_cli.simulating.plan import Plan, plan
from conslaw_cli.simulating.runs import run_all
from conslaw_cli.simulating.saving import Checkpoints
from conslaw_cli.simulating.watching import Watcher, order
from conslaw_cli.spec import Spec
from conslaw_cli.steps import Listener, Step, nobody
from conslaw_cli.training.flow import RTOL, flow
from conslaw_cli.training.training import Choices, Training, training

FLOW = "flow"
INTEGRATOR = f"DOP853 (SciPy), relative tolerance {RTOL:g}"
FINEST = 2
"""Step sizes that an order is measured on: coarser ones are further from where it is 1."""
Watched = tuple[LawName, Drift]
"""A law, or its expression without functions of time, and its drift."""


@dataclass(frozen=True)
class Sizes:
    """How long to train and in which steps, where a user says so; ``with_flow``: whether to integrate the flow beside."""

    time: float | None = None
    steps: int | None = None
    sizes: Sequence[float] = ()
    with_flow: bool = True


def simulate(
    spec: Spec, report: Report, choices: Choices = Choices(), sizes: Sizes = Sizes(), keep: bool = False, listener: Listener = nobody
) -> tuple[Simulation, Checkpoints]:
    """Train the spec's model: its laws along all runs, and the states of the finest one, if kept.

    Where some of them are those of a region, training starts in it. Raises Untrainable, and NoScipy for the flow.
    """
    regional = any(not family.everywhere for family in report.laws.families)
    trained = training(spec, choices, regional)
    planned = plan(trained, spec.dynamics, sizes.time, sizes.steps, sizes.sizes)
    work = _Simulated(report, trained, planned)
    if sizes.with_flow:
        listener(Step("integrating the flow"))
        work.follow_flow()
    work.run(keep, listener)
    return work.table(_conditions(trained, planned, choices, sizes.with_flow)), work.checkpoints


@dataclass
class _Simulated:
    """The flow and all runs of one spec, watched."""

    report: Report
    training: Training
    plan: Plan
    flow: Watcher | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.evaluator = self.report.laws.evaluator(self.training.motion.rate.constants)
        self.runs = [self._watcher() for _ in self.plan.steps]
        self.checkpoints = Checkpoints(self.training.trained)
        self.checkpoints.add(0, self.plan.begin, *self.training.start)

    def _watcher(self) -> Watcher:
        watcher = Watcher(self.evaluator, self.training.trained)
        watcher.add(self.plan.begin, *self.training.start)
        return watcher

    def follow_flow(self) -> None:
        """Integrate, and watch the laws."""
        self.flow, size = self._watcher(), self.training.trained.size
        path = flow(self.training.motion, self.training.state, self.plan.times)
        for t, state in zip(path.times[1:], path.states[1:]):
            self.flow.add(float(t), state[:size], state[size:] if len(state) > size else None)
        if path.fault:
            self.notes.append(f"the flow was not followed to the end: {path.fault}; its drifts are those up to t = {path.times[-1]:.4g}")

    def run(self, keep: bool, listener: Listener) -> None:
        """The optimizer at all step sizes; states of the finest run are kept where asked for."""
        finest = len(self.plan.steps) - 1

        def record(number: int, step: int, theta: np.ndarray, velocity: np.ndarray | None) -> None:
            t = self.plan.begin + step * float(self.plan.sizes[number])
            self.runs[number].add(t, theta, velocity)
            if keep and number == finest:
                self.checkpoints.add(step, t, theta, velocity)

        self.faults = run_all(self.training, self.plan, record, listener)
        self.notes += self.faults.values()

    def table(self, conditions: Conditions) -> Simulation:
        """What was seen."""
        runs = [run.drifts() for run in self.runs]
        flows = self.flow.drifts() if self.flow else [None] * len(runs[0])
        rows = tuple(self._row(flown, of_runs) for flown, *of_runs in zip(flows, *runs))
        sizes = tuple(map(float, self.plan.sizes))
        return Simulation(self.report, conditions, sizes, self.plan.steps, FINEST, rows, self._plot(), tuple(self.notes))

    def _row(self, flown: Watched | None, runs: Sequence[Watched]) -> Row:
        """A law, or what is none, along the flow and all runs."""
        name, first = runs[0]
        largest = np.array([math.inf if number in self.faults else run.largest for number, (_, run) in enumerate(runs)])
        value = float(first.start) if first.start.ndim == 0 else float(np.linalg.norm(first.start))
        return Row(
            law=name,
            key=first.law.key,
            value=_finite(value),
            entries=first.start.size,
            flow=flown and _finite(flown[1].largest),
            drifts=tuple(map(_finite, largest)),
            order=order(self.plan.sizes, largest, EXACT, FINEST),
        )

    def _plot(self) -> DriftPlot:
        """A panel for each row, with a line for the flow and each step size."""
        named = [(f"step {size:.3g}", run) for size, run in zip(self.plan.sizes, self.runs)]
        watched = [(FLOW, self.flow), *named] if self.flow else named
        lines = [[_line(label, run, drift) for _, drift in run.drifts()] for label, run in watched]
        names = [name for name, _ in self.runs[0].drifts()]
        return DriftPlot(run_title(self.report), "time t (no unit)", tuple(Panel(*panel) for panel in zip(names, zip(*lines))))


def _line(label: str, run: Watcher, drift: Drift) -> Line:
    return Line(label, tuple(run.times), tuple(map(_finite, drift.drifts)))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _conditions(trained: Training, planned: Plan, choices: Choices, with_flow: bool) -> Conditions:
    data = trained.data
    return Conditions(
        seed=choices.seed,
        samples=data and data.samples,
        loss=trained.trained.loss,
        data=trained.about_data,
        start=trained.about_start,
        optimizer=trained.optimizer.title,
        begin=planned.begin,
        time=planned.time,
        numbers=dict(trained.motion.rate.constants),
        integrator=INTEGRATOR if with_flow else None,
    )

"""Laws along a simulated training as plain data: values at the start, drifts for every step size, and their order."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import asdict

from conslaw_cli.report import prose as say
from conslaw_cli.report.drifts import DriftPlot, LawName, drift_text, of_region
from conslaw_cli.report.lawnames import law_name
from conslaw_cli.report.model import Report
from conslaw_cli.report.prose import Prose

FORMATS = ("text", "json")
SCHEMA = 1
EXACT = 1e-12
"""Relative drifts up to this are rounding, not discretization."""
ABSENT = "–"
_MEANING = (
    "start: the value, or the Euclidean norm of a family's; flow and steps: the largest change of the law over the time, relative to the "
    "norms of its terms; order: slope of log drift over log step size on the finest {finest}: over a fixed time a law has about 1, what is "
    "none has about 0."
)
_EXACT = f"exact: the optimizer's drift is no more than rounding, below {EXACT:g} at every step size."
_FLOATING = "simulated in floating point (float64): this illustrates the laws and proves none; the report does."


class Row(Struct, frozen=True):
    """A law, or the same expression without its functions of time, which is none. ``drifts`` are the largest for each step size.

    What is not finite, or not there, is None.
    """

    law: LawName
    key: str
    """Its name in ASCII."""
    value: float | None
    """At the start: a number, or the Euclidean norm of a family's ``entries``."""
    entries: int
    flow: float | None
    drifts: tuple[float | None, ...]
    order: float | None
    """Slope of log drift over log step size on the finer ones; None where drifts are rounding, or there are too few."""

    @property
    def exact(self) -> bool:
        """Whether the optimizer keeps it up to rounding at every step size."""
        return all(drift is not None and drift <= EXACT for drift in self.drifts)


class Conditions(Struct, frozen=True):
    """What was simulated. ``seed`` is that of data, start, velocities and controls."""

    seed: int
    samples: int | None
    loss: str
    data: str
    start: str
    optimizer: str
    begin: float
    time: float
    numbers: dict[str, float]
    """Of letters such as tau."""
    integrator: str | None
    """Of the flow; None without one."""


class Simulation(Struct, frozen=True):
    """``sizes`` are the step sizes, descending, ``steps`` their numbers of steps; ``finest`` of them give an order."""

    report: Report
    conditions: Conditions
    sizes: tuple[float, ...]
    steps: tuple[int, ...]
    finest: int
    rows: tuple[Row, ...]
    plot: DriftPlot
    notes: tuple[str, ...] = ()

    def title(self, prose: Prose) -> str:
        """Model, metric and dynamics."""
        return prose.text(" · ").join(say.title(self.report, prose))

    def facts(self, prose: Prose) -> Iterator[tuple[str, str]]:
        """What was simulated, label by label."""
        told, letter = self.conditions, prose.notation.letter
        yield "training", prose.text(f"{told.optimizer}; full batch, {_steps(self.steps)}")
        yield "data", prose.text(told.data)
        yield "start", prose.text(told.start)
        end = prose.math(letter("t")) + prose.text(f" = {told.begin:g} … {told.begin + told.time:g}")
        yield "time", end + prose.text(f"; flow by {told.integrator}" if told.integrator else "; without the flow")
        if told.numbers:
            numbers = (prose.math(letter(name)) + prose.text(f" = {value:g}") for name, value in told.numbers.items())
            yield "numbers", prose.text(", ").join(numbers)

    def grid(self, prose: Prose) -> list[tuple[str, ...]]:
        """The header, then a row for each law."""
        sizes = (f"step {size:.3g}" if k == 0 else f"{size:.3g}" for k, size in enumerate(self.sizes))
        flow = ("flow",) if self.conditions.integrator else ()
        return [("law", "start", *flow, *sizes, "order"), *(self._cells(row, prose) for row in self.rows)]

    def _cells(self, row: Row, prose: Prose) -> tuple[str, ...]:
        value = "not finite" if row.value is None else f"{row.value:.4g}"
        drifts = (row.flow, *row.drifts) if self.conditions.integrator else row.drifts
        order = "exact" if row.exact else ABSENT if row.order is None else f"{row.order:z.2f}"
        return law_name(row.law, prose), *map(prose.text, (value, *map(drift_text, drifts), order))

    def footnotes(self) -> list[str]:
        """What the numbers mean, and notes."""
        if not self.rows:
            return list(self.notes)
        exact = [_EXACT] * any(row.exact for row in self.rows)
        region = of_region(row.law for row in self.rows)
        return [_MEANING.format(finest=self.finest), *exact, _FLOATING, *region, *self.notes]

    def to_dict(self) -> dict:
        """The JSON form."""
        model, dynamics = self.report.model, self.report.dynamics
        return {
            "schema": SCHEMA,
            "name": self.report.name,
            "floating_point": True,
            "model": {"architecture": model.architecture, "title": model.title, "parameters": model.parameters},
            "dynamics": {"kind": dynamics.kind, "rate": dynamics.rate},
            "conditions": asdict(self.conditions),
            "step_sizes": list(self.sizes),
            "steps": list(self.steps),
            "laws": [_law(row) for row in self.rows],
            "notes": [*of_region(row.law for row in self.rows), *self.notes],
        }


def _steps(steps: tuple[int, ...]) -> str:
    listed = ", ".join(f"{number:,}" for number in steps)
    return f"{listed} {'step' if steps == (1,) else 'steps'}"


def _law(row: Row) -> dict:
    return {
        "law": row.key,
        "family": row.law.family.name,
        "conserved": not row.law.timeless,
        "start": row.value,
        "entries": row.entries,
        "flow": row.flow,
        "drifts": list(row.drifts),
        "order": row.order,
        "exact": row.exact,
    }

"""The drifts of laws along the checkpoints of a run, as plain data and as the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from msgspec import Struct

from conslaw_cli.report import prose as say
from conslaw_cli.report.drifts import DriftPlot, LawName, Line, Panel, drift_text, of_region
from conslaw_cli.report.lawnames import law_name, run_title
from conslaw_cli.report.model import Report
from conslaw_cli.report.prose import Prose

HEADINGS = ("law", "start", "end", "drift", "predicted", "worst")
ABSENT = "–"
_DRIFT = (
    "drift: the largest change since the start, relative to the sum of the norms of the law's terms, each the largest up to then (Euclidean, over all "
    "entries of a family); start and end are norms too, of a law by itself its value."
)
_PREDICTED = (
    "predicted: what the size of the steps makes of a law by itself, if all steps between two checkpoints were equal; those that jitter, as of "
    "mini-batches, make up to as many times more as there are steps between. A drift in that range is discretisation; one beyond it is a bug, a "
    "wrong spec, or an optimizer that is not the spec's. Checkpoints one step apart make it exact."
)
_ROUNDING = "floating point: computed in float64 from numbers that are rounded as the checkpoints store them."
_GROWING = (
    "functions of time: where one grows, so do rounding errors and the terms that a drift is relative to. A value that it multiplies by more than a "
    "million is not told (–), and of a law that is none, such as of another rate, early checkpoints show more than late ones."
)
MOST_OTHERS = 6


class LawDrift(Struct, frozen=True):
    """One law, or all of a family: ``start``, ``end`` are its value or its norm; what is not finite is None.

    ``predicted`` is None where ``with_prediction`` of the table says that there is none. ``key`` is its ASCII name.
    """

    law: LawName
    key: str
    start: float | None
    end: float | None
    drifts: tuple[float | None, ...]
    """One for each checkpoint."""
    predicted: float | None = None
    told: bool = True
    """Whether ``end`` is told: not where a function of time makes it one of rounding errors."""

    @property
    def worst(self) -> int:
        """The number of the checkpoint where it has drifted furthest, or where first it is not finite."""
        sizes = [inf if drift is None else drift for drift in self.drifts]
        return sizes.index(max(sizes))

    @property
    def drift(self) -> float | None:
        """The largest."""
        return self.drifts[self.worst]


class Found(Struct, frozen=True):
    """A block, or its velocity, its shape, and where in the checkpoints it was found."""

    block: str
    velocity: bool
    shape: tuple[int, ...]
    where: str

    @property
    def name(self) -> str:
        """W1, or dW1."""
        return "d" * self.velocity + self.block


class DriftTable(Struct, frozen=True):
    """A run: its first and last files, the step and the time (None: not known) of each checkpoint, and each law's drift.

    ``counted``: whether steps are training steps, otherwise numbers of checkpoints. ``constants`` are numbers of letters.
    """

    report: Report
    files: tuple[str, str]
    steps: tuple[int, ...]
    times: tuple[float, ...] | None
    counted: bool
    found: tuple[Found, ...]
    constants: dict[str, float]
    laws: tuple[LawDrift, ...]
    with_prediction: bool
    tolerance: float | None = None
    others: tuple[str, ...] = ()
    """Arrays of the checkpoints that are no blocks of the spec."""

    @property
    def beyond(self) -> tuple[LawDrift, ...]:
        """The laws that drift further than the tolerance."""
        if self.tolerance is None:
            return ()
        return tuple(law for law in self.laws if law.drift is None or law.drift > self.tolerance)

    def title(self, prose: Prose) -> str:
        """Model, metric and dynamics."""
        return prose.text(" · ").join(say.title(self.report, prose))

    def facts(self, prose: Prose) -> Iterator[tuple[str, str]]:
        """What was read: label and text."""
        yield "laws", f"{say.count(self.report, prose)}   {say.accounting(self.report, prose)}"
        span = f"{self._unit}s {self.steps[0]} … {self.steps[-1]}"
        yield "checkpoints", prose.text("   ".join((str(len(self.steps)), span, " … ".join(dict.fromkeys(self.files)))))
        if self.found:
            yield "arrays", prose.text(", ").join(self._found(one, prose) for one in self.found)
        if self.others:
            more = f", … ({len(self.others)} of them)" if len(self.others) > MOST_OTHERS else ""
            yield "others", prose.text(f"{', '.join(self.others[:MOST_OTHERS])}{more}   are no blocks of the spec")
        if self.times:
            yield "time", prose.math(prose.notation.letter("t")) + prose.text(f" = {self.times[0]:.6g} … {self.times[-1]:.6g}")
        if self.constants:
            yield "numbers", prose.text(", ").join(
                prose.math(prose.notation.letter("lambda" if name == "lamda" else name)) + prose.text(f" = {value:.6g}")
                for name, value in self.constants.items()
            )

    @property
    def _unit(self) -> str:
        return "step" if self.counted else "state"

    def _found(self, one: Found, prose: Prose) -> str:
        letter = prose.math(prose.notation.letter(one.block, one.velocity))
        place = "" if one.where == one.name else f" = {one.where}"
        return letter + prose.text(" " * bool(one.shape) + "×".join(map(str, one.shape)) + place)

    def grid(self, prose: Prose) -> list[tuple[str, ...]]:
        """The header, then a row for each law."""
        columns = [k for k, heading in enumerate(HEADINGS) if self.with_prediction or heading != "predicted"]
        rows = [(*HEADINGS[:-1], f"worst {self._unit}"), *(self._row(law, prose) for law in self.laws)]
        return [tuple(row[k] for k in columns) for row in rows]

    def _row(self, law: LawDrift, prose: Prose) -> tuple[str, ...]:
        drift = prose.text(drift_text(law.drift) + (" !" if law in self.beyond else ""))
        predicted = prose.text(drift_text(law.predicted))
        start, end = value_text(law.start), value_text(law.end) if law.told else "–"
        return law_name(law.law, prose), prose.text(start), prose.text(end), drift, predicted, str(self.steps[law.worst])

    def footnotes(self) -> list[str]:
        """What the numbers mean, and notes."""
        if not self.laws:
            return []
        over = [f"! drifts further than the tolerance {self.tolerance:g}."] if self.beyond else []
        growing = [_GROWING] if any(law.law.family.depends_on_time for law in self.laws) else []
        return [*over, _DRIFT, *[_PREDICTED] * self.with_prediction, _ROUNDING, *growing, *of_region(law.law for law in self.laws)]

    def plot(self) -> DriftPlot:
        """The drifts over training steps, or over time where these are not known."""
        x = tuple(map(float, self.steps)) if self.counted or not self.times else self.times
        label = "training step" if self.counted else "time t (no unit)" if self.times else "checkpoint"
        panels = tuple(Panel(law.law, (Line("checkpoints", x, law.drifts),)) for law in self.laws)
        return DriftPlot(run_title(self.report), label, panels, self.tolerance)

    def to_dict(self) -> dict:
        """The JSON form."""
        from conslaw_cli.report.document import SCHEMA

        return {
            "schema": SCHEMA,
            "name": self.report.name,
            "model": {"architecture": self.report.model.architecture, "title": self.report.model.title},
            "files": list(self.files),
            "steps": list(self.steps) if self.counted else None,
            "times": list(self.times) if self.times else None,
            "arrays": {one.name: one.where for one in self.found},
            "constants": dict(self.constants),
            "tolerance": self.tolerance,
            "laws": [self._law(law) for law in self.laws],
            "notes": self.footnotes(),
        }

    def _law(self, law: LawDrift) -> dict:
        return {
            "law": law.key,
            "family": law.law.family.name,
            "start": law.start,
            "end": law.end,
            "drift": law.drift,
            "predicted": law.predicted,
            "worst_state": law.worst,
            "worst_step": self.steps[law.worst] if self.counted else None,
            "kept": None if self.tolerance is None else law not in self.beyond,
            "drifts": list(law.drifts),
        }


def value_text(value: float | None) -> str:
    """A value with four digits."""
    return "not finite" if value is None else f"{value:.4g}"

"""Weights that were moved along symmetries, as plain data, and the table of it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from conslaw_cli.report import prose as say
from conslaw_cli.report.drifts import LawName
from conslaw_cli.report.model import Report
from conslaw_cli.report.prose import Prose

HEADINGS = ("law", "number", "before", "asked for", "after", "off")
_NORMS = "before, asked for, after: Euclidean norms over all entries of a law; off: that of the difference of the last two. Floating point."


class BalancedLaw(Struct, frozen=True):
    """A law, or all of a family; ``key`` is its ASCII name, ``number`` that of independent laws. Euclidean norms over all entries."""

    law: LawName
    key: str
    number: int
    before: float
    target: float
    after: float
    off: float
    """The distance of what was reached from what was asked for."""


class Balance(Struct, frozen=True):
    """What became of the weights. ``skipped`` laws were left out: (key, why). Changes are relative; ``stored`` is that in the types of the file.

    ``samples`` random inputs were looked at, 0 for a phi that has none. ``distance`` is that of the weights, relative to their norm.
    """

    report: Report
    laws: tuple[BalancedLaw, ...]
    skipped: tuple[tuple[str, str], ...]
    steps: int
    distance: float
    change: float
    samples: int
    stored: float
    types: tuple[str, ...] = ("float64",)
    files: tuple[str, str] = ("", "")

    def title(self, prose: Prose) -> str:
        """Model, metric and dynamics."""
        return prose.text(" · ").join(say.title(self.report, prose))

    def facts(self, prose: Prose) -> Iterator[tuple[str, str]]:
        """Label and text: which weights, how far they moved, and what that did to the output."""
        yield "weights", prose.text(" → ".join(filter(None, self.files)))
        yield "moved", prose.text(f"by {_percent(self.distance)} of their norm, in {self.steps} step{'' if self.steps == 1 else 's'}")
        where = f"on {self.samples} random inputs" if self.samples else "(phi itself)"
        yield "output", prose.text(f"changed by {self.change:.0e} of its size {where}: rounding")
        if self.types != ("float64",):
            yield "", prose.text(f"changed by {self.stored:.0e} as stored, in {', '.join(self.types)}")

    def grid(self, prose: Prose) -> list[tuple[str, ...]]:
        """The header, then a row for each law."""
        return [tuple(map(prose.text, HEADINGS)), *(self._row(law, prose) for law in self.laws)]

    def _row(self, law: BalancedLaw, prose: Prose) -> tuple[str, ...]:
        return prose.text(law.key), str(law.number), *(prose.text(f"{value:.3g}") for value in (law.before, law.target, law.after, law.off))

    def footnotes(self, prose: Prose) -> list[str]:
        """What the numbers mean, and what was left out."""
        return [prose.text(_NORMS), *(prose.text(f"left out: {key}: {why}") for key, why in self.skipped)]

    def to_dict(self) -> dict:
        """The JSON form."""
        from conslaw_cli.report.document import SCHEMA

        return {
            "schema": SCHEMA,
            "model": self.report.model.title,
            "laws": [
                {"law": law.key, "number": law.number, "before": law.before, "target": law.target, "after": law.after, "off": law.off}
                for law in self.laws
            ],
            "left_out": [{"law": key, "reason": why} for key, why in self.skipped],
            "steps": self.steps,
            "moved": self.distance,
            "output": {"change": self.change, "stored": self.stored, "inputs": self.samples},
        }


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"

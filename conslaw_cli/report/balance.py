"""Weights that were moved along symmetries, as plain data, and the table of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from conslaw_cli.report import prose as say
from conslaw_cli.report.drifts import LawName
from conslaw_cli.report.lawnames import law_name
from conslaw_cli.report.model import Report
from conslaw_cli.report.options import Options
from conslaw_cli.report.prose import Prose

HEADINGS = ("law", "before", "asked for", "after", "off")
_NORMS = "before, asked for, after: Euclidean norms over all entries of a law; off: the norm of what is between the last two. Floating point."
_DECAY = "under weight decay the laws are taken without their functions of time, which are the same for all weights at one time."
_LABEL = 14


class BalancedLaw(Struct, frozen=True):
    """A law, or all of a family; ``key`` is its ASCII name. Euclidean norms over all entries."""

    law: LawName
    key: str
    before: float
    target: float
    after: float
    off: float
    """The distance of what was reached from what was asked for."""


class Balance(Struct, frozen=True):
    """What became of the weights. ``skipped`` laws were left out: (key, why).

    ``change`` is that of the output, ``stored`` that of the output of what the file holds, in ``types``; relative, on ``samples`` random
    inputs, 0 for a phi that has none. ``distance`` is that of the weights, relative to their norm.
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
    file: str | None = None
    found: tuple[tuple[str, str], ...] = ()
    """Blocks and where they are in the file that was read."""

    @property
    def exact(self) -> bool:
        """Whether the file holds the numbers themselves."""
        return self.types == ("float64",)

    def title(self, prose: Prose) -> str:
        """Model, metric and dynamics."""
        return prose.text(" · ").join(say.title(self.report, prose))

    def facts(self, prose: Prose) -> Iterator[tuple[str, str]]:
        """Label and text: which weights, how far they moved, and what that did to the output."""
        if self.file:
            yield "weights", prose.text(self.file)
        if others := [f"{name} = {where}" for name, where in self.found if name != where]:
            yield "arrays", prose.text(", ".join(others))
        yield "moved", prose.text(f"by {100 * self.distance:.3g}% of their norm, in {self.steps} step{'' if self.steps == 1 else 's'}")
        where = f"on {self.samples} random inputs" if self.samples else "at these weights"
        yield "output", prose.text(f"changed by {_relative(self.change)} {where}: rounding")
        if not self.exact:
            yield "stored", prose.text(f"as {', '.join(self.types)}, which changes the output by {_relative(self.stored)}")

    def grid(self, prose: Prose) -> list[tuple[str, ...]]:
        """The header, then a row for each law."""
        return [tuple(map(prose.text, HEADINGS)), *(self._row(law, prose) for law in self.laws)]

    def _row(self, law: BalancedLaw, prose: Prose) -> tuple[str, ...]:
        return law_name(law.law, prose), *(prose.text(f"{value:.3g}") for value in (law.before, law.target, law.after, law.off))

    def footnotes(self) -> list[str]:
        """What the numbers mean, and what was left out."""
        decay = [_DECAY] if self.report.dynamics.drifts else []
        return [_NORMS, *decay, *(f"left out: {key}: {why}" for key, why in self.skipped)]

    def to_dict(self) -> dict:
        """The JSON form."""
        from conslaw_cli.report.document import SCHEMA

        return {
            "schema": SCHEMA,
            "name": self.report.name,
            "model": {"architecture": self.report.model.architecture, "title": self.report.model.title},
            "file": self.file,
            "arrays": dict(self.found),
            "types": list(self.types),
            "laws": [_law(law) for law in self.laws],
            "left_out": [{"law": key, "reason": why} for key, why in self.skipped],
            "steps": self.steps,
            "moved": self.distance,
            "output": {"change": self.change, "stored": self.stored, "inputs": self.samples},
        }


def _law(law: BalancedLaw) -> dict:
    return {"law": law.key, "family": law.law.family.name, "before": law.before, "target": law.target, "after": law.after, "off": law.off}


def _relative(change: float) -> str:
    return f"{change:.0e} of its size" if change else "nothing"


def _text(balance: Balance, options: Options) -> str:
    """What was done, the table, and what its numbers mean."""
    from rich.text import Text

    from conslaw_cli.report.text import fold, grid, printed, prose_of

    prose, width = prose_of(options), options.width
    lines = [Text(line, "bold") for line in fold(balance.title(prose), width, 2)]
    for label, said in balance.facts(prose):
        first, *rest = fold(said, width and width - _LABEL, 0)
        lines += [Text.assemble((label.ljust(_LABEL), "dim"), first), *(Text(" " * _LABEL + line) for line in rest)]
    lines += [Text(""), *grid(balance.grid(prose), width)]
    lines += [Text(line, "dim") for note in balance.footnotes() for line in fold("note  " + prose.text(note), width, 6)]
    return printed(lines, options.color)


def _json(balance: Balance, options: Options) -> str:
    from conslaw_cli.report.jsonreport import dumps

    return dumps(balance.to_dict()) + "\n"


FORMATS: dict[str, Callable[[Balance, Options], str]] = {"text": _text, "json": _json}


def render(balance: Balance, format: str, *, color: bool = False, width: int | None = None, ascii_only: bool = False) -> str:
    """The whole output. Raises KeyError for an unknown format."""
    return FORMATS[format](balance, Options(False, color, width, ascii_only))

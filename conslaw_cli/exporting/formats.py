"""What a report's laws are exported to: each format is one entry here, named once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from conslaw_cli.exporting.callback import Callback
from conslaw_cli.exporting.module import Module
from conslaw_cli.exporting.targets import TARGETS
from conslaw_cli.report import latexlaws
from conslaw_cli.report.model import Report


@dataclass(frozen=True)
class Exported:
    """A file's text, and what is to be said of it, such as laws that are not in it."""

    text: str
    notes: tuple[str, ...] = ()


def export_laws(report: Report, to: str, command: str) -> Exported:
    """The laws of a report, in a format by its name; ``command`` is what the file says it was made with. Raises KeyError."""
    return FORMATS[to](report, command)


def _module(kind: type[Module], target: str, report: Report, command: str) -> Exported:
    module = kind(report, TARGETS[target], command)
    return Exported(module.text(), module.notes)


FORMATS: dict[str, Callable[[Report, str], Exported]] = {
    **{name: partial(_module, Module, name) for name in TARGETS},
    "latex": lambda report, command: Exported(latexlaws.laws(report, command)),
    "callback": partial(_module, Callback, "numpy"),
}
"""From a report and the command to the file."""

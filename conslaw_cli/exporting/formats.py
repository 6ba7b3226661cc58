"""What a report's laws are exported to: each format is one entry here, named once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from conslaw_cli.exporting.module import Module
from conslaw_cli.exporting.targets import TARGETS
from conslaw_cli.report.model import Report


@dataclass(frozen=True)
class Exported:
    """A file's text, and what is to be said of it, such as laws that are not in it."""

    text: str
    notes: tuple[str, ...] = ()


def export_laws(report: Report, to: str, command: str) -> Exported:
    """The laws of a report, in a format by its name; ``command`` is what the file says it was made with. Raises KeyError."""
    return FORMATS[to](report, command)


def _module(target: str, report: Report, command: str) -> Exported:
    module = Module(report, TARGETS[target], command)
    return Exported(module.text(), module.notes)


FORMATS: dict[str, Callable[[Report, str], Exported]] = {name: partial(_module, name) for name in TARGETS}
"""From a report and the command to the file."""

"""Outcomes as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from conslaw_cli.checks.outcome import SCHEMA, CheckReport, Outcome, counted
from conslaw_cli.report.jsonreport import dumps


def render(outcomes: Iterable[Outcome], quiet: bool) -> Iterator[str]:
    """All outcomes in one object, complete whether ``quiet`` or not."""
    specs = tuple(outcomes)
    yield dumps(msgspec.to_builtins(CheckReport(SCHEMA, counted(specs), specs))) + "\n"

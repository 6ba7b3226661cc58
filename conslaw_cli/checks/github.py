"""Outcomes as GitHub's workflow commands: an annotation at the line of every finding."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from conslaw_cli.checks.outcome import Finding, Outcome, summary
from conslaw_cli.spec import visible

_TITLES = {
    "failed": "conslaw: expectation failed",
    "undecided": "conslaw: undecided",
    "unusable": "conslaw: unusable spec",
    "crashed": "conslaw: internal error",
}


def render(outcomes: Iterable[Outcome], quiet: bool) -> Iterator[str]:
    """Annotations of what is not well, as soon as it is found, then the counts; quietly, only where something is not well."""
    seen = []
    for outcome in outcomes:
        seen.append(outcome)
        if not outcome.well:
            yield from (_annotation(outcome, finding) for finding in outcome.findings)
    if not (quiet and all(outcome.well for outcome in seen)):
        yield f"conslaw check, {summary(seen)}\n"


def _annotation(outcome: Outcome, finding: Finding) -> str:
    level = "warning" if outcome.verdict == "undecided" else "error"
    place = {} if outcome.file == "-" else {"file": _from_here(outcome.file)}
    if place and finding.line is not None:
        place["line"] = str(finding.line)
    place["title"] = _TITLES[outcome.verdict]
    properties = ",".join(f"{key}={_property(value)}" for key, value in place.items())
    return f"::{level} {properties}::{_data(f'{outcome.name}: {finding.message}')}\n"


def _from_here(path: str) -> str:
    """The path from the working directory, which in a workflow is the repository, for those below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    """A property's value; line breaks are spelled out by ``visible``."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")

"""Outcomes as lines for people: one for each spec, as soon as it is checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conslaw_cli.checks.outcome import Outcome
from conslaw_cli.spec import visible

_LABELS = {"ok": "ok", "unchecked": "--", "updated": "new", "undecided": "OPEN", "failed": "FAIL"}


def render(outcomes: Iterable[Outcome], quiet: bool) -> Iterator[str]:
    """One line for each spec; quietly, for each that is not well."""
    for outcome in outcomes:
        if not (quiet and outcome.well):
            yield f"{_LABELS.get(outcome.verdict, 'ERROR'):<6}{visible(outcome.name)}: {visible(_said(outcome))}\n"


def _said(outcome: Outcome) -> str:
    if outcome.verdict == "ok":
        return outcome.result
    if outcome.verdict == "unchecked":
        return f"{outcome.result}   ({outcome.findings[0].message})"
    if outcome.verdict in ("unusable", "crashed"):
        number = len(outcome.findings)
        return "internal error" if outcome.verdict == "crashed" else f"unusable, {number} problem{'s' * (number > 1)}"
    return "; ".join(_placed(finding.message, finding.line) for finding in outcome.findings) or outcome.result


def _placed(message: str, line: int | None) -> str:
    return message if line is None else f"{message} (line {line})"

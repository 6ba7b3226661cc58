"""Outcomes in Markdown, for a job's summary: what is wrong first, what is well folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conslaw_cli.checks.outcome import Outcome, summary
from conslaw_cli.report.escape import markdown as escaped

_SIGNS = {
    "failed": "❌",
    "unusable": "❌",
    "crashed": "💥",
    "undecided": "❔",
    "updated": "✏️",
    "unchecked": "➖",
    "ok": "✅",
}


def render(outcomes: Iterable[Outcome], quiet: bool) -> Iterator[str]:
    """A heading and a table of what is not well, and one of the rest; quietly, nothing when all is well."""
    every = list(outcomes)
    bad = [outcome for outcome in every if not outcome.well]
    well = [outcome for outcome in every if outcome.well]
    if quiet and not bad:
        return
    lines = [f"### {'❌' if bad else '✅'} conslaw check: {summary(every)}", "", *_table(bad)]
    if well and not quiet:
        lines += ["<details>", f"<summary>{len(well)} in order</summary>", "", *_table(well), "</details>", ""]
    yield "\n".join(lines)


def _table(outcomes: list[Outcome]) -> Iterator[str]:
    if not outcomes:
        return
    yield "| | spec | result | |"
    yield "| --- | --- | --- | --- |"
    for outcome in outcomes:
        findings = "<br>".join(escaped(finding.message) for finding in outcome.findings)
        yield f"| {_SIGNS[outcome.verdict]} {outcome.verdict} | {_spec(outcome)} | {outcome.result} | {findings} |"
    yield ""


def _spec(outcome: Outcome) -> str:
    line = next((finding.line for finding in outcome.findings if finding.line is not None), None)
    return escaped(outcome.name if line is None or outcome.well else f"{outcome.name}, line {line}")

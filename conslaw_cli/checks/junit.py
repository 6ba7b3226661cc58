"""Outcomes as JUnit XML, as Jenkins, GitLab and others read it: one test suite, a test case for each spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import quoteattr

from conslaw_cli.checks.outcome import Outcome, counted
from conslaw_cli.spec import visible

_TAGS = {"failed": "failure", "undecided": "error", "unusable": "error", "crashed": "error"}


def render(outcomes: Iterable[Outcome], quiet: bool) -> Iterator[str]:
    """The whole document, complete whether ``quiet`` or not."""
    cases = list(outcomes)
    numbers = counted(cases)
    failed = numbers.get("failed", 0)
    errors = sum(count for verdict, count in numbers.items() if _TAGS.get(verdict) == "error")
    totals = f'tests="{len(cases)}" failures="{failed}" errors="{errors}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="conslaw check" {totals}>',
        f'  <testsuite name="conslaw check" {totals} skipped="0">',
        *(line for case in cases for line in _case(case)),
        "  </testsuite>",
        "</testsuites>",
    ]
    yield "\n".join(lines) + "\n"


def _case(outcome: Outcome) -> Iterator[str]:
    head = f"    <testcase{_attributes(name=outcome.name, classname='conslaw', file=outcome.file)}"
    if outcome.well:
        yield head + "/>"
        return
    tag = _TAGS[outcome.verdict]
    message = "; ".join(finding.message for finding in outcome.findings)
    yield head + ">"
    yield f"      <{tag}{_attributes(type=outcome.verdict, message=message)}>"
    for finding in outcome.findings:
        place = outcome.file if finding.line is None else f"{outcome.file}:{finding.line}"
        yield _escaped(f"{place}: {finding.message}")
    yield f"      </{tag}>"
    yield "    </testcase>"


def _attributes(**values: str) -> str:
    return "".join(f" {key}={quoteattr(visible(value))}" for key, value in values.items())


def _escaped(text: str) -> str:
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

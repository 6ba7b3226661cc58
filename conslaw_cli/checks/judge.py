"""From a report, or from what kept it from being made, to an outcome."""

from __future__ import annotations

from conslaw_cli.checks.outcome import Finding, Outcome
from conslaw_cli.expectations import Failure, failures, verdict_of
from conslaw_cli.report.model import Report
from conslaw_cli.spec import ExpectSpec, SpecError
from conslaw_cli.spec.locate import Lines

TABLE = "expect"
_NOTHING = Finding(None, None, "nothing expected: add an [expect] table (`--update` writes one), or use --laws")


def judged(report: Report, expect: ExpectSpec, file: str, lines: Lines, strict: bool = False) -> Outcome:
    """A report held against expectations. ``strict`` takes anything but ``proved`` for a failure, "proved for phi" too."""
    unmet = failures(report, expect)
    weak = strict and report.status != "proved"
    verdict = "failed" if weak else verdict_of(report.status, report.laws.verified, unmet, expect)
    if weak and "status" not in {failure.key for failure in unmet}:
        unmet = [*unmet, Failure("status", "proved", report.status)]
    findings = [Finding(f"[expect] {failure.key}", lines.of(TABLE, failure.key), failure.message) for failure in unmet]
    if verdict == "undecided":
        findings.append(Finding(None, None, "; ".join(["undecided within the limits", *report.notes])))
    if verdict == "unchecked":
        findings.append(_NOTHING)
    return Outcome(report.name, file, verdict, report.laws.independent, report.status, tuple(findings))


def unusable(name: str, error: SpecError, lines: Lines | None) -> Outcome:
    """A spec that cannot be read."""
    findings = tuple(
        Finding(problem.key, lines and lines.of_problem(problem), str(problem).removeprefix(f"{problem.file}: "))
        for problem in error.problems
    )
    return Outcome(name, name, "unusable", findings=findings)


def crashed(name: str, file: str, error: Exception) -> Outcome:
    """A spec whose analysis met a bug of conslaw."""
    message = f"internal error: {type(error).__name__}: {error}; `conslaw --debug check` shows the traceback"
    return Outcome(name, file, "crashed", findings=(Finding(None, None, message),))

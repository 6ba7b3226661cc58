"""From a report, or from what kept it from being made, to an outcome."""

from __future__ import annotations

from conslaw_cli.checks.outcome import Finding, Outcome
from conslaw_cli.expectations import Failure, failures
from conslaw_cli.report.model import Report
from conslaw_cli.spec import ExpectSpec, SpecError
from conslaw_cli.spec.locate import Lines

TABLE = "expect"
_NOTHING = Finding(None, None, "nothing expected: add an [expect] table (`--update` writes one), or use --laws")


def judged(report: Report, expect: ExpectSpec, file: str, lines: Lines, strict: bool = False) -> Outcome:
    """A report held against expectations. ``strict`` takes anything short of ``proved`` for a failure."""
    unmet = failures(report, expect)
    findings = [_finding(failure, lines) for failure in unmet]
    too_weak = strict and report.status != "proved"
    if too_weak:
        weak = Failure("status", "proved", report.status)
        findings.append(Finding("[expect] status", lines.of(TABLE, "status"), f"{weak.message} (--strict)"))
    if too_weak or any(_is_refuted(failure, report) for failure in unmet):
        verdict = "failed"
    elif report.status == "undecided" and (unmet or expect.status != "undecided"):
        verdict = "undecided"
        findings = findings or [Finding(None, None, _undecided(report))]
    else:
        verdict = "ok" if expect != ExpectSpec() else "unchecked"
        findings = [] if verdict == "ok" else [_NOTHING]
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


def _finding(failure: Failure, lines: Lines) -> Finding:
    return Finding(f"[expect] {failure.key}", lines.of(TABLE, failure.key), failure.message)


def _is_refuted(failure: Failure, report: Report) -> bool:
    """Whether what is known contradicts the expectation; an open count alone leaves it undecided."""
    if report.status != "undecided":
        return failure.actual is not None
    return failure.key == "laws" and isinstance(failure.expected, int) and report.laws.found > failure.expected


def _undecided(report: Report) -> str:
    return "; ".join(["undecided within the limits", *report.notes])

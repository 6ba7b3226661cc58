"""From a report, or from what kept it from being made, to an outcome."""

from __future__ import annotations

from conslaw_cli.checks.outcome import Finding, Outcome, Verdict
from conslaw_cli.expectations import Failure, failures
from conslaw_cli.report.model import Report
from conslaw_cli.spec import ExpectSpec, SpecError
from conslaw_cli.spec.locate import Lines

TABLE = "expect"
_NOTHING = Finding(None, None, "nothing expected: add an [expect] table (`--update` writes one), or use --laws")


def judged(report: Report, expect: ExpectSpec, file: str, lines: Lines, strict: bool = False) -> Outcome:
    """A report held against expectations. ``strict`` takes anything short of ``proved`` for a failure."""
    unmet = failures(report, expect)
    if strict and report.status != "proved" and "status" not in {failure.key for failure in unmet}:
        unmet = [*unmet, Failure("status", "proved", report.status)]
    findings = tuple(_finding(failure, lines) for failure in unmet)
    verdict = _verdict(report, expect, unmet, strict)
    if not findings and verdict != "ok":
        findings = (_NOTHING if verdict == "unchecked" else Finding(None, None, _undecided(report)),)
    return Outcome(report.name, file, verdict, report.laws.independent, report.status, findings)


def _verdict(report: Report, expect: ExpectSpec, unmet: list[Failure], strict: bool) -> Verdict:
    if (strict and report.status != "proved") or any(_is_refuted(failure, report) for failure in unmet):
        return "failed"
    if unmet or (report.status == "undecided" and expect.status != "undecided"):
        return "undecided"
    return "unchecked" if expect == ExpectSpec() else "ok"


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
    """Whether what is known contradicts the expectation; what is unknown leaves it open."""
    if report.status != "undecided":
        return failure.actual is not None
    return failure.key == "laws" and failure.expected < report.laws.found


def _undecided(report: Report) -> str:
    return "; ".join(["undecided within the limits", *report.notes])

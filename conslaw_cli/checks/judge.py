"""From a report, or from what kept it from being made, to an outcome."""

from __future__ import annotations

from collections.abc import Mapping

from conslaw_cli.checks.outcome import Finding, Outcome
from conslaw_cli.expectations import Failure, unmet, verdict_of
from conslaw_cli.spec import ExpectSpec, SpecError
from conslaw_cli.spec.locate import Lines

TABLE = "expect"
_NOTHING = Finding(None, None, "nothing expected: add an [expect] table (`--update` writes one), or use --laws")


def judged(
    facts: Mapping[str, object], expect: ExpectSpec, name: str, file: str, lines: Lines, strict: bool = False
) -> Outcome:
    """The facts of a report held against expectations.

    ``strict`` takes anything but ``proved`` for a failure, "proved for phi" too.
    """
    failures, status = unmet(facts, expect), facts["status"]
    weak = strict and status != "proved"
    verdict = "failed" if weak else verdict_of(status, facts["found"], failures, expect)
    if weak and "status" not in {failure.key for failure in failures}:
        failures = [*failures, Failure("status", "proved", status)]
    findings = [Finding(f"[expect] {failure.key}", lines.of(TABLE, failure.key), failure.message) for failure in failures]
    if verdict == "undecided":
        findings.append(Finding(None, None, "; ".join(["undecided within the limits", *facts["notes"]])))
    if verdict == "unchecked":
        findings.append(_NOTHING)
    return Outcome(name, file, verdict, facts["laws"], status, tuple(findings))


def unusable(name: str, error: SpecError, lines: Lines | None) -> Outcome:
    """A spec that cannot be read."""
    findings = tuple(
        Finding(problem.key, lines and lines.of_problem(problem), str(problem).removeprefix(f"{problem.file}: "))
        for problem in error.problems
    )
    return Outcome(name, name, "unusable", findings=findings)


def crashed(name: str, file: str, error: str) -> Outcome:
    """A spec whose analysis met a bug of conslaw."""
    message = f"internal error: {error}; `conslaw --debug check` shows the traceback"
    return Outcome(name, file, "crashed", findings=(Finding(None, None, message),))

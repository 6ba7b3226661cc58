"""A row of the summary: what came of one case, and what that is worth against its [expect] table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from conslaw_cli.batch.cases import Case
from conslaw_cli.batch.tasks import Result
from conslaw_cli.expectations import unmet, verdict_of
from conslaw_cli.spec import ExpectSpec
from conslaw_cli.visible import visible

Verdict = Literal["ok", "unchecked", "undecided", "failed", "unusable", "crashed"]
"""unchecked: nothing was expected; unusable: the spec cannot be read; crashed: a bug."""

VERDICTS: tuple[Verdict, ...] = ("failed", "unusable", "crashed", "undecided", "unchecked", "ok")
"""In the order a summary counts them."""


class Row(Struct, frozen=True):
    """One line of summary.csv, whose columns are these fields. None is unknown, or does not apply."""

    spec: str
    parameters: int | None = None
    laws: int | None = None
    depends_on_time: bool | None = None
    status: str | None = None
    expect: Verdict = "unusable"
    detail: str = ""
    """What is not as expected, or kept the case from being decided."""
    report: str = ""
    """The report's file within the output folder; empty where there is none."""


def row_of(case: Case, result: Result, report: str = "") -> Row:
    """The row of a case that was run."""
    if result.facts is None:
        status, verdict = ("undecided", "undecided") if result.crash is None else (None, "crashed")
        detail = result.stopped if result.crash is None else f"internal error: {visible(result.crash)}"
        return Row(case.name, status=status, expect=verdict, detail=detail or "", report=report)
    facts = result.facts
    verdict, detail = _judged(facts, case.spec.expect)
    return Row(
        spec=case.name,
        parameters=facts["parameters"],
        laws=facts["laws"],
        depends_on_time=facts["time_dependent"],
        status=facts["status"],
        expect=verdict,
        detail="; ".join(filter(None, (detail, result.stopped))),
        report=report,
    )


def unusable(case: Case) -> Row:
    """The row of a file that is no spec."""
    return Row(case.name, expect="crashed" if case.crashed else "unusable", detail=case.problem or "")


def _judged(facts: Mapping[str, object], expect: ExpectSpec) -> tuple[Verdict, str]:
    failures = unmet(facts, expect)
    return verdict_of(facts["status"], facts["found"], failures, expect), "; ".join(
        failure.message for failure in failures
    )

"""Holding a report against a spec's [expect] table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from conslaw_cli.report.model import Report
from conslaw_cli.spec import ExpectSpec

Verdict = Literal["failed", "undecided", "unchecked", "ok"]
"""unchecked: nothing was expected."""


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold; ``key`` is its key in [expect]."""

    key: str
    expected: object
    actual: object

    @property
    def message(self) -> str:
        return f"{self.key}: expected {_shown(self.expected)}, found {_shown(self.actual)}"


def results(report: Report) -> dict[str, object]:
    """What a report says for every key that [expect] may hold; None where it is unknown."""
    return {
        "laws": report.laws.independent,
        "time_dependent": report.laws.time_dependent,
        "complete": report.complete,
        "time_free": report.laws.time_free,
        "dimension": report.trace.dimension,
        "status": report.status,
    }


def facts(report: Report) -> dict[str, object]:
    """What summaries and checks need of a report: what it says for every key of [expect], its size, laws and notes."""
    numbers = {"parameters": report.model.parameters, "found": report.laws.verified}
    return {**results(report), **numbers, "notes": list(report.notes)}


def unknown(reason: str) -> dict[str, object]:
    """The facts of a spec of which nothing is known."""
    keys = ("laws", "time_dependent", "complete", "time_free", "dimension", "parameters")
    return {**dict.fromkeys(keys), "status": "undecided", "found": 0, "notes": [reason]}


def unmet(found: Mapping[str, object], expect: ExpectSpec) -> list[Failure]:
    """The expectations that results do not meet, in the table's order."""
    wanted = {key: getattr(expect, key) for key in expect.__struct_fields__}
    return [Failure(key, value, found[key]) for key, value in wanted.items() if value is not None and value != found[key]]


def verdict_of(status: str, found: int, failures: list[Failure], expect: ExpectSpec) -> Verdict:
    """What a result is worth that has ``found`` verified laws and does not meet some expectations."""
    if any(_is_refuted(failure, status, found) for failure in failures):
        return "failed"
    if failures or (status == "undecided" and expect.status != "undecided"):
        return "undecided"
    return "unchecked" if expect == ExpectSpec() else "ok"


def _is_refuted(failure: Failure, status: str, found: int) -> bool:
    """Whether what is known contradicts the expectation; what is unknown leaves it open."""
    if status != "undecided":
        return failure.actual is not None
    return failure.key == "laws" and failure.expected < found


def _shown(value: object) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)

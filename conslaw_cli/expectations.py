"""Holding a report against a spec's [expect] table."""

from __future__ import annotations

from dataclasses import dataclass

from conslaw_cli.report.model import Report
from conslaw_cli.spec import ExpectSpec


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


def failures(report: Report, expect: ExpectSpec) -> list[Failure]:
    """The expectations that the report does not meet, in the table's order."""
    found = results(report)
    wanted = {key: getattr(expect, key) for key in found}
    return [Failure(key, value, found[key]) for key, value in wanted.items() if value is not None and value != found[key]]


def _shown(value: object) -> str:
    if value is None:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)

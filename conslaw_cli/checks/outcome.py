"""What came of checking one spec: plain data, the same for every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

SCHEMA = 1

Verdict = Literal["ok", "unchecked", "updated", "undecided", "failed", "unusable", "crashed"]
"""unchecked: nothing was expected; updated: [expect] was rewritten; unusable: the spec cannot be read; crashed: a bug."""

WELL = frozenset({"ok", "unchecked", "updated"})
VERDICTS: tuple[Verdict, ...] = ("failed", "unusable", "crashed", "undecided", "updated", "unchecked", "ok")
"""In the order a summary counts them."""


class Finding(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is not as it should be, and where."""

    key: Annotated[str | None, Meta(description="The key it is about, such as [expect] laws; null for the whole spec.")]
    line: Annotated[int | None, Meta(description="Its line in the file, from 1; null where it has none.")]
    message: Annotated[str, Meta(description="What is wrong, and what to do about it.")]


class Outcome(Struct, frozen=True, forbid_unknown_fields=True):
    """What came of one spec."""

    name: Annotated[str, Meta(description="The file, with the case of a sweep in brackets.")]
    file: Annotated[str, Meta(description='The file as given, "-" for standard input.')]
    verdict: Verdict
    laws: Annotated[int | None, Meta(description="Number of independent laws; null where unknown.")] = None
    status: Annotated[str | None, Meta(description="Status of the report; null without a result.")] = (
        None
    )
    findings: tuple[Finding, ...] = ()

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done about this spec."""
        return self.verdict in WELL

    @property
    def result(self) -> str:
        """The result in a few words."""
        if self.status is None:
            return "no result"
        count = "unknown number of laws" if self.laws is None else "1 law" if self.laws == 1 else f"{self.laws} laws"
        return f"{count}, {self.status}"


class CheckReport(Struct, frozen=True, forbid_unknown_fields=True):
    """All outcomes, as ``conslaw check --format json`` prints them."""

    schema: Annotated[int, Meta(description="Goes up when a field is removed or changes meaning.")]
    summary: Annotated[dict[Verdict, int], Meta(description="How many specs came to each verdict.")]
    specs: tuple[Outcome, ...]


def counted(outcomes: Iterable[Outcome]) -> dict[Verdict, int]:
    """How many specs came to each verdict, zeros left out."""
    numbers = Counter(outcome.verdict for outcome in outcomes)
    return {verdict: numbers[verdict] for verdict in VERDICTS if numbers[verdict]}


def summary(outcomes: list[Outcome]) -> str:
    """The counts in words: 25 specs: 1 failed, 24 ok."""
    number = "1 spec" if len(outcomes) == 1 else f"{len(outcomes)} specs"
    counts = ", ".join(f"{count} {verdict}" for verdict, count in counted(outcomes).items())
    return f"{number}: {counts}" if counts else "no specs"


def schema() -> dict:
    """The JSON Schema of a CheckReport."""
    return msgspec.json.schema(CheckReport)

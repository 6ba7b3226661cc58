"""Exit codes: what scripts rely on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """0 as expected; 1 an expectation failed; 2 unusable input or usage; 3 undecided; 4 internal error; 130 interrupted."""

    OK = 0
    FAILED = 1
    UNUSABLE = 2
    UNDECIDED = 3
    INTERNAL = 4
    INTERRUPTED = 130


_WORST_FIRST = (Exit.INTERRUPTED, Exit.INTERNAL, Exit.UNUSABLE, Exit.FAILED, Exit.UNDECIDED, Exit.OK)


def worst(codes: Iterable[Exit]) -> Exit:
    """The code that wins over several specs: 4, 2, 1, 3, 0."""
    return min(codes, key=_WORST_FIRST.index, default=Exit.OK)


_OF_VERDICTS = {
    "failed": Exit.FAILED,
    "unusable": Exit.UNUSABLE,
    "undecided": Exit.UNDECIDED,
    "crashed": Exit.INTERNAL,
}


def exit_of_verdict(verdict: str) -> Exit:
    """What a case that came to a verdict (ok, failed, undecided, unusable, crashed, …) adds to the exit code."""
    return _OF_VERDICTS.get(verdict, Exit.OK)

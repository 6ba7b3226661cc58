"""What is known of a candidate law, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What verification says of a candidate."""

    HOLDS = "holds"
    FAILS = "fails"
    TOO_LARGE = "too large"


@dataclass(frozen=True)
class Verification:
    """A verdict, and how it was reached."""

    verdict: Verdict
    everywhere: bool = True
    """Whether the law holds whatever branches are taken, not only in the region that the report is about."""
    error_bits: float | None = None
    """Where it holds at random residues: the error is below 2^-error_bits. None for a proof."""

    @property
    def holds(self) -> bool:
        return self.verdict is Verdict.HOLDS

    @property
    def proved(self) -> bool:
        """Whether the law holds as an identity, nothing left to chance."""
        return self.holds and self.error_bits is None


FAILS = Verification(Verdict.FAILS)
TOO_LARGE = Verification(Verdict.TOO_LARGE)

"""What a verification says, and typed access to a report that nobody vouches for."""

from __future__ import annotations

from dataclasses import dataclass


_NAMES = {dict: "an object", list: "a list", str: "text", int: "a whole number", bool: "true or false", type(None): "null"}


class ReportError(ValueError):
    """A report that cannot be checked; the message names the place and what was expected there."""


class Undecided(Exception):
    """Something this checker can neither prove nor refute; the message says what."""


LARGEST_COUNT = 10**64


@dataclass(frozen=True)
class Check:
    """One thing that was checked, in words that stand alone; ``proved`` False where nothing speaks against it, nor proves it."""

    name: str
    passed: bool
    detail: str
    proved: bool = True


VERIFIED, FOR_PHI, IN_PART, REJECTED = "verified", "verified for phi", "confirmed in part", "REJECTED"


@dataclass(frozen=True)
class Verification:
    """The checks of a report of some ``status``, None where it could not be read."""

    checks: tuple[Check, ...]
    status: str | None = None

    @property
    def passed(self) -> bool:
        """Whether every check passed, and there was one."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def verified(self) -> bool:
        """Whether all of the statement was proved again, be it of phi."""
        return self.verdict in (VERIFIED, FOR_PHI)

    @property
    def verdict(self) -> str:
        """``verified`` only where the report claims a proof and all of its statement was proved again."""
        if not self.passed:
            return REJECTED
        claims = {"proved": VERIFIED, "proved for phi": FOR_PHI}
        return claims.get(self.status, IN_PART) if all(check.proved for check in self.checks) else IN_PART


def entry(mapping: object, key: str, kind: type | tuple[type, ...], where: str = "report"):
    """``mapping[key]``, of the type asked for (a bool is no int). Raises ReportError."""
    if not isinstance(mapping, dict):
        raise ReportError(f"{where} must be an object")
    if key not in mapping:
        raise ReportError(f"{where} has no {key!r}")
    value, kinds = mapping[key], kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        names = " or ".join(_NAMES[one] for one in kinds)
        raise ReportError(f"{where}.{key} must be {names}")
    return value


def count(mapping: object, key: str, where: str, most: int = LARGEST_COUNT) -> int:
    """A whole number from 0 to ``most``. Raises ReportError."""
    value = entry(mapping, key, int, where)
    if not 0 <= value <= most:
        raise ReportError(f"{where}.{key} must be from 0 to {most}")
    return value


def integers(mapping: object, key: str, where: str, below: int, longest: int) -> list[int]:
    """A list of at most ``longest`` whole numbers from 0 to ``below`` - 1. Raises ReportError."""
    values = entry(mapping, key, list, where)
    if len(values) > longest:
        raise ReportError(f"{where}.{key} has {len(values)} entries, at most {longest} make sense")
    if not all(type(value) is int and 0 <= value < below for value in values):
        raise ReportError(f"{where}.{key} must hold whole numbers from 0 to {below - 1}")
    return values

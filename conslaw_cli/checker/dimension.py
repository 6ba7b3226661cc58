"""The certificate's parts and the trace they certify: a lower bound by words or paths, and each step of the filtration by own means."""

from __future__ import annotations

from dataclasses import dataclass, field

from conslaw_cli.checker import brackets, paths
from conslaw_cli.checker.arguments import check_arguments
from conslaw_cli.checker.growth import LARGEST_OWN, Grown, grow
from conslaw_cli.checker.parts import Part
from conslaw_cli.checker.result import Check, ReportError, Undecided, count, entry, integers
from conslaw_cli.checker.system import LARGEST_SYSTEM, System, is_paths


@dataclass(frozen=True)
class PartFound:
    """A part with its certified dimension, the dimensions by length of words, and an own growth where it was not too large."""

    part: Part
    dimension: int
    filtration: tuple[int, ...]
    grown: Grown | None


@dataclass(frozen=True)
class Certified:
    """``dimension`` None where the report has no certificate."""

    dimension: int | None
    by_paths: bool = False
    parts: tuple[PartFound, ...] = field(default=())


def check(report: dict, system: System, status: str, seed: int, checks: list[Check]) -> Certified:
    """Appends the checks of certificate and trace. Raises ReportError."""
    certificate = entry(report, "certificate", dict)
    stated = entry(certificate, "parts", list, "certificate")
    _no_more(certificate, {"blocks", "parts", "checksum"}, "certificate")
    if not stated:
        needed = status not in ("theorem", "undecided")
        detail = f"no certificate of the dimension; status {status}" + (" asks for one" if needed else " does not claim one")
        checks.append(Check("certificate", not needed, detail))
        checks.append(_no_trace(report, system))
        return Certified(None)
    if system.size > LARGEST_SYSTEM:
        raise Undecided(f"a certificate of more than {LARGEST_SYSTEM} parameters")
    if is_paths(stated):
        _no_more(stated[0], {"method", "copies", "dimension"}, "part 1")
        found, dimension = paths.check_part(system, stated[0], "part 1")
        checks.extend(found)
        checks.append(_trace(report, system, dimension, (dimension,)))
        return Certified(dimension, by_paths=True)
    certified = _brackets(system, stated, seed, status, checks)
    checks.append(_trace(report, system, certified.dimension, _filtration(certified.parts)))
    return certified


def _no_more(mapping: dict, known: set[str], where: str) -> None:
    more = sorted(set(mapping) - known)
    if more:
        raise ReportError(f"{where} has {more[0]!r}, which this checker does not know")


def _brackets(system: System, stated: list, seed: int, status: str, checks: list[Check]) -> Certified:
    found = []
    for number, (told, part) in enumerate(zip(stated, system.parts), 1):
        where = f"part {number}"
        if told["method"] != "brackets":
            raise ReportError(f"{where}: unknown method {told['method']!r}")
        _no_more(told, brackets.KEYS, where)
        checks.extend(check_arguments(told.get("independence"), part, seed, status, where))
        more, spanned = brackets.check_part(system, part, told, where)
        checks.extend(more)
        grown = None
        if spanned.generators.local <= LARGEST_OWN and system.network is None:
            checks.append(spanned.rank_check(where))
            grown = grow(system, part, seed, len(spanned.filtration))
            checks.append(_steps(grown.filtration, spanned.filtration, where))
        else:
            checks.extend(spanned.checks_of_steps(seed, where))
        found.append(PartFound(part, spanned.dimension, spanned.filtration, grown))
    total = sum(found_part.part.copies * found_part.dimension for found_part in found)
    return Certified(total, parts=tuple(found))


def _steps(grown: tuple[int, ...], stated: tuple[int, ...], where: str) -> Check:
    detail = f"brackets of length 1, 2, … span {list(stated)} dimensions by the words, {list(grown)} at a point of the checker's own"
    return Check(f"{where}: filtration", grown == stated, detail)


def _filtration(parts: tuple[PartFound, ...]) -> tuple[int, ...]:
    """Of all parts together; a part that is finished stays as it is."""
    longest = max(len(part.filtration) for part in parts)
    return tuple(
        sum(part.part.copies * part.filtration[min(k, len(part.filtration) - 1)] for part in parts if part.filtration)
        for k in range(longest)
    )


def _no_trace(report: dict, system: System) -> Check:
    trace = entry(report, "trace", dict)
    fits = trace.get("dimension", 0) is None and trace.get("filtration") == [] and count(trace, "space", "trace") == system.space
    return Check("trace", fits, f"{system.space} drift coordinates, no dimension is certified")


def _trace(report: dict, system: System, certified: int, filtration: tuple[int, ...]) -> Check:
    trace = entry(report, "trace", dict)
    space, dimension = count(trace, "space", "trace"), count(trace, "dimension", "trace")
    stated = integers(trace, "filtration", "trace", 2**40, 1000)
    if space != system.space:
        return Check("trace", False, f"trace.space is {space}, the system has {system.space} drift coordinates")
    if dimension != certified:
        return Check("trace", False, f"trace.dimension is {dimension}, the parts certify {certified}")
    if stated != (list(filtration) or [0]):
        return Check("trace", False, f"trace.filtration is {stated}, the parts have {list(filtration)}")
    return Check("trace", True, f"dimension at least {dimension} of {space}: at most {space - dimension} laws")

"""What follows from the bounds: the count under the status claimed, and the number of laws that can be chosen free of time."""

from __future__ import annotations

import re

from conslaw_cli.checker import statement
from conslaw_cli.checker.dimension import Certified
from conslaw_cli.checker.growth import grow
from conslaw_cli.checker.lawtable import Laws
from conslaw_cli.checker.result import Check
from conslaw_cli.checker.system import System

_BOUND = re.compile(r"2\^-([1-9]\d{0,3})")
MOST_GROWTHS = 12


def conclusions(
    report: dict, system: System, status: str, laws: Laws, certified: Certified, moves: int | None
) -> list[Check]:
    """Raises ReportError."""
    kind = status.removesuffix(" for phi")
    if kind in ("proved", "exact"):
        checks = [_count(report, system, kind, laws, certified.dimension)]
        if kind == "exact" and not _beyond_proof(report):
            checks.append(_exact(report, system, certified))
        return [*checks, _time_free(system, kind, laws, certified, moves)]
    return [_theorem(report, system, laws) if kind == "theorem" else _undecided(report, system, laws, certified)]


def _beyond_proof(report: dict) -> bool:
    """Whether the report says why a sum that closes is no proof."""
    first = report["notes"][0] if report["notes"] and isinstance(report["notes"][0], str) else ""
    return first == statement.UNCHECKED or any(pattern.fullmatch(first) for pattern in (statement.DEPENDENT, statement.CHANCE, statement.REGIONAL))


def _count(report: dict, system: System, kind: str, laws: Laws, certified: int) -> Check:
    independent = laws.independent
    if independent != system.space - certified:
        detail = f"laws.independent is {independent}, the certificate gives {system.space} - {certified}"
        return Check("count", False, detail)
    sum_ = f"{system.space} = {certified} + {laws.found}"
    if kind == "proved":
        return Check("count", laws.complete, f"{sum_}: complete" if laws.complete else f"{sum_} does not close, status is {kind}")
    if laws.found == independent and system.network and _beyond_proof(report):
        return Check("count", True, f"{sum_}: closes, but values of functions or laws were left to chance", proved=False)
    if laws.found >= independent:
        return Check("count", False, f"{sum_}: this closes, and would be a proof, or there are too many laws")
    detail = f"at least {laws.found} and at most {independent} laws are proved; that no further polynomial law up to degree "
    return Check("count", True, detail + f"{laws.searched_degree} exists was not proved again", proved=False)


def _exact(report: dict, system: System, certified: Certified) -> Check:
    """Whether own growths confirm the dimension with the error probability that is stated, which is shared among the parts."""
    match = _BOUND.fullmatch(report["error_bound"])
    if not match:
        return Check("exactness", False, "error_bound must be a bound such as 2^-40")
    wanted, bits = int(match[1]) + (len(certified.parts) - 1).bit_length(), None
    for number, part in enumerate(certified.parts):
        if part.grown is None or not part.grown.closed:
            return Check("exactness", True, "the dimension is proved as a lower bound; too large to be grown again", proved=False)
        part_bits, growths = part.grown.bits, 1
        while part_bits < wanted and growths < MOST_GROWTHS:
            again = grow(system, part.part, number * 2**40 + growths + int(certified.dimension), len(part.filtration))
            if again.filtration != part.filtration:
                return Check("exactness", False, f"brackets span {again.filtration} at a point of the checker's own")
            part_bits, growths = part_bits + again.bits, growths + 1
        bits = part_bits if bits is None else min(bits, part_bits)
    if bits is None or bits < wanted:
        return Check("exactness", False, f"a bound of {match[0]} is more than {MOST_GROWTHS} growths can give")
    return Check("exactness", True, f"own growths close at {certified.dimension} too; error probability below {match[0]}", proved=False)


def _time_free(system: System, kind: str, laws: Laws, certified: Certified, moves: int | None) -> Check:
    """N laws less the rank of the translations of time on them; where laws are missing, on the trace that was grown."""
    name = "time-free laws"
    if laws.time_free is None:
        return Check(name, False, f"laws.time_free is missing in a report of status {kind}")
    known = "proved" if laws.complete and kind == "proved" else "exact"
    if laws.time_free_status != known:
        return Check(name, False, f"laws.time_free_status is {laws.time_free_status or 'null'}, not {known}")
    if not 0 <= laws.independent - laws.time_free <= _translations(system):
        return Check(name, False, f"{laws.time_free} of {laws.independent} laws: more or fewer than translations of time leave")
    (part, *others) = certified.parts or (None,)
    if laws.complete and moves is not None:
        expected = laws.independent - moves
    elif not laws.complete and part and part.grown and not others and part.part.copies == 1:
        expected = laws.independent - part.grown.time_rank
    else:
        return Check(name, True, "their number was not proved again", proved=False)
    detail = f"{laws.time_free} announced, {expected} follow from what translations of time do"
    return Check(name, laws.time_free == expected, detail, proved=laws.complete)


def _translations(system: System) -> int:
    """How many vector fields the translations of time span at most: two only where a damping varies."""
    if system.rate.zero and not system.second_order:
        return 0
    return 2 if system.second_order and system.rate.moves else 1


def _theorem(report: dict, system: System, laws: Laws) -> Check:
    """The number is the theorem's, as this checker states it."""
    if laws.time_free is not None or laws.time_free_status is not None:
        return Check("theorem", False, "a number of time-free laws, of which the theorem says nothing")
    if system.model.statement is None:
        return Check("theorem", True, statement.NO_STATEMENT.format(system.model.architecture), proved=False)
    known = statement.theorem(system)
    if known is None or report["theorem"] != known[1]:
        return Check("theorem", False, "no such theorem about this system")
    if laws.independent != known[0] or laws.found > known[0]:
        return Check("theorem", False, f"the theorem gives {known[0]} laws, the report {laws.independent}")
    detail = f"{known[0]} laws by {known[1]}; {laws.found} of them are written down, the theorem is not proved again"
    return Check("theorem", True, detail, proved=False)


def _undecided(report: dict, system: System, laws: Laws, certified: Certified) -> Check:
    """Nothing is claimed beyond the laws listed and the bound that the words give."""
    if (laws.independent, laws.time_free, laws.time_free_status) != (None, None, None):
        return Check("count", False, "a number of laws in a report that is undecided")
    match = statement.AT_MOST.fullmatch(report["notes"][0])
    most = system.space if certified.dimension is None else system.space - certified.dimension
    if (certified.dimension is not None) != bool(match) or (match and int(match[1]) != most) or laws.found > most:
        return Check("count", False, f"at most {most} laws follow, the report says {report['notes'][0]!r} and {laws.found} found")
    if certified.dimension is None and laws.time_dependent is False and _translations(system):
        return Check("count", False, "that no law depends on time is not known of a report that is undecided")
    return Check("count", True, f"at least {laws.found} and at most {most} laws", proved=False)

"""Verification of a report: its parts certify a dimension from below, its laws from above; where they meet, a proof."""

from __future__ import annotations

import json
import re
from hashlib import sha256

from conslaw_cli.checker import brackets, paths
from conslaw_cli.checker.laws import check_laws
from conslaw_cli.checker.lawtable import Laws, read_laws
from conslaw_cli.checker.models import parts as model_parts
from conslaw_cli.checker.result import Check, ReportError, Verification, count, entry, integers
from conslaw_cli.checker.system import System, read_system

STATUSES = ("proved", "proved for phi", "exact", "exact for phi", "theorem", "undecided")


def verify_report(report: dict) -> Verification:
    """Re-proves a report. A report that cannot be read gives a failed check that says why; nothing is raised."""
    checks: list[Check] = []
    try:
        checks.extend(_seal(report))
        system = read_system(report)
        status = _status(report)
        laws = read_laws(report)
        certified = _dimension(report, system, status, checks)
        checks.extend(check_laws(system, laws, _seed(report)))
        checks.extend(_conclusions(system, status, laws, certified, checks))
    except ReportError as error:
        checks.append(Check("report", False, str(error)))
    except (RecursionError, MemoryError, OverflowError):
        checks.append(Check("report", False, "the report's sizes are beyond this checker"))
    return Verification(tuple(checks))


def _status(report: dict) -> str:
    status = entry(report, "status", str)
    if status not in STATUSES:
        raise ReportError(f"status must be one of {', '.join(STATUSES)}")
    if count(report, "schema", "report") != 1:
        raise ReportError("this checker reads schema 1")
    return status


def _seal(report: dict) -> list[Check]:
    """The hash of everything a report says but its name; none in a report that was not sealed."""
    certificate = report.get("certificate") if isinstance(report, dict) else None
    if not isinstance(certificate, dict) or "seal" not in certificate:
        return []
    said = {key: value for key, value in report.items() if key != "name"}
    said["certificate"] = {key: value for key, value in certificate.items() if key != "seal"}
    try:
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError):
        raise ReportError("the report is not plain JSON") from None
    intact = sha256(text.encode()).hexdigest() == certificate["seal"]
    detail = "nothing was changed since the report was written" if intact else "something was changed since the report was written"
    return [Check("seal", intact, detail)]


def _seed(report: dict) -> bytes:
    """Random points depend on everything the report claims, so that no claim can be fitted to them."""
    try:
        text = json.dumps(report, sort_keys=True)
    except (TypeError, ValueError):
        raise ReportError("the report is not plain JSON") from None
    return sha256(text.encode()).digest()


def _dimension(report: dict, system: System, status: str, checks: list[Check]) -> int | None:
    """Checks certificate and trace; the certified dimension, or None without a certificate."""
    certificate = entry(report, "certificate", (dict, type(None)))
    stated = entry(certificate, "parts", list, "certificate") if certificate else []
    if not stated:
        needed = status not in ("theorem", "undecided")
        detail = f"no certificate of the dimension; status {status}" + (" asks for one" if needed else " does not claim one")
        checks.append(Check("certificate", not needed, detail))
        return None
    certified, filtration = _parts(system, stated, checks)
    checks.append(_trace(report, system, certified, filtration))
    return certified


def _parts(system: System, stated: list, checks: list[Check]) -> tuple[int, list[int] | None]:
    """(sum of the dimensions, filtration where brackets certify all); appends the checks of the parts."""
    if [entry(part, "method", str, "certificate part") for part in stated] == ["paths"]:
        found, dimension = paths.check_part(system, stated[0], "part 1")
        checks.extend(found)
        return dimension, None
    expected = model_parts(system)
    if len(stated) != len(expected):
        raise ReportError(f"the certificate has {len(stated)} parts, the model {len(expected)}")
    total, steps = 0, [0] * brackets.LONGEST_WORD
    for number, (part, (chain, copies)) in enumerate(zip(stated, expected), 1):
        if part["method"] != "brackets":
            raise ReportError(f"part {number}: unknown method {part['method']!r}")
        found, dimension, lengths = brackets.check_part(system, chain, copies, part, f"part {number}")
        checks.extend(found)
        total += copies * dimension
        steps = [step + copies * more for step, more in zip(steps, lengths + [0] * len(steps))]
    return total, _sums(steps)


def _sums(steps: list[int]) -> list[int]:
    """Dimensions after brackets of length 1, 2, ..., as long as they grow."""
    while steps and not steps[-1]:
        steps = steps[:-1]
    return [sum(steps[: k + 1]) for k in range(len(steps))]


def _trace(report: dict, system: System, certified: int, filtration: list[int] | None) -> Check:
    trace = entry(report, "trace", dict)
    space, dimension = count(trace, "space", "trace"), count(trace, "dimension", "trace")
    stated = integers(trace, "filtration", "trace", 2**40, 1000)
    if space != system.space:
        return Check("trace", False, f"trace.space is {space}, the system has {system.space} drift coordinates")
    if dimension != certified:
        return Check("trace", False, f"trace.dimension is {dimension}, the parts certify {certified}")
    if stated[-1:] != [dimension] or (filtration is not None and stated != filtration):
        return Check("trace", False, f"trace.filtration is {stated}, the parts certify {filtration or [certified]}")
    return Check("trace", True, f"dimension at least {dimension} of {space}: at most {space - dimension} laws")


def _conclusions(system: System, status: str, laws: Laws, certified: int | None, checks: list[Check]) -> list[Check]:
    """The count that follows, and the number of laws free of time."""
    found = [_count(system, status, laws, certified)]
    if laws.time_free is not None and laws.independent is not None:
        found.append(_time_free(system, laws))
    return found


def _count(system: System, status: str, laws: Laws, certified: int | None) -> Check:
    independent = laws.independent
    if certified is None or independent is None:
        known = independent is None or laws.found <= independent <= system.space
        return Check("count", known, f"{laws.found} laws found; the number of all laws was not checked")
    if independent != system.space - certified:
        detail = f"laws.independent is {independent}, the certificate gives {system.space} - {certified}"
        return Check("count", False, detail)
    if laws.found > independent:
        return Check("count", False, f"{laws.found} laws found, at most {independent} exist")
    if status in ("proved", "proved for phi"):
        closes = laws.found == independent
        sum_ = f"{system.space} = {certified} + {laws.found}"
        unlisted = " (the laws not listed were not checked)" if laws.truncated else ""
        return Check("count", closes, f"{sum_}: complete{unlisted}" if closes else f"{sum_} does not close, status is proved")
    lower = "the dimension is certified as a lower bound only; that it is exact was not re-proved"
    return Check("count", True, f"at least {laws.found} and at most {independent} laws; {lower}")


def _time_free(system: System, laws: Laws) -> Check:
    """Time translations act on the laws; the rank of their action is what time takes away."""
    complete, some = laws.found == laws.independent, any(item.depends_on_time for item in laws.items)
    most = laws.independent - int(some)
    one_field = system.kind == "weight-decay" or not re.search(r"\bt\b", system.rate)
    fields = 0 if system.kind == "gradient-flow" else 1 if one_field else 2
    least = most if complete and (fields <= 1 or not some) else max(0, laws.independent - fields)
    fits = least <= laws.time_free <= most
    expected = f"{least}" if least == most else f"{least} to {most}"
    return Check("time-free laws", fits, f"{laws.time_free} announced, {expected} follow from the laws listed")

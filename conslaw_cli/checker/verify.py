"""Verification of a report: its parts certify a dimension from below, its laws from above; where they meet, a proof.

Every word of the report is either derived again, or held against the checker's own statement of the same system (statement.py), or
named in a check as not proved again; then the report is confirmed in part at most.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256

from conslaw_cli.checker import dimension
from conslaw_cli.checker.comparing import check_graph
from conslaw_cli.checker.conclusions import conclusions
from conslaw_cli.checker.families import check_families, complete_truncated, read_families
from conslaw_cli.checker.independence import independence
from conslaw_cli.checker.laws import check_laws, draw, evaluate
from conslaw_cli.checker.lawtable import Laws, numbers, read_laws
from conslaw_cli.checker.region import check_region
from conslaw_cli.checker.result import Check, ReportError, Undecided, Verification, count, entry
from conslaw_cli.checker.special import check_special
from conslaw_cli.checker.system import LARGEST_SYSTEM, System, is_paths, read_system
from conslaw_cli.checker.times import time_checks
from conslaw_cli.checker.words import left_to_chance, word_checks

STATUSES = ("proved", "proved for phi", "exact", "exact for phi", "theorem", "undecided")
SCHEMA = 2


def verify_report(report: dict) -> Verification:
    """Re-proves a report. A report that cannot be read gives a failed check that says why; nothing is raised."""
    checks: list[Check] = []
    status = None
    try:
        seed = _seed(report)
        checks.append(_checksum(report))
        status = _status(report)
        _everything(report, status, seed, checks)
    except ReportError as error:
        checks.append(Check("report", False, str(error)))
    except Undecided as error:
        checks.append(Check("report", True, f"not decided by this checker: {error}", proved=False))
    except (ArithmeticError, LookupError, ValueError, TypeError, RecursionError, MemoryError) as error:
        checks.append(Check("report", False, f"beyond this checker ({type(error).__name__})"))
    return Verification(tuple(checks), status)


def _everything(report: dict, status: str, seed: bytes, checks: list[Check]) -> None:
    system, laws = read_system(report), read_laws(report)
    checks.extend(word_checks(report, system, status))
    stated = report["certificate"]["parts"]
    checks.append(check_graph(system, bool(stated) and not is_paths(stated), seed))
    certified = dimension.check(report, system, status, int.from_bytes(seed[:8], "big"), checks)
    checks.extend(check_region(report, system))
    checks.append(numbers(laws))
    if not system.network and laws.everywhere != laws.found:
        checks.append(Check("laws: everywhere", False, "laws that are said to hold in a region, of a model without branches"))
    if laws.by_theory:
        checks.append(_theory(laws, certified))
    moves = None
    if system.parts:
        moves = _laws(system, laws, seed, certified.by_paths, checks, left_to_chance(report))
    elif laws.items or laws.special:
        why = "there is no graph to check them against"
        if system.size > LARGEST_SYSTEM:
            why = f"the system has {system.size} parameters, this checker evaluates up to {LARGEST_SYSTEM}"
        detail = f"not proved again: {why}"
        checks.append(Check("laws", True, detail, proved=False))
    checks.extend(conclusions(report, system, status, laws, certified, moves))


def _laws(system: System, laws: Laws, seed: bytes, by_paths: bool, checks: list[Check], chance: bool) -> int | None:
    """Checks everything about the laws; the rank of the translations of time on them, None where it is open."""
    formulas, families = read_families(system, laws)
    found = draw(formulas, seed)
    complete_truncated(formulas, families, found)
    evaluate(formulas, found)
    everywhere = [item.everywhere for item, texts in zip(laws.items, formulas.texts) for _ in texts]
    checks.extend(check_laws(formulas, found, everywhere, chance))
    special, moving = check_special(system, laws, formulas, found, seed)
    checks.extend(special)
    needed = len(formulas.laws) if laws.by_theory else laws.found - sum(item.number for item in laws.special)
    checks.append(_attempt("laws: independence", lambda: independence(formulas, found, needed)))
    checks.extend(check_families(system, families, found, by_paths))
    more, moves = time_checks(formulas, found, laws)
    checks.extend(more)
    return 1 if moving else moves


def _theory(laws: Laws, certified: dimension.Certified) -> Check:
    """Laws that nothing but theory gives are those of a system that is too large for a certificate."""
    if certified.dimension is not None:
        return Check("laws: theory", False, "a report with a certificate has verified its laws")
    detail = f"that {laws.by_theory} laws known from theory are independent was not proved again"
    return Check("laws: theory", True, detail, proved=False)


def _attempt(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Undecided as error:
        return Check(name, True, f"not decided by this checker: {error}", proved=False)


def _status(report: dict) -> str:
    status = entry(report, "status", str)
    if status not in STATUSES:
        raise ReportError(f"status must be one of {', '.join(STATUSES)}")
    if count(report, "schema", "report") != SCHEMA:
        raise ReportError(f"this checker reads schema {SCHEMA}")
    return status


def _checksum(report: dict) -> Check:
    """The hash of everything a report says but its name: it tells a damaged file, and proves nothing."""
    certificate = entry(report, "certificate", dict)
    if "checksum" not in certificate:
        return Check("checksum", True, "none: whether a word was changed since the report was written cannot be seen")
    said = {key: value for key, value in report.items() if key != "name"}
    said["certificate"] = {key: value for key, value in certificate.items() if key != "checksum"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    intact = sha256(text.encode()).hexdigest() == certificate["checksum"]
    detail = "the report is as it was written" if intact else "something was changed since the report was written"
    return Check("checksum", intact, detail)


def _seed(report: dict) -> bytes:
    """Random points depend on everything the report claims, so that no claim can be fitted to them."""
    try:
        text = json.dumps(report, sort_keys=True)
    except (TypeError, ValueError):
        raise ReportError("the report is not plain JSON") from None
    return sha256(text.encode()).digest()

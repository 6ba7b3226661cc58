"""The sentences of a report: what phi is, where it holds, assumptions, notes, the theorem, and how the report was made."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from hashlib import sha256

from conslaw_cli.checker import metrics, statement
from conslaw_cli.checker.regular import is_regular
from conslaw_cli.checker.result import Check, ReportError, count, entry, integers
from conslaw_cli.checker.system import System

_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,3}([a-z0-9.+-]{0,20})")
_TOP = frozenset(
    "schema name model metric dynamics trace region laws status error_bound theorem notes certificate reproduce".split()
) | {"network"}
_TABLES = {
    "metric": frozenset({"blocks", "at"}),
    "dynamics": frozenset("kind rate start until assumptions".split()),
    "trace": frozenset("space filtration dimension".split()),
    "laws": frozenset(
        "independent found everywhere complete time_dependent time_free time_free_status searched_degree items".split()
    ),
    "reproduce": frozenset("version seed primes spec_sha256".split()),
}
_ITEM = frozenset("family number expressions form latex depends_on_time source truncated definitions everywhere".split())


def word_checks(report: dict, system: System, status: str) -> list[Check]:
    """Raises ReportError, Undecided."""
    _nothing_unknown(report)
    entry(report, "region", (dict, type(None)))
    checks = [_model(report, system), _interval(report, system), _status(report, system, status), _made(report, system)]
    return [*checks, *_network(report)]


def _network(report: dict) -> list[Check]:
    """The network's own count is that of another report."""
    if report.get("network") is None:
        return []
    return [Check("network", True, "its own count was not proved again: the report of the network as a text has the certificate", proved=False)]


def _nothing_unknown(report: dict) -> None:
    """What this checker does not know, it cannot vouch for."""
    places = [("report", report, _TOP), *((name, entry(report, name, dict), keys) for name, keys in _TABLES.items())]
    items = entry(report["laws"], "items", list, "laws")
    places += [(f"laws.items[{i}]", item, _ITEM) for i, item in enumerate(items) if isinstance(item, dict)]
    for where, table, keys in places:
        for key in table:
            if key not in keys:
                raise ReportError(f"{where} has {key!r}, which this checker does not know")


def _model(report: dict, system: System) -> Check:
    model, stated = report["model"], system.model.statement
    said = [entry(model, key, str, "model") for key in ("phi", "domain")]
    if system.model.composed:
        fits = said == [statement.PHI_OF[system.model.architecture], statement.domain(system)]
        return Check("model", fits, f"{system.model.architecture} as its text says" if fits else "model.phi or model.domain is not of such a model")
    if stated is None:
        detail = f"that phi is {said[0][:60]!r}, valid {said[1][:60]}, was not compared: {statement.NO_STATEMENT.format(system.model.architecture)}"
        return Check("model", True, detail, proved=False)
    if said[0] != stated.phi:
        return Check("model", False, "model.phi is not the reparametrization of this architecture")
    domain = statement.domain(system)
    if said[1] != domain:
        return Check("model", False, f"model.domain is not where this holds: {domain}")
    return Check("model", True, f"{system.model.title}, valid: {domain}")


def _interval(report: dict, system: System) -> Check:
    """Whether the rate is real and finite on the interval that is claimed, and which signs are assumed."""
    assumed = entry(report["dynamics"], "assumptions", list, "dynamics")
    letters = sorted("lambda" if name == "lamda" and "lamda" not in system.rate.text else name for name in system.rate.letters)
    positive = [f"{name} > 0" for name in letters]
    if assumed not in (positive, [*positive, f"{', '.join(letters)} generic"]):
        raise ReportError(f"dynamics.assumptions must be {positive}")
    if not system.rate.moves and (system.until is not None or (not system.dynamics.drifts and system.start != 0)):
        raise ReportError("a constant rate is finite at all times: dynamics.until must be null")
    if is_regular(system.rate.tree, system.start, system.until, system.rate.moment):
        return Check("rate", True, "real and finite on the interval claimed")
    return Check("rate", True, "not decided by this checker: whether the rate is finite on all of the interval", proved=False)


def _status(report: dict, system: System, status: str) -> Check:
    """Notes, error bound and theorem are those of the status; numbers in them are compared elsewhere."""
    caveat = system.model.caveat
    notes = entry(report, "notes", list)
    bound, theorem = (entry(report, key, (str, type(None))) for key in ("error_bound", "theorem"))
    if system.model.composed and not system.parts:
        return Check("status", True, f"{status}, with {len(notes)} notes, was not compared: there is no graph", proved=False)
    if system.model.statement is None and not system.model.composed and (notes or status.endswith(" for phi") or theorem):
        detail = f"{status}, with {len(notes)} notes, was not compared: {statement.NO_STATEMENT.format(system.model.architecture)}"
        return Check("status", True, detail, proved=False)
    if status.endswith(" for phi") != (caveat is not None and status not in ("theorem", "undecided")):
        return Check("status", False, f"{status} is not what can be said where phi {'does not stand' if caveat else 'stands'} for the model")
    if status == "proved" and system.network and system.network.graph.steered and report["laws"]["everywhere"] < report["laws"]["found"]:
        return Check("status", False, "laws of the branches that were seen, which may not be all, are no proof")
    text = notes[0] if notes and isinstance(notes[0], str) else ""
    reasons = _reasons(report, notes) if status == "exact" else []
    dependent = bool(reasons)
    if (bound is not None) != (status.startswith("exact") and not dependent) or (theorem is not None) != (status == "theorem"):
        return Check("status", False, f"an error bound or a theorem that a report of status {status} does not have")
    expected = [caveat] if caveat else []
    if status in ("theorem", "undecided"):
        first = notes[0] if notes and isinstance(notes[0], str) else ""
        patterns = [statement.TOO_LARGE] if status == "theorem" else [statement.TOO_LARGE, statement.AT_MOST]
        if not any(pattern.fullmatch(first) for pattern in patterns):
            return Check("status", False, f"{status} without a reason that this checker knows")
        expected = [first, *expected]
    if status == "exact" and not dependent and statement.CHANCE.fullmatch(text):
        reasons = [text]
    expected = [*reasons, *expected]
    if report["region"] is not None:
        expected += [note for note in notes if isinstance(note, str) and statement.BOUNDARY.fullmatch(note)][:1]
    expected += [statement.algebraic(system)] if _all_algebraic(report, system) else []
    expected += [statement.NATURAL] if metrics.NATURAL in report["metric"]["blocks"].values() else []
    expected += statement.unused(system) if system.model.composed else []
    if notes != expected:
        return Check("status", False, f"the notes must be {expected or 'none'}")
    return Check("status", True, f"{status}, with {len(notes)} notes that are true of such a system")


def _reasons(report: dict, notes: list) -> list[str]:
    """The first notes that say why an exact count has no error bound: dependent arguments, and laws of the branches seen, as many as there are."""
    found = []
    for note in (note for note in notes[:2] if isinstance(note, str)):
        regional = statement.REGIONAL.fullmatch(note)
        right = regional and int(regional[1]) == report["laws"]["found"] - report["laws"]["everywhere"] > 0
        if right or statement.DEPENDENT.fullmatch(note) or note == statement.UNCHECKED:
            found.append(note)
    return found


def left_to_chance(report: dict) -> bool:
    """Whether the report says of laws that they were verified at random points."""
    return any(isinstance(note, str) and statement.CHANCE.fullmatch(note) for note in report["notes"])


def _all_algebraic(report: dict, system: System) -> bool:
    """Whether a report has integrals beside all the laws that are algebraic, under gradient flow."""
    numbers = {name: 0 for name in (statement.ABELIAN, statement.BALANCED)}
    for item in report["laws"]["items"]:
        if isinstance(item, dict) and item.get("family") in numbers and type(item.get("number")) is int:
            numbers[item["family"]] += item["number"]
    if not (statement.is_abelian(system) and system.rate.zero):
        return False
    return numbers[statement.ABELIAN] > 0 and numbers[statement.BALANCED] == system.size - min(system.model.options.widths[1:3])


def _made(report: dict, system: System) -> Check:
    """The hash of the spec and the primes are derived again; version, seed and how laws were found are the report's own word."""
    made = report["reproduce"]
    count(made, "seed", "reproduce", 2**64 - 1)
    if not _VERSION.fullmatch(entry(made, "version", str, "reproduce")):
        raise ReportError("reproduce.version is no version")
    parts = report["certificate"].get("parts") if isinstance(report["certificate"], dict) else None
    primes = sorted({part["prime"] for part in parts or () if isinstance(part, dict) and type(part.get("prime")) is int})
    if integers(made, "primes", "reproduce", 2**64, 1000) != primes:
        return Check("reproduce", False, f"reproduce.primes must be those of the certificate, {primes}")
    if entry(made, "spec_sha256", str, "reproduce") != spec_hash(report, system):
        return Check("reproduce", False, "reproduce.spec_sha256 is not the hash of a spec of this system")
    words = "version, seed, searched degree and whether a law was first searched or guessed are not part of the statement"
    return Check("reproduce", True, f"primes and hash of the spec recomputed; {words}")


def spec_hash(report: dict, system: System) -> str:
    """SHA-256 of the spec with every default written out."""
    dynamics: dict[str, object] = {"kind": system.kind}
    if system.dynamics.rate_key:
        dynamics[system.dynamics.rate_key] = report["dynamics"]["rate"]
    if system.dynamics.drifts and system.start is not None:
        dynamics["start"] = _plain(system.start)
    data = {
        "model": {"architecture": system.model.architecture, **_keys(system)},
        "metric": {**report["metric"]["blocks"], "at": system.at},
        "dynamics": dynamics,
    }
    return sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _keys(system: System) -> dict[str, object]:
    """The keys of [model]; what a report says of a text's arrays in its model's own words is named as in a spec."""
    if not system.model.composed:
        return system.model.keys
    names = {"shapes": "parameters", "expression": "phi", "expressions": "fields"}
    return {names.get(key, key): value for key, value in system.model.keys.items()}


def _plain(value: Fraction) -> int | str:
    return int(value) if value.denominator == 1 else str(value)

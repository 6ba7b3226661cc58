"""A forger: altered copies of honest reports with a fresh checksum, most of them false statements."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from hashlib import sha256

ZEROS = (
    "(sin(pi))", "log(1)", "(exp(log(2))-2)", "(sqrt(4)-2)", "(sin(t)**2+cos(t)**2-1)", "(t-t)", "0", "(log(t**2)-2*log(t))",
    "(sqrt((t+1)**2)-t-1)", "(Integral(1,t)-t)", "(cosh(t)**2-sinh(t)**2-1)", "(1-1)", "(2**t-exp(t*log(2)))",
    "(exp(log(t))-t)", "Integral(0,t)", "(atan(tan(pi/5))-pi/5)", "(sqrt(2)*sqrt(8)-4)", "(8**(1/3)-2)", "((-8)**(1/3)+2)",
)  # fmt: skip
ROOTS = ("sqrt(4)+2", "sqrt(4)-2", "sqrt(t**2)+t", "sqrt((t+1)**2)+t+1", "(t**2)**(1/2)-t", "sqrt(2)*sqrt(8)+4",
         "sqrt(t**2+2*t+1)+t+1", "sqrt(3+2*sqrt(2))+1+sqrt(2)", "4**(1/2)+2", "(-1)**(1/2)", "sqrt(-4)", "sqrt(tan(t))*sqrt(sin(2*t))+sqrt(2)*sin(t)")  # fmt: skip
FAMILIES = ("balancedness", "neuron balance", "angular momentum", "conserved momentum", "centre of motion", "further laws", "x")
STRINGS = {
    "status": ("proved", "proved for phi", "exact", "exact for phi", "theorem", "undecided"),
    "family": FAMILIES,
    "kind": ("gradient-flow", "momentum", "nesterov", "weight-decay"),
    "at": ("theta", "lookahead"),
    "bias": ("none", "hidden", "all"),
    "architecture": ("linear", "relu", "icnn", "nmf"),
    "rate": ("0", "1", "t", "3/t", "tau", "tau*t", "t-t", "log(1)", "1/(t-t)", "sqrt(-1)", "1/4194319", "sqrt(4)-2", "tau + 1", "-tau", "1/(t-5)"),
    "start": ("0", "1", "1/2", None, "-1", "x"),
    "until": ("1", "100", None, "0"),
    "time_free_status": ("proved", "exact", None),
    "source": ("search, degree 1", "search, degree 2", "search, degree 3", "theory, verified", "by magic",
               "integer kernel of the path exponents"),
    "error_bound": ("2^-1", "2^-40", "2^-900", "0", None),
    "theorem": (None, "Marcotte, Gribonval, Peyré, NeurIPS 2023, two-layer linear networks", "Gauss"),
}  # fmt: skip


def with_checksum(report: dict) -> dict:
    """The report with the checksum of its content."""
    said = {key: value for key, value in report.items() if key != "name"}
    said["certificate"] = {key: value for key, value in report["certificate"].items() if key != "checksum"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return {**report, "certificate": {**said["certificate"], "checksum": sha256(text.encode()).hexdigest()}}


def forgeries(report: dict) -> Iterator[tuple[str, dict]]:
    """(description, forged report), with its checksum recomputed."""
    for path, value in list(_leaves(report, ())):
        if path[:1] == ("certificate",) and path[-1] == "checksum" or path == ("name",):
            continue
        for number, other in enumerate(_alternatives(path, value)):
            if other == value and type(other) is type(value):
                continue
            yield f"{'.'.join(map(str, path))} #{number} -> {other!r:.60}", with_checksum(_altered(report, path, other))
    yield from ((what, with_checksum(forged)) for what, forged in _structural(report))


def _leaves(value: object, path: tuple) -> Iterator[tuple[tuple, object]]:
    if isinstance(value, dict):
        for key in value:
            yield from _leaves(value[key], (*path, key))
    elif isinstance(value, list) and path[-1] in ("items", "parts", "expressions"):
        for i, entry in enumerate(value[:3]):
            yield from _leaves(entry, (*path, i))
    elif isinstance(value, list):
        yield path, value
        for i in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield (*path, i), value[i]
    else:
        yield path, value


def _alternatives(path: tuple, value: object) -> Iterator[object]:
    key = path[-1] if isinstance(path[-1], str) else path[-2]
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, list):
        yield from (value[:-1], [*value, *value[-1:]], list(reversed(value)))
    elif key in STRINGS:
        yield from (other for other in STRINGS[key] if other != value)
    elif key == "expressions":
        yield from _laws(value)
    elif isinstance(value, str):
        yield from {value + " ", value.replace("-", "+", 1), value.replace("+", "-", 1), value.replace("2", "3", 1), "", value[:-1]} - {value}
    else:
        yield from (0, "x")


def _laws(text: str) -> Iterator[str]:
    """Formulas that are no laws, or only seem to be one."""
    yield from {text.replace(" - ", " + ", 1), text.replace(" + ", " - ", 1), text.replace("**2", "**3", 1), text.replace("_1_1", "_1_2", 1),
                text.replace("exp(", "exp(2*", 1), f"t*({text})", "", "1", "t", text + " +"} - {text}  # fmt: skip
    words = text.replace("*", " ").replace("(", " ").replace(")", " ").split()
    entry = next((word for word in words if word[0] in "WbUVd" and "_" in word), "W1_1_1")
    yield from (f"{zero}*({text})" for zero in ZEROS)
    yield from (f"{text} + ({root})*{entry}" for root in ROOTS)
    yield from (f"{zero}*{entry}" for zero in ZEROS)


def _altered(report: dict, path: tuple, value: object) -> dict:
    forged = copy.deepcopy(report)
    place = forged
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return forged


def _structural(report: dict) -> Iterator[tuple[str, dict]]:
    """Several fields at once, so that the sums still hold."""
    for i, item in enumerate(report["laws"]["items"]):
        for what, change in _CHANGES_OF_ITEMS.items():
            forged = copy.deepcopy(report)
            if change(forged, forged["laws"]["items"][i]) is not False:
                yield f"item {i}: {what}", forged
    for what, change in _CHANGES.items():
        forged = copy.deepcopy(report)
        if change(forged) is not False:
            yield what, forged


def _recount(report: dict) -> None:
    laws = report["laws"]
    laws["found"] = sum(item["number"] for item in laws["items"])
    laws["complete"] = laws["found"] == laws["independent"]


def _drop_law(report: dict, item: dict) -> None:
    item["expressions"] = item["expressions"][:-1]
    item["number"] -= 1
    _recount(report)


def _drop_law_exact(report: dict, item: dict) -> None:
    _drop_law(report, item)
    report["status"], report["error_bound"] = "exact", "2^-44"


def _repeat_law(report: dict, item: dict) -> None:
    item["expressions"] = [*item["expressions"], item["expressions"][0]]
    item["number"] += 1
    report["laws"]["independent"] += 1
    report["trace"]["dimension"] -= 1
    _recount(report)


def _combine_laws(report: dict, item: dict) -> bool | None:
    if len(item["expressions"]) < 3:
        return False
    a, b, *_ = item["expressions"]
    item["expressions"] = [*item["expressions"][:2], f"3*({a}) - 2*({b})", *item["expressions"][3:]]
    return None


def _truncate(report: dict, item: dict) -> None:
    item["expressions"], item["truncated"], item["number"] = [], True, item["number"] + 1309
    report["laws"]["independent"] += 1309
    _recount(report)


def _truncate_quietly(report: dict, item: dict) -> None:
    item["expressions"], item["truncated"] = item["expressions"][:-1], True


def _no_form(report: dict, item: dict) -> bool | None:
    if item["form"] is None:
        return False
    item["form"] = None
    return None


def _other_form(report: dict, item: dict) -> bool | None:
    if item["form"] is None:
        return False
    swaps = item["form"].replace("^T", "") if "^T" in item["form"] else item["form"].replace("i,k", "k,i")
    item["form"] = swaps
    return swaps != item["form"] or None


def _form_and_latex_sign(report: dict, item: dict) -> bool | None:
    if item["form"] is None or " - " not in item["form"]:
        return False
    item["form"], item["latex"] = item["form"].replace(" - ", " + ", 1), item["latex"].replace(" - ", " + ", 1)
    return None


_CHANGES_OF_ITEMS = {
    "dropped law": _drop_law,
    "dropped law, exact": _drop_law_exact,
    "repeated law": _repeat_law,
    "combined laws": _combine_laws,
    "truncated with a raised count": _truncate,
    "truncated": _truncate_quietly,
    "no form": _no_form,
    "another form": _other_form,
    "a sign in form and LaTeX": _form_and_latex_sign,
}


def _drop_words(report: dict, status: str) -> bool | None:
    parts = report["certificate"]["parts"]
    if not parts or not parts[0].get("words"):
        return False
    for key in ("words", "fingerprints"):
        parts[0][key] = parts[0][key][:-1]
    copies = parts[0]["copies"]
    parts[0]["dimension"] -= 1
    report["trace"]["dimension"] -= copies
    report["trace"]["filtration"] = [*report["trace"]["filtration"][:-1], report["trace"]["filtration"][-1] - copies]
    report["laws"]["independent"] += copies
    report["laws"]["complete"] = False
    if report["laws"]["time_free"] is not None:
        report["laws"]["time_free"] += copies
    report["status"], report["error_bound"] = status, "2^-44" if status.startswith("exact") else None
    return None


def _claim(report: dict, status: str) -> None:
    number = report["laws"]["independent"] or 0
    report["laws"]["independent"] = number + 3 if status == "theorem" else None
    report["laws"]["complete"] = False
    report["status"], report["error_bound"] = status, None
    report["theorem"] = STRINGS["theorem"][1] if status == "theorem" else None
    report["notes"] = ["too large for the engine: 9 parameters"]


def _second_word(report: dict) -> bool | None:
    parts = report["certificate"]["parts"]
    if not parts or len(parts[0].get("words", ())) < 2:
        return False
    for key in ("words", "fingerprints"):
        parts[0][key][1] = parts[0][key][0]
    return None


def _without(*path: str):
    def change(report: dict) -> bool | None:
        place = report
        for key in path[:-1]:
            place = place[key]
        return place.pop(path[-1], False) is not False or False

    return change


_CHANGES = {
    "dropped words, exact": lambda report: _drop_words(report, "exact"),
    "dropped words, exact for phi": lambda report: _drop_words(report, "exact for phi"),
    "dropped words, proved": lambda report: _drop_words(report, "proved"),
    "any number by a theorem": lambda report: _claim(report, "theorem"),
    "undecided with what was known": lambda report: _claim(report, "undecided"),
    "a repeated word": _second_word,
    "no certificate": lambda report: report["certificate"].update(parts=[]),
    "a further note": lambda report: report["notes"].append("every law is also a law of the discrete dynamics"),
    "an unknown key": lambda report: report.update(remark="the Riemann hypothesis holds"),
    "an unknown key of the model": lambda report: report["model"].update(residual=True),
    "no domain": _without("model", "domain"),
    "no laws": lambda report: report["laws"].update(items=[], found=0, time_dependent=None),
}


def says(report: dict) -> dict:
    """The statement of a report: without what the verdict says was not proved again, and without how it is spaced."""
    said = copy.deepcopy(report)
    for path in (("name",), ("laws", "searched_degree"), ("reproduce", "version"), ("reproduce", "seed"), ("certificate",)):
        place = said
        for key in path[:-1]:
            place = place[key]
        place.pop(path[-1], None)
    for item in said["laws"]["items"]:
        item["source"] = "found" if item["source"] in STRINGS["source"][:4] + ("search, separable",) else item["source"]
        for key in ("form", "latex"):
            item[key] = item[key] and item[key].strip()
        item["expressions"] = [text.strip() for text in item["expressions"]]
    return said


def is_weaker(honest: dict, forged: dict) -> bool:
    """Whether a report says the same as an honest one, at most for a shorter time."""
    honest, forged = says(honest), says(forged)
    times = [report.pop("dynamics") for report in (honest, forged)]
    spans = [(time.pop("start") or "0", time.pop("until")) for time in times]
    shorter = spans[0] == spans[1] or (spans[1][1] is not None and spans[0][1] in (None, "3", "2"))
    return honest == forged and times[0] == times[1] and (shorter or spans[0][0] == spans[1][0])

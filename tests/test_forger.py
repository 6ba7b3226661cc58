"""Forgers find no false statement that the checker verifies: every field of honest reports altered, the checksum made to fit."""

from __future__ import annotations

import json
from functools import cache
from random import Random

import pytest

from conslaw_cli import analyze
from conslaw_cli.checker import verify_report
from forger import forgeries, is_weaker, with_checksum
from helpers import quick


def spec(architecture: str, widths: list[int], bias: str = "none", metric: dict | None = None, **dynamics: str) -> dict:
    tables = {"model": {"architecture": architecture, "widths": widths, "bias": bias}, "metric": metric or {}}
    return {**tables, "dynamics": dynamics} if dynamics else tables


THETA = {"at": "theta"}
SPECS = [
    spec("linear", [2, 3, 2]),
    spec("linear", [2, 2, 2], kind="momentum"),
    spec("linear", [2, 2, 2], kind="momentum", damping="1/(1+t)"),
    spec("linear", [1, 3, 1], kind="momentum"),
    spec("linear", [1, 2, 2, 1]),
    spec("linear", [1, 2, 1], kind="weight-decay"),
    spec("relu", [2, 2, 1], "hidden"),
    spec("relu", [2, 2, 2, 1], "all", kind="weight-decay", decay="1/(1+t)"),
    spec("relu", [1, 3, 2]),
    spec("relu", [2, 2, 1], kind="momentum", damping="t"),
    spec("nmf", [2, 2, 2]),
    spec("nmf", [2, 2, 2], metric=THETA, kind="momentum"),
    spec("nmf", [2, 2, 2], metric=THETA, kind="momentum", damping="sin(t**2)"),
    spec("nmf", [2, 1, 2], kind="momentum", damping="1/2"),
    spec("nmf", [2, 2, 2], metric=THETA, kind="nesterov"),
    spec("icnn", [2, 2, 1], "hidden"),
    spec("icnn", [2, 2, 1], "hidden", kind="weight-decay", decay="alpha/t"),
    spec("linear", [2, 2, 1], metric={"default": "theta^2"}),
    spec("linear", [2, 2, 1], metric={"default": "theta^3"}, kind="weight-decay"),
    spec("linear", [1, 2, 1], "all", metric={"default": "theta^2"}, kind="weight-decay", decay="1/(3-t)"),
    spec("linear", [1, 7, 2]),
    spec("relu", [1, 1, 1], metric={"default": "theta^2"}, kind="weight-decay"),
    spec("linear", [1, 2, 2, 2, 1]),
    spec("nmf", [2, 2, 1], metric={"default": "theta^2"}, kind="momentum"),
    spec("relu", [2, 1, 1], metric={"default": "theta^2"}, kind="momentum", damping="0"),
]
IN_PART = {22}
NETWORKS = {8}
"""Those with the own count of a network beside that of phi, which is not proved again."""
STRIDE = 48
"""Every so many forgeries are tried in the fast suite, beginning with another one for each report."""


NUMBERS = quick([number for number in range(0, len(SPECS), 2) if number not in IN_PART], range(len(SPECS)))
"""The analysis and the checks of what is confirmed in part take seconds."""


@cache
def text(number: int) -> str:
    return json.dumps(analyze(SPECS[number]).to_dict())


def honest(number: int) -> dict:
    return json.loads(text(number))


def accepted(report: dict, every: int, first: int) -> list[str]:
    """False statements that are verified."""
    found = []
    for number, (what, forged) in enumerate(forgeries(report)):
        if number % every == first % every and verify_report(forged).verified and not is_weaker(report, forged):
            found.append(what)
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_no_forgery_is_verified(number):
    report = honest(number)
    assert (report["network"] is not None) == (number in NETWORKS)
    if number in NETWORKS:
        assert verify_report(report).verdict == "confirmed in part"
        report = with_checksum({**report, "network": None})
    assert verify_report(report).verified == (number not in IN_PART)
    assert accepted(report, STRIDE, number) == []


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(len(SPECS)))
def test_none_of_all_forgeries_is_verified(number):
    assert accepted(honest(number), 1, 0) == []


LARGE = [spec("linear", [100] * 4), spec("linear", [300] * 4), spec("linear", [100_000] * 3), spec("relu", [20_000, 20_000, 10], kind="momentum")]


@pytest.mark.parametrize("number", quick([0, 2, 3], range(len(LARGE))))
def test_what_theory_alone_gives_is_confirmed_in_part_and_not_raised(number):
    report = json.loads(json.dumps(analyze(LARGE[number]).to_dict()))
    assert verify_report(report).verdict == "confirmed in part"
    for path, value in ((("laws", "time_free"), 0), (("laws", "time_free_status"), "proved"), (("laws", "independent"), 7)):
        forged = json.loads(json.dumps(report))
        forged[path[0]][path[1]] = value
        assert verify_report(with_checksum(forged)).verdict == "REJECTED"
    for item in report["laws"]["items"]:
        item["form"], item["latex"] = item["form"].replace(" - ", " + "), item["latex"].replace(" - ", " + ")
    if 0 < report["model"]["parameters"] < 5_000_000:
        assert verify_report(with_checksum(report)).verdict == "REJECTED"


STRANGE = [None, True, -1, 0, 10**30, 1.5, float("nan"), "", "x" * 5000, "1/0", "((((", "t", "9" * 400, "W1_1_1", "\x00", "é", [], [[]], {}]
STRANGE += [{"a": 1}, [0] * 10_000, ["t"] * 1000, [10**20] * 50]


def mutated(report: dict, random: Random) -> dict:
    """A report with some value replaced by one of another kind, size or depth, or taken away."""
    report = json.loads(json.dumps(report))
    place, key = random.choice(list(places(report)))
    if isinstance(place, dict) and random.random() < 0.1:
        del place[key]
    elif random.random() < 0.1:
        for _ in range(random.choice([1, 5, 900])):
            place[key] = [place[key]]
    else:
        place[key] = random.choice(STRANGE)
    return report


def places(value):
    """Every value's container and key; of long lists the first ones."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:8]) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from places(item)


def stumbles(number: int, count: int) -> None:
    random, report = Random(number), honest(number)
    for _ in range(count):
        forged = mutated(report, random)
        try:
            forged = with_checksum(forged)
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            pass  # no JSON, or no certificate: as it is
        assert verify_report(forged).verdict


@pytest.mark.parametrize("number", NUMBERS)
def test_the_checker_has_an_answer_to_everything(number):
    stumbles(number, 8)


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(len(SPECS)))
def test_the_checker_has_an_answer_to_much_more(number):
    stumbles(number, 250)

"""Differences of travel times: neurons with one weight out and one in, under gradient flow."""

from __future__ import annotations

import json
from math import log  # noqa: F401  (evaluates the laws)

import numpy as np
import pytest
from helpers import report, spec
from scipy.integrate import solve_ivp
from test_exact import flow_of

from conslaw_cli import analyze
from conslaw_cli.checker.verify import verify_report
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.selection import Selection
from conslaw_cli.laws.travel import TRAVEL, travel_families
from conslaw_cli.rings.stream import Stream

METRICS = [(1, 1), (1, 3), (3, 1)]
"""Exponents of W1 and W2."""


def found(widths, into, out, **more):
    names = ["W1", "W2"] if len(widths) == 3 else ["W2", "W3"]
    return report("linear", widths, "none", dict(zip(names, (into, out))), **more)


@pytest.mark.parametrize("powers", METRICS, ids=str)
@pytest.mark.parametrize("widths", [[1, 2, 1], [1, 4, 1], [2, 1, 2, 1]], ids=str)
def test_they_complete_the_laws_and_the_checker_confirms(widths, powers):
    result = found(widths, *powers)
    laws = result["laws"]
    assert (result["status"], laws["complete"], laws["time_dependent"]) == ("proved", True, False)
    (item,) = (item for item in laws["items"] if item["family"] == TRAVEL)
    assert item["number"] == widths[-2] - 1
    assert verify_report(json.loads(json.dumps(result))).verified


def test_nmf_of_one_number():
    result = report("nmf", [1, 3, 1], "none", {})
    assert (result["status"], result["laws"]["found"]) == ("proved", 5)
    assert verify_report(json.loads(json.dumps(result))).verified


@pytest.mark.parametrize("powers", METRICS, ids=str)
def test_they_are_constant_along_a_flow(powers):
    """theta' = -M grad (phi - 5)^2 / 2, by an independent integration."""
    into, out = powers
    laws = [text for item in found([1, 3, 1], into, out)["laws"]["items"] if item["family"] == TRAVEL for text in item["expressions"]]

    def motion(_, state):
        v, u = state[:3], state[3:]
        error = u @ v - 5
        return -error * np.concatenate([v**into * u, u**out * v])

    start = np.array([0.3, 0.5, 0.9, 0.7, 0.2, 0.4])
    path = solve_ivp(motion, (0, 0.5), start, rtol=1e-11, atol=1e-13).y
    assert abs(path[:, -1] - start).max() > 0.05

    def value(law, state):
        names = {f"W1_{k + 1}_1": state[k] for k in range(3)} | {f"W2_1_{k + 1}": state[3 + k] for k in range(3)}
        return eval(law, {"log": log}, names)

    assert len(laws) == 2
    for law in laws:
        assert value(law, path[:, -1]) == pytest.approx(value(law, path[:, 0]), abs=1e-7)


@pytest.mark.parametrize("metric", [{}, {"W1": 2, "W2": 2}, {"W1": 1, "W2": 2}], ids=str)
def test_other_metrics_have_none(metric):
    result = report("linear", [1, 2, 1], "none", metric)
    assert not any(item["family"] == TRAVEL for item in result["laws"]["items"])


def test_a_law_of_crossed_neurons_is_refused():
    parsed, model, dynamics = flow_of(spec("linear", [1, 2, 1], metric={"W1": 1, "W2": 1}))
    flow = PartFlow(model.program, tuple(metric for _, metric in parsed.metric.blocks), dynamics)
    ((law,),) = (family.laws for family in travel_families(flow, model.hidden))
    (u, v), (other, into) = law.neuron, law.first
    crossed = type(law)((u, into), (other, v), law.powers)
    assert Selection(flow, Stream(1), flow.dimension).keep_special([crossed]) == []


def test_the_checker_refuses_another_law():
    result = json.loads(json.dumps(found([1, 2, 1], 1, 1)))
    result["certificate"].pop("checksum")
    (item,) = (item for item in result["laws"]["items"] if item["family"] == TRAVEL)
    item["expressions"][0] = item["expressions"][0].replace("log(W1_2_1/W2_1_2)", "log(W2_1_2/W1_2_1)")
    assert not verify_report(result).passed


def test_the_form_in_a_terminal():
    text = str(analyze(spec("linear", [1, 3, 1], metric={"W1": 1, "W2": 1})))
    assert "log(W₁[1,1]/W₂[1,1])/(W₂[1,1] − W₁[1,1])  k = 2 … 3" in text

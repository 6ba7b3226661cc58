"""Families of laws that are no sums of monomials: their numbers, their forms, and where they do not hold."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from helpers import name_of, report, spec
from test_exact import flow_of

from conslaw_cli import analyze
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.mirror import MIRROR, mirror_families
from conslaw_cli.laws.selection import Selection
from conslaw_cli.rings.stream import Stream

BLOCKS = {"nmf": ["U", "V"]}


def squared(architecture, widths, bias="none", a=2, **more):
    blocks = BLOCKS.get(architecture) or [f"W{layer}" for layer in range(1, len(widths))]
    if bias == "hidden":
        blocks += [f"b{layer}" for layer in range(1, len(widths) - 1)]
    return {**dict.fromkeys(blocks, a), **more}


# --- mirror momentum --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0, 0.5, "tau"])
@pytest.mark.parametrize(
    "model",
    [("linear", [2, 2, 2]), ("linear", [2, 1, 1]), ("linear", [2, 2, 2, 1]), ("relu", [2, 3, 1], "hidden"), ("nmf", [2, 2, 1]), ("nmf", [1, 2, 1])],
    ids=name_of,
)  # fmt: skip
def test_squared_mirror_momentum_has_a_law_for_each_hidden_neuron(model, rate):
    architecture, widths, *bias = model
    result = report(architecture, widths, *(bias or ["none"]), squared(*model), "momentum", rate)
    laws, neurons = result["laws"], sum(widths[1:-1])
    assert (result["status"], laws["independent"], laws["found"]) == ("proved", neurons, neurons)
    shorter = [widths[l + 1] - widths[l - 1] - bool(bias) for l in range(1, len(widths) - 1)]
    timed = rate != 0 or any(shorter)
    assert laws["time_dependent"] == timed and laws["time_free"] == neurons - timed


@pytest.mark.parametrize("metric", [{"at": "theta"}, {"a": 3}, {"a": 1}], ids=str)
def test_it_holds_for_the_square_at_the_lookahead_point_only(metric):
    result = report("linear", [2, 2, 2], "none", squared("linear", [2, 2, 2], **metric), "momentum", "tau")
    assert result["status"] == "proved" and not any(item["family"] == MIRROR for item in result["laws"]["items"])


def test_a_neuron_with_weights_of_another_metric_has_none():
    result = report("linear", [1, 1, 2, 1], "none", {"W1": 2, "W2": 2}, "momentum", "tau")
    assert [(item["family"], item["number"]) for item in result["laws"]["items"]] == [(MIRROR, 1)]


def test_a_law_without_its_symmetry_is_refused():
    """The weights of one neuron paired with those of another."""
    parsed, model, dynamics = flow_of(spec("linear", [2, 2, 2], metric={"W1": 2, "W2": 2}, kind="momentum"))
    flow = PartFlow(model.program, tuple(metric for _, metric in parsed.metric.blocks), dynamics)
    (family,) = mirror_families(flow, model.hidden)
    first, second = family.laws
    crossed = replace(first, places=tuple(a if a[0] > 0 else b for a, b in zip(first.places, second.places, strict=True)))
    selection = Selection(flow, Stream(1), flow.dimension)
    assert selection.keep_special([crossed, first, first, second]) == [first, second]


def written_out(form, widths, bias):
    """The laws that a form in ASCII stands for, one for each neuron."""
    into, width, out = widths
    laws = []
    for k in range(1, width + 1):
        text = form.replace("b1[k]", f"b1_{k}")
        for index, number, sign in (("i", out, "+"), ("j", into, "-")):
            piece = re.search(rf"sum_{index} (\S+?/(?:\(.*?\)|\S+?\]))", text)
            terms = [re.sub(r"\[(\w),(\w)\]", lambda m: f"_{m[1]}_{m[2]}", piece[1]) for _ in range(number)]
            terms = [re.sub(rf"_{index}\b|_{index}_", lambda m, i=i: m[0].replace(index, str(i)), t) for i, t in enumerate(terms, 1)]
            text = text.replace(piece[0], f" {sign} ".join(t.replace("_k", f"_{k}") for t in terms))
        laws.append(text)
    return laws


@pytest.mark.parametrize("rate", [0, 1, 0.25, "lambda"])
@pytest.mark.parametrize("bias", ["none", "hidden"])
def test_the_form_written_out_gives_the_laws(rate, bias):
    """For two layers: two parts of one neuron each."""
    widths = [2, 2, 3]
    (item,) = report("relu", widths, bias, squared("relu", widths, bias), "momentum", rate)["laws"]["items"]
    assert written_out(item["form"], widths, bias) == item["expressions"]


def test_the_law_in_a_terminal():
    tables = spec("nmf", [2, 1, 1], metric={"U": 2, "V": 2}, kind="momentum", rate=0)
    assert "Σᵢ U[i,k]/U̇[i,k] − Σⱼ V[k,j]/V̇[k,j] + t  k = 1" in str(analyze(tables))

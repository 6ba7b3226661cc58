"""report --only: which laws a part of a model takes part in, against the laws written out entry by entry."""

from __future__ import annotations

import itertools
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from test_cli import conslaw  # noqa: F401

from conslaw_cli import analyze
from conslaw_cli.checker import verify_report
from conslaw_cli.report import FORMATS, ascii, render
from conslaw_cli.report.formula import FormEntry, IntegralSum
from conslaw_cli.report.only import restricted
from conslaw_cli.report.places import PlaceError, read_place
from conslaw_cli.report.written import formula_of
from conslaw_cli.reporting import report_of
from conslaw_cli.spec import read_cases

SPECS = Path(__file__).parent.parent / "model_specs"
SHAPES = {"W1": (3, 2), "W2": (2, 3), "b1": (3,), "W": (2, 2), "W_1": (2, 2), "a": ()}
FORMS = [
    "linear_gradient_flow", "linear_momentum", "linear_matrix", "linear_weight_decay", "linear_travel_times", "linear_mixed_powers",
    "linear_hyperbolic", "relu_gradient_flow", "relu_deep", "relu_mirror_momentum", "icnn_gradient_flow", "nmf_momentum_at_theta",
    "phi_gradient_flow", "phi_momentum", "network_momentum", "zoo/conv1d", "zoo/tucker", "zoo/multi_head", "zoo/softmax_head",
]  # fmt: skip


FUNCTIONS = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt}
NAME = re.compile(r"[A-Za-z]\w*")


@cache
def whole(name):
    return report_of(read_cases(SPECS / f"{name}.toml")[0])


def places(report):
    """A few parts of each block: all, one index along the last axis, one entry."""
    for name, shape in report.model.blocks:
        yield name
        if shape:
            yield f"{name}[{','.join([':'] * (len(shape) - 1) + [str(shape[-1])])}]"
            yield "_".join([name, *map(str, shape)])


def text_of(law, shapes):
    return ascii.formula(formula_of(law, shapes) if isinstance(law, FormEntry) else law)


def names_of(place):
    """Names of the entries of a place and of their velocities."""
    ranges = [range(first, last + 1) for first, last in place.ranges]
    names = {"_".join([place.block, *map(str, index)]) for index in itertools.product(*ranges)}
    return names | {f"d{name}" for name in names}


def values(text, seed=0):
    """A printed law at a few random points, the same for the same names."""
    names = sorted(set(NAME.findall(text)) - FUNCTIONS.keys())
    return values_at(text, {name: np.random.default_rng([seed, *name.encode()]).uniform(0.5, 1.5, 4) for name in names}) * np.ones(4)


def values_at(text, point):
    """A printed law where its names have these values."""
    return eval(text, FUNCTIONS | point)


@pytest.mark.parametrize("name", FORMS)
def test_laws_that_are_chosen_are_those_that_hold_an_entry_asked_for(name):
    report = whole(name)
    shapes = dict(report.model.blocks)
    everything = restricted(report, shapes).only
    for text in places(report):
        asked = names_of(read_place(text, shapes))
        for all_laws, chosen in zip(everything.families, restricted(report, [text]).only.families, strict=True):
            expected = [label for label, law in all_laws.laws if asked & set(NAME.findall(text_of(law, shapes)))]
            assert [label for label, _ in chosen.laws] == expected, text


@pytest.mark.parametrize("name", FORMS)
def test_every_law_of_a_report_is_an_entry_of_its_form(name):
    """All blocks together choose all laws, and what an entry says is the law that the report lists, up to a factor."""
    report = whole(name)
    shapes = dict(report.model.blocks)
    for chosen in restricted(report, shapes).only.families:
        if isinstance(chosen.family.form, IntegralSum):
            continue
        assert chosen.whole
        forms = [values(text_of(law, shapes)) for _, law in chosen.laws]
        for member in chosen.family.members:
            law = values(ascii.formula(member))
            assert any(np.allclose(law * form[0], form * law[0], rtol=1e-9, atol=0) for form in forms), ascii.formula(member)


def test_integrals_hold_all_entries_of_their_blocks():
    report = whole("linear_more_than_balanced")
    found = restricted(report, ["W2[2,1]"]).only
    assert [len(chosen.laws) for chosen in found.families] == [2, 2, 1]


def test_several_parts_choose_what_any_of_them_is_in():
    report = whole("relu_gradient_flow")
    assert [chosen.rows for chosen in restricted(report, ["W2[:,3]", "b1[1]"]).only.families] == [(1, 3)]
    assert restricted(report, ["W2", "W1[1,1]"]).only.families[0].whole


@pytest.mark.parametrize(
    ("text", "block", "ranges"),
    [
        ("W2", "W2", ((1, 2), (1, 3))),
        ("W2[:,3]", "W2", ((1, 2), (3, 3))),
        (" W1[ 2:3 , 1 ] ", "W1", ((2, 3), (1, 1))),
        ("W1[2:,:]", "W1", ((2, 3), (1, 2))),
        ("W1[:2,:]", "W1", ((1, 2), (1, 2))),
        ("b1[3]", "b1", ((3, 3),)),
        ("b1_3", "b1", ((3, 3),)),
        ("W2_1_3", "W2", ((1, 1), (3, 3))),
        ("W_1", "W_1", ((1, 2), (1, 2))),
        ("W_1_2", "W", ((1, 1), (2, 2))),
        ("W_1_2_2", "W_1", ((2, 2), (2, 2))),
        ("a", "a", ()),
    ],
)
def test_places_as_they_are_written(text, block, ranges):
    shapes = SHAPES if text != "W_1_2" else {name: shape for name, shape in SHAPES.items() if name != "W_1"}
    place = read_place(text, shapes)
    assert (place.block, place.ranges) == (block, ranges)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("W3", "no block W3; did you mean"),
        ("W2[:,4]", "index 4 is out of range: W2 is 2×3, so index 2 goes from 1 to 3"),
        ("W2[0,1]", "index 0 is out of range"),
        ("W1_9_1", "index 9 is out of range"),
        ("W2[3]", "W2 is 2×3, so it has 2 indices, not 1; write W2 or W2[:,1]"),
        ("b1[1,1]", "b1 is 3, so it has 1 index, not 2"),
        ("a[1]", "a is a number, so it has no indices"),
        ("W1[3:2,1]", "3:2 is empty"),
        ("W2[-1,1]", "indices count from 1"),
        ("W2[1.0,1]", "names no part of a model"),
        ("W2[:,٢]", "names no part of a model"),
        ("W2[]", "names no part of a model"),
        ("W2[:,3", "names no part of a model"),
        ("", "names no part of a model"),
    ],
)
def test_what_names_no_part_is_refused(text, says):
    with pytest.raises(PlaceError) as refused:
        read_place(text, SHAPES)
    assert says in str(refused.value)


def test_the_text_says_how_many_and_writes_rows_and_columns():
    text = render([restricted(whole("linear_gradient_flow"), ["W2[:,3]"])], "text")
    assert "only          3 of 6        laws, as they are written here, in which W₂[:,3] takes part" in text
    assert "symmetric 3×3, row and column 3   3 of 6" in text
    assert "h1,3 = W₂[:,1]ᵀW₂[:,3] − W₁[1,:]W₁[3,:]ᵀ" in text
    assert "h3,3 = ‖W₂[:,3]‖² − ‖W₁[3,:]‖²" in text
    assert "12 = 6 + 6   complete, proved" in text
    neuron = render([restricted(whole("relu_gradient_flow"), ["W2_1_3"])], "text")
    assert "  ‖W₂[:,3]‖² − ‖W₁[3,:]‖² − b₁[3]²   1 of 3" in neuron


def test_what_takes_part_in_no_law_is_said():
    text = render([restricted(analyze({"model": {"architecture": "relu", "widths": [2, 3, 2], "bias": "all"}}), ["b2"])], "text")
    assert "only          0 of 3" in text
    assert "It takes part in none of the laws that are written down." in text


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", ["linear_momentum", "relu_gradient_flow", "zoo/tucker", "linear_travel_times", "phi_gradient_flow"])
def test_every_format_says_what_part_is_shown(name, format_):
    report = whole(name)
    asked = restricted(report, ["_".join([report.model.blocks[0][0], *["1"] * len(report.model.blocks[0][1])])])
    written = render([asked], format_)
    found = f"{asked.only.laws} of {asked.only.total}"
    assert (json.loads(written)["only"]["laws"] == asked.only.laws) if format_ == "json" else found in written


def test_json_is_an_excerpt_without_a_certificate(conslaw, tmp_path):  # noqa: F811
    file = tmp_path / "part.json"
    spec = str(SPECS / "linear_momentum.toml")
    assert conslaw("report", "--only", "W2[:,3]", "--format", "json", "-o", str(file), spec).code == 0
    found = json.loads(file.read_text())
    assert found["only"] == {"places": ["W2[:,3]"], "laws": 2, "of": 3}
    assert found["items"][0]["laws"] == ["1,3", "2,3"]
    assert not {"certificate", "laws", "trace", "status"} & set(found)
    verified = conslaw("verify-certificate", str(file))
    assert verified.code == 2
    assert "is an excerpt of a report" in verified.err
    assert verify_report(found).verdict == "REJECTED"


def test_the_command_goes_on_after_a_spec_that_lacks_the_part(conslaw):  # noqa: F811
    found = conslaw("report", "--only", "W1[1,:]", str(SPECS / "linear_momentum.toml"), str(SPECS / "nmf_gradient_flow.toml"))
    assert found.code == 2
    assert "2 of 3" in found.out
    assert "the model has no block W1; valid: U, V" in found.err


def test_a_sweep_and_a_limit_of_time_take_parts_too(conslaw):  # noqa: F811
    found = conslaw("report", "--only", "C[2,:,:]", "--timeout", "60", str(SPECS / "zoo" / "conv1d.toml"))
    assert found.code == 0
    assert found.out.count("1 of 2") == 2


@pytest.mark.parametrize("arguments", [("--only", "W2["), ("--only", "W1", "--regions", "2")])
def test_bad_usage_is_refused_before_anything_is_read(conslaw, arguments):  # noqa: F811
    found = conslaw("report", *arguments, "no_such_file.toml")
    assert found.code == 2
    assert "no_such_file" not in found.err


def test_large_forms_are_not_written_out():
    """131,328 entries in one form: what is shown is a dozen."""
    report = analyze({"model": {"architecture": "linear", "widths": [784, 512, 256, 10]}})
    text = render([restricted(report, ["W2[:,3]"])], "text")
    assert "512 of 131328" in text
    assert "… and 500 more (--expand)" in text

"""conslaw diff: what differs between saved reports, what does not matter, and files that hold none."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path

import pytest
from test_cli import conslaw  # noqa: F401

from conslaw_cli import analyze
from conslaw_cli.differing.compare import differences

SPECS = Path(__file__).parent.parent / "model_specs"


@cache
def saved(name, seed=0):
    return json.dumps(analyze(SPECS / f"{name}.toml", seed=seed).to_dict())


def report(name, seed=0, /, **changes):
    return json.loads(saved(name, seed)) | changes


def compared(a, b, everything=False):
    return differences("a.json", "b.json", a if isinstance(a, list) else [a], b if isinstance(b, list) else [b], everything)


def changes(difference):
    return {change.key: (change.a, change.b) for pair in difference.pairs for change in pair.changes}


@pytest.mark.parametrize("name", ["linear_gradient_flow", "relu_deep", "phi_gradient_flow", "linear_metric_field", "linear_more_than_balanced"])
def test_seeds_and_names_make_no_difference_unless_asked(name):
    one, other = report(name), report(name, 3, name="elsewhere.toml")
    assert compared(one, other).same
    found = changes(compared(one, other, everything=True))
    assert found["reproduce.seed"] == (0, 3)
    assert found["name"][1] == "elsewhere.toml"


def test_what_momentum_changes():
    found = compared(report("linear_gradient_flow"), report("linear_momentum"))
    said = changes(found)
    assert said["dynamics.kind"] == ("gradient-flow", "momentum")
    assert said["laws.independent"] == (6, 3)
    assert said["trace.filtration"] == ([4, 6], [12, 21])
    assert "status" not in said
    (pair,) = found.pairs
    assert [(one.kind, one.text, one.number) for one in pair.only_a] == [("law", "W2^T*W2 - W1*W1^T", 6)]
    assert [one.number for one in pair.only_b] == [3]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status",), "exact"),
        (("model", "widths"), [2, 4, 2]),
        (("metric", "at"), "lookahead"),
        (("laws", "time_free"), 1),
        (("trace", "dimension"), 7),
        (("region",), {"around": "w.npz"}),
        (("error_bound",), "2^-40"),
    ],
)
def test_every_statement_is_held_against_the_other(path, value):
    changed = report("linear_gradient_flow")
    table = changed
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    found = compared(report("linear_gradient_flow"), changed)
    assert any(key == ".".join(path) or key.startswith(".".join(path) + ".") for key in changes(found))


def test_laws_and_notes_one_by_one():
    one = report("phi_gradient_flow")
    other = copy.deepcopy(one)
    gone = other["laws"]["items"][0]["expressions"].pop()
    other["laws"]["items"][0]["everywhere"] = False
    other["notes"] = ["something else"]
    (pair,) = compared(one, other).pairs
    assert [law.text for law in pair.only_a if law.kind == "law"] == [gone]
    assert [note.text for note in pair.only_b] == ["something else"]
    kept = other["laws"]["items"][0]["expressions"]
    assert {change.key for change in pair.changes} == {f"law {text}: everywhere" for text in kept}


def test_the_number_of_a_family_is_compared():
    one, other = report("linear_gradient_flow"), report("linear_gradient_flow")
    other["laws"]["items"][0]["number"] = 5
    assert changes(compared(one, other)) == {"law W2^T*W2 - W1*W1^T: number": (6, 5)}


def test_reports_are_matched_by_name_and_else_by_position():
    flow, momentum, relu = report("linear_gradient_flow"), report("linear_momentum"), report("relu_gradient_flow")
    assert compared([flow, momentum, relu], [relu, flow, momentum]).same
    fewer = compared([flow, momentum], [relu, momentum])
    assert (fewer.only_a, fewer.only_b) == ((flow["name"],), (relu["name"],))
    renamed = [{**one, "name": f"new/{one['name']}"} for one in (flow, momentum)]
    assert compared([flow, momentum], renamed).same
    assert compared([flow, momentum], renamed[:1]).only_a == (momentum["name"],)
    assert compared([flow, flow], [flow]).only_a == (flow["name"],)


def test_the_command(conslaw, tmp_path):  # noqa: F811
    flow, momentum = tmp_path / "flow.json", tmp_path / "momentum.json"
    flow.write_text(saved("linear_gradient_flow"))
    momentum.write_text(saved("linear_momentum"))
    assert conslaw("diff", str(flow), str(flow)) == (0, "no difference\n", "")
    found = conslaw("diff", str(flow), str(momentum))
    assert found.code == 1
    assert "laws.independent       6 → 3" in found.out
    assert "law only in A   W2^T*W2 - W1*W1^T   6 laws" in found.out
    data = json.loads(conslaw("diff", "--format", "json", str(flow), "-", stdin=saved("linear_momentum")).out)
    assert data["same"] is False
    assert {"key": "laws.independent", "a": 6, "b": 3} in data["differences"][0]["changes"]
    assert json.loads(conslaw("diff", "--format", "json", str(flow), str(flow)).out)["differences"] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("{", "is no JSON"),
        ("[" * 5000, "no JSON that can be read"),
        ("[]", "holds no report"),
        ("3", "a report is an object"),
        ('{"laws": 1}', "it has no 'schema'"),
        (lambda one: {**one, "schema": 99}, "was written by a newer version of conslaw: it has schema 99"),
        (lambda one: {**one, "schema": 1}, "was written by an older version"),
        (lambda one: {**one, "schema": "2"}, "its schema is no number"),
        (lambda one: {**one, "laws": []}, "'laws' is no object"),
        (lambda one: {**one, "model": None}, "'model' is no object"),
        (lambda one: {**one, "laws": {"items": [{"form": 3}]}}, "its laws are no families"),
        (lambda one: {**one, "notes": 3}, "its notes are no list"),
        (lambda one: {**one, "region": json.loads("[" * 200 + "]" * 200)}, "nested too deeply"),
        (lambda one: [one, {}], "[1]: is no report of conslaw"),
        (lambda one: {"schema": 2, "only": {}, "items": []}, "is an excerpt of a report (--only)"),
    ],
)
def test_files_that_hold_no_report_are_refused_in_one_line(conslaw, tmp_path, text, says):  # noqa: F811
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(saved("linear_gradient_flow"))
    bad.write_text(text if isinstance(text, str) else json.dumps(text(report("linear_gradient_flow"))))
    for files in ((good, bad), (bad, good)):
        found = conslaw("diff", *map(str, files))
        assert (found.code, found.out) == (2, "")
        assert says in found.err
        assert found.err.count("\n") == 1


def test_usage(conslaw, tmp_path):  # noqa: F811
    assert conslaw("diff", "-", "-").code == 2
    assert "No such file" in conslaw("diff", str(tmp_path / "none.json"), str(tmp_path / "none.json")).err
    file = tmp_path / "a.json"
    file.write_text(saved("linear_gradient_flow"))
    assert conslaw("diff", str(file), str(file), "-o", str(file)).code == 2
    assert file.read_text() == saved("linear_gradient_flow")


def test_control_characters_are_made_visible(conslaw, tmp_path):  # noqa: F811
    one, other = tmp_path / "a.json", tmp_path / "b.json"
    one.write_text(saved("linear_gradient_flow"))
    other.write_text(json.dumps(report("linear_gradient_flow", notes=["\x1b[31mred\n::error::"], name="\x1b]0;x\x07")))
    found = conslaw("diff", str(one), str(other))
    assert found.code == 1
    assert "\x1b" not in found.out
    assert "\n::error" not in found.out

"""Sweeps: what they expand to, how cases are named, what is refused; and the papers' experiments as sweeps."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from conslaw_cli.cli import group
from conslaw_cli.spec import SpecError, parse_cases, read_cases, read_spec, spec_sha256

PAPER = Path(__file__).parent.parent / "model_specs" / "paper"
EXPERIMENTS = json.loads((Path(__file__).parent / "data" / "paper_experiments.json").read_text())
BASE = '[model]\narchitecture = "linear"\nwidths = [2, 3, 2]\n'


def cases(sweep, base=BASE):
    return read_cases("s.toml", f"{base}\n[sweep]\n{sweep}")


def names(sweep, base=BASE):
    return [case.name.removeprefix("s.toml[").removesuffix("]") for case in cases(sweep, base)]


def problems(sweep, base=BASE):
    with pytest.raises(SpecError) as caught:
        cases(sweep, base)
    assert all(problem.remedy for problem in caught.value.problems)
    return str(caught.value)


def test_an_ordinary_spec_is_its_only_case():
    assert read_cases("s.toml", BASE) == [read_spec("s.toml", BASE)]


def test_values_are_combined_the_last_key_fastest():
    sweep = 'model.widths = [[2, 3, 2], [2, 4, 2]]\ndynamics.kind = ["gradient-flow", "momentum"]'
    assert names(sweep) == [
        "widths=2-3-2,kind=gradient-flow",
        "widths=2-3-2,kind=momentum",
        "widths=2-4-2,kind=gradient-flow",
        "widths=2-4-2,kind=momentum",
    ]
    assert [case.model.options.widths[1] for case in cases(sweep)] == [3, 3, 4, 4]


def test_quoted_names_mean_the_same():
    assert cases('"model.widths" = [[2, 3, 2], [2, 4, 2]]') == cases("model.widths = [[2, 3, 2], [2, 4, 2]]")


@pytest.mark.parametrize(
    "values, widths",
    [
        ("[[2, { from = 1, to = 3 }, 2]]", [(2, 1, 2), (2, 2, 2), (2, 3, 2)]),
        ("[[{ from = 5, to = 1, step = -2 }, 1]]", [(5, 1), (3, 1), (1, 1)]),
        ("[[{ from = 1, to = 2 }, { from = 1, to = 2 }]]", [(1, 1), (1, 2), (2, 1), (2, 2)]),
        ("[[9, 9], [{ from = 1, to = 4, step = 3 }, 1]]", [(9, 9), (1, 1), (4, 1)]),
    ],
)
def test_ranges_inside_widths(values, widths):
    assert [case.model.options.widths for case in cases(f"model.widths = {values}")] == widths


def test_one_entry_of_the_widths():
    assert [case.model.options.widths for case in cases('"model.widths[1]" = { from = 1, to = 5, step = 2 }')] == [
        (2, 1, 2),
        (2, 3, 2),
        (2, 5, 2),
    ]


def test_ranges_of_decimals_are_exact():
    found = cases("dynamics.damping = { from = 0.1, to = 0.3, step = 0.1 }", BASE + '[dynamics]\nkind = "momentum"')
    assert [case.dynamics.rate.text for case in found] == ["1/10", "1/5", "3/10"]
    assert [case.name for case in found] == [f"s.toml[damping={Decimal(k) / 10}]" for k in (1, 2, 3)]


def test_zipped_keys_vary_together():
    found = cases(
        'model.widths = [[2, 3, 2], [2, 4, 2]]\nexpect.laws = [6, 10]\nzip = [["model.widths", "expect.laws"]]'
    )
    assert [(case.model.options.widths, case.expect.laws) for case in found] == [((2, 3, 2), 6), ((2, 4, 2), 10)]
    assert [case.name for case in found] == ["s.toml[widths=2-3-2]", "s.toml[widths=2-4-2]"]


def test_listed_cases_and_products():
    sweep = (
        'cases = [{ model.widths = [1, 1], expect.laws = 0 }, { name = "wide", model.widths = [9, 9] }]\n'
        'dynamics.kind = ["momentum", "nesterov"]'
    )
    assert names(sweep) == [
        "widths=1-1,kind=momentum",
        "widths=1-1,kind=nesterov",
        "wide,kind=momentum",
        "wide,kind=nesterov",
    ]
    assert [case.expect.laws for case in cases(sweep)] == [0, 0, None, None]


def test_the_rest_of_the_spec_stays():
    (case,) = cases("cases = [{ expect.laws = 6 }]", BASE + "[expect]\ncomplete = true\n")
    assert (case.expect.laws, case.expect.complete, case.model.options.widths) == (6, True, (2, 3, 2))


def test_names_do_not_depend_on_other_cases():
    alone = names("model.widths = [[2, 4, 2]]")
    assert alone[0] in names("model.widths = [[2, 3, 2], [2, 4, 2], [2, 5, 2]]")


def test_repeated_and_long_names_stay_different():
    assert names("model.widths = [[1, 1], [1, 1]]") == ["widths=1-1", "widths=1-1#2"]
    long = [str([k] * 100) for k in (7, 8)]
    found = names(f"model.widths = [{', '.join(long)}]")
    assert len(set(found)) == 2 and all(len(name) <= 120 for name in found)


def test_keys_of_the_same_name_are_told_apart():
    base = BASE + '[metric]\ndefault = "euclidean"\n'
    found = names('"metric.W1" = ["entropy"]\n"metric.W2" = ["euclidean"]\nmodel.bias = ["none"]', base)
    assert found == ["W1=entropy,W2=euclidean,bias=none"]


@pytest.mark.parametrize(
    "sweep, told",
    [
        ("", "varies nothing"),
        ("model.widths = 3", "list of values or a range"),
        ("model.widths = []", "list of values or a range"),
        ("model.widths = { from = 1 }", "must be a range"),
        ("model.widths = [[{ from = 3, to = 1 }, 2]]", "holds no number"),
        ("model.widths = [[{ from = 1, to = 3, step = 0 }, 2]]", "holds no number"),
        ('model.widths = { from = "a", to = 3 }', "must be numbers"),
        ("modl.widths = [[2, 2]]", 'did you mean "model"'),
        ('"model.widths[7]" = [1]', "has no entry 7"),
        ('"model.widths[0]" = [1]\nmodel.widths = [[1, 1]]', "varied in two places"),
        ('model.bias = ["none"]\ncases = [{ model.bias = "none" }]', "varied in two places"),
        ('zip = [["model.widths", "model.bias"]]\nmodel.widths = [[1, 1]]', "'model.bias' is no key of the sweep"),
        ("zip = 3\nmodel.widths = [[1, 1]]", "list of lists of keys"),
        ('zip = [["model.widths", "expect.laws"]]\nmodel.widths = [[1, 1]]\nexpect.laws = [1, 2]', "expect.laws has 2"),
        ("cases = 3", "list of tables"),
        ('cases = [{ name = 3, model.bias = "none" }]', "must be a string"),
        ('"model.widths[0]" = { from = 1, to = 1000 }\n"model.widths[1]" = { from = 1, to = 1000 }', "1000000 cases"),
        ('"model.widths[0]" = { from = 1, to = 1000000000000000000 }', "more than 100000"),
    ],
)
def test_refused_sweeps(sweep, told):
    assert told in problems(sweep)


def test_problems_of_cases_name_the_case_and_come_once():
    told = problems('model.widths = [[2, 2], [0, 2], [3, 3]]\nmodel.bias = ["none", "nonne"]').splitlines()
    assert len(told) == 2
    assert any(line.startswith("s.toml[widths=2-2,bias=nonne]: [model] bias") for line in told)
    assert any(line.startswith("s.toml[widths=0-2,bias=none]: [model] widths") for line in told)


def test_one_case_is_wanted_where_a_sweep_is_given():
    with pytest.raises(SpecError, match="is a sweep"):
        read_spec("s.toml", BASE + "[sweep]\nmodel.widths = [[1, 1]]")


def test_a_sweep_that_is_no_table():
    with pytest.raises(SpecError, match="sweep must be a table"):
        read_cases("s.toml", "sweep = 3\n" + BASE)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["from", "to", "step", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
keys = st.sampled_from(["model.widths", "model.bias", "model.widths[0]", "zip", "cases", "expect.laws", "model", "x"])


@given(st.dictionaries(keys, values, max_size=4))
def test_any_sweep_is_cases_or_problems(sweep):
    try:
        assert parse_cases({**tomllib.loads(BASE), "sweep": sweep})
    except SpecError as error:
        assert error.problems


def test_report_prints_every_case(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(BASE + "[sweep]\nmodel.widths = [[1, 1], [1, 2, 1]]", encoding="utf-8")
    result = CliRunner().invoke(group, ["report", "--format", "json", str(path)], standalone_mode=False)
    assert [report["name"] for report in json.loads(result.stdout)] == [f"{path}[widths=1-1]", f"{path}[widths=1-2-1]"]


def test_paper_experiments_are_all_there():
    """All 220 cases of the papers' experiments, those drawn twice included, in one sweep for each experiment."""

    def told(experiment, model, kind, laws):
        return experiment, model.architecture, tuple(model.options.widths), model.options.bias, kind, laws

    found = Counter(
        told(path.stem.replace("_", "-"), case.model, case.dynamics.kind, case.expect.laws)
        for path in PAPER.glob("*.toml")
        for case in read_cases(path)
    )
    published = Counter(
        (e["experiment"], e["architecture"], tuple(e["widths"]), e["bias"], e["dynamics"], e["laws"])
        for e in EXPERIMENTS
    )
    assert found == published and sum(found.values()) == 220


def test_paper_specs_say_what_they_reproduce():
    for path in PAPER.glob("*.toml"):
        head = path.read_text(encoding="utf-8").partition("[model]")[0]
        assert path.stem.replace("_", "-") in head and ("NeurIPS 2023" in head or "ICML 2024" in head)


def test_cases_with_the_same_content_have_the_same_hash():
    first, second = cases("model.widths = [[1, 1], [1, 1]]")
    assert spec_sha256(first) == spec_sha256(second)


def test_a_case_is_read_by_its_name(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(BASE + '\n[sweep]\ndynamics.kind = ["gradient-flow", "momentum"]\n')
    found = read_spec(f"{path}[kind=momentum]")
    assert found == read_cases(path)[1] and read_cases(f"{path}[kind=momentum]") == [found]
    with pytest.raises(SpecError, match=r'no such case; did you mean ".*\[kind=momentum\]"'):
        read_spec(f"{path}[kind=momentm]")
    bracketed = tmp_path / "s.toml[kind=momentum]"
    bracketed.write_text(BASE)
    assert read_spec(bracketed).dynamics.kind == "gradient-flow", "a file of that name comes first"

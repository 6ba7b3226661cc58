"""conslaw simulate: laws drift to first order in the step size, what is no law moves; its table, files and messages."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import quick
from msgspec.structs import replace

from conslaw_cli import analyze
from conslaw_cli.cli import _run
from conslaw_cli.evaluation.values import Evaluator
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.report.simulation import EXACT
from conslaw_cli.reporting import report_of
from conslaw_cli.simulating.simulate import Sizes, simulate
from conslaw_cli.simulating.watching import order
from conslaw_cli.spec import parse_spec, read_cases
from conslaw_cli.training.problems import Untrainable
from conslaw_cli.training.training import Choices, training
from conslaw_cli.zoofiles import zoo, zoo_spec

SPECS = Path(__file__).parent.parent / "model_specs"
QUICK = [
    "linear_gradient_flow", "linear_momentum", "linear_nesterov", "linear_weight_decay", "linear_natural_gradient", "linear_matrix",
    "relu_gradient_flow", "relu_weight_decay", "relu_mirror_momentum", "icnn_gradient_flow",
    "nmf_gradient_flow", "nmf_momentum_at_theta", "nmf_nesterov", "nmf_weight_decay",
    "network_gradient_flow", "network_momentum", "network_nesterov", "network_weight_decay",
    "phi_gradient_flow", "phi_momentum", "phi_nesterov", "fields_gradient_flow",
]  # fmt: skip
"""One of each architecture under each dynamics that leaves it a law, and the kinds of metrics."""
FAST = [
    "linear_momentum", "linear_nesterov", "linear_weight_decay", "linear_natural_gradient", "relu_gradient_flow", "relu_mirror_momentum", "icnn_gradient_flow",
    "nmf_gradient_flow", "network_gradient_flow", "phi_gradient_flow", "fields_gradient_flow",
]  # fmt: skip
TABLES = {"model": {"architecture": "linear", "widths": [2, 3, 2]}, "dynamics": {"kind": "momentum"}}
SHORT = Sizes(steps=320, with_flow=False)


def simulated(spec, sizes=Sizes(steps=800), **choices):
    return simulate(spec, report_of(spec), Choices(**choices), sizes)[0]


def assert_laws_drift_to_first_order(table):
    """The flow at its tolerance; what only lacks its functions of time is seen to move."""
    assert table.rows
    for row in table.rows:
        if row.law.timeless:
            assert min(row.drifts) > 1e-6 and abs(row.order) < 0.2, row.key
            continue
        assert row.flow < 1e-9, row.key
        assert row.exact or 0.8 < row.order < 1.2, row.key


@pytest.mark.parametrize("name", quick(FAST, QUICK))
def test_laws_drift_to_first_order_in_the_step_size(name):
    for case in read_cases(SPECS / f"{name}.toml"):
        assert_laws_drift_to_first_order(simulated(case))


@pytest.mark.parametrize("name", ["bigram", "lora_trained"])
def test_laws_of_the_zoo_drift_to_first_order(name):
    assert_zoo(name)


@pytest.mark.heavy
@pytest.mark.parametrize("name", list(zoo()))
def test_laws_of_the_whole_zoo_drift_to_first_order(name):
    assert_zoo(name)


@pytest.mark.heavy
@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.toml") if path.stem not in ("relu_mnist", *QUICK)))
def test_laws_of_all_specs_drift_to_first_order(name):
    for case in read_cases(SPECS / f"{name}.toml"):
        assert_drifts_where_there_are_laws(simulated(case, Sizes()))


def assert_zoo(name):
    for case in read_cases(name, zoo_spec(name)):
        assert_drifts_where_there_are_laws(simulated(case))


def assert_drifts_where_there_are_laws(table):
    if table.report.laws.families:
        assert_laws_drift_to_first_order(table)


@pytest.mark.parametrize("term", [0, 1])
@pytest.mark.parametrize("name", ["linear_gradient_flow", "relu_gradient_flow", "icnn_gradient_flow", "nmf_gradient_flow"])
def test_a_spoiled_law_moves_with_the_flow(name, term):
    """One coefficient of its form off by one: the drift does not depend on the step size."""
    case = read_cases(SPECS / f"{name}.toml")[0]
    report = report_of(case)
    family = report.laws.families[0]
    terms = list(family.form.terms)
    terms[term] = replace(terms[term], coefficient=terms[term].coefficient + 1)
    wrong = replace(family, form=replace(family.form, terms=tuple(terms)))
    row = simulate(case, replace(report, laws=replace(report.laws, families=(wrong,))), Choices(), Sizes(steps=800))[0].rows[0]
    assert row.flow > 1e-3 and min(row.drifts) > 1e-3
    assert abs(row.order) < 0.2


def test_laws_of_another_dynamics_move():
    """Those of the gradient flow, along a run of the heavy ball."""
    laws = report_of(parse_spec({"model": TABLES["model"]}))
    row = simulate(parse_spec(TABLES), laws, Choices(), Sizes(steps=800))[0].rows[0]
    assert row.flow > 1e-3 and abs(row.order) < 0.2


def test_a_law_that_depends_on_time_stands_next_to_what_moves():
    law, other = simulated(parse_spec(TABLES)).rows
    assert law.law.family == other.law.family and (law.law.timeless, other.law.timeless) == (False, True)
    assert law.value == pytest.approx(other.value)


def test_what_moves_is_evaluated_as_it_is_printed():
    """Without 1/(2 - t), which is 1/2 at the start; and without t/2, whatever t is, and with the sign that it is printed with."""
    late = {**TABLES, "dynamics": {"kind": "momentum", "damping": "1/(2-t)"}}
    law, other = simulated(parse_spec(late), SHORT).rows
    assert law.value == pytest.approx(other.value / 2)
    rows = simulated(read_cases(SPECS / "nmf_nesterov.toml")[0], SHORT).rows
    assert [row.key for row in rows[2:]] == [
        "sum_i U[i,k] - sum_j V[k,j] + t/2*sum_i dU[i,k] - t/2*sum_j dV[k,j]",
        "sum_i U[i,k] - sum_j V[k,j] + sum_i dU[i,k] - sum_j dV[k,j]",
    ]
    start = training(read_cases(SPECS / "nmf_nesterov.toml")[0], Choices())
    blocks, moving = (start.trained.split(vector) for vector in start.start)
    still, speed = (part["U"].sum(0) - part["V"].sum(1) for part in (blocks, moving))
    assert rows[3].value == pytest.approx(np.linalg.norm(still + speed))


def test_training_that_leaves_the_region_of_a_law_is_told():
    """Of W2 relu(W1 x) with one input there is a law that W1[3] crosses zero from."""
    model = {"network": "W2 @ relu(W1 @ x)", "parameters": {"W1": [3, 1], "W2": [1, 3]}, "inputs": {"x": 1}}
    found = simulated(parse_spec({"model": model}), Sizes(steps=160))
    *others, regional = found.rows
    assert not regional.law.family.everywhere and regional.flow > 0.01 and all(row.flow < 1e-9 for row in others)
    assert any(note.startswith("region: some laws") for note in found.footnotes()) and found.to_dict()["notes"]
    assert not any(note.startswith("region") for note in simulated(parse_spec(TABLES), SHORT).footnotes())


@pytest.mark.filterwarnings("error")
def test_data_whose_squares_overflow_warn_of_nothing(tmp_path):
    data = data_file(tmp_path / "data.npz", x=np.full((5, 2), 1e200), targets=np.ones((5, 2)))
    with pytest.raises(Untrainable, match="cannot leave its start"):
        simulated(parse_spec({"model": TABLES["model"]}), SHORT, data=str(data))


def test_numbers_of_letters_change_the_law_and_the_motion():
    tables = [simulated(parse_spec(TABLES), Sizes(time=0.5, steps=320), numbers={"tau": tau}) for tau in (0.2, 2.0)]
    assert all(table.rows[0].flow < 1e-9 for table in tables)
    slow, fast = (table.rows[1].flow for table in tables)
    assert fast > 2 * slow and tables[1].conditions.numbers == {"tau": 2.0}


def test_a_flow_is_stopped_when_its_work_is_done(monkeypatch):
    from conslaw_cli.limits import Limits

    monkeypatch.setattr("conslaw_cli.training.flow.LIMITS", Limits(flow_work=1))
    table = simulated(parse_spec({"model": TABLES["model"]}))
    assert any("was stopped at t = " in note and "--no-flow" in note for note in table.notes)
    assert table.rows[0].flow < 1e-9 and 0.8 < table.rows[0].order < 1.2


def test_what_an_optimizer_keeps_is_said_to_be_exact():
    """Undamped, the semi-implicit heavy ball keeps angular momenta: it is symplectic."""
    case = parse_spec({"model": TABLES["model"], "dynamics": {"kind": "momentum", "damping": 0}})
    row = simulated(case, SHORT).rows[0]
    assert row.exact and row.order is None


def test_the_order_is_the_slope_on_the_finest():
    sizes = np.array([0.8, 0.4, 0.2, 0.1])
    assert order(sizes, 3 * sizes**1.5, 1e-12, 3) == pytest.approx(1.5)
    assert order(sizes, np.array([7.0, *(sizes[1:])]), 1e-12, 3) == pytest.approx(1)
    assert order(sizes, np.array([np.inf, np.nan, 1e-15, 1e-3]), 1e-12, 3) is None
    assert order(sizes, np.array([*sizes[:3], np.inf]), 1e-12, 2) is None and order(sizes, np.array([np.inf, *sizes[1:]]), 1e-12, 2) is not None


def test_the_same_seed_gives_the_same_and_another_one_does_not():
    case = parse_spec(TABLES)
    one, same, other = (simulated(case, SHORT, seed=seed) for seed in (1, 1, 2))
    assert one.to_dict() == same.to_dict()
    assert one.rows[0].value != other.rows[0].value


def test_step_sizes_and_a_time_of_ones_own():
    table = simulated(parse_spec(TABLES), Sizes(time=0.4, sizes=(0.01, 0.002), with_flow=False))
    assert (table.sizes, table.steps) == (pytest.approx((0.01, 0.002)), (40, 200))
    assert table.conditions.time == 0.4


def starts(model, *seeds):
    case = parse_spec({"model": model})
    report, sizes = report_of(case), Sizes(steps=16, with_flow=False)
    return [simulate(case, report, Choices(seed=seed), sizes, keep=True)[1].thetas[0] for seed in seeds]


def test_weights_that_a_spec_names_are_the_start(tmp_path):
    weights = {"W": np.array([[0.5, -1.0], [2.0, 0.25]])}
    np.savez(tmp_path / "init.npz", **weights)
    model = {"network": "tanh(W @ x)", "parameters": {"W": [2, 2]}, "inputs": {"x": 2}, "at": {"weights": str(tmp_path / "init.npz")}}
    np.testing.assert_array_equal(starts(model, 4)[0], weights["W"].ravel())


@pytest.mark.parametrize("width, regional", [(3, True), (1, False)])
def test_training_starts_in_the_region_that_laws_are_of(width, regional):
    """relu 1-3-1 without biases has laws of its region, whatever the seed; relu 2-1-1 has none."""
    inputs = 1 if regional else 2
    model = {"network": "W2 @ relu(W1 @ x)", "parameters": {"W1": [width, inputs], "W2": [1, width]}, "inputs": {"x": inputs}}
    one, other = starts(model, 1, 2)
    assert np.array_equal(one, other) == regional


def run(capsys, *arguments):
    """Exit code, stdout and stderr."""
    code = _run(["simulate", *map(str, arguments)])
    return code, *capsys.readouterr()


@pytest.fixture
def momentum(tmp_path):
    path = tmp_path / "momentum.toml"
    path.write_text('[model]\narchitecture = "linear"\nwidths = [2, 3, 2]\n[dynamics]\nkind = "momentum"\n', encoding="utf-8")
    return path


@pytest.fixture
def classes(tmp_path):
    path = tmp_path / "classes.toml"
    text = '[model]\nnetwork = "W @ x"\nloss = "cross-entropy"\n[model.parameters]\nW = [3, 2]\n[model.inputs]\nx = 2\n'
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table_says_what_is_random_and_that_it_is_floating_point(momentum, capsys):
    code, out, err = run(capsys, momentum, "--steps", 320, "--set", "tau=0.7", "--seed", 3)
    assert (code, err) == (0, "")
    for said in ("heavy ball", "16 samples", "seed 3", "τ = 0.7", "squared error", "DOP853", "proves none", "no law: without its time factor"):
        assert said in out
    assert out.index("exp(τt)") < out.index("no law: without")


def test_json_is_the_table_as_data(momentum, capsys):
    code, out, _ = run(capsys, momentum, "--steps", 320, "--format", "json")
    data = json.loads(out)
    assert code == 0 and data["schema"] == 1 and data["floating_point"] is True
    assert data["conditions"]["numbers"] == {"tau": 0.5} and data["steps"] == [20, 40, 80, 160, 320]
    law, other = data["laws"]
    assert law["conserved"] and not other["conserved"] and 0.8 < law["order"] < 1.2 and law["flow"] < 1e-9
    assert len(law["drifts"]) == len(data["step_sizes"]) == 5


def test_a_sweep_has_a_table_for_each_case(tmp_path, capsys):
    path = tmp_path / "bigram.toml"
    path.write_text(zoo_spec("bigram"), encoding="utf-8")
    code, out, _ = run(capsys, path, "--steps", 32, "--format", "json")
    assert code == 0 and [one["dynamics"]["kind"] for one in json.loads(out)] == ["gradient-flow", "momentum"]
    code, out, err = run(capsys, path, "--save", tmp_path / "run.npz")
    assert (code, out) == (2, "") and "take one case" in err


def test_saved_states_are_those_of_the_finest_run(momentum, tmp_path, capsys):
    target = tmp_path / "run.npz"
    code, *_ = run(capsys, momentum, "--steps", 320, "--save", target, "--set", "tau=0.7")
    assert code == 0
    with np.load(target) as saved:
        arrays = dict(saved)
    assert set(arrays) == {"W1", "W2", "dW1", "dW2", "t", "step"}
    assert arrays["W1"].shape == arrays["dW1"].shape == (33, 3, 2)
    assert arrays["step"][[0, -1]].tolist() == [0, 320]
    report = analyze(str(momentum))
    evaluator = Evaluator(report.laws.families, dict(report.model.blocks), constants={"tau": 0.7})
    (law,) = evaluator.along(arrays, {name: arrays["d" + name] for name in ("W1", "W2")}, arrays["t"])
    drift = np.linalg.norm((law.values - law.values[0]).reshape(33, -1), axis=1)
    assert EXACT < drift.max() < 1e-3 * np.linalg.norm(law.values[0])


def test_states_are_written_whole_or_not_at_all(momentum, tmp_path, capsys, monkeypatch):
    code, out, err = run(capsys, momentum, "--steps", 32, "--no-flow", "--save", tmp_path / "nowhere" / "run.npz")
    assert (code, out) == (2, "") and "cannot be written" in err

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("conslaw_cli.files.os.replace", full)
    code, out, err = run(capsys, momentum, "--steps", 32, "--no-flow", "--save", tmp_path / "run.npz")
    assert (code, out) == (2, "") and "No space left on device" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == [momentum.name]


def test_without_scipy_one_line_says_what_to_install(momentum, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.integrate", None)
    code, out, err = run(capsys, momentum, "--steps", 32)
    assert (code, out) == (2, "") and "pip install 'conslaw[simulate]'" in err and len(err.splitlines()) == 1
    code, out, _ = run(capsys, momentum, "--steps", 32, "--no-flow")
    assert code == 0 and "without the flow" in out


def test_a_run_that_diverges_is_said_and_the_others_are_shown(momentum, capsys):
    code, out, _ = run(capsys, momentum, "--time", 32, "--step-sizes", "4,0.01", "--no-flow", "--format", "json")
    data = json.loads(out)
    assert code == 0 and data["laws"][0]["drifts"][0] is None and data["laws"][0]["drifts"][1] < 1
    assert "step size 4 diverged at t = " in data["notes"][0]


def test_a_run_that_leaves_the_metrics_domain_is_said(tmp_path, capsys):
    path = tmp_path / "nmf.toml"
    path.write_text('[model]\narchitecture = "nmf"\nwidths = [3, 2, 3]\n', encoding="utf-8")
    code, out, _ = run(capsys, path, "--time", 4, "--step-sizes", "4,0.01", "--no-flow", "--update", "multiplicative", "--format", "json")
    assert code == 0 and "step size 4 left the entries for which the metric is positive" in json.loads(out)["notes"][0]
    code, out, _ = run(capsys, path, "--time", 4, "--step-sizes", "0.01", "--no-flow", "--format", "json")
    assert code == 0 and not json.loads(out)["notes"]


def data_file(path, **changed):
    """Data of three classes and two inputs, five samples, with some arrays changed; None leaves one out."""
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(5, 2)), "targets": np.array([0, 1, 2, 2, 1]), **changed}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_data_of_a_file_are_trained_on(classes, tmp_path, capsys):
    numbers = data_file(tmp_path / "numbers.npz")
    rows = data_file(tmp_path / "rows.npz", targets=np.eye(3)[[0, 1, 2, 2, 1]])
    found = [json.loads(run(capsys, classes, "--steps", 32, "--format", "json", "--data", file)[1]) for file in (numbers, rows)]
    assert found[0]["conditions"]["samples"] == 5 and "numbers.npz" in found[0]["conditions"]["data"]
    assert found[0]["laws"] == found[1]["laws"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"x": None, "X1": np.ones((5, 2))}, "X1 is no input"),
        ({"targets": None}, "no targets"),
        ({"x": np.ones((5, 3))}, "x has the shape (5, 3), not (5, 2)"),
        ({"x": np.ones((4, 2))}, "x has the shape (4, 2), not (5, 2)"),
        ({"x": np.full((5, 2), np.nan)}, "x has entries that are not finite"),
        ({"x": np.array([["a", "b"]] * 5)}, "x holds no real numbers"),
        ({"x": np.array([{}] * 5, dtype=object)}, "never unpickled"),
        ({"targets": np.array([0, 1, 2, 3, 1])}, "classes from 0 to 2"),
        ({"targets": np.ones((5, 3))}, "no probabilities"),
        ({"targets": np.ones((5, 2))}, "targets has the shape (5, 2), not (samples, 3)"),
        ({"targets": np.ones((0,)), "x": np.ones((0, 2))}, "holds no samples"),
    ],
)
def test_data_that_cannot_be_used(classes, tmp_path, capsys, changed, said):
    code, out, err = run(capsys, classes, "--data", data_file(tmp_path / "data.npz", **changed))
    assert (code, out) == (2, "") and said in err and len(err.splitlines()) == 1
    assert "data.npz" in err


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_file_of_data_that_is_none(classes, tmp_path, capsys, content):
    path = tmp_path / "data.npz"
    if content is not None:
        path.write_bytes(content)
    code, out, err = run(capsys, classes, "--data", path)
    assert (code, out) == (2, "") and "data.npz" in err and "numpy.savez" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "sigma=1"], "sigma is no letter"),
        (["--set", "tau"], "--set tau=0.7"),
        (["--set", "tau=nan"], "nan"),
        (["--time", "1", "--step-sizes", "0.3"], "does not divide the time 1"),
        (["--step-sizes", "0.1,x"], "x"),
        (["--step-sizes", "0.1", "--steps", "5"], "--steps has no effect beside --step-sizes"),
        (["--data", "data.npz", "--samples", "5"], "--samples has no effect beside --data"),
        (["--plot", "drift.pdf"], "drift.pdf"),
        (["--steps", "0"], "0"),
    ],
)
def test_choices_that_cannot_be_used(momentum, capsys, arguments, said):
    code, out, err = run(capsys, momentum, *arguments)
    assert (code, out) == (2, "") and said in err


def test_a_time_beyond_the_rates_end_is_refused():
    case = parse_spec({"model": TABLES["model"], "dynamics": {"kind": "momentum", "damping": "1/(2-t)"}})
    with pytest.raises(Untrainable, match="beyond t = 2"):
        simulated(case, Sizes(time=3.0))
    assert simulated(case, SHORT).conditions.time < 2


def test_an_architecture_that_writes_no_network_is_refused(monkeypatch):
    case = parse_spec(TABLES)
    monkeypatch.setitem(ARCHITECTURES, "linear", dataclasses.replace(ARCHITECTURES["linear"], network=None))
    with pytest.raises(Untrainable, match="write the model as a network"):
        simulated(case)


def test_one_hot_inputs_must_be_one_hot(tmp_path, capsys):
    path = tmp_path / "bigram.toml"
    path.write_text(zoo_spec("bigram").partition("[sweep]")[0], encoding="utf-8")
    data = tmp_path / "data.npz"
    np.savez(data, w=np.full((3, 1, 4), 0.25), targets=np.zeros((3, 1)))
    code, _, err = run(capsys, path, "--data", data)
    assert code == 2 and "rows of w are not one-hot" in err

"""conslaw drift: laws along runs of NumPy's own SGD, saved as PyTorch names arrays, and all that can be wrong with what a user says."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import namedtuple

import numpy as np
import pytest
from safetensors.numpy import save_file

from conslaw_cli.checkpoints.faults import CheckpointError
from conslaw_cli.checkpoints.runs import moments
from conslaw_cli.cli import main
from conslaw_cli.drifting.follow import Said, follow
from conslaw_cli.drifting.numbers import Settings, constants
from conslaw_cli.report.driftformats import render
from conslaw_cli.reporting import report_of
from conslaw_cli.spec import parse_spec

Result = namedtuple("Result", "code out err")
RATE = 0.02
RELU = '[model]\narchitecture = "relu"\nwidths = [2, 3, 1]\nbias = "hidden"\n'
LINEAR = '[model]\narchitecture = "linear"\nwidths = [2, 3, 2]\n'
MOMENTUM = LINEAR + '[dynamics]\nkind = "momentum"\n'
DECAY = LINEAR + '[dynamics]\nkind = "weight-decay"\n'
FREE = '[model]\narchitecture = "relu"\nwidths = [2, 3, 1]\n[dynamics]\nkind = "momentum"\n'


def trained(*, relu=False, momentum=0.0, decay=0.0, rate=RATE, steps=200, every=20, seed=0, still=False, dtype="f8"):
    """{step: arrays} of a network of two layers under PyTorch's SGD: buffer = momentum * buffer + gradient, weight -= rate * buffer."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(8, 2)), rng.normal(size=(8, 1 if relu else 2))
    weights = {"fc1.weight": rng.normal(size=(3, 2)), "fc2.weight": rng.normal(size=(Y.shape[1], 3))}
    weights |= {"fc1.bias": rng.normal(size=3)} if relu else {}
    weights = {name: array.astype(dtype) for name, array in weights.items()}
    buffers = {name: np.zeros_like(array) if still else rng.normal(size=array.shape).astype(dtype) for name, array in weights.items()}
    states = {}
    for step in range(steps + 1):
        if step % every == 0:
            states[step] = {**weights, **{f"momentum.{name}": array for name, array in buffers.items()}}
        before = X @ weights["fc1.weight"].T + weights.get("fc1.bias", 0)
        hidden = np.maximum(before, 0) if relu else before
        error = (hidden @ weights["fc2.weight"].T - Y) / len(X)
        inside = error @ weights["fc2.weight"] * ((before > 0) if relu else 1)
        gradients = {"fc1.weight": inside.T @ X, "fc2.weight": error.T @ hidden, "fc1.bias": inside.sum(axis=0)}
        for name in weights:
            buffers[name] = (momentum * buffers[name] + gradients[name] + decay * weights[name]).astype(dtype)
            weights[name] = (weights[name] - rate * buffers[name]).astype(dtype)
    return states


def saved(folder, states, form="npz", momentum=True):
    folder.mkdir(exist_ok=True, parents=True)
    for step, arrays in states.items():
        kept = {name: array for name, array in arrays.items() if momentum or not name.startswith("momentum.")}
        if form == "npz":
            np.savez(folder / f"ckpt_{step}.npz", **kept)
        else:
            save_file(kept, folder / f"ckpt_{step}.safetensors")
    return str(folder)


def table(text, paths, *, map=(), velocity=(), tolerance=None, **settings):
    import tomllib

    spec = parse_spec(tomllib.loads(text))
    settings = Settings(settings.pop("letters", {}), **settings)
    return follow(spec, report_of(spec), moments(paths), Said(tuple(map), tuple(velocity), settings, tolerance))


@pytest.fixture
def conslaw(monkeypatch, capsysbinary, tmp_path):
    """conslaw(spec, *arguments) runs ``conslaw drift`` here on a spec of this text."""

    def run(text, *arguments):
        (tmp_path / "spec.toml").write_text(text)
        monkeypatch.setattr(sys, "argv", ["conslaw", "drift", str(tmp_path / "spec.toml"), *map(str, arguments)])
        with pytest.raises(SystemExit) as exited:
            main()
        return Result(int(exited.value.code), *(stream.decode() for stream in capsysbinary.readouterr()))

    return run


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_run_of_gradient_descent(tmp_path):
    states = trained(relu=True)
    found = table(RELU, [saved(tmp_path, states, momentum=False)])
    (law,) = found.laws
    assert found.steps == tuple(range(0, 201, 20)) and found.times is None
    assert {one.name: one.where for one in found.found} == {"W1": "fc1.weight", "b1": "fc1.bias", "W2": "fc2.weight"}
    terms = np.array([[(s["fc2.weight"] ** 2).sum(axis=0), -(s["fc1.weight"] ** 2).sum(axis=1), -(s["fc1.bias"] ** 2)] for s in states.values()])
    values, sizes = terms.sum(axis=1), np.maximum.accumulate(np.linalg.norm(terms, axis=2)).sum(axis=1)
    assert (law.start, law.end) == (pytest.approx(np.linalg.norm(values[0])), pytest.approx(np.linalg.norm(values[-1])))
    assert np.allclose(law.drifts, np.linalg.norm(values - values[0], axis=1) / sizes, rtol=1e-9, atol=0) and 0 < law.drift < 1e-2


def test_the_drift_is_that_of_report_drift(tmp_path):
    states = trained()
    found = table(LINEAR, [saved(tmp_path, states)])
    spec = parse_spec({"model": {"architecture": "linear", "widths": [2, 3, 2]}})
    report = report_of(spec)
    drifts = report.drift([{"W1": s["fc1.weight"], "W2": s["fc2.weight"]} for s in states.values()])
    assert [law.key for law in found.laws] == list(drifts)
    assert all(np.allclose(law.drifts, drifts[law.key].drifts, rtol=1e-12, atol=0) for law in found.laws)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("every", [1, 10])
def test_the_step_size_predicts_the_drift_of_gradient_descent(tmp_path, relu, every):
    (law,) = table(RELU if relu else LINEAR, [saved(tmp_path, trained(relu=relu, every=every, steps=100))]).laws
    assert law.drift == pytest.approx(law.predicted, rel=1e-6 if every == 1 else 0.35)


def test_the_prediction_follows_the_step_size_and_a_law_that_is_wrong_does_not(tmp_path):
    runs = {rate: trained(rate=rate, steps=steps, every=steps // 10) for rate, steps in ((0.02, 100), (0.002, 1000))}
    coarse, fine = (table(LINEAR, [saved(tmp_path / str(rate), states)]).laws[0] for rate, states in runs.items())
    assert coarse.predicted / fine.predicted == pytest.approx(10, rel=0.3) and coarse.drift / fine.drift == pytest.approx(10, rel=0.3)
    decayed = table(LINEAR, [saved(tmp_path / "decay", trained(decay=0.5))]).laws[0]
    assert decayed.drift > 10 * decayed.predicted


def test_weight_decay(tmp_path):
    folder = saved(tmp_path, trained(decay=0.5, every=1))
    (law,) = table(DECAY, [folder], learning_rate=RATE, weight_decay=0.5).laws
    assert law.drift == pytest.approx(law.predicted, rel=1e-6) and law.drift < 1e-2
    (wrong,) = table(DECAY, [folder], learning_rate=RATE, letters={"lambda": 1.0}).laws
    assert wrong.drift > 10 * law.drift


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("dtype, rounding", [("f8", 1e-11), ("f4", 1e-4)])
def test_angular_momenta_of_heavy_ball_steps_are_kept_to_rounding(tmp_path, still, dtype, rounding):
    folder = saved(tmp_path, trained(momentum=0.9, still=still, dtype=dtype, steps=400), "safetensors")
    said = {"velocity": ("-momentum.*",), "learning_rate": RATE}
    found = table(MOMENTUM, [folder], momentum=0.9, **said)
    (law,) = found.laws
    assert found.constants == {"tau": pytest.approx(-np.log(0.9) / RATE)} and found.times[-1] == pytest.approx(400 * RATE)
    assert law.drift < rounding and law.predicted is None and not found.with_prediction
    if not still:
        (wrong,) = table(MOMENTUM, [folder], letters={"tau": 6}, **said).laws
        assert wrong.drift > 1e-3


def test_a_run_may_be_followed_from_late_on(tmp_path):
    """exp(tau t) is beyond all numbers from step 7,000 on; with a constant rate time may be counted from the first checkpoint."""
    states = trained(momentum=0.9)
    said = {"velocity": ("-momentum.*",), "learning_rate": RATE, "momentum": 0.9}
    (early,) = table(MOMENTUM, [saved(tmp_path / "early", states)], **said).laws
    (late,) = table(MOMENTUM, [saved(tmp_path / "late", {step + 100_000: state for step, state in states.items()})], **said).laws
    assert late.drifts == pytest.approx(early.drifts, abs=1e-10) and late.start == early.start and late.drift < 1e-9


def test_velocities_by_name_and_a_number_in_the_spec(tmp_path):
    names = {"W1": ("fc1.weight", 1), "W2": ("fc2.weight", 1), "dW1": ("momentum.fc1.weight", -1), "dW2": ("momentum.fc2.weight", -1)}
    states = {k: {name: sign * state[key] for name, (key, sign) in names.items()} for k, state in trained(momentum=0.9).items()}
    folder = saved(tmp_path, states)
    (law,) = table(MOMENTUM + f"damping = {-np.log(0.9) / RATE}\n", [folder], learning_rate=RATE, momentum=0.9).laws
    assert law.drift < 1e-12


@pytest.mark.parametrize("compressed", [False, True])
def test_a_run_in_one_file_is_that_of_many(tmp_path, compressed):
    states = trained(momentum=0.9)
    many = table(MOMENTUM, [saved(tmp_path, states)], velocity=("-momentum.*",), learning_rate=RATE, momentum=0.9)
    stacked = {name: np.stack([state[name] for state in states.values()]) for name in states[0]}
    (np.savez_compressed if compressed else np.savez)(tmp_path / "run.npz", t=RATE * np.array(list(states)), **stacked)
    one = table(MOMENTUM, [str(tmp_path / "run.npz")], velocity=("-momentum.*",), letters={"tau": -np.log(0.9) / RATE})
    assert one.laws[0].drifts == many.laws[0].drifts and not one.counted and one.plot().x_label == "time t (no unit)"


def test_transposed_and_stacked_layouts(tmp_path):
    states = {k: {"both": np.concatenate([s["fc1.weight"], s["fc2.weight"].T]).T} for k, s in trained().items()}
    found = table(LINEAR, [saved(tmp_path / "a", states)], map=("W1=both.T[0:3]", "W2=both[:, 3:]"))
    assert found.laws[0].drifts == table(LINEAR, [saved(tmp_path / "b", trained())]).laws[0].drifts


def test_other_metrics_have_no_prediction(tmp_path):
    spec = '[model]\narchitecture = "nmf"\nwidths = [3, 2, 4]\n'
    found = table(spec, [saved(tmp_path, {k: {"U": np.ones((4, 2)), "V": np.ones((2, 3))} for k in (0, 1)})])
    assert not found.with_prediction and found.laws[0].drift == 0


def test_a_law_that_is_not_finite_has_no_number(tmp_path):
    spec = '[model]\narchitecture = "linear"\nwidths = [1, 1, 1]\n[metric]\ndefault = "theta^2"\n'
    found = table(spec, [saved(tmp_path, {k: {"W1": np.ones((1, 1)), "W2": np.full((1, 1), 1.0 - k)} for k in (0, 1)})], tolerance=1)
    (law,) = found.laws
    assert law.drift is None and law.worst == 1 and found.beyond == (law,)
    assert "not finite" in render(found, "text") and found.to_dict()["laws"][0]["drift"] is None


@pytest.mark.filterwarnings("error")
def test_weights_whose_squares_overflow_have_no_number_and_no_warning(tmp_path):
    small = {"W1": np.ones((3, 2)), "W2": np.ones((2, 3))}
    spec = '[model]\narchitecture = "linear"\nwidths = [2, 3, 2]\n'
    (law,) = table(spec, [saved(tmp_path, {0: small, 1: {name: 1e300 * array for name, array in small.items()}})]).laws
    assert law.drift is None and law.predicted is None


# --- the command ------------------------------------------------------------------------------------------------------


def test_exit_codes_and_streams(tmp_path, conslaw):
    folder = saved(tmp_path / "run", trained(relu=True), momentum=False)
    fine = conslaw(RELU, folder, "--tolerance", 1e-2)
    assert (fine.code, fine.err) == (0, "") and "W₁ 3×2 = fc1.weight" in fine.out and "steps 0 … 200" in fine.out
    far = conslaw(RELU, folder, "--tolerance", 1e-6)
    assert far.code == 1 and "sum_i W2[i,k]^2" in far.err and "more than the tolerance 1e-06" in far.err and far.err.count("\n") == 1
    assert "!" in far.out and far.out.startswith("ReLU network")
    bad = conslaw(RELU, folder, "--map", "W1=nothing")
    assert bad.code == 2 and bad.out == "" and "has no array nothing" in bad.err


def test_formats_say_the_same(tmp_path, conslaw):
    folder = saved(tmp_path / "run", trained(relu=True), momentum=False)
    found = json.loads(conslaw(RELU, folder, "--format", "json", "--tolerance", 1).out)
    (law,) = found["laws"]
    (row,) = csv.DictReader(io.StringIO(conslaw(RELU, folder, "--format", "csv", "--tolerance", 1).out))
    assert row["law"] == law["law"] and all(float(row[key]) == law[key] for key in ("start", "end", "drift", "predicted"))
    assert law["worst_step"] == int(row["worst_step"]) == found["steps"][law["drifts"].index(max(law["drifts"]))]
    assert law["kept"] is True and found["arrays"]["W1"] == "fc1.weight"
    markdown = conslaw(RELU, folder, "--format", "markdown").out
    assert "| law | start | end | drift | predicted | worst step |" in markdown
    assert conslaw(RELU, folder, "-o", tmp_path / "t.txt").out == "" and (tmp_path / "t.txt").read_text().startswith("ReLU")


def test_no_law_is_no_drift(tmp_path, conslaw):
    folder = saved(tmp_path / "run", trained(relu=True))
    found = conslaw(FREE, folder)
    assert found.code == 0 and "No law is conserved." in found.out and "worst step" not in found.out and "arrays" not in found.out
    assert json.loads(conslaw(FREE, folder, "--format", "json").out)["laws"] == []


def test_no_checkpoint_is_written_over(tmp_path, conslaw):
    folder = saved(tmp_path / "run", trained(steps=20))
    before = (tmp_path / "run" / "ckpt_20.npz").read_bytes()
    found = conslaw(LINEAR, folder, "-o", tmp_path / "run" / "ckpt_20.npz")
    assert found.code == 2 and "is what is read" in found.err and (tmp_path / "run" / "ckpt_20.npz").read_bytes() == before


def test_plots(tmp_path, conslaw):
    folder = saved(tmp_path / "run", trained(relu=True))
    assert conslaw(RELU, folder, "--plot", tmp_path / "drift.svg").code == 0
    assert "<svg" in (tmp_path / "drift.svg").read_text()
    bad = conslaw(RELU, folder, "--plot", tmp_path / "drift.bmp")
    assert bad.code == 2 and bad.out == "" and ".png" in bad.err


@pytest.mark.parametrize(
    "text, arguments, part",
    [
        (MOMENTUM, (), "the laws hold tau, of which there is no number; give --set tau=0.7, or --momentum and --learning-rate"),
        (DECAY, (), "give --set lambda=0.7, or --weight-decay and --learning-rate"),
        (MOMENTUM, ("--set", "tau=1"), "the laws depend on the time t; give --learning-rate"),
        (MOMENTUM, ("--momentum", "0.9"), "--momentum takes --learning-rate too"),
        (MOMENTUM, ("--set", "tau=1", "--lr", "0.1"), "the laws are of velocities (dW1, dW2), and there are none"),
        (MOMENTUM, ("--set", "tau=1", "--lr", "0.1", "--momentum", "0.9"), "tau is given by --set and follows from"),
        (MOMENTUM + "damping = 1\n", ("--lr", "0.1", "--momentum", "0.9"), "the spec's damping is 1, --momentum with --learning-rate makes it 1.05361"),
        (MOMENTUM + 'damping = "2*tau"\n', ("--lr", "0.1", "--momentum", "0.9"), "give its letters by --set"),
        (MOMENTUM, ("--lr", "0.1", "--weight-decay", "0.9"), "--weight-decay is of no use: the spec's dynamics is momentum"),
        (DECAY, ("--lr", "1", "--weight-decay", "1"), "multiplies by 0 in a step"),
        (LINEAR, ("--set", "tau=1"), "the laws hold no letter tau"),
        (MOMENTUM, ("--set", "tua=1"), 'did you mean "tau"?'),
        (LINEAR, ("--set", "tau"), "is not LETTER=NUMBER"),
        (LINEAR, ("--set", "tau=inf"), "is not LETTER=NUMBER"),
        (LINEAR, ("--velocity", "-momentum.*"), "--velocity is of no use: no law of the spec is of velocities"),
        (LINEAR, ("--lr", "nan"), "is no finite number"),
        (LINEAR, ("--tolerance", "-1"), "--tolerance"),
        (RELU, (), "no array has the shape 3 of b1"),
    ],
)
def test_what_a_user_says_wrong(tmp_path, conslaw, text, arguments, part):
    found = conslaw(text, saved(tmp_path / "run", trained(steps=20), momentum=False), *arguments)
    assert found.code == 2 and found.out == "" and part in found.err and "Traceback" not in found.err


def test_a_nan_in_a_later_checkpoint_writes_nothing(tmp_path, conslaw):
    states = trained()
    states[100]["fc2.weight"][0, 0] = np.nan
    found = conslaw(LINEAR, saved(tmp_path / "run", states), "-o", tmp_path / "out.json", "--format", "json")
    assert found.code == 2 and "fc2.weight has 1 entry that is not finite at step 100 (NaN)" in found.err
    assert not (tmp_path / "out.json").exists()


def test_numbers_that_agree_are_taken():
    spec = parse_spec({"model": {"architecture": "linear", "widths": [2, 3, 2]}, "dynamics": {"kind": "momentum", "damping": "1.0536"}})
    assert constants(spec, (), Settings({}, 0.1, 0.9)) == {}
    with pytest.raises(CheckpointError):
        constants(spec, (), Settings({}, 0.1, 0.8))

"""The exported logger: its lines against the drifts of the engine, along loops of optimizers that are made here, and in trainers."""

from __future__ import annotations

import ast
import json
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from test_model_specs import FOLDER

from conslaw_cli import analyze
from conslaw_cli.exporting.formats import export_laws

LINEAR = {"model": {"architecture": "linear", "widths": [2, 3, 2]}}
MOMENTUM = {**LINEAR, "dynamics": {"kind": "momentum"}}
DECAY = {**LINEAR, "dynamics": {"kind": "weight-decay"}}
NAMES = {"W1": "first.weight", "W2": "second.weight"}


def logger_of(found, *arguments, **options):
    defined = {}
    exec(compile(export_laws(found, "callback", "conslaw export").text, "<callback>", "exec"), defined)
    return defined["LawLogger"](*arguments, **options)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def states(found, number, seed=0):
    rng = np.random.default_rng(seed)
    return [{name: rng.normal(size=shape) for name, shape in found.model.blocks} for _ in range(number)]


def same(logged, drifts):
    """Lines and drifts of every law, and the sizes of its values."""
    for name, drift in drifts.items():
        own = [line for line in logged if line["law"] == name]
        assert np.allclose([line["drift"] for line in own], drift.drifts, rtol=1e-12)
        assert np.isclose(own[-1].get("norm", own[-1].get("value")), np.linalg.norm(drift.end) if drift.end.ndim else drift.end)


class Array:
    """What the logger needs of a tensor."""

    def __init__(self, array):
        self.array = array

    def detach(self):
        return self

    cpu = double = detach

    def numpy(self):
        return self.array


class Model:
    """A module of two layers."""

    def __init__(self, arrays):
        self.weights = {name: Array(array.copy()) for name, array in arrays.items()}

    def named_parameters(self):
        return ((NAMES[name], weight) for name, weight in self.weights.items())


class SGD:
    """Heavy ball as PyTorch has it, for the loss |W2 W1 x - y|^2/2."""

    def __init__(self, model, lr, momentum):
        self.model, self.momentum = model, momentum
        self.param_groups, self.state = [{"lr": lr, "momentum": momentum}], {}

    def push(self):
        """A start in motion: from rest the angular momentum is zero for ever."""
        rng = np.random.default_rng(7)
        self.state = {weight: {"momentum_buffer": Array(rng.normal(size=weight.array.shape))} for weight in self.model.weights.values()}

    def step(self):
        first, second = (self.model.weights[name] for name in ("W1", "W2"))
        x, y = np.array([[1.0], [2.0]]), np.array([[-1.0], [0.5]])
        residual = second.array @ first.array @ x - y
        gradients = {first: second.array.T @ residual @ x.T, second: residual @ (first.array @ x).T}
        for weight, gradient in gradients.items():
            buffer = self.state.setdefault(weight, {"momentum_buffer": Array(np.zeros_like(gradient))})["momentum_buffer"]
            buffer.array = self.momentum * buffer.array + gradient
            weight.array = weight.array - self.param_groups[0]["lr"] * buffer.array


def snapshot(model, optimizer):
    arrays = {name: weight.array.copy() for name, weight in model.weights.items()}
    return arrays, {name: -optimizer.state[weight]["momentum_buffer"].array for name, weight in model.weights.items()}


# --- what is logged ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", ["linear_gradient_flow", "relu_gradient_flow", "phi_gradient_flow", "nmf_gradient_flow", "linear_travel_times"])
def test_lines_are_the_drifts_of_the_laws(stem, tmp_path):
    found = analyze(FOLDER / f"{stem}.toml")
    run = [{name: np.abs(array) + 0.1 for name, array in state.items()} for state in states(found, 4)]
    logger = logger_of(found, tmp_path / "drift.jsonl")
    for step, state in enumerate(run):
        logger.log(state, step=step, t=0.1 * step)
    logged = lines(tmp_path / "drift.jsonl")
    same(logged, found.drift(run))
    assert list(logged[0]) in (["step", "t", "law", "norm", "drift"], ["step", "t", "law", "value", "drift"])
    assert [line["step"] for line in logged[:: len(found.drift(run))]] == [0, 1, 2, 3]


def test_velocities_are_read_from_the_momentum_buffers_and_time_from_the_steps(tmp_path):
    found, rate, steps = analyze(MOMENTUM), 0.01, 60
    model = Model(states(found, 1)[0])
    optimizer = SGD(model, rate, 0.9)
    constants = {"tau": -math.log(0.9) / rate}
    logger = logger_of(found, tmp_path / "drift.jsonl", map=NAMES, constants=constants)
    logger.log(model, optimizer, 0)
    assert not (tmp_path / "drift.jsonl").exists(), "there are no buffers yet"
    optimizer.push()
    run = []
    for step in range(1, steps + 1):
        optimizer.step()
        logger.log(model, optimizer, step)
        run.append(snapshot(model, optimizer))
    logged = lines(tmp_path / "drift.jsonl")
    same(logged, found.drift([a for a, _ in run], [v for _, v in run], [rate * step for step in range(1, steps + 1)], constants))
    assert logged[-1]["t"] == pytest.approx(rate * steps) and len(logged) == steps
    assert logged[0]["norm"] > 0.1 and max(line["drift"] for line in logged) < 1e-10, "with this tau the angular momentum of heavy ball is kept exactly"


def test_another_rate_moves_the_law(tmp_path):
    found, rate = analyze(MOMENTUM), 0.01
    model = Model(states(found, 1)[0])
    optimizer = SGD(model, rate, 0.9)
    logger = logger_of(found, tmp_path / "drift.jsonl", map=NAMES, constants={"tau": 2})
    optimizer.push()
    for step in range(1, 30):
        optimizer.step()
        logger.log(model, optimizer, step)
    assert lines(tmp_path / "drift.jsonl")[-1]["drift"] > 0.01


def test_time_is_the_sum_of_the_learning_rates(tmp_path):
    found = analyze(DECAY)
    logger = logger_of(found, tmp_path / "drift.jsonl", map=NAMES, constants={"lamda": 0.1}, every=2)
    model = Model(states(found, 1)[0])
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.1}], state={})
    for step in range(7):
        optimizer.param_groups[0]["lr"] = 0.1 if step < 5 else 0.01
        logger.log(model, optimizer, step)
    logged = lines(tmp_path / "drift.jsonl")
    assert [line["step"] for line in logged] == [0, 2, 4, 6]
    assert [line["t"] for line in logged] == pytest.approx([0, 0.2, 0.4, 0.42])
    kept = logged[0]["norm"]
    assert [line["norm"] for line in logged] == pytest.approx([kept * math.exp(2 * 0.1 * t) for t in (0, 0.2, 0.4, 0.42)])


def test_a_transposed_parameter(tmp_path):
    found = analyze(LINEAR)
    (state,) = states(found, 1)
    stored = {"a": state["W1"].T, "W2": state["W2"], "W2.T": state["W2"]}
    logger_of(found, tmp_path / "drift.jsonl", map={"W1": "a.T", "W2": "W2.T"}).log(stored)
    (line,), (value,) = lines(tmp_path / "drift.jsonl"), found.laws(state).values()
    assert line["norm"] == pytest.approx(np.linalg.norm(value))


def test_parts_of_a_parameter(tmp_path):
    """Fused weights, as of GPT-2: columns of one matrix, turned or not; a key that looks like a part is a key."""
    found = analyze(LINEAR)
    (state,) = states(found, 1)
    turned = state["W1"].T
    fused = {"qkv": np.hstack([np.zeros((len(turned), 1)), turned, state["W2"]])}
    middle = turned.shape[1] + 1
    logger_of(found, tmp_path / "parts.jsonl", map={"W1": f"qkv[:, 1:{middle}].T", "W2": f"qkv[:,{middle}:]"}).log(fused)
    logger_of(found, tmp_path / "whole.jsonl").log(state)
    assert lines(tmp_path / "parts.jsonl") == lines(tmp_path / "whole.jsonl")
    with pytest.raises(ValueError, match="which is no parameter"):
        logger_of(found, tmp_path / "not.jsonl", map={"W1": "qkv[import os]"}).log(fused)


def test_numbers_that_are_not_finite_are_null(tmp_path):
    found = analyze(LINEAR)
    first, second = states(found, 2)
    logger = logger_of(found, tmp_path / "drift.jsonl")
    logger.log(first, step=0)
    logger.log({**second, "W1": second["W1"] * np.nan}, step=1)
    start, end = lines(tmp_path / "drift.jsonl")
    assert (start["drift"], start["t"]) == (0, None) and end["norm"] is None and end["drift"] is None


def test_a_new_run_begins_a_new_file_and_a_step_is_logged_once(tmp_path):
    found = analyze(LINEAR)
    (tmp_path / "drift.jsonl").write_text("old\n", encoding="utf-8")
    logger = logger_of(found, tmp_path / "drift.jsonl")
    for step in (0, 0, 1):
        logger.log(states(found, 1)[0], step=step)
    assert [line["step"] for line in lines(tmp_path / "drift.jsonl")] == [0, 1]


# --- what it refuses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, message",
    [
        ({"map": {"V": "a"}, "constants": {"tau": 1}}, "there is no V to map: the laws are of W1, W2"),
        ({}, "give numbers for tau"),
        ({"constants": {"tau": 1, "rho": 2}}, "give numbers for tau, not for"),
    ],
)
def test_options_that_do_not_fit(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        logger_of(analyze(MOMENTUM), tmp_path / "drift.jsonl", **options)


def test_states_that_do_not_fit(tmp_path):
    found = analyze(MOMENTUM)
    logger = logger_of(found, tmp_path / "drift.jsonl", map=NAMES, constants={"tau": 1})
    model = Model(states(found, 1)[0])
    other = SimpleNamespace(param_groups=[{"lr": 0.1, "momentum": 0.9}], state={weight: {"exp_avg": weight} for weight in model.weights.values()})
    with pytest.raises(ValueError, match="give the optimizer too"):
        logger.log(model)
    with pytest.raises(ValueError, match="no momentum_buffer"):
        logger.log(model, other, 1)
    for groups in ([{"lr": 0.1, "momentum": 0}], [{"lr": 0.1, "betas": (0.9, 0.999)}]):
        with pytest.raises(ValueError, match="the optimizer has no momentum: use SGD with momentum"):
            logger.log(model, SimpleNamespace(param_groups=groups, state={}), 0)
    with pytest.raises(ValueError, match="W1 is mapped to first.weight, which is no parameter; there are other"):
        logger.log({"other": np.ones(2)}, other, 1)
    assert not (tmp_path / "drift.jsonl").exists()


def test_learning_rates_of_groups_that_differ_give_no_time(tmp_path):
    found = analyze(DECAY)
    logger = logger_of(found, tmp_path / "drift.jsonl", map=NAMES, constants={"lamda": 1})
    with pytest.raises(ValueError, match="depend on the time: give t"):
        logger.log(Model(states(found, 1)[0]), SimpleNamespace(param_groups=[{"lr": 0.1}, {"lr": 0.2}], state={}), 1)


# --- trainers ------------------------------------------------------------------------------------------------------------


def test_the_file_imports_python_and_numpy_alone():
    tree = ast.parse(export_laws(analyze(MOMENTUM), "callback", "").text)
    imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {*sys.stdlib_module_names, "numpy"} and not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))


@pytest.fixture
def installed(monkeypatch):
    """Modules by name that are there, and no others of the kind."""

    def install(name, **attributes):
        monkeypatch.setattr("importlib.util.find_spec", lambda module: module == name.split(".")[0] or None)
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**attributes))

    return install


@pytest.mark.parametrize("name", ["lightning.pytorch", "pytorch_lightning"])
def test_lightning(name, installed, tmp_path):
    installed(name, Callback=type("Callback", (), {}))
    found = analyze(LINEAR)
    callback = logger_of(found, tmp_path / "drift.jsonl", map=NAMES).lightning()
    model = Model(states(found, 1)[0])
    trainer = SimpleNamespace(optimizers=[SGD(model, 0.01, 0.0)], global_step=0)
    callback.on_train_start(trainer, model)
    for step in (1, 2):
        trainer.optimizers[0].step()
        trainer.global_step = step
        callback.on_train_batch_end(trainer, model, None, None, step)
    assert [(line["step"], line["t"]) for line in lines(tmp_path / "drift.jsonl")] == [(0, 0), (1, 0.01), (2, 0.02)]


def test_transformers(installed, tmp_path):
    installed("transformers", TrainerCallback=type("TrainerCallback", (), {}))
    found = analyze(LINEAR)
    callback = logger_of(found, tmp_path / "drift.jsonl", map=NAMES).transformers()
    model, state = Model(states(found, 1)[0]), SimpleNamespace(global_step=0)
    optimizer = SGD(model, 0.01, 0.0)
    callback.on_train_begin(None, state, None, model=model, optimizer=optimizer, processing_class=None)
    for step in (1, 2):
        optimizer.step()
        state.global_step = step
        callback.on_step_end(None, state, None, model=model, optimizer=optimizer)
    assert [(line["step"], line["t"]) for line in lines(tmp_path / "drift.jsonl")] == [(0, 0), (1, 0.01), (2, 0.02)]


def test_without_the_framework_it_says_what_to_install(installed, tmp_path):
    installed("nothing")
    logger = logger_of(analyze(LINEAR), tmp_path / "drift.jsonl")
    with pytest.raises(ImportError, match="install lightning"):
        logger.lightning()
    with pytest.raises(ImportError, match="install transformers"):
        logger.transformers()


# --- PyTorch -------------------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_a_training_loop_in_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    found, rate = analyze({"model": {"architecture": "linear", "widths": [4, 5, 3]}, "dynamics": {"kind": "momentum"}}), 0.005
    model = torch.nn.Sequential(torch.nn.Linear(4, 5, bias=False), torch.nn.Linear(5, 3, bias=False)).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    logger = logger_of(found, tmp_path / "drift.jsonl", map={"W1": "0.weight", "W2": "1.weight"}, constants={"tau": -math.log(0.9) / rate})
    for weight in model.parameters():
        optimizer.state[weight]["momentum_buffer"] = torch.randn(weight.shape).double()
    inputs, targets = torch.randn(32, 4).double(), torch.randn(32, 3).double()
    for step in range(1, 101):
        optimizer.zero_grad()
        ((model(inputs) - targets) ** 2).mean().backward()
        optimizer.step()
        logger.log(model, optimizer, step)
    logged = lines(tmp_path / "drift.jsonl")
    assert len(logged) == 100 and logged[0]["norm"] > 0.1
    assert max(line["drift"] for line in logged) < 1e-10

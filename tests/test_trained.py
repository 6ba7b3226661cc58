"""Models, gradients, metrics and optimizers in floating point: against finite differences, the float oracle, and closed formulas."""

from __future__ import annotations

import numpy as np
import pytest
from training import Problem
from zoo import ZOO

from conslaw_cli.graph.nodes import Parameter
from conslaw_cli.simulating.plan import Plan
from conslaw_cli.simulating.runs import run_all
from conslaw_cli.spec import parse_spec, read_cases
from conslaw_cli.steps import nobody
from conslaw_cli.training import objective
from conslaw_cli.training.data import Data
from conslaw_cli.training.flow import flow
from conslaw_cli.training.model import trained
from conslaw_cli.training.objective import MeanLoss
from conslaw_cli.training.operations import operation
from conslaw_cli.training.training import Choices, training
from conslaw_cli.zoofiles import zoo_spec

NOW = np.zeros(1)
MODELS = {
    "linear": {"architecture": "linear", "widths": [2, 3, 2, 1], "bias": "all"},
    "relu": {"architecture": "relu", "widths": [2, 4, 3, 2], "bias": "hidden"},
    "icnn": {"architecture": "icnn", "widths": [2, 3, 2, 1]},
    "nmf": {"architecture": "nmf", "widths": [4, 2, 3]},
    "shared": {"network": "W @ tanh(W @ x) + W @ x", "parameters": {"W": [2, 2]}, "inputs": {"x": 2}},
    "unused": {"network": "W @ x", "parameters": {"W": [2, 2], "c": 3}, "inputs": {"x": 2}},
    "smooth": {"network": "W2 @ smooth(W1 @ x)", "parameters": {"W1": [3, 2], "W2": [1, 3]}, "inputs": {"x": 2}},
    "called v": {"network": "W @ v", "parameters": {"W": [2, 2]}, "inputs": {"v": 2}},
}
ZOO_SAMPLE = ["attention", "bigram", "conv2d_max_pool", "gelu", "layer_norm", "moe_top_k", "rope", "t5_bias", "batch_norm", "selective_state_space"]
KINDS = ["gradient-flow", "weight-decay", "momentum", "nesterov"]


def spec(model, metric=None, dynamics=None):
    return parse_spec({"model": model, "metric": metric or {}, "dynamics": dynamics or {}})


def zoo_case(name):
    return read_cases(name, zoo_spec(name))[0]


def assert_is_gradient_of_the_loss(found):
    """By central differences of the mean loss, in random directions."""
    task, rng = found.motion.objective, np.random.default_rng(0)
    slope, step = task.gradient(found.theta, NOW), 1e-6
    assert np.linalg.norm(slope) > 1e-3
    for _ in range(4):
        way = rng.normal(size=found.theta.shape)
        differences = (task.value(found.theta + step * way) - task.value(found.theta - step * way)) / (2 * step)
        np.testing.assert_allclose((slope * way).sum(), differences[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_the_loss(name):
    assert_is_gradient_of_the_loss(training(spec(MODELS[name]), Choices(seed=1)))


@pytest.mark.parametrize("name", ZOO_SAMPLE)
def test_gradients_of_the_zoo_are_those_of_the_loss(name):
    assert_is_gradient_of_the_loss(training(zoo_case(name), Choices(samples=5)))


@pytest.mark.parametrize("name", ["attention", "bigram", "leaky_relu", "layer_norm", "embedding_stream", "conv1d_max_pool"])
def test_gradients_are_those_of_the_oracle(name):
    """The oracle's network, written by hand in NumPy, and its own gradient."""
    entry, model, rng = ZOO[name], trained(zoo_case(name)), np.random.default_rng(2)
    inputs, theta = entry.draw(rng, 6), entry.point(rng)
    shape = (6, *model.output.shape)
    targets = np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])] if entry.classes else rng.normal(size=shape)
    task = Problem(entry, inputs, targets)
    expected = entry.split(task.gradient(theta, task.branches_at(theta))[None])
    data = Data({model.inputs[key].name: array for key, array in inputs.items()}, targets, "")
    blocks = {key: np.asarray(array) for key, array in vars(entry.split(theta[None])).items()}
    found = model.split(MeanLoss(model, data).gradient(model.joined(blocks), NOW))
    assert set(found) == set(vars(expected))
    for key, array in vars(expected).items():
        np.testing.assert_allclose(found[key], array, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", ["relu", "linear", "shared"])
def test_chunks_of_samples_and_batches_of_runs_change_nothing(name, monkeypatch):
    choices = Choices(samples=7)
    whole, rng = training(spec(MODELS[name]), choices), np.random.default_rng(3)
    states = whole.theta + rng.normal(size=(3, whole.trained.size))
    expected = np.concatenate([whole.motion.objective.gradient(state[None], NOW) for state in states])
    monkeypatch.setattr(objective, "_ENTRIES", 1)
    parts = training(spec(MODELS[name]), choices).motion.objective
    assert len(parts._chunks) == 7
    np.testing.assert_allclose(parts.gradient(states, np.zeros(3)), expected, rtol=1e-12, atol=1e-14)


def test_entries_with_one_place_are_added():
    places = np.array([[3, 0], [3, 3]])
    found = operation(Parameter((2, 2), "a").scatter(places, (2, 3)))(np.arange(8.0).reshape(2, 1, 2, 2))
    np.testing.assert_array_equal(found, [[[[1, 0, 0], [5, 0, 0]]], [[[5, 0, 0], [17, 0, 0]]]])


def test_cross_entropy_is_the_loss_that_is_descended():
    found = training(zoo_case("bigram"), Choices(samples=4))
    task = found.motion.objective
    outputs = task.data.inputs["w"] @ found.theta.reshape(4, 4)
    expected = (np.log(np.exp(outputs).sum(-1)) - (outputs * task.data.targets).sum(-1)).sum() / 4
    assert task.value(found.theta)[0] == pytest.approx(expected)


def test_fields_are_followed_under_controls():
    found = training(spec({"fields": ["[x[1], -x[0]]", "[x[0], x[0]]"], "parameters": {"x": 2}}), Choices())
    at = np.array([[0.3, -0.8]])
    one, two = found.motion.objective.controls(np.array([0.4]))[0]
    np.testing.assert_allclose(found.motion.derivative(at, np.array([0.4])), [[one * -0.8 + two * 0.3, -one * 0.3 + two * 0.3]])


METRICS = {
    "theta^1.5": ({"default": "theta^1.5"}, lambda theta, g: theta**1.5 * g),
    "entropy on one": ({"V": "entropy", "default": "euclidean"}, lambda theta, g: np.where(np.arange(8) < 4, 1, theta) * g),
    "expression": ({"default": "sqrt(theta**2 + 1)"}, lambda theta, g: np.sqrt(theta**2 + 1) * g),
    "axes": (
        {"U": {"left": [[2, 1], [1, 3]]}, "V": {"right": [[1, 0], [0, 4]]}, "default": "euclidean"},
        lambda theta, g: np.concatenate([np.kron([[2, 1], [1, 3]], np.eye(2)) @ g[:4], np.kron(np.eye(2), [[1, 0], [0, 4]]) @ g[4:]]),
    ),
    "full": ({"full": [[3 if i == j else 1 / 4 for i in range(8)] for j in range(8)]}, lambda theta, g: (np.eye(8) * 11 / 4 + np.ones((8, 8)) / 4) @ g),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_multiply_the_gradient(name):
    metric, expected = METRICS[name]
    found = training(spec({"architecture": "nmf", "widths": [2, 2, 2]}, metric), Choices()).motion
    rng = np.random.default_rng(4)
    gradient, point = rng.normal(size=(2, 8)), rng.uniform(0.5, 2, (2, 8))
    np.testing.assert_allclose(found.metric(gradient, point), [expected(*row) for row in zip(point, gradient)])


def test_the_natural_gradient_is_the_least_squares_step():
    """M J^T r = J^+ r: J from outputs by finite differences."""
    found = training(spec(MODELS["linear"], {"default": "natural-gradient"}), Choices(samples=3))
    task, step = found.motion.objective, 1e-6
    residual = lambda theta: (next(task._outputs(theta))[0] - task.data.targets).ravel()
    columns = [(residual(found.theta + step * unit) - residual(found.theta - step * unit)) / (2 * step) for unit in np.eye(found.trained.size)]
    expected = np.linalg.lstsq(np.stack(columns, axis=1), residual(found.theta), rcond=1e-6)[0]
    np.testing.assert_allclose(found.motion.force(found.theta, None, NOW)[0], expected, rtol=1e-4, atol=1e-6)


def step(model, metric, dynamics, theta, velocity=None, t=0.0, h=0.1, update="dual"):
    """One step of the optimizer from a state, and the gradient of the loss there."""
    found = training(spec(model, metric, dynamics), Choices(update=update))
    theta = np.array([theta])
    moving = None if velocity is None else np.array([velocity])
    new, moved = found.optimizer.step((theta, moving), np.array([t]), np.array([[h]]))
    return new[0], moved if moved is None else moved[0], lambda at: found.motion.objective.gradient(np.array([at]), NOW)[0]


PHI = {"phi": "x * x[0]", "parameters": {"x": 2}}
AT, MOVING = np.array([0.7, 1.3]), np.array([0.2, -0.4])


@pytest.mark.parametrize(
    ("metric", "update", "expected"),
    [
        ("euclidean", "dual", lambda theta, g: theta - 0.1 * g),
        ("entropy", "dual", lambda theta, g: theta * np.exp(-0.1 * g)),
        ("entropy", "multiplicative", lambda theta, g: theta * (1 - 0.1 * g)),
        ("theta^2", "dual", lambda theta, g: 1 / (1 / theta + 0.1 * g)),
        ("theta^1.5", "dual", lambda theta, g: (theta**-0.5 + 0.05 * g) ** -2),
        ("theta^0.5", "dual", lambda theta, g: (theta**0.5 - 0.05 * g) ** 2),
    ],
)
def test_a_step_of_mirror_descent(metric, update, expected):
    found, _, gradient = step(PHI, {"default": metric}, {}, AT, update=update)
    np.testing.assert_allclose(found, expected(AT, gradient(AT)))


def test_a_step_of_decoupled_weight_decay():
    found, _, gradient = step(PHI, {}, {"kind": "weight-decay", "decay": "1 + t"}, AT, t=1.0)
    np.testing.assert_allclose(found, (1 - 0.1 * 2) * AT - 0.1 * gradient(AT))


def test_a_step_of_the_heavy_ball():
    found, moved, gradient = step(PHI, {}, {"kind": "momentum", "damping": "0.5"}, AT, MOVING)
    np.testing.assert_allclose(moved, (1 - 0.05) * MOVING - 0.1 * gradient(AT))
    np.testing.assert_allclose(found, AT + 0.1 * moved)


def test_a_step_of_mirror_momentum_takes_the_metric_ahead():
    _, moved, gradient = step(PHI, {"default": "entropy"}, {"kind": "momentum", "damping": "2"}, AT, MOVING)
    np.testing.assert_allclose(moved, (1 - 0.2) * MOVING - 0.1 * (2 * AT + MOVING) * gradient(AT))


def test_nesterovs_scheme_is_the_one_of_its_paper():
    """y_k = x_k + (k-1)/(k+2) (x_k - x_(k-1)), x_(k+1) = y_k - s grad f(y_k), at t = (k-1) h, s = h^2."""
    h, k = 0.1, 8
    found, _, gradient = step(PHI, {}, {"kind": "nesterov"}, AT, MOVING, t=(k - 1) * h, h=h)
    ahead = AT + (k - 1) / (k + 2) * (h * MOVING)
    np.testing.assert_allclose(found, ahead - h**2 * gradient(ahead))


def test_a_flow_ends_where_its_metric_does():
    """Momentum carries a positive entry below zero."""
    found = training(spec(MODELS["nmf"], {"at": "theta"}, {"kind": "momentum", "damping": 0}), Choices())
    away = np.concatenate([found.theta[0], -found.theta[0]])
    path = flow(found.motion, away, np.linspace(0, 1.5, 31))
    assert "the metric is positive" in path.fault
    assert 1 < len(path.times) < 31 and found.motion.inside(*np.split(path.states, 2, axis=1), path.times).all()


@pytest.mark.parametrize("name", ["linear", "nmf"])
@pytest.mark.parametrize("kind", KINDS)
def test_optimizers_approach_the_flow_to_first_order(name, kind):
    metric = {"default": "entropy"} if name == "nmf" else {}
    found = training(spec(MODELS[name], metric, {"kind": kind}), Choices())
    planned, ends = Plan(found.begin, 0.1, (40, 80, 160)), {}
    assert not run_all(found, planned, lambda number, step, theta, velocity: ends.__setitem__(number, theta.copy()), nobody)
    exact = flow(found.motion, found.state, planned.times).states[-1, : found.trained.size]
    errors = [np.linalg.norm(ends[number] - exact) for number in range(3)]
    assert np.linalg.norm(exact - found.theta) > 1e-2
    assert all(1.8 < coarse / fine < 2.2 for coarse, fine in zip(errors, errors[1:]))

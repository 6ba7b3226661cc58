"""Real training of the zoo's networks keeps the laws that theory knows, and moves what theory says is no law."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import quick
from training import problem, trajectory
from zoo import ZOO

KEPT = 1e-9
"""How far a law may drift. The integrator's tolerance is far below."""
MOVED = 1e-3


def drift(values):
    return np.abs(values - values[0]).max()


def diagonal(matrix):
    return np.diag(matrix)


def gram_difference(p):
    """Query and key, value and output matrices of attention."""
    return np.stack([p.Q.T @ p.Q - p.K.T @ p.K, p.V.T @ p.V - p.O @ p.O.T])


LAWS = {
    "leaky_relu": lambda p: diagonal(p.W1 @ p.W1.T - p.W2.T @ p.W2),
    "prelu": lambda p: diagonal(p.W1 @ p.W1.T - p.W2.T @ p.W2),
    "polynomial": lambda p: diagonal(p.W1 @ p.W1.T - 2 * p.W2.T @ p.W2),
    "squared_relu": lambda p: diagonal(p.W1 @ p.W1.T - 2 * p.W2.T @ p.W2),
    "exp_bias": lambda p: diagonal(p.W2.T @ p.W2) / 2 - p.b1,
    "swiglu": lambda p: diagonal(p.V @ p.V.T - p.W.T @ p.W),
    "bilinear": lambda p: np.stack([diagonal(p.V @ p.V.T - p.W.T @ p.W), diagonal(p.G @ p.G.T - p.W.T @ p.W)]),
    "conv2d_stride_padding_bias": lambda p: (p.C**2).sum((1, 2, 3)) + p.b**2 - (p.W**2).reshape(2, 2, 4).sum((0, 2)),
    "attention": gram_difference,
    "causal": gram_difference,
    "attention_bias_k": lambda p: p.bk,
    "t5_bias": lambda p: p.b.sum(),
    "lora_trained": lambda p: p.B.T @ p.B - p.A @ p.A.T,
    "dora": lambda p: p.B.T @ p.B - p.A @ p.A.T,
    "linear_rnn": lambda p: p.U @ p.U.T - p.C.T @ p.C + p.W @ p.W.T - p.W.T @ p.W,
    "selective_state_space": lambda p: diagonal(p.B @ p.B.T - p.C @ p.C.T),
    "gat": lambda p: diagonal(p.W1.T @ p.W1 - p.W2 @ p.W2.T) - p.a**2 - p.b**2,
    "moe_softmax": lambda p: p.G.sum(0),
    "moe_top_1": lambda p: p.G,
    "batch_norm": lambda p: np.stack([diagonal(p.W1 @ p.W1.T), p.b]),
    "weight_norm_eps": lambda p: (p.W1**2).sum(1) ** 2 + 0.2 * (p.W1**2).sum(1) - 0.2 * p.g**2,
    "rms_norm_input": lambda p: p.g**2 - (p.W1**2).sum(0),
    "kan": lambda p: p.C.sum(2)[:, 0] - p.C.sum(2)[:, 1],
    "softmax_head": lambda p: p.W.sum(0),
    "embedding_stream": lambda p: p.E.T @ p.E + p.W2 @ p.W2.T - p.W1.T @ p.W1 - p.U.T @ p.U,
    "embedding_stream_rms_norm": lambda p: (p.E**2).sum() + (p.W2**2).sum(),
}


SHORT = dict.fromkeys(["leaky_relu", "prelu", "conv2d_stride_padding_bias", "gat", "selective_state_space"], 0.05)
"""Durations of those that soon take other branches, or are slow."""


@pytest.mark.parametrize("name", quick([name for name in LAWS if name not in ("attention_bias_k", "causal", "selective_state_space", "t5_bias")], LAWS))
def test_gradient_flow_keeps_known_laws(name):
    path = trajectory(ZOO[name], seed=11, samples=4, duration=SHORT.get(name, 1.0))
    assert len(path.times) > 3
    assert drift(path.values(LAWS[name])) < KEPT
    assert drift(path.parameters) > MOVED


def skew(matrix):
    return matrix - matrix.T


MOMENTUM_LAWS = {
    "attention": lambda t, p, v: (
        np.exp(0.7 * t) * np.stack([skew(p.Q.T @ v.Q + p.K.T @ v.K), skew(p.V.T @ v.V + p.O @ v.O.T)])
    ),
    "tied_embedding": lambda t, p, v: np.exp(0.7 * t) * skew(p.E.T @ v.E + p.W1.T @ v.W1 + p.W2 @ v.W2.T),
    "softmax_head": lambda t, p, v: p.W.sum(0) + v.W.sum(0) / 0.7,
}


@pytest.mark.parametrize("name", MOMENTUM_LAWS)
def test_momentum_keeps_known_laws(name):
    path = trajectory(ZOO[name], seed=12, kind="momentum")
    assert drift(path.values(MOMENTUM_LAWS[name])) < KEPT
    assert drift(path.parameters) > MOVED


def test_weight_decay_shrinks_quadratic_laws():
    path = trajectory(ZOO["attention"], seed=13, kind="weight-decay")
    values = path.values(gram_difference) * np.exp(2 * 0.7 * path.times)[:, None, None, None]
    assert drift(values) < KEPT


NO_LAWS = {
    "gelu": lambda p: diagonal(p.W1 @ p.W1.T - p.W2.T @ p.W2),
    "moe_normalised_sigmoid": lambda p: p.G.sum(0),
    "rope": lambda p: skew(p.Q.T @ p.Q @ np.diag([1, -1]) - p.K.T @ p.K @ np.diag([1, -1])),
    "rms_norm_eps": lambda p: (p.W1**2).sum(),
    "tied_embedding": lambda p: 2 * p.E.T @ p.E + p.W2 @ p.W2.T - p.W1.T @ p.W1,
}


@pytest.mark.parametrize("name", NO_LAWS)
def test_what_is_no_law_moves(name):
    assert drift(trajectory(ZOO[name], seed=14).values(NO_LAWS[name])) > MOVED


def test_the_loss_decreases_as_its_gradient_says():
    """d/dt of the mean loss is -|gradient|^2: that it is the gradient of this loss which is followed."""
    rng = np.random.default_rng(15)
    entry = ZOO["embedding_stream"]
    theta, task = entry.point(rng), problem(entry, rng, 6)

    def loss(at):
        outputs = entry.value(task.repeated(at), task.inputs)
        return (np.log(np.exp(outputs).sum(-1)) - (outputs * task.targets).sum(-1)).sum() / len(task.targets)

    gradient = task.gradient(theta, [])
    step = 1e-5 * gradient / np.linalg.norm(gradient)
    slope = (loss(theta + step) - loss(theta - step)) / 2e-5
    assert slope == pytest.approx(np.linalg.norm(gradient), rel=1e-7)


def test_only_the_part_before_the_first_other_branch_is_returned():
    path = trajectory(ZOO["leaky_relu"], seed=11, duration=2.0, number=401)
    assert 1 < len(path.times) < 401

"""The texts of model_specs/zoo are the networks of the oracle: run as NumPy code, they have the same values."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import oracle
import pytest
import zoo
from numpy.lib.stride_tricks import sliding_window_view

FOLDER = Path(__file__).parent.parent / "model_specs" / "zoo"


def scaled(x, axis, eps):
    return x / np.sqrt((x**2).mean(axis, keepdims=True) + eps)


def rms_norm(x, weight=1.0, eps=0.0):
    return scaled(x, -1, eps) * weight


def layer_norm(x, weight=1.0, bias=0.0, eps=0.0):
    return scaled(x - x.mean(-1, keepdims=True), -1, eps) * weight + bias


def batch_norm(x, weight=1.0, bias=0.0, eps=0.0):
    return scaled(x - x.mean(0, keepdims=True), 0, eps) * weight + bias


def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def attention(q, k, v, causal=False):
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    return softmax(np.where(np.tri(*scores.shape[-2:]) > 0, scores, -np.inf) if causal else scores) @ v


def rope(x, base=10000):
    tokens, width = x.shape[-2:]
    turned = np.exp(1j * np.arange(tokens)[:, None] * float(base) ** (-np.arange(0, width, 2) / width))
    pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * turned
    return np.stack([pairs.real, pairs.imag], -1).reshape(x.shape)


def top_k(x, k):
    return (x >= np.sort(x)[-k]).astype(float)


def conv(axes):
    def apply(x, weight, bias=None, stride=1, padding=0, groups=1):
        x = np.pad(x, [(0, 0)] + [(padding, padding)] * axes)
        windows = sliding_window_view(x, weight.shape[2:], tuple(range(1, axes + 1)))
        windows = windows[(slice(None), *[slice(None, None, stride)] * axes)]
        each, out = weight.shape[1], weight.shape[0] // groups
        letters = "hw"[:axes], "ab"[:axes]
        rule = f"c{letters[0]}{letters[1]},oc{letters[1]}->o{letters[0]}"
        pieces = [
            np.einsum(rule, windows[g * each : (g + 1) * each], weight[g * out : (g + 1) * out]) for g in range(groups)
        ]
        result = np.concatenate(pieces)
        return result if bias is None else result + bias.reshape(-1, *[1] * axes)

    return apply


def pool(axes, reduce):
    def apply(x, size):
        windows = sliding_window_view(x, (size,) * axes, tuple(range(1, axes + 1)))
        return reduce(windows[(slice(None), *[slice(None, None, size)] * axes)], axis=tuple(range(-axes, 0)))

    return apply


NAMES = {
    **{name: getattr(np, name) for name in ("exp", "sqrt", "sum", "stack", "reshape", "einsum", "tanh")},
    **{name: getattr(oracle, name) for name in ("gelu", "silu", "sigmoid", "softplus", "smooth")},
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x, slope=0.01: np.where(x > 0, x, slope * x),
    "prelu": lambda x, weight: np.where(x > 0, x, weight * x),
    **{f.__name__: f for f in (rms_norm, layer_norm, batch_norm, softmax, attention, rope, top_k)},
    "conv1d": conv(1),
    "conv2d": conv(2),
    "max_pool1d": pool(1, np.max),
    "max_pool2d": pool(2, np.max),
    "avg_pool1d": pool(1, np.mean),
    "avg_pool2d": pool(2, np.mean),
}


def run(text, names):
    """The value of a text of the zoo, which is code of this repository."""
    *lines, last = text.strip().splitlines()
    scope = NAMES | names
    exec("\n".join(lines), scope)  # noqa: S102
    return eval(last, scope)


@pytest.mark.skipif(not hasattr(np.ndarray, "mT"), reason="the specs write .mT, which NumPy has from 2.0 on")
@pytest.mark.parametrize("name", sorted(zoo.ZOO))
def test_text_and_network_have_the_same_values(name):
    entry, rng = zoo.ZOO[name], np.random.default_rng(3)
    theta, inputs = np.stack([entry.point(rng) for _ in range(5)]), entry.draw(rng, 5)
    parameters, values = vars(entry.split(theta)), entry.value(theta, inputs)
    text = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["model"]["network"]
    for k in range(5):
        names = {n: a[k] for n, a in (parameters | inputs).items()}
        found = run(text, names | zoo.CONSTANTS.get(name, {}))
        assert found.shape == values[k].shape
        assert found == pytest.approx(values[k], rel=1e-9, abs=1e-12)

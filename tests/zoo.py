"""The networks of model_specs/zoo once more, written by hand in NumPy for the oracle: nothing is read from the specs.

p are parameters, i inputs, each array with one batch axis in front; constants have none.
"""

from __future__ import annotations

import numpy as np
from oracle import (
    Entry,
    average,
    exp,
    gelu,
    largest,
    layer_norm,
    leaky_relu,
    moved,
    mv,
    positive,
    relu,
    rms_norm,
    root,
    row,
    shaped,
    sigmoid,
    silu,
    smooth,
    softmax,
    softplus,
    stack,
    tanh,
    top,
    total,
)

_GENERIC = np.random.default_rng(20_26)
ZOO: dict[str, Entry] = {}


def entry(name, network, parameters, inputs, **kwargs):
    ZOO[name] = Entry(network, parameters, inputs, **kwargs)


# --- two layers ---------------------------------------------------------------------------------------------------

TWO = {"W1": (3, 2), "W2": (2, 3)}
X = {"x": (2,)}


def two_layers(activation):
    return lambda p, i: mv(p.W2, activation(mv(p.W1, i.x)))


for _name, _activation in {
    "gelu": gelu,
    "silu": silu,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "smooth": smooth,
    "leaky_relu": leaky_relu,
    "squared_relu": lambda u: relu(u) * relu(u),
    "polynomial": lambda u: u * u,
}.items():
    entry(_name, two_layers(_activation), TWO, X)

entry(
    "exp_bias",
    lambda p, i: mv(p.W2, exp(mv(p.W1, i.x) + p.b1)) + p.b2,
    {"W1": (3, 2), "b1": (3,), "W2": (2, 3), "b2": (2,)},
    X,
    parameter_scale={"W1": 0.6},
)


def prelu(p, i):
    u = mv(p.W1, i.x)
    active = positive(u)
    return mv(p.W2, u * active + p.a * u * (1 - active))


entry("prelu", prelu, {**TWO, "a": (3,)}, X)

GATED = {"G": (3, 2), "V": (3, 2), "W": (2, 3)}
for _name, _activation in {"swiglu": silu, "geglu": gelu, "reglu": relu, "bilinear": lambda u: u}.items():
    entry(_name, lambda p, i, f=_activation: mv(p.W, f(mv(p.G, i.x)) * mv(p.V, i.x)), GATED, X)

# --- convolutions -------------------------------------------------------------------------------------------------


def conv1d(x, w, groups=1):
    """x (B, channels, length), w (B, out, channels / groups, taps)."""
    taps, each, length = w.shape[-1], w.shape[-2], x.shape[-1]
    outputs = []
    for o in range(w.shape[1]):
        first = o // (w.shape[1] // groups) * each
        terms = [
            x[:, first + c, t : t + length - taps + 1] * w[:, o, c, t][:, None]
            for c in range(each)
            for t in range(taps)
        ]
        outputs.append(sum(terms[1:], terms[0]))
    return stack(outputs, 1)


def conv2d(x, w, stride=1, padding=0):
    """x (B, channels, height, width), w (B, out, channels, taps, taps)."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    taps, outputs = w.shape[-1], []
    rows = (x.shape[2] - taps) // stride + 1
    for o in range(w.shape[1]):
        terms = []
        for c in range(x.shape[1]):
            for a in range(taps):
                for b in range(taps):
                    seen = x[:, c, a : a + stride * (rows - 1) + 1 : stride, b : b + stride * (rows - 1) + 1 : stride]
                    terms.append(seen * w[:, o, c, a, b][:, None, None])
        outputs.append(sum(terms[1:], terms[0]))
    return stack(outputs, 1)


def flat(a):
    return shaped(a, -1)


LINE = {"x": (1, 4)}
C1, D6, D2 = {"C": (2, 1, 2)}, {"W": (2, 6)}, {"W": (2, 2)}
entry("conv1d", lambda p, i: mv(p.W, flat(relu(conv1d(i.x, p.C)))), {**C1, **D6}, LINE)
entry("conv1d_gelu", lambda p, i: mv(p.W, flat(gelu(conv1d(i.x, p.C)))), {**C1, **D6}, LINE)
entry("conv1d_max_pool", lambda p, i: mv(p.W, largest(relu(conv1d(i.x, p.C)))), {**C1, **D2}, LINE)
entry("conv1d_mean_pool", lambda p, i: mv(p.W, average(relu(conv1d(i.x, p.C)))), {**C1, **D2}, LINE)
entry(
    "conv2d",
    lambda p, i: mv(p.W, flat(relu(conv2d(i.x, p.C)))),
    {"C": (2, 1, 2, 2), "W": (2, 8)},
    {"x": (1, 3, 3)},
)
entry(
    "conv2d_stride_padding_bias",
    lambda p, i: mv(p.W, flat(relu(conv2d(i.x, p.C, 2, 1) + p.b[:, :, None, None]))),
    {"C": (2, 1, 3, 3), "b": (2,), "W": (2, 8)},
    {"x": (1, 4, 4)},
)


def pooled_2x2(a, pool):
    """Pooling of disjoint 2 x 2 windows."""
    _batch, channels, height, width = a.shape
    a = shaped(a, channels, height // 2, 2, width // 2, 2)
    return pool(shaped(moved(a, 0, 1, 2, 4, 3, 5), channels, height // 2, width // 2, 4))


for _name, _pool in {"conv2d_max_pool": largest, "conv2d_mean_pool": average}.items():
    entry(
        _name,
        lambda p, i, pool=_pool: mv(p.W, flat(pooled_2x2(relu(conv2d(i.x, p.C)), pool))),
        {"C": (2, 1, 2, 2), "W": (2, 8)},
        {"x": (1, 5, 5)},
    )

entry(
    "depthwise",
    lambda p, i: mv(p.W, flat(relu(conv1d(i.x, p.C, groups=2)))),
    {"C": (2, 1, 2), "W": (2, 6)},
    {"x": (2, 4)},
)


# --- residual blocks ----------------------------------------------------------------------------------------------


def residual(p, i):
    y = i.x + mv(p.W2, relu(mv(p.W1, i.x)))
    return y + mv(p.W4, relu(mv(p.W3, y)))


entry("residual", residual, {"W1": (2, 3), "W2": (3, 2), "W3": (2, 3), "W4": (3, 2)}, {"x": (3,)})


def residual_linear(p, i):
    y = i.x + mv(p.A, i.x)
    return y + mv(p.B, y)


entry("residual_linear", residual_linear, {"A": (2, 2), "B": (2, 2)}, X)


# --- attention ----------------------------------------------------------------------------------------------------

HEAD = {"Q": (3, 2), "K": (3, 2), "V": (3, 2), "O": (2, 3)}
TOKENS = {"x": (3, 3)}


def attend(q, k, v, mask=None, extra=0.0):
    """softmax(q k^T / sqrt(width) + extra) v; where the mask is 0 nothing is seen."""
    scores = exp(q @ k.mT * (1 / np.sqrt(q.shape[-1])) + extra)
    scores = scores if mask is None else scores * mask
    return scores / total(scores, -1, keepdims=True) @ v


CAUSAL = np.tril(np.ones((3, 3)))


def heads(x):
    return x[:, None]


entry("attention", lambda p, i: attend(i.x @ p.Q, i.x @ p.K, i.x @ p.V) @ p.O, HEAD, TOKENS)
entry("causal", lambda p, i: attend(i.x @ p.Q, i.x @ p.K, i.x @ p.V, CAUSAL) @ p.O, HEAD, TOKENS)
MANY = {"Q": (2, 2, 2), "K": (2, 2, 2), "V": (2, 2, 2), "O": (2, 2, 2)}


def multi_head(p, i):
    x = heads(i.x)
    return total(attend(x @ p.Q, x @ p.K, x @ p.V) @ p.O, 1)


def linear_attention(p, i):
    x = heads(i.x)
    return total((x @ p.Q) @ (x @ p.K).mT @ (x @ p.V) @ p.O, 1)


entry("multi_head", multi_head, MANY, {"x": (3, 2)})
entry("linear_attention", linear_attention, MANY, {"x": (3, 2)})


def biased(p, i):
    """Attention with whichever biases there are."""
    q, k, v = (
        i.x @ w + (row(getattr(p, f"b{n}")) if hasattr(p, f"b{n}") else 0)
        for n, w in zip("qkv", (p.Q, p.K, p.V), strict=True)
    )
    out = attend(q, k, v) @ p.O
    return out + row(p.bo) if hasattr(p, "bo") else out


for _bias, _size in {"q": 2, "k": 2, "v": 2, "o": 3}.items():
    entry(f"attention_bias_{_bias}", biased, {**HEAD, f"b{_bias}": (_size,)}, TOKENS)
entry("attention_biases", biased, {**HEAD, "bq": (2,), "bk": (2,), "bv": (2,), "bo": (3,)}, TOKENS)
entry(
    "cross_attention",
    lambda p, i: attend(i.x @ p.Q, i.y @ p.K, i.y @ p.V) @ p.O,
    HEAD,
    {"x": (2, 3), "y": (3, 3)},
)


def learned(p, i):
    x = i.x + p.P
    return attend(x @ p.Q, x @ p.K, x @ p.V) @ p.O


_SINE = np.array([[np.sin(t), np.cos(t), np.sin(t / 10)] for t in range(3)])


def sinusoidal(p, i):
    x = i.x + _SINE
    return attend(x @ p.Q, x @ p.K, x @ p.V) @ p.O


entry("positions_learned", learned, {"P": (3, 3), **HEAD}, TOKENS)
entry("positions_sinusoidal", sinusoidal, HEAD, TOKENS)


def t5_bias(p, i):
    relative = stack([p.b[:, 2:5], p.b[:, 1:4], p.b[:, 0:3]], 1)
    return attend(i.x @ p.Q, i.x @ p.K, i.x @ p.V, extra=relative) @ p.O


entry("t5_bias", t5_bias, {**HEAD, "b": (5,)}, TOKENS)


def rotated(u, frequencies):
    """Rotary positions: entries 2j and 2j + 1 of token t are turned by t times the j-th frequency."""
    angle = np.arange(u.shape[-2])[:, None] * np.asarray(frequencies)
    a, b = u[..., 0::2], u[..., 1::2]
    pieces = [a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)]
    return shaped(stack(pieces, u.ndim), *u.shape[1:])


def with_rope(frequencies):
    return lambda p, i: attend(rotated(i.x @ p.Q, frequencies), rotated(i.x @ p.K, frequencies), i.x @ p.V) @ p.O


WIDE = {"Q": (3, 4), "K": (3, 4), "V": (3, 4), "O": (4, 3)}
entry("rope", with_rope([1.0]), HEAD, TOKENS)
entry("rope_two_frequencies", with_rope([1.0, 0.01]), WIDE, TOKENS)
entry("rope_equal_frequencies", with_rope([1.0, 1.0]), WIDE, TOKENS)


def multi_query(p, i):
    x = heads(i.x)
    return total(attend(x @ p.Q, heads(i.x @ p.K), heads(i.x @ p.V)) @ p.O, 1)


def grouped_query(p, i):
    x = heads(heads(i.x))
    return total(total(attend(x @ p.Q, x @ p.K, x @ p.V) @ p.O, 1), 1)


entry("multi_query", multi_query, {"Q": (2, 3, 2), "K": (3, 2), "V": (3, 2), "O": (2, 2, 3)}, TOKENS)
entry(
    "grouped_query",
    grouped_query,
    {"Q": (2, 2, 3, 2), "K": (2, 1, 3, 2), "V": (2, 1, 3, 2), "O": (2, 2, 2, 3)},
    TOKENS,
)


def latent(p, i):
    c = i.x @ p.C
    return attend(i.x @ p.Q, c @ p.K, c @ p.V) @ p.O


entry("latent_attention", latent, {"Q": (3, 2), "C": (3, 2), "K": (2, 2), "V": (2, 2), "O": (2, 3)}, TOKENS)
entry(
    "normalised_qk",
    lambda p, i: attend(rms_norm(i.x @ p.Q), rms_norm(i.x @ p.K), i.x @ p.V) @ p.O,
    HEAD,
    TOKENS,
)
entry(
    "normalised_qk_gains",
    lambda p, i: attend(rms_norm(i.x @ p.Q) * row(p.gq), rms_norm(i.x @ p.K) * row(p.gk), i.x @ p.V) @ p.O,
    {**HEAD, "gq": (2,), "gk": (2,)},
    TOKENS,
)

# --- heads and embeddings -----------------------------------------------------------------------------------------

entry("softmax_head", lambda p, i: mv(p.W, i.x), {"W": (3, 2)}, X, classes=True)
WORD = {"w": (1, 4)}
entry("bigram", lambda p, i: i.w @ p.B, {"B": (4, 4)}, WORD, one_hot=("w",), classes=True)
entry(
    "untied_embedding", lambda p, i: i.w @ p.E @ p.U.mT, {"E": (4, 2), "U": (4, 2)}, WORD, one_hot=("w",), classes=True
)


def stream(activation, norm=lambda e: e):
    def network(p, i):
        e = i.w @ p.E
        u = norm(e) * row(p.g1) if hasattr(p, "g1") else norm(e)
        e = e + activation(u @ p.W1.mT) @ p.W2.mT
        out = norm(e) * row(p.g2) if hasattr(p, "g2") else norm(e)
        return out @ (p.U if hasattr(p, "U") else p.E).mT

    return network


def stream_sizes(d, h, words, gains=False, tied=False):
    sizes = {"E": (words, d), "W1": (h, d), "W2": (d, h)}
    sizes |= {} if tied else {"U": (words, d)}
    return {**sizes, "g1": (d,), "g2": (d,)} if gains else sizes


TOKEN = {"one_hot": ("w",), "classes": True}
entry("tied_embedding", stream(gelu), stream_sizes(2, 2, 4, tied=True), WORD, **TOKEN)
entry("embedding_stream", stream(gelu), stream_sizes(2, 2, 4), WORD, **TOKEN)
entry("embedding_stream_wide", stream(gelu), stream_sizes(3, 2, 5), {"w": (1, 5)}, **TOKEN)
entry("embedding_stream_linear", stream(lambda u: u), stream_sizes(2, 2, 4), WORD, **TOKEN)
entry("embedding_stream_rms_norm", stream(gelu, rms_norm), stream_sizes(2, 2, 4), WORD, **TOKEN)
entry("embedding_stream_rms_norm_gains", stream(gelu, rms_norm), stream_sizes(2, 2, 4, gains=True), WORD, **TOKEN)
entry("embedding_stream_layer_norm", stream(gelu, layer_norm), stream_sizes(3, 2, 4), WORD, **TOKEN)

# --- norms --------------------------------------------------------------------------------------------------------

GAIN = {"W1": (3, 2), "g": (3,), "W2": (2, 3)}
EPS = 1 / 10


def normed(norm, activation):
    def network(p, i):
        u = norm(mv(p.W1, i.x))
        u = u * p.g if hasattr(p, "g") else u
        return mv(p.W2, activation(u))

    return network


def layer_eps(a):
    return layer_norm(a, eps=EPS)


def rms_eps(a):
    return rms_norm(a, eps=EPS)


entry("layer_norm", normed(layer_norm, gelu), GAIN, X)
entry("layer_norm_relu", normed(layer_norm, relu), GAIN, X)
entry("layer_norm_no_gain", normed(layer_norm, gelu), TWO, X)
entry("layer_norm_eps", normed(layer_eps, gelu), GAIN, X)
entry("rms_norm", normed(rms_norm, gelu), GAIN, X)
entry("rms_norm_relu", normed(rms_norm, relu), GAIN, X)
entry("rms_norm_no_gain", normed(rms_norm, gelu), TWO, X)
entry("rms_norm_eps", normed(rms_eps, gelu), GAIN, X)

BEFORE = {"g": (3,), "W1": (3, 3), "W2": (2, 3)}


def input_norm(norm, activation=gelu):
    def network(p, i):
        u = norm(i.x)
        u = u * p.g if hasattr(p, "g") else u
        return mv(p.W2, activation(mv(p.W1, u)))

    return network


X3 = {"x": (3,)}
NO_GAIN = {"W1": (3, 3), "W2": (2, 3)}
entry("rms_norm_input", input_norm(rms_norm), BEFORE, X3)
entry("rms_norm_input_linear", input_norm(rms_norm, lambda u: u), BEFORE, X3)
entry("rms_norm_input_eps", input_norm(rms_eps), BEFORE, X3)
entry("rms_norm_input_no_gain", input_norm(rms_norm), NO_GAIN, X3)
entry("layer_norm_input", input_norm(layer_norm), BEFORE, X3)
entry("layer_norm_input_eps", input_norm(layer_eps), BEFORE, X3)
entry("layer_norm_input_no_gain", input_norm(layer_norm), NO_GAIN, X3)


def batch_norm(a, eps=0.0):
    return layer_norm(a, axis=1, eps=eps)


def batch_normed(eps=0.0):
    def network(p, i):
        u = batch_norm(i.x @ p.W1.mT + row(p.b), eps)
        return gelu(u * row(p.g) + row(p.s) if hasattr(p, "g") else u) @ p.W2.mT

    return network


BATCH = {"W1": (3, 2), "b": (3,), "g": (3,), "s": (3,), "W2": (2, 3)}
entry("batch_norm", batch_normed(), BATCH, {"x": (4, 2)})
entry("batch_norm_eps", batch_normed(EPS), BATCH, {"x": (4, 2)})
entry("batch_norm_no_gain", batch_normed(), {"W1": (3, 2), "b": (3,), "W2": (2, 3)}, {"x": (4, 2)})
entry(
    "batch_norm_input",
    lambda p, i: gelu((batch_norm(i.x) * row(p.g) + row(p.s)) @ p.W1.mT) @ p.W2.mT,
    {"g": (2,), "s": (2,), "W1": (3, 2), "W2": (2, 3)},
    {"x": (4, 2)},
)


def weight_norm(activation, eps=0.0):
    def network(p, i):
        u = mv(p.W1, i.x) / root(total(p.W1 * p.W1) + eps)
        u = u * p.g if hasattr(p, "g") else u
        return mv(p.W2, activation(u))

    return network


entry("weight_norm", weight_norm(gelu), GAIN, X)
entry("weight_norm_relu", weight_norm(relu), GAIN, X)
entry("weight_norm_no_gain", weight_norm(gelu), TWO, X)
entry("weight_norm_eps", weight_norm(gelu, EPS), GAIN, X)

# --- mixtures of experts ------------------------------------------------------------------------------------------

EXPERTS = {"E": (3, 2, 2), "G": (3, 2)}


def mixture(gate):
    def network(p, i):
        outputs = (p.E @ i.x[:, None, :, None])[..., 0]
        return total(gate(mv(p.G, i.x))[..., None] * outputs, 1)

    return network


def renormalised(a):
    return a / total(a, -1, keepdims=True)


entry("moe_softmax", mixture(softmax), EXPERTS, X)
entry("moe_top_k", mixture(lambda s: renormalised(exp(s) * top(s, 2))), EXPERTS, X)
entry("moe_top_1", mixture(lambda s: renormalised(exp(s) * top(s, 1))), EXPERTS, X)
entry("moe_sigmoid", mixture(sigmoid), EXPERTS, X)
entry("moe_normalised_sigmoid", mixture(lambda s: renormalised(sigmoid(s))), EXPERTS, X)
entry("moe_normalised_sigmoid_top_k", mixture(lambda s: renormalised(sigmoid(s) * top(s, 2))), EXPERTS, X)

# --- adapters and tensor factorisations ---------------------------------------------------------------------------

LORA = {"A": (2, 3), "B": (3, 2)}
_FROZEN = _GENERIC.normal(size=(3, 3))
entry("lora_frozen", lambda p, i: mv(_FROZEN + p.B @ p.A, i.x), LORA, X3)
entry("lora_frozen_relu", lambda p, i: relu(mv(_FROZEN + p.B @ p.A, i.x)), LORA, X3)
entry("lora_trained", lambda p, i: mv(p.W0 + p.B @ p.A, i.x), {"W0": (3, 3), **LORA}, X3)


def dora(p, i):
    w = _FROZEN + p.B @ p.A
    return mv(w, i.x * p.m / root(total(w * w, -2)))


entry("dora", dora, {"m": (3,), **LORA}, X3)
entry(
    "kronecker_sum",
    lambda p, i: total(p.A @ i.x[:, None] @ p.B.mT, 1),
    {"A": (2, 2, 2), "B": (2, 2, 2)},
    {"x": (2, 2)},
)
entry(
    "cp",
    lambda p, i: mv(p.A, total(p.B * (i.x @ p.C), -2)),
    {"A": (3, 2), "B": (3, 2), "C": (3, 2)},
    {"x": (3, 3)},
)


def tucker(p, i):
    inner = p.B.mT @ i.x @ p.C
    return mv(p.A, total(total(p.G * inner[:, None])))


entry("tucker", tucker, {"G": (2, 2, 2), "A": (3, 2), "B": (3, 2), "C": (3, 2)}, {"x": (3, 3)})

# --- recurrent networks -------------------------------------------------------------------------------------------


def recurrent(activation, steps):
    def network(p, i):
        s = activation(mv(p.U, i.x[:, 0]))
        for t in range(1, steps):
            s = activation(mv(p.W, s) + mv(p.U, i.x[:, t]))
        return mv(p.C, s)

    return network


RNN = {"W": (2, 2), "U": (2, 2), "C": (1, 2)}
entry("linear_rnn", recurrent(lambda u: u, 3), RNN, {"x": (3, 2)})
entry("relu_rnn", recurrent(relu, 3), {**RNN, "C": (2, 2)}, {"x": (3, 2)})
entry("tanh_rnn", recurrent(tanh, 3), RNN, {"x": (3, 2)})


def gru(p, i):
    s = 0
    for t in range(3):
        x = i.x[:, t]
        if t == 0:
            s = (1 - sigmoid(mv(p.Wz, x))) * tanh(mv(p.Wn, x))
            continue
        z = sigmoid(mv(p.Wz, x) + mv(p.Uz, s))
        r = sigmoid(mv(p.Wr, x) + mv(p.Ur, s))
        s = (1 - z) * tanh(mv(p.Wn, x) + r * mv(p.Un, s)) + z * s
    return mv(p.C, s)


entry(
    "gru_cell",
    gru,
    {**{f"W{g}": (2, 1) for g in "zrn"}, **{f"U{g}": (2, 2) for g in "zrn"}, "C": (1, 2)},
    {"x": (3, 1)},
)


def diagonal(p, i):
    s = mv(p.B, i.x[:, 0])
    for t in range(1, 4):
        s = p.a * s + mv(p.B, i.x[:, t])
    return mv(p.C, s)


entry("diagonal_state_space", diagonal, {"a": (3,), "B": (3, 2), "C": (2, 3)}, {"x": (4, 2)})


def selective(p, i):
    """Two channels with a state of two each: s = exp(delta A) s + delta B x, y = C s; delta, B, C depend on x."""
    s, outputs = None, []
    for t in range(3):
        x = i.x[:, t]
        delta = softplus(mv(p.Wd, x) + p.bd)
        write = (delta * x)[:, :, None] * mv(p.B, x)[:, None, :]
        s = write if s is None else exp(delta[:, :, None] * p.A) * s + write
        outputs.append(total(s * mv(p.C, x)[:, None, :]))
    return stack(outputs, 1)


entry(
    "selective_state_space",
    selective,
    {"A": (2, 2), "Wd": (2, 2), "bd": (2,), "B": (2, 2), "C": (2, 2)},
    {"x": (3, 2)},
    parameter_scale={"A": 0.7, "Wd": 0.7},
)

# --- graphs and splines -------------------------------------------------------------------------------------------

_ADJACENCY = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]], float)
entry(
    "graph_convolution",
    lambda p, i: _ADJACENCY @ relu(_ADJACENCY @ i.x @ p.W1) @ p.W2,
    {"W1": (2, 3), "W2": (3, 2)},
    {"x": (4, 2)},
)


def gat(p, i):
    h = i.x @ p.W1
    scores = total(h * row(p.a))[..., :, None] + total(h * row(p.b))[..., None, :]
    weights = exp(leaky_relu(scores, 0.2)) * _ADJACENCY
    return relu(weights / total(weights, -1, keepdims=True) @ h) @ p.W2


entry("gat", gat, {"W1": (2, 3), "a": (3,), "b": (3,), "W2": (3, 2)}, {"x": (4, 2)})
_CENTRES = np.array([-1.1, 0.3, 1.7])


def kan(p, i):
    basis = softmax(i.x * _CENTRES)
    return total(total(p.C * basis[:, None]))


entry("kan", kan, {"C": (2, 2, 3)}, {"x": (2, 1)})


def kan_two_layers(p, i):
    basis = softmax(i.x * _CENTRES)
    y = total(total(p.C1 * basis[:, None]))
    return total(total(p.C2 * softmax(y[..., None] * _CENTRES)[:, None]))


entry("kan_two_layers", kan_two_layers, {"C1": (2, 2, 3), "C2": (2, 2, 3)}, {"x": (2, 1)})

# --- whole blocks -------------------------------------------------------------------------------------------------


def block(norm):
    def network(p, i):
        u = norm(i.x) * row(p.g1) if hasattr(p, "g1") else norm(i.x)
        x = i.x + attend(u @ p.Q, u @ p.K, u @ p.V) @ p.O
        u = norm(x) * row(p.g2) if hasattr(p, "g2") else norm(x)
        return x + gelu(u @ p.W1.mT) @ p.W2.mT

    return network


PLAIN = {**HEAD, "W1": (2, 3), "W2": (3, 2)}
GAINS = {"g1": (3,), **HEAD, "g2": (3,), "W1": (2, 3), "W2": (3, 2)}
entry("block_rms_norm", block(rms_norm), PLAIN, {"x": (2, 3)})
entry("block_rms_norm_gains", block(rms_norm), GAINS, {"x": (2, 3)})
entry("block_layer_norm", block(layer_norm), GAINS, {"x": (2, 3)})


def gpt2_block(p, i):
    u = heads(layer_norm(i.x, eps=EPS) * row(p.g1) + row(p.s1))
    q, k, v = (u @ w + b for w, b in ((p.Q, p.bq), (p.K, p.bk), (p.V, p.bv)))
    x = i.x + total(attend(q, k, v, CAUSAL) @ p.O, 1) + row(p.bo)
    u = layer_norm(x, eps=EPS) * row(p.g2) + row(p.s2)
    return x + gelu(u @ p.W1.mT + row(p.b1)) @ p.W2.mT + row(p.b2)


entry(
    "gpt2_block",
    gpt2_block,
    {
        "g1": (3,),
        "s1": (3,),
        "Q": (2, 3, 2),
        "bq": (2, 1, 2),
        "K": (2, 3, 2),
        "bk": (2, 1, 2),
        "V": (2, 3, 2),
        "bv": (2, 1, 2),
        "O": (2, 2, 3),
        "bo": (3,),
        "g2": (3,),
        "s2": (3,),
        "W1": (2, 3),
        "b1": (2,),
        "W2": (3, 2),
        "b2": (3,),
    },
    {"x": (3, 3)},
)


def llama(p, i):
    e = i.w @ p.E
    u = rms_norm(e) * row(p.g1)
    q, k = rotated(heads(u) @ p.Q, [1.0]), heads(rotated(u @ p.K, [1.0]))
    e = e + total(attend(q, k, heads(u @ p.V), CAUSAL) @ p.O, 1)
    u = rms_norm(e) * row(p.g2)
    e = e + (silu(u @ p.G.mT) * (u @ p.W1.mT)) @ p.W2.mT
    return (rms_norm(e) * row(p.g3)) @ p.U.mT


entry(
    "llama",
    llama,
    {
        "E": (5, 3),
        "g1": (3,),
        "Q": (2, 3, 2),
        "K": (3, 2),
        "V": (3, 2),
        "O": (2, 2, 3),
        "g2": (3,),
        "G": (2, 3),
        "W1": (2, 3),
        "W2": (3, 2),
        "g3": (3,),
        "U": (5, 3),
    },
    {"w": (3, 5)},
    **TOKEN,
)

CONSTANTS = {
    "positions_sinusoidal": {"S": _SINE},
    "lora_frozen": {"W0": _FROZEN},
    "lora_frozen_relu": {"W0": _FROZEN},
    "dora": {"W0": _FROZEN},
    "kan": {"c": _CENTRES},
    "kan_two_layers": {"c": _CENTRES},
    "graph_convolution": {"A": _ADJACENCY},
    "gat": {"A": _ADJACENCY},
}
"""What stands here for the constants of the specs."""

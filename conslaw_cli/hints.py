"""Where names from elsewhere point: what people write who know other tools, and the closest thing there is here.

What stands in quotes can be written; what is not there yet is said to be so.
"""

from __future__ import annotations

from collections.abc import Mapping

_FULLY_CONNECTED = 'write "relu" for a fully connected ReLU network, "linear" for one without activations'
_CONVOLUTION = 'write it as a "network" with conv1d or conv2d; "relu" is the fully connected network'
_ATTENTION = 'write it as a "network", such as attention(x @ Q, x @ K, x @ V, causal=True) @ O'
_ACTIVATION = 'write it as a "network", such as W2 @ gelu(W1 @ x)'
_RESIDUAL = 'write it as a "network", such as x + W2 @ relu(W1 @ x)'
_ADAPTER = 'write it as a "network", such as (W0 + B @ A) @ x'
_GRADIENT_FLOW = 'write "gradient-flow", its limit of small steps and full batches'
_ADAPTIVE = 'adaptive steps are not there yet; "momentum" is without them'

ARCHITECTURES = {
    **dict.fromkeys(("mlp", "fc", "ffn", "dense", "feedforward", "fully-connected", "perceptron"), _FULLY_CONNECTED),
    **dict.fromkeys(("conv", "conv1d", "conv2d", "cnn", "convnet", "convolution", "convolutional"), _CONVOLUTION),
    **dict.fromkeys(("transformer", "attention", "self-attention", "multi-head-attention", "gpt", "bert", "vit"), _ATTENTION),
    **dict.fromkeys(("tanh", "sigmoid", "gelu", "silu", "swish", "swiglu", "softmax", "leaky-relu", "elu"), _ACTIVATION),
    **dict.fromkeys(("resnet", "residual"), _RESIDUAL),
    **dict.fromkeys(("lora", "low-rank", "adapter"), _ADAPTER),
    **dict.fromkeys(("matrix-factorization", "mf"), 'write "linear" with two layers, or "nmf" for positive factors'),
    "deep-linear": 'write "linear", which takes any depth',
}
"""Architectures by names in lower case, with "-" between words."""

DYNAMICS = {
    **dict.fromkeys(("sgd", "gd", "gradient-descent", "stochastic-gradient-descent", "flow"), _GRADIENT_FLOW),
    **dict.fromkeys(("heavy-ball", "heavyball", "polyak", "sgd-momentum"), 'write "momentum", with the friction as damping'),
    **dict.fromkeys(("nag", "nesterov-momentum", "accelerated", "fista"), 'write "nesterov", whose damping is 3/t'),
    **dict.fromkeys(("adam", "adamw", "adagrad", "rmsprop", "adadelta", "lion", "muon", "shampoo"), _ADAPTIVE),
    **dict.fromkeys(("l2", "ridge", "decay", "wd"), 'write "weight-decay"'),
    **dict.fromkeys(("mirror-descent", "mirror-flow", "multiplicative"), 'write "gradient-flow" and [metric] default = "entropy"'),
    **dict.fromkeys(("natural-gradient", "ngd"), 'write "gradient-flow" and [metric] default = "natural-gradient"'),
    **dict.fromkeys(("newton", "lbfgs", "l-bfgs"), 'second-order steps are not there yet; there is "gradient-flow"'),
}
"""Kinds of dynamics, likewise."""

DYNAMICS_KEYS = {
    **dict.fromkeys(("tau", "friction", "gamma", "momentum", "beta", "mu"), "damping"),
    **dict.fromkeys(("lambda", "weight_decay", "weight-decay", "wd", "l2"), "decay"),
    **dict.fromkeys(("name", "type", "method", "optimizer", "dynamics"), "kind"),
    **dict.fromkeys(("t0", "t", "time", "begin"), "start"),
}
"""Keys of [dynamics]: the one that is meant."""


FUNCTIONS = {
    **dict.fromkeys(("matmul", "dot", "mm", "bmm", "linear"), "write A @ B"),
    **dict.fromkeys(("cat", "concat", "hstack", "vstack"), "write concatenate([…], axis=0)"),
    **dict.fromkeys(("where", "select", "sign", "heaviside"), "branches are written with relu, abs, clip, max or top_k"),
    **dict.fromkeys(("erf", "norm-cdf"), "it is in gelu(x) = x Phi(x)"),
    **dict.fromkeys(("repeat", "tile", "expand", "upsample"), "broadcast, such as x * ones((2, 1)), or stack and reshape"),
    **dict.fromkeys(("pad", "pad1d"), "convolutions take padding=; otherwise concatenate zeros"),
    **dict.fromkeys(("view", "flatten", "ravel"), "write reshape(x, (…))"),
    **dict.fromkeys(("norm", "vdot"), "write sqrt(sum(x**2))"),
    **dict.fromkeys(("logsumexp",), "write log(sum(exp(x)))"),
    **dict.fromkeys(("outer",), "broadcast, such as reshape(a, (3, 1)) * b"),
    **dict.fromkeys(("dropout",), "nothing is random: leave it out"),
    **dict.fromkeys(("mish",), "write x * tanh(softplus(x))"),
}
"""Functions of a network's text, in lower case, with "-" between words."""

KEYWORDS = {"dim": "write axis", "kernel-size": "it is that of the weight", "keepdim": "write keepdims"}
"""Their keywords."""


def hint_for(name: object, hints: Mapping[str, str]) -> str | None:
    """The hint for a name however it is written: "Heavy Ball", heavy_ball."""
    return hints.get(name.strip().lower().replace("_", "-").replace(" ", "-")) if isinstance(name, str) else None

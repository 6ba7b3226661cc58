"""The functions that a network is written with, named as in NumPy and torch.nn.functional, on nodes of a graph.

They take nodes, numbers, arrays of numbers and lists of these, and broadcast as NumPy does; numbers are exact as they are written.
Shapes are checked where a function is called: ValueError names them.
"""

from conslaw_cli.functions.arrays import array, concatenate, eye, max, mean, min, ones, reshape, stack, sum, top_k, transpose, tril, zeros
from conslaw_cli.functions.attention import attention, rope
from conslaw_cli.functions.einsum import einsum
from conslaw_cli.functions.norms import batch_norm, layer_norm, log_softmax, rms_norm, softmax
from conslaw_cli.functions.pointwise import (
    abs,
    clip,
    cos,
    elu,
    exp,
    gelu,
    gelu_tanh,
    leaky_relu,
    log,
    maximum,
    minimum,
    prelu,
    relu,
    relu6,
    sigmoid,
    silu,
    sin,
    smooth,
    softplus,
    sqrt,
    square,
    tanh,
)
from conslaw_cli.functions.windows import avg_pool1d, avg_pool2d, conv1d, conv2d, max_pool1d, max_pool2d

FUNCTIONS = {
    function.__name__: function
    for function in (
        sum, mean, max, min, exp, log, sqrt, abs, sin, cos, tanh, concatenate, stack, reshape, transpose, einsum, relu, leaky_relu, prelu,
        relu6, elu, silu, gelu, gelu_tanh, sigmoid, softplus, softmax, log_softmax, layer_norm, rms_norm, batch_norm, conv1d, conv2d,
        max_pool1d, max_pool2d, avg_pool1d, avg_pool2d, top_k, rope, attention, smooth, square, clip, maximum, minimum, eye, ones, zeros,
        tril,
    )
}  # fmt: skip
"""All of them by name."""

__all__ = ["FUNCTIONS", "array"]
__all__ += list(FUNCTIONS)

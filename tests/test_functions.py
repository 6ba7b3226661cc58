"""The functions of a network, held against NumPy and SciPy computed directly; values by a small evaluator of graphs."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import special

from conslaw_cli import functions as f
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import POSITIVE, Constant, Generic, Node, Parameter, Power, topological_order
from conslaw_cli.language.reader import read_text

RNG = np.random.default_rng(7)


class Values(Interpreter):
    """Nodes as float arrays of their own shape, parameters by name."""

    functions = staticmethod({"exp": np.exp, "log": np.log, "normal_cdf": special.ndtr, "sin": np.sin, "cos": np.cos, "smooth": np.arctan}.get)

    def __init__(self, **parameters):
        self.parameters = parameters

    def parameter(self, node):
        return self.parameters[node.name]

    def generic(self, node):
        return np.array(node.floats).reshape(node.shape)

    def constant(self, node):
        return np.array([float(entry) for entry in node.fractions]).reshape(node.shape)

    def add(self, node, a, b):
        assert a.shape == b.shape == node.shape
        return a + b

    def multiply(self, node, a, b):
        assert a.shape == b.shape == node.shape
        return a * b

    def matmul(self, node, a, b):
        return a @ b

    def permute(self, node, a):
        return np.transpose(a, node.axes)

    def sum(self, node, a):
        return a.sum(node.axes)

    def broadcast(self, node, a):
        return np.broadcast_to(a, node.shape)

    def reshape(self, node, a):
        return a.reshape(node.shape)

    def gather(self, node, a):
        return a.ravel()[node.index]

    def scatter(self, node, a):
        total = np.zeros(math.prod(node.shape))
        np.add.at(total, node.index.ravel(), a.ravel())
        return total.reshape(node.shape)

    def power(self, node, a):
        return a ** float(node.exponent)

    def apply(self, node, a):
        return self.functions(node.function.name)(a)

    def branch(self, node, a):
        if node.kind == POSITIVE:
            return (a > 0) * 1.0
        mask = np.zeros(a.shape)
        np.put_along_axis(mask, np.argsort(-a, -1, kind="stable")[..., : node.count], 1.0, -1)
        return mask


def value(node: Node, **parameters) -> np.ndarray:
    """The value of a node, whose shape must be the one that it says."""
    (found,) = Values(**parameters).evaluate(node)
    assert np.shape(found) == node.shape
    return found


def given(*shape: int, name: str = "x") -> tuple[Parameter, np.ndarray]:
    return Parameter(shape, name), RNG.normal(size=shape) * 2


def close(node: Node, expected, **parameters) -> None:
    np.testing.assert_allclose(value(node, **parameters), expected, rtol=1e-10, atol=1e-12)


# --- entry by entry ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (f.exp, np.exp),
        (f.sin, np.sin),
        (f.cos, np.cos),
        (f.tanh, np.tanh),
        (f.abs, np.abs),
        (f.square, np.square),
        (f.sigmoid, special.expit),
        (f.softplus, lambda x: np.logaddexp(0, x)),
        (f.silu, lambda x: x * special.expit(x)),
        (f.gelu, lambda x: x * (1 + special.erf(x / np.sqrt(2))) / 2),
        (f.gelu_tanh, lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
        (f.relu, lambda x: np.maximum(x, 0)),
        (f.relu6, lambda x: np.clip(x, 0, 6)),
        (f.leaky_relu, lambda x: np.where(x > 0, x, 0.01 * x)),
        (lambda x: f.leaky_relu(x, negative_slope=0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
        (f.elu, lambda x: np.where(x > 0, x, np.expm1(x))),
        (lambda x: f.elu(x, alpha=3), lambda x: np.where(x > 0, x, 3 * np.expm1(x))),
        (lambda x: f.clip(x, -1, 2), lambda x: np.clip(x, -1, 2)),
        (lambda x: f.maximum(x, 1), lambda x: np.maximum(x, 1)),
        (lambda x: f.minimum(1, x), lambda x: np.minimum(x, 1)),
        (f.smooth, np.arctan),
    ],
)
def test_entry_by_entry(function, expected):
    x, numbers = given(3, 5)
    numbers = numbers * 3
    close(function(x), expected(numbers), x=numbers)


def test_roots_and_logarithms():
    x, numbers = given(4)
    close(f.sqrt(x), np.sqrt(numbers**2), x=numbers**2)
    close(f.log(x), np.log(numbers**2), x=numbers**2)
    for wrong in (lambda: f.sqrt(-2), lambda: f.log(0), lambda: f.log(np.array([1.0, -1.0]))):
        with pytest.raises(ValueError, match="is defined for"):
            wrong()


def test_roots_of_rational_squares_fold():
    assert f.sqrt(Fraction(4, 9)).entries == (Fraction(2, 3),)
    assert f.sqrt(16).entries == (4,)
    root = f.sqrt(2)
    assert isinstance(root, Power) and isinstance(root.of, Constant) and root.exponent == Fraction(1, 2)


def test_prelu_takes_a_slope_for_each_neuron():
    (x, numbers), (a, slopes) = given(3, 4), given(4, name="a")
    close(f.prelu(x, a), np.where(numbers > 0, numbers, slopes * numbers), x=numbers, a=slopes)


def test_tanh_and_silu_share_exp():
    x, _ = given(3)
    applied = [node for node in topological_order(f.tanh(x)) if node.operation == "apply"]
    assert [node.function.name for node in applied] == ["exp"] and applied[0].of is x


# --- arrays ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
def test_reductions(name, axis, keepdims):
    x, numbers = given(2, 3, 4)
    close(getattr(f, name)(x, axis=axis, keepdims=keepdims), getattr(np, name)(numbers, axis=axis, keepdims=keepdims), x=numbers)


def test_arrays_are_put_together():
    (x, a), (y, b) = given(2, 3), given(2, 3, name="y")
    for axis in (0, 1, -1):
        close(f.concatenate([x, y, x], axis=axis), np.concatenate([a, b, a], axis), x=a, y=b)
    for axis in (0, 1, 2, -1):
        close(f.stack([x, y], axis=axis), np.stack([a, b], axis), x=a, y=b)
    close(f.array([[x[0, 0], 1], [2, y[1, 2]]]), [[a[0, 0], 1], [2, b[1, 2]]], x=a, y=b)
    close(f.reshape(x, (3, -1)), a.reshape(3, -1), x=a)
    close(f.reshape(x, 6), a.ravel(), x=a)
    close(f.transpose(f.stack([x, y]), (2, 0, 1)), np.transpose(np.stack([a, b]), (2, 0, 1)), x=a, y=b)
    close(f.transpose(x), a.T, x=a)


def test_known_arrays():
    close(f.eye(3), np.eye(3))
    close(f.ones((2, 3)), np.ones((2, 3)))
    close(f.zeros(2), np.zeros(2))
    x, numbers = given(2, 3, 4)
    close(f.tril(x), np.tril(numbers), x=numbers)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_top_k(k, axis):
    x, numbers = given(4, 5)
    threshold = np.sort(numbers, axis).take([-k], axis)
    close(f.top_k(x, k, axis), numbers >= threshold, x=numbers)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]),
        ("ijk,il,jm,kn->lmn", [(2, 3, 4), (2, 5), (3, 2), (4, 3)]),
        ("ij->ji", [(2, 3)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("ij,ij->", [(2, 3), (2, 3)]),
        ("i,j->ji", [(2,), (3,)]),
        ("hqd,hkd->hqk", [(2, 3, 4), (2, 5, 4)]),
        ("ij,k->i", [(2, 3), (4,)]),
        ("i,,i->i", [(3,), (), (3,)]),
    ],
)
def test_einsum(subscripts, shapes):
    nodes, numbers = zip(*(given(*shape, name=f"x{number}") for number, shape in enumerate(shapes)))
    close(f.einsum(subscripts, *nodes), np.einsum(subscripts, *numbers), **{node.name: one for node, one in zip(nodes, numbers)})


# --- softmax and norms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax(axis):
    x, numbers = given(2, 3, 4)
    close(f.softmax(x, axis=axis), special.softmax(numbers, axis), x=numbers)
    close(f.log_softmax(x, axis=axis), special.log_softmax(numbers, axis), x=numbers)


def test_norms():
    (x, a), (g, w), (b, s) = given(3, 4), given(4, name="g"), given(4, name="b")
    standard = (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + 0.5)
    close(f.layer_norm(x, g, b, eps=0.5), standard * w + s, x=a, g=w, b=s)
    close(f.layer_norm(x), (a - a.mean(-1, keepdims=True)) / a.std(-1, keepdims=True), x=a)
    close(f.layer_norm(x, axis=0), (a - a.mean(0)) / a.std(0), x=a)
    close(f.rms_norm(x, weight=g), a / np.sqrt((a**2).mean(-1, keepdims=True)) * w, x=a, g=w)
    close(f.rms_norm(x, eps=1e-5), a / np.sqrt((a**2).mean(-1, keepdims=True) + 1e-5), x=a)
    exponents = [node.exponent for node in topological_order(f.rms_norm(x)) if isinstance(node, Power)]
    assert exponents == [Fraction(-1, 2)]


def test_batch_norm_is_over_the_batch():
    (x, a), (g, w), (b, s) = given(5, 3), given(3, name="g"), given(3, name="b")
    close(f.batch_norm(x, g, b, eps=0.1), (a - a.mean(0)) / np.sqrt(a.var(0) + 0.1) * w + s, x=a, g=w, b=s)
    y, c = given(5, 3, 2, 4, name="y")
    mean, std = c.mean((0, 2, 3), keepdims=True), c.std((0, 2, 3), keepdims=True)
    expected = (c - mean) / std * w[:, None, None] + s[:, None, None]
    close(f.batch_norm(y, g, b), expected, y=c, g=w, b=s)


# --- convolutions and pooling ------------------------------------------------------------------------------------------


def convolved(x, w, bias, stride, padding, dilation, groups):
    """A convolution by its definition, one output at a time: x (channels, *places), w (out, in/groups, *kernel)."""
    n = x.ndim - 1
    x = np.pad(x, [(0, 0)] + [(one, one) for one in padding])
    out, inner, *kernel = w.shape
    places = [(size - d * (k - 1) - 1) // s + 1 for size, k, s, d in zip(x.shape[1:], kernel, stride, dilation)]
    result = np.zeros((out, *places))
    for o, *place in itertools.product(range(out), *map(range, places)):
        first = o // (out // groups) * inner
        for c, *offset in itertools.product(range(inner), *map(range, kernel)):
            at = tuple(place[k] * stride[k] + offset[k] * dilation[k] for k in range(n))
            result[(o, *place)] += x[(first + c, *at)] * w[(o, c, *offset)]
        result[(o, *place)] += bias[o]
    return result


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [(1, 0, 1, 1), (2, 0, 1, 1), (1, 1, 1, 2), (2, 2, 2, 1), (3, 1, 1, 4), (1, 2, 2, 2)],
)
def test_conv1d(stride, padding, dilation, groups):
    (x, a), (w, b), (c, d) = given(4, 9), given(8, 4 // groups, 3, name="w"), given(8, name="c")
    found = f.conv1d(x, w, c, stride=stride, padding=padding, dilation=dilation, groups=groups)
    close(found, convolved(a, b, d, (stride,), (padding,), (dilation,), groups), x=a, w=b, c=d)


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [(1, 0, 1, 1), (2, 1, 1, 2), ((2, 1), (1, 0), 1, 1), (1, (2, 1), (2, 1), 4), (1, 1, 1, 4)],
)
def test_conv2d(stride, padding, dilation, groups):
    (x, a), (w, b) = given(4, 6, 5), given(4, 4 // groups, 3, 2, name="w")
    pairs = [(one, one) if isinstance(one, int) else one for one in (stride, padding, dilation)]
    found = f.conv2d(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)
    close(found, convolved(a, b, np.zeros(4), *pairs, groups), x=a, w=b)


def test_convolutions_take_batches():
    (x, a), (w, b), (c, d) = given(2, 3, 4, 6), given(5, 4, 2, name="w"), given(5, name="c")
    expected = [[convolved(inner, b, d, (1,), (0,), (1,), 1) for inner in outer] for outer in a]
    close(f.conv1d(x, w, c), expected, x=a, w=b, c=d)


def pooled(x, kernel, stride, padding, fill, over):
    x = np.pad(x, [(0, 0)] + [(one, one) for one in padding], constant_values=fill)
    places = [(size - k) // s + 1 for size, k, s in zip(x.shape[1:], kernel, stride)]
    result = np.zeros((len(x), *places))
    for channel, *place in itertools.product(range(len(x)), *map(range, places)):
        window = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, stride, kernel))
        result[(channel, *place)] = over(x[(channel, *window)])
    return result


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [((2,), None, (0,)), ((3,), (1,), (1,)), ((4,), (3,), (2,)), ((2, 2), None, (0, 0)), ((3, 2), (2, 1), (1, 1))]
)
def test_pooling(kernel, stride, padding):
    n = len(kernel)
    x, a = given(*(3, 7, 6)[: n + 1])
    a = a - 5
    largest, average = (f.max_pool1d, f.avg_pool1d) if n == 1 else (f.max_pool2d, f.avg_pool2d)
    close(largest(x, kernel, stride, padding), pooled(a, kernel, stride or kernel, padding, -np.inf, np.max), x=a)
    close(average(x, kernel, stride, padding), pooled(a, kernel, stride or kernel, padding, 0, np.mean), x=a)


def test_sizes_may_be_one_integer():
    x, a = given(1, 4, 4)
    close(f.max_pool2d(x, 2), pooled(a, (2, 2), (2, 2), (0, 0), -np.inf, np.max), x=a)


# --- attention ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("heads", [(), (2,)])
def test_attention(causal, heads):
    (q, a), (k, b), (v, c) = given(*heads, 3, 2, name="q"), given(*heads, 3, 2, name="k"), given(*heads, 3, 5, name="v")
    scores = a @ np.swapaxes(b, -1, -2) / np.sqrt(2)
    scores = np.where(np.tri(3), scores, -np.inf) if causal else scores
    close(f.attention(q, k, v, causal=causal), special.softmax(scores, -1) @ c, q=a, k=b, v=c)


def turned(x, base):
    """Pairs as complex numbers, turned."""
    tokens, dim = x.shape
    angles = np.arange(tokens)[:, None] * base ** (-np.arange(0, dim, 2) / dim)
    z = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(1j * angles)
    return np.stack([z.real, z.imag], -1).reshape(tokens, dim)


@pytest.mark.parametrize("base", [10000, 1, 3.5])
@pytest.mark.parametrize("shape", [(1, 2), (5, 4), (7, 6)])
def test_rope(shape, base):
    x, a = given(*shape)
    close(f.rope(x, base), turned(a, base), x=a)


def test_rope_keeps_norms_and_sees_relative_positions():
    x, a = given(6, 4)
    found = value(f.rope(x), x=a)
    np.testing.assert_allclose((found**2).sum(-1), (a**2).sum(-1))
    same = np.tile(a[:1], (6, 1))
    scores = value(f.rope(x), x=same) @ value(f.rope(x), x=same[:, ::-1].copy()).T
    for offset in range(-5, 6):
        np.testing.assert_allclose(np.diagonal(scores, offset), np.diagonal(scores, offset)[0])


def test_equal_frequencies_share_a_number():
    x, _ = given(3, 6)
    assert len({node.name for node in topological_order(f.rope(x, base=1)) if isinstance(node, Generic)}) == 1
    assert len({node.name for node in topological_order(f.rope(x)) if isinstance(node, Generic)}) == 3


# --- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: f.sum(x, axis=2), r"there is no axis 2 in \(3, 4\)"),
        (lambda x: f.max(x, axis=(0, 0)), "are not different"),
        (lambda x: f.mean(x, axis=1.5), "an axis is an integer, not 1.5"),
        (lambda x: f.concatenate([x, x[0]]), r"shapes \(3, 4\), \(4,\) differ"),
        (lambda x: f.stack([x, x.T]), r"shapes \(3, 4\), \(4, 3\) are not the same"),
        (lambda x: f.stack(3), "takes a list of arrays"),
        (lambda x: f.reshape(x, (5, -1)), r"cannot reshape \(3, 4\) to \(5, -1\)"),
        (lambda x: f.transpose(x, (0, 0)), "not different"),
        (lambda x: f.top_k(x, 5), "k is 5, and axis -1 of"),
        (lambda x: f.top_k(x, 0), "k is an integer, 1 or more"),
        (lambda x: f.einsum("ij,jk->ik", x, x), r"j is both 4 and 3: shapes \(3, 4\), \(3, 4\)"),
        (lambda x: f.einsum("ij->iz", x), "letters of the result"),
        (lambda x: f.einsum("...i", x), "einsum takes letters"),
        (lambda x: f.einsum("ij", x, x), "is for 1 arrays, not 2"),
        (lambda x: f.layer_norm(x, x[:, 0]), r"the weight \(3,\) does not broadcast to \(3, 4\)"),
        (lambda x: f.batch_norm(x[:1]), "a batch of two or more"),
        (lambda x: f.conv1d(x, x), r"x \(3, 4\) and the weight \(3, 4\) are not"),
        (lambda x: f.conv1d(x, f.ones((2, 2, 3))), r"has 3 channels, the weight \(2, 2, 3\) with groups=1 does not fit"),
        (lambda x: f.conv1d(x, f.ones((2, 3, 5))), r"the kernel \(5,\) is larger than \(4,\)"),
        (lambda x: f.conv1d(x, f.ones((2, 3, 3)), f.ones(3)), r"the bias \(3,\) is not one number for each of 2 channels"),
        (lambda x: f.conv1d(x, f.ones((2, 3, 3)), stride=0), "stride is an integer, 1 or more"),
        (lambda x: f.max_pool1d(x, 2, padding=2), "more than half of the kernel"),
        (lambda x: f.max_pool2d(x, (2, 2, 2)), "an integer or 2 of them"),
        (lambda x: f.rope(x[:, :3]), r"an even dimension\), not \(3, 3\)"),
        (lambda x: f.attention(x, x.T, x), r"q \(3, 4\), k \(4, 3\), v \(3, 4\)"),
        (lambda x: f.ones((10**5, 10**5)), "more than 10,000,000 entries"),
        (lambda x: f.exp([]), "at least one entry"),
    ],
)
def test_what_does_not_fit_is_refused_with_shapes(call, message):
    with pytest.raises(ValueError, match=message):
        call(Parameter((3, 4), "x"))


def test_every_function_can_be_written_in_a_text():
    x = Parameter((4, 4), "x")
    more = {
        "concatenate": "[x, x]", "stack": "[x, x]", "reshape": "x, 16", "einsum": "'ij->j', x", "prelu": "x, 2", "conv1d": "x, reshape(x, (1, 4, 4))",
        "conv2d": "reshape(x, (1, 4, 4)), reshape(x[:2, :2], (1, 1, 2, 2))", "max_pool1d": "x, 2", "max_pool2d": "x, 2", "avg_pool1d": "x, 2",
        "avg_pool2d": "x, 2", "top_k": "x, 2", "attention": "x, x, x", "clip": "x, 0, 1", "maximum": "x, 0", "minimum": "x, 0", "eye": "3",
        "ones": "3", "zeros": "(3, 2)",
    }  # fmt: skip
    for name in f.FUNCTIONS:
        numbers = np.abs(RNG.normal(size=(4, 4))) + 0.1
        assert np.isfinite(value(read_text(f"{name}({more.get(name, 'x')})", {"x": x}), x=numbers)).all(), name

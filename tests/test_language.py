"""The language of networks: what a text means, what is refused and with which words, and the models made of it."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conslaw_cli import analyze
from conslaw_cli import functions as f
from conslaw_cli.graph.nodes import ONE_HOT, Coefficient, Constant, Generic, Parameter, topological_order
from conslaw_cli.graph.serial import from_data, to_data
from conslaw_cli.language import LanguageError
from conslaw_cli.language.data import to_text
from conslaw_cli.language.reader import read_text
from conslaw_cli.models.traced import traced
from conslaw_cli.rings.floats import Floats
from conslaw_cli.spec import SpecError, new_spec, normalised, parse_spec, read_cases, read_spec, spec_sha256

SHAPES = {"x": (3, 4), "Q": (4, 2), "W2": (2, 3), "a": (4,), "s": ()}
NUMBERS = {name: np.random.default_rng(1).normal(size=shape) for name, shape in SHAPES.items()}
LEAVES = {name: Parameter(shape, name) for name, shape in SHAPES.items()}


def value(text):
    """The value of a text in floating point."""
    node = read_text(text, LEAVES, {"Q", "W2"})
    (found,) = Floats({name: numbers[None] for name, numbers in NUMBERS.items()}, {}, {}).evaluate(node)
    assert found.shape == (1, *node.shape)
    return found[0]


def error(text):
    with pytest.raises(LanguageError) as caught:
        read_text(text, LEAVES, {"Q", "W2"})
    return caught.value


# --- what a text means -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "x", "x.T", "-x + 2 * x - x / 4", "x @ Q", "W2 @ x @ a", "a @ a", "x ** 2", "x ** -1", "+a", "2 - a", "2 / a", "(x @ a)[:, None] * Q[:3]",
        "x[1]", "x[-1, ::2]", "x[..., 1:]", "x[:, None, ::-1]", "x[0:2].T", "a[3]", "x[1 + 1, 2 * 1]", "x * a", "x * s", "Q.T @ a", "x[None].mT",
        "0.5 * a", "1e-3 * a", "1_000 * a", "2 ** 3 * a", "2 ** -1 * a", "4 ** (1 / 2) * a", "a\n", "a  # a comment",
    ],
)  # fmt: skip
def test_a_text_means_what_numpy_makes_of_it(text):
    expected = eval(text, {}, {**NUMBERS, "x": NUMBERS["x"]}) if ".mT" not in text else np.swapaxes(NUMBERS["x"][None], -1, -2)
    np.testing.assert_allclose(value(text), expected, rtol=1e-12)


def test_lines_name_values():
    text = """
        h = x @ Q          # tokens, 2
        h = h + 1

        n = 2 * 3
        (h *
         n)
    """
    np.testing.assert_allclose(value(text), (NUMBERS["x"] @ NUMBERS["Q"] + 1) * 6)
    np.testing.assert_allclose(value("x = x @ Q\nx"), NUMBERS["x"] @ NUMBERS["Q"])


def test_lists_are_arrays():
    a = NUMBERS["a"]
    np.testing.assert_allclose(value("[a, -a]"), [a, -a])
    np.testing.assert_allclose(value("[[0, 1], [-1, 0]] @ [a[0], s]"), [NUMBERS["s"], -a[0]])
    np.testing.assert_allclose(value("[1, 2, 3, 4] * a"), [1, 2, 3, 4] * a)
    np.testing.assert_allclose(value("sum([a, a], axis=0)"), 2 * a)


def test_functions_take_positions_and_keywords():
    np.testing.assert_allclose(value("mean(x, axis=(0, 1), keepdims=True)"), NUMBERS["x"].mean(keepdims=True))
    np.testing.assert_allclose(value("einsum('ij,jk->ki', x, Q)"), (NUMBERS["x"] @ NUMBERS["Q"]).T)
    np.testing.assert_allclose(value("reshape(x, (2, -1))"), NUMBERS["x"].reshape(2, -1))


def test_numbers_are_exact_as_written():
    constants = [node for node in topological_order(read_text("0.12345678901234567890123 * a", LEAVES)) if isinstance(node, Constant)]
    assert constants[0].fractions == (Fraction(12345678901234567890123, 10**23),)
    assert read_text("2 / 6", {}).entries == (Fraction(1, 3),)
    assert read_text("sqrt(9 / 4)", {}).entries == (Fraction(3, 2),)


# --- what is refused ---------------------------------------------------------------------------------------------------

REFUSED = {
    "W2 @ a": "line 1, column 1: W2 @ a: (2, 3) @ (4,) do not match",
    "h = x @ Q\n1 + (h @ W2 @ a)": "line 2, column 6: h @ W2 @ a: (3, 3) @ (4,) do not match",
    "\n    h = a\n    W2 @ h": "line 3, column 5: W2 @ h: (2, 3) @ (4,) do not match",
    "a + Q": "line 1, column 1: a + Q: (4,) + (4, 2) do not match",
    "x @ 2": "line 1, column 1: x @ 2: (3, 4) @ () do not match",
    "'é' + a": "line 1, column 1: a string is not part of the language",
    "é + yy": "line 1, column 1: unknown name é",
    "a * (1 + Qq)": 'line 1, column 10: unknown name Qq; did you mean "Q"?',
    "rellu(a)": 'line 1, column 1: unknown function rellu; did you mean "relu"?',
    "relu": "line 1, column 1: relu is a function; write relu(…)",
    "W2(a)": "line 1, column 1: W2 is an array, not a function; write W2 * … or W2 @ …",
    "(a + 1)(a)": "line 1, column 1: a + 1 is no function",
    "softmax(a, dim=0)": "line 1, column 12: softmax takes no dim=; write axis",
    "softmax(a, axes=0)": 'line 1, column 12: softmax takes no axes=; did you mean "axis"?',
    "relu(**a)": "line 1, column 6: relu takes no **",
    "relu(*a)": "line 1, column 6: * is not part of the language",
    "relu()": "line 1, column 1: relu(): missing a required argument: 'x'",
    "relu(a, 1, 2)": "line 1, column 1: relu(a, 1, 2): too many positional arguments",
    "softmax(a, axis=1)": "line 1, column 1: softmax(a, axis=1): there is no axis 1 in (4,)",
    "softmax(a, axis=a)": "line 1, column 1: softmax(a, axis=a): an axis is an integer, not an array of shape (4,)",
    "a.shape": "line 1, column 1: a.shape: .shape is not part of the language; there are .T and .mT",
    "a.__class__": "line 1, column 1: a.__class__: .__class__ is not part of the language",
    "np.exp(a)": "line 1, column 1: np.exp is an attribute; write exp(…)",
    "a.mT": "line 1, column 1: a.mT: (4,) has no matrices to transpose",
    "__import__('os')": "line 1, column 1: unknown function __import__",
    "__import__('os').system('ls')": "line 1, column 1: __import__('os').system: .system is not part of the language",
    "eval('a')": "line 1, column 1: unknown function eval",
    "open('x')": "line 1, column 1: unknown function open",
    "[b for b in a]": "line 1, column 1: a comprehension is not part of the language",
    "sum(b for b in a)": "line 1, column 4: a comprehension is not part of the language",
    "lambda: a": "line 1, column 1: a lambda is not part of the language",
    "f'{a}'": "line 1, column 1: a string is not part of the language",
    "a + 'b'": "line 1, column 5: a string is not part of the language",
    "b'x'": "line 1, column 1: a string is not part of the language",
    "a < 3": "line 1, column 1: a comparison is not part of the language",
    "a and a": "line 1, column 1: and, or is not part of the language",
    "a if a else a": "line 1, column 1: if … else is not part of the language",
    "(b := a)": "line 1, column 2: := is not part of the language",
    "{'a': 1}": "line 1, column 1: a dictionary is not part of the language",
    "a // 2": "line 1, column 1: a // 2 is not part of the language",
    "~a": "line 1, column 1: ~a is not part of the language",
    "...": "line 1, column 1: ... is not part of the language",
    "Q = a\nQ": "line 1, column 1: Q is a parameter or a constant and keeps its value",
    "exp = a\nexp": "line 1, column 1: exp is a function; choose another name",
    "b, c = a\nb": "line 1, column 1: a line gives one name to a value",
    "b = c = a\nb": "line 1, column 1: a line gives one name to a value",
    "b = a": "line 1, column 1: the last line is the value, not a name for one",
    "a\nx": "line 1, column 1: the value of this line is not used: a",
    "import os": "line 1, column 1: import … is not part of the language",
    "for b in a: b": "line 1, column 1: for … is not part of the language",
    "a += 1\na": "line 1, column 1: a … is not part of the language",
    "a[5]": "line 1, column 1: a[5]: index 5 is out of bounds for axis 0 with size 4",
    "a[1, 2]": "line 1, column 1: a[1, 2]: too many indices",
    "a[1.5]": "line 1, column 3: the index 1.5 is no integer",
    "a[a]": "line 1, column 3: the index a is no integer",
    "a[True]": "line 1, column 3: the index True is no integer",
    "a[::0]": "line 1, column 1: a[::0]: slice step cannot be zero",
    "x[3:]": "line 1, column 1: x[3:]: shape (0, 4) has no entries",
    "a ** 0.3": "line 1, column 6: the exponent 0.3 is no integer or half of one",
    "a ** s": "line 1, column 6: the exponent s is no integer or half of one",
    "a ** 0": "line 1, column 6: the exponent 0 is no integer or half of one",
    "2 ** 10 ** 10": "line 1, column 6: the exponent 10 ** 10 is no integer or half of one",
    "9 ** 999 ** 1 * 9 ** 999 * 9 ** 999": "line 1, column 1: 9 ** 999 ** 1 * 9 ** 999: a number of more than 1,000 digits",
    "1e999 * a": "line 1, column 1: 1e999 is beyond the range of numbers",
    "1e-999999999 * a": "line 1, column 1: 1e-999999999 is beyond the range of numbers",
    "1j * a": "line 1, column 1: 1j is no real number",
    "a / 0": "line 1, column 1: a / 0: division by zero",
    "1 / 0": "line 1, column 1: 1 / 0: division by zero",
    "0 ** -1": "line 1, column 1: 0 ** -1: division by zero",
    "log(-1) * a": "line 1, column 1: log(-1): log is defined for positive numbers, not -1",
    "True * a": "line 1, column 1: True: bool is no real number",
    "None": "line 1, column 1: None: NoneType is no real number",
    "[a, Q]": "line 1, column 1: [a, Q]: shapes (4,), (4, 2) are not the same",
    "[]": "line 1, column 1: []: an array has at least one entry",
    "zeros((100000, 100000))": "more than 10,000,000 entries",
    "ones((3000, 3000)) + ones((3000, 3000)) + ones((3000, 3000)) + ones((3000, 3000))": "the arrays have more than 50,000,000 entries",
    "ones((3000000, 1)) * ones((1, 3000000))": "line 1, column 1: ones((3000000, 1)) * ones((1, 3000000)): with shape (3000000, 3000000) the arrays",
    "ones((3000000, 1)) @ ones((1, 3000000))": "with shape (3000000, 3000000) the arrays have more than",
    "x @": "line 1, column 4: invalid syntax",
    "(a +": "line 1, column 1: '(' was never closed",
    "a b": ": invalid syntax",
    "a\x00": "null bytes",
    "": "is empty",
    "# nothing": "is empty",
    "(" * 5000: "is nested too deeply; name intermediate values",
    "-" * 15000 + "a": "is nested too deeply",
    "a" + " + a" * 4000: "is nested too deeply",
    "a" + ".T" * 5000: "is nested too deeply",
    "a" + "**2" * 4000: "is nested too deeply",
    "[" * 90 + "a" + "]" * 90: "maximum supported dimension|nested too deeply|has more than",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_refused_in_one_line_with_the_place(text):
    message = str(error(text))
    assert "\n" not in message and len(message) < 800
    assert any(expected in message for expected in REFUSED[text].split("|")), message


@pytest.mark.parametrize("text", ["x + " * 250_000 + "x", "(" * 1_000_000, "a" * 1_000_000, "1" * 1_000_000, "x\n" * 500_000, "\t" * 10**6])
def test_a_million_characters_end_quickly(text):
    start = time.perf_counter()
    assert "characters, more than 20,000" in str(error(text))
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("text", ["1" * 20_000, "0." + "1" * 19_000, "x+" * 9_999 + "x", "(x)" * 6_000, "exp(" * 90 + "a" + ")" * 90, "a;" * 9_000 + "a"])
def test_the_longest_texts_end_quickly(text):
    start = time.perf_counter()
    try:
        read_text(text, LEAVES)
    except LanguageError as found:
        assert len(str(found)) < 800
    assert time.perf_counter() - start < 1


@given(st.text(alphabet="xaQ +-*/@().,[]:=123'\n_", max_size=40))
def test_any_text_is_a_graph_or_an_error(text):
    try:
        read_text(text, LEAVES)
    except LanguageError as found:
        assert "\n" not in found.message


# --- models ------------------------------------------------------------------------------------------------------------

NETWORK = {
    "network": "h = W1 @ x + b  # hidden\nW2 @ gelu(h)  # out",
    "parameters": {"W1": [3, 2], "b": 3, "W2": [2, 3]},
    "inputs": {"x": [2]},
}


def model_of(**changes):
    spec = parse_spec({"model": {**NETWORK, **changes}})
    return spec.model.definition.build(spec.model.options)


def refused(**changes):
    with pytest.raises(SpecError) as caught:
        parse_spec({"model": {key: value for key, value in {**NETWORK, **changes}.items() if value is not None}})
    return str(caught.value)


def values_of(model, node, cotangent):
    rng = np.random.default_rng(5)
    weights = {name: rng.normal(size=(1, *shape)) for name, shape in model.blocks}
    (found,) = Floats(weights, {"x": np.array([[0.3, -1.2]]), "v": cotangent[None]}, {}).evaluate(node)
    return found[0]


def test_a_network_is_paired_with_all_cotangents():
    model = model_of()
    assert model.blocks == (("W1", (3, 2)), ("b", (3,)), ("W2", (2, 3))) and model.vectors == frozenset() and model.notes == ()
    assert {node.name: node.shape for node in model.program.coefficients} == {"x": (2,), "v": (2,)}
    v = np.array([2.0, -3.0])
    np.testing.assert_allclose(values_of(model, model.functional, v), v @ values_of(model, model.output, v))


def test_cross_entropy_has_cotangents_that_sum_to_zero():
    model = model_of(loss="cross-entropy")
    assert {node.name: node.shape for node in model.program.coefficients}["v"] == (1,)
    free = np.array([2.0])
    np.testing.assert_allclose(values_of(model, model.functional, free), np.array([2, -2]) @ values_of(model, model.output, free))
    assert "cross-entropy needs classes on the last axis, the network's value has shape ()" in refused(network="sum(W1) * sum(x)", loss="cross-entropy")


def test_a_sequence_of_classes():
    model = model_of(network="x @ W1 + b", parameters={"W1": [2, 4], "b": 4}, inputs={"x": [3, 2]}, loss="cross-entropy")
    assert {node.name: node.shape for node in model.program.coefficients}["v"] == (3, 3)


def test_inputs_and_constants_of_all_kinds():
    constants = {"A": [2, 2], "B": {"value": [[1, 0.5], [0, "1/3"]]}}
    model = model_of(network="W1 @ (A @ B @ (x + y[0]))", inputs={"x": 2, "y": {"one-hot": [3, 2]}}, constants=constants)
    nodes = topological_order(model.functional)
    assert [(n.name, n.shape) for n in nodes if isinstance(n, Generic)] == [("A", (2, 2))]
    assert (1, Fraction(1, 2), 0, Fraction(1, 3)) in [n.entries for n in nodes if isinstance(n, Constant)]
    assert {n.name: n.values for n in nodes if isinstance(n, Coefficient)} == {"x": "free", "y": ONE_HOT, "v": "free"}


def test_an_input_may_be_called_v():
    model = model_of(network="W1 @ v", inputs={"v": 2})
    assert sorted(node.shape for node in model.program.coefficients) == [(2,), (3,)]
    assert len({node.name for node in model.program.coefficients}) == 2


def test_what_is_not_used_is_noted():
    model = model_of(network="W1 @ x", inputs={"x": 2, "y": 3})
    assert model.notes[:2] == ("b is not used: its entries are conserved, one by one", "W2 is not used: its entries are conserved, one by one")
    assert model.notes[2] == "the network does not depend on the input y"
    assert len(model.program.gradients) == 3


def test_phi_has_no_inputs():
    spec = parse_spec({"model": {"phi": "U @ V", "parameters": {"U": [3, 2], "V": [2, 3]}}})
    model = spec.model.definition.build(spec.model.options)
    assert spec.model.architecture == "phi" and model.output is None
    assert [(node.name, node.shape) for node in model.program.coefficients] == [("v", (3, 3))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"network": "W2 @ gelu(W1 @ y)"}, '[model] network = "W2 @ gelu(W1 @ y)": line 1, column 16: unknown name y'),
        ({"network": "W1 @ W2"}, "the network does not depend on x"),
        ({"network": "x"}, "the value depends on no parameter"),
        ({"network": 3}, "[model] network = 3: network must be a text"),
        ({"network": "{1: 2}"}, "begins with { and is no graph as JSON"),
        ({"network": '{"nodes": [["parameter", "Z", [2]]], "functional": 0}'}, "is no graph of these arrays"),
        ({"parameters": {}}, "[model] parameters = {}: parameters must be a table"),
        ({"parameters": None}, "[model] parameters: missing key; write e.g. parameters = {W1 = [3, 2], W2 = [2, 3]}"),
        ({"inputs": None}, "[model] inputs: missing key"),
        ({"parameters": {"exp": 3}}, "[model.parameters] exp = 3: exp is a function"),
        ({"parameters": {"_a": 3}}, "[model.parameters] _a = 3: is no name"),
        ({"parameters": {"lambda": 3}}, "lambda is a word of Python's"),
        ({"parameters": {"t": 3}}, "t has another meaning"),
        ({"parameters": {"W": 0}}, "[model.parameters] W = 0: sizes must be positive integers"),
        ({"parameters": {"W": [2, True]}}, "sizes must be positive integers"),
        ({"parameters": {"W": [1] * 13}}, "has 13 axes, more than 12"),
        ({"parameters": {"W": [2], "dW": [2]}}, "dW is the velocity of W"),
        ({"parameters": {"W": [2], "W_1": []}}, "W_1 is an entry of W"),
        ({"parameters": {"W": [2, 2], "W_1": [2]}}, "W_1 is an entry of W"),
        ({"parameters": {"E": []}}, "the name E has another meaning in SymPy's formulas"),
        ({"inputs": {"W1": 2}}, "W1 is in parameters and inputs"),
        ({"inputs": {"x": {"onehot": [2]}}}, 'did you mean "one-hot"?'),
        ({"inputs": {"x": {"one-hot": []}}}, "a one-hot vector has at least one axis"),
        ({"constants": {"A": {"value": [[1], [1, 2]]}}}, "[model.constants] A = {value = [[1], [1, 2]]}: a value is a number or rows"),
        ({"constants": {"A": {"value": float("inf")}}}, "inf is not finite"),
        ({"constants": {"A": {"value": "1/0"}}}, "1/0 is no number"),
        ({"constants": {"A": {"values": 1}}}, 'did you mean "value"?'),
        ({"loss": "mse"}, 'unknown loss for network'),
        ({"at": {"sed": 3}}, "write at = { seed = 3 }"),
        ({"widths": [2, 2]}, "[model] widths = [2, 2]: unknown key"),
    ],
)
def test_models_that_are_refused(changes, expected):
    assert expected in refused(**changes)


def test_names_that_are_no_clash():
    model_of(network="W @ x + W_1_1_1 + d", parameters={"W": [2, 2], "W_1_1_1": [], "d": [2], "Q": [2]})


@pytest.mark.parametrize("loss", ["any", "cross-entropy"])
def test_a_normalised_spec_reads_back(loss):
    more = {"loss": loss, "at": {"seed": 5}, "constants": {"A": [2], "B": {"value": [[1, 0.1]]}, "C": {"value": 2}}}
    spec = parse_spec({"model": {**NETWORK, **more}})
    again = parse_spec({"model": normalised(spec)["model"]})
    assert again == spec and hash(again) == hash(spec) and spec_sha256(again) == spec_sha256(spec)
    assert spec.model.options.at == ("seed", 5)


def test_titles():
    spec = parse_spec({"model": {**NETWORK, "loss": "cross-entropy"}})
    assert spec.model.definition.title(spec.model.options) == "network W2 @ gelu(h), cross-entropy"
    assert spec.model.definition.label(spec.model.options) == "network W2 @ gelu(h), loss cross-entropy"


TOML = """\
[model]
network = "W2 @ relu(W1 @ x)"
[model.parameters]
W1 = [3, 2]
W2 = [2, 3]
[model.inputs]
x = 2
"""


def test_sizes_can_be_swept():
    swept = '[sweep]\nmodel.parameters.W1 = [[4, 2], [5, 2]]\n"model.parameters.W2[1]" = [4, 5]\nzip = ["model.parameters.W1", "model.parameters.W2[1]"]\n'
    cases = read_cases("a.toml", TOML + swept)
    assert [case.name for case in cases] == ["a.toml[W1=4-2,W2[1]=4]", "a.toml[W1=5-2,W2[1]=5]"]
    assert [case.model.options.parameters for case in cases] == [(("W1", (h, 2)), ("W2", (2, h))) for h in (4, 5)]
    with pytest.raises(SpecError, match="model.widths.a"):
        read_cases("a.toml", TOML + '[sweep]\n"model.widths.a" = [1]\n')


def test_the_architecture_may_be_named_too():
    assert read_spec("a.toml", TOML).model == read_spec("a.toml", TOML.replace("[model]\n", '[model]\narchitecture = "network"\n')).model


# --- Python functions --------------------------------------------------------------------------------------------------


def test_a_function_gives_the_graph_of_its_text():
    def mine(W1, W2, b, x):
        return W2 @ f.gelu(W1 @ x + b)

    text = traced(mine, NETWORK, "<network>")
    spec = parse_spec({"model": {**NETWORK, "network": text}})
    of_text, of_function = model_of(), spec.model.definition.build(spec.model.options)
    assert to_data(of_text.functional) == to_data(of_function.functional)
    assert spec.model.definition.title(spec.model.options) == "network mine"
    assert parse_spec({"model": spec.model.plain}) == spec


def test_a_function_takes_only_what_it_needs():
    assert '"name":"in Python"' in traced(lambda x, W1: W1 @ x, NETWORK, "")
    traced(lambda **arrays: arrays["W1"] @ arrays["x"], NETWORK, "")
    with pytest.raises(ValueError, match="the network takes y; there are W1, b, W2, x"):
        traced(lambda y: y, NETWORK, "")
    with pytest.raises(ValueError, match="cannot contract"):
        traced(lambda W1, W2: W1 @ W1, NETWORK, "")
    with pytest.raises(SpecError, match="sizes must be positive"):
        traced(lambda x: x, {**NETWORK, "parameters": {"W1": -1}}, "")


def test_graphs_as_data_keep_every_operation():
    x, q = Parameter((4, 4), "x"), Coefficient((4, 4), "q")
    node = f.sum(f.attention(f.rope(x), f.relu(q), x, causal=True))
    node = node + f.sum(f.max_pool2d(x, 2)) + f.sum(f.gelu(x)) + f.sum(f.sqrt(f.square(x) + 2)) + f.sum(f.top_k(x, 2) * q) + f.sum(f.smooth(x) * f.sin(q))
    data = to_data(node, floats=True)
    assert to_data(from_data(data, {"x": x, "q": q}), floats=True) == data
    assert to_text(node, "n").startswith('{"name":"n","nodes":[')


@pytest.mark.parametrize("name", ["network", "phi"])
def test_a_new_spec_has_tables(name):
    from conslaw_cli.models import ARCHITECTURES

    text = new_spec(ARCHITECTURES[name])
    assert "[model.parameters]" in text
    assert read_spec("new.toml", text).model.options.parameters


# --- networks that people write ----------------------------------------------------------------------------------------

WRITTEN = {
    "gated": ("W @ (silu(G @ x) * (V @ x))", {"W": [2, 3], "G": [3, 2], "V": [3, 2]}, {"x": 2}, (2,)),
    "multi-head attention": (
        "a = softmax((x @ Q) @ (x @ K).mT / sqrt(2), axis=-1)\nsum((a @ (x @ V)) @ O, axis=0)",
        {"Q": [2, 4, 2], "K": [2, 4, 2], "V": [2, 4, 2], "O": [2, 2, 4]}, {"x": [3, 4]}, (3, 4),
    ),
    "grouped queries": (
        "sum(attention(rope(x @ Q), rope(x @ K), x @ V, causal=True) @ O, axis=0)",
        {"Q": [2, 3, 2], "K": [3, 2], "V": [3, 2], "O": [2, 2, 3]}, {"x": [4, 3]}, (4, 3),
    ),
    "latent attention": (
        "c = x @ D\nattention(x @ Q, c @ K, c @ V) @ O",
        {"D": [3, 2], "Q": [3, 2], "K": [2, 2], "V": [2, 2], "O": [2, 3]}, {"x": [3, 3]}, (3, 3),
    ),
    "experts, top-2": (
        "g = exp(G @ x)\nm = g * top_k(g, 2)\neinsum('e,eij,j->i', m / sum(m), W, x)",
        {"G": [3, 2], "W": [3, 2, 2]}, {"x": 2}, (2,),
    ),
    "convolutions": (
        "h = max_pool2d(relu(conv2d(x, K, b, padding=1)), 2)\nW @ reshape(h, -1)",
        {"K": [2, 1, 3, 3], "b": 2, "W": [3, 8]}, {"x": [1, 4, 4]}, (3,),
    ),
    "depthwise": ("conv1d(x, K, groups=2)", {"K": [2, 1, 2]}, {"x": [2, 5]}, (2, 4)),
    "linear recurrence": (
        "s = U @ x[0]\ns = W @ s + U @ x[1]\ns = W @ s + U @ x[2]\nC @ s",
        {"U": [2, 2], "W": [2, 2], "C": [1, 2]}, {"x": [3, 2]}, (1,),
    ),
    "gated recurrent unit": (
        "h = tanh(W @ x[0])\nz = sigmoid(Wz @ x[1] + Uz @ h)\nr = sigmoid(Wr @ x[1] + Ur @ h)\nn = tanh(W @ x[1] + r * (U @ h))\nC @ ((1 - z) * n + z * h)",
        {"W": [2, 2], "U": [2, 2], "Wz": [2, 2], "Uz": [2, 2], "Wr": [2, 2], "Ur": [2, 2], "C": [1, 2]}, {"x": [2, 2]}, (1,),
    ),
    "diagonal state space": ("s = B @ x[0]\ns = a * s + B @ x[1]\nC @ s", {"a": 3, "B": [3, 2], "C": [2, 3]}, {"x": [2, 2]}, (2,)),
    "graph attention": (
        "h = x @ W\ne = leaky_relu((h @ u)[:, None] + (h @ v)[None, :], 0.2)\nsoftmax(e, axis=1) @ h",
        {"W": [2, 3], "u": 3, "v": 3}, {"x": [4, 2]}, (4, 3),
    ),
    "low-rank adapter": ("(W0 + B @ A) @ x", {"B": [3, 2], "A": [2, 3], "W0": [3, 3]}, {"x": 3}, (3,)),
    "weight norm": ("(g * V / sqrt(sum(V**2, axis=1, keepdims=True))) @ x", {"g": [3, 1], "V": [3, 2]}, {"x": 2}, (3,)),
    "batch norm": ("batch_norm(x @ W1.T + b, g, s) @ W2.T", {"W1": [3, 2], "b": 3, "g": 3, "s": 3, "W2": [2, 3]}, {"x": [4, 2]}, (4, 2)),
    "transformer block": (
        "n = layer_norm(x, g1)\ny = x + attention(n @ Q, n @ K, n @ V, causal=True) @ O\ny + gelu(layer_norm(y, g2, b2, eps=1e-5) @ W1.T) @ W2.T",
        {"g1": 3, "Q": [3, 2], "K": [3, 2], "V": [3, 2], "O": [2, 3], "g2": 3, "b2": 3, "W1": [2, 3], "W2": [3, 2]}, {"x": [2, 3]}, (2, 3),
    ),
    "language model": ("h = x @ E\n(h + gelu(h @ W1.T) @ W2.T) @ U", {"E": [4, 2], "W1": [2, 2], "W2": [2, 2], "U": [2, 4]}, {"x": {"one-hot": [1, 4]}}, (1, 4)),
    "tensor factorization": ("einsum('ir,jr,kr,i,j,k->', A, B, C, x, y, z)", {"A": [2, 2], "B": [2, 2], "C": [2, 2]}, {"x": 2, "y": 2, "z": 2}, ()),
    "splines": ("u = x[:, None] - [0, 1, 2]\neinsum('oig,ig->o', C, relu(1 - abs(u)))", {"C": [2, 2, 3]}, {"x": 2}, (2,)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_networks_that_people_write(name):
    text, parameters, inputs, shape = WRITTEN[name]
    spec = parse_spec({"model": {"network": text, "parameters": parameters, "inputs": inputs}})
    model = spec.model.definition.build(spec.model.options)
    assert model.output.shape == shape and not model.notes
    assert len(model.program.gradients) == len(parameters)


def test_analyze_takes_functions_and_texts():
    sizes = {"parameters": {"W1": (3, 2), "W2": (2, 3)}, "inputs": {"x": 2}}
    reports = [analyze(network=network, **sizes) for network in ("W2 @ relu(W1 @ x)", lambda W1, W2, x: W2 @ f.relu(W1 @ x))]
    assert [(report.trace.dimension, report.laws.independent) for report in reports] == [(9, 3)] * 2
    model = reports[0].to_dict()["model"]
    assert (model["architecture"], model["parameters"], model["shapes"]) == ("network", 12, {"W1": [3, 2], "W2": [2, 3]})
    assert analyze(network="W2 @ W1 @ x", **sizes, dynamics="momentum", metric="euclidean").laws.independent == 3
    with pytest.raises(TypeError, match="a spec or a network"):
        analyze()

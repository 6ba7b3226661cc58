"""Bad input for networks of one's own: one clear line for each problem and exit code 2; sizes beyond the engine end with 3."""

from __future__ import annotations

import time

import pytest

from conslaw_cli import analyze
from conslaw_cli.cli import _run

PARAMETERS = "W1 = [3, 2]\nW2 = [2, 3]"


@pytest.fixture
def report(tmp_path, capsys):
    def run(network, parameters=PARAMETERS, inputs="x = 2", more="", constants=""):
        path = tmp_path / "spec.toml"
        tables = f"[model.parameters]\n{parameters}\n[model.inputs]\n{inputs}\n[model.constants]\n{constants}\n"
        path.write_text(f"[model]\nnetwork = '''\n{network}\n'''\n{more}\n{tables}", encoding="utf-8")
        code = _run(["report", str(path)])
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def refused(report):
    def run(network, **tables):
        code, out, err = report(network, **tables)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        return err

    return run


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("W2 @ W2 @ x", "line 1, column 1: W2 @ W2: (2, 3) @ (2, 3) do not match"),
        ("a = W1 @ x\nW2 @ (a + x)", "line 2, column 7: a + x: (3,) + (2,) do not match"),
        ("reshape(W1 @ x, (2, 2))", "cannot reshape (3,) to (2, 2)"),
        ("conv1d(x, W1)", "x (2,) and the weight (3, 2)"),
        ("softmax(W1 @ x, axis=3)", "there is no axis 3 in (3,)"),
        ("(W1 @ x)[7]", "index 7 is out of bounds"),
        ("top_k(W1 @ x, 9)", "k is 9"),
    ],
)
def test_shapes_that_do_not_match(refused, network, said):
    assert said in refused(network)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("W2 @ relu(W3 @ x)", 'unknown name W3; did you mean "W2"?'),
        ("W2 @ rellu(W1 @ x)", 'unknown function rellu; did you mean "relu"?'),
        ("softmax(W1 @ x, axs=0)", 'softmax takes no axs=; did you mean "axis"?'),
    ],
)
def test_unknown_names(refused, network, said):
    assert said in refused(network)


def test_what_is_not_used(report, refused):
    code, out, err = report("W1 @ x")
    assert (code, err) == (0, "") and "W2 is not used: its entries are conserved, one by one" in out
    assert "the network does not depend on x" in refused("W2 @ W1")
    assert "the value depends on no parameter" in refused("x * 2")
    code, out, _ = report("W2 @ W1 @ x", inputs="x = 2\ny = 3")
    assert code == 0 and "the network does not depend on the input y" in out


def test_a_single_number_among_the_parameters(report):
    code, out, _ = report("s * (W1 @ x)", parameters="W1 = [3, 2]\ns = []")
    assert code == 0 and "parameters    7             W₁ 3×2, s\n" in out


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", '"1/0"'])
def test_constants_that_are_not_finite(refused, value):
    assert "[model.constants] c" in refused("W2 @ relu(W1 @ x) + c", constants=f"c = {{ value = [{value}, 1] }}")


@pytest.mark.parametrize("network", ["W1 @ x * 1e400", "W1 @ x / 0", "W1 @ x * log(0)", "W1 @ x * sqrt(-1)", "W1 @ x * 10**10**10"])
def test_numbers_that_are_not_finite(refused, network):
    assert "line 1" in refused(network)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("W2 @ sqrt(W1 @ x)", "line 1, column 6: sqrt(W1 @ x): root of a negative number at theta* (a Gaussian initialization, seed 0), for"),
        ("log(W1) @ x", "log(W1): log of a number that is not positive at theta* (a Gaussian initialization, seed 0); take"),
        ("a = W1 @ x\nlog(exp(a) - 1)", "line 2, column 1: log(exp(a) - 1): log of"),
        ("log(relu(W1 @ x))", "log of a number that is not positive"),
        ("W1 @ x / (W2 - W2)[0, 0]", "division by zero at theta*"),
        ("layer_norm(W1 @ x - W1 @ x)", "division by zero at theta* (a Gaussian initialization, seed 0), for 64 of 64"),
        ("exp(exp(exp(W1 @ x + 100)))", "a value that is not finite"),
        ("W2 @ sqrt((W1 @ x)**2)", "line 1, column 6: sqrt((W1 @ x)**2): root of a square"),
        ("sqrt(3 * W1[0, 0]**2 * x[0]**2)", "root of a square"),
        ("W2[:, :1] @ rms_norm((W1 @ x)[:1])", "a norm over one entry"),
        ("W2[:, :2] @ layer_norm((W1 @ x)[:2])", "a layer norm over two"),
        ("rms_norm(W1 @ x) * layer_norm((W1 @ x)[:2])[0]", "column 20: layer_norm((W1 @ x)[:2]): root of a square"),
    ],
)
def test_functions_outside_their_domain(refused, network, said):
    assert said in refused(network)


@pytest.mark.parametrize("network", [pytest.param("W2 @ rms_norm(relu(W1 @ x))", marks=pytest.mark.heavy), "log_softmax(W1 @ x)", "W1 @ log(x**2)", "sqrt(exp(W1 @ x))", "softplus(W1 @ x)", "rms_norm(rms_norm(W1 @ x))", "sqrt(1 + (W1 @ x)**2)", "W2[:, :2] @ layer_norm((W1 @ x)[:2], eps=1)"])
def test_functions_inside_their_domain(report, network):
    assert report(network)[0] == 0


@pytest.mark.parametrize(
    "network",
    [
        '__import__("os").system("id")', "import os", "W1.shape @ x", "x.__class__", "W1.sum() * x", "[w @ x for w in W1]",
        "sum(w for w in W1)", 'W2 @ "a"', 'f"{W1}" + x', "(lambda z: W1 @ z)(x)", "(y := W1 @ x)", "W1 @ x if x else x",
        "W1 @ x > 0", "def f(x):\n  return x\nf(x)", "for i in x:\n  pass", "", "# nothing", "W2 @ relu(W1 @ x", "exec(W1)", "open(x)",
        "W1 @ x; W1 @ x", "del W1", "W1 = W2\nW1 @ x", "print(W1 @ x)", "(W1 @ x).__getattribute__(x)", "globals()", "W1 @ x\\\n",
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused(report, network):
    code, out, err = report(network)
    assert code in (0, 2) and "internal" not in err and (code == 2) == (len(err.splitlines()) == 1)
    assert code == 2 or network == "W1 @ x\\\n"


@pytest.mark.parametrize(
    "tables",
    [
        {"parameters": "W1 = [-1, 2]"}, {"parameters": "W1 = [0, 2]"}, {"parameters": "W1 = [1.5, 2]"}, {"parameters": 'W1 = "3"'},
        {"parameters": 'W1 = [3, 2]\n"W 2" = [2, 2]'}, {"parameters": "W1 = [3, 2]\nlambda = 2"}, {"parameters": "W1 = [3, 2]\nrelu = 2"},
        {"parameters": "W1 = [3, 2]\nx = 2"}, {"more": 'loss = "mse"'}, {"inputs": "x = { onehot = 2 }"}, {"parameters": ""},
        {"inputs": "x = []", "more": 'loss = "cross-entropy"', "parameters": "W1 = []"},
    ],
)  # fmt: skip
def test_tables_that_cannot_be_used(refused, tables):
    refused("W1 @ x" if "[]" not in tables.get("parameters", "") else "W1 * x", **tables)


@pytest.mark.parametrize("network", ["W1 @ x" + " + W1 @ x" * 100_000, "(" * 300_000 + "x" + ")" * 300_000, "x" * 1_000_000])
def test_a_million_characters_end_quickly(refused, network):
    start = time.monotonic()
    assert "spec.toml" in refused(network)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("W1 = [1000000, 1000]\nW2 = [2, 1000000]", "1002000000 parameters, the engine holds 20000000"),
        ("W1 = [12000, 1000]\nW2 = [2, 12000]", "has more than 10,000,000 entries"),
        ("W1 = [3000, 20]\nW2 = [2, 3000]", "66000 coordinates, the engine holds 20000"),
    ],
)
def test_sizes_beyond_the_engine(report, parameters, said):
    code, out, err = report("W2 @ gelu(W1 @ x)", parameters=parameters, inputs=f"x = {20 if '20]' in parameters else 1000}")
    assert (code, err) == (3, "") and said in out and "undecided" in out


def test_parameters_that_phi_does_not_use_are_a_part_without_fields():
    found = analyze({"model": {"phi": "a * b", "parameters": {"a": [], "b": [], "c": [2]}}}).to_dict()
    assert (found["laws"]["independent"], found["status"]) == (3, "proved")
    assert found["notes"] == ["c is not used: its entries are conserved, one by one"]

"""Exported functions against the laws at exact points (exactlaws.py); what a file may contain; and what is said of what cannot be."""

from __future__ import annotations

import ast
import subprocess
import sys
from fractions import Fraction
from functools import cache
from inspect import signature

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from exactlaws import drawn, exact, sympified
from helpers import FAST_SPECS, ZOO_SAMPLE, quick_paths
from test_model_specs import FOLDER, SPECS, ZOO

from conslaw_cli import analyze
from conslaw_cli.cli import group
from conslaw_cli.cli.exits import Exit
from conslaw_cli.evaluation import graphs
from conslaw_cli.exporting.formats import FORMATS, export_laws
from conslaw_cli.exporting.indexing import subscript
from conslaw_cli.exporting.pieces import Piece, added, inverted, multiplied, powered, written
from conslaw_cli.reporting import report_of
from conslaw_cli.spec import read_cases

SMALL = [path for path in SPECS if path.stem != "relu_mnist"]
SAMPLE = [path for path in ZOO if path.stem in ZOO_SAMPLE]
CASES = quick_paths([*SMALL, *SAMPLE], (*FAST_SPECS, "attention", "conv1d_max_pool", "exp_bias"))
VALUE, TIME = Fraction(7, 10), Fraction(13, 10)
GIVEN = ("arrays", "velocities", "t")
SHOWN = 20
"""Laws of a family that are compared."""


def functions(found, to):
    """What an exported file defines."""
    defined = {}
    exec(compile(export_laws(found, to, "conslaw export").text, f"<{to}>", "exec"), defined)
    return defined


def library(name):
    """The module, where it is installed; JAX in double precision."""
    module = pytest.importorskip(name)
    if name == "jax":
        module.config.update("jax_enable_x64", True)
    return module


def expected(law, arrays, velocities, numbers, start):
    """Exact values of the laws of a graph, those of a form in an order of their own."""
    family, number = law.name.family, law.name.member
    members = [family.members[number]] if number is not None else list(family.members)[:SHOWN]
    return [exact(member, arrays, velocities, numbers, start) for member in members]


def zero(expression):
    found = sp.expand(expression)
    return found == 0 or abs(found.evalf(60)) < 1e-45


def of_numpy(entries):
    return entries.astype(float)


def of_sympy(entries):
    return sp.Array(entries.tolist()) if entries.ndim > 2 else sp.Matrix(entries.tolist()) if entries.ndim == 2 else entries.tolist()


def number_of(to, value):
    return sympified(value) if to == "sympy" else float(value)


def entries_of(value):
    """The entries of a law's value, as floats and as they are."""
    listed = [value] if np.ndim(value) == 0 and not hasattr(value, "tolist") else np.asarray(value.tolist(), dtype=object).ravel().tolist()
    return np.array([float(x) for x in listed]), listed


def check(found, to, array):
    """The exported function against the exact laws."""
    laws = [law for law in graphs.law_graphs(found) if not law.integrals]
    arrays, velocities = drawn(found.model.blocks, 1), drawn(found.model.blocks, 2)
    letters = sorted(frozenset().union(*(law.letters for law in laws)))
    given = {name: array(entries) for name, entries in arrays.items()}, {name: array(entries) for name, entries in velocities.items()}
    function = functions(found, to)["laws"]
    values = function(*given, number_of(to, TIME), **{name: number_of(to, VALUE) for name in signature(function).parameters if name not in GIVEN})
    assert list(values) == [law.key for law in laws]
    for law in laws:
        wanted = expected(law, arrays, velocities, {"t": TIME, **dict.fromkeys(letters, VALUE)}, Fraction(found.dynamics.start or 1))
        compared(law, wanted, *entries_of(values[law.key]), exactly=to == "sympy")


def compared(law, wanted, floats, entries, exactly):
    """Every law is an entry up to a sign; of what has no form the entry in its place."""
    near = np.array([float(value) for value in wanted])
    if not law.name.family.form:
        assert np.allclose(floats[: len(near)], near, rtol=1e-9, atol=1e-9), law.key
        places = range(len(near))
    else:
        distances = np.minimum(*(np.abs(floats[None] + sign * near[:, None]) for sign in (1, -1)))
        places = distances.argmin(axis=1)
        assert np.allclose(distances.min(axis=1), 0, atol=1e-9 * (1 + np.abs(near).max())), law.key
        assert len(set(places.tolist())) == len(near), law.key
    if exactly:
        assert all(zero(entries[place] - value) or zero(entries[place] + value) for place, value in zip(places, wanted)), law.key


@cache
def reports(path):
    """The reports of a spec's cases that have laws."""
    return [found for found in map(report_of, read_cases(str(path))) if found.laws.families]


# --- every architecture, dynamics and metric -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES)
def test_numpy_gives_the_laws(path):
    for found in reports(path):
        check(found, "numpy", of_numpy)


@pytest.mark.parametrize("path", CASES)
def test_sympy_gives_the_laws_exactly(path):
    for found in reports(path):
        check(found, "sympy", of_sympy)


@pytest.mark.heavy
@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_every_network_of_the_zoo_is_exported(path):
    for found in reports(path):
        check(found, "numpy", of_numpy)
        check(found, "sympy", of_sympy)


@pytest.mark.torch
@pytest.mark.parametrize("path", [*SMALL, *ZOO], ids=lambda path: path.stem)
def test_torch_gives_the_laws(path):
    torch = library("torch")
    for found in reports(path):
        check(found, "torch", lambda entries: torch.tensor(entries.astype(float)))


@pytest.mark.parametrize("path", CASES)
def test_jax_gives_the_laws(path):
    jax = library("jax")
    for found in reports(path):
        check(found, "jax", lambda entries: jax.numpy.array(entries.astype(float)))


def test_jax_compiles_the_function():
    jax = library("jax")
    found = analyze({"model": {"architecture": "linear", "widths": [2, 3, 2]}, "dynamics": {"kind": "momentum", "damping": "1/(1+t**3) + sin(t**2)"}})
    laws = functions(found, "jax")["laws"]
    arrays = {name: np.ones(shape) + np.arange(6).reshape(shape) for name, shape in found.model.blocks}
    moving = {name: array[::-1] for name, array in arrays.items()}
    (plain,), (compiled,) = laws(arrays, moving, 1.3).values(), jax.jit(laws)(arrays, moving, 1.3).values()
    assert np.allclose(plain, compiled) and np.abs(plain).max() > 0.1


@pytest.mark.torch
def test_torch_keeps_dtype_and_gradient():
    torch = library("torch")
    arrays = {"W1": torch.ones(3, 2, requires_grad=True), "W2": torch.ones(2, 3)}
    (value,) = functions(spec("linear_matrix"), "torch")["laws"](arrays).values()
    value.sum().backward()
    assert value.dtype == torch.float32 and arrays["W1"].grad.abs().max() > 0


@pytest.mark.parametrize("to", ["numpy", "sympy", pytest.param("torch", marks=pytest.mark.torch), "jax"])
@pytest.mark.parametrize("path", ["phi_gradient_flow", "zoo/kan", pytest.param("zoo/kan_two_layers", marks=pytest.mark.heavy)])
def test_many_laws_are_written_together(path, to, monkeypatch):
    monkeypatch.setattr(graphs, "MOST_ALONE", 0)
    module = library(to)
    arrays = {"torch": lambda x: module.tensor(x.astype(float)), "jax": lambda x: module.numpy.array(x.astype(float))}
    for found in reports(FOLDER / f"{path}.toml"):
        assert "_totals" in export_laws(found, to, "").text
        check(found, to, {"numpy": of_numpy, "sympy": of_sympy}.get(to) or arrays[to])


RATES = ["1/(1+t**3) + sin(t**2)", "2/(t + 1)", "alpha/t", "1/(1 + t**2)", "tanh(t)", "lambda + t", "2**(-t)"]


@pytest.mark.parametrize("to", ["numpy", "sympy", pytest.param("torch", marks=pytest.mark.torch), "jax"])
@pytest.mark.parametrize("rate", RATES)
def test_functions_of_time_are_those_of_the_laws(rate, to):
    """Closed forms and integrals, in one another too (of a factor in an integral, which takes SymPy a minute)."""
    module = library(to)
    if to == "sympy" and "sin" in rate:
        pytest.skip("too slow")
    tables = {"model": {"architecture": "nmf", "widths": [2, 2, 2]}, "metric": {"at": "theta"}, "dynamics": {"kind": "momentum", "damping": rate}}
    found = analyze(tables)
    arrays, velocities = ({name: of_numpy(x) for name, x in drawn(found.model.blocks, seed).items()} for seed in (1, 2))
    letters = dict.fromkeys(found.laws.evaluator().letters, 0.7)
    convert = {"numpy": np.asarray, "sympy": lambda x: x.tolist(), "torch": getattr(module, "tensor", None), "jax": np.asarray}[to]
    given = [{name: convert(array) for name, array in blocks.items()} for blocks in (arrays, velocities)]
    values = functions(found, to)["laws"](*given, 1.3, **letters)
    for key, value in found.laws(arrays, velocities, 1.3, letters).items():
        exported = values[key].evalf() if to == "sympy" else values[key]
        assert np.allclose(np.array(exported.tolist(), dtype=float).ravel(), value, rtol=1e-8), key


def test_sympy_takes_symbols():
    first, second, bias = sp.Matrix(3, 2, sp.symbols("a:6")), sp.Matrix(2, 3, sp.symbols("b:6")), sp.Matrix(sp.symbols("c:3"))
    (value,) = functions(spec("linear_gradient_flow"), "sympy")["laws"]({"W1": first, "W2": second}).values()
    assert value == second.T * second - first * first.T
    (value,) = functions(spec("relu_gradient_flow"), "sympy")["laws"]({"W1": first, "b1": bias, "W2": second}).values()
    assert value == sp.Matrix([sum(x**2 for x in second[:, k]) - sum(x**2 for x in first[k, :]) - bias[k] ** 2 for k in range(3)])


# --- how the code reads --------------------------------------------------------------------------------------------------


def spec(stem):
    (found,) = reports(FOLDER / f"{stem}.toml")
    return found


READS = [
    ("linear_gradient_flow", "numpy", "W2.T @ W2 - W1 @ W1.T,"),
    ("relu_gradient_flow", "numpy", "(W2**2).sum(0) - (W1**2).sum(1) - b1**2,"),
    ("linear_momentum", "torch", "math.exp(tau * t) * (W2.T @ dW2 - dW2.T @ W2 + W1 @ dW1.T - dW1 @ W1.T)"),
    ("linear_momentum_varying", "jax", "(t + 1) * (W2.T @ dW2 - dW2.T @ W2 + W1 @ dW1.T - dW1 @ W1.T)"),
    ("linear_matrix", "torch", "10 * W2.T @ W1.new_tensor([[6, -1], [-1, 2]]) @ W2 - 11 * W1 @ W1.new_tensor([[3, -1], [-1, 2]]) @ W1.T"),
    ("linear_hyperbolic", "numpy", "np.sqrt(W2**2 + 1).sum(0) - np.sqrt(W1**2 + 1).sum(1)"),
    ("nmf_momentum_at_theta", "numpy", "U.sum(0) - V.sum(1) + (dU.sum(0) - dV.sum(1)) / tau"),
    ("linear_mixed_powers", "numpy", "3 * W3[0, 1] / W2[1, 0] + W3[0, 1]**3 - 3 * W3[0, 0] / W2[0, 0] - W3[0, 0]**3"),
    ("linear_travel_times", "numpy", "x1 = np.log(W1[:, 0] / W2[0, :]) / (W2[0, :] - W1[:, 0])"),
    ("relu_mirror_momentum", "numpy", "(dW1 / (tau * W1 + dW1)).sum(1)"),
]  # fmt: skip


@pytest.mark.parametrize("stem, to, line", READS)
def test_code_reads_as_by_hand(stem, to, line):
    assert line in export_laws(spec(stem), to, "").text


def test_the_header_says_where_the_laws_are_from():
    found = spec("linear_momentum")
    text = export_laws(found, "numpy", "conslaw export spec.toml --to numpy").text
    document = ast.get_docstring(ast.parse(text))
    for said in ("conslaw export spec.toml --to numpy", found.reproduce.version, found.reproduce.spec_sha256, "24 = 21 + 3   complete, proved", "linear_momentum"):
        assert said in document
    function = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    assert function.name == "laws" and "W1 (3, 2), W2 (2, 3)" in ast.get_docstring(function)


@pytest.mark.parametrize("to", FORMATS)
def test_a_file_says_what_the_report_says_of_its_region(to):
    """Laws of dead units hold where these are dead: the status points to the note, the domain to the region."""
    model = {"network": "W2 @ relu(W1 @ x - 1000)", "parameters": {"W1": [3, 2], "W2": [2, 3]}, "inputs": {"x": [2]}}
    text = " ".join(export_laws(analyze({"model": model}), to, "").text.split())
    assert "exact but for what the note says" in text
    assert "Region: around a Gaussian initialization, seed 0: 1 branch pattern" in text
    assert "Note: no error bound" in text


def test_what_is_not_used_is_not_there():
    text = export_laws(spec("relu_gradient_flow"), "numpy", "").text
    assert [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)] == ["laws", "_checked"]
    assert "import math" not in export_laws(spec("relu_gradient_flow"), "torch", "").text


@pytest.mark.parametrize("path", CASES)
def test_files_pass_ruff(path, tmp_path):
    pytest.importorskip("ruff")
    for number, found in enumerate(reports(path)):
        for to in set(FORMATS) - {"latex"}:
            (tmp_path / f"{to}{number}.py").write_text(export_laws(found, to, "conslaw export").text, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--line-length", "120", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


x, y, z = Piece("x"), Piece("y"), Piece("z")
MINUS = Piece("", factor=Fraction(-1))
SUMS = [
    (added(x, multiplied(MINUS, y)), "x - y"),
    (added(multiplied(MINUS, x), y), "-x + y"),
    (added(x, multiplied(MINUS, added(y, z))), "x - (y + z)"),
    (added(x, added(multiplied(MINUS, y), z)), "x - y + z"),
    (multiplied(added(x, y), z), "(x + y) * z"),
    (multiplied(x, multiplied(y, z)), "x * (y * z)"),
    (multiplied(x, inverted(multiplied(y, z))), "x / (y * z)"),
    (multiplied(inverted(x), inverted(y)), "1 / (x * y)"),
    (multiplied(x, x), "x**2"),
    (multiplied(Piece("", factor=Fraction(2, 3)), added(x, y)), "2 * (x + y) / 3"),
    (multiplied(Piece("", factor=Fraction(-3, 2)), inverted(x)), "-3 / x / 2"),
    (powered(multiplied(MINUS, x), 3), "-x**3"),
    (powered(multiplied(MINUS, added(x, y)), 2), "(x + y)**2"),
    (powered(inverted(x), -2), "x**2"),
    (powered(powered(x, 2), -1), "1 / x**2"),
    (powered(powered(x, 2), 3), "(x**2)**3"),
]


@pytest.mark.parametrize("piece, text", SUMS, ids=[text for _, text in SUMS])
def test_signs_and_brackets(piece, text):
    assert written(piece) == text


@pytest.mark.parametrize(
    "key, text",
    [((0, 1), "0, 1"), ((slice(None), 2), ":, 2"), (slice(1, None), "1:"), ((slice(0, 1), 1), ":1, 1"), (([0, 2],), None), ((slice(None, None, 2),), None)],
)
def test_entries_are_taken_as_by_hand(key, text):
    assert subscript((3, 4), np.arange(12).reshape(3, 4)[key]) == text


# --- names and texts from specs ------------------------------------------------------------------------------------------

HOSTILE = ['a"""b.toml', "a'''\\.toml", 'x\\"""\nimport os\n.toml', "\\N{DIGIT ONE}\\x00\u2028\r.toml", "%\\end{align}\n\\input{x}$.toml", '\\"'] # fmt: skip


@pytest.mark.parametrize("to", sorted(FORMATS))
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_gets_out_of_a_docstring(name, to):
    from msgspec.structs import replace

    found = spec("nmf_momentum_at_theta")
    model = replace(found.model, title=name, domain=name)
    text = export_laws(replace(found, name=name, model=model), to, f"conslaw export {name}").text
    if to == "latex":
        lines = text.splitlines()
        assert sum(line.startswith("%") for line in lines) == 3 and sum("\\end{align}" in line and not line.startswith("%") for line in lines) == 1
        return
    plain = ast.parse(export_laws(found, to, "").text)
    assert [ast.dump(node) for node in ast.parse(text).body[1:]] == [ast.dump(node) for node in plain.body[1:]]


@pytest.mark.parametrize("dynamics", [{"kind": "gradient-flow"}, {"kind": "momentum", "damping": "math"}, {"kind": "weight-decay", "decay": "arrays_"}])
@pytest.mark.parametrize("to, array", [("numpy", of_numpy), ("sympy", of_sympy)])
def test_names_that_something_else_has(to, array, dynamics):
    """Blocks and letters that are called as modules, arguments, helpers or functions of Python's."""
    parameters = {"np": (2, 3), "arrays": (3, 2), "laws": (2, 2), "x1": (2, 3), "print": (3, 2), "velocities": (2, 2), "INDEX_1": (2, 2)}
    found = analyze({"model": {"phi": "laws @ np @ arrays @ velocities @ x1 @ print @ INDEX_1", "parameters": parameters}, "dynamics": dynamics})
    assert found.laws.families
    check(found, to, array)


# --- bad input -----------------------------------------------------------------------------------------------------------

GOOD = {"W1": np.ones((3, 2)), "W2": np.ones((2, 3))}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (({"W1": GOOD["W1"]}, GOOD, 0.0), r"no W2 among the arrays; these laws need one of shape \(2, 3\)"),
        (({**GOOD, "W1": np.ones((2, 3))}, GOOD, 0.0), r"W1 among the arrays has the shape \(2, 3\), not \(3, 2\)"),
        ((GOOD, None, 0.0), "no W1 among the velocities"),
        ((GOOD, GOOD, None), "depend on the time: give t"),
    ],
)
def test_the_function_says_what_is_missing(arguments, message):
    for to in ("numpy", "sympy"):
        with pytest.raises(ValueError, match=message):
            functions(spec("linear_momentum"), to)["laws"](*arguments, tau=0.7)


# --- the command ---------------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(group, list(map(str, arguments)), standalone_mode=False)


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_the_command_writes_the_same_bytes_again(to, tmp_path):
    path = FOLDER / "relu_gradient_flow.toml"
    done = run("export", path, "--to", to)
    assert done.return_value == Exit.OK and not done.stderr
    assert run("export", path, "--to", to, "-o", tmp_path / "laws.py").return_value == Exit.OK
    assert (tmp_path / "laws.py").read_text(encoding="utf-8") == done.stdout
    assert f"conslaw export {path} --to {to}" in done.stdout


def test_nothing_is_written_where_no_law_is_known(tmp_path):
    done = run("export", FOLDER / "relu_momentum.toml", "--to", "numpy", "-o", tmp_path / "laws.py")
    assert done.return_value == Exit.UNUSABLE and "nothing to export: no law is conserved" in done.stderr
    assert not list(tmp_path.iterdir())


def test_integrals_are_left_out_and_it_is_said():
    done = run("export", FOLDER / "linear_more_than_balanced.toml", "--to", "numpy")
    assert done.return_value == Exit.OK and "1 law is left out" in done.stderr and "1 law is left out" in done.stdout


def test_laws_that_are_only_known_from_theory_are_exported():
    found = analyze({"model": {"architecture": "relu", "widths": [784, 512, 256, 10], "bias": "hidden"}})
    laws = functions(found, "numpy")["laws"]
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape) for name, shape in found.model.blocks}
    first, second = laws(arrays).values()
    assert np.allclose(first, (arrays["W2"] ** 2).sum(0) - (arrays["W1"] ** 2).sum(1) - arrays["b1"] ** 2) and second.shape == (256,)


def test_a_format_that_there_is_not():
    done = run("export", FOLDER / "relu_gradient_flow.toml", "--to", "matlab")
    assert "numpy" in str(done.exception) and done.exit_code != 0


def test_the_commands_formats_are_those_there_are():
    from conslaw_cli.cli.export import FORMATS as named

    assert set(named) == set(FORMATS)


# --- LaTeX ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES)
def test_latex_is_balanced_and_has_every_law(path):
    for found in reports(path):
        text = export_laws(found, "latex", "conslaw export").text
        body = text[text.index(r"\begin{align}") : text.index(r"\end{align}")]
        assert body.count("{") == body.count("}") and body.count(r"\left(") == body.count(r"\right)")
        lines = sum(1 if family.form else len(family.members) for family in found.laws.families)
        assert body.count(" &= ") == lines and text.count("$H_{") == lines
        for line in body.split(r"\\"):
            assert line.count("{") == line.count("}") and line.count(r"\left(") == line.count(r"\right)")

"""Weights moved along symmetries: the laws get their values, and networks written here in NumPy by hand stay what they are."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import spec
from scipy.linalg import expm

from conslaw_cli.balancing import balance
from conslaw_cli.balancing.errors import BalanceError
from conslaw_cli.balancing.exponential import exponential
from conslaw_cli.balancing.newton import solve
from conslaw_cli.cli import _run
from conslaw_cli.spec import parse_cases
from conslaw_cli.zoofiles import zoo_spec

ROUNDING = 1e-12
REGIONAL = {"model": {"network": "W2 @ relu(W1 @ x)", "parameters": {"W1": [3, 1], "W2": [1, 3]}, "inputs": {"x": 1}}}


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    weights = np.exp(x - x.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def attention(p, x):
    return softmax((x @ p.Q) @ (x @ p.K).T / np.sqrt(2)) @ (x @ p.V) @ p.O


def silu(x):
    return x / (1 + np.exp(-x))


def columns(w):
    return (w**2).sum(0)


def rows(w):
    return (w**2).sum(1)


def zoo(name):
    """The spec of a network of the zoo under gradient flow, as tables."""
    import tomllib

    tables = tomllib.loads(zoo_spec(name))
    return {"model": tables["model"]}


ENTROPY = {"W1": 0, "W2": 1, "b1": 0}
CASES = {
    "linear": (spec("linear", [2, 3, 2]), lambda p, x: p.W2 @ p.W1 @ x[0], lambda p: p.W2.T @ p.W2 - p.W1 @ p.W1.T),
    "linear, biases": (
        spec("linear", [2, 3, 3], "hidden"),
        lambda p, x: p.W2 @ (p.W1 @ x[0] + p.b1),
        lambda p: p.W2.T @ p.W2 - p.W1 @ p.W1.T - np.outer(p.b1, p.b1),
    ),
    "relu": (spec("relu", [2, 4, 2], "all"), lambda p, x: p.W2 @ relu(p.W1 @ x[0] + p.b1) + p.b2, lambda p: columns(p.W2) - rows(p.W1) - p.b1**2),
    "deep relu": (
        spec("relu", [2, 4, 3, 2], "hidden"),
        lambda p, x: p.W3 @ relu(p.W2 @ relu(p.W1 @ x[0] + p.b1) + p.b2),
        lambda p: np.concatenate([columns(p.W2) - rows(p.W1) - p.b1**2, columns(p.W3) - rows(p.W2) - p.b2**2]),
    ),
    "icnn": (spec("icnn", [2, 3, 1], "hidden"), lambda p, x: p.W2 @ relu(p.W1 @ x[0] + p.b1), lambda p: 2 * p.W2.sum(0) - rows(p.W1) - p.b1**2),
    "nmf": (spec("nmf", [4, 2, 3]), lambda p, x: p.U @ p.V, lambda p: p.U.sum(0) - p.V.sum(1)),
    "power": (spec("nmf", [4, 2, 3], metric={"U": "1.5", "V": "1.5"}), lambda p, x: p.U @ p.V, lambda p: (p.U**0.5).sum(0) - (p.V**0.5).sum(1)),
    "logarithm": (spec("nmf", [3, 2, 3], metric={"U": 2, "V": 2}), lambda p, x: p.U @ p.V, lambda p: np.log(p.U).sum(0) - np.log(p.V).sum(1)),
    "weight decay": (
        spec("linear", [2, 3, 2], kind="weight-decay", rate="0.1"),
        lambda p, x: p.W2 @ p.W1 @ x[0],
        lambda p: p.W2.T @ p.W2 - p.W1 @ p.W1.T,
    ),
    "attention": (zoo("attention"), attention, lambda p: np.stack([p.Q.T @ p.Q - p.K.T @ p.K, p.V.T @ p.V - p.O @ p.O.T])),
    "swiglu": (zoo("swiglu"), lambda p, x: p.W @ (silu(p.G @ x[0]) * (p.V @ x[0])), lambda p: rows(p.V) - columns(p.W)),
    "exp_bias": (zoo("exp_bias"), lambda p, x: p.W2 @ np.exp(p.W1 @ x[0] + p.b1) + p.b2, lambda p: 2 * p.b1 - columns(p.W2)),
    "softmax head": (zoo("softmax_head"), lambda p, x: softmax(p.W @ x[0]), lambda p: p.W.sum(0)),
    "more laws without a form than 12": (
        {"model": {"phi": "concatenate([reshape(a * b, (7,)), reshape(c * d, (7,))])", "parameters": {name: [7] for name in "abcd"}}},
        lambda p, x: np.concatenate([p.a * p.b, p.c * p.d]),
        lambda p: np.concatenate([p.a**2 - p.b**2, p.c**2 - p.d**2]),
    ),
}
"""The spec, the network by hand, x being (3, its width), and the laws by hand."""


def weights(tables, seed, positive=True):
    """Random weights for a spec, by block."""
    rng, (parsed, *_) = np.random.default_rng(seed), parse_cases(tables)
    outline = parsed.model.definition.outline(parsed.model.options)
    kept = {name for name, metric in parsed.metric.blocks if metric.positive}
    drawn = {name: rng.normal(size=shape) for name, shape in outline.index_shapes.items()}
    return {name: np.exp(array / 2) if name in kept else array for name, array in drawn.items()}


def inputs(tables, seed):
    model = tables["model"]
    width = np.atleast_1d(model["inputs"]["x"])[-1] if "inputs" in model else (model.get("widths") or [1])[0]
    return np.random.default_rng(seed).normal(size=(3, width))


@pytest.mark.parametrize("name", CASES)
def test_laws_are_zero_and_the_network_is_the_same(name):
    tables, network, laws = CASES[name]
    before, x = weights(tables, 1), inputs(tables, 2)
    found = balance(tables, before)
    then, now = SimpleNamespace(**before), SimpleNamespace(**found.arrays)
    assert np.abs(laws(then)).max() > 0.1
    assert np.abs(laws(now)).max() < ROUNDING * max(np.abs(array).max() for array in before.values()) ** 2
    assert np.abs(network(now, x) - network(then, x)).max() <= ROUNDING * np.abs(network(then, x)).max()
    assert found.table.change < ROUNDING and found.table.distance > 0.01
    assert sum(law.before for law in found.table.laws) > 0.1


@pytest.mark.parametrize("name", ["linear", "deep relu", "nmf", "attention", "exp_bias", "softmax head"])
def test_laws_get_the_values_of_other_weights(name):
    tables, network, laws = CASES[name]
    before, x = weights(tables, 3), inputs(tables, 2)
    other = {key: array * 0.9 + 0.1 * array**2 for key, array in before.items()}
    found = balance(tables, before, to=other)
    then, now, goal = (SimpleNamespace(**arrays) for arrays in (before, found.arrays, other))
    assert np.abs(laws(then) - laws(goal)).max() > 0.01
    assert np.abs(laws(now) - laws(goal)).max() < ROUNDING * 10
    assert np.abs(network(now, x) - network(then, x)).max() <= ROUNDING * np.abs(network(then, x)).max()


def test_balanced_weights_are_the_shortest_of_their_orbit():
    """Kempf and Ness: zero laws are where ||theta|| is least among weights of the same function."""
    tables = CASES["linear"][0]
    found = balance(tables, weights(tables, 1)).arrays
    size = lambda a: sum((array**2).sum() for array in a.values())
    for seed in range(5):
        change = np.eye(3) + 0.1 * np.random.default_rng(seed).normal(size=(3, 3))
        assert size({"W1": change @ found["W1"], "W2": found["W2"] @ np.linalg.inv(change)}) > size(found)


def test_only_some_laws():
    tables, _, laws = CASES["attention"]
    found = balance(tables, weights(tables, 1), laws=["V^T*V - O*O^T"])
    queries, values = laws(SimpleNamespace(**found.arrays))
    assert np.abs(values).max() < ROUNDING and np.abs(queries).max() > 0.1
    assert found.arrays["Q"].tolist() == weights(tables, 1)["Q"].tolist()


def test_balanced_weights_stay_where_they_are():
    tables = CASES["deep relu"][0]
    once = balance(tables, weights(tables, 1))
    again = balance(tables, once.arrays)
    assert again.table.distance < ROUNDING


def test_scales_far_apart():
    """Neurons rescaled by up to e^10 come back."""
    tables, network, laws = CASES["relu"]
    before, x = weights(tables, 1), inputs(tables, 2)
    scale = np.exp([10, -10, 5, 0])
    spread = {**before, "W1": before["W1"] * scale[:, None], "b1": before["b1"] * scale, "W2": before["W2"] / scale}
    found, direct = balance(tables, spread), balance(tables, before)
    for name, array in direct.arrays.items():
        np.testing.assert_allclose(found.arrays[name], array, rtol=1e-9)


def test_weight_decay_balances_the_laws_of_gradient_flow():
    tables = CASES["weight decay"][0]
    flow = {**tables, "dynamics": {"kind": "gradient-flow"}}
    np.testing.assert_allclose(balance(tables, weights(tables, 1)).arrays["W1"], balance(flow, weights(tables, 1)).arrays["W1"], rtol=1e-9)


REFUSED = {
    "momentum": (spec("linear", [2, 3, 2], kind="momentum", rate="tau"), (), "involve velocities"),
    "fields": ({"model": {"fields": ["[x[1], -x[0]]"], "parameters": {"x": [2]}}}, (), "no network"),
    "a misspelled law": (spec("linear", [2, 3, 2]), ["W2^T*W2 - W1*W1"], 'did you mean "W2^T*W2 - W1*W1^T"'),
    "no law": (zoo("smooth"), (), "lists no law, so there is nothing to balance: there is none"),
    "laws of one sign": (zoo("batch_norm"), ["sum(W1[k,:]^2)"], "one sign, so no weights but zero ones"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_balanced_is_refused(name):
    tables, laws, said = REFUSED[name]
    with pytest.raises(BalanceError, match=said.replace("^", r"\^").replace("*", r"\*")) as raised:
        balance(tables, weights(tables, 1), laws=laws)
    assert "\n" not in str(raised.value)


def test_laws_of_a_region_are_left_out_and_refused_by_name():
    """Bias-free relu 1-3-1: neurons that are active for the same inputs can be mixed, which no relu allows for other signs."""
    table = balance(REGIONAL, weights(REGIONAL, 1)).table
    assert [law.key for law in table.laws] == [f"W1_{k}_1**2 - W2_1_{k}**2" for k in (1, 2, 3)]
    ((key, why),) = table.skipped
    assert "the branches around theta* only" in why
    with pytest.raises(BalanceError, match="the branches around theta"):
        balance(REGIONAL, weights(REGIONAL, 1), laws=[key])


def test_laws_of_one_sign_are_moved_to_other_values_only():
    """The norms of weights before a normalisation: free to choose, but not zero."""
    tables = zoo("batch_norm")
    table = balance(tables, weights(tables, 1)).table
    assert [law.key for law in table.laws] == ["b[k]"] and [key for key, _ in table.skipped] == ["sum(W1[k,:]^2)"]
    found = balance(tables, weights(tables, 1), to=weights(tables, 2)).arrays
    np.testing.assert_allclose(rows(found["W1"]), rows(weights(tables, 2)["W1"]), rtol=ROUNDING)
    assert np.abs(found["b"] - weights(tables, 2)["b"]).max() < ROUNDING


def test_laws_without_a_linear_symmetry_are_left_out():
    """Under different powers the laws of two layers between them are no quadratic form."""
    tables = spec("linear", [1, 2, 1], metric={"W1": 1, "W2": 1})
    found = balance(tables, weights(tables, 1))
    assert all("not linear" in why for _, why in found.table.skipped) and found.table.skipped


@pytest.mark.parametrize("side", ["W1", "W2"])
def test_a_dead_neuron_is_named(side):
    tables = spec("relu", [2, 3, 2])
    dead = weights(tables, 1)
    dead[side] = dead[side] * (np.array([1, 0, 1])[:, None] if side == "W1" else np.array([1, 0, 1]))
    with pytest.raises(BalanceError, match=r"at k = 2 cannot be brought to 0: .* dead neuron"):
        balance(tables, dead)


def test_dead_directions_of_linear_networks():
    """With 3 inputs and 2 outputs one direction of the hidden layer has no effect: its weights would have to shrink forever."""
    tables = spec("linear", [3, 3, 2])
    with pytest.raises(BalanceError, match="nearer and nearer"):
        balance(tables, weights(tables, 1))


def test_signs_are_needed_and_kept():
    tables = CASES["nmf"][0]
    assert all((array > 0).all() for array in balance(tables, weights(tables, 1)).arrays.values())
    with pytest.raises(BalanceError, match="U has entries that are not positive"):
        balance(tables, {**weights(tables, 1), "U": -weights(tables, 1)["U"]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"W1": np.zeros((2, 2))}, r"W1 has the shape \(2, 2\), not \(3, 2\)"),
        ({"W1": np.full((3, 2), np.nan)}, "not finite"),
        ({"W1": np.ones((3, 2), dtype=int)}, "int64"),
    ],
)
def test_weights_that_do_not_fit(change, said):
    tables = spec("linear", [2, 3, 2])
    with pytest.raises(BalanceError, match=said):
        balance(tables, {**weights(tables, 1), **change})


def test_an_output_that_changes_is_refused(monkeypatch):
    """Whatever the mathematics says: the output is compared."""
    from conslaw_cli.balancing import balance as module

    moved = module.move
    monkeypatch.setattr(module, "move", lambda *given: module.Moved(1.001 * moved(*given).theta, 1))
    with pytest.raises(BalanceError, match="output would be other by .* more than rounding"):
        balance(spec("relu", [2, 3, 2]), weights(spec("relu", [2, 3, 2]), 1))


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_exponentials(scale):
    rng = np.random.default_rng(0)
    matrix, shift, start = scale * rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=5)
    whole = expm(np.block([[matrix, shift[:, None]], [np.zeros((1, 6))]]))
    expected = (whole @ [*start, 1])[:5]
    found = exponential(lambda theta: matrix @ theta + shift, start, [slice(0, 2), slice(2, 5)])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_steps_that_are_too_long_are_no_numbers():
    assert np.isnan(exponential(lambda theta: 1000 * theta, np.ones(2), [slice(0, 2)])).all()


def test_shifts_of_zero():
    found = exponential(lambda theta: np.ones(3) + 0 * theta, np.zeros(3), [slice(0, 3)])
    assert found.tolist() == [1, 1, 1]


def test_conjugate_gradients_solve_singular_systems():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 4))
    matrix = root @ root.T
    right = matrix @ rng.normal(size=6)
    found = solve(lambda x: matrix @ x, right, np.ones(6), 1e-12)
    np.testing.assert_allclose(matrix @ found, right, rtol=1e-9)


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """conslaw balance in a folder with the spec of a linear network 3 → 4 → 3."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text('[model]\narchitecture = "linear"\nwidths = [3, 4, 3]\n')

    def command(*arguments):
        code = _run(["balance", "spec.toml", *arguments])
        return (code, *capsys.readouterr())

    return command


def drawn(dtype=float):
    rng = np.random.default_rng(5)
    return {"W1": rng.normal(size=(4, 3)).astype(dtype), "W2": rng.normal(size=(3, 4)).astype(dtype)}


def off(w1, w2):
    w1, w2 = np.asarray(w1, dtype=float), np.asarray(w2, dtype=float)
    return np.linalg.norm(w2.T @ w2 - w1 @ w1.T)


def test_npz_keeps_everything_else(run):
    arrays = {**drawn(), "epoch": np.array(7), "fortran": np.asfortranarray(np.ones((2, 3)))}
    np.savez_compressed("in.npz", **arrays)
    code, out, err = run("in.npz", "-o", "out.npz")
    assert (code, err) == (0, "") and "W₂ᵀW₂ − W₁W₁ᵀ  symmetric 4×4" in out and "rounding" in out
    with np.load("out.npz") as found:
        assert found.files == list(arrays) and found["epoch"] == 7 and found["fortran"].flags.f_contiguous
        assert off(found["W1"], found["W2"]) < ROUNDING < off(arrays["W1"], arrays["W2"])
        np.testing.assert_allclose(found["W2"] @ found["W1"], arrays["W2"] @ arrays["W1"], atol=ROUNDING)


def test_parts_and_transposes_are_written_back_in_place(run):
    rng = np.random.default_rng(5)
    both = rng.normal(size=(3, 9)).astype(np.float32)
    np.savez("in.npz", **{"h.attn": both, "h.proj": rng.normal(size=(2, 6)).astype(np.float32)})
    code, out, err = run("in.npz", "-o", "out.npz", "--map", "W1=-h.attn[:, 2:6].T", "--map", "W2=h.proj.reshape(3, 4)")
    assert (code, err) == (0, "") and "stored        as float32, which changes the output by" in out
    with np.load("out.npz") as found:
        new, proj = found["h.attn"], found["h.proj"]
        assert new.dtype == proj.dtype == np.float32 and proj.shape == (2, 6)
        assert (new[:, :2] == both[:, :2]).all() and (new[:, 6:] == both[:, 6:]).all() and not (new[:, 2:6] == both[:, 2:6]).any()
        assert off(-new[:, 2:6].T, proj.reshape(3, 4)) < 1e-5


@pytest.mark.parametrize("kind", ["float64", "float32", "float16"])
def test_safetensors(run, kind):
    tensors = pytest.importorskip("safetensors.numpy")
    tensors.save_file({**drawn(kind), "step": np.arange(3)}, "in.safetensors", metadata={"format": "pt"})
    code, out, err = run("in.safetensors", "-o", "out.safetensors", "--format", "json")
    found, told = tensors.load_file("out.safetensors"), json.loads(out)
    assert (code, err) == (0, "") and told["types"] == [kind] and told["output"]["change"] < ROUNDING
    assert found["W1"].dtype == kind and found["step"].tolist() == [0, 1, 2]
    assert off(found["W1"], found["W2"]) == pytest.approx(told["laws"][0]["after"], rel=1e-9, abs=1e-14)
    assert told["laws"][0]["after"] < 100 * np.finfo(kind).eps and b'"format":"pt"' in open("out.safetensors", "rb").read(400)


def test_bfloat16_is_rounded_to_the_nearest(run):
    pytest.importorskip("safetensors")
    words = {name: (array.astype("<f4").view("<u4") >> 16).astype("<u2") for name, array in drawn().items()}
    header, content = {}, b""
    for name, array in words.items():
        header[name] = {"dtype": "BF16", "shape": array.shape, "data_offsets": [len(content), len(content) + array.nbytes]}
        content += array.tobytes()
    text = json.dumps(header).encode()
    with open("in.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + content)
    code, out, err = run("in.safetensors", "-o", "out.safetensors")
    assert (code, err) == (0, "") and "as bfloat16" in out
    stored = np.frombuffer(open("out.safetensors", "rb").read()[8 + len(text) :], dtype="<u2")
    read = {name: (array.astype("<u4") << 16).view("<f4").astype(float) for name, array in words.items()}
    exact = np.concatenate([array.ravel() for array in balance(spec("linear", [3, 4, 3]), read).arrays.values()])
    np.testing.assert_allclose((stored.astype("<u4") << 16).view("<f4"), exact, rtol=2.0**-8 * (1 + 1e-6))


def test_values_of_another_checkpoint(run):
    np.savez("in.npz", **drawn())
    np.savez("other.npz", **{name: array + 0.1 for name, array in drawn().items()})
    code, out, err = run("in.npz", "--to", "other.npz", "-o", "out.npz", "--format", "json")
    (law,) = json.loads(out)["laws"]
    assert code == 0 and law["off"] < ROUNDING and law["target"] == pytest.approx(off(*(array + 0.1 for array in drawn().values())))


FAULTS = {
    "no output": (["in.npz"], "Missing option"),
    "another format": (["in.npz", "-o", "out.safetensors"], "name a file that ends in .npz"),
    "its input": (["in.npz", "-o", "in.npz"], "is what is read"),
    "the other input": (["in.npz", "--to", "other.npz", "-o", "other.npz"], "is what is read"),
    "no folder": (["in.npz", "-o", "missing/out.npz"], "cannot be written"),
    "a wrong law": (["in.npz", "-o", "out.npz", "--law", "W2"], "spec.toml: there is no law W2"),
    "no checkpoint": (["missing.npz", "-o", "out.npz"], "missing.npz: no such file"),
    "a wrong shape": (["wrong.npz", "-o", "out.npz"], "wrong.npz: W1 is 2×2 here and 4×3 in the spec"),
    "integers": (["integers.npz", "-o", "out.npz"], "integers.npz: W1 holds int64"),
    "NaN": (["nan.npz", "-o", "out.npz"], "nan.npz: W1 has 1 entry that is not finite"),
    "one array for two blocks": (["in.npz", "-o", "out.npz", "--map", "W1=W2.T[::-1]"], "is another block too"),
    "a pickle": (["state.pt", "-o", "out.pt"], "never loaded"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_input_is_said_in_one_line_and_nothing_is_written(run, name, tmp_path):
    arguments, said = FAULTS[name]
    np.savez("in.npz", **drawn())
    np.savez("other.npz", **drawn())
    np.savez("wrong.npz", **{**drawn(), "W1": np.zeros((2, 2))})
    np.savez("integers.npz", **{**drawn(), "W1": np.ones((4, 3), dtype=int)})
    np.savez("nan.npz", **{**drawn(), "W1": np.where(np.eye(4, 3) * np.arange(3) == 1, np.nan, 1.0)})
    (tmp_path / "state.pt").write_bytes(b"\x80\x02")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    code, out, err = run(*arguments)
    assert (code, out) == (2, "") and said in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_input_is_replaced_by_force(run):
    np.savez("in.npz", **drawn())
    assert run("in.npz", "-o", "in.npz", "--force")[0] == 0
    with np.load("in.npz") as found:
        assert off(found["W1"], found["W2"]) < ROUNDING


def test_help_needs_no_engine():
    code = "import sys, conslaw_cli.cli.balance; sys.exit(any(name in sys.modules for name in ('numpy', 'sympy', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

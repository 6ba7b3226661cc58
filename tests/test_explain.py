"""conslaw explain: the motions that it prints leave the loss as it is, and what it says of counts is what was counted."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from helpers import FAST_SPECS
from msgspec.structs import replace
from scipy.linalg import expm
from test_cli import conslaw  # noqa: F401
from test_only import values_at

from conslaw_cli.explaining.explain import explain
from conslaw_cli.graph.nodes import Coefficient, Generic, topological_order
from conslaw_cli.report import ascii
from conslaw_cli.report.explanation import FieldAction, MatrixAction, SliceAction
from conslaw_cli.report.explanationpage import render
from conslaw_cli.report.options import Options
from conslaw_cli.report.written import unfolded
from conslaw_cli.rings.floats import Floats
from conslaw_cli.spec import parse_spec, read_cases

SPECS = Path(__file__).parent.parent / "model_specs"
PLAIN = [
    "linear_gradient_flow", "linear_momentum", "linear_weight_decay", "linear_entropy", "linear_matrix", "linear_full", "linear_nesterov",
    "linear_hyperbolic", "linear_rational_power", "linear_mixed_powers", "linear_travel_times", "linear_natural_gradient", "linear_deep",
    "linear_momentum_undamped", "linear_overparametrized", "relu_gradient_flow", "relu_deep", "relu_weight_decay", "relu_mirror_momentum",
    "relu_matrix", "icnn_gradient_flow", "nmf_gradient_flow", "nmf_momentum_at_theta", "phi_gradient_flow", "phi_momentum", "network_momentum",
]  # fmt: skip
ZOO = ["conv1d", "tucker", "multi_head", "softmax_head", "rope", "swiglu", "lora_trained", "t5_bias", "attention"]
LEFT, RIGHT = {"left": [[1, "1/2"], ["1/2", 3]]}, {"right": [[2, 1], [1, 3]]}
TABLES = {
    "matrices, momentum": {"model": {"architecture": "linear", "widths": [2, 3, 2]}, "metric": {"W1": RIGHT, "W2": LEFT}, "dynamics": {"kind": "momentum"}},
    "matrix on neurons": {"model": {"architecture": "linear", "widths": [2, 2, 2]}, "metric": {"W1": LEFT}},
    "undamped mirror": {"model": {"architecture": "relu", "widths": [2, 2, 1], "bias": "hidden"}, "metric": {"default": "theta^2"}, "dynamics": {"kind": "momentum", "damping": 0}},
    "entropy at theta": {"model": {"architecture": "linear", "widths": [2, 2, 2]}, "metric": {"default": "entropy", "at": "theta"}, "dynamics": {"kind": "nesterov"}},
    "logarithms": {"model": {"architecture": "linear", "widths": [2, 2, 3]}, "metric": {"default": "theta^2"}, "dynamics": {"kind": "weight-decay"}},
    "degrees 0 and -1": {"model": {"phi": "u[0]*(2*u[1] + 3*u[2])", "parameters": {"u": [3]}}, "metric": {"default": "theta^2"}, "dynamics": {"kind": "weight-decay"}},
    "entropy on one layer": {"model": {"architecture": "linear", "widths": [2, 1, 2, 2]}, "metric": {"W1": "entropy"}},
    "more than rotations": {"model": {"architecture": "linear", "widths": [1, 3, 1]}, "dynamics": {"kind": "momentum"}},
}  # fmt: skip
"""Specs that no file holds."""
ALL = [(name, 0) for name in TABLES] + [(name, 0) for name in PLAIN] + [(f"zoo/{name}", case) for name in ZOO for case in (0, 1)]
FAST = [(name, 0) for name in (*TABLES, *FAST_SPECS, "linear_matrix", "relu_gradient_flow", "zoo/attention", "zoo/softmax_head")]
CASES = [pytest.param(*case, marks=() if case in FAST else pytest.mark.heavy) for case in ALL]


@cache
def explained(name, case=0):
    spec = parse_spec(TABLES[name]) if name in TABLES else read_cases(SPECS / f"{name}.toml")[case]
    return spec, explain(spec)


@cache
def functional(name, case=0):
    """The model's functional as a function of arrays by block, its coefficients and inputs drawn once."""
    spec = explained(name, case)[0]
    model = spec.model.definition.build(spec.model.options)
    rng = np.random.default_rng(5)
    leaves = {node.name: node for node in topological_order(model.functional) if isinstance(node, (Coefficient, Generic))}
    drawn = {key: rng.uniform(0.2, 1.0, (1, *node.shape)) for key, node in leaves.items()}
    shapes = dict(model.blocks)

    def value(arrays):
        parameters = {block: array.reshape(1, *shapes[block]) for block, array in arrays.items()}
        return float(Floats(parameters, drawn, drawn).evaluate(model.functional)[0].item())

    return value


def start(explanation, seed=0):
    """Positive parameters, since some metrics need them."""
    rng = np.random.default_rng(seed)
    return {block: rng.uniform(0.3, 1.3, shape) for block, shape in explanation.report.model.blocks}


def generator(symmetry, rng):
    """X of the symmetry's kind."""
    drawn = rng.normal(size=(symmetry.size, symmetry.size)) / symmetry.size
    number = np.arange(symmetry.size) // (symmetry.size // symmetry.blocks)
    drawn *= number[:, None] == number[None, :]
    return {"symmetric": drawn + drawn.T, "antisymmetric": drawn - drawn.T, "diagonal": np.diag(np.diag(drawn))}[symmetry.generator]


def moved(symmetry, arrays, seed=1):
    """The parameters after the motion, by some amount."""
    rng = np.random.default_rng(seed)
    arrays = {block: array.copy() for block, array in arrays.items()}
    x = generator(symmetry, rng) if symmetry.generator not in ("neuron", "field") else None
    index = {letter: int(rng.integers(1000)) for letter in "klmn"}
    for action in symmetry.actions:
        if isinstance(action, MatrixAction):
            numbers = unfolded(action.ref, np.arange(arrays[action.ref.block].size).reshape(arrays[action.ref.block].shape))
            flat, factor = arrays[action.ref.block].ravel(), expm(float(action.exponent) * x)
            block = flat[numbers]
            flat[numbers] = factor @ block if action.side == "left" else block @ factor
            arrays[action.ref.block] = flat.reshape(arrays[action.ref.block].shape)
        if isinstance(action, SliceAction):
            seen = arrays[action.block].reshape(action.shape or arrays[action.block].shape).copy()
            slots = tuple(slice(None) if slot == ":" else index[slot] % seen.shape[i] if slot.isalpha() else int(slot) - 1 for i, slot in enumerate(action.slots))
            seen[slots] = seen[slots] * 1.3 ** float(action.rate) if action.kind == "scale" else seen[slots] + 0.7 * float(action.rate)
            arrays[action.block] = seen.reshape(arrays[action.block].shape)
    return arrays


def along(symmetry, arrays, size):
    """The parameters a small way along a field."""
    rng = np.random.default_rng(3)
    velocities = {f"d{name}": value for name, value in named(arrays, rng).items()}
    known = named(arrays) | velocities
    found = {block: array.copy() for block, array in arrays.items()}
    for action in symmetry.actions:
        assert isinstance(action, FieldAction)
        found[action.entry.block][tuple(i - 1 for i in action.entry.indices)] += size * values_at(ascii.formula(action.speed), known)
    return found


def named(arrays, rng=None):
    return {
        "_".join([block, *(str(i + 1) for i in place)]): float(array[place] if rng is None else rng.normal())
        for block, array in arrays.items()
        for place in itertools.product(*map(range, array.shape))
    }


def change(name, case, symmetry):
    """How much the loss's functional changes along the motion: relatively, for a field per unit of way."""
    value, arrays = functional(name, case), start(explained(name, case)[1])
    if symmetry.generator == "field":
        return abs(value(along(symmetry, arrays, 1e-4)) - value(along(symmetry, arrays, -1e-4))) / 2e-4
    return abs(value(moved(symmetry, arrays)) - value(arrays)) / (1 + abs(value(arrays)))


def spoiled(symmetry):
    """The same motion with one exponent, rate or velocity too large."""
    first, *others = symmetry.actions
    changed = {
        MatrixAction: lambda: replace(first, exponent=first.exponent + 1),
        SliceAction: lambda: replace(first, rate=first.rate + 1),
        FieldAction: lambda: first,
    }[type(first)]()
    return replace(symmetry, actions=(changed, *(others if not isinstance(first, FieldAction) else ())))


@pytest.mark.parametrize(("name", "case"), CASES)
def test_every_motion_leaves_the_functional_as_it_is(name, case):
    explanation = explained(name, case)[1]
    for found in explanation.explained:
        for symmetry in found.symmetries:
            if found.family.everywhere:
                assert change(name, case, symmetry) < (1e-6 if symmetry.generator == "field" else 1e-11), (found.family.name, symmetry)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_spoiled_motion_does_not(name, case):
    for found in explained(name, case)[1].explained:
        for symmetry in found.symmetries:
            if len(symmetry.actions) > 1:
                assert change(name, case, spoiled(symmetry)) > 1e-4


@pytest.mark.parametrize(("name", "case"), CASES)
def test_every_family_has_its_motion(name, case):
    """Only integrals and times of travel have none in closed form."""
    for found in explained(name, case)[1].explained:
        assert bool(found.symmetries) == (found.why not in ("integral", "travel")), found.why


def test_multiplying_and_dividing_by_a_matrix_is_exact():
    """W2 A and A^-1 W1 have the product of W2 and W1, in rational numbers, for the sides and exponents that are printed."""
    (found,) = explained("linear_gradient_flow")[1].explained
    sides = {action.ref.block: (action.side, action.exponent) for action in found.symmetries[0].actions}
    assert sides == {"W2": ("right", 1), "W1": ("left", -1)}
    a = np.array([[Fraction(2), Fraction(1), 0], [Fraction(1), Fraction(3), Fraction(1)], [0, Fraction(1), Fraction(1)]], dtype=object)
    inverse = np.array([[Fraction(2, 3), Fraction(-1, 3), Fraction(1, 3)], [Fraction(-1, 3), Fraction(2, 3), Fraction(-2, 3)], [Fraction(1, 3), Fraction(-2, 3), Fraction(5, 3)]], dtype=object)  # fmt: skip
    assert (a @ inverse == np.eye(3, dtype=int)).all()
    rng = np.random.default_rng(0)
    w1, w2 = (np.array(rng.integers(-5, 6, shape).tolist(), dtype=object) for shape in ((3, 2), (2, 3)))
    assert ((w2 @ a) @ (inverse @ w1) == w2 @ w1).all()


def test_rotations_turn_the_layers_against_each_other():
    (found,) = explained("linear_momentum")[1].explained
    assert {action.ref.block: (action.side, action.exponent) for action in found.symmetries[0].actions} == {"W2": ("right", -1), "W1": ("left", 1)}
    assert found.why == "rotation"


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("relu_gradient_flow", {"W2": ("scale", 1), "W1": ("scale", -1), "b1": ("scale", -1)}),
        ("icnn_gradient_flow", {"W2": ("scale", 1), "W1": ("scale", -1), "b1": ("scale", -1)}),
        ("linear_rational_power", {"W2": ("scale", 1), "W1": ("scale", -1)}),
        ("nmf_momentum_at_theta", {"U": ("scale", 1), "V": ("scale", -1)}),
        ("zoo/softmax_head", {"W": ("shift", 1)}),
    ],
)
def test_rates_of_scalings_and_shifts(name, rates):
    for found in explained(name)[1].explained:
        assert {action.block: (action.kind, action.rate) for action in found.symmetries[0].actions} == rates


@pytest.mark.parametrize(
    ("name", "case", "counts"),
    [
        ("linear_gradient_flow", 0, [6]),
        ("linear_momentum", 0, [6, 3]),
        ("linear_weight_decay", 0, [6, 6]),
        ("linear_entropy", 0, [6, 3]),
        ("nmf_momentum_at_theta", 0, [3, 2, 4]),
        ("icnn_momentum", 0, [3, 3, 0]),
        ("icnn_weight_decay", 0, [3, 3, 0]),
        ("linear_natural_gradient", 0, [6, 6, 3]),
        ("zoo/softmax_head", 1, [2, 4]),
        ("linear_overparametrized", 0, [18, 21]),
    ],
)
def test_counts_are_those_of_the_reports_and_a_gain_is_called_one(name, case, counts):
    explanation = explained(name, case)[1]
    assert [stage.laws.independent for stage in explanation.stages] == counts
    page = render([explanation], "text", Options())
    if len(counts) > 1:
        before, after = counts[-2:]
        difference = "as many" if before == after else f"{abs(after - before)} {'more' if after > before else 'fewer'}"
        assert difference in page.split("What is proved")[0]


def test_what_becomes_of_laws_of_gradient_flow():
    assert [fate.affine for fate in explained("zoo/softmax_head", 1)[1].fates] == [True]
    assert [fate.affine for fate in explained("linear_momentum")[1].fates] == [False]
    assert [fate.degrees for fate in explained("icnn_weight_decay")[1].fates] == [(1, 2)]
    assert [fate.degrees for fate in explained("linear_weight_decay")[1].fates] == [(2,)]
    assert explained("linear_gradient_flow")[1].fates == ()


@pytest.mark.parametrize("name", ["linear_weight_decay", "relu_weight_decay", "network_weight_decay"])
def test_a_homogeneous_law_is_kept_with_its_degree(name):
    """exp(p Lambda) h is what the report of the decay lists."""
    explanation = explained(name)[1]
    for fate, found in zip(explanation.fates, explanation.explained, strict=True):
        (degree,) = fate.degrees
        assert found.family.form.time == f"exp({degree}*lamda*t)"


def test_laws_without_a_form_have_each_its_own_fate():
    """log(u[2] u[3]/u[1]) and 2/u[3] - 3/u[2] are both kept: no law mixes the degrees that the family has."""
    explanation = explained("degrees 0 and -1")[1]
    assert sorted((fate.degrees, fate.number, fate.part) for fate in explanation.fates) == [((-1,), 1, True), ((0,), 1, True)]
    assert [stage.laws.independent for stage in explanation.stages[1:]] == [2, 2]
    page = render([explanation], "text", Options())
    assert "further laws, 1 of 2: homogeneous of degree −1, so exp(−Λ) h is a law" in page
    assert "does not keep it" not in page
    assert "does not keep it" in render([explained("icnn_weight_decay")[1]], "text", Options())


def test_motions_that_mix_neurons_are_kept_where_the_metric_is_constant():
    explanation = explained("entropy on one layer")[1]
    assert any(found.why == "product" for found in explanation.explained)
    assert "lose it where M is not constant on a block that moves" in render([explanation], "text", Options())


def test_the_page_says_what_is_proved_and_cites_what_it_lists():
    for name in ("linear_gradient_flow", "linear_momentum", "icnn_weight_decay"):
        page = render([explained(name)[1]], "text", Options())
        assert "complete, proved" in page
        assert "is argued, not computed" in page
        body, references = page.split("References")
        cited = {mark for found in re.findall(r"\[([A-Z][A-Za-z]*(?:, [A-Z][A-Za-z]*)*)\]", body) for mark in found.split(", ")}
        assert set(re.findall(r"^  \[(\w+)\]", references, re.MULTILINE)) == cited


def test_other_statements_for_other_cases():
    page = render([explain(parse_spec({"model": {"architecture": "linear", "widths": [784, 512, 10]}}))], "text", Options())
    assert "not verified at this size" in page
    integrals = render([explained("linear_more_than_balanced")[1]], "text", Options())
    assert "Abelian integral" in integrals
    regional = render([explained("zoo/conv1d")[1]], "text", Options())
    assert "The count is that of one region" in regional
    dead = {"network": "W2 @ relu(W1 @ x - 1000)", "parameters": {"W1": [3, 2], "W2": [2, 3]}, "inputs": {"x": [2]}}
    noted = render([explain(parse_spec({"model": dead}))], "text", Options())
    assert "exact but for what the note says" in noted and "Note: no error bound" in noted
    fields = render([explained("fields_rotation")[1]], "text", Options())
    assert "no symmetry of one" in fields
    assert "symmetry  " not in fields


def test_letters_are_no_names_of_blocks():
    page = render([explained("zoo/lora_trained")[1]], "text", Options())
    assert "A → T⁻¹" not in page.replace("T⁻¹A", "") or "A → TA" in page
    assert "with T = exp(sX)" in page


def test_the_command(conslaw):  # noqa: F811
    found = conslaw("explain", str(SPECS / "linear_momentum.toml"))
    assert found.code == 0
    assert "symmetry  W₂ → W₂A⁻¹, W₁ → AW₁  with A = exp(sX), X antisymmetric 3×3" in found.out
    assert "6 laws under gradient flow, 3 under momentum: 3 fewer." in found.out
    markdown = conslaw("explain", "--format", "markdown", str(SPECS / "linear_momentum.toml")).out
    assert "- **symmetry** $`W_2`$ → $`W_2 A^{-1}`$" in markdown.replace("  - ", "- ")
    sweep = conslaw("explain", str(SPECS / "zoo" / "softmax_head.toml"))
    assert sweep.out.count("How many laws") == 2
    assert conslaw("explain", "no_such.toml").code == 2


def test_nothing_but_ascii_where_a_terminal_knows_nothing_else():
    for name in ("linear_momentum", "nmf_momentum_at_theta", "linear_entropy", "icnn_weight_decay", "relu_mirror_momentum", "linear_natural_gradient"):
        page = render([explained(name)[1]], "text", Options(ascii_only=True))
        body = page.split("References")[0]
        assert page.isascii()
        assert "\\u" not in body
        assert "\\x" not in body

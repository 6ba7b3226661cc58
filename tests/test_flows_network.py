"""Cases, points, independence of arguments and aligned families of networks, and the known counts of NETWORKS section 6."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from helpers import quick

from conslaw_cli import analyze
from conslaw_cli.analysis import CASES_SEED
from conslaw_cli.dynamics import build_dynamics
from conslaw_cli.flows.cases import ALONE, cases, real_generics
from conslaw_cli.rings.gaussian import initial_weights, normal
from conslaw_cli.flows.independence import independence
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.aligned import aligned_families
from conslaw_cli.laws.matrices import MatrixExpression
from conslaw_cli.laws.verify import Verdict, verdicts
from conslaw_cli.limits import LIMITS
from conslaw_cli.metrics import EUCLIDEAN
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.stream import Stream
from conslaw_cli.spec import parse_spec

TWO = {"W1": (3, 2), "W2": (2, 3)}
X = {"x": 2}
ATTENTION = {"Q": (3, 2), "K": (3, 2), "V": (3, 2), "O": (2, 3)}


def tables(network, parameters, inputs, kind="gradient-flow", **more):
    shapes = {name: list(shape) if isinstance(shape, tuple) else shape for name, shape in parameters.items()}
    return {"model": {"network": network, "parameters": shapes, "inputs": inputs, **more}, "dynamics": {"kind": kind}}


def flow_of(network, parameters, inputs, kind="gradient-flow", seed=0, **more):
    """The flow of a network, with the cases around a Gaussian initialization."""
    spec = parse_spec(tables(network, parameters, inputs, kind, **more))
    program = spec.model.definition.build(spec.model.options).program
    found = cases(program, initial_weights(program.blocks, seed), real_generics(program), Stream(CASES_SEED))
    return PartFlow(program, (EUCLIDEAN,) * len(program.blocks), build_dynamics(spec.dynamics, False), found)


# --- cases --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_all_patterns_of_three_neurons_in_the_plane_are_found(seed):
    """Three lines through the origin cut the plane into six sectors, by angles of the rows of W1."""
    flow = flow_of("W2 @ relu(W1 @ x)", TWO, X, seed=seed)
    weights = initial_weights(flow.program.blocks, seed)["W1"][0]
    angles = np.sort(np.concatenate([np.arctan2(-weights[:, 0], weights[:, 1]) + turn for turn in (0, np.pi)]) % (2 * np.pi))
    middles = (angles + np.roll(angles, -1) + np.where(np.arange(6) == 5, 2 * np.pi, 0)) / 2
    expected = {tuple(weights @ [np.cos(a), np.sin(a)] > 0) for a in middles}
    (found,) = flow.cases.branches
    assert len(expected) == 6 == flow.cases.number and not flow.cases.exhaustive
    assert {tuple(row > 0.5) for row in found} == expected
    assert (flow.cases.units, flow.cases.dead, flow.cases.always) == (3, 0, 0)


def test_dead_and_linear_units_are_counted():
    """A row of zeros with a bias: its neuron is on, or off, whatever the input."""
    weights = {"W1": [[1, 0], [0, 0], [0, 0]], "b": [0, 1, -1], "W2": [[1, 1, 1], [1, 1, 1]]}
    flow = flow_of("W2 @ relu(W1 @ x + b)", {**TWO, "b": (3,)}, X)
    given = {name: np.array(value, dtype=float)[None] for name, value in weights.items()}
    found = cases(flow.program, given, {}, Stream(CASES_SEED))
    assert (found.number, found.units, found.always, found.dead) == (2, 3, 1, 1)


def test_one_hot_inputs_are_all_looked_at():
    flow = flow_of("(w @ E) @ U", {"E": (4, 2), "U": (2, 3)}, {"w": {"one-hot": [2, 4]}})
    found = {tuple(map(tuple, np.argwhere(w)[:, 1:])) for w in flow.cases.one_hot["w"]}
    assert flow.cases.number == 16 and flow.cases.exhaustive
    assert found == {((a,), (b,)) for a, b in product(range(4), repeat=2)}
    assert (flow.cases.one_hot["w"].sum(-1) == 1).all()


def test_too_many_one_hot_inputs_are_sampled(monkeypatch):
    from dataclasses import replace

    from conslaw_cli.flows import cases as module

    monkeypatch.setattr(module, "LIMITS", replace(LIMITS, case_inputs=40))
    flow = flow_of("(w @ E) @ U", {"E": (4, 2), "U": (2, 3)}, {"w": {"one-hot": [3, 4]}})
    assert 10 < flow.cases.number <= 40 and not flow.cases.exhaustive


def test_programs_without_branches_have_one_case():
    assert flow_of("W2 @ gelu(W1 @ x)", TWO, X).cases is ALONE


def test_same_spec_same_cases():
    first, second = (flow_of("W2 @ reshape(max_pool1d(conv1d(x, C), 3), (2,))", {"C": (2, 1, 2), "W2": (2, 2)}, {"x": [1, 4]}) for _ in range(2))
    assert first.cases.number == second.cases.number > 2
    for a, b in zip(first.cases.branches, second.cases.branches, strict=True):
        assert (a == b).all()


def test_every_case_is_drawn_as_often():
    flow = flow_of("(w @ E) @ U", {"E": (4, 2), "U": (2, 3)}, {"w": {"one-hot": [2, 4]}})
    for start in (0, 16, 160):
        assert sorted(flow.cases.of(np.arange(start, start + 16))) == list(range(16))


def test_normal_numbers_are_normal():
    values = normal(Stream(3), "x", np.arange(4000), (5,))
    assert values.shape == (4000, 5) and abs(values.mean()) < 0.03 and abs(values.std() - 1) < 0.03
    assert (values[100:110] == normal(Stream(3), "x", np.arange(100, 110), (5,))).all()


# --- points at which roots of discrete inputs exist ---------------------------------------------------------------

NORMED = "rms_norm(w @ E + gelu(rms_norm(w @ E) @ W1.T) @ W2.T) @ U.T"
STREAM = {"E": (4, 2), "W1": (2, 2), "W2": (2, 2), "U": (4, 2)}
TOKEN = {"w": {"one-hot": [1, 4]}}


@pytest.mark.parametrize("seed", range(3))
def test_a_point_at_which_all_outputs_of_discrete_inputs_are_defined(seed):
    flow = flow_of(NORMED, STREAM, TOKEN)
    stream = Stream(seed)
    field = flow.field(stream, "prime")
    point = flow.point(field, stream)
    assert point.shape == (24,) and point.all()
    assert (point == flow.point(field, stream)).all()
    shares = flow.generators(field, stream, np.arange(8)).defined(np.repeat(point[None, None], 8, axis=1))
    assert (shares == 1).all()
    squares = [int((row**2).sum()) * (field.p + 1) // 2 % field.p for row in field.integers(point[:8].reshape(4, 2))]
    assert [pow(square, (field.p - 1) // 2, field.p) for square in squares] == [1] * 4, "means of squares of embeddings"


def test_a_point_of_continuous_inputs_has_no_need_to_suit_all():
    flow = flow_of("rms_norm(W1 @ x) @ W2.T", TWO, X)
    stream = Stream(1)
    field = flow.field(stream, "prime")
    point = flow.point(field, stream)
    shares = flow.generators(field, stream, np.arange(16)).defined(np.repeat(point[None, None], 16, axis=1))
    assert (shares == 1).all(), "inputs are drawn until the roots exist"


# --- independence of arguments ------------------------------------------------------------------------------------

INDEPENDENT = {
    "gelu": ("W2 @ gelu(W1 @ x)", TWO, X),
    "softplus": ("W2 @ softplus(W1 @ x)", TWO, X),
    "silu": ("W2 @ silu(W1 @ x)", TWO, X),
    "two functions of one argument": ("W2 @ (exp(W1 @ x) * sin(W1 @ x))", TWO, X),
    "the argument and its negative": ("W2 @ (exp(W1 @ x) + exp(-(W1 @ x)))", TWO, X),
    "attention": ("softmax((x @ Q) @ (x @ K).mT, axis=-1) @ (x @ V) @ O", ATTENTION, {"x": [3, 3]}),
    "of parameters alone": ("exp(a) * x", {"a": (2,)}, X),
    "of tokens": ("gelu(w @ E) @ U", {"E": (3, 2), "U": (2, 3)}, {"w": {"one-hot": [1, 3]}}),
    "no function": ("W2 @ W1 @ x", TWO, X),
}
DEPENDENT = {
    "twice the argument": ("W2 @ (exp(W1 @ x) + exp(2 * (W1 @ x)))", TWO, X, 3),
    "a sum": ("exp(a * x[0]) + exp(b * x[0]) + exp((a + b) * x[0])", {"a": (), "b": ()}, X, 1),
    "one up to a constant": ("exp(a * x) + exp(a * x + 1)", {"a": (2,)}, X, 2),
    "one up to a function of theta": ("exp(a * x) + exp(a * x + b)", {"a": (2,), "b": (2,)}, X, 2),
    "a logarithm of a square": ("log((a * x)**2 + 1) + log(((a * x)**2 + 1)**2)", {"a": (2,)}, X, 2),
    "Phi of twice the argument": ("W2 @ (gelu(W1 @ x) + gelu(2 * (W1 @ x)))", TWO, X, 3),
    "squares that add up": ("W2 @ gelu(rms_norm(W1 @ x))", TWO, X, 1),
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_independent_arguments_are_shown_to_be(name):
    assert independence(flow_of(*INDEPENDENT[name]), Stream(4)).shown


@pytest.mark.parametrize("name", DEPENDENT)
def test_dependent_arguments_are_not_shown_independent(name):
    *network, less = DEPENDENT[name]
    found = independence(flow_of(*network), Stream(4))
    assert found.checked and found.arguments - found.rank == less
    assert not found.shown


@pytest.mark.parametrize("name", ["Phi of twice the argument", "squares that add up"])
@pytest.mark.parametrize("kind", ["gradient-flow", "momentum"])
def test_no_report_on_arguments_that_stay_dependent_says_proved(name, kind):
    """Those of exp alone are written through one another (test_relations.py)."""
    network, parameters, inputs, _ = DEPENDENT[name]
    report = analyze(network=network, parameters=parameters, inputs=inputs, dynamics=kind).to_dict()
    assert report["status"] in ("exact", "undecided") and report["error_bound"] is None
    assert any("independent modulo constants" in note for note in report["notes"])


def test_laws_of_integrals_of_gelu_are_counted_and_not_found():
    """sum_i F(E_ik) - |U_k|^2/2 with F' = gelu/gelu' is conserved for each k, and is no polynomial: counted, not found, not denied."""
    network, parameters, inputs = INDEPENDENT["of tokens"]
    report = analyze(network=network, parameters=parameters, inputs=inputs).to_dict()
    assert (report["status"], report["trace"]["dimension"], report["laws"]["found"]) == ("exact", 10, 0)
    assert int(report["error_bound"].removeprefix("2^-")) >= 40


@pytest.mark.parametrize("name", [name for name in INDEPENDENT if name != "of tokens"])
def test_reports_on_independent_arguments_are_proved(name):
    network, parameters, inputs = INDEPENDENT[name]
    report = analyze(network=network, parameters=parameters, inputs=inputs).to_dict()
    assert (report["status"], report["notes"]) == ("proved", [])


# --- families -----------------------------------------------------------------------------------------------------

HEADS = {name: (2, *shape) for name, shape in {"Q": (3, 2), "K": (3, 2), "V": (3, 2), "O": (2, 3)}.items()}
FAMILIES = {
    "attention": (INDEPENDENT["attention"], {"Q^T*Q - K^T*K", "V^T*V - O*O^T"}, 6),
    "heads": (("sum(softmax((x @ Q) @ (x @ K).mT, axis=-1) @ (x @ V) @ O, axis=0)", HEADS, {"x": [3, 3]}), None, 12),
    "conv": (("W @ reshape(relu(conv1d(x, C)), (6,))", {"C": (2, 2, 2), "W": (2, 6)}, {"x": [2, 4]}), None, 2),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_found(name):
    network, forms, count = FAMILIES[name]
    report = analyze(network=network[0], parameters=network[1], inputs=network[2]).to_dict()
    laws = report["laws"]
    assert (laws["independent"], laws["found"], report["status"]) == (count, count, "proved")
    if forms is not None:
        assert {item["form"] for item in laws["items"]} == forms


def families(flow):
    return [(family, list(family.laws())) for family in aligned_families(flow, Stream(2))]


def test_candidates_of_attention_hold_and_a_planted_wrong_pattern_does_not():
    """Every term of every pattern with the other sign, and every term twice: none of these holds, as no law is a Gram entry alone."""
    flow = flow_of(*INDEPENDENT["attention"])
    found = families(flow)
    assert sum(len(laws) for _, laws in found) >= 6
    for family, laws in found:
        assert set(verdicts(flow, laws)) == {Verdict.HOLDS}
        terms = family.expression.terms
        assert len(terms) > 1
        for which, factor in product(range(len(terms)), (-1, 2)):
            changed = [term if k != which else type(term)(factor * term.coefficient, *list(vars(term).values())[1:]) for k, term in enumerate(terms)]
            planted = MatrixExpression(tuple(changed), family.expression.symmetry)
            wrong = [planted.law(k, l, family.layout) for k, l in family.places]
            assert Verdict.HOLDS not in verdicts(flow, wrong)


def test_no_candidate_where_there_is_no_law():
    assert families(flow_of("W2 @ gelu(W1 @ x)", TWO, X)) == []


# --- known counts -------------------------------------------------------------------------------------------------


def two(activation):
    return f"W2 @ {activation}", TWO, X


def attending(scores="(x @ Q) @ (x @ K).mT", tokens=3, softmax="softmax({}, axis=-1)", **more):
    return f"{softmax.format(scores)} @ (x @ V) @ O", {**ATTENTION, **more}, {"x": [tokens, 3]}


GATED = {"G": (3, 2), "V": (3, 2), "W": (2, 3)}
EXPERTS = {"G": (3, 2), "E": (3, 2, 2)}
KNOWN = {
    "gelu": (two("gelu(W1 @ x)"), 12, 0, 0),
    "tanh": (two("tanh(W1 @ x)"), 12, 0, 0),
    "sigmoid": (two("sigmoid(W1 @ x)"), 12, 0, 0),
    "exp": (two("exp(W1 @ x)"), 12, 0, 0),
    "smooth": (two("smooth(W1 @ x)"), 12, 0, 0),
    "square": (two("(W1 @ x)**2"), 9, 3, 0),
    "cube": (two("(W1 @ x)**3"), 9, 3, 0),
    "relu": (two("relu(W1 @ x)"), 9, 3, 0),
    "leaky relu": (two("leaky_relu(W1 @ x)"), 9, 3, 0),
    "exp with biases": (("W2 @ exp(W1 @ x + b1) + b2", {**TWO, "b1": (3,), "b2": (2,)}, X), 14, 3, None),
    "prelu": (("W2 @ prelu(W1 @ x, a)", {**TWO, "a": (3,)}, X), 12, 3, 0),
    "gated linear": (("W @ ((G @ x) * (V @ x))", GATED, X), 12, 6, 0),
    "gated relu": (("W @ (relu(G @ x) * (V @ x))", GATED, X), 12, 6, 0),
    "gated silu": (("W @ (silu(G @ x) * (V @ x))", GATED, X), 15, 3, 0),
    "attention, 2 tokens": (attending(tokens=2), 18, 6, 2),
    "attention, 1 token": (attending(tokens=1), 9, 15, 25),
    "attention, causal": (("attention(x @ Q, x @ K, x @ V, causal=True) @ O", ATTENTION, {"x": [3, 3]}), 18, 6, 2),
    "attention, query bias": (attending("(x @ Q + bq) @ (x @ K).mT", bq=(2,)), 20, 6, None),
    "attention, key bias": (attending("(x @ Q) @ (x @ K + bk).mT", bk=(2,)), 18, 8, None),
    "attention, rope": (attending("rope(x @ Q) @ rope(x @ K).mT"), 20, 4, 2),
    "attention, rms norm": (attending("rms_norm(x @ Q) @ rms_norm(x @ K).mT"), 19, 5, 2),
    "latent attention": (
        ("softmax((x @ Q) @ (x @ C @ K).mT, axis=-1) @ (x @ C @ V) @ O", {"Q": (3, 2), "C": (3, 2), "K": (2, 2), "V": (2, 2), "O": (2, 3)}, {"x": [3, 3]}),
        17, 9, 3,
    ),
    "layer norm": (("W2 @ gelu(layer_norm(W1 @ x, g))", {**TWO, "g": (3,)}, X), 12, 3, 4),
    "layer norm, relu": (("W2 @ relu(layer_norm(W1 @ x, g))", {**TWO, "g": (3,)}, X), 9, 6, 4),
    "rms norm": (("W2 @ gelu(rms_norm(W1 @ x, g))", {**TWO, "g": (3,)}, X), 14, 1, 0),
    "rms norm, eps": (("W2 @ gelu(rms_norm(W1 @ x, g, eps=1/10))", {**TWO, "g": (3,)}, X), 15, 0, 0),
    "rms norm, relu": (("W2 @ relu(rms_norm(W1 @ x, g))", {**TWO, "g": (3,)}, X), 11, 4, 0),
    "experts, softmax": (("softmax(G @ x) @ (E @ x)", EXPERTS, X), 16, 2, 4),
    "experts, sigmoid": (("sigmoid(G @ x) @ (E @ x)", EXPERTS, X), 18, 0, 0),
    "experts, normalised sigmoid": (("s = sigmoid(G @ x)\n(s / sum(s)) @ (E @ x)", EXPERTS, X), 18, 0, 0),
    "convolution": (("W @ reshape(relu(conv1d(x, C)), (6,))", {"C": (2, 1, 2), "W": (2, 6)}, {"x": [1, 4]}), 14, 2, 0),
    "low rank": (("(W0 + B @ A) @ x", {"A": (2, 3), "B": (3, 2)}, {"x": 3}, {"W0": (3, 3)}), 9, 3, 1),
    "low rank, trained": (("(W0 + B @ A) @ x", {"W0": (3, 3), "A": (2, 3), "B": (3, 2)}, {"x": 3}), 18, 3, 1),
    "linear recurrence": (
        ("s1 = U @ x[0]\ns2 = W @ s1 + U @ x[1]\nC @ (W @ s2 + U @ x[2])", {"U": (2, 2), "W": (2, 2), "C": (1, 2)}, {"x": [3, 2]}), 7, 3, 1,
    ),
    "graph convolution": (("A @ relu(A @ X @ W1) @ W2", {"W1": (2, 3), "W2": (3, 2)}, {"X": [4, 2]}, {"A": (4, 4)}), 9, 3, 0),
}  # fmt: skip


def known_report(case, kind):
    network, parameters, inputs, *constants = case
    return analyze(network=network, parameters=parameters, inputs=inputs, constants=constants[0] if constants else None, dynamics=kind).to_dict()


@pytest.mark.parametrize("name", quick(list(KNOWN)[::2], KNOWN))
def test_known_counts_under_gradient_flow(name):
    case, dimension, count, _ = KNOWN[name]
    found = known_report(case, "gradient-flow")
    assert (found["trace"]["dimension"], found["laws"]["independent"], found["laws"]["found"], found["status"]) == (dimension, count, count, "proved")


MOVING = [name for name, case in KNOWN.items() if case[-1] is not None]


@pytest.mark.parametrize("name", quick(MOVING[::3], MOVING))
def test_known_counts_under_momentum(name):
    case, *_, count = KNOWN[name]
    found = known_report(case, "momentum")
    assert (found["laws"]["independent"], found["laws"]["found"], found["status"]) == (count, count, "proved")


@pytest.mark.parametrize("name", ["relu", "attention, 2 tokens", "exp with biases"])
def test_another_seed_has_the_same_counts_the_same_seed_the_same_bytes(name):
    (network, parameters, inputs), *_ = KNOWN[name]
    one, again, other = (json.dumps(analyze(network=network, parameters=parameters, inputs=inputs, seed=seed).to_dict()) for seed in (0, 0, 99))
    assert one == again != other
    first, second = json.loads(one), json.loads(other)
    assert [first[key] for key in ("status", "trace", "region")] == [second[key] for key in ("status", "trace", "region")]
    assert first["laws"] == second["laws"]

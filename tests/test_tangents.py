"""Laws of networks as identities: forward mode over a tower of named sums, and random residues where it does not decide."""

from fractions import Fraction

import numpy as np
import pytest
from helpers import quick

from conslaw_cli.dynamics import build_dynamics
from conslaw_cli.flows.cases import cases, real_generics
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.graph.functions import COS, EXP, LOG, NORMAL_CDF, SIN, smooth
from conslaw_cli.graph.nodes import ONE_HOT, POSITIVE, TOP, Branch, Coefficient, Parameter, as_node
from conslaw_cli.graph.program import Program
from conslaw_cli.laws import verify
from conslaw_cli.laws.chance import error_bits, refuted
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.search import search
from conslaw_cli.laws.selection import Selection
from conslaw_cli.laws.verify import Verdict, covector, verifications
from conslaw_cli.limits import Limits
from conslaw_cli.metrics import EUCLIDEAN
from conslaw_cli.rings.gaussian import initial_weights
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream
from conslaw_cli.rings.tower import Sample, Tower, quotient
from conslaw_cli.spec import parse_spec

HALF = Fraction(1, 2)


def network(function, parameters, inputs, loss="any"):
    """The program of a function of nodes; sizes by name, ("one-hot", sizes) for rows of one-hot inputs."""
    blocks = {name: Parameter(shape, name) for name, shape in parameters.items()}
    given = {
        name: Coefficient(shape[1], name, ONE_HOT) if shape[0] == ONE_HOT else Coefficient(shape, name)
        for name, shape in inputs.items()
    }
    output = function(**blocks, **given)
    v = Coefficient(output.shape, "v")
    cotangent = v if loss == "any" else v - kept(v) * Fraction(1, v.shape[-1])
    return Program(tuple(parameters.items()), (cotangent * output).sum(range(len(output.shape))), output)


def flow_of(program, kind="gradient-flow", weights=None):
    tables = {"model": {"architecture": "linear", "widths": [2, 2, 2]}, "dynamics": {"kind": kind}}
    dynamics = build_dynamics(parse_spec(tables).dynamics, False)
    found = cases(program, weights or initial_weights(program.blocks, 0), real_generics(program), Stream(0))
    return PartFlow(program, (EUCLIDEAN,) * len(program.blocks), dynamics, found)


def kept(x, axis=-1):
    """The sum over one axis, which stays."""
    shape = list(x.shape)
    shape[axis] = 1
    return x.sum(axis).reshape(tuple(shape))


def relu(x):
    return x * Branch(x.shape, x, POSITIVE)


def gelu(x):
    return x * x.applied(NORMAL_CDF)


def softplus(x):
    return (1 + x.applied(EXP)).applied(LOG)


def softmax(x):
    return x.applied(EXP) / kept(x.applied(EXP))


def rms_norm(x, axis=-1):
    return x * (kept(x**2, axis) * Fraction(1, x.shape[axis])) ** -HALF


def layer_norm(x, axis=-1):
    return rms_norm(x - kept(x, axis) * Fraction(1, x.shape[axis]), axis)


def attention(Q, K, V, O, x, bq=0, bk=0):
    return softmax((x @ Q + bq) @ (x @ K + bk).mT) @ (x @ V) @ O


def rope(x):
    """Pairs of entries rotated by the angle of their row."""
    rows = np.arange(x.shape[0])[:, None]
    angle = as_node(rows)
    c, s = angle.applied(COS), angle.applied(SIN)
    index = rows * 2
    a, b = x.gather(index), x.gather(index + 1)
    return (c * a - s * b).scatter(index, x.shape) + (s * a + c * b).scatter(index + 1, x.shape)


def chosen_expert(G, E, x, count):
    """A mixture of experts, the softmax over the ``count`` largest scores."""
    scores = G @ x
    raised = scores.applied(EXP) * Branch(scores.shape, scores, TOP, count)
    return ((E @ x) * (raised / kept(raised)).reshape((E.shape[0], 1))).sum(0)


def stream(E, A, B, H, w, norm):
    x = w @ E
    x = x + B @ gelu(A @ norm(x))
    return H @ norm(x)


def block(norm):
    def value(Q, K, V, O, A, B, g, h, x):
        y = x + attention(Q, K, V, O, norm(x) * g)
        return y + gelu((norm(y) * h) @ A.T) @ B.T

    return value


def two_layers(activation):
    return lambda A, B, x: B @ activation(A @ x)


MLP, GAIN = {"A": (3, 2), "B": (2, 3)}, {"A": (3, 2), "g": (3,), "B": (2, 3)}
VECTOR, TOKENS = {"x": (2,)}, {"x": (2, 3)}
HEAD = {"Q": (3, 2), "K": (3, 2), "V": (3, 2), "O": (2, 3)}
EMBEDDED = {"E": (4, 2), "A": (2, 2), "B": (2, 2), "H": (4, 2)}
WORD = {"w": (ONE_HOT, (4,))}
EXPERTS = {"G": (3, 2), "E": (3, 2, 2)}
BLOCK = {**HEAD, "A": (2, 3), "B": (3, 2), "g": (3,), "h": (3,)}

# name: network, parameters, inputs, loss, laws under gradient flow and momentum (NETWORKS section 6; None: not looked at)
NETWORKS = {
    "relu": (two_layers(relu), MLP, VECTOR, "any", 3, 0),
    "square": (two_layers(lambda u: u**2), MLP, VECTOR, "any", 3, 0),
    "exp with biases": (lambda A, b, B, x: B @ (A @ x + b).applied(EXP), {**MLP, "b": (3,)}, VECTOR, "any", 3, None),
    "attention": (attention, HEAD, TOKENS, "any", 6, 2),
    "attention with a key bias": (attention, {**HEAD, "bk": (2,)}, TOKENS, "any", 8, None),
    "attention with rope": (
        lambda Q, K, V, O, x: softmax(rope(x @ Q) @ rope(x @ K).mT) @ (x @ V) @ O, HEAD, {"x": (3, 3)}, "any", 4, 2
    ),
    "norms in the scores": (
        lambda Q, K, V, O, x: softmax(rms_norm(x @ Q) @ rms_norm(x @ K).mT) @ (x @ V) @ O, HEAD, TOKENS, "any", 5, 2
    ),
    "rms norm, gain, relu": (lambda A, g, B, x: B @ relu(rms_norm(A @ x) * g), GAIN, VECTOR, "any", 4, 0),
    "rms norm, gain, gelu": (lambda A, g, B, x: B @ gelu(rms_norm(A @ x) * g), GAIN, VECTOR, "any", 1, 0),
    "layer norm, gain, relu": (lambda A, g, B, x: B @ relu(layer_norm(A @ x) * g), GAIN, VECTOR, "any", 6, 4),
    "batch norm": (
        lambda A, b, g, s, B, x: gelu(layer_norm(x @ A.T + b, 0) * g + s) @ B.T,
        {**GAIN, "b": (3,), "s": (3,)}, {"x": (4, 2)}, "any", 6, 6,
    ),
    "experts": (lambda G, E, x: chosen_expert(G, E, x, 3), EXPERTS, VECTOR, "any", 2, 4),
    "two experts": (lambda G, E, x: chosen_expert(G, E, x, 2), EXPERTS, VECTOR, "any", 2, 4),
    "embedding": (lambda **p: stream(**p, norm=lambda u: u), EMBEDDED, WORD, "cross-entropy", 5, 5),
    "embedding, rms norm": (lambda **p: stream(**p, norm=rms_norm), EMBEDDED, WORD, "cross-entropy", 3, None),
    "block, rms norm": (block(rms_norm), BLOCK, TOKENS, "any", 12, None),
    "block, layer norm": (block(layer_norm), BLOCK, TOKENS, "any", 12, None),
}  # fmt: skip
COUNTS = [
    (name, kind, entry[place])
    for name, entry in NETWORKS.items()
    for kind, place in (("gradient-flow", 4), ("momentum", 5))
    if entry[place]
]


SLOW = (
    "attention with rope", "norms in the scores", "layer norm, gain, relu", "batch norm", "embedding, rms norm", "block, rms norm", "block, layer norm"
)  # fmt: skip


def titled(case):
    return f"{case[0]}, {case[1]}"


def searched(flow, most):
    selection = Selection(flow, Stream(0), most)
    search(flow, selection, 0)
    return selection


@pytest.mark.parametrize("case", quick([case for case in COUNTS if case[0] not in SLOW], COUNTS, titled))
def test_laws_of_networks_are_proved_everywhere(case):
    """All of them as identities; spoiled by a square, none."""
    name, kind, count = case
    flow = flow_of(network(*NETWORKS[name][:4]), kind)
    selection = searched(flow, count)
    assert len(selection.kept) == count == selection.everywhere
    assert all(found.proved for found in selection.verifications.values())
    spoiled = [Law(law.polynomial + Polynomial.variable(0, 2)) for law in selection.kept]
    assert {found.verdict for found in verifications(flow, spoiled)} == {Verdict.FAILS}


@pytest.mark.parametrize("name, kind, count", COUNTS[:8], ids=map(titled, COUNTS[:8]))
def test_random_residues_agree(name, kind, count):
    flow = flow_of(network(*NETWORKS[name][:4]), kind)
    laws = searched(flow, count).kept
    spoiled = [Law(law.polynomial + Polynomial.variable(0, 2)) for law in laws]
    assert not any(refuted(flow, [covector(flow, law) for law in laws]))
    assert all(refuted(flow, [covector(flow, law) for law in spoiled]))


# --- laws by hand ----------------------------------------------------------------------------------------------------


def entry(program, name, *index):
    shape = dict(program.blocks)[name]
    start = program.starts[[block for block, _ in program.blocks].index(name)]
    return Polynomial.variable(start + int(np.ravel_multi_index(index, shape)))


def squares(program, name, rows):
    return sum((entry(program, name, *row) ** 2 for row in rows), Polynomial({}))


def balance(program, k, factor=1):
    """||row k of A||^2 - factor ||column k of B||^2."""
    return Law(squares(program, "A", [(k, 0), (k, 1)]) + squares(program, "B", [(0, k), (1, k)]).scaled(-factor))


ACTIVATIONS = {
    "relu": (relu, {1}),
    "square": (lambda u: u**2, {2}),
    "cube": (lambda u: u**3, {3}),
    "abs": (lambda u: (u**2) ** HALF, {1}),
    "gelu": (gelu, set()),
    "softplus": (softplus, set()),
    "exp": (lambda u: u.applied(EXP), set()),
    "smooth": (lambda u: u.applied(smooth(0)), set()),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_balance_holds_for_homogeneous_activations_of_its_degree(name):
    activation, degrees = ACTIVATIONS[name]
    program = network(two_layers(activation), MLP, VECTOR)
    flow = flow_of(program)
    for degree in (1, 2, 3):
        found = verifications(flow, [balance(program, k, degree) for k in range(3)])
        assert {one.holds for one in found} == {degree in degrees}


def test_a_dead_neuron_has_laws_in_its_region_only():
    program = network(lambda A, b, B, x: B @ relu(A @ x + b), {**MLP, "b": (3,)}, VECTOR)
    weights = initial_weights(program.blocks, 0) | {"b": np.array([[-1e6, 0.1, 1e6]])}
    dead, folded = (Law(entry(program, "A", k, 0)) for k in (0, 1))
    first, second = verifications(flow_of(program, weights=weights), [dead, folded])
    assert (first.verdict, first.everywhere, first.proved) == (Verdict.HOLDS, False, True)
    assert second.verdict is Verdict.FAILS
    assert verifications(flow_of(program), [dead])[0].verdict is Verdict.FAILS


def test_the_largest_expert_alone_has_no_gate():
    """With one expert the softmax is 1: a relation of the branches, true in each case."""
    program = network(lambda G, E, x: chosen_expert(G, E, x, 1), EXPERTS, VECTOR)
    found = verifications(flow_of(program), [Law(entry(program, "G", k, j)) for k in range(3) for j in range(2)])
    assert all(one.holds and not one.everywhere for one in found)


def test_discrete_inputs_are_filled_in():
    """(w_1 + w_2) = 1 for one-hot rows: the scale of a norm of w itself moves nothing."""
    program = network(
        lambda E, c, w: (w @ E) * (w.sum(0) * c) ** 0.5 * c**-0.5 + c * (w[0] * w[1]),
        {"E": (2, 2), "c": (1,)},
        {"w": (ONE_HOT, (2,))},
    )
    (found,) = verifications(flow_of(program), [Law(entry(program, "c", 0))])
    assert found.proved and found.everywhere


def test_cross_entropy_and_softmax_relations():
    """The columns' sums of a classifier hold for cotangents that sum to zero, not for all."""
    total = lambda program: Law(sum((entry(program, "H", k, 0) for k in range(3)), Polynomial({})))
    for loss, verdict in (("cross-entropy", Verdict.HOLDS), ("any", Verdict.FAILS)):
        program = network(lambda H, x: H @ x, {"H": (3, 2)}, VECTOR, loss)
        assert verifications(flow_of(program), [total(program)])[0].verdict is verdict
    program = network(lambda H, x: softmax(H @ x), {"H": (3, 2)}, VECTOR)
    assert verifications(flow_of(program), [total(program)])[0].proved


@pytest.mark.parametrize("eps", [0, Fraction(1, 10)])
def test_a_norm_is_homogeneous_without_eps(eps):
    def normed(A, B, x):
        u = A @ x
        return B @ gelu(u * (kept(u**2) + eps) ** -HALF)

    program = network(normed, MLP, VECTOR)
    law = Law(squares(program, "A", [(k, j) for k in range(3) for j in range(2)]))
    assert verifications(flow_of(program), [law])[0].holds == (eps == 0)


# --- chance, and limits ----------------------------------------------------------------------------------------------


def test_random_residues_decide_what_is_too_large(monkeypatch):
    monkeypatch.setattr(verify, "LIMITS", Limits(tangent_terms=0, most_tangent_terms=0))
    program = network(two_layers(lambda u: u**2), MLP, VECTOR)
    flow = flow_of(program)
    found = verifications(flow, [balance(program, 0, 2), balance(program, 0, 1)])
    assert found[0].holds and not found[0].proved and found[0].error_bits >= 100
    assert found[1].verdict is Verdict.FAILS


def test_no_bound_no_verdict(monkeypatch):
    monkeypatch.setattr(verify, "LIMITS", Limits(tangent_terms=0, most_tangent_terms=0))
    program = network(block(rms_norm), BLOCK, TOKENS)
    law = Law(
        squares(program, "A", [(0, j) for j in range(3)]) + squares(program, "B", [(j, 0) for j in range(3)]).scaled(-1)
    )
    assert verifications(flow_of(program), [law])[0].verdict in (Verdict.TOO_LARGE, Verdict.FAILS)


def test_error_bits_of_a_wrong_law_are_zero():
    program = network(two_layers(lambda u: u**2), MLP, VECTOR)
    flow = flow_of(program)
    right, wrong = error_bits(flow, [covector(flow, balance(program, 0, factor)) for factor in (2, 1)])
    assert right >= 100 and wrong == 0


# --- the tower -------------------------------------------------------------------------------------------------------


def test_sums_share_their_variable_with_multiples():
    tower = Tower(3)
    x, y = ((0, 1),), ((1, 1),)
    (first, one), (second, two) = tower.named({x: 1, y: 2}), tower.named({x: -3, y: -6})
    assert first == second and (one, two) == (1, -3)
    assert tower.named({x: 5}) == (x, 5) and tower.named({}) is None


def test_roots_and_reciprocals_of_sums():
    tower = Tower(2)
    x, y = ((0, 1),), ((1, 1),)
    ((number, _),), _ = tower.named({x: 1, y: 1})
    power = lambda e, *m: tuple(sorted([(number, e), *m]))
    assert tower.vanishes({power(-1, (0, 1)): 1, power(-1, (1, 1)): 1, (): -1})
    assert tower.vanishes({power(-HALF, (0, 1)): 1, power(-HALF, (1, 1)): 1, power(HALF): -1})
    assert not tower.vanishes({power(-HALF, (0, 1)): 1, power(-1, (1, 1)): 1, (): -1})
    assert not tower.vanishes({power(-1, (0, 1)): 1, (): -1})


def test_masks_are_idempotent_and_may_be_filled_in():
    tower = Tower(1)
    mask = tower.variable("m", mask=True)
    assert tower.vanishes({((mask, 2),): 1, ((mask, 1),): -1})
    assert not tower.vanishes({((0, 1), (mask, 1)): 1}) and tower.vanishes({((0, 1), (mask, 1)): 1}, {mask: 0})


def test_samples_are_values_of_what_is_named():
    tower = Tower(2)
    x, y = ((0, 1),), ((1, 1),)
    (named, scale) = tower.named({x: 2, y: -3})
    for seed in range(4):
        assert Sample(tower, seed, {}).value({named: scale, x: -2, y: 3}) == 0
        assert Sample(tower, seed, {}).value({named: scale, x: -2}) != 0


def test_quotients():
    x, y, one = ((0, 1),), ((1, 1),), ()
    assert quotient({((0, 2),): 1, ((1, 2),): -1}, {x: 1, y: 1}, 9) == {x: 1, y: -1}
    assert quotient({((0, 2),): 1, ((1, 2),): 1}, {x: 1, y: 1}, 9) is None
    assert quotient({x: 2, one: 2}, {x: 1, one: 1}, 9) == {one: 2}

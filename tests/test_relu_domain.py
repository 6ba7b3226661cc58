"""Where phi stands for a ReLU network with one input, decided exactly on the network itself: every linear piece, in fractions.

On an interval where no neuron changes sign, an output is affine in the input, and its slope and its offset are polynomials in
the parameters. Near a point, the gradients of the losses of all data sets span the gradients of these polynomials, over all
intervals and outputs; the laws of the network there are what the Lie algebra that they generate leaves (THEORY section 2).
"""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from flint import fmpq, fmpq_mat
from helpers import quick, report
from sympy import QQ
from sympy.polys.rings import ring

from conslaw_cli.models.chain import Chain
from conslaw_cli import analyze
from conslaw_cli.models import ARCHITECTURES

INFINITY = Fraction(10**9)
"""Beyond every breakpoint of the networks here; the test of the breakpoints holds them to it."""


def shapes(widths, bias):
    return ARCHITECTURES["relu"].blocks(Chain(tuple(widths), bias))


def layers_of(widths, bias, theta):
    """[(W, b or None)] from all entries in state order, rows of fractions."""
    blocks, values = {}, iter(theta)
    for name, (rows, columns) in shapes(widths, bias):
        blocks[name] = [[next(values) for _ in range(columns)] for _ in range(rows)]
    depth = len(widths) - 1
    return [(blocks[f"W{k}"], blocks.get(f"b{k}")) for k in range(1, depth + 1)]


def preactivation(layer, signal):
    """Affine functions (slope, offset) of the input, one for each neuron."""
    weights, bias = layer
    found = []
    for k, row in enumerate(weights):
        slope = sum(w * s for w, (s, _) in zip(row, signal, strict=True))
        offset = sum(w * o for w, (_, o) in zip(row, signal, strict=True)) + (bias[k][0] if bias else 0)
        found.append((slope, offset))
    return found


def pieces(layers, signal=((Fraction(1), Fraction(0)),), interval=(-INFINITY, INFINITY)):
    """For every interval of inputs where the network is linear: the affine signal into each layer and who is active there."""
    if len(layers) == 1:
        yield [(list(signal), None)]
        return
    before = preactivation(layers[0], signal)
    breaks = sorted({-offset / slope for slope, offset in before if slope})
    assert all(abs(x) < INFINITY for x in breaks)
    ends = [interval[0], *(x for x in breaks if interval[0] < x < interval[1]), interval[1]]
    for left, right in pairwise(ends):
        middle = (left + right) / 2
        active = [slope * middle + offset > 0 for slope, offset in before]
        after = [value if on else (Fraction(0), Fraction(0)) for value, on in zip(before, active, strict=True)]
        for rest in pieces(layers[1:], after, (left, right)):
            yield [(list(signal), active), *rest]


def polynomials(widths, bias, theta):
    """Slope and offset of every output on every interval, as polynomials in the parameters that hold near the point."""
    symbols = ring([f"z{k}" for k in range(len(theta))], QQ)[1:]
    patterns = {tuple(tuple(active) for _, active in piece[:-1]) for piece in pieces(layers_of(widths, bias, theta))}
    layers = layers_of(widths, bias, symbols)
    zero = symbols[0].ring.zero
    found = []
    for pattern in sorted(patterns):
        signal = [(zero + 1, zero)]
        for layer, active in zip(layers, pattern):
            before = preactivation(layer, signal)
            signal = [value if on else (zero, zero) for value, on in zip(before, active, strict=True)]
        found += [part for output in preactivation(layers[-1], signal) for part in output if part]
    return found


def fields_of(functions):
    """Their gradients, as vector fields."""
    return [[function.diff(variable) for variable in function.ring.gens] for function in functions]


def bracket(first, second):
    """DY X - DX Y of polynomial fields X, Y."""
    variables = first[0].ring.gens

    def along(field, component):
        return sum((component.diff(v) * f for v, f in zip(variables, field, strict=True) if f), component.ring.zero)

    return [along(first, y) - along(second, x) for x, y in zip(first, second, strict=True)]


def at(field, theta):
    values = (component(*(QQ(x.numerator, x.denominator) for x in theta)) for component in field)
    return [Fraction(int(value.numerator), int(value.denominator)) for value in values]


def span_of_the_network(widths, bias, theta):
    """Vectors that span the gradients of all losses at a point."""
    return [at(field, theta) for field in fields_of(polynomials(widths, bias, theta))]


def dimension_of_the_lie_algebra(functions, theta, length):
    """A lower bound of the dimension of the trace at a point: that of the brackets of up to some length."""
    generators = fields_of(functions)
    last, vectors = generators, [at(field, theta) for field in generators]
    for _ in range(length - 1):
        last = [bracket(generator, field) for generator in generators for field in last]
        vectors += [at(field, theta) for field in last]
    return rank(vectors)


def rank(rows):
    return fmpq_mat(len(rows), len(rows[0]), [fmpq(x.numerator, x.denominator) for row in rows for x in row]).rank() if rows else 0


def size(widths, bias):
    return sum(rows * columns for _, (rows, columns) in shapes(widths, bias))


def points(widths, bias, number, seed=0):
    """Random points with entries in steps of a hundredth."""
    rng = random.Random(seed)
    return [
        [Fraction(rng.choice([-1, 1]) * rng.randint(10, 300), 100) for _ in range(size(widths, bias))] for _ in range(number)
    ]


# --- a fifth law of a network whose phi has four ---------------------------------------------------------------------

DEEP = ([1, 2, 2, 1], "hidden")
POINT = [Fraction(x, 100) for x in (-126, -100, 87, 95, 65, 32, 226, -123, -76, -101, 88, 27)]
"""W1, b1, W2, b2, W3 in state order."""
NEARBY = [[x + Fraction(random.Random(100 * seed + k).randint(-100, 100), 10**5) for k, x in enumerate(POINT)] for seed in range(2)]


def fifth_law_gradient(theta):
    """The gradient of W1_1 W1_2 + b1_1 b1_2 - W2_11 W2_12 - W2_21 W2_22."""
    w1, w2, b1, b2, a, b, c, d, *others = theta
    return [w2, w1, b2, b1, -b, -a, -d, -c] + [0 * w1] * len(others)


def balances(theta):
    """Gradients of the four laws of phi: for each hidden neuron, squares out minus squares in and of the bias."""
    w1, w2, b1, b2, a, b, c, d, e, f, u, v = (2 * x for x in theta)
    zero = 0 * w1
    return [
        [-w1, zero, -b1, zero, a, zero, c, zero, zero, zero, zero, zero],
        [zero, -w2, zero, -b2, zero, b, zero, d, zero, zero, zero, zero],
        [zero, zero, zero, zero, -a, -b, zero, zero, -e, zero, u, zero],
        [zero, zero, zero, zero, zero, zero, -c, -d, zero, -f, zero, v],
    ]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("theta", quick([NEARBY[0]], [POINT, *NEARBY], lambda theta: "the point" if theta is POINT else "nearby"))
def test_a_deep_network_has_a_fifth_law_on_an_open_set(theta):
    """Five independent laws where phi has four, and brackets leave room for no sixth.

    The polynomials are those of all points nearby, so a law at each of these is a law on an open set.
    """
    functions = polynomials(*DEEP, theta)
    assert functions == polynomials(*DEEP, POINT)
    span = [at(field, theta) for field in fields_of(functions)]
    laws = [*balances(theta), fifth_law_gradient(theta)]
    assert rank(laws) == 5
    assert all(dot(law, vector) == 0 for law in laws for vector in span)
    assert dimension_of_the_lie_algebra(functions, theta, 3) == len(theta) - 5


def test_the_fifth_law_is_an_identity():
    functions = polynomials(*DEEP, POINT)
    variables = functions[0].ring.gens
    for law in [*balances(variables), fifth_law_gradient(variables)]:
        assert all(sum(entry * function.diff(v) for entry, v in zip(law, variables, strict=True)) == 0 for function in functions)


def test_its_neurons_have_distinct_hyperplanes_and_every_path_is_active():
    """What is enough for two weight layers holds at the point, so it is not enough for three."""
    layers = layers_of(*DEEP, POINT)
    (w1, w2), (b1, b2) = ([row[0] for row in block] for block in layers[0])
    assert -b1 / w1 != -b2 / w2
    found = list(pieces(layers))
    seen = {(j, k) for piece in found for j in range(2) for k in range(2) if piece[0][1][j] and piece[1][1][k]}
    assert seen == {(0, 0), (0, 1), (1, 0), (1, 1)}
    entering = {tuple(preactivation(layers[1], piece[1][0])) for piece in found}
    assert all(first[0] * second[1] != first[1] * second[0] for first, second in entering if (first[0], second[0]) != (0, 0))


def test_phi_has_four_laws_there_and_the_report_does_not_say_everywhere():
    found = report("relu", *DEEP)
    assert found["laws"]["independent"] == 4 and found["status"] == "proved"
    assert "some open set, not everywhere" in found["model"]["domain"]
    assert "not everywhere" not in report("relu", [1, 2, 1], "hidden")["model"]["domain"]


def test_elsewhere_the_network_has_the_laws_of_phi_and_nowhere_fewer():
    ranks = [rank(span_of_the_network(*DEEP, theta)) for theta in points(*DEEP, 30)]
    assert max(ranks) == 12 - 4 and ranks.count(12 - 4) > 2


# --- without biases --------------------------------------------------------------------------------------------------

NOWHERE = [[1, 3, 1], [1, 3, 2], [1, 4, 1], [1, 2, 2, 1], [1, 1, 2, 1], [1, 3, 2, 1], [1, 2, 2, 1, 3], [1, 1, 1, 2, 2]]
SOMEWHERE = [[1, 1, 1], [1, 1, 3], [1, 2, 1], [1, 2, 4], [1, 2, 1, 2], [1, 1, 1, 1], [1, 2, 1, 1, 3]]


@pytest.mark.parametrize("widths", quick(NOWHERE[::2], NOWHERE))
def test_phi_is_said_to_stand_for_the_network_nowhere_where_it_does_not(widths):
    found = report("relu", widths)
    assert found["status"] == "proved for phi" and "nowhere" in found["model"]["domain"]
    best = max(rank(span_of_the_network(widths, "none", theta)) for theta in points(widths, "none", 20))
    assert best < found["trace"]["dimension"]


@pytest.mark.parametrize("widths", SOMEWHERE, ids=str)
def test_phi_is_not_said_to_stand_for_the_network_nowhere_where_it_does_somewhere(widths):
    found = report("relu", widths)
    assert found["status"] == "proved" and "nowhere" not in found["model"]["domain"]
    ranks = (rank(span_of_the_network(widths, "none", theta)) for theta in points(widths, "none", 200))
    assert found["trace"]["dimension"] in ranks


@pytest.mark.parametrize(
    ("widths", "kind", "phi", "network"),
    [
        ([1, 3, 1], "gradient-flow", 3, 4),
        ([1, 3, 1], "momentum", 0, 2),
        ([1, 4, 1], "gradient-flow", 4, 7),
        pytest.param([1, 5, 5, 1], "gradient-flow", 10, 22, marks=pytest.mark.heavy),
    ],
)
def test_the_networks_own_count_beside_that_of_phi(widths, kind, phi, network):
    """Laws of a network's own hold for the branches seen, and are no proof."""
    report = analyze({"model": {"architecture": "relu", "widths": widths}, "dynamics": {"kind": kind}})
    assert (report.laws.independent, report.network.laws, report.network.status) == (phi, network, "exact")
    assert f"the network itself, around a Gaussian initialization, seed 0 (2 branch patterns): {network} laws (exact)" in str(report)
    found = report.to_dict()["network"]
    assert (found["laws"], found["region"]["patterns"]) == (network, 2)
    text = analyze({"model": {"network": found["network"], "parameters": dict(report.model.blocks), "inputs": {"x": [1]}}, "dynamics": {"kind": kind}})
    assert text.laws.independent == network


def test_the_own_count_of_an_icnn_keeps_its_signs():
    network = analyze({"model": {"architecture": "icnn", "widths": [2, 3, 4, 1]}}).network
    assert network.laws is not None and "made positive on W2, W3" in network.region.around


def test_where_phi_stands_for_the_network_there_is_no_other_count():
    report = analyze({"model": {"architecture": "relu", "widths": [2, 3, 2]}})
    assert report.network is None and report.to_dict()["network"] is None and "network " not in str(report).partition("\n")[2]


def test_a_large_network_is_not_counted_beside_phi():
    network = analyze({"model": {"architecture": "relu", "widths": [1, 40, 1]}}).network
    assert network.status is None and "80 parameters" in network.note


def test_a_metric_that_fits_no_network_is_told():
    report = analyze({"model": {"architecture": "relu", "widths": [1, 3, 1]}, "metric": {"default": "natural-gradient"}})
    assert report.network is not None and str(report)

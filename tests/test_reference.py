"""The reference by itself reproduces the counts of the papers, before anything is held against it."""

import itertools

import pytest
import sympy as sp
from helpers import quick
from reference import (
    blocks,
    bracket,
    count_laws,
    count_time_free,
    drift_filtration,
    exponent_list,
    extended_filtration,
    phi,
)
from sympy.polys.rings import ring


def two_layer_gradient_flow(n, r, m):
    k = n + m
    return r * (r + 1) // 2 if r <= k else k * (2 * r + 1 - k) // 2


def two_layer_momentum(n, r, m):
    k = n + m
    if n == m == 1:
        return 0 if r == 1 else 2 * (2 * r - 3)
    return r * (r - 1) // 2 if r <= 2 * k else k * (2 * r - 2 * k - 1)


def test_names_and_order_follow_the_contract():
    parameters, _ = phi("relu", [1, 2, 1], "all")
    assert [str(p) for p in parameters] == ["W1_1_1", "W1_2_1", "b1_1", "b1_2", "W2_1_1", "W2_1_2", "b2_1"]
    parameters, _ = phi("nmf", [2, 1, 3])
    assert [str(p) for p in parameters] == ["U_1_1", "U_2_1", "U_3_1", "V_1_1", "V_1_2"]
    assert blocks("linear", [2, 3, 4], "hidden") == [("W1", (3, 2)), ("b1", (3,)), ("W2", (4, 3))]


@pytest.mark.parametrize("bias", ["none", "hidden", "all"])
def test_linear_phi_determines_the_network(bias):
    """g(x) evaluated layer by layer equals the affine map with the coefficients of phi."""
    parameters, components = phi("linear", [2, 3, 1], bias)
    values = {p: sp.Integer(3 * k % 7 - 2) for k, p in enumerate(parameters)}
    named = {str(p): v for p, v in values.items()}
    x = [sp.Integer(5), sp.Integer(-3)]
    hidden = [sum(named[f"W1_{i}_{j}"] * x[j - 1] for j in (1, 2)) + named.get(f"b1_{i}", 0) for i in (1, 2, 3)]
    output = sum(named[f"W2_1_{i}"] * hidden[i - 1] for i in (1, 2, 3)) + named.get("b2_1", 0)
    inputs = [*x, 1] if bias != "none" else x
    assert len(components) == len(inputs)
    assert sum(c.subs(values) * v for c, v in zip(components, inputs, strict=True)) == output


def test_relu_phi_counts_paths():
    assert len(phi("relu", [2, 3, 4, 2], "none")[1]) == 2 * 3 * 4 * 2
    assert len(phi("relu", [2, 3, 4, 2], "hidden")[1]) == 2 * 3 * 4 * 2 + 3 * 4 * 2 + 4 * 2
    assert len(phi("relu", [2, 3, 4, 2], "all")[1]) == 2 * 3 * 4 * 2 + 3 * 4 * 2 + 4 * 2 + 2


def test_default_metrics():
    assert exponent_list("icnn", [1, 1, 1], "all") == [0, 0, 1, 0]
    assert exponent_list("nmf", [1, 1, 2]) == [1, 1, 1]
    assert exponent_list("relu", [1, 1, 1], "none", {"W2": 2}) == [0, 2]


def test_bracket_is_the_commutator_of_derivations():
    """[X, Y] f = X(Y f) - Y(X f), and the bracket of a field with itself vanishes."""
    polynomials, x, y = ring("x, y", sp.ZZ)
    a, b, f = [x * y, y**2], [x**2 + 1, x - y], x**3 * y + x * y**2

    def derive(field, g):
        return field[0] * g.diff(x) + field[1] * g.diff(y)

    assert derive(bracket(a, b), f) == derive(a, derive(b, f)) - derive(b, derive(a, f))
    assert bracket(a, b) != [0, 0]
    assert bracket(a, a) == [polynomials.zero, polynomials.zero]


@pytest.mark.parametrize("n, r, m", [(1, 1, 1), (1, 3, 1), (2, 2, 1), (2, 3, 2), (1, 4, 2), (1, 5, 1), (3, 2, 1)])
def test_linear_two_layers(n, r, m):
    assert count_laws("linear", [m, r, n]) == two_layer_gradient_flow(n, r, m)
    assert count_laws("linear", [m, r, n], kind="momentum") == two_layer_momentum(n, r, m)


def test_momentum_can_have_more_laws_than_gradient_flow():
    assert count_laws("linear", [2, 7, 1]) == 18
    assert count_laws("linear", [2, 7, 1], kind="momentum") == 21


@pytest.mark.parametrize(
    "widths, expected",
    [pytest.param([3, 3, 2, 3], 9, marks=pytest.mark.heavy), ([1, 2, 2, 1], 7)],
)
def test_deep_linear_gradient_flow(widths, expected):
    assert count_laws("linear", widths[::-1]) == expected


def test_deep_linear_momentum():
    assert count_laws("linear", [1, 3, 1, 2], kind="momentum") == 6
    assert count_laws("linear", [2, 3, 1, 3], kind="momentum") == 3


@pytest.mark.parametrize("bias", ["none", "hidden"])
@pytest.mark.parametrize("widths", [[1, 2, 1], [2, 2, 2], [1, 2, 1, 1]])
def test_relu(widths, bias):
    assert count_laws("relu", widths, bias) == sum(widths[1:-1])
    assert count_laws("relu", widths, bias, kind="momentum") == 0


@pytest.mark.parametrize("widths", [[2, 2, 2], [1, 3, 2]])
def test_nmf(widths):
    assert count_laws("nmf", widths) == widths[1]
    assert count_laws("nmf", widths, kind="momentum") == 0


@pytest.mark.parametrize("bias", ["none", "hidden"])
def test_icnn(bias):
    assert count_laws("icnn", [2, 2, 1], bias) == 2
    assert count_laws("icnn", [2, 2, 1], bias, kind="momentum") == 0


@pytest.mark.parametrize("power", [1, 2])
def test_power_metrics_on_a_linear_network(power):
    both = {"W1": power, "W2": power}
    assert count_laws("linear", [2, 2, 2], exponents=both) == 2
    assert count_laws("linear", [1, 3, 1], exponents=both) == 2 * 3 - 1
    if power == 1:
        assert count_laws("linear", [2, 2, 2], exponents=both, kind="momentum") == 0


def test_filtrations():
    assert extended_filtration("linear", [2, 3, 2]) == (12, [4, 6])
    assert drift_filtration("linear", [2, 3, 2], kind="momentum") == [12, 21]


@pytest.mark.heavy
def test_filtrations_of_larger_systems():
    assert extended_filtration("nmf", [1, 6, 5]) == (36, [5, 15, 30])
    assert extended_filtration("linear", [2, 3, 2], kind="momentum") == (25, [5, 9, 18, 22])


@pytest.mark.parametrize("rate", quick([0, "tau", "3/t"], [0, 1, "1/2", "tau", "3/t", "1/(1+t)"]))
@pytest.mark.parametrize("widths", [[1, 2, 1], [2, 2, 1], [1, 3, 1]])
def test_drift_coordinates_lose_nothing_and_damping_does_not_matter(widths, rate):
    """THEORY section 4: 2D - dim in drift coordinates = 2D+1 - dim in (t, theta, theta'), whatever the damping."""
    size = sum(a * b for a, b in itertools.pairwise(widths))
    expected = count_laws("linear", widths, kind="momentum")
    assert count_laws("linear", widths, kind="momentum", rate=rate) == expected
    assert 2 * size - drift_filtration("linear", widths, kind="momentum", rate=rate)[-1] == expected


def test_time_free():
    """With damping one law carries time, without damping none."""
    assert count_time_free("linear", [2, 3, 2], kind="momentum") == 2
    assert count_time_free("linear", [2, 3, 2], kind="momentum", rate=0) == 3
    assert count_time_free("linear", [2, 3, 2], kind="weight-decay") == 5
    assert count_laws("linear", [2, 3, 2], kind="weight-decay") == 6


def test_metric_at_theta_and_at_the_lookahead_point_differ():
    """NMF: with M at theta each linear law l gives l' exp(tau t) and l + l'/tau; at the lookahead point none survives."""
    assert count_laws("nmf", [2, 1, 2], kind="momentum", lookahead=True) == 0
    assert count_laws("nmf", [2, 1, 2], kind="momentum", lookahead=False) == 2


def test_the_seed_does_not_matter():
    for seed in (1, 2):
        assert extended_filtration("linear", [2, 2, 2], kind="momentum", seed=seed) == extended_filtration(
            "linear", [2, 2, 2], kind="momentum"
        )

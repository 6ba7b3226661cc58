"""The counts of the papers and of THEORY section 9, and every random configuration of the papers' own experiments."""

import json
from pathlib import Path

import pytest
from helpers import check_consistency, known, name_of, quick, report

EXPERIMENTS = json.loads((Path(__file__).parent / "data" / "paper_experiments.json").read_text())


def count(*args, **kwargs):
    result = report(*args, **kwargs)
    check_consistency(result)
    return result["laws"]["independent"]


def gradient_flow_formula(n, r, m):
    k = n + m
    return r * (r + 1) // 2 if r <= k else k * (2 * r + 1 - k) // 2


def momentum_formula(n, r, m):
    k = n + m
    if n == m == 1:
        return 0 if r == 1 else 2 * (2 * r - 3)
    return r * (r - 1) // 2 if r <= 2 * k else k * (2 * r - 2 * k - 1)


TWO_LAYERS = [
    (1, 1, 1), (1, 2, 1), (1, 3, 1), (1, 4, 1), (1, 5, 1), (2, 1, 1), (2, 2, 1), (2, 3, 2), (3, 2, 3), (1, 4, 2),
    (1, 5, 2), (2, 5, 2), (3, 3, 3), (1, 7, 1),
]  # fmt: skip


@pytest.mark.parametrize("n, r, m", TWO_LAYERS)
def test_linear_two_layers_gradient_flow(n, r, m):
    assert count("linear", [m, r, n]) == gradient_flow_formula(n, r, m)


@pytest.mark.parametrize("n, r, m", TWO_LAYERS)
def test_linear_two_layers_momentum(n, r, m):
    assert count("linear", [m, r, n], kind="momentum") == momentum_formula(n, r, m)


@pytest.mark.parametrize("n, r, m, flow, momentum", [(1, 7, 2, 18, 21), (1, 3, 1, 5, 6)])
def test_momentum_has_more_laws_when_over_parametrized(n, r, m, flow, momentum):
    assert count("linear", [m, r, n]) == flow
    assert count("linear", [m, r, n], kind="momentum") == momentum


@pytest.mark.parametrize("sizes, expected", [([3, 3, 2, 3], 9), ([5, 3, 4, 2], 16)])
def test_deep_linear_gradient_flow(sizes, expected):
    assert count("linear", sizes) == expected
    assert count("linear", sizes[::-1]) == expected


@pytest.mark.parametrize("sizes, expected", [([2, 3, 1, 3], 3), ([3, 3, 3, 1], 6), ([1, 3, 1, 2], 6)])
def test_deep_linear_momentum(sizes, expected):
    assert count("linear", sizes, kind="momentum") == expected
    assert count("linear", sizes[::-1], kind="momentum") == expected


def test_balancedness_is_not_everything():
    """1-2-2-2-1: eleven laws exist, nine in closed form, and the report says exactly that."""
    result = report("linear", [1, 2, 2, 2, 1])
    check_consistency(result)
    assert (result["laws"]["independent"], result["laws"]["found"]) == (11, 9)
    assert result["status"] == "exact"


@pytest.mark.parametrize("bias", ["none", "hidden", "all"])
@pytest.mark.parametrize("widths", [[1, 1, 1], [2, 3, 2], [3, 5, 1], [2, 2, 3, 1], [2, 5, 5, 2], [1, 2, 1, 3, 2]])
def test_relu(widths, bias):
    """One law per hidden neuron, biases or not; none under momentum."""
    assert count("relu", widths, bias) == sum(widths[1:-1])
    assert count("relu", widths, bias, kind="momentum") == 0


@pytest.mark.parametrize("bias", ["none", "hidden", "all"])
@pytest.mark.parametrize("widths", [[1, 1, 1], [2, 3, 1], [3, 4, 2]])
def test_icnn(widths, bias):
    assert count("icnn", widths, bias) == widths[1]
    assert count("icnn", widths, bias, kind="momentum") == 0


@pytest.mark.parametrize("m, r, n", [(1, 2, 2), (2, 2, 2), (4, 3, 5), (1, 6, 5)])
def test_nmf(m, r, n):
    assert count("nmf", [m, r, n]) == r
    assert count("nmf", [m, r, n], kind="momentum") == 0


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("n, r, m", [(2, 3, 2), (1, 3, 1), (1, 2, 2), (1, 1, 1)])
def test_power_metrics(n, r, m, power):
    """Both layers of a linear network: r laws, or 2r - 1 for one input and one output."""
    metric = {"W1": power, "W2": power}
    assert count("linear", [m, r, n], metric=metric) == (2 * r - 1 if n == m == 1 else r)
    if power == 1 and (n, m) != (1, 1):
        assert count("linear", [m, r, n], metric=metric, kind="momentum") == 0


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_a_product_of_all_parameters(depth):
    """phi = x_1 ... x_D has D - 1 laws x_i^2 - x_j^2."""
    result = report("linear", [1] * (depth + 1))
    assert result["laws"]["independent"] == result["laws"]["found"] == depth - 1
    assert known(result) == "proved"


@pytest.mark.parametrize(
    "architecture, widths, filtration", [("linear", [2, 3, 2], [4, 6]), ("nmf", [1, 6, 5], [5, 15, 30])]
)
def test_filtrations(architecture, widths, filtration):
    assert report(architecture, widths)["trace"]["filtration"] == filtration


def test_the_report_of_the_design():
    """Linear 2-3-2 with momentum: 24 = 21 + 3, filtration 12, 21; all laws depend on time, two combinations need not."""
    result = report("linear", [2, 3, 2], kind="momentum", rate="tau")
    assert result["schema"] == 2
    assert result["model"]["parameters"] == 12
    assert result["trace"] == {"space": 24, "filtration": [12, 21], "dimension": 21}
    laws = {key: result["laws"][key] for key in ("independent", "found", "time_dependent", "time_free")}
    assert laws == {"independent": 3, "found": 3, "time_dependent": True, "time_free": 2}
    assert known(result) == "proved"


@pytest.mark.parametrize(
    "case",
    quick(
        EXPERIMENTS[::3],
        EXPERIMENTS,
        lambda case: f"{EXPERIMENTS.index(case)}-" + name_of(list(case.values())[:-1]),
    ),
)
def test_paper_experiments(case):
    """The 220 configurations of the papers; the count is the published one, and the sum n = r + q is honest."""
    result = report(case["architecture"], case["widths"], case["bias"], kind=case["dynamics"])
    check_consistency(result)
    assert result["laws"]["independent"] == case["laws"]

"""Every printed law, verified by another route: parsed from the report and differentiated along the dynamics with SymPy."""

import pytest
import sympy as sp
from helpers import flow_of, independent_gradients, name_of, parse, printed_laws, quick, report, vanishes, violations
from reference import TIME

CASES = [
    ("linear", [2, 3, 2], "none", None, "gradient-flow", None),
    ("linear", [2, 2, 2, 1], "none", None, "gradient-flow", None),
    ("linear", [1, 2, 2, 2, 1], "none", None, "gradient-flow", None),
    ("linear", [2, 2, 1], "all", None, "gradient-flow", None),
    ("linear", [1, 4, 1], "none", None, "gradient-flow", None),
    ("linear", [2, 3, 2], "none", None, "momentum", "tau"),
    ("linear", [2, 3, 2], "none", None, "momentum", 0),
    ("linear", [2, 2, 2], "none", None, "momentum", 0.5),
    ("linear", [2, 2, 2], "none", None, "momentum", "kappa"),
    ("linear", [2, 2, 2], "none", None, "momentum", "3/t"),
    ("linear", [2, 2, 2], "none", None, "momentum", "1/(1+t)"),
    ("linear", [1, 3, 1], "none", None, "momentum", "tau"),
    ("linear", [2, 2, 1], "hidden", None, "momentum", "tau"),
    ("linear", [2, 2, 1, 1], "none", None, "nesterov", None),
    ("linear", [2, 2, 2], "none", None, "weight-decay", "lambda"),
    ("linear", [2, 2, 2], "none", None, "weight-decay", 0.1),
    ("linear", [2, 2, 1], "hidden", None, "weight-decay", "1/t"),
    ("linear", [2, 2, 2], "none", {"W1": 1, "W2": 1}, "gradient-flow", None),
    ("linear", [1, 2, 1], "none", {"W1": 2, "W2": 2}, "gradient-flow", None),
    ("linear", [2, 2, 2], "none", {"W1": 2, "W2": 2}, "gradient-flow", None),
    ("linear", [2, 1, 2], "none", {"W1": 3, "W2": 1}, "gradient-flow", None),
    ("linear", [2, 1, 2], "none", {"W1": 2, "W2": 2}, "weight-decay", "lambda"),
    ("linear", [2, 1, 2, 1], "none", {"W1": 1, "W2": 3}, "gradient-flow", None),
    ("relu", [2, 3, 2], "hidden", None, "gradient-flow", None),
    ("relu", [2, 2, 2, 1], "all", None, "gradient-flow", None),
    ("relu", [2, 3, 2], "all", None, "weight-decay", "lambda"),
    ("relu", [1, 2, 1], "none", {"W1": 3}, "gradient-flow", None),
    ("nmf", [2, 3, 2], "none", None, "gradient-flow", None),
    ("nmf", [2, 2, 1], "none", None, "weight-decay", "lambda"),
    ("nmf", [2, 2, 2], "none", None, "nesterov", None),
    ("nmf", [2, 2, 1], "none", {"U": 1, "V": 1, "at": "theta"}, "momentum", "tau"),
    ("nmf", [2, 2, 1], "none", {"U": 2, "V": 2}, "momentum", "tau"),
    ("linear", [2, 2, 2], "none", {"W1": 2, "W2": 2}, "momentum", 0.5),
    ("linear", [1, 1, 2, 1], "none", {"W1": 2, "W2": 2}, "momentum", "kappa"),
    ("relu", [2, 2, 1], "hidden", {"W1": 2, "b1": 2, "W2": 2}, "momentum", 0),
    ("relu", [2, 1, 2], "none", {"W1": 2, "W2": 2}, "momentum", 0),
    ("icnn", [2, 2, 1], "hidden", None, "gradient-flow", None),
    ("icnn", [1, 2, 2, 1], "all", None, "gradient-flow", None),
]
PROVED = [case for case in CASES if case[:2] != ("linear", [1, 2, 2, 2, 1])]
SQUARED = [case for case in CASES if case[3] in ({"W1": 2, "W2": 2}, {"U": 2, "V": 2}) and case[0] != "relu" and case[4] == "momentum"]
"""The printed laws of these are long."""
ALL = quick([case for case in PROVED if case not in SQUARED], CASES, name_of)


@pytest.mark.parametrize("case", ALL)
def test_printed_laws_are_laws(case):
    """h_t + <h_z, drift> = 0 and <h_z, M grad phi_i> = 0 identically, for every printed law and every phi_i."""
    result, flow = report(*case), flow_of(*case)
    laws = printed_laws(result, flow)
    assert laws, "this table holds configurations with laws in closed form"
    for law, _ in laws:
        assert violations(law, flow) == [], law


@pytest.mark.parametrize("case", quick(CASES[3::3], CASES, name_of))
def test_time_dependence_is_reported_per_family(case):
    """A family depends on time when one of its laws does, and none of a family that does not."""
    result, flow = report(*case), flow_of(*case)
    symbols = [*flow.parameters, *flow.velocities]
    for item in result["laws"]["items"]:
        moving = [not vanishes(parse(text, symbols).diff(TIME)) for text in item["expressions"]]
        assert any(moving) == item["depends_on_time"], item["family"]
    assert result["laws"]["time_dependent"] == any(item["depends_on_time"] for item in result["laws"]["items"])


@pytest.mark.parametrize("case", ALL)
def test_printed_laws_are_independent_and_all_there(case):
    result, flow = report(*case), flow_of(*case)
    laws = [law for law, _ in printed_laws(result, flow)]
    for item in result["laws"]["items"]:
        assert item["number"] == len(item["expressions"])
    assert len(laws) == result["laws"]["found"]
    assert independent_gradients(laws, flow) == result["laws"]["found"]


@pytest.mark.parametrize("case", PROVED, ids=map(name_of, PROVED))
def test_these_lists_are_complete(case):
    result = report(*case)
    assert result["status"] == "proved"
    assert result["laws"]["found"] == result["laws"]["independent"]


# --- the checker itself ----------------------------------------------------------------------------------------------

KNOWN = [
    (("linear", [1, 2, 1]), "W1_1_1**2 - W2_1_1**2", "W1_1_1**2 + W2_1_1**2"),
    (("linear", [1, 2, 1]), "W1_1_1*W1_2_1 - W2_1_1*W2_1_2", "W1_1_1*W2_1_2 + W1_2_1*W2_1_1"),
    (("relu", [1, 1, 1], "hidden"), "W2_1_1**2 - W1_1_1**2 - b1_1**2", "W2_1_1**2 - W1_1_1**2"),
    (("nmf", [1, 1, 1]), "U_1_1 - V_1_1", "U_1_1**2 - V_1_1**2"),
    (("icnn", [1, 1, 1]), "2*W2_1_1 - W1_1_1**2", "W2_1_1 - W1_1_1**2"),
    (("linear", [1, 1, 1], "none", {"W1": 2, "W2": 2}), "log(W1_1_1/W2_1_1)", "log(W1_1_1*W2_1_1)"),
    (
        ("linear", [1, 1, 1], "none", None, "weight-decay"),
        "exp(2*lambda*t)*(W1_1_1**2 - W2_1_1**2)",
        "W1_1_1**2 - W2_1_1**2",
    ),
    (
        ("linear", [1, 2, 1], "none", None, "momentum"),
        "exp(tau*t)*(W1_1_1*dW1_2_1 - dW1_1_1*W1_2_1 + W2_1_1*dW2_1_2 - dW2_1_1*W2_1_2)",
        "W1_1_1*dW1_2_1 - dW1_1_1*W1_2_1 + W2_1_1*dW2_1_2 - dW2_1_1*W2_1_2",
    ),
    (
        ("linear", [1, 2, 1], "none", None, "nesterov"),
        "t**3*(W1_1_1*dW1_2_1 - dW1_1_1*W1_2_1 + W2_1_1*dW2_1_2 - dW2_1_1*W2_1_2)",
        "t**3*(W1_1_1*dW1_2_1 - dW1_1_1*W1_2_1)",
    ),
    (("nmf", [1, 1, 1], "none", None, "nesterov"), "t**3*(dU_1_1 - dV_1_1)", "t**2*(dU_1_1 - dV_1_1)"),
    (("nmf", [1, 1, 1], "none", None, "nesterov"), "U_1_1 - V_1_1 + t*(dU_1_1 - dV_1_1)/2", "U_1_1 - V_1_1"),
]


@pytest.mark.parametrize("case, law, wrong", KNOWN, ids=[law for _, law, _ in KNOWN])
def test_the_checker_accepts_laws_and_rejects_others(case, law, wrong):
    flow = flow_of(*case)
    symbols = [*flow.parameters, *flow.velocities]
    assert violations(parse(law, symbols), flow) == []
    assert violations(parse(wrong, symbols), flow) != []


def test_the_rank_of_gradients_sees_functional_dependence():
    flow = flow_of("linear", [1, 3, 1])
    a, b = (parse(f"W1_{k}_1**2 - W2_1_{k}**2", flow.parameters) for k in (1, 2))
    assert independent_gradients([a, b], flow) == 2
    assert independent_gradients([a, b, a * b + sp.exp(a)], flow) == 2

"""The engine against the textbook algorithm of ``reference.py``: architecture x bias x metric x dynamics, small sizes."""

import pytest
from helpers import check_consistency, name_of, quick, reference_arguments, report
from reference import count_laws, count_time_free, drift_filtration, extended_filtration

DYNAMICS = [
    ("gradient-flow", None),
    ("momentum", None),
    ("momentum", 0),
    ("momentum", 0.5),
    ("momentum", "kappa"),
    ("momentum", "3/t"),
    ("momentum", "1/(1+t)"),
    ("nesterov", None),
    ("weight-decay", "lambda"),
    ("weight-decay", 0.1),
    ("weight-decay", "1/t"),
]
FEW = [("gradient-flow", None), ("momentum", "tau"), ("momentum", 0), ("nesterov", None), ("weight-decay", "lambda")]


def table():
    """(architecture, widths, bias, metric, kind, rate)."""
    chain = [
        ("none", [1, 2, 1]),
        ("hidden", [1, 2, 1]),
        ("all", [1, 1, 2]),
        ("none", [2, 2, 1]),
        ("none", [1, 2, 1, 1]),
    ]
    for architecture in ("linear", "relu", "icnn"):
        for bias, widths in chain:
            for kind, rate in DYNAMICS:
                yield architecture, widths, bias, None, kind, rate
    for widths in ([1, 1, 1], [1, 2, 1], [2, 1, 2], [2, 2, 1]):
        for kind, rate in DYNAMICS:
            yield "nmf", widths, "none", None, kind, rate
    metrics = [{"W1": 1, "W2": 1}, {"W2": 1}, {"W1": 2, "W2": 2}, {"W1": 1, "W2": 2}, {"W1": 3}]
    for architecture, bias, widths in (
        ("linear", "none", [1, 2, 1]),
        ("linear", "hidden", [2, 1, 1]),
        ("relu", "all", [1, 1, 2]),
    ):
        for metric in metrics:
            for kind, rate in FEW:
                yield architecture, widths, bias, metric, kind, rate
    for metric in ({"U": 0, "V": 0}, {"U": 2, "V": 2}, {"U": 1}):
        for kind, rate in FEW:
            yield "nmf", [2, 1, 1], "none", metric, kind, rate
    for point in ("theta", "lookahead"):
        for rate in ("tau", 0, 1):
            yield "nmf", [2, 1, 1], "none", {"U": 1, "V": 1, "at": point}, "momentum", rate
            yield "linear", [1, 2, 1], "none", {"W1": 2, "at": point}, "momentum", rate
    for bias, widths in (
        ("none", [1, 3]),
        ("all", [2, 1]),
        ("none", [1, 3, 1]),
        ("hidden", [1, 3, 1]),
        ("none", [2, 1, 3]),
    ):
        for kind, rate in FEW:
            yield "linear", widths, bias, None, kind, rate
    for bias, widths in (("none", [2, 1]), ("hidden", [1, 1, 1, 1]), ("all", [1, 2, 1, 1])):
        for kind, rate in FEW:
            yield "relu", widths, bias, None, kind, rate


LARGE = [
    ("linear", [2, 3, 2], "hidden", None, "momentum", "tau"),
    ("linear", [2, 2, 2, 2], "none", None, "gradient-flow", None),
    ("linear", [2, 2, 2, 1], "none", None, "momentum", "tau"),
    ("linear", [1, 2, 2, 1], "none", None, "momentum", "tau"),
    ("linear", [1, 6, 1], "none", None, "momentum", "3/t"),
    ("relu", [2, 2, 2, 1], "hidden", None, "momentum", "tau"),
    ("relu", [2, 2, 2, 2], "all", None, "gradient-flow", None),
    ("nmf", [2, 3, 2], "none", None, "momentum", "tau"),
    ("icnn", [2, 3, 2], "all", None, "momentum", "tau"),
    ("icnn", [2, 2, 2, 1], "hidden", None, "gradient-flow", None),
]
CASES = list(table())


def compare(case):
    """Count, time-free count and filtration of one configuration, by both routes."""
    architecture, widths, bias, metric, kind, rate = case
    result = report(architecture, widths, bias, metric, kind, rate)
    check_consistency(result)
    arguments = reference_arguments(bias, metric, kind, rate)
    assert result["laws"]["independent"] == count_laws(architecture, widths, **arguments)
    assert result["laws"]["time_free"] == count_time_free(architecture, widths, **arguments)
    assert result["trace"]["filtration"] == drift_filtration(architecture, widths, **arguments)


@pytest.mark.parametrize("case", quick(CASES[::9], CASES, name_of))
def test_small(case):
    compare(case)


@pytest.mark.heavy
@pytest.mark.parametrize("case", LARGE, ids=map(name_of, LARGE))
def test_large(case):
    compare(case)


def test_filtration_with_the_drift_kept_closes_on_the_same_count():
    """[2,3,2] momentum: 25 - 22 in (t, theta, theta'), 24 - 21 in drift coordinates."""
    dimension, filtration = extended_filtration("linear", [2, 3, 2], kind="momentum")
    assert filtration == [5, 9, 18, 22]
    assert report("linear", [2, 3, 2], kind="momentum")["laws"]["independent"] == dimension - filtration[-1]

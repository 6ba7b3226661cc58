"""The room of the metrics: what a spec may write, and counts held against the reference in plain SymPy."""

from __future__ import annotations

import json

import pytest
import sympy as sp
from helpers import check_consistency
from reference import axes_metric, count_laws, count_time_free, drift_filtration, phi

from conslaw_cli import analyze
from conslaw_cli.checker import verify_report
from conslaw_cli.spec import SpecError, normalised, parse_spec, spec_sha256

A, B = [[2, 1], [1, 3]], [[1, "1/2"], [0.5, 3]]
HIDDEN = [[2, 1, 0], [1, 3, 1], [0, 1, 5]]
THREE = [[2, 0, 0], [0, 3, 0], [0, 0, 3]]


def tables(architecture, widths, metric, kind="gradient-flow", **more):
    return {"model": {"architecture": architecture, "widths": widths, **more}, "metric": metric, "dynamics": {"kind": kind}}


def result(*args, **more):
    found = analyze(tables(*args, **more)).to_dict()
    check_consistency(found)
    return found


def rational(matrix):
    return matrix and sp.Matrix(matrix).applyfunc(lambda x: sp.Rational(str(x)))


def of_reference(metric):
    return {block: (rational(sides.get("left")), rational(sides.get("right"))) for block, sides in metric.items()}


# --- matrices on the axes of a block ---------------------------------------------------------------------------------

KNOWN = [
    ("linear", [2, 3, 2], {"W1": {"right": A}, "W2": {"left": B}}, [4, 6]),
    ("linear", [2, 3, 2], {"W1": {"left": HIDDEN}}, [4, 6, 9]),
    ("linear", [2, 3, 2], {"W1": {"left": THREE}}, [4, 6, 8]),
    ("relu", [2, 3, 2], {"W1": {"left": HIDDEN}}, [9, 11]),
    ("relu", [2, 3, 2], {"W1": {"left": THREE}}, [9]),
    ("relu", [2, 3, 2], {"W1": {"right": A}, "W2": {"left": B}}, [9]),
]


@pytest.mark.parametrize(("architecture", "widths", "metric", "filtration"), KNOWN)
def test_known_counts_of_matrix_metrics(architecture, widths, metric, filtration):
    found = result(architecture, widths, metric)
    assert (found["trace"]["filtration"], found["status"]) == (filtration, "proved")
    assert found["metric"]["blocks"]["W1"].startswith(next(iter(metric["W1"])))


COMPARED = [
    ("linear", [1, 2, 1], {"W1": {"left": A}}, "momentum"),
    ("linear", [1, 2, 2], {"W2": {"left": A}}, "momentum"),
    ("linear", [2, 2, 1], {"W1": {"left": A, "right": B}}, "weight-decay"),
    ("linear", [1, 2, 1], {"W1": {"left": A}, "W2": {"right": B}}, "nesterov"),
    ("relu", [1, 2, 1], {"W1": {"left": A}}, "momentum"),
    ("relu", [1, 2, 2], {"W2": {"left": A, "right": B}}, "gradient-flow"),
    ("relu", [1, 1, 1, 2], {"W3": {"left": A}}, "gradient-flow"),
    ("relu", [1, 2, 1], {"b1": {"left": A}}, "gradient-flow"),
    ("nmf", [1, 2, 2], {"default": "euclidean", "U": {"left": A}, "V": {"left": B}}, "gradient-flow"),
]


@pytest.mark.parametrize(("architecture", "widths", "metric", "kind"), COMPARED)
def test_counts_of_matrix_metrics_are_those_of_the_reference(architecture, widths, metric, kind):
    bias = "hidden" if "b1" in metric else "none"
    found = result(architecture, widths, metric, kind, bias=bias)
    sides = of_reference({block: sides for block, sides in metric.items() if block != "default"})
    of = axes_metric(architecture, widths, bias, sides)
    assert found["trace"]["filtration"] == drift_filtration(architecture, widths, bias, of, kind)
    assert found["laws"]["independent"] == count_laws(architecture, widths, bias, of, kind)
    assert found["laws"]["time_free"] == count_time_free(architecture, widths, bias, of, kind)


def test_matrix_metrics_are_canonical():
    first, second = ({"W1": {"right": A, "left": m}} for m in (HIDDEN, [[2.0, "2/2", 0], [1, 3, 1], [0, 1, "10/2"]]))
    one, two = (parse_spec(tables("linear", [2, 3, 2], metric)) for metric in (first, second))
    assert one.metric == two.metric and spec_sha256(one) == spec_sha256(two)
    assert dict(one.metric.blocks)["W1"].name == "left [[2, 1, 0], [1, 3, 1], [0, 1, 5]], right [[2, 1], [1, 3]]"
    assert parse_spec(json.loads(json.dumps(normalised(one)))).metric == one.metric


@pytest.mark.parametrize("text", ["left", "left [[1, 2], [2, 1]]", "left [[1]]", "left [[a]]", "right [[1, 0], [0, 1]", ", "])
def test_texts_that_are_no_matrices_are_refused(text):
    with pytest.raises(SpecError):
        parse_spec(tables("linear", [2, 2, 1], {"W1": text}))


# --- one matrix of all parameters -----------------------------------------------------------------------------------

FOUR = [[2, 1, 0, 0], [1, 3, "1/2", 0], [0, 0.5, 2, 1], [0, 0, 1, 4]]
APART = [[2, 0, 0, 0], [0, 3, 0, 0], [0, 0, 2, 1], [0, 0, 1, 4]]
EQUAL = [[2, 1, 0, 0], [1, 3, 0, 0], [0, 0, 2, 1], [0, 0, 1, 3]]


@pytest.mark.parametrize("kind", ["gradient-flow", "weight-decay", "momentum"])
@pytest.mark.parametrize("matrix", [FOUR, APART, EQUAL])
@pytest.mark.parametrize("architecture", ["linear", "relu"])
def test_counts_of_full_metrics_are_those_of_the_reference(architecture, matrix, kind):
    found = result(architecture, [1, 2, 1], {"full": matrix}, kind)
    of = lambda point: rational(matrix)
    assert found["trace"]["filtration"] == drift_filtration(architecture, [1, 2, 1], "none", of, kind)
    assert found["laws"]["independent"] == count_laws(architecture, [1, 2, 1], "none", of, kind)
    assert verify_report(found).passed


def test_full_metrics_are_canonical():
    spec = parse_spec(tables("linear", [1, 2, 1], {"full": FOUR}))
    name = "full [[2, 1, 0, 0], [1, 3, 1/2, 0], [0, 1/2, 2, 1], [0, 0, 1, 4]]"
    assert [of.name for _, of in spec.metric.blocks] == [name, name]
    assert parse_spec(normalised(spec)).metric == spec.metric


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"full": APART[:3]}, "row 1 of full has 4 entries"),
        ({"full": A}, "full has 2 rows"),
        ({"full": [[1, 0, 0, 0], [0, 1, 2, 0], [0, 2, 1, 0], [0, 0, 0, 1]]}, "the determinant of its first 3 rows and columns is -3"),
        ({"full": FOUR, "W1": "entropy"}, "full is the metric of all parameters"),
        ({"W1": "full [[2, 1], [1, 3]]"}, "full [[2, 1], [1, 3]] is one metric of all parameters"),
        ({"W1": "full [[2, 1], [1, 3]]", "W2": "full [[2, 1], [1, 3]]"}, "full has 2 rows"),
    ],
)
def test_full_metrics_that_do_not_fit_are_refused(metric, message):
    with pytest.raises(SpecError) as error:
        parse_spec(tables("linear", [1, 2, 1], metric))
    assert [message in problem.message for problem in error.value.problems] == [True]


# --- the checker -----------------------------------------------------------------------------------------------------

FORGED = [
    ("left [[2, 1, 0], [1, 3, 1], [0, 1, 5]]", "left [[2, 1, 0], [1, 3, 1], [0, 1, 6]]"),
    ("left [[2, 1, 0], [1, 3, 1], [0, 1, 5]]", "left [[2, 1, 0], [1, 3, 1], [0, 1, -5]]"),
    ("left [[2, 1, 0], [1, 3, 1], [0, 1, 5]]", "euclidean"),
    ("left [[2, 1, 0], [1, 3, 1], [0, 1, 5]]", "natural-gradient"),
]


@pytest.mark.parametrize("architecture", ["linear", "relu"])
@pytest.mark.parametrize(("true", "forged"), FORGED)
def test_the_checker_knows_the_metric(architecture, true, forged):
    found = analyze(tables(architecture, [2, 3, 2], {"W1": {"left": HIDDEN}})).to_dict()
    assert found["metric"]["blocks"]["W1"] == true and verify_report(found).verified
    found["metric"]["blocks"]["W1"] = forged
    del found["certificate"]["checksum"]
    failed = {check.name for check in verify_report(found).checks if not check.passed}
    assert failed - {"reproduce"}


def test_identities_are_the_euclidean_metric():
    identity = {"left": [[1, 0], [0, 1.0]], "right": [["3/3"]]}
    plain, written = (parse_spec(tables("linear", [1, 2, 1], metric)) for metric in ({}, {"W1": identity}))
    assert spec_sha256(plain) == spec_sha256(written)


REFUSED = [
    ({"W1": {"left": [[1, 2], [2, 1]]}}, "not positive definite: the determinant of its first 2 rows and columns is -3"),
    ({"W1": {"left": [[0, 0], [0, 1]]}}, "not positive definite: entry (1, 1) is 0"),
    ({"W1": {"left": [[1, 1], [1, 1]]}}, "the determinant of its first 2 rows and columns is 0"),
    ({"W1": {"left": [["1/3", "1/2"], ["1/2", "3/4"]]}}, "the determinant of its first 2 rows and columns is 0"),
    ({"W1": {"left": [[1, 2], [3, 9]]}}, "left is not symmetric: entry (2, 1) is 3, entry (1, 2) is 2"),
    ({"W1": {"left": [[1]]}}, "left has 1 rows"),
    ({"W1": {"right": [[1, 0], [0]]}}, "row 2 of right has 1 entries"),
    ({"W1": {"left": [[1, "x"], ["x", 1]]}}, "left has an entry that is no rational number"),
    ({"W1": {"left": [[1, True], [True, 1]]}}, "left has an entry that is no rational number"),
    ({"W1": {"left": [[1, "1/0"], ["1/0", 1]]}}, "left has an entry that is no rational number"),
    ({"W1": {"left": 3}}, "left must be a matrix"),
    ({"W1": {"top": [[1]]}}, "a matrix metric has the keys left and right"),
    ({"W1": {}}, "a matrix metric has the keys left and right"),
    ({"W1": 3}, "a metric must be a string or a table of matrices"),
    ({"default": {"left": [[2]]}}, "a matrix acts on one parameter block"),
    ({"W1": {"left": [[2] * 65] * 65}}, "left has 65 rows"),
]


@pytest.mark.parametrize(("metric", "message"), REFUSED)
def test_matrices_that_are_no_metric_are_refused_with_the_reason(metric, message):
    with pytest.raises(SpecError) as error:
        parse_spec(tables("linear", [2, 2, 1], metric))
    (problem,) = error.value.problems
    assert message in problem.message and problem.remedy and problem.key == f"[metric] {next(iter(metric))}"


# --- the natural gradient --------------------------------------------------------------------------------------------


def natural(architecture, widths):
    """(J^T J)^+ for a phi of independent components or a single one: J^T (J J^T)^-2 J."""
    parameters, components = phi(architecture, widths)
    jacobian = sp.Matrix(components).jacobian(parameters)
    inverse = (jacobian * jacobian.T).inv()
    matrix = jacobian.T * inverse * inverse * jacobian
    return lambda point: matrix.subs(dict(zip(parameters, point, strict=True)), simultaneous=True)


@pytest.mark.parametrize("kind", ["gradient-flow", "weight-decay", "momentum"])
@pytest.mark.parametrize(("architecture", "widths"), [("linear", [1, 1, 1]), ("linear", [1, 1, 2]), ("linear", [1, 2, 1])])
def test_the_natural_gradient_has_the_laws_of_the_euclidean_metric(architecture, widths, kind):
    if kind == "momentum" and widths != [1, 1, 1]:
        pytest.skip("the reference expands the fields")
    found = result(architecture, widths, {"default": "natural-gradient"}, kind)
    euclidean = result(architecture, widths, {}, kind)
    assert found["laws"] == euclidean["laws"] and found["status"] == euclidean["status"] == "proved"
    assert any("natural gradient" in note for note in found["notes"]) and not euclidean["notes"]
    assert found["metric"] == {"blocks": {"W1": "natural-gradient", "W2": "natural-gradient"}, "at": "theta"}
    of = natural(architecture, widths)
    assert found["laws"]["independent"] == count_laws(architecture, widths, "none", of, kind, lookahead=False)


@pytest.mark.parametrize(
    ("metric", "key"), [({"W1": "natural-gradient"}, "W2"), ({"default": "natural-gradient", "at": "lookahead"}, "at")]
)
def test_the_natural_gradient_is_one_metric_taken_at_theta(metric, key):
    with pytest.raises(SpecError) as error:
        parse_spec(tables("linear", [2, 2, 1], metric, "momentum"))
    (problem,) = error.value.problems
    assert problem.key == f"[metric] {key}" and "natural-gradient" in problem.message

"""The room of the metrics: what a spec may write, and counts held against the reference in plain SymPy."""

from __future__ import annotations

import json
from fractions import Fraction
from math import gcd

import numpy as np
import pytest
import sympy as sp
from forger import with_checksum
from helpers import check_consistency
from reference import TIME, polynomial_fields, axes_metric, count_laws, count_time_free, drift_filtration, lie_filtration, phi

from conslaw_cli import analyze
from conslaw_cli.checker import verify_report
from conslaw_cli.comparing import compare_spec
from conslaw_cli.rings import jets
from conslaw_cli.rings.field import Field
from conslaw_cli.spec import SpecError, normalised, parse_spec, spec_sha256

A, B = [[2, 1], [1, 3]], [[1, "1/2"], [0.5, 3]]
HIDDEN = [[2, 1, 0], [1, 3, 1], [0, 1, 5]]
PRIME = 4194371
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


@pytest.mark.parametrize(("kind", "family", "number"), [("gradient-flow", "balancedness", 6), ("momentum", "angular momentum", 3)])
def test_matrices_off_the_hidden_axis_leave_the_laws_of_the_layer(kind, family, number):
    """W2^T B^-1 W2 - W1 A^-1 W1^T, by SymPy up to a factor."""
    found = result("linear", [2, 3, 2], {"W1": {"right": A}, "W2": {"left": B}}, kind)
    (item,) = found["laws"]["items"]
    assert (item["family"], item["number"], item["source"]) == (family, number, "theory, verified")
    assert verify_report(found).verdict == "verified"
    if kind == "gradient-flow":
        first, second = (sp.Matrix(2, 3, lambda i, j, b=b: sp.Symbol(f"W{b}_{(j if b == 1 else i) + 1}_{(i if b == 1 else j) + 1}")) for b in (1, 2))
        matrix = second.T * rational(B).inv() * second - first.T * rational(A).inv() * first
        assert sp.cancel(sp.sympify(item["expressions"][1]) / matrix[0, 1]).is_number


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
@pytest.mark.parametrize("matrix", [FOUR, APART, pytest.param(EQUAL, marks=pytest.mark.heavy)])
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


# --- rational powers -------------------------------------------------------------------------------------------------


def substituted(architecture, widths, powers, denominator, kind):
    """Laws under diag(theta^a) in the coordinate s with s^q = theta (gradient flow), or s^q = theta + theta' (mirror momentum, damping 1).

    As d theta = q s^(q-1) ds, the field is M/(q s^(q-1))^2 d phi(s^q)/ds in the first case; in the second theta' = s^q - theta, and
    the force moves s alone.
    """
    parameters, components = phi(architecture, widths)
    exponents = [powers[str(p).split("_")[0]] for p in parameters]
    roots = [sp.Symbol(f"s{p}") for p in parameters]
    images = {p: s**denominator for p, s in zip(parameters, roots, strict=True)}
    inner = [denominator * s ** (denominator - 1) for s in roots]
    metric = [s ** (denominator * sp.Rational(a)) for s, a in zip(roots, exponents, strict=True)]
    if kind == "gradient-flow":
        images = [c.subs(images) for c in components]
        fields = [[m / i**2 * c.diff(s) for m, i, s in zip(metric, inner, roots, strict=True)] for c in images]
        return len(roots) - lie_filtration(polynomial_fields(roots, fields))[-1]
    state = [TIME, *parameters, *roots]
    drift = [1, *[images[p] - p for p in parameters], *[0] * len(roots)]
    still = [0] * (1 + len(parameters))
    fields = [[*still, *[m / i * c.diff(p) for m, i, p in zip(metric, inner, parameters, strict=True)]] for c in components]
    return len(state) - lie_filtration(polynomial_fields(state, [drift, *fields]))[-1]


ROOTS = [
    ("linear", [1, 1, 2], {"W1": "3/2", "W2": "3/2"}, 2, "gradient-flow"),
    ("linear", [1, 2, 1], {"W1": "1/2", "W2": "1/2"}, 2, "gradient-flow"),
    ("linear", [2, 2, 1], {"W1": "3/2", "W2": "1"}, 2, "gradient-flow"),
    ("relu", [1, 2, 2], {"W1": "4/3", "W2": "0"}, 3, "gradient-flow"),
    ("nmf", [1, 2, 2], {"U": "5/2", "V": "1/2"}, 2, "gradient-flow"),
    ("linear", [1, 1, 1], {"W1": "3/2", "W2": "1/2"}, 2, "momentum"),
    ("linear", [1, 1, 1], {"W1": "1/2", "W2": "0"}, 2, "momentum"),
]


@pytest.mark.parametrize(("architecture", "widths", "powers", "denominator", "kind"), ROOTS)
def test_counts_under_rational_powers_are_those_after_a_substitution(architecture, widths, powers, denominator, kind):
    spec = tables(architecture, widths, {name: f"theta^({a})" if "/" in a else f"theta^{a}" for name, a in powers.items()}, kind)
    if kind == "momentum":
        spec["dynamics"]["damping"] = 1
    found = analyze(spec).to_dict()
    check_consistency(found)
    assert found["laws"]["independent"] == substituted(architecture, widths, powers, denominator, kind)


@pytest.mark.parametrize("exponent", ["1/2", "3/2", "-5/3", "-2", "7/6"])
def test_jets_of_powers(exponent):
    """(a^(n/q))^q = a^n with three infinitesimals, modulo a prime that has the roots of squares."""
    exponent, field = Fraction(exponent), Field(PRIME)
    assert gcd((field.p - 1) // 2, exponent.denominator) == 1
    a = field.residues(np.random.default_rng(0).integers(1, field.p, size=(8, 5)))
    a[0] = field.multiply(a[0], a[0])
    powers = jets.power(field, jets.power(field, a, exponent), exponent.denominator), jets.power(field, a, exponent.numerator)
    assert (field.integers(powers[0]) == field.integers(powers[1])).all()


def test_laws_under_rational_powers_are_roots():
    found = result("linear", [2, 2, 2], {"W1": "theta^1.5", "W2": "theta^(1/2)"})
    (item,) = found["laws"]["items"]
    assert found["metric"]["blocks"] == {"W1": "theta^(3/2)", "W2": "theta^(1/2)"} and found["status"] == "proved"
    assert item["expressions"][0] == "W2_1_1**(3/2) + W2_2_1**(3/2) - 3*W1_1_1**(1/2) - 3*W1_1_2**(1/2)"


@pytest.mark.parametrize(("first", "second"), [("theta^1.5", "theta^(3/2)"), ("theta^2.0", "theta^2"), ("theta**(1.5)", "theta^(3/2)"), ("theta^(2/2)", "entropy")])
def test_rational_powers_are_canonical(first, second):
    one, two = (parse_spec(tables("linear", [1, 1], {"W1": text})) for text in (first, second))
    assert spec_sha256(one) == spec_sha256(two) and parse_spec(normalised(one)).metric == one.metric


@pytest.mark.parametrize("text", ["theta^(1/0)", "theta^(1/13)", "theta^(-41/2)", "theta^20.5", "theta^(41/2)"])
def test_other_powers_are_refused(text):
    with pytest.raises(SpecError):
        parse_spec(tables("linear", [1, 1], {"W1": text}))


@pytest.mark.parametrize(("kind", "at"), [("momentum", "theta"), ("nesterov", "theta")])
def test_roots_are_refused_where_the_point_moves_with_the_generator(kind, at):
    with pytest.raises(SpecError) as error:
        parse_spec(tables("linear", [1, 1], {"W1": "theta^1.5", "at": at}, kind))
    (problem,) = error.value.problems
    assert problem.key == "[metric] W1" and "roots" in problem.message


ROOT_SYSTEMS = [
    ("linear", [2, 2, 2], {"W1": "theta^1.5", "W2": "theta^(1/2)"}, "gradient-flow"),
    ("relu", [2, 2, 1], {"default": "theta^(4/3)"}, "weight-decay"),
    pytest.param("relu", [1, 2, 2, 1], {"default": "theta^(7/2)"}, "weight-decay", marks=pytest.mark.heavy),
    ("linear", [1, 1, 1], {"default": "theta^(3/2)"}, "momentum"),
]


@pytest.mark.parametrize(("architecture", "widths", "metric", "kind"), ROOT_SYSTEMS)
def test_the_checker_re_proves_laws_with_roots(architecture, widths, metric, kind):
    found = result(architecture, widths, metric, kind)
    expected = "verified" if found["status"] == "proved" else "verified for phi"
    assert verify_report(found).verdict == (expected if found["network"] is None else "confirmed in part")
    assert verify_report(with_checksum({**found, "network": None})).verdict == expected
    forged = json.loads(json.dumps(found).replace("1/2)", "1/3)").replace("2/3)", "1/3)").replace("3/2)", "1/3)"))
    if found["laws"]["found"]:
        assert not verify_report(forged).passed


# --- expressions in theta --------------------------------------------------------------------------------------------


def hyperbolic(architecture, widths, sizes):
    """Laws of gradient flow under sqrt(theta^2 + c), with theta = (s - c/s)/2, so that the root is (s + c/s)/2."""
    parameters, components = phi(architecture, widths)
    roots = [sp.Symbol(f"s{p}") for p in parameters]
    constants = [sizes[str(p).split("_")[0]] for p in parameters]
    images = {p: (s - c / s) / 2 for p, s, c in zip(parameters, roots, constants, strict=True)}
    metric = [(s + c / s) / 2 if c else 1 for s, c in zip(roots, constants, strict=True)]
    inner = [images[p].diff(s) for p, s in zip(parameters, roots, strict=True)]
    fields = [
        [m / i**2 * c.subs(images).diff(s) for m, i, s in zip(metric, inner, roots, strict=True)] for c in components
    ]
    return len(roots) - lie_filtration(polynomial_fields(roots, fields))[-1]


@pytest.mark.parametrize(
    ("architecture", "widths", "sizes"),
    [("linear", [1, 1, 2], {"W1": 1, "W2": 1}), ("linear", [1, 2, 1], {"W1": 1, "W2": 2}), ("relu", [1, 2, 2], {"W1": 1, "W2": 0})],
)
def test_counts_under_hyperbolic_mirror_maps(architecture, widths, sizes):
    metric = {name: f"sqrt(theta**2+{c})" if c else "euclidean" for name, c in sizes.items()}
    found = result(architecture, widths, metric)
    assert found["laws"]["independent"] == hyperbolic(architecture, widths, sizes)
    assert found["model"]["domain"].count(">") == 0


SEPARABLE = [
    ("sqrt(theta**2+1)", "(W2_1_1**2 + 1)**(1/2) + (W2_2_1**2 + 1)**(1/2) - (W1_1_1**2 + 1)**(1/2)"),
    ("1+theta**2", "log(W2_1_1**2 + 1) + log(W2_2_1**2 + 1) - log(W1_1_1**2 + 1)"),
    ("1/(theta**2+2)", "(W2_1_1**2 + 2)**2 + (W2_2_1**2 + 2)**2 - (W1_1_1**2 + 2)**2"),
    ("3*(2*theta**2+1)**2", "-1*(W2_1_1**2 + 1/2)**(-1) - (W2_2_1**2 + 1/2)**(-1) + (W1_1_1**2 + 1/2)**(-1)"),
    ("theta**(-1)", "W2_1_1**3 + W2_2_1**3 - W1_1_1**3"),
    ("5*theta**2", "log(W2_1_1) + log(W2_2_1) - log(W1_1_1)"),
]


@pytest.mark.parametrize(("text", "law"), SEPARABLE)
def test_laws_that_separate_are_found_in_closed_form(text, law):
    """The law by SymPy: its gradient is orthogonal to M grad phi_i, entry by entry of phi."""
    found = result("linear", [1, 1, 2], {"default": text})
    (item,) = found["laws"]["items"]
    parameters, components = phi("linear", [1, 1, 2])
    names = {str(p): p for p in parameters}
    printed = sp.sympify(item["expressions"][0], locals=names)
    assert sp.simplify(printed.diff(parameters[0]) / sp.sympify(law, locals=names).diff(parameters[0])).is_number
    for component in components:
        terms = [printed.diff(p) * sp.sympify(text, locals={"theta": p}) * component.diff(p) for p in parameters]
        assert sp.simplify(sum(terms)) == 0
    assert found["status"] == "proved" and item["source"] == "theory, verified" and item["form"]


def test_paths_and_different_expressions_separate():
    found = result("relu", [1, 2, 2, 1], {"W1": "sqrt(theta**2+1)", "W2": "theta^(1/2)", "W3": "1+theta**2"}, bias="hidden")
    assert found["status"] == "proved" and found["laws"]["independent"] == 4
    mixed = result("linear", [1, 1, 2], {"W1": "sqrt(theta**2+1)"})
    assert mixed["laws"]["items"][0]["expressions"] == ["W2_1_1**2 + W2_2_1**2 - 2*(W1_1_1**2 + 1)**(1/2)"]


def test_weight_decay_does_not_keep_laws_of_metrics_that_do_not_scale():
    assert result("relu", [1, 2, 2, 1], {"default": "1+theta**2"}, "weight-decay", bias="hidden")["laws"]["found"] == 0


RATIONAL = [
    ("linear", [1, 1, 2], "1+theta**2", "gradient-flow"),
    ("linear", [1, 1, 2], "1/(1+theta**2)", "gradient-flow"),
    ("linear", [1, 2, 1], "theta/(1+theta)", "gradient-flow"),
    ("relu", [1, 1, 2], "1+theta**2", "weight-decay"),
    ("linear", [1, 1, 1], "1+theta**2", "momentum"),
    ("linear", [1, 1, 1], "1/(1+theta**2)", "momentum"),
]


@pytest.mark.parametrize(("architecture", "widths", "text", "kind"), RATIONAL)
def test_counts_under_rational_metrics_are_those_of_the_reference(architecture, widths, text, kind):
    spec = tables(architecture, widths, {"default": text}, kind)
    spec["dynamics"] |= {"damping": 1} if kind == "momentum" else {}
    found = analyze(spec).to_dict()
    check_consistency(found)
    of = lambda point: sp.diag(*[sp.sympify(text, locals={"theta": x}) for x in point])
    assert found["laws"]["independent"] == count_laws(architecture, widths, "none", of, kind, rate=1 if kind == "momentum" else None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exp(theta)", "exp(theta) is not an algebraic function"),
        ("theta**(theta)", "is not an algebraic function"),
        ("theta-1", "theta-1 is not positive: at theta = 1/7 it is -6/7"),
        ("sqrt(theta**2-1)", "theta**2-1 is not positive everywhere"),
        ("sqrt(theta**3+1)", "a root of theta**3+1 cannot be used"),
        ("sqrt(theta)+sqrt(theta**2+1)", "roots of several functions"),
        ("theta+tau", "tau is no name that a metric can hold"),
        ("theta+", "cannot be read"),
        ("__import__(theta)", "is not"),
    ],
)
def test_expressions_that_are_no_metric_are_refused(text, message):
    with pytest.raises(SpecError) as error:
        parse_spec(tables("linear", [2, 2, 1], {"W1": text}))
    (problem,) = error.value.problems
    assert message in problem.message and problem.remedy


def test_what_is_not_shown_positive_is_said():
    (note,) = result("linear", [1, 1, 1], {"W1": "theta**2-theta+1"})["notes"]
    assert note == "it is assumed that theta**2-theta+1 is positive"
    assert not result("linear", [1, 1, 1], {"W1": "theta**2+theta+1"})["notes"]


def test_expressions_are_canonical():
    one, two = (parse_spec(tables("linear", [1, 1], {"W1": text})) for text in ("sqrt( theta^2 + 1.0 )", "sqrt(theta**2+1)"))
    assert spec_sha256(one) == spec_sha256(two) and parse_spec(normalised(one)).metric == one.metric
    assert dict(one.metric.blocks)["W1"].name == "sqrt(theta**2+1)"


def test_compare_says_where_roots_are_not_supported():
    table = compare_spec(parse_spec(tables("linear", [1, 1, 1], {"default": "sqrt(theta**2+1)"})))
    ours = [(row.point, *(cell.status for cell in cells)) for row, cells in zip(table.rows, table.cells) if row.name == "the spec's"]
    assert ours == [("theta", "proved", "undecided", "undecided"), ("lookahead", None, "proved", None)]
    assert "roots" in table.cells[0][1].note


# --- polynomials in the parameters as entries ------------------------------------------------------------------------

FIELDS = [
    ("linear", [1, 1, 2], [["1 + W1_1_1**2", 0, 0], [0, 2, 1], [0, 1, 3]], "gradient-flow"),
    ("linear", [1, 1, 1], [["1 + W2_1_1**2", 0], [0, 1]], "gradient-flow"),
    ("linear", [1, 1, 1], [["1 + W2_1_1**2", "W1_1_1/2"], ["W1_1_1/2", "W1_1_1**2 + 1"]], "momentum"),
    ("linear", [1, 1, 1], [["1 + W2_1_1**2", 0], [0, "2"]], "weight-decay"),
    ("relu", [1, 2, 1], [["1 + W1_2_1**2", 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "gradient-flow"),
]


@pytest.mark.parametrize(("architecture", "widths", "rows", "kind"), FIELDS)
def test_counts_of_metrics_that_depend_on_the_parameters(architecture, widths, rows, kind):
    spec = tables(architecture, widths, {"full": rows}, kind)
    spec["dynamics"] |= {"damping": 1} if kind == "momentum" else {}
    found = analyze(spec).to_dict()
    check_consistency(found)
    parameters, _ = phi(architecture, widths)
    matrix = sp.Matrix([[sp.sympify(str(entry)) for entry in row] for row in rows])
    of = lambda point: matrix.subs(dict(zip(parameters, point, strict=True)), simultaneous=True)
    expected = count_laws(architecture, widths, "none", of, kind, rate=1 if kind == "momentum" else None)
    assert found["laws"]["independent"] == expected
    assert found["notes"] == [f"it is assumed that {found['metric']['blocks']['W1']} is positive definite"]
    parsed = parse_spec(spec)
    assert parse_spec(normalised(parsed)).metric == parsed.metric


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["W1_1_1", 0], [0, 1]], "entry (1, 1) is"),
        ([["1 + W1_1_1**2", "W2_1_1"], [0, 1]], "full is not symmetric: entry (2, 1) is 0, entry (1, 2) is W2_1_1"),
        ([["1 + W3_1_1**2", 0], [0, 1]], "W3_1_1 is no parameter"),
        ([["1/W1_1_1**2", 0], [0, 1]], "1/W1_1_1**2 is no polynomial"),
        ([["sqrt(W1_1_1)", 0], [0, 1]], "sqrt(W1_1_1) is no polynomial"),
        ([["exp(W1_1_1)", 0], [0, 1]], "exp(W1_1_1) is not an algebraic function"),
        ([["1 + W1_1_1**2", 0]], "full has 1 rows, or rows of other lengths"),
        ([["W1_1_1 +", 0], [0, 1]], "an entry of full cannot be read"),
    ],
)
def test_fields_that_are_no_metric_are_refused(rows, message):
    with pytest.raises(SpecError) as error:
        parse_spec(tables("linear", [1, 1, 1], {"full": rows}))
    (problem,) = error.value.problems
    assert message in problem.message and problem.remedy and problem.key == "[metric] full"


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


@pytest.mark.parametrize("dynamics", [{"kind": "momentum"}, {"kind": "momentum", "damping": "3/t"}, {"kind": "nesterov"}], ids=str)
@pytest.mark.parametrize("metric", ["sqrt(theta**2 + 1)", "1/(theta**2 + 1)", "theta**(1/2)"])
def test_what_momentum_at_theta_cannot_carry_is_said_with_a_way_out(metric, dynamics):
    """Drift coordinates put Q + S P under the root: no field of rational functions holds it. The same metric is fine under gradient flow."""
    tables = {"model": {"architecture": "linear", "widths": [2, 2, 2]}, "metric": {"default": metric, "at": "theta"}}
    with pytest.raises(SpecError) as caught:
        parse_spec({**tables, "dynamics": dynamics})
    (problem,) = caught.value.problems
    assert problem.key == "[metric] default" and "under" in problem.message and "at theta" in problem.message
    assert "gradient-flow" in problem.remedy
    parse_spec({**tables, "dynamics": {"kind": "gradient-flow"}})

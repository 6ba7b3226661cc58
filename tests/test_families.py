"""Families as matrix expressions: what is printed is expanded by SymPy's matrices and held against the laws that were verified."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp
from forger import with_checksum
from helpers import SLOW_SPECS, quick
from hypothesis import given, settings
from hypothesis import strategies as st

from conslaw_cli import analyze
from conslaw_cli.assembling import build
from conslaw_cli.checker import verify_report
from conslaw_cli.checker.forms import Form
from conslaw_cli.checker.parse import ExpressionError
from conslaw_cli.checker.system import read_system
from conslaw_cli.checker.terms import Times
from conslaw_cli.laws import aligned, families
from conslaw_cli.laws.matrices import MatrixExpression
from conslaw_cli.report import render

MODEL_SPECS = Path(__file__).parent.parent / "model_specs"
NAMES = {families.BALANCED, families.NEURON, families.ANGULAR, families.MOMENTUM, families.CENTRE}
A, B = [[2, 1], [1, 3]], [[2, 1], [1, 5]]


def report_of(architecture, widths, metric=None, kind="gradient-flow", **more):
    return analyze({"model": {"architecture": architecture, "widths": widths, **more}, "metric": metric or {}, "dynamics": {"kind": kind}})


# --- a form is its laws ----------------------------------------------------------------------------------------------

sizes = st.integers(1, 3)


@st.composite
def positive(draw, size):
    """A symmetric matrix that is positive definite because its diagonal dominates."""
    matrix = [[0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i):
            matrix[i][j] = matrix[j][i] = draw(st.sampled_from(["1/2", 1, 0, -1]))
    for i in range(size):
        matrix[i][i] = draw(st.integers(size, size + 2)) if size > 1 else draw(st.integers(1, 3))
    return matrix


@st.composite
def cases(draw):
    """Random networks with matrices on the axes that are no hidden layer's, and a factor on one that is."""
    architecture, kind = draw(st.sampled_from(["linear", "relu"])), draw(st.sampled_from(["gradient-flow", "weight-decay", "momentum"]))
    widths = draw(st.lists(sizes, min_size=3, max_size=4))
    metric, last = {}, f"W{len(widths) - 1}"
    if draw(st.booleans()):
        metric["W1"] = {"right": draw(positive(widths[0]))}
    if draw(st.booleans()):
        metric[last] = {"left": draw(positive(widths[-1]))}
    if draw(st.booleans()):
        factor = draw(st.integers(2, 3))
        rows = [[factor * (i == j) for j in range(widths[1])] for i in range(widths[1])]
        metric["W1"] = {**metric.get("W1", {}), "left": rows}
    return architecture, widths, metric, kind, draw(st.sampled_from(["none", "hidden"]))


@given(case=cases())
@settings(deadline=None, max_examples=20)
def test_a_form_is_the_laws_that_were_verified(case):
    architecture, widths, metric, kind, bias = case
    found = report_of(architecture, widths, metric, kind, bias=bias).to_dict()
    assert verify_report(found).verdict in ("verified", "verified for phi", "confirmed in part")
    for item in found["laws"]["items"]:
        if item["family"] in NAMES:
            laws = {sp.expand(sp.sympify(law)) for law in item["expressions"]}
            assert laws <= expanded(item["form"], dict(found["certificate"]["blocks"])), item["form"]


def expanded(form, blocks):
    """The entries on and above the diagonal of a matrix form, by SymPy's matrices; a neuron form's laws as diagonal entries."""
    names = {"Matrix": sp.Matrix, "diag": lambda m: sp.diag(*m.diagonal()), "exp": sp.exp, **{n: sp.Symbol(n) for n in ("t", "tau", "lamda")}}
    for block, shape in blocks.items():
        for name in (block, "d" + block):
            entry = lambda i, j, name=name, axes=len(shape): sp.Symbol("_".join([name, str(i + 1), str(j + 1)][: 1 + axes]))
            names[name] = sp.Matrix(shape[0], (*shape, 1)[1], entry)
    text = re.sub(r"sum_i (\w+)\[i,k\]\^2", r"diag(\1^T*\1)", form)
    text = re.sub(r"(?:sum_j )?(\w+)\[k(?:,j)?\]\^2", r"diag(\1*\1^T)", text)
    text = re.sub(r"\[\[.*?\]\]", r"Matrix(\g<0>)", text).replace("^T", ".T")
    matrix = eval(text, names)
    return {sp.expand(matrix[k, l]) for k in range(matrix.rows) for l in range(k, matrix.rows)}


# --- what is printed is what was verified ----------------------------------------------------------------------------


def wrong(expression, which):
    """The expression with the other sign before one term."""
    terms = list(expression.terms)
    place = which % len(terms)
    terms[place] = replace(terms[place], coefficient=-terms[place].coefficient)
    return replace(expression, terms=tuple(terms))


def planted(which):
    original = families.expressions
    return lambda *arguments: {name: wrong(expression, which) for name, expression in original(*arguments).items()}


EXAMPLES = sorted(MODEL_SPECS.glob("*.toml"))
SLOW = ("linear_deep", "linear_momentum_", "linear_more_than", "linear_nesterov", "linear_overparametrized", "linear_travel_times", "network")
FAST = [path for path in EXAMPLES if not path.stem.startswith((*SLOW_SPECS, *SLOW))]


@pytest.mark.parametrize("path", quick(FAST, EXAMPLES, lambda path: path.stem))
def test_a_planted_sign_is_seen(path, monkeypatch):
    """Every term of every family of the example specs in turn with the other sign: no law of that family holds, none is printed."""
    right = [family for family in analyze(path).laws.families if family.name in NAMES]
    if any("path" in family.source for family in right):
        pytest.skip("the laws of paths are proved in another way: see below")
    forms = [family.form for family in right]
    assert None not in forms
    for which in range(max((len(form.terms) for form in forms), default=0)):
        with monkeypatch.context() as patched:
            patched.setattr(families, "expressions", planted(which))
            patched.setattr(aligned, "MatrixExpression", lambda *arguments, which=which: wrong(MatrixExpression(*arguments), which))
            assert not [family.form for family in analyze(path).laws.families if family.name in NAMES]


@pytest.mark.parametrize("which", range(3))
def test_a_planted_sign_in_a_law_of_paths_is_seen(which, monkeypatch):
    original = families.balance
    monkeypatch.setattr(build, "balance", lambda *arguments: wrong(original(*arguments), which))
    with pytest.raises(ArithmeticError, match="what leaves a neuron minus what enters it"):
        report_of("relu", [2, 3, 2], bias="hidden")


# --- matrices in the metric ------------------------------------------------------------------------------------------

FORMS = [
    ("linear", {"W1": {"right": A}, "W2": {"left": B}}, "gradient-flow", "5*W2^T*[[5, -1], [-1, 2]]*W2 - 9*W1*[[3, -1], [-1, 2]]*W1^T"),
    ("linear", {"W2": {"left": B}}, "weight-decay", "exp(2*lamda*t)*(W2^T*[[5, -1], [-1, 2]]*W2 - 9*W1*W1^T)"),
    ("linear", {"W1": {"left": [[2, 0, 0], [0, 2, 0], [0, 0, 2]]}}, "gradient-flow", "2*W2^T*W2 - W1*W1^T"),
    ("relu", {"W1": {"right": A}}, "gradient-flow", "diag(5*W2^T*W2 - W1*[[3, -1], [-1, 2]]*W1^T)"),
    (
        "linear",
        {"W1": {"right": A}},
        "momentum",
        "exp(tau*t)*(5*W2^T*dW2 - 5*dW2^T*W2 + W1*[[3, -1], [-1, 2]]*dW1^T - dW1*[[3, -1], [-1, 2]]*W1^T)",
    ),
]


@pytest.mark.parametrize(("architecture", "metric", "kind", "form"), FORMS)
def test_a_metric_of_matrices_leaves_one_form(architecture, metric, kind, form):
    report = report_of(architecture, [2, 3, 2], metric, kind)
    (item,) = report.to_dict()["laws"]["items"]
    assert (item["form"], item["source"]) == (form, "theory, verified")
    assert verify_report(report.to_dict()).verdict == "verified"


def test_one_matrix_of_all_parameters_that_is_made_of_matrices_on_axes():
    """[[1, 1/2], [1/2, 3/2]] on W1 (1 x 2), 1 on W2 (1 x 1); an entry between the blocks takes the form away."""
    matrix = [[1, "1/2", 0], ["1/2", "3/2", 0], [0, 0, 1]]
    apart = report_of("linear", [2, 1, 1], {"full": matrix}).to_dict()
    assert [item["form"] for item in apart["laws"]["items"]] == ["5*W2^T*W2 - 2*W1*[[3, -1], [-1, 2]]*W1^T"]
    assert verify_report(apart).verdict == "verified"
    matrix[0][2] = matrix[2][0] = "1/5"
    coupled = report_of("linear", [2, 1, 1], {"full": matrix}).to_dict()
    assert not any(item["form"] for item in coupled["laws"]["items"])
    assert verify_report(coupled).verdict != "REJECTED"


def test_a_form_with_matrices_in_every_notation():
    reports = [report_of("relu", [2, 3, 2], {"W1": {"right": A}, "W2": {"left": B}}, "weight-decay")]
    assert "exp(2λt) diag(5 W₂ᵀ [[5, −1], [−1, 2]] W₂ − 9 W₁ [[3, −1], [−1, 2]] W₁ᵀ)  k = 1 … 3" in render(reports, "text")
    assert r"\operatorname{diag}\left(5 W_2^\top \begin{pmatrix} 5 & -1 \\ -1 & 2 \end{pmatrix} W_2 - " in render(reports, "latex")
    assert render(reports, "html").count("<mtable>") == 2


INNER = "[[5, -1], [-1, 2]]"


@pytest.mark.parametrize(
    ("old", "new"),
    [(INNER, "[[5, 1], [1, 2]]"), (INNER, "[[5, 0], [-1, 2]]"), (INNER, "[[5, -1, 0], [-1, 2, 0]]"), (INNER, "[[5, -1], [-1]]"), ("5*W2^T", "4*W2^T")],
)
@pytest.mark.parametrize("architecture", ["linear", "relu"])
def test_a_forged_form_is_refused(architecture, old, new):
    found = report_of(architecture, [2, 3, 2], {"W1": {"right": A}, "W2": {"left": B}}).to_dict()
    (item,) = found["laws"]["items"]
    assert old in item["form"] and in_latex(old) in item["latex"]
    item |= {"form": item["form"].replace(old, new), "latex": item["latex"].replace(in_latex(old), in_latex(new))}
    assert verify_report(with_checksum(found)).verdict == "REJECTED"


def in_latex(text):
    rows = text.removeprefix("[[").removesuffix("]]").replace("], [", r" \\ ").replace(", ", " & ")
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}" if text.startswith("[[") else text.replace("*", " ").replace("W2^T", r"W_2^\top")


def test_a_diagonal_is_not_the_whole_matrix():
    """Neurons' laws without the diag around them would be balancedness, and the diagonal of some products is no form."""
    found = report_of("relu", [2, 3, 2], {"W1": {"right": A}}).to_dict()
    (item,) = found["laws"]["items"]
    for form, latex in (("{}", "{}"), ("diag({}) + W2^T*W2 - W2^T*W2", r"\operatorname{{diag}}({}) + W_2^\top W_2 - W_2^\top W_2")):
        forged = {**item, "form": form.format(item["form"][5:-1]), "latex": latex.format(item["latex"].split("left(")[1].removesuffix(r"\right)"))}
        assert verify_report(with_checksum({**found, "laws": {**found["laws"], "items": [forged]}})).verdict == "REJECTED"


def test_laws_known_from_theory_may_stand_for_others_where_neurons_are_alike():
    """The checker looks at two neurons of a family that only its form gives: no metric may tell the others apart from them."""
    metric = {"W1": {"right": [[1 + (i == j) for j in range(4)] for i in range(4)]}}
    found = report_of("linear", [4, 300, 300, 300], metric).to_dict()
    inverse = "[[4, -1, -1, -1], [-1, 4, -1, -1], [-1, -1, 4, -1], [-1, -1, -1, 4]]"
    assert found["laws"]["items"][0]["form"] == f"5*W2^T*W2 - W1*{inverse}*W1^T"
    assert verify_report(found).verdict == "confirmed in part"
    apart = report_of("linear", [2, 3, 2], {"W1": {"left": [[1, 0, 0], [0, 1, 0], [0, 0, 2]]}}).to_dict()
    form = Form("W2^T*W2 - W1*W1^T", read_system(apart), Times())
    with pytest.raises(ExpressionError, match="tells the neurons apart"):
        form.representatives()


# --- functions of time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("metric", "form"), [("2*theta", "exp(lamda*t)*(sum_i W2[i,k] - sum_j W1[k,j])"), ("theta**3/2", "exp(-lamda*t)*(sum_j W1[k,j]^(-1) - sum_i W2[i,k]^(-1))")])
def test_multiples_of_powers_decay_like_powers(metric, form):
    """W' = -M grad E - lambda W: the sums decay with the weights, which a metric that is not written as a bare power does not change."""
    found = report_of("relu", [2, 2, 2], {"default": metric}, "weight-decay").to_dict()
    assert [item["form"] for item in found["laws"]["items"]] == [form]
    assert (found["laws"]["time_dependent"], found["laws"]["time_free"]) == (True, 1)

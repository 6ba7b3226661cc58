"""Abelian integrals of linear networks 1-n-m-1, by routes of their own: a trajectory in high precision, exact eigenvalues, forgeries."""

from __future__ import annotations

import json
import re

import mpmath as mp
import pytest
import sympy as sp
from forger import with_checksum
from helpers import parts_of, report, spec
from sympy.parsing.sympy_parser import parse_expr
from test_exact import flow_of

from conslaw_cli import analyze
from conslaw_cli.checker import verify_report
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.abelian import abelian_family
from conslaw_cli.metrics import EUCLIDEAN

SIZES = [(2, 2), (2, 3), (3, 2), (2, 5), (3, 3), (5, 3), (4, 4), (1, 3)]
NAME = "Abelian integrals"


def integrals(result):
    return next((item for item in result["laws"]["items"] if item["family"] == NAME), None)


@pytest.mark.parametrize("kind", ["gradient-flow", "weight-decay"])
@pytest.mark.parametrize("n, m", SIZES)
def test_all_laws_are_written_down(n, m, kind):
    """phi is one number, so D - 1 laws; min(n, m) - 1 of them are integrals."""
    result = report("linear", [1, n, m, 1], kind=kind, rate="lambda" if kind == "weight-decay" else None)
    size = n + n * m + m
    assert (result["laws"]["independent"], result["laws"]["found"], result["status"]) == (size - 1, size - 1, "proved")
    found = integrals(result)
    assert (found["number"] if found else 0) == min(n, m) - 1


# --- the laws are constant --------------------------------------------------------------------------------------------


def trajectory(n, m, weights, duration, steps):
    """(W1, W2, W3) along dW = grad(W3 W2 W1), by the classical Runge-Kutta method."""

    def field(point):
        a, b, c = point
        return b.T * c.T, c.T * a.T, a.T * b.T

    def moved(point, by, h):
        return tuple(x + h * y for x, y in zip(point, by))

    yield weights
    h = mp.mpf(duration) / steps
    for _ in range(steps):
        one = field(weights)
        two = field(moved(weights, one, h / 2))
        three = field(moved(weights, two, h / 2))
        four = field(moved(weights, three, h))
        slope = tuple((p + 2 * q + 2 * r + s) / 6 for p, q, r, s in zip(one, two, three, four))
        weights = moved(weights, slope, h)
        yield weights


def curve(definitions, weights):
    """The printed polynomial R as coefficients, from the formulas that come with a law."""
    a, b, c = weights
    assert definitions["C1"] == "W1*W1^T - W2^T*W2" and definitions["C2"] == "W2*W2^T - W3^T*W3"
    s, texts = sp.Symbol("s"), {"det(s + C1)": (a * a.T - b.T * b, 1), "det(s - C2)": (b * b.T - c.T * c, -1)}
    text, known = definitions["R(s)"].replace("^", "**"), {"s": s}
    for number, (place, (matrix, sign)) in enumerate(texts.items()):
        exact = sp.Matrix(matrix.rows, matrix.cols, lambda i, j, x=matrix: sp.Float(str(x[i, j]), 40))
        known[f"D{number}"] = (s * sp.eye(exact.rows) + sign * exact).det()
        assert place in text
        text = text.replace(place, f"D{number}")
    return [mp.mpf(str(x)) for x in sp.Poly(sp.expand(parse_expr(text, local_dict=known)), s).all_coeffs()]


def places(definitions, weights):
    """R, and s_k, e_k and epsilon_k by name, as their definitions say."""
    (a, b, c), coefficients = weights, curve(definitions, weights)
    roots = [mp.re(x) for x in mp.polyroots(coefficients, 500, extraprec=200) if abs(mp.im(x)) < mp.mpf(10) ** -15]
    eigenvalues, vectors = mp.eigsy(b.T * b)
    found = {}
    for k, i in enumerate(sorted(range(b.cols), key=lambda i: -eigenvalues[i])[: min(b.rows, b.cols)], 1):
        side = (c * b * vectors[:, i] * vectors[:, i].T * a)[0]
        lower = max(root for root in roots if root < eigenvalues[i] - mp.mpf(10) ** -12)
        found |= {f"s_{k}": eigenvalues[i], f"e_{k}": lower, f"epsilon_{k}": mp.sign((-1) ** (k - 1) * side)}
    return (lambda x: mp.polyval(coefficients, x)), found


def value(expression, definitions, weights):
    """A printed law at some weights."""
    s, root = sp.Symbol("s"), sp.sqrt(sp.Function("R")(sp.Symbol("s")))
    (density, known), total = places(definitions, weights), mp.mpf(0)
    for term in sp.Add.make_args(parse_expr(expression, local_dict={"s": s})):
        (integral,) = term.atoms(sp.Integral)
        ((_, lower, upper),) = integral.limits
        power, low, high = sp.degree(integral.function * root, s), known[str(lower)], known[str(upper)]
        # s = low + x^2 takes the root of the denominator at the lower end away
        part = mp.quad(lambda x: 2 * x * (low + x * x) ** power / mp.sqrt(density(low + x * x)), [0, mp.sqrt(high - low)])
        total += known[str(term / integral)] * part
    return total


@pytest.mark.parametrize("n, m", [(2, 2), pytest.param(3, 2, marks=pytest.mark.heavy), pytest.param(3, 3, marks=pytest.mark.heavy)])
def test_the_printed_integrals_are_constant_along_a_trajectory(n, m):
    found = integrals(report("linear", [1, n, m, 1]))
    with mp.workdps(30):
        draw = iter(mp.mpf((7 * k * k + 3 * k) % 23 - 11) / 13 for k in range(1, 100))
        start = mp.matrix(n, 1), mp.matrix(m, n), mp.matrix(1, m)
        for block in start:
            for i in range(block.rows):
                for j in range(block.cols):
                    block[i, j] = next(draw)
        points = list(trajectory(n, m, start, "0.1", 100))
        before, after = (places(found["definitions"], weights)[1] for weights in (points[0], points[-1]))
        for name in before:
            assert (abs(before[name] - after[name]) > 1e-4) == name.startswith("s_"), name
        for text in found["expressions"]:
            before, after = (value(text, found["definitions"], weights) for weights in (points[0], points[-1]))
            assert abs(before) > 1e-3 and abs(before - after) < 1e-10, text


# --- nothing algebraic is missing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n, m, roots", [(2, 2, "1, sqrt(2)"), (3, 2, "1, sqrt(2)"), (3, 4, "1, sqrt(2), sqrt(3)")])
def test_the_note_on_algebraic_laws_states_the_resonances_there(n, m, roots):
    """The field vanishes at the point, its linear part is diagonalizable, and the rank of the resonances is that of the note."""
    note = re.fullmatch(
        r"every algebraic law is a function of these (\d+) of balancedness: where W1 and W3 are zero and W2 has the singular "
        r"values (.*), the field vanishes with these, their negatives and zeros as eigenvalues, whose resonances have rank (\d+) \(Poincaré\)",
        *report("linear", [1, n, m, 1])["notes"],
    )
    singular = [sp.sympify(text) for text in note[2].split(", ")]
    assert note[2] == roots and len(singular) == min(n, m)
    a, c = sp.symbols(f"a:{n}"), sp.symbols(f"c:{m}")
    b = sp.symbols(f"b:{n * m}")
    entries = [*a, *b, *c]
    product = (sp.Matrix([c]) * sp.Matrix(m, n, b) * sp.Matrix(a))[0]
    point = dict.fromkeys(entries, 0) | {b[k * n + k]: value for k, value in enumerate(singular)}
    field = [product.diff(x) for x in entries]
    assert all(f.subs(point) == 0 for f in field)
    linear = sp.Matrix([[f.diff(x).subs(point) for x in entries] for f in field])
    assert linear == linear.T, "symmetric, thus diagonalizable"
    eigenvalues = [value for value, times in linear.eigenvals().items() for _ in range(times)]
    assert sorted(eigenvalues, key=sp.default_sort_key) == sorted(
        [*singular, *(-x for x in singular), *[0] * (len(entries) - 2 * len(singular))], key=sp.default_sort_key
    )
    parts = sorted({x for v in eigenvalues for x in [v.as_coeff_Mul()[1]] if v}, key=sp.default_sort_key)
    rational = sp.Matrix([[v.coeff(x) if x != 1 else sp.Rational(v.as_coeff_Add()[0]) for x in parts] for v in eigenvalues])
    assert int(note[1]) == int(note[3]) == len(entries) - rational.rank()


@pytest.mark.parametrize("widths", [[1, 3, 1], pytest.param([1, 2, 2, 2, 1], marks=pytest.mark.heavy)])
def test_the_note_needs_all_laws_of_balancedness(widths):
    assert report("linear", widths)["notes"] == []


# --- where they are not -----------------------------------------------------------------------------------------------


OTHERS = [
    spec("linear", [1, 2, 2, 1], "hidden"),
    spec("linear", [2, 2, 2, 1]),
    spec("linear", [1, 2, 2, 2, 1]),
    spec("linear", [1, 2, 2, 1], metric={"W2": 1}),
    spec("linear", [1, 2, 2, 1], kind="momentum"),
    spec("relu", [1, 2, 2, 1]),
]


@pytest.mark.parametrize("tables", OTHERS, ids=str)
def test_other_systems_have_no_such_family(tables):
    parsed, model, dynamics = flow_of(tables)
    for part in parts_of(parsed, model):
        flow = PartFlow(part.program, part.metrics, dynamics)
        assert abelian_family(flow, model.hidden) is None


def test_a_relu_network_that_calls_its_layers_linear_is_found_out():
    """The shapes fit, but the fields of single paths are no multiples of one another."""
    parsed, model, dynamics = flow_of(spec("relu", [1, 2, 2, 1]))
    (part,), (_, linear, _) = parts_of(parsed, model), flow_of(spec("linear", [1, 2, 2, 1]))
    assert abelian_family(PartFlow(linear.program, (EUCLIDEAN,) * 3, dynamics), linear.hidden)
    assert abelian_family(PartFlow(part.program, (EUCLIDEAN,) * 3, dynamics), linear.hidden) is None


# --- the checker ------------------------------------------------------------------------------------------------------


def honest(widths, kind="gradient-flow"):
    return json.loads(json.dumps(analyze(spec("linear", widths, kind=kind)).to_dict()))


@pytest.mark.parametrize("widths", [[1, 2, 2, 1], [1, 4, 2, 1], [1, 3, 4, 1]], ids=str)
def test_the_checker_proves_them_again(widths):
    assert verify_report(honest(widths)).verdict == "verified"


def test_the_checker_says_what_it_does_not_read():
    assert verify_report(honest([1, 2, 2, 1], "weight-decay")).verdict == "confirmed in part"


@pytest.mark.parametrize(
    "key, old, new",
    [
        ("expressions", "Integral(1/", "Integral(s/"),
        ("expressions", "+ epsilon_2", "- epsilon_2"),
        ("form", "1/sqrt", "s/sqrt"),
        ("latex", "s_k", "s_1"),
        ("definitions", "det(s + C1)", "det(s - C1)"),
    ],
)
@pytest.mark.parametrize("kind", ["gradient-flow", "weight-decay"])
def test_the_checker_rejects_other_integrals(key, old, new, kind):
    if kind == "weight-decay" and key in ("form", "latex"):
        pytest.skip("not read, as the checker says")
    forged = honest([1, 2, 2, 1], kind)
    item = integrals(forged)
    changed = json.loads(json.dumps(item[key]).replace(old, new))
    assert changed != item[key]
    item[key] = changed
    assert verify_report(with_checksum(forged)).verdict == "REJECTED"


def test_the_checker_rejects_a_factor_that_grows_otherwise():
    forged = honest([1, 2, 2, 1], "weight-decay")
    item = integrals(forged)
    item["expressions"] = [text.replace("-3*", "-1*") for text in item["expressions"]]
    assert verify_report(with_checksum(forged)).verdict == "REJECTED"

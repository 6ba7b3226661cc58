"""What is said of rates: the interval, zero or constant or moving, and the functions of time that solve their equations."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from conslaw_cli import analyze
from conslaw_cli.report import FORMATS, render
from conslaw_cli.spec import SpecError, parse_spec
from conslaw_cli.expressions.sympynames import SYMPY_NAMES

MODEL = {"architecture": "nmf", "widths": [1, 2, 1]}
AFTER_0 = None

# rate, start, until (a decimal is a bound below an irrational end), s, A; s and A None where they are integrals
RATES = [
    ("3/t", AFTER_0, None, "t**3", "-t/2"),
    ("1/(t-2)", "0", "2", "2 - t", "(2 - t)*-log(2 - t)"),
    ("1/(2*(t-1))", "0", "1", "sqrt(1 - t)", "2*(t - 1)"),
    ("1/(1+t)", "0", None, "1 + t", "(1 + t)*log(1 + t)"),
    ("1/(1+t**2)", "0", None, "exp(atan(t))", None),
    ("1/(t**2-2)", "0", "1.414213", None, None),
    ("tan(t)", "0", "1.570796", "1/cos(t)", "tan(t)"),
    ("1/cos(pi*t)", "0", "1/2", None, None),
    ("1/log(t)", AFTER_0, "1", None, None),
    ("log(t+2)", "0", None, "exp((t+2)*log(t+2)-t-2)", None),
    ("2+sin(t)", "0", None, "exp(2*t-cos(t))", None),
    ("1/cosh(t)", "0", None, "exp(2*atan(exp(t)))", None),
    ("tanh(t)", "0", None, "cosh(t)", "2*cosh(t)*atan(exp(t))"),
    ("1/(1+t**3)", "0", None, "(t+1)**(1/3)*exp(atan((2*t-1)/sqrt(3))/sqrt(3))/(t**2-t+1)**(1/6)", None),
    ("(t+1)/(t**3+2)", "0", None, None, None),
    ("1/(1+t)**20", "0", None, "exp(-1/(19*(1+t)**19))", None),
    ("t**-3", AFTER_0, None, "exp(-1/(2*t**2))", None),
    ("exp(-t)*cos(t)", "0", None, None, None),
    ("2**t", "0", None, "exp(2**t/log(2))", None),
    ("t**(1/3)", "0", None, "exp(3*t**(4/3)/4)", None),
    ("pi/t", AFTER_0, None, "t**pi", "t/(1-pi)"),
    ("sqrt(1-t)", "0", "1", "exp(-2*(1-t)**(3/2)/3)", None),
    ("t**1000", "0", None, "exp(t**1001/1001)", None),
    ("(1+t+t**2)**60", "0", None, None, None),
    ("alpha/t", AFTER_0, None, "t**alpha", None),
    ("3/(t+tau)", "0", None, "(t+tau)**3", "-(t+tau)/2"),
    ("tau/(1+t)", "0", None, "(1+t)**tau", None),
    ("1/(1-cos(t))", AFTER_0, "6.283142", None, None),
    ("1/(exp(t)-t)", "0", None, None, None),
]


def report(rate, **keys):
    dynamics = {"kind": "momentum", "damping": rate, **keys}
    return analyze({"model": MODEL, "metric": {"at": "theta"}, "dynamics": dynamics})


@pytest.mark.parametrize(("rate", "start", "until", "s", "lag"), RATES)
def test_interval_and_functions_of_time(rate, start, until, s, lag):
    found = report(rate).to_dict()
    assert (found["dynamics"]["start"], found["dynamics"]["until"]) == (start, until)
    one = {name: sp.Integer(0) for name in ("U_1_1", "dU_1_1", "dV_1_1")}
    angular, centre = (sp.sympify(item["expressions"][0]) for item in found["laws"]["items"])
    printed = angular.subs({**one, "dU_1_1": 1}), -centre.subs({**one, "V_1_1": 0, "dU_1_1": 1})
    assert not any(part.has(sp.I, sp.nan, sp.RootSum) for part in printed)
    for wanted, part in zip((s, lag), printed):
        assert part.has(sp.Integral) == (wanted is None)
        assert wanted is None or numerically_equal(part, sp.sympify(wanted), start, until)


def test_closed_forms_solve_their_equations():
    """s' = rate s and A' = rate A + 1, by SymPy's derivative at a time inside, where no integral stands for them."""
    for rate, start, until, s, lag in RATES:
        tau = sp.sympify(rate)
        for function, slope in ((s, 0), (lag, 1)):
            if function is not None:
                y = sp.sympify(function)
                assert numerically_equal(sp.diff(y, "t"), tau * y + slope, start, until), (rate, function)


def numerically_equal(left, right, start, until) -> bool:
    end = sp.Rational(until) if until else 2
    for share in (sp.Rational(1, 3), sp.Rational(3, 4)):
        values = {"t": sp.Rational(start or 0) + share * (end - sp.Rational(start or 0)), "alpha": sp.Rational(7, 5), "tau": 2}
        a, b = (sp.N(part.subs(values), 30) for part in (left, right))
        if not (abs(a - b) <= mpmath.mpf(10) ** -18 * (1 + abs(a)) and a.is_real):
            return False
    return True


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sin(t)**2+cos(t)**2-1", 0), ("exp(log(t))-t", 0), ("t-t", 0), ("log(1)", 0), ("sqrt(4)-2", 0),
        ("sqrt(2)*sqrt(3)-sqrt(6)", 0), ("exp(t)*exp(-t)-1", 0), ("log(t**2)-2*log(t)", 0), ("cosh(t)**2-sinh(t)**2", 1),
        ("tan(t)*cos(t)-sin(t)", 0), ("(1+t)**2-1-2*t-t**2", 0), ("alpha-alpha", 0), ("(t+alpha)/(alpha+t)", 1),
        ("(t+1)/(2*t+2)", Fraction(1, 2)), ("2**t*2**(-t)", 1), ("sqrt(t**2+2*t+1)-t", 1), ("sin(2*t)-2*sin(t)*cos(t)", 0),
        ("cos(pi/3)", Fraction(1, 2)), ("tanh(t)*cosh(t)-sinh(t)", 0),
    ],
)  # fmt: skip
def test_rates_in_disguise(written, meant):
    rate = parse_spec({"model": MODEL, "metric": {"at": "theta"}, "dynamics": {"kind": "momentum", "damping": written}}).dynamics.rate
    assert rate.fraction == meant


@pytest.mark.parametrize("rate", ["1e-30*t", "1e-30*sin(t)", "1+1e-40*exp(-t)", "alpha*t", "t**alpha", "cos(pi/4)-sqrt(2)/2+t"])
def test_what_moves_however_little_moves(rate):
    assert parse_spec({"model": MODEL, "dynamics": {"kind": "momentum", "damping": rate}}).dynamics.varies_in_time


def test_a_decay_that_is_zero_in_disguise():
    """The weight decay of a convex net destroys its laws; a decay of zero does not."""
    tables = {"model": {"architecture": "icnn", "widths": [2, 2, 1], "bias": "hidden"}}
    found = [
        analyze({**tables, "dynamics": {"kind": "weight-decay", "decay": decay}}).laws.independent
        for decay in ("0", "sin(t)**2+cos(t)**2-1", "t")
    ]
    assert found == [2, 2, 0]


@pytest.mark.parametrize(
    "rate",
    ["1/(t-t)", "log(0*t)", "0/(t-t)", "tan(pi/2)*t", "sqrt(-t)", "sqrt(-1)*t", "1/(sin(t)**2+cos(t)**2-1)", "1/(t-tau)",
     "cos(pi/4)-sqrt(2)/2", "log(t-1)", "alpha-1"],
)  # fmt: skip
def test_a_rate_without_value_is_an_error_with_a_remedy(rate):
    with pytest.raises(SpecError) as caught:
        report(rate)
    assert all(problem.message and problem.remedy for problem in caught.value.problems)


@pytest.mark.parametrize("rate", ["alpha/t", "1/(t-2)", "exp(-t)*cos(t)", "1/(t**2-2)"])
def test_every_format_says_interval_and_assumptions(rate):
    found = report(rate)
    for name in FORMATS:
        text = render([found], name)
        assert "nan" not in text
        if name != "json":
            assert ("until" in text) == (found.dynamics.until is not None)
    assert ("α > 0" in render([found], "text")) == (rate == "alpha/t")
    assert found.to_dict()["dynamics"]["assumptions"] == (["alpha > 0"] if rate == "alpha/t" else [])


def test_constants_that_may_be_chosen_so_that_the_rate_stands_still_are_generic():
    assert report("(alpha-1)*t").to_dict()["dynamics"]["assumptions"] == ["alpha > 0", "alpha generic"]


def test_names_that_sympy_parses_as_something_else_are_refused():
    letters = [chr(ord("a") + k) for k in range(26)] + [chr(ord("A") + k) for k in range(26)]
    for name in (*letters, "alpha", "beta", "gamma", "zeta", "kappa", "mu", "Si", "Ci", "re", "im", "sign", "root", "sum", "len"):
        if name not in SYMPY_NAMES:
            assert isinstance(sp.sympify(name), sp.Symbol)
    assert {"beta", "gamma", "zeta", "Si", "re", "im", "Ci", "sum", "len"} <= SYMPY_NAMES


def test_no_rate_needs_sympy():
    code = (
        "import sys\nfrom conslaw_cli import analyze\nfor rate in ('2+sin(t)', '1/(1+t**3)', 'alpha/t', 'tan(t)'):\n"
        "    model = {'architecture': 'nmf', 'widths': [1, 2, 1]}\n"
        "    str(analyze({'model': model, 'metric': {'at': 'theta'}, 'dynamics': {'kind': 'momentum', 'damping': rate}}))\n"
        "sys.exit('sympy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

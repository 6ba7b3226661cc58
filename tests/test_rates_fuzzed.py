"""Random rates: each is reported or refused clearly, in bounded time, and what is said of it is so numerically."""

from __future__ import annotations

import random

import mpmath
import pytest
import sympy as sp
from helpers import quick
from test_fuzz_spec import within

from conslaw_cli import analyze
from conslaw_cli.report import FORMATS, render
from conslaw_cli.spec import SpecError

SECONDS = 5
LEAVES = ("t", "t", "t", "t", "1", "2", "3", "1/2", "pi", "alpha", "0")
FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")


def random_rate(choose: random.Random, depth: int) -> str:
    kind = choose.random()
    if depth == 0 or kind < 0.15:
        return choose.choice(LEAVES)
    if kind < 0.35:
        return f"{choose.choice(FUNCTIONS)}({random_rate(choose, depth - 1)})"
    if kind < 0.45:
        return f"({random_rate(choose, depth - 1)})**({choose.choice(('2', '3', '-1', '-2', '1/2', '-1/3', '20', 't', 'alpha'))})"
    left, right = (random_rate(choose, depth - 1) for _ in range(2))
    return f"({left}){choose.choice('+-*/')}({right})"


def handled(rate: str) -> str:
    tables = {
        "model": {"architecture": "nmf", "widths": [1, 2, 1]},
        "metric": {"at": "theta"},
        "dynamics": {"kind": "momentum", "damping": rate},
    }
    with within(SECONDS):
        try:
            found = analyze(tables)
        except SpecError as error:
            assert all(problem.message and problem.remedy for problem in error.problems)
            return "refused"
        for name in FORMATS:
            assert "nan" not in render([found], name)
    check_numerically(found.to_dict())
    return "reported"


def check_numerically(found: dict) -> None:
    """The rate is real at some times of its interval, and moves there if it is said to."""
    dynamics = found["dynamics"]
    start, until = float(sp.Rational(dynamics["start"] or 0)), dynamics["until"]
    end = float(sp.Rational(until)) if until else start + 3
    rate = sp.lambdify(sp.Symbol("t"), sp.sympify(dynamics["rate"]).subs("alpha", sp.Rational(7, 5)), "mpmath")
    for k in range(1, 6):
        try:
            value = mpmath.mpc(rate(mpmath.mpf(start + (end - start) * k / 6.5)))
        except OverflowError:
            continue
        if mpmath.isfinite(value.real) and abs(value) < 1e30:
            assert abs(value.imag) <= 1e-9 * (1 + abs(value)), (dynamics, k, value)


@pytest.mark.parametrize("seed", quick([0], range(6)))
def test_random_rates(seed):
    choose = random.Random(seed)
    found = [handled(random_rate(choose, 3)) for _ in range(50)]
    assert found.count("reported") >= 10


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_random_rates(seed):
    choose = random.Random(seed)
    for _ in range(100):
        handled(random_rate(choose, 4))

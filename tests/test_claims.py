"""What the engine claims beyond a sum that closes: error bounds, degrees searched, counts free of time."""

from __future__ import annotations

from math import factorial, log2

import numpy as np
import pytest
import sympy as sp
from helpers import name_of, parts_of, quick, reference_arguments, report, spec
from reference import count_time_free
from test_exact import flow_of, functional, parameter_symbols, part_flow, scalar_value

from conslaw_cli import analysis, analyze
from conslaw_cli.analysis import part_result
from conslaw_cli.limits import LIMITS
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.dynamics.base import Symbol
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.time import TimeAction, action
from conslaw_cli.lie import trace
from conslaw_cli.metrics.power import Power
from conslaw_cli.graph.nodes import Coefficient, Parameter
from conslaw_cli.graph.program import Program

# --- error bounds ----------------------------------------------------------------------------------------------------


def generator(flow, number):
    """A generator as SymPy polynomials in the state, its coefficients and the free symbols."""
    symbols = {Symbol.FREE: sp.Symbol(f"S{number}"), Symbol.RATE: sp.Symbol("tau")}
    state = sp.symbols(f"z0:{flow.dimension}")
    pieces = np.split(np.array(state), len(flow.dynamics.coordinates))
    at, metric_at = (
        sum(scalar_value(s, symbols) * piece for s, piece in zip(scalars, pieces, strict=True))
        for scalars in (flow.dynamics.position, flow.dynamics.metric_point)
    )
    theta, f = parameter_symbols(flow.program), functional(flow.program)
    own = {s: sp.Symbol(f"{s}_{number}") for s in f.free_symbols - set(theta)}
    powers = [of.power for of, (_, (r, c)) in zip(flow.metrics, flow.program.blocks, strict=True) for _ in range(r * c)]
    moved = [
        f.diff(s).subs({**own, **dict(zip(theta, at))}, simultaneous=True) * m**a
        for s, m, a in zip(theta, metric_at, powers, strict=True)
    ]
    return state, sp.Matrix([sp.expand(scalar_value(lift, symbols) * w) for lift in flow.dynamics.lift for w in moved])


def sizes(entries):
    """(largest degree, largest 1-norm after multiplication with a common denominator) of the polynomials in a vector."""
    polys = [sp.Poly(entry, *sorted(entry.free_symbols, key=str)) for entry in entries if entry.free_symbols]
    return max(p.total_degree() for p in polys), max(sum(map(abs, p.clear_denoms()[1].coeffs())) for p in polys)


def cubed():
    """A program of no architecture: its functional has degree 6 in the parameters."""
    blocks = (("W1", (1, 1)), ("W2", (1, 1)))
    first, last = (Parameter(shape, name) for name, shape in blocks)
    square = (first * first) * first
    functional = Coefficient((1, 1), "a") @ ((last * last * last) @ (square * Coefficient((1, 1), "x")))
    return PartFlow(Program(blocks, functional), (Power(0), Power(1)), flow_of(spec("linear", [1, 1, 1], kind="momentum"))[2])


BOUNDED = {
    "linear": lambda: part_flow(spec("linear", [2, 2, 1], "hidden")),
    "relu": lambda: part_flow(spec("relu", [1, 2, 2, 1], "hidden")),
    "momentum": lambda: part_flow(spec("linear", [1, 2, 1], kind="momentum", rate="tau")),
    "lookahead": lambda: part_flow(spec("nmf", [1, 1, 2], kind="momentum", rate="5/3")),
    "letter": lambda: part_flow(spec("nmf", [1, 1, 2], kind="momentum", rate="tau")),
    "decay": lambda: part_flow(spec("icnn", [1, 1, 1], "hidden", kind="weight-decay", rate="lambda")),
    "no architecture": cubed,
}


@pytest.mark.parametrize("name", quick(("linear", "momentum", "decay"), BOUNDED))
def test_the_bound_of_a_generator_holds_for_it_and_for_a_bracket(name):
    flow = BOUNDED[name]()
    (state, x), (_, y) = generator(flow, 0), generator(flow, 1)
    degree, norm = sizes(x)
    assert degree <= flow.bound.degree <= 2 * degree and norm <= flow.bound.norm
    brackets = [y.jacobian(state) * x - x.jacobian(state) * y]
    if flow.dimension <= 3:
        brackets.append(brackets[0].jacobian(state) * x - x.jacobian(state) * brackets[0])
    for length, bracket in enumerate(brackets, 2):
        degree, norm = sizes([sp.expand(entry) for entry in bracket])
        assert degree <= length * (flow.bound.degree - 1) + 1
        assert norm <= flow.bound.norm**length * flow.bound.degree ** (length - 1) * factorial(length)


def test_an_error_bound_knows_the_degree_of_the_program():
    """Six factors and a metric: one growth says less than for two factors, whatever the number of blocks."""
    plain = trace(part_flow(spec("linear", [1, 1, 1], kind="momentum")), seed=1)
    steep = trace(cubed(), seed=1)
    assert plain.closed and steep.closed
    assert steep.error_bits < plain.error_bits - log2(2)


@pytest.mark.parametrize("widths", quick([[1, 2, 2, 1]], [[1, 2, 2, 1], [16, 16, 16]], name_of))
def test_growths_are_repeated_until_the_bound_is_reached_at_any_rank(widths, monkeypatch):
    """Without laws no sum closes. At rank 376 one growth says 2^-9 only."""
    monkeypatch.setattr(analysis, "candidates", lambda *_: [])
    monkeypatch.setattr(analysis, "search", lambda *_: 0)
    parsed, model, dynamics = flow_of(spec("linear", widths))
    assert part_result(parts_of(parsed, model)[0], model, dynamics, seed=1).error_bits >= LIMITS.error_bits


# --- laws free of time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case, status",
    [
        (("linear", [2, 3, 2], "none", None, "momentum", "1/(1+t)"), "proved"),
        (("linear", [1, 3, 1], "none", None, "nesterov", None), "proved"),
        (("nmf", [2, 2, 2], "none", None, "nesterov", None), "proved"),
        (("relu", [2, 2, 2], "hidden", None, "weight-decay", "lambda"), "proved"),
        pytest.param(("linear", [1, 2, 2, 2, 1], "none", None, "weight-decay", "lambda"), "exact", marks=pytest.mark.heavy),
        (("linear", [1, 2, 2, 1], "none", None, "weight-decay", "lambda"), "proved"),
    ],
    ids=str,
)
def test_counts_free_of_time_say_how_they_are_known(case, status):
    laws = report(*case)["laws"]
    assert laws["time_free_status"] == status
    kind, rate = case[4:]
    arguments = reference_arguments(case[2], case[3], kind, rate)
    assert laws["time_free"] == count_time_free(case[0], case[1], **arguments)


def test_the_rank_of_two_translations_is_that_of_rational_functions():
    """On one law T_1 and T_2 have rank 1 though neither is zero; on Q and P laws, rank 2; on multiples of P alone, rank 1."""
    dynamics = flow_of(spec("linear", [1, 1, 1], kind="momentum", rate="1/(1+t)"))[2]
    q, p = (Polynomial.variable(v) for v in (0, 2))
    assert action([Law(q + p)], dynamics, 2) == TimeAction(1, (True, True))
    assert action([Law(q), Law(q + p)], dynamics, 2) == TimeAction(2, (True, True))
    assert action([Law(p), Law(p * p)], dynamics, 2) == TimeAction(1, (False, True))
    assert action([], dynamics, 2) == TimeAction(0, (False, False))


# --- depth -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", quick(["gradient-flow"], ["gradient-flow", "momentum"]))
@pytest.mark.parametrize("widths", quick([[2] * 52], [[2] * 52, [3] * 25, [5] * 10], lambda w: f"{len(w)}x{w[0]}"))
def test_deep_linear_nets_are_complete(widths, kind):
    """Products of square layers: every hidden layer is balanced, or has its angular momentum."""
    n, hidden = widths[0], len(widths) - 2
    laws = report("linear", widths, kind=kind)["laws"]
    assert laws["complete"] and laws["independent"] == hidden * n * (n + (1 if kind == "gradient-flow" else -1)) // 2


def test_a_thousand_layers_end():
    result = report("linear", [2] * 1000)
    assert (result["status"], result["laws"]["independent"], result["laws"]["found"]) == ("undecided", None, 998 * 3)
    assert {item["source"] for item in result["laws"]["items"]} == {"theory, not verified at this size"}


@pytest.mark.heavy
def test_so_do_they_under_momentum_and_with_biases():
    assert report("linear", [2] * 1000, kind="momentum")["laws"]["found"] == 998
    assert report("relu", [2] * 300, "hidden")["laws"]["independent"] == 2 * 298

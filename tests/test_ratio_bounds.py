"""Error bounds of growths with reciprocals and functions: bounds hold for brackets written out with SymPy, and counts get a status."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import log2

import pytest
import sympy as sp

import conslaw_cli.laws.search as searching
from conslaw_cli import analyze
from conslaw_cli.dynamics import build_dynamics
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.flows.ratiobounds import RatioBounds, Unbounded
from conslaw_cli.spec import parse_spec

X1, X2, V = sp.symbols("x1 x2 v")


def bounds(field):
    spec = parse_spec({"model": {"fields": [field], "parameters": {"x1": [], "x2": []}}})
    program = spec.model.definition.build(spec.model.options).program
    return RatioBounds(
        PartFlow(program, tuple(metric for _, metric in spec.metric.blocks), build_dynamics(spec.dynamics, False))
    )


@pytest.mark.parametrize(
    "field",
    [
        "[x2 + 1, x1/(x1**2 + x2**2 + 1)]",
        "[1/(x1 + 2*x2), x1*x2/3]",
        "[1/(x1 + 1/(x2 + 1)), 1/(x2 + 1)]",
        "[x1/x2, 5/(x1 - x2)**2]",
    ],
)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_brackets_of_rational_fields_are_within_their_bounds(field, length):
    """Numerators in lowest terms, of brackets of v times the field for several v: no larger than what is said of A."""
    found, components = bounds(field), sp.Matrix(sp.sympify(field))
    brackets = [components * V]
    for number in range(1, length):
        other, last = components * sp.Symbol(f"v{number}"), brackets[-1]
        brackets.append(last.jacobian([X1, X2]) * other - other.jacobian([X1, X2]) * last)
    degree, bits = found._numerator(length, found._row(length))
    symbols = [X1, X2, V, *(sp.Symbol(f"v{number}") for number in range(1, length))]
    for component in brackets[-1]:
        numerator = sp.Poly(sp.numer(sp.together(sp.cancel(component))), *symbols)
        assert numerator.total_degree() <= degree
        norm = sum(abs(c) for c in numerator.primitive()[1].coeffs())
        assert log2(max(1, norm)) <= bits + 1e-9


@pytest.mark.parametrize(
    "field, laws",
    [
        ("[1, exp(x1)]", 1),
        ("[x2 + 1, x1/(x1**2 + x2**2 + 1)]", 1),
        ("[x2*gelu(x1), x1 + 1]", 1),
        ("[log(x1**2 + 1) + x2, 1 + x1*x2]", 1),
        ("[silu(x1) + 1, smooth(x1 + x2)]", 1),
    ],
)
def test_counts_of_fields_without_a_law_written_down_are_exact(field, laws):
    report = analyze({"model": {"fields": [field], "parameters": {"x1": [], "x2": []}}}).to_dict()
    assert (report["laws"]["independent"], report["laws"]["found"], report["status"]) == (laws, 0, "exact")
    assert int(report["error_bound"].removeprefix("2^-")) >= 40


def test_a_network_of_which_not_all_laws_are_searched_is_exact(monkeypatch):
    """v exp((w + u^2) x): a law of degree 3, u exp-like in w: searched up to degree 1 only."""
    monkeypatch.setattr(searching, "LIMITS", replace(searching.LIMITS, degree=1))
    tables = {
        "model": {"network": "v*exp(w*x + u**2*x)", "parameters": {"u": [], "v": [], "w": []}, "inputs": {"x": []}}
    }
    report = analyze(tables).to_dict()
    assert (report["laws"]["independent"], report["laws"]["found"], report["status"]) == (1, 0, "exact")
    assert int(report["error_bound"].removeprefix("2^-")) >= 40


def test_roots_have_no_bound():
    with pytest.raises(Unbounded):
        bounds("[sqrt(x1**2 + 1), x2]").failing(Counter({1: 2}), 0, 4194319, 1e5)
    report = analyze(
        {"model": {"fields": ["[sqrt(x1**2 + 1), x2 + x1]"], "parameters": {"x1": [], "x2": []}}}
    ).to_dict()
    assert (report["laws"]["independent"], report["status"]) == (None, "undecided")

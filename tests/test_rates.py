"""Rates: what looks like it varies and does not, what looks irrational and is not, and primes that divide a rate."""

import re

import pytest

from conslaw_cli import analyze
from conslaw_cli.spec import SpecError, parse_spec


def report(damping, **metric):
    """NMF under momentum with the metric at theta: its centres of motion show the damping."""
    model = {"architecture": "nmf", "widths": [1, 2, 1]}
    dynamics = {"kind": "momentum", "damping": damping}
    return analyze({"model": model, "metric": {"at": "theta", **metric}, "dynamics": dynamics})


@pytest.mark.parametrize(
    ("written", "meant"),
    [("0*t", 0), ("t - t", 0), ("t/t", 1), ("sqrt(4)", 2), ("log(1)", 0), ("sqrt(2) - sqrt(2)", 0), ("sin(t)**2 + cos(t)**2", 1)],
)
def test_disguised_constants_are_the_constants(written, meant):
    assert report(written).to_dict()["laws"] == report(meant).to_dict()["laws"]
    assert parse_spec(spec(written)).dynamics.rate == parse_spec(spec(meant)).dynamics.rate


def spec(damping):
    return {
        "model": {"architecture": "linear", "widths": [2, 3, 2]},
        "dynamics": {"kind": "momentum", "damping": damping},
    }


@pytest.mark.parametrize("damping", ["t", "3/t", "1/(1+t)", "exp(-t)"])
def test_rates_that_vary_stay_as_they_are(damping):
    assert parse_spec(spec(damping)).dynamics.varies_in_time


def test_an_irrational_damping_has_no_lookahead_point():
    mapping = {"model": {"architecture": "nmf", "widths": [1, 2, 1]}, "dynamics": {"kind": "momentum", "damping": "sqrt(2)"}}
    with pytest.raises(SpecError, match="lookahead"):
        parse_spec(mapping)


@pytest.mark.parametrize("damping", ["6774683", "1/6774683"])
def test_a_prime_never_divides_a_rate(damping):
    """6774683 is the prime that seed 0 draws first: the translation of time would vanish modulo it."""
    assert (report(damping).laws.independent, report(damping).laws.time_free) == (4, 3)


def test_real_formulas_for_real_rates():
    formulas = report("1 + 1/t").to_dict()["laws"]["items"]
    assert not any(re.search(r"polar|\bI\b", text) for item in formulas for text in item["expressions"])


@pytest.mark.parametrize(
    ("architecture", "widths", "bias", "told"),
    [
        ("relu", [1, 3, 1], "none", True),
        ("relu", [1, 3, 1], "hidden", False),
        ("relu", [2, 1, 2, 2], "none", True),
        ("relu", [2, 3, 1], "none", False),
        ("icnn", [2, 2, 2, 1], "none", True),
        ("icnn", [2, 2, 1], "none", False),
    ],
)
def test_a_report_says_where_phi_never_stands_for_the_network(architecture, widths, bias, told):
    notes = analyze({"model": {"architecture": architecture, "widths": widths, "bias": bias}}).notes
    assert any("further laws may exist" in note for note in notes) == told

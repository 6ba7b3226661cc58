"""What a reader is told beside the count: for what it is proved, where it holds, and what theory knows where nothing was computed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from helpers import report, spec

from conslaw_cli import analyze
from conslaw_cli.cli import group
from conslaw_cli.comparing import DYNAMICS, compare_spec
from conslaw_cli.report import FORMATS, render
from conslaw_cli.spec import parse_spec

PHI = ("relu", [1, 3, 2])
"""Without biases, phi stands for the network nowhere."""

ICNN = spec("icnn", [2, 3, 1], bias="hidden", kind="momentum")
LOOKAHEAD = {
    "text": "W₂ > 0, τW₂ + Ẇ₂ > 0\n",
    "json": "W2 > 0, tau*W2 + dW2 > 0",
    "latex": r"$W_2$ \textgreater{} 0, $\tau W_2 + \dot{W}_2$ \textgreater{} 0",
    "markdown": r"$`W_2`$ &gt; 0, $`\tau W_2 + \dot{W}_2`$ &gt; 0",
    "html": "<mi>τ</mi><mo>&#x2062;</mo><msub><mi>W</mi><mn>2</mn></msub><mo>+</mo><msub><mover><mi>W</mi>",
}


# --- for what ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_a_count_of_phi_alone_says_so(format):
    shown = render([analyze(spec(*PHI))], format)
    assert "proved for phi" in shown and "nowhere for the network itself" in shown
    assert "complete, proved\n" not in shown


def test_only_counts_that_are_computed_are_for_phi():
    assert report(*PHI)["status"] == "proved for phi" and report(*PHI)["laws"]["complete"]
    assert report("relu", [2, 3, 2])["status"] == "proved"
    assert analyze(spec("relu", [1, 10**6, 10**6], kind="momentum")).status == "undecided"


def check(status, *options):
    text = f'[model]\narchitecture = "relu"\nwidths = {PHI[1]}\n[expect]\nstatus = "{status}"\n'
    return CliRunner().invoke(group, ["check", *options, "-"], input=text, standalone_mode=False)


def test_check_and_strict_know_the_status():
    assert check("proved for phi").return_value == 0 and check("proved").return_value == 1
    strict = check("proved for phi", "--strict")
    assert strict.return_value == 1 and "expected proved, found proved for phi" in strict.output
    assert json.loads(check("proved for phi", "--format", "json").stdout)["specs"][0]["status"] == "proved for phi"
    unknown = check("for phi", "--format", "jsonl")
    assert unknown.return_value == 2 and "proved, proved for phi, exact, exact for phi, theorem" in unknown.stdout


# --- where ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_the_lookahead_point_must_be_positive_where_a_metric_is_taken_there(format):
    shown = render([analyze(ICNN)], format)
    assert LOOKAHEAD[format] in shown


@pytest.mark.parametrize(
    ("architecture", "widths", "options", "domain"),
    [
        ("nmf", [2, 1, 2], {"kind": "momentum"}, "U, V > 0, tau*U + dU, tau*V + dV > 0"),
        ("nmf", [2, 1, 2], {"kind": "momentum", "rate": 0}, "U, V > 0, dU, dV > 0"),
        ("nmf", [2, 1, 2], {"kind": "momentum", "rate": 1}, "U, V > 0, U + dU, V + dV > 0"),
        ("nmf", [2, 1, 2], {"kind": "nesterov"}, "U, V > 0"),
        ("nmf", [2, 1, 2], {"kind": "momentum", "metric": {"at": "theta", "U": 1, "V": 1}}, "U, V > 0"),
        ("linear", [2, 1, 2], {"kind": "momentum", "metric": {"W2": 1}}, "generic rank (open dense), tau*W2 + dW2 > 0"),
        ("linear", [2, 1, 2], {"metric": {"W2": 1}}, "generic rank (open dense), W2 > 0"),
        ("linear", [2, 1, 2], {"kind": "momentum"}, "generic rank (open dense)"),
    ],
    ids=str,
)
def test_domains(architecture, widths, options, domain):
    assert report(architecture, widths, **options)["model"]["domain"] == domain


# --- compare ----------------------------------------------------------------------------------------------------------


def counts(tables):
    """{(row, point, dynamics): laws} of a comparison."""
    table = compare_spec(parse_spec(tables))
    return {
        (row.name, row.point, name): cell.laws
        for row, cells in zip(table.rows, table.cells, strict=True)
        for name, cell in zip(DYNAMICS, cells, strict=True)
        if cell.status
    }


def test_a_row_of_a_comparison_is_a_metric_at_one_point():
    """At theta momentum has what Nesterov has; what the entropy metric loses under momentum, it loses at the lookahead point."""
    found = counts(spec("linear", [2, 3, 2]))
    expected = {
        ("Euclidean", None, "gradient flow"): 6, ("Euclidean", None, "momentum"): 3, ("Euclidean", None, "Nesterov"): 3,
        ("entropy", "theta", "gradient flow"): 3, ("entropy", "theta", "momentum"): 6, ("entropy", "theta", "Nesterov"): 6,
        ("entropy", "lookahead", "momentum"): 0,
    }  # fmt: skip
    assert found == expected


def test_a_metric_of_its_own_has_both_rows_too():
    found = counts(spec("icnn", [2, 2, 1]))
    assert [key for key in found if key[0] == "icnn's own"] == [
        ("icnn's own", "theta", "gradient flow"),
        ("icnn's own", "theta", "momentum"),
        ("icnn's own", "theta", "Nesterov"),
        ("icnn's own", "lookahead", "momentum"),
    ]

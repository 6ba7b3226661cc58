"""What a reader is told beside the count: for what it is proved, where it holds, and what theory knows where nothing was computed."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from helpers import report, spec

from conslaw_cli import analyze
from conslaw_cli.cli import group
from conslaw_cli.report import FORMATS, render

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

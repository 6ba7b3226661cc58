"""What a reader is told beside the count: for what it is proved, where it holds, and what theory knows where nothing was computed."""

from __future__ import annotations

import json
import re
import tracemalloc

import pytest
from click.testing import CliRunner
from helpers import quick, report, spec

from conslaw_cli import analyze
from conslaw_cli.analysis import run, unanalysed
from conslaw_cli.cli import group
from conslaw_cli.comparing import compare_spec
from conslaw_cli.laws.theory import known_families
from conslaw_cli.metrics import EUCLIDEAN
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.report import FORMATS, render
from conslaw_cli.assembling.build import build
from conslaw_cli import hints
from conslaw_cli.spec import parse_spec
from conslaw_cli.dynamics import DYNAMICS

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
        for name, cell in zip(table.columns, cells, strict=True)
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


# --- what theory knows ------------------------------------------------------------------------------------------------

UNVERIFIED = "theory, not verified at this size"
LARGE = 10**5


def test_a_theorem_prints_its_law():
    result = analyze(spec("linear", [LARGE] * 3)).to_dict()
    (item,) = result["laws"]["items"]
    assert result["status"] == "theorem" and result["laws"]["found"] == result["laws"]["independent"] == item["number"]
    assert (item["form"], item["source"]) == ("W2^T*W2 - W1*W1^T", UNVERIFIED)
    assert item["expressions"] == [] and item["truncated"] is True and result["certificate"]["parts"] == []


@pytest.mark.parametrize("format", FORMATS)
def test_laws_known_from_theory_are_labelled_in_every_format(format):
    shown = render([analyze(spec("linear", [300] * 4, kind="momentum"))], format)
    assert shown.count(UNVERIFIED) == 2 and "undecided" in shown
    if format == "text":
        assert "laws          ≥ 89700       undecided: at least 89700 (known from theory, not verified)" in shown
        assert "exp(τt) (W₂ᵀẆ₂ − Ẇ₂ᵀW₂ + W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ)  antisymmetric 300×300    44850   yes" in shown


SIZES = [[LARGE] * 3, [10**9, 10**9, 7], [LARGE] * 40]


@pytest.mark.parametrize("widths", quick(SIZES[:2], SIZES))
@pytest.mark.parametrize("architecture", ["linear", "relu", "icnn"])
def test_what_theory_knows_takes_no_room_at_any_size(architecture, widths):
    analyze(spec(architecture, [2, 2, 2]))
    tracemalloc.start()
    for format in FORMATS:
        render([analyze(spec(architecture, widths, bias="hidden"))], format, expand=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 2**20


SMALL = [
    *(spec("linear", widths, bias=bias, kind=kind)
      for widths in ([2, 3, 2], [1, 4, 1], [1, 2, 2, 1], [3, 1, 4, 2], [1, 5, 1, 2], [1, 3, 3, 3, 1], [2, 2])
      for bias in ("none", "hidden", "all")
      for kind in ("gradient-flow", "weight-decay", "momentum")),
    *(spec("linear", [2, 3, 2, 2], metric=metric, kind=kind)
      for metric in ({"W3": 1}, {"W1": 1, "W2": 1}, {"W1": 2, "W2": 2, "W3": 2}, {"W1": 1, "W2": 1, "at": "theta"})
      for kind in ("gradient-flow", "weight-decay", "momentum", "nesterov")
      if kind in ("momentum", "nesterov") or "at" not in metric),
    *(spec(name, [2, 2, 1], bias="hidden", kind=kind) for name in ("relu", "icnn") for kind in ("gradient-flow", "momentum", "weight-decay")),
    spec("linear", [2, 3, 2], kind="momentum", rate=0),
    spec("linear", [1, 2, 1], kind="momentum", rate=0, metric={"W1": 1, "W2": 1, "at": "theta"}),
    spec("linear", [2, 2, 2, 2], kind="weight-decay", metric={"W1": 2, "W2": 2, "W3": 2}),
    spec("linear", [2, 2, 3, 2], kind="weight-decay", rate=0, metric={"W1": 1, "W2": 2, "W3": 0}),
    spec("nmf", [2, 3, 2]),
    spec("nmf", [2, 3, 2], kind="momentum"),
    spec("nmf", [2, 3, 2], kind="nesterov"),
    spec("nmf", [2, 3, 2], kind="weight-decay"),
]  # fmt: skip


@pytest.mark.parametrize("tables", quick(SMALL[::4], SMALL, lambda tables: json.dumps(tables, separators=(",", ":"))[10:]))
def test_what_theory_claims_the_engine_confirms(tables):
    """Every family that theory lists is verified at small sizes, as large as theory says at least, with the same form and time."""
    parsed = parse_spec(tables)
    engine, theory = build(run(parsed)), build(unanalysed(parsed, 0, "too large"))
    verified = {(family.name, family.form): family.number for family in engine.laws.families}
    for family in theory.laws.families:
        assert verified.get((family.name, family.form), 0) >= family.number
    assert theory.laws.found <= engine.laws.found


def test_known_numbers():
    """Two linear layers: the theorem's count at every size. Deep ones: at least as many as are shown, where not all are."""
    for widths in ([2, 3, 2], [1, 7, 1], [3, 9, 2], [1, 1, 1]):
        outline = unanalysed(parse_spec(spec("linear", widths)), 0, "")
        (family,) = known_families(outline.model.blocks, outline.model.hidden, dict.fromkeys(("W1", "W2"), EUCLIDEAN), outline.dynamics)
        assert family.number == report("linear", widths)["laws"]["independent"]
    deep = build(unanalysed(parse_spec(spec("linear", [1, 2, 2, 1])), 0, "too large"))
    assert deep.laws.found == 5 and "at least 2 of them independent" in render([deep], "text")


def test_an_expectation_is_held_against_what_was_verified_only():
    text = f'[model]\narchitecture = "linear"\nwidths = {[300] * 4}\n[expect]\nlaws = 3\n'
    assert CliRunner().invoke(group, ["check", "-"], input=text, standalone_mode=False).return_value == 3


# --- names from elsewhere ---------------------------------------------------------------------------------------------


def report_of_text(text):
    return CliRunner().invoke(group, ["report", "-"], input=text, standalone_mode=False)


@pytest.mark.parametrize(
    ("rest", "remedy"),
    [
        ('[dynamics]\nkind = "momentum"\ntau = 0.1\n', 'tau = 0.1: unknown key; did you mean "damping"?'),
        ('[dynamics]\nkind = "weight-decay"\nlambda = 0.1\n', 'did you mean "decay"?'),
        ('[dynamics]\nkind = "SGD"\n', 'unknown dynamics; write "gradient-flow"'),
        ('[dynamics]\nkind = "gd"\n', 'unknown dynamics; write "gradient-flow"'),
        ('[dynamics]\nkind = "adam"\n', 'adaptive steps are not there yet; "momentum" is without them'),
        ('[dynamics]\nkind = "heavy_ball"\n', 'write "momentum"'),
        ('[dynamics]\nkind = "nag"\n', 'write "nesterov"'),
        ('[dynamics]\nkind = "momentun"\n', 'did you mean "momentum"?'),
        ("[sweep]\nmodel.widths = [2, 3, 2]\n", "[sweep] model.widths: each of its values must be a list; write [[2, 3, 2]]"),
        ("[sweep]\nmodel.widths = [2, {from = 1, to = 4}, 2]\n", "write [[2, {from = 1, to = 4}, 2]]"),
        ("[sweep]\nmodel.widths = {from = 1, to = 4}\n", "write [[2, {from = 1, to = 4}, 2]]"),
        ("[sweep]\nmodel.widths = [[2, 3, 2], 4]\n", "write [[2, 3, 2]]"),
    ],
)
def test_names_from_elsewhere_point_somewhere(rest, remedy):
    found = report_of_text(f'[model]\narchitecture = "linear"\nwidths = [2, 3, 2]\n{rest}')
    assert found.return_value == 2 and remedy in found.stderr


@pytest.mark.parametrize("name", ["mlp", "conv", "CNN", "transformer", "self attention", "tanh", "resnet", "lora"])
def test_architectures_from_elsewhere_point_somewhere(name):
    found = report_of_text(f'[model]\narchitecture = "{name}"\nwidths = [2, 3, 2]\n')
    assert found.return_value == 2 and hints.hint_for(name, hints.ARCHITECTURES) in found.stderr
    assert "valid: linear, relu, nmf, icnn" in found.stderr


def test_hints_name_what_there_is():
    for table, names, metrics in ((hints.ARCHITECTURES, ARCHITECTURES, ()), (hints.DYNAMICS, DYNAMICS, ("entropy", "natural-gradient"))):
        assert not set(table) & set(names)
        assert all(set(re.findall('"(.*?)"', said)) <= {*names, *metrics} and (said.count('"') or "not there" in said) for said in table.values())
    assert set(hints.DYNAMICS_KEYS.values()) <= {"kind", "damping", "decay", "start"}

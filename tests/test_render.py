"""Renderers: formulas mean what they should, reports say what is known, and data never acts as markup."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from fractions import Fraction
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import sympy
from msgspec.structs import replace

from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.report import FORMATS, ascii, jsonreport, latex, mathml, render, render_comparison, unicode
from conslaw_cli.report.comparison import Cell, Comparison, Row
from conslaw_cli.report.formula import (
    BlockRef,
    Entry,
    Formula,
    Group,
    MatrixForm,
    MatrixTerm,
    NeuronForm,
    NeuronTerm,
    Term,
)
from conslaw_cli.report.model import (
    DynamicsSummary,
    Family,
    LawsSummary,
    MetricSummary,
    ModelSummary,
    Report,
)
from conslaw_cli.report.tables import Brackets, Graph, Reproduce, Trace

W11, W12, B1 = Entry("W1", (1, 1)), Entry("W1", (1, 2)), Entry("b1", (1,))
D11, D12, W2 = Entry("W1", (1, 1), True), Entry("W1", (1, 2), True), Entry("W2", (1, 1))
HOSTILE = "[red]\x1b[31m<script>alert(1)</script>$\\input{x}$ & `|_x\udc80\u202e"


def term(coefficient, *entries: Entry, exponent: int = 1) -> Term:
    return Term(coefficient, tuple((entry, exponent) for entry in entries))


def law(*terms: Term, time: str = "1") -> Formula:
    return Formula((Group(time, terms),))


BALANCED = law(term(2, W2), term(-1, W11, exponent=2), term(-1, B1, exponent=2))
ROTATION = law(term(1, W11, D12), term(-1, W12, D11), time="exp(tau*t)")
DRIFT = Formula((Group("1", (term(1, W11),)), Group("(exp(tau*t) - 1)/tau", (term(-1, D11),))))
NESTEROV = Formula((Group("-t/2", (term(3, D11), term(1, D12))), Group("t**3", (term(Fraction(-1, 2), D11),))))
LOGARITHM = law(Term(1, ((W11, 1),), log=True), Term(Fraction(-3, 2), ((W12, 1),), log=True))
INVERSE = law(term(1, W11, exponent=-1), term(-1, W12, exponent=-2))
CONSTANT = Formula((Group("1", (term(1, W11), term(-4))), Group("t", (term(1),))))

ANGULAR = MatrixForm(
    "exp(tau*t)",
    (
        MatrixTerm(1, BlockRef("W1"), BlockRef("W1", True, True)),
        MatrixTerm(-1, BlockRef("W1", velocity=True), BlockRef("W1", True)),
        MatrixTerm(1, BlockRef("W2", True), BlockRef("W2", velocity=True)),
        MatrixTerm(-1, BlockRef("W2", True, True), BlockRef("W2")),
    ),
    3,
    "antisymmetric",
)
NORMS = NeuronForm(
    "1",
    (
        NeuronTerm(1, "W2", "out", exponent=2),
        NeuronTerm(-1, "W1", "in", exponent=2),
        NeuronTerm(-1, "b1", "bias", exponent=2),
    ),
    3,
)
SUMS = NeuronForm("1", (NeuronTerm(1, "U", "out"), NeuronTerm(Fraction(-1, 2), "V", "in", exponent=2)), 2)
LOGS = NeuronForm("1", (NeuronTerm(1, "U", "out", "log"), NeuronTerm(-1, "V", "in", "log")), 2, "exp(lambda*t)")


# Formulas.


@pytest.mark.parametrize(
    ("formula", "meaning"),
    [
        (BALANCED, "2*W2_1_1 - W1_1_1^2 - b1_1^2"),
        (ROTATION, "exp(tau*t)*(W1_1_1*dW1_1_2 - W1_1_2*dW1_1_1)"),
        (DRIFT, "W1_1_1 + dW1_1_1/tau - exp(tau*t)*dW1_1_1/tau"),
        (NESTEROV, "-t*(3*dW1_1_1 + dW1_1_2)/2 - t^3*dW1_1_1/2"),
        (LOGARITHM, "log(W1_1_1) - log(W1_1_2)*3/2"),
        (replace(LOGARITHM, log_scale="exp(mu*t)"), "log(exp(mu*t)*W1_1_1) - 3*log(exp(mu*t)*W1_1_2)/2"),
        (INVERSE, "1/W1_1_1 - 1/W1_1_2^2"),
        (CONSTANT, "W1_1_1 + t - 4"),
        (Formula(()), "0"),
    ],
)
def test_ascii_means_in_sympy_what_it_should(formula, meaning):
    assert sympy.simplify(sympy.sympify(ascii.formula(formula)) - sympy.sympify(meaning)) == 0


@pytest.mark.parametrize(
    "time",
    [
        "exp(tau*t)", "exp(t/2)", "t**3", "(exp(tau*t) - 1)/tau", "-t/2", "-(t + 1)/(2*t**2)", "t**(-2)", "t**(1/2)", "1/(a/b)",
        "a/b/c", "a - (b - c)", "-(a - b)*c", "(-t)**2", "-t**2", "2*(t + 1)**3*exp(-t**2/2)", "(a*b)**c", "exp(t)**2", "sqrt(t)*log(t + 1)",
        "2**(-t)", "a/(b*c)", "a*(b/c)", "(1/2)*t", "-1/2", "(t + 1)*log(t + 1) - t", "erf(t)/(1 - t)", "a**b**c", "(a**b)**c", "0.5*t",
        "Integral(exp(-t**2), t)", "Piecewise((1, t > 0), (0, True))",
    ],
)  # fmt: skip
def test_functions_of_time_keep_their_meaning(time):
    written = ascii.formula(law(term(1, W11), term(-1, W12), time=time))
    expected = sympy.sympify(time) * sympy.sympify("W1_1_1 - W1_1_2")
    assert sympy.simplify(sympy.sympify(written) - expected) == 0


def test_ascii_text():
    assert ascii.formula(BALANCED) == "2*W2_1_1 - W1_1_1**2 - b1_1**2"
    assert ascii.formula(ROTATION) == "exp(tau*t)*(W1_1_1*dW1_1_2 - W1_1_2*dW1_1_1)"
    assert ascii.formula(replace(LOGARITHM, log_scale="exp(lambda*t)")).startswith(
        "log(exp(lambda*t)*W1_1_1) - 3/2*log"
    )
    assert ascii.form(ANGULAR) == "exp(tau*t)*(W1*dW1^T - dW1*W1^T + W2^T*dW2 - dW2^T*W2)"
    assert ascii.form(NORMS) == "sum_i W2[i,k]^2 - sum_j W1[k,j]^2 - b1[k]^2"
    assert ascii.form(LOGS) == "sum_i log(exp(lambda*t)*U[i,k]) - sum_j log(exp(lambda*t)*V[k,j])"


def test_unicode_text():
    assert unicode.formula(BALANCED) == "2 W₂[1,1] − W₁[1,1]² − b₁[1]²"
    assert unicode.formula(ROTATION) == "exp(τt) (W₁[1,1] Ẇ₁[1,2] − W₁[1,2] Ẇ₁[1,1])"
    assert unicode.formula(DRIFT) == "W₁[1,1] − ((exp(τt) − 1)/τ) Ẇ₁[1,1]"
    assert unicode.formula(NESTEROV) == "−(t/2) (3 Ẇ₁[1,1] + Ẇ₁[1,2]) − ½ t³ Ẇ₁[1,1]"
    assert unicode.formula(INVERSE) == "W₁[1,1]⁻¹ − W₁[1,2]⁻²"
    assert unicode.form(ANGULAR) == "exp(τt) (W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ + W₂ᵀẆ₂ − Ẇ₂ᵀW₂)"
    assert unicode.form(NORMS) == "‖W₂[:,k]‖² − ‖W₁[k,:]‖² − b₁[k]²"
    assert unicode.form(SUMS) == "Σᵢ U[i,k] − ½ ‖V[k,:]‖²"


def test_latex_text():
    assert latex.formula(BALANCED) == "2 (W_2)_{1,1} - (W_1)_{1,1}^2 - (b_1)_1^2"
    assert latex.formula(DRIFT) == r"(W_1)_{1,1} - \frac{e^{\tau t} - 1}{\tau} (\dot{W}_1)_{1,1}"
    assert latex.form(ANGULAR).startswith(r"e^{\tau t} (W_1 \dot{W}_1^\top - \dot{W}_1 W_1^\top")
    assert latex.form(NORMS) == r"\lVert (W_2)_{{:},k} \rVert^2 - \lVert (W_1)_{k,{:}} \rVert^2 - (b_1)_k^2"
    assert latex.form(LOGS) == r"\sum_i \log(e^{\lambda t} U_{i,k}) - \sum_j \log(e^{\lambda t} V_{k,j})"


def test_latex_of_a_family_is_its_form_or_its_laws():
    assert latex.family(Family("x", 3, (ROTATION,) * 3, True, "", ANGULAR)) == latex.form(ANGULAR)
    assert latex.family(Family("x", 2, (BALANCED, INVERSE), False, "")).count(r",\quad ") == 1
    assert latex.family(Family("x", 30, (BALANCED,) * 30, False, "")).endswith(r",\quad \ldots")


def test_mathml_text():
    ns = 'xmlns="http://www.w3.org/1998/Math/MathML"'
    squared = law(term(-1, Entry("U", (1, 2)), exponent=2))
    entry = "<mi>U</mi><mrow><mn>1</mn><mo>,</mo><mn>2</mn></mrow>"
    minus = '<mo form="prefix">&#x2212;</mo>'
    power = f"<msubsup>{entry}<mrow><mn>2</mn></mrow></msubsup>"
    assert mathml.formula(squared) == f"<math {ns}><mrow>{minus}{power}</mrow></math>"


@pytest.mark.parametrize("formula", [BALANCED, ROTATION, DRIFT, NESTEROV, LOGARITHM, INVERSE, CONSTANT, Formula(())])
def test_mathml_is_well_formed(formula):
    assert ElementTree.fromstring(mathml.formula(formula)).tag.endswith("math")


@pytest.mark.parametrize("form", [ANGULAR, NORMS, SUMS, LOGS])
def test_mathml_forms_hold_text_only_in_tokens(form):
    for element in ElementTree.fromstring(mathml.form(form)).iter():
        if element.tag.split("}")[1] not in ("mi", "mn", "mo", "mtext"):
            assert not element.text and not element.tail


def test_formulas_of_many_terms_are_written_in_full():
    many = law(*(term((-1) ** i, Entry("W1", (i, i))) for i in range(1, 20_001)))
    assert ascii.formula(many).count("W1_") == 20_000


# Reports.


def dynamics_of(name: str, rate: str | None, start: str | None) -> DynamicsSummary:
    kind = DYNAMICS[name]
    return DynamicsSummary(kind.name, rate, start, None, (), kind.title, kind.rate_words, kind.drifts)


def report(**changes) -> Report:
    """The example of the design: a two-layer linear network under momentum."""
    table = {"architecture": "linear", "widths": [2, 3, 2], "bias": "none"}
    blocks, told = (("W1", (3, 2)), ("W2", (2, 3))), ("linear network 2 → 3 → 2", "linear 2 → 3 → 2")
    model = ModelSummary("linear", 12, "W2 W1", "generic rank", table, *told, blocks)
    family = Family("hidden layer 1", 3, (ROTATION,) * 3, True, "search, degree 2", ANGULAR)
    usual = Report(
        name="example.toml",
        model=model,
        metric=MetricSummary((("W1", "euclidean"), ("W2", "euclidean")), "theta"),
        dynamics=dynamics_of("momentum", "tau", "0"),
        trace=Trace(24, (12, 21), 21),
        laws=LawsSummary(3, 3, True, 2, 2, (family,)),
        status="proved",
        certificate=(Brackets(1, (), (), Graph((), 0), 0, 7, tuple(range(60)), tuple((k, k + 1) for k in range(60)), (), 60),),
        reproduce=Reproduce("1.0", 0, (), "0" * 64),
    )
    return replace(usual, **changes)


def text(one: Report, **options) -> str:
    return render([one], "text", **options)


GOLDEN = """\
linear network 2 → 3 → 2 · Euclidean metric · momentum, damping τ
parameters    12            W₁ 3×2, W₂ 2×3
Lie algebra   12 → 21       dimension of its trace at a generic point, in 24 drift coordinates
laws          3             24 = 21 + 3   complete, proved
time          all 3 depend on t; 2 combinations of them need not
valid where   generic rank

  law                                                          number   depends on t   source
  exp(τt) (W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ + W₂ᵀẆ₂ − Ẇ₂ᵀW₂)  antisymmetric 3×3        3   yes            search, degree 2
"""


def test_text_is_the_report_of_the_design():
    assert text(report()) == GOLDEN


def test_expand_lists_every_member():
    assert "    h3 = exp(τt) (W₁[1,1] Ẇ₁[1,2] − W₁[1,2] Ẇ₁[1,1])\n" in text(report(), expand=True)


def laws(independent, found, free, dependent, degree=6) -> LawsSummary:
    members = (BALANCED,) * found
    families = ()
    if dependent:
        families += (Family("carried by time", dependent, members[:dependent], True, "search"),)
    if found > dependent:
        families += (Family("other", found - dependent, members[dependent:], False, "search"),)
    return LawsSummary(independent, found, bool(dependent), free, degree, families)


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        (laws(6, 6, 6, 0), "none depends on t"),
        (laws(1, 1, 0, 1), "it depends on t"),
        (laws(2, 2, 1, 2), "both depend on t; 1 combination of them need not"),
        (laws(3, 3, 2, 3), "all 3 depend on t; 2 combinations of them need not"),
        (laws(3, 3, 1, 3), "all 3 depend on t; 1 combination of them need not"),
        (laws(3, 3, 0, 3), "all 3 depend on t; no combination of them is free of t"),
        (laws(3, 3, 1, 2), "2 of the 3 depend on t"),
        (laws(3, 3, 2, 2), "2 of the 3 depend on t; 2 independent combinations are free of t"),
        (laws(7, 6, 6, 6), "all 6 written down depend on t; 6 of the 7 laws can be chosen free of t"),
        (laws(7, 6, None, 2), "2 of the 6 written down depend on t"),
    ],
)
def test_time(summary, sentence):
    assert f"time          {sentence}\n" in text(report(laws=summary))


def test_no_law():
    shown = text(report(laws=laws(0, 0, 0, 0), trace=Trace(24, (12, 24), 24)))
    assert "24 = 24 + 0   complete, proved" in shown
    assert "No law is conserved." in shown
    assert "time  " not in shown


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"laws": laws(7, 6, 7, 0), "status": "exact", "error_bound": "2^-40"},
            "7 laws exist, 6 in closed form; no further polynomial law up to degree 6; exact, error below 2^-40",
        ),
        (
            {"laws": laws(7, 0, 7, 0), "status": "exact", "error_bound": "2^-40"},
            "7 laws exist, none in closed form; no polynomial law up to degree 6; exact, error below 2^-40",
        ),
        (
            {"laws": laws(6, 6, 6, 0), "status": "theorem", "theorem": "Someone 2023", "trace": Trace(12, (), None)},
            "6 laws exist by a theorem, all in closed form: Someone 2023",
        ),
        (
            {"laws": laws(None, 2, None, 0), "status": "undecided", "trace": Trace(12, (4, 6), None)},
            "undecided: at least 2 (written down), at most 6 (12 = 6 + 6); no further polynomial law up to degree 6",
        ),
        ({"laws": laws(None, 0, None, 0, 0), "status": "undecided", "trace": Trace(12, (), None)}, "undecided\n"),
    ],
)  # fmt: skip
def test_what_is_known_where_the_sum_does_not_close(changes, sentence):
    assert sentence in text(report(**changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dynamics": dynamics_of("gradient-flow", None, "0")}, "· gradient flow\n"),
        ({"dynamics": dynamics_of("gradient-flow", None, "0")}, "in 24 parameters\n"),
        ({"dynamics": dynamics_of("weight-decay", "lambda", "0")}, "· weight decay λ\n"),
        ({"dynamics": dynamics_of("nesterov", "3/t", None)}, "valid where   generic rank, and for t > 0\n"),
        ({"dynamics": dynamics_of("momentum", "1/(t + 1)", "0")}, "valid where   generic rank\n"),
        ({"dynamics": dynamics_of("momentum", "1/(t + 1)", "1/2")}, "and from time ½ on\n"),
        ({"metric": MetricSummary((("W1", "entropy"), ("W2", "entropy")), "lookahead")}, "entropy metric at the lookahead point"),
        ({"metric": MetricSummary((("W1", "theta^2"), ("W2", "theta^2")), "theta")}, "θ² metric"),
        ({"metric": MetricSummary((("W1", "euclidean"), ("W2", "entropy")), "theta")}, "metric entropy on W₂ and Euclidean elsewhere"),
        ({"notes": ("once", "twice")}, "note  once\nnote  twice\n"),
    ],
)  # fmt: skip
def test_setting(changes, words):
    assert words in text(report(**changes))


def with_members(number: int, length: int, **family) -> Report:
    long = law(*(term(1, Entry("W1", (i + 1, 1)), D11) for i in range(length)))
    laws = LawsSummary(
        number, number, False, number, 2, (Family("other laws", number, (long,) * number, False, "search", **family),)
    )
    return report(laws=laws, trace=Trace(number, (0,), 0))


def test_many_members_are_counted_and_long_ones_cut():
    shown = text(with_members(30, 500))
    assert "h12 = " in shown and "h13" not in shown and "… and 18 more (--expand)" in shown
    assert "+ … (500 terms)" in shown and max(map(len, shown.splitlines())) < 340
    expanded = text(with_members(30, 500), expand=True)
    assert "h30 = " in expanded and "…" not in expanded and expanded.count("Ẇ₁") == 15_000


def test_a_law_alone_is_its_own_row():
    assert "  W₁[1,1] Ẇ₁[1,1]        1   no" in text(with_members(1, 1))


def test_redundant_entries_are_explained():
    shown = text(with_members(3, 2, form=ANGULAR, entries=6))
    assert "3 of 6   no" in shown and "the matrix has 6 different entries, 3 of them independent" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_terminal_lines_fit(width):
    from rich.cells import cell_len

    shown = text(with_members(3, 60), width=width, expand=True)
    assert max(map(cell_len, shown.splitlines())) <= width
    laws = ["".join(lines.split()).partition("h1=")[2] for lines in (shown, text(with_members(3, 60), expand=True))]
    assert laws[0] == laws[1] != ""


def test_names_stand_above_several_reports():
    shown = render([report(), report(name="other.toml")], "text")
    assert shown.startswith("example.toml\n") and "\n\nother.toml\n" in shown


# Formats.


COMPARISON = Comparison(
    "linear 2 → 3 → 2",
    ("gradient flow", "momentum τ", "weight decay"),
    (Row("Euclidean"), Row("mixed", (("W1", "entropy"), ("W2", "euclidean")), "theta"), Row("entropy", point="lookahead")),
    (
        (Cell(6, 6, "proved", "twice"), Cell(3, 3, "proved"), Cell(6, 6, "proved", "twice")),
        (Cell(6, 6, "proved"), Cell(7, 6, "exact"), Cell(None, 2, "undecided", "too large")),
        (Cell(None, 0, None), Cell(5, 5, "proved"), Cell(None, 0, None)),
    ),
)


def test_comparison_as_text():
    shown = render_comparison(COMPARISON, "text").splitlines()
    assert shown[2:6] == [
        "                                    gradient flow   momentum τ                        weight decay",
        "  Euclidean                         6 proved        3 (−3) proved                     6 (±0) proved",
        "  mixed, at θ                       6 proved        7 (+1), 6 in closed form, exact   ≥ 2 undecided",
        "  entropy, at the lookahead point   –               5 proved                          –",
    ]
    assert shown[-4:] == [
        "mixed: entropy on W₁ and Euclidean elsewhere",
        "–: no lookahead point τθ + θ̇, which only momentum with a constant damping has",
        "Euclidean, gradient flow; Euclidean, weight decay: twice",
        "mixed, at θ, weight decay: too large",
    ]


@pytest.mark.parametrize(
    ("format", "place", "point"),
    [
        ("latex", r"mixed, at $\theta$", r"$\tau \theta + \dot{\theta}$"),
        ("markdown", r"mixed, at $`\theta`$", r"$`\tau \theta + \dot{\theta}`$"),
        ("html", "<mi>θ</mi></mrow></math></td>", "<mover><mi>θ</mi><mo>&#x2d9;</mo></mover>"),
    ],
)
def test_comparison_writes_symbols_as_the_format_does(format, place, point):
    shown = render_comparison(COMPARISON, format)
    assert place in shown and point in shown and "tau theta" not in shown


def test_a_note_on_all_cells_names_none():
    cells = ((Cell(1, 1, "proved", "on all"), Cell(1, 1, "proved", "on all")), (Cell(None, 0, None), Cell(1, 1, "proved", "on all")))
    table = replace(COMPARISON, columns=COMPARISON.columns[:2], rows=COMPARISON.rows[1:], cells=cells)
    assert render_comparison(table, "text").splitlines()[-1] == "on all"


def test_comparison_as_json():
    found = json.loads(render_comparison(COMPARISON, "json"))
    assert [cell["difference"] for cell in found["cells"]] == [None, -3, 0, None, 1, None, None, None, None]
    assert [cell["status"] for cell in found["cells"][6:]] == [None, "proved", None]
    assert found["metrics"] == ["Euclidean", "mixed, at theta", "entropy, at the lookahead point"]
    assert found["meanings"] == [None, "mixed: entropy on W1 and Euclidean elsewhere", None]
    assert found["baseline"] == "gradient flow"


def test_json_is_the_report():
    one = report()
    assert json.loads(render([one], "json")) == json.loads(json.dumps(one.to_dict()))
    assert len(json.loads(render([one, one], "json"))) == 2


def test_json_keeps_numbers_and_words_on_one_line():
    shown = render([report()], "json")
    assert f'    "point": {json.dumps(list(range(60)))},\n' in shown
    assert f'    "words": {json.dumps([[k, k + 1] for k in range(60)])},\n' in shown
    assert '    "filtration": [12, 21],\n' in shown


def test_json_refuses_what_it_lacks():
    with pytest.raises(ValueError):
        jsonreport.dumps({"x": float("nan")})


class _Page(HTMLParser):
    """Checks that elements close in order, and collects text and tags."""

    VOID = ("meta", "br")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open, self.tags, self.words, self.links = [], set(), [], []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for key, value in attrs if key in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_html_is_one_page_of_its_own():
    page = _Page(render([report(), with_members(20, 500)], "html"))
    assert "math" in page.tags and not page.links and "script" not in page.tags
    assert "24 = 21 + 3   complete, proved" in "".join(page.words)
    _Page(render_comparison(COMPARISON, "html"))


def test_markdown_tables_hold_their_columns():
    shown = render([report(name=HOSTILE, notes=(HOSTILE,))], "markdown")
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5}


def hostile() -> Report:
    one = with_members(2, 2)
    model = replace(one.model, title=HOSTILE, label=HOSTILE, domain=HOSTILE)
    family = replace(
        one.laws.families[0],
        name=HOSTILE,
        source=HOSTILE,
        members=(ROTATION, law(BALANCED.groups[0].terms[0], time=HOSTILE)),
    )
    return replace(
        one,
        name=HOSTILE,
        model=model,
        metric=MetricSummary((("W1", HOSTILE), ("W2", "theta^2")), "theta"),
        dynamics=dynamics_of("momentum", HOSTILE, None),
        laws=replace(one.laws, families=(family,)),
        notes=(HOSTILE,),
        reproduce=Reproduce(HOSTILE, 0, (), HOSTILE),
    )  # fmt: skip


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("format", FORMATS)
def test_data_is_inert_in_every_format(format, color):
    evil = replace(COMPARISON, title=HOSTILE, columns=(HOSTILE,) * 3, rows=(Row(HOSTILE, ((HOSTILE, HOSTILE),)),) * 3)
    for shown in (render([hostile(), hostile()], format, color=color), render_comparison(evil, format, color=color)):
        shown.encode("utf-8")
        assert "\x1b[31m<" not in shown and "\u202e" not in shown
        if not (color and format == "text"):
            assert all(char.isprintable() or char == "\n" for char in shown)
        if format == "html":
            assert "script" not in _Page(shown).tags
        if format == "latex":
            assert r"\input" not in shown
        if format == "markdown":
            assert "<script" not in shown
        if format == "text":
            assert "[red]" in shown and "\\x1b[31m" in shown


def test_color_only_where_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in text(report())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1m" in text(report(), color=True)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
@pytest.mark.parametrize("reports", [[report()], [report(), with_members(20, 60), hostile()]], ids=["one", "several"])
def test_latex_compiles(reports, tmp_path):
    (tmp_path / "report.tex").write_text(render(reports, "latex"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_latex_environments_and_braces_close():
    shown = render([report(), with_members(20, 500), hostile()], "latex") + render_comparison(COMPARISON, "latex")
    assert shown.count(r"\begin{") == shown.count(r"\end{")
    plain = shown.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
    assert shown.replace(r"\$", "").count("$") % 2 == 0
    assert all(ord(char) < 0x180 for char in shown)


def test_renderers_need_no_heavy_library():
    code = """
import sys
from conslaw_cli.report import FORMATS
from importlib import import_module
for renderer in FORMATS.values():
    import_module(renderer.module)
print(sorted({"sympy", "numpy", "flint"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_terminal_of_unknown_width_folds_nothing():
    assert text(report(), width=0) == GOLDEN

"""Plots of drifts: what stands in the files, that they are whole, and what the terminal shows. The PNGs stay in pytest's folder, to be looked at."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import warnings
from functools import cache
from html.parser import HTMLParser
from math import exp
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conslaw_cli import analyze
from conslaw_cli.report import unicode
from conslaw_cli.report.drifts import DriftPlot, LawName, Line, Panel, drift_text
from conslaw_cli.report.lawnames import law_name
from conslaw_cli.report.plots import FORMATS, PlotError, refuse_plot, terminal, write_plot
from conslaw_cli.report.plots.looks import looks
from conslaw_cli.report.plots.scale import drawn_points, scale_of, shown_panels, thinned
from conslaw_cli.report.text import PROSE

pytest.importorskip("matplotlib")

SPECS = Path(__file__).parent.parent / "model_specs"
STEPS = (0.1, 0.01, 0.001)
SVG = "{http://www.w3.org/2000/svg}"
NAMED = (
    "linear_momentum", "relu_gradient_flow", "nmf_momentum_at_theta", "linear_travel_times", "relu_weight_decay", "phi_momentum",
    "linear_mixed_powers", "icnn_nesterov", "fields_rotation", "relu_mirror_momentum", "linear_full",
)  # fmt: skip


@cache
def families(name):
    return analyze(SPECS / f"{name}.toml").laws.families


def kept(size=1.0, points=20, end=5.0):
    """The lines of a law: the flow at rounding, descent in proportion to its step."""
    x = tuple(end * i / points for i in range(points + 1))
    flow = Line("flow", x, tuple(0.0 if not i else 1e-13 * (1 + i % 3) for i in range(points + 1)))
    return (flow, *(Line(f"step {step}", x, tuple(size * step * (1 - exp(-t)) for t in x)) for step in STEPS))


def moving(points=20, end=5.0):
    x = tuple(end * i / points for i in range(points + 1))
    return tuple(Line(label, x, tuple(1 - exp(-2 * t) for t in x)) for label in ("flow", *(f"step {step}" for step in STEPS)))


def momentum(tolerance=None):
    """The law of momentum, and its expression without exp(tau t)."""
    (family,) = families("linear_momentum")
    panels = (Panel(LawName(family), kept()), Panel(LawName(family, timeless=True), moving()))
    return DriftPlot("linear network 2 → 3 → 2 · momentum, damping τ", "time t (no unit)", panels, tolerance)


def many(laws, **options):
    (family,) = families("linear_gradient_flow")
    return DriftPlot("many", "training step", tuple(Panel(LawName(family), kept(1 + i)) for i in range(laws)), **options)


def one(*lines):
    (family,) = families("linear_gradient_flow")
    return DriftPlot("one", "training step", (Panel(LawName(family), lines),))


def written(plot, path):
    """The file's bytes; a warning of Matplotlib, of a glyph that is not there or a layout that fails, is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_plot(plot, str(path))
    return path.read_bytes()


def titles(svg, id_):
    (group,) = (group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("id") == id_)
    return [title.text for title in group.findall(f"{SVG}title")]


def comments(svg):
    """The texts that Matplotlib drew, which it says in comments before the glyphs."""
    return [text.strip() for text in re.findall("<!--(.*?)-->", svg.decode(), re.DOTALL)]


@pytest.mark.parametrize(("laws", "columns", "rows"), [(1, 1, 1), (4, 2, 2), *(pytest.param(*large, marks=pytest.mark.heavy) for large in [(3, 3, 1), (12, 3, 4), (100, 3, 8)])])
def test_a_png_has_a_place_for_every_panel(laws, columns, rows, tmp_path):
    from PIL import Image

    data = written(many(laws, tolerance=1e-3), tmp_path / f"laws{laws}.png")
    assert data.startswith(b"\x89PNG")
    with Image.open(tmp_path / f"laws{laws}.png") as image:
        image.load()
        widths, heights = (6.4, 8.6, 11.4), (3.6, 2.8, 2.3)
        assert image.size == (round(widths[columns - 1] * 150), pytest.approx((1.4 + heights[columns - 1] * rows) * 150, abs=1))
        assert image.convert("L").getextrema() == (0, 255)


def test_an_svg_names_laws_axes_and_lines(tmp_path):
    svg = written(momentum(1e-3), tmp_path / "momentum.svg")
    family = families("linear_momentum")[0]
    assert titles(svg, "panel-0") == [law_name(LawName(family), PROSE)] == ["exp(τt) (W₂ᵀẆ₂ − Ẇ₂ᵀW₂ + W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ)  antisymmetric 3×3"]
    assert titles(svg, "panel-1") == ["W₂ᵀẆ₂ − Ẇ₂ᵀW₂ + W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ  antisymmetric 3×3  no law: without its time factor"]
    assert titles(svg, "line-0-0") == ["flow: at most 3.0e-13, at time t = 0.5"]
    assert titles(svg, "line-1-1") == ["step 0.1: at most 1.0, at time t = 5"]
    drawn = comments(svg)
    assert {"relative drift (no unit)", "time t (no unit)", "tolerance 0.001", "flow", "step 0.1", "step 0.01", "step 0.001"} <= set(drawn)
    assert sum(text.startswith("exp(τt)") for text in drawn) == 1
    assert ElementTree.fromstring(svg).get("aria-label") == momentum().title


def test_what_is_no_law_has_a_panel_in_grey(tmp_path):
    """The patch of the first panel is white, that of the second is not."""
    svg = ElementTree.fromstring(written(momentum(), tmp_path / "momentum.svg"))
    panels = [group for group in svg.iter(f"{SVG}g") if (group.get("id") or "").startswith("panel-")]
    fills = [next(path.get("style") for path in panel.iter(f"{SVG}path")) for panel in panels]
    assert fills == ["fill: #ffffff", "fill: #f2f2f2"]


class _Page(HTMLParser):
    """Rows of the table, headings, and whatever a page could load or run."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.heading, self.loaded, self._last, self._cell = [], "", [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._last = tag
        self.rows += [[]] if tag == "tr" else []
        if tag in ("td", "th"):
            self._cell = True
            self.rows[-1].append("")
        self.loaded += [tag] if tag in ("script", "link", "img", "iframe", "object") else []
        self.loaded += [value for name, value in attributes if name in ("src", "href", "xlink:href") and not value.startswith("#")]

    def handle_endtag(self, tag):
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data):
        if self._last == "h1" and not self.heading:
            self.heading = data
        if self._cell:
            self.rows[-1][-1] += data


def test_a_page_carries_the_picture_and_its_numbers(tmp_path):
    text = written(momentum(), tmp_path / "momentum.html").decode()
    page = _Page(text)
    assert page.heading == momentum().title and page.loaded == [] and "url(http" not in text
    assert text.count("<svg ") == 1 and "<?xml" not in text and titles(text[text.index("<svg ") : text.index("</svg>") + 6].encode(), "line-0-0")
    header, *rows = page.rows
    assert header == ["law", "flow", "step 0.1", "step 0.01", "step 0.001"]
    assert [row[1:] for row in rows] == [["3.0e-13", "9.9e-2", "9.9e-3", "9.9e-4"], ["1.0"] * 4]
    assert "antisymmetric 3×3" in rows[0][0] and "no law" in rows[1][0]


@pytest.mark.heavy
def test_a_page_has_the_numbers_of_laws_without_a_panel(tmp_path):
    page = _Page(written(many(30), tmp_path / "many.html").decode())
    assert len(page.rows) == 31


@pytest.mark.parametrize("suffix", FORMATS)
def test_equal_plots_are_equal_bytes(suffix, tmp_path):
    first, second = (written(momentum(1e-3), tmp_path / f"{name}{suffix}") for name in "ab")
    assert first == second


def test_a_users_own_settings_change_nothing(tmp_path):
    import matplotlib

    before = written(momentum(), tmp_path / "before.svg")
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9, "svg.fonttype": "none", "axes.facecolor": "red"}):
        settings = dict(matplotlib.rcParams)
        assert written(momentum(), tmp_path / "after.svg") == before
        assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("name", NAMED)
def test_the_font_has_every_sign_of_the_names(name):
    from conslaw_cli.report.plots.figure import _drawable

    for family in families(name):
        for law in (LawName(family), LawName(family, timeless=True), *(LawName(family, n) for n in range(min(3, len(family.members))))):
            name_ = law_name(law, PROSE)
            assert name_ and _drawable(name_) == name_


def test_signs_that_the_font_lacks_and_markup_are_written_out(tmp_path):
    plot = DriftPlot("權 $x_1$ \\frac \x07", "step $n$", one(*kept()).panels)
    drawn = comments(written(plot, tmp_path / "odd.svg"))
    assert "\\u6b0a $x_1$ \\frac \\x07" in drawn and "step $n$" in drawn


@pytest.mark.parametrize("name", NAMED)
def test_laws_are_named_as_in_the_report(name):
    report = analyze(SPECS / f"{name}.toml")
    for family in report.laws.families:
        if family.form is not None:
            assert law_name(LawName(family), PROSE) in str(report)
        else:
            formula = unicode.formula(family.members[0])
            assert law_name(LawName(family, 0), PROSE).partition(" + …")[0].rstrip(")") in formula


def test_lines_differ_without_colour():
    """Each of 56 by its dashes and marker; the first eight, which is what one sees, by at least one of them pairwise."""
    styles = list(looks(map(str, range(56))).values())
    pairs = [(style["linestyle"], style["marker"], style["markerfacecolor"] == "white") for style in styles]
    assert len(set(pairs)) == 56
    assert len({style["linestyle"] for style in styles[:7]}) == len({style["marker"] for style in styles[:7]}) == 7


def test_lines_differ_in_grey_pixels(tmp_path):
    """The same drift drawn as the first, the second, … line is another picture in grey, by far more than the legend's number."""
    from PIL import Image, ImageChops

    pictures = []
    for n in range(4):
        lines = [Line(str(k), (0.0, 1.0, 2.0), (0.0, 1e-3, 2e-3) if k == n else (0.0, 1e-9, 1e-9)) for k in range(4)]
        written(one(*lines), tmp_path / f"{n}.png")
        with Image.open(tmp_path / f"{n}.png") as image:
            pictures.append(image.convert("L").crop((150, 60, 940, 300)))
    for i in range(4):
        for j in range(i):
            difference = ImageChops.difference(pictures[i], pictures[j])
            assert sum(count for value, count in enumerate(difference.histogram()) if value > 60) > 300


def test_the_laws_with_the_largest_drift_are_shown_in_their_order():
    plot = many(30)
    panels, said = shown_panels(plot, 24)
    assert panels == plot.panels[6:] and said == "the 24 of 30 laws with the largest drift"
    assert shown_panels(plot, 30) == (plot.panels, "")


def test_expressions_that_are_no_laws_go_first_when_there_are_too_many():
    plot = DriftPlot("t", "x", momentum().panels * 10)
    panels, said = shown_panels(plot, 12)
    assert panels == plot.panels[::2] and said == "without the expressions that lack their time factor"
    assert shown_panels(plot, 9)[1] == "the 9 of 10 laws with the largest drift, without the expressions that lack their time factor"


@pytest.mark.heavy
def test_a_choice_is_said_in_the_picture(tmp_path):
    assert any("the 24 of 30 laws with the largest drift" in text for text in comments(written(many(30), tmp_path / "many.svg")))


def test_zero_has_a_place_of_its_own_and_the_start_none(tmp_path):
    x = (0.0, 1.0, 2.0, 3.0)
    zeros, tiny = Line("zeros", x, (0.0, 0.0, 1e-16, 0.0)), Line("tiny", x, (0.0, 1e-300, 1e-300, 1e-300))
    scale = scale_of(one(zeros, tiny).panels, None)
    assert (scale.low, scale.high, scale.zeros, scale.floor) == (-16, -15, True, 1e-17)
    assert [scale.clipped(y) for _, y in drawn_points(zeros)] == [1e-17, 1e-16, 1e-17]
    assert "0" in comments(written(one(zeros, tiny), tmp_path / "zeros.svg"))
    assert not scale_of(one(*kept()).panels, None).zeros


def test_a_plot_of_nothing_but_zeros_is_drawn(tmp_path):
    line = Line("run", (0.0, 1.0, 2.0), (0.0, 0.0, 0.0))
    assert titles(written(one(line), tmp_path / "zero.svg"), "line-0-0") == ["run: at most 0, at training step = 0"]


def test_what_is_not_finite_is_marked_and_said(tmp_path):
    line = Line("step 1", (0.0, 1.0, 2.0, 3.0), (0.0, 1e-2, None, None))
    svg = written(one(line), tmp_path / "lost.svg")
    assert titles(svg, "line-0-0") == ["step 1: not finite from training step = 2 on"]
    assert "from here on not finite" in comments(svg) and "from here on not finite" not in comments(written(one(*kept()), tmp_path / "kept.svg"))


def test_drifts_without_bounds_leave_the_picture(tmp_path):
    line = Line("step 1", (0.0, 1.0, 2.0), (0.0, 1e-13, 1e300))
    assert scale_of(one(line).panels, None).high == 6
    assert "not finite" not in written(one(line), tmp_path / "huge.svg").decode()


def test_long_runs_are_thinned_and_keep_their_excursions(tmp_path):
    n = 100_000
    y = [1e-9] * n
    y[0], y[12_345], y[54_321] = 0.0, 1e-2, 1e-15
    line = Line("run", tuple(map(float, range(n))), tuple(y))
    points = thinned(drawn_points(line), 250)
    assert len(points) <= 252 and (12_345.0, 1e-2) in points and (54_321.0, 1e-15) in points
    assert points == sorted(points)
    assert len(written(one(line), tmp_path / "long.svg")) < 200_000


@pytest.mark.parametrize("name", ["drift.pdf", "drift", "drift.png.gz"])
def test_an_unknown_suffix_names_the_known(name, tmp_path):
    with pytest.raises(PlotError, match=r"is no format of plots; name a file that ends in \.png, \.svg or \.html$"):
        write_plot(momentum(), str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_may_be_in_capitals(tmp_path):
    assert written(one(*kept()), tmp_path / "A.PNG").startswith(b"\x89PNG")


def test_without_matplotlib_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for suffix in FORMATS:
        with pytest.raises(PlotError) as raised:
            refuse_plot(str(tmp_path / f"drift{suffix}"))
        assert str(raised.value).endswith("plots need Matplotlib; pip install 'conslaw[plot]'") and "\n" not in str(raised.value)


def test_a_folder_that_is_not_there_or_not_ones_own_is_named(tmp_path, monkeypatch):
    with pytest.raises(PlotError, match=r"missing is no folder; name a file in a folder you may write to"):
        write_plot(momentum(), str(tmp_path / "missing" / "drift.png"))
    (tmp_path / "drift.svg").mkdir()
    with pytest.raises(PlotError, match="is a folder; name a file"):
        write_plot(momentum(), str(tmp_path / "drift.svg"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PlotError, match="may not be written to"):
        write_plot(momentum(), str(tmp_path / "drift.png"))


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    target = tmp_path / "drift.html"
    target.write_text("what was there")

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(PlotError, match=f"cannot be written: {os.strerror(errno.ENOSPC)}; "):
        write_plot(momentum(), str(target))
    assert target.read_text() == "what was there" and list(tmp_path.iterdir()) == [target]


def test_a_plot_without_laws_is_refused(tmp_path):
    with pytest.raises(PlotError, match="there is no law to plot"):
        write_plot(DriftPlot("none", "time t", ()), str(tmp_path / "drift.png"))
    assert terminal(DriftPlot("none", "time t", ()), 80, False) == ""


@pytest.mark.parametrize(
    ("drift", "text"),
    [(None, "not finite"), (0.0, "0"), (0.0213, "2.1e-2"), (1.5, "1.5"), (1e-13, "1.0e-13"), (0.996, "1.0"), (12345.0, "1.2e4"), (1e-300, "1.0e-300")],
)
def test_drifts_are_written_with_two_digits(drift, text):
    assert drift_text(drift) == text


AT_80 = """\
linear network 2 → 3 → 2 · momentum, damping τ
relative drift over time t (no unit), 0 … 5
▁ up to 1e-7, each next 10 times more, █ above 1e-1; ! over the tolerance 0.001

exp(τt) (W₂ᵀẆ₂ − Ẇ₂ᵀW₂ + W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ)  antisymmetric 3×3
  flow        ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  3.0e-13
  step 0.1    ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇  9.9e-2 !
  step 0.01   ▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆  9.9e-3 !
  step 0.001  ▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅  9.9e-4

W₂ᵀẆ₂ − Ẇ₂ᵀW₂ + W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ antisymmetric 3×3 no law: without its time factor
  flow        ████████████████████  1.0 !
  step 0.1    ████████████████████  1.0 !
  step 0.01   ████████████████████  1.0 !
  step 0.001  ████████████████████  1.0 !
"""
AT_40 = """\
linear network 2 → 3 → 2 · momentum,
  damping τ
relative drift over time t (no unit), 0
  … 5
▁ up to 1e-7, each next 10 times more, █
  above 1e-1; ! over the tolerance 0.001

exp(τt) (W₂ᵀẆ₂ − Ẇ₂ᵀW₂ + W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ)
  antisymmetric 3×3
  flow        ▁▁▁▁▁▁▁▁▁▁▁▁  3.0e-13
  step 0.1    ▇▇▇▇▇▇▇▇▇▇▇▇  9.9e-2 !
  step 0.01   ▆▆▆▆▆▆▆▆▆▆▆▆  9.9e-3 !
  step 0.001  ▅▅▅▅▅▅▅▅▅▅▅▅  9.9e-4

W₂ᵀẆ₂ − Ẇ₂ᵀW₂ + W₁Ẇ₁ᵀ − Ẇ₁W₁ᵀ
  antisymmetric 3×3
  no law: without its time factor
  flow        ████████████  1.0 !
  step 0.1    ████████████  1.0 !
  step 0.01   ████████████  1.0 !
  step 0.001  ████████████  1.0 !
"""
IN_ASCII = """\
linear network 2 -> 3 -> 2 | momentum, damping tau
relative drift over time t (no unit), 0 ... 5
_ up to 1e-7, each next 10 times more, @ above 1e-1

exp(tau*t)*(W2^T*dW2 - dW2^T*W2 + W1*dW1^T - dW1*W1^T)  antisymmetric 3x3
  flow        ____________________  3.0e-13
  step 0.1    ####################  9.9e-2
  step 0.01   ********************  9.9e-3
  step 0.001  ++++++++++++++++++++  9.9e-4

W2^T*dW2 - dW2^T*W2 + W1*dW1^T - dW1*W1^T  antisymmetric 3x3  no law: without its time factor
  flow        @@@@@@@@@@@@@@@@@@@@  1.0
  step 0.1    @@@@@@@@@@@@@@@@@@@@  1.0
  step 0.01   @@@@@@@@@@@@@@@@@@@@  1.0
  step 0.001  @@@@@@@@@@@@@@@@@@@@  1.0
"""


@pytest.mark.parametrize(("width", "ascii_only", "tolerance", "text"), [(80, False, 1e-3, AT_80), (40, False, 1e-3, AT_40), (120, True, None, IN_ASCII)])
def test_the_terminal_shows_rows_of_blocks(width, ascii_only, tolerance, text):
    assert terminal(momentum(tolerance), width, ascii_only) == text


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_row_is_wider_than_the_terminal(width, ascii_only):
    panels = tuple(Panel(LawName(family), kept(points=500)) for name in NAMED[:4] for family in families(name))
    shown = terminal(DriftPlot("t", "time t", panels, 1e-3), width, ascii_only)
    rows = [line for line in shown.splitlines() if "step 0.1 " in line or "flow " in line]
    assert len(rows) == 2 * len(panels) and max(map(len, rows)) <= width
    assert shown.isascii() == ascii_only


def test_in_a_pipe_80_columns_are_taken():
    assert terminal(momentum(1e-3), None, False) == AT_80


def test_the_terminal_says_what_is_zero_and_what_is_not_finite():
    x = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
    zeros = Line("zeros", x, (0.0,) * 9)
    lost = Line("lost", x, (0.0, 1e-8, 1e-6, 1e-4, 1e-2, 1.0, 1e3, None, None))
    lines = terminal(one(zeros, lost), 80, False).splitlines()
    assert lines[2] == "▁ up to 1e-7, each next 10 times more, █ above 1e-1; · 0; × not finite"
    assert lines[-2:] == ["  zeros  ········  0", "  lost   ▁▂▄▆██××  not finite"]


def test_runs_of_unequal_steps_share_the_axis_of_time():
    """A coarse run fills its stretches; what stands in a cell is the largest drift of its stretch."""
    fine = Line("fine", tuple(range(9)), (0.0, *[1e-4] * 7, 1e-1))
    coarse = Line("coarse", (0, 4, 8), (0.0, 1e-3, 1e-2))
    assert terminal(one(fine, coarse), 80, False).splitlines()[-2:] == ["  fine    ▅▅▅▅▅▅▅█  1.0e-1", "  coarse     ▆▆▆▆▇  1.0e-2"]


def test_the_terminal_shows_the_eight_laws_that_drift_most():
    shown = terminal(many(9), 80, False)
    assert "the 8 of 9 laws with the largest drift" in shown and shown.count("flow") == 8


def test_matplotlib_is_imported_when_a_file_is_drawn():
    program = (
        "import sys\n"
        "from conslaw_cli.report.plots import refuse_plot, terminal\n"
        "from conslaw_cli.report.drifts import DriftPlot\n"
        "refuse_plot('drift.png'); terminal(DriftPlot('', '', ()), 80, False)\n"
        "assert 'matplotlib' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert (done.returncode, done.stderr) == (0, "")

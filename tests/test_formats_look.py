"""Pages and documents as programs show them: HTML in headless Chromium, LaTeX through pdflatex, where they are installed."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conslaw_cli import analyze
from conslaw_cli.comparing import compare_spec
from conslaw_cli.report import render, render_comparison
from conslaw_cli.spec import read_spec

SPECS = Path(__file__).parent.parent / "model_specs"
NAMES = (
    "linear_momentum",
    "linear_entropy",
    "relu_deep",
    "linear_momentum_varying",
    "relu_momentum",
    "nmf_momentum_at_theta",
)
PHONE, DESKTOP = 390, 1200
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = """--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update
--disable-sync --disable-dev-shm-usage --virtual-time-budget=3000 --window-size=1400,1000""".split()
LOADING = re.compile(
    r"(?:src|href|srcset|action|poster|data)\s*=|@import|url\(|<(?:script|link|iframe|img|object|embed)", re.IGNORECASE
)
MEASURE = """
frame.onload = () => {
  const page = frame.contentDocument, math = [...page.querySelectorAll("math")];
  document.title = "measured " + JSON.stringify({
    width: page.documentElement.scrollWidth,
    math: math.length,
    typeset: math.filter(m => m.getBoundingClientRect().width > 0 && getComputedStyle(m).display.includes("math")).length,
    loaded: frame.contentWindow.performance.getEntriesByType("resource").length,
    paper: getComputedStyle(page.body).backgroundColor,
    ink: getComputedStyle(page.body).color,
  });
};
"""


@cache
def reports(names):
    return [analyze(SPECS / f"{name}.toml") for name in names]


@cache
def page(kind):
    if kind == "compare":
        return render_comparison(compare_spec(read_spec(SPECS / "linear_momentum.toml"), 0), "html")
    return render(reports(NAMES), "html", expand=kind == "expanded")


def measured(text, width, folder, *flags):
    """What Chromium makes of a page in a window of this width."""
    frame = f'<iframe id="frame" width="{width}" height="900" style="border:0" srcdoc="{html.escape(text)}"></iframe>'
    harness = folder / "harness.html"
    script = f"<script>const frame = document.getElementById('frame');{MEASURE}</script>"
    harness.write_text(f"<!DOCTYPE html><title>-</title>{frame}{script}", encoding="utf-8")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, "--dump-dom", harness.as_uri()]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    found = re.search(r"<title>measured (.*?)</title>", done.stdout)
    assert found, done.stdout[:500] + done.stderr[-1000:]
    return json.loads(html.unescape(found[1]))


in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@in_chromium
@pytest.mark.parametrize(
    ("kind", "width"), [("report", PHONE), ("expanded", PHONE), ("expanded", DESKTOP), ("compare", PHONE)]
)
def test_a_page_fits_its_window_and_typesets_its_laws(tmp_path, kind, width):
    found = measured(page(kind), width, tmp_path)
    assert found["width"] <= width, "the page scrolls sideways"
    assert found["loaded"] == 0
    assert found["math"] == found["typeset"] == page(kind).count("<math")
    assert (found["math"] > 10) == (kind != "compare")


@in_chromium
def test_a_page_follows_the_colours_of_the_system(tmp_path):
    light, dark = (
        measured(page("report"), PHONE, tmp_path, f"--blink-settings=preferredColorScheme={k}") for k in (1, 0)
    )
    assert brightness(light["paper"]) > 200 and brightness(light["ink"]) < 80
    assert brightness(dark["paper"]) < 60 and brightness(dark["ink"]) > 180


def brightness(colour):
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3


class Tree(HTMLParser):
    """Notes elements that are not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("kind", ["report", "expanded", "compare"])
def test_a_page_is_well_formed_and_names_nothing_to_load(kind):
    tree = Tree()
    tree.feed(page(kind))
    assert (tree.open, tree.wrong) == ([], [])
    addresses = page(kind).replace('xmlns="http://www.w3.org/1998/Math/MathML"', "")
    assert not LOADING.search(addresses) and "http" not in addresses


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("kind", ["report", "expanded", "compare"])
def test_latex_compiles_within_its_margins(tmp_path, kind):
    if kind == "compare":
        text = render_comparison(compare_spec(read_spec(SPECS / "linear_entropy.toml"), 0), "latex")
    else:
        text = render(reports(NAMES), "latex", expand=kind == "expanded")
    (tmp_path / "report.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, check=False, capture_output=True, text=True, errors="replace", timeout=120
    )
    assert done.returncode == 0, done.stdout[-2000:]
    too_wide = [float(size) for size in re.findall(r"Overfull \\hbox \(([\d.]+)pt", done.stdout)]
    assert all(size < 15 for size in too_wide), too_wide
    assert r"\toprule" in text


def test_markdown_keeps_math_where_github_looks_for_it():
    """Formulas stand in $`…`$ or in math blocks; tables have as many cells as headings, whatever the formulas hold."""
    text = render(reports(NAMES), "markdown", expand=True)
    outside = re.sub(r"\$`[^`\n]+`\$|^```math\n.+?\n```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"(?<!\\)\$|\\(?:dot|top|tau|lVert|sum|frac)", outside)
    lines = re.sub(r"\$`[^`\n]+`\$", "x", text).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert rows and all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)

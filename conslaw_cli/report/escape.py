"""Text from specs, made harmless for each format: control characters visible, markup characters escaped."""

from __future__ import annotations

import html as _html

from conslaw_cli.visible import visible

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "[": "{[}", "]": "{]}", "*": "{*}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "'": r"'",
    "…": r"\ldots{}", "–": "--", "—": "---", "’": "'", "“": "``", "”": "''",
    "·": r"$\cdot$", "→": r"$\to$", "≈": r"$\approx$", "≥": r"$\geq$", "≤": r"$\leq$", "×": r"$\times$", "−": "$-$",
    "≠": r"$\neq$", "∈": r"$\in$", "∞": r"$\infty$", "′": "$'$", "‖": r"$\|$", "±": r"$\pm$",
}  # fmt: skip

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda lamda mu nu xi pi rho sigma tau upsilon phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεζηθικλλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", strict=True))
"""Names of Greek letters, with SymPy's spelling "lamda" of the one that Python reserves."""

_LATEX |= {letter: f"$\\{name}$" for name, letter in GREEK.items() if name != "lamda"}
_LAST_LATIN = 0x17F


def latex(text: str) -> str:
    """Text in a LaTeX document with T1 fonts; characters those lack are written as U+XXXX."""
    return "".join(_LATEX.get(char) or _latin(char) for char in visible(text))


def _latin(char: str) -> str:
    return char if ord(char) <= _LAST_LATIN else f"U+{ord(char):04X}"


def markdown(text: str) -> str:
    """Text in a line of Markdown or a cell of a table."""
    return "".join(_markdown(char) for char in visible(text))


def _markdown(char: str) -> str:
    if char in "<>&":
        return _html.escape(char)
    return "\\" + char if char in "\\`*_[]|~$#" else char


def html(text: str) -> str:
    """Text in HTML, or in an attribute's quotes."""
    return _html.escape(visible(text))

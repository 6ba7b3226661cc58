"""Text in ASCII that is still read as meant, for terminals that know no other characters: 2 -> 3, W1^T, tau, >=."""

from __future__ import annotations

import re
import unicodedata

from conslaw_cli.report.escape import GREEK, visible

_SMALL = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖ", "0123456789ijk", strict=True))
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ", "0123456789-T", strict=True))
_SIGNS = {
    "→": "->", "·": "|", "×": "x", "−": "-", "±": "+-", "≥": ">=", "≤": "<=", "≠": "!=", "≈": "~", "≡": "==",
    "∈": "in", "∞": "oo", "′": "'", "‖": "||", "√": "sqrt", "∫": "int ", "Σ": "sum_", "⟨": "<", "⟩": ">", "∇": "grad ", "∂": "d", "⁺": "^+",
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4",
    "…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"',
    "✅": "[ok]", "❌": "[FAIL]", "❔": "[open]", "💥": "[crash]", "➖": "[--]", "✏️": "[new]",
}  # fmt: skip
_GREEK = {letter: name for name, letter in GREEK.items() if name != "lamda" and letter not in _SIGNS}
_OWN = _SMALL | _SIGNS | _GREEK

_DOTTED = re.compile("(\\w)\u0307")
_EXPONENT = re.compile(f"[{''.join(_RAISED)}]+")
_OTHER = re.compile(f"{'|'.join(sorted(map(re.escape, _OWN), key=len, reverse=True))}|[^\\x00-\\x7f]")


def ascii_text(text: str) -> str:
    """The text with the tool's own symbols written in ASCII, and what else is not ASCII as escapes such as \\xe9."""
    if text.isascii():
        return text
    dotted = _DOTTED.sub(r"d\1", re.sub("[ẆẇḂḃ]", lambda found: unicodedata.normalize("NFD", found[0]), text))
    raised = _EXPONENT.sub(lambda found: "^" + "".join(map(_RAISED.get, found[0])), dotted)
    return _OTHER.sub(lambda found: _OWN.get(found[0]) or _escaped(found[0]), raised)


def _escaped(char: str) -> str:
    shown = visible(char)
    return shown if shown.isascii() else char.encode("ascii", "backslashreplace").decode("ascii")

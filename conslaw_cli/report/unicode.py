"""Laws for the terminal: W₁, Ẇ₁, τ, squared norms, superscripts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from conslaw_cli.report import timefunctions
from conslaw_cli.report.escape import GREEK, visible
from conslaw_cli.report.notation import Notation
from conslaw_cli.report.pieces import Number, split_name

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_FRACTIONS = {Fraction(1, 2): "½", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔", Fraction(1, 4): "¼", Fraction(3, 4): "¾"}
_SHORT = re.compile(r"\d+|[½⅓⅔¼¾]|\w[₀-₉]*[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*")
_SUM_INDEX = {"i": "ᵢ", "j": "ⱼ", "k": "ₖ"}
_DOT = "\u0307"


class Unicode(Notation):
    factor_level = timefunctions.PRODUCT
    plus, minus, leading_minus = " + ", " − ", "−"

    def letter(self, name: str, velocity: bool = False) -> str:
        letters, index = split_name(name)
        shown = GREEK.get(letters, visible(letters))
        if velocity:
            shown = unicodedata.normalize("NFC", shown[0] + _DOT) + shown[1:]
        return shown + index.translate(_SUBSCRIPTS)

    def at(self, block: str, indices: Sequence[str], velocity: bool = False) -> str:
        return f"{self.letter(block, velocity)}[{','.join(indices)}]"

    def number(self, value: Number) -> str:
        return _FRACTIONS.get(value) or str(value)

    def product(self, factors: Sequence[str]) -> str:
        juxtaposed = all(map(_SHORT.fullmatch, factors)) and not any(factor[0].isdigit() for factor in factors[1:])
        first, *others = factors
        separator = "" if juxtaposed else " "
        return separator.join([self.group(first) if re.fullmatch(r"\d+/\d+", first) else first, *others])

    def quotient(self, numerator: str, denominator: str) -> str:
        return f"{numerator}/{denominator}"

    def power(self, base: str, exponent: str) -> str:
        plain = exponent.replace("−", "-")
        if re.fullmatch(r"-?\d+", plain):
            return base + plain.translate(_SUPERSCRIPTS)
        return f"{base}^{exponent if len(exponent) == 1 else self.group(exponent)}"

    def exponential(self, argument: str) -> str:
        return f"exp({argument})"

    def apply(self, function: str, arguments: Sequence[str]) -> str:
        if function == "Integral" and len(arguments) == 2:
            return f"∫({arguments[0]}) d{arguments[1]}"
        if function == "sqrt" and len(arguments) == 1:
            return "√" + (arguments[0] if _SHORT.fullmatch(arguments[0]) else self.group(arguments[0]))
        return f"{visible(function)}({', '.join(arguments)})"

    def group(self, text: str) -> str:
        return f"({text})"

    def verbatim(self, text: str) -> str:
        return visible(text)

    def transposed(self, block: str) -> str:
        return block + "ᵀ"

    def matrix_product(self, factors: Sequence[str]) -> str:
        separator = " " if any(factor.startswith("[[") for factor in factors) else ""
        return separator.join(factors)

    def summed(self, index: str, text: str) -> str:
        return f"Σ{_SUM_INDEX[index]} {text}"

    def indexed(self, name: str, index: str) -> str:
        return self.letter(name) + _SUM_INDEX.get(index, index.translate(_SUBSCRIPTS))

    def integral(self, integrand: str, variable: str, lower: str, upper: str) -> str:
        return f"∫[{lower}, {upper}] {integrand} d{variable}"

    def squared_norm(self, text: str) -> str:
        return f"‖{text}‖²"


NOTATION = Unicode()
formula = NOTATION.formula
form = NOTATION.form

"""Laws and reports as LaTeX (amsmath, booktabs)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from conslaw_cli.report import timefunctions
from conslaw_cli.report.escape import GREEK
from conslaw_cli.report.escape import latex as escaped
from conslaw_cli.report.notation import Notation
from conslaw_cli.report.pieces import Number, split_name

if TYPE_CHECKING:
    from conslaw_cli.report.model import Family

MEMBERS_SHOWN = 20
_NUMBER = re.compile(r"[0-9.]+")
_FUNCTIONS = frozenset("log sin cos tan sinh cosh tanh".split())


def _argument(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"


class Latex(Notation):
    exponential_level = timefunctions.POWER
    fraction_bar = True

    def letter(self, name: str, velocity: bool = False) -> str:
        if _NUMBER.fullmatch(name):
            return name
        letters, index = split_name(name)
        if letters in GREEK:
            shown = "\\" + letters.replace("lamda", "lambda")
        else:
            shown = letters if len(letters) == 1 else rf"\mathrm{{{escaped(letters)}}}"
        if velocity:
            shown = rf"\dot{{{shown}}}"
        return f"{shown}_{_argument(index)}" if index else shown

    def at(self, block: str, indices: Sequence[str], velocity: bool = False) -> str:
        return f"{self.stem(block, velocity)}_{_argument(','.join('{:}' if index == ':' else index for index in indices))}"

    def number(self, value: Number) -> str:
        if isinstance(value, Fraction) and value.denominator != 1:
            return rf"\tfrac{{{value.numerator}}}{{{value.denominator}}}"
        return str(value)

    def product(self, factors: Sequence[str]) -> str:
        return " ".join(factors)

    def quotient(self, numerator: str, denominator: str) -> str:
        return rf"\frac{{{numerator}}}{{{denominator}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{_argument(exponent)}"

    def exponential(self, argument: str) -> str:
        return f"e^{_argument(argument)}"

    def apply(self, function: str, arguments: Sequence[str]) -> str:
        if function == "Integral" and len(arguments) == 2:
            return rf"\int {arguments[0]} \mathrm{{d}}{arguments[1]}"
        if function == "sqrt" and len(arguments) == 1:
            return rf"\sqrt{{{arguments[0]}}}"
        name = f"\\{function}" if function in _FUNCTIONS else rf"\operatorname{{{escaped(function)}}}"
        return f"{name}{self.group(', '.join(arguments))}"

    def group(self, text: str) -> str:
        return rf"\left({text}\right)" if r"\frac" in text or r"\begin" in text else f"({text})"

    def verbatim(self, text: str) -> str:
        return rf"\text{{{escaped(text)}}}"

    def transposed(self, block: str) -> str:
        return rf"{block}^\top"

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        written = r" \\ ".join(" & ".join(row) for row in rows)
        return rf"\begin{{pmatrix}} {written} \end{{pmatrix}}"

    def matrix_product(self, factors: Sequence[str]) -> str:
        return " ".join(factors)

    def summed(self, index: str, text: str) -> str:
        return rf"\sum_{index} {text}"

    def indexed(self, name: str, index: str) -> str:
        return f"{self.letter(name)}_{_argument(index)}"

    def integral(self, integrand: str, variable: str, lower: str, upper: str) -> str:
        return rf"\int_{{{lower}}}^{{{upper}}} {integrand} \mathrm{{d}}{variable}"

    def squared_norm(self, text: str) -> str:
        return rf"\lVert {text} \rVert^2"


NOTATION = Latex()
formula = NOTATION.formula
form = NOTATION.form


def family(laws: Family) -> str:
    """A family's form, or else its laws one after another, up to MEMBERS_SHOWN of them."""
    if laws.form is not None:
        return form(laws.form)
    shown = [formula(law) for law in laws.members[:MEMBERS_SHOWN]]
    return r",\quad ".join([*shown, r"\ldots"] if len(shown) < len(laws.members) else shown)

"""Laws as plain ASCII: scalar laws as SymPy reads them, forms for the eye."""

from __future__ import annotations

from collections.abc import Sequence

from conslaw_cli.report.escape import visible
from conslaw_cli.report.formula import Entry
from conslaw_cli.report.notation import Notation
from conslaw_cli.report.pieces import Number
from conslaw_cli.report.prose import Prose


class Ascii(Notation):
    norms = False
    sums_written_out = True
    caret = "**"

    def entry(self, entry: Entry) -> str:
        return entry.name

    def letter(self, name: str, velocity: bool = False) -> str:
        return "d" + name if velocity else name

    def at(self, block: str, indices: Sequence[str], velocity: bool = False) -> str:
        return f"{self.letter(block, velocity)}[{','.join(indices)}]"

    def number(self, value: Number) -> str:
        return str(value)

    def product(self, factors: Sequence[str]) -> str:
        return "*".join(factors)

    def quotient(self, numerator: str, denominator: str) -> str:
        return f"{numerator}/{denominator}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}{self.caret}{exponent if exponent.isalnum() else self.group(exponent)}"

    def exponential(self, argument: str) -> str:
        return f"exp({argument})"

    def apply(self, function: str, arguments: Sequence[str]) -> str:
        return f"{function}({', '.join(arguments)})"

    def group(self, text: str) -> str:
        return f"({text})"

    def verbatim(self, text: str) -> str:
        return ascii_only(visible(text))

    def transposed(self, block: str) -> str:
        return block + "^T"

    def matrix_product(self, factors: Sequence[str]) -> str:
        return "*".join(factors)

    def summed(self, index: str, text: str) -> str:
        return f"sum_{index} {text}"

    def indexed(self, name: str, index: str) -> str:
        return f"{name}_{index}"

    def integral(self, integrand: str, variable: str, lower: str, upper: str) -> str:
        return f"Integral({integrand}, ({variable}, {lower}, {upper}))"


class AsciiForm(Ascii):
    """Forms are read, not parsed: powers as W2[i,k]^2."""

    caret = "^"
    sums_written_out = False


def ascii_only(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


NOTATION = AsciiForm()
PROSE = Prose(NOTATION, str, str)
"""Sentences in JSON: names as scripts know them."""

formula = Ascii().formula
form = NOTATION.form

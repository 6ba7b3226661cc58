"""Laws as MathML (presentation), for HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from conslaw_cli.report import timefunctions
from conslaw_cli.report.escape import GREEK
from conslaw_cli.report.escape import html as escaped
from conslaw_cli.report.formula import Formula, IntegralSum, MatrixForm, NeuronForm, TravelForm
from conslaw_cli.report.notation import Notation
from conslaw_cli.report.pieces import Number, split_name

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_TIMES = "<mo>&#x2062;</mo>"
_APPLY = "<mo>&#x2061;</mo>"
_BAR = '<mo stretchy="false">&#x2016;</mo>'
_NUMBER = re.compile(r"[0-9.]+")


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _raised(base: str, exponent: str) -> str:
    """A superscript, above the subscript where the base has one."""
    if base.startswith("<msub>"):
        return f"<msubsup>{base.removeprefix('<msub>').removesuffix('</msub>')}{exponent}</msubsup>"
    return f"<msup>{base}{exponent}</msup>"


class MathML(Notation):
    exponential_level = timefunctions.POWER
    fraction_bar = True
    plus, minus, leading_minus = "<mo>+</mo>", "<mo>&#x2212;</mo>", '<mo form="prefix">&#x2212;</mo>'

    def letter(self, name: str, velocity: bool = False) -> str:
        if _NUMBER.fullmatch(name):
            return f"<mn>{name}</mn>"
        letters, index = split_name(name)
        shown = f"<mi>{GREEK.get(letters, escaped(letters))}</mi>"
        if velocity:
            shown = f"<mover>{shown}<mo>&#x2d9;</mo></mover>"
        return f"<msub>{shown}<mn>{index}</mn></msub>" if index else shown

    def at(self, block: str, indices: Sequence[str], velocity: bool = False) -> str:
        return f"<msub>{self.stem(block, velocity)}{_row('<mo>,</mo>'.join(map(self._index, indices)))}</msub>"

    def _index(self, index: str) -> str:
        return "<mo>:</mo>" if index == ":" else self.letter(index)

    def number(self, value: Number) -> str:
        if isinstance(value, Fraction) and value.denominator != 1:
            return f"<mfrac><mn>{value.numerator}</mn><mn>{value.denominator}</mn></mfrac>"
        return f"<mn>{value}</mn>"

    def product(self, factors: Sequence[str]) -> str:
        return _TIMES.join(factors)

    def quotient(self, numerator: str, denominator: str) -> str:
        return f"<mfrac>{_row(numerator)}{_row(denominator)}</mfrac>"

    def power(self, base: str, exponent: str) -> str:
        return _raised(base, _row(exponent))

    def exponential(self, argument: str) -> str:
        return f"<msup><mi>e</mi>{_row(argument)}</msup>"

    def apply(self, function: str, arguments: Sequence[str]) -> str:
        if function == "Integral" and len(arguments) == 2:
            return _row("<mo>&#x222b;</mo>", arguments[0], "<mi>d</mi>", arguments[1])
        if function == "sqrt" and len(arguments) == 1:
            return f"<msqrt>{arguments[0]}</msqrt>"
        return _row(f"<mi>{escaped(function)}</mi>", _APPLY, self.group("<mo>,</mo>".join(arguments)))

    def group(self, text: str) -> str:
        fence = "<mo>" if "<mfrac" in text or "<mtable" in text else '<mo stretchy="false">'
        return _row(f"{fence}(</mo>", text, f"{fence})</mo>")

    def verbatim(self, text: str) -> str:
        return f"<mtext>{escaped(text)}</mtext>"

    def transposed(self, block: str) -> str:
        return _raised(block, '<mi mathvariant="normal">T</mi>')

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        cells = ["".join(f"<mtd>{entry}</mtd>" for entry in row) for row in rows]
        return _row("<mo>(</mo><mtable>", *(f"<mtr>{row}</mtr>" for row in cells), "</mtable><mo>)</mo>")

    def matrix_product(self, factors: Sequence[str]) -> str:
        return _TIMES.join(factors)

    def summed(self, index: str, text: str) -> str:
        return _row(f"<munder><mo>&#x2211;</mo><mi>{index}</mi></munder>", text)

    def indexed(self, name: str, index: str) -> str:
        return f"<msub>{self.letter(name)}{self.letter(index)}</msub>"

    def integral(self, integrand: str, variable: str, lower: str, upper: str) -> str:
        return _row(f"<msubsup><mo>&#x222b;</mo>{lower}{upper}</msubsup>", integrand, "<mi>d</mi>", variable)

    def squared_norm(self, text: str) -> str:
        return f"<msup>{_row(_BAR, text, _BAR)}<mn>2</mn></msup>"


NOTATION = MathML()


def inline(content: str) -> str:
    """Written MathML as an element of a page."""
    return f'<math xmlns="{_NAMESPACE}">{_row(content)}</math>'


def formula(law: Formula | IntegralSum) -> str:
    """A scalar law as a math element."""
    return inline(NOTATION.formula(law))


def form(laws: MatrixForm | NeuronForm | TravelForm | IntegralSum) -> str:
    """A family's form as a math element."""
    return inline(NOTATION.form(laws))

"""The pieces of formulas, as each notation writes them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction

from conslaw_cli.report import timefunctions

Number = int | Fraction

_NAME = re.compile(r"([A-Za-z]+)_?([0-9]*)")


def split_name(name: str) -> tuple[str, str]:
    """A name as letters and an index: W1 and W_1 are (W, 1). A name of another shape is its own letters."""
    found = _NAME.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")


class Pieces(ABC):
    """How the pieces are written. Methods take and return written text."""

    factor_level = timefunctions.QUOTIENT
    """Pieces that bind less tightly than this are put in brackets inside a product."""
    exponential_level = timefunctions.ATOM
    """How tightly an exponential binds: exp(t) is a function, e^t a power."""
    fraction_bar = False
    """Whether a quotient is drawn with a bar, so that its parts need no brackets."""
    sums_written_out = False
    """Whether a sum over singular values is written term by term."""
    norms = True
    """Whether a sum of squares is written as a squared norm."""
    plus, minus, leading_minus = " + ", " - ", "-"

    @abstractmethod
    def letter(self, name: str, velocity: bool = False) -> str:
        """A symbol, a number or a block; with its time derivative's dot."""

    @abstractmethod
    def at(self, block: str, indices: Sequence[str], velocity: bool = False) -> str:
        """An entry, a row or a column of a block."""

    def stem(self, block: str, velocity: bool) -> str:
        """A block's letter as indices are put to it: in brackets where its name has an index of its own."""
        letter = self.letter(block, velocity)
        return self.group(letter) if split_name(block)[1] else letter

    @abstractmethod
    def number(self, value: Number) -> str:
        """A number that is not negative."""

    @abstractmethod
    def product(self, factors: Sequence[str]) -> str: ...

    @abstractmethod
    def quotient(self, numerator: str, denominator: str) -> str: ...

    @abstractmethod
    def power(self, base: str, exponent: str) -> str: ...

    @abstractmethod
    def exponential(self, argument: str) -> str: ...

    @abstractmethod
    def apply(self, function: str, arguments: Sequence[str]) -> str: ...

    @abstractmethod
    def group(self, text: str) -> str:
        """Brackets."""

    @abstractmethod
    def verbatim(self, text: str) -> str:
        """Text that is no expression, made harmless."""

    @abstractmethod
    def transposed(self, block: str) -> str: ...

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        """A matrix of numbers."""
        return "[" + ", ".join("[" + ", ".join(row) + "]" for row in rows) + "]"

    def dimensions(self, shape: Sequence[int]) -> str:
        """Sizes of axes, 5x20x4."""
        return "x".join(map(str, shape))

    @abstractmethod
    def matrix_product(self, factors: Sequence[str]) -> str: ...

    @abstractmethod
    def summed(self, index: str, text: str) -> str:
        """The sum over an index."""

    @abstractmethod
    def indexed(self, name: str, index: str) -> str:
        """A letter with an index that is a letter or a number."""

    @abstractmethod
    def integral(self, integrand: str, variable: str, lower: str, upper: str) -> str: ...

    def squared_norm(self, text: str) -> str:
        raise NotImplementedError

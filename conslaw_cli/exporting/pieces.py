"""Pieces of source text: an expression with its factor apart and how tightly it binds, so that signs and brackets come out as by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly a piece binds; products are those with ``*``, ``/`` and ``@``."""


@dataclass(frozen=True)
class Piece:
    """``factor * text``, or ``factor / text`` where the text stands ``below``; the factor alone where there is no text."""

    text: str
    level: int = ATOM
    factor: Fraction = Fraction(1)
    below: bool = False
    fraction: str = "{top} / {bottom}"
    """How a fraction alone is written."""

    def at(self, level: int) -> str:
        """The text, without its factor, in brackets where it binds less tightly than this."""
        return self.text if self.level >= level else f"({self.text})"


def magnitude(piece: Piece) -> tuple[str, int]:
    """The piece without its sign, and how tightly that binds."""
    top, bottom = abs(piece.factor.numerator), piece.factor.denominator
    if not piece.text:
        return (str(top), ATOM) if bottom == 1 else _fraction(piece.fraction.format(top=top, bottom=bottom))
    if piece.below:
        above = f"{top} / {piece.at(POWER)}"
        return above if bottom == 1 else f"{above} / {bottom}", PRODUCT
    if top == bottom == 1:
        return piece.text, piece.level
    text = piece.at(PRODUCT) if top == 1 else f"{top} * {piece.at(PRODUCT)}"
    return text if bottom == 1 else f"{text} / {bottom}", PRODUCT


def _fraction(text: str) -> tuple[str, int]:
    return text, ATOM if text.endswith(")") else PRODUCT


def whole(piece: Piece) -> Piece:
    """The piece with its factor and sign in the text."""
    text, level = magnitude(piece)
    if piece.factor < 0:
        return Piece("-" + (text if level >= PRODUCT else f"({text})"), PRODUCT)
    return Piece(text, level)


def written(piece: Piece, level: int = SUM) -> str:
    """The whole text, in brackets where it binds less tightly than this."""
    return whole(piece).at(level)


def inside(piece: Piece) -> Piece:
    """The piece with no text below, its factor kept."""
    return Piece(f"1 / {piece.at(POWER)}", PRODUCT, piece.factor) if piece.below else piece


def added(a: Piece, b: Piece) -> Piece:
    """a + b."""
    if not a.factor or not b.factor:
        return a if a.factor else b
    if not a.text and not b.text:
        return replace(a, factor=a.factor + b.factor)
    text, level = magnitude(b)
    minus = b.factor < 0
    if text.startswith("-") and not minus:
        minus, text, level = True, text[1:], PRODUCT
    right = f"({text})" if minus and level == SUM else text
    return Piece(f"{written(a)} {'-' if minus else '+'} {right}", SUM)


def multiplied(a: Piece, b: Piece) -> Piece:
    """a * b, entry by entry."""
    factor = a.factor * b.factor
    if not a.text or not b.text:
        return replace(b if b.text else a, factor=factor)
    if a.below and not b.below:
        a, b = b, a
    if a.text == b.text and a.below == b.below:
        return replace(powered(a, 2), factor=factor)
    sign = "/" if a.below != b.below else "*"
    return Piece(f"{a.at(PRODUCT)} {sign} {b.at(POWER)}", PRODUCT, factor, a.below and b.below)


def powered(base: Piece, exponent: int) -> Piece:
    """A whole power, not the zeroth."""
    below = base.below != (exponent < 0)
    text = base.text if abs(exponent) == 1 or not base.text else f"{base.at(ATOM)}**{abs(exponent)}"
    level = base.level if abs(exponent) == 1 else POWER
    return replace(base, text=text, level=level, factor=base.factor**exponent, below=below and bool(base.text))


def raised(base: Piece, exponent: Piece) -> Piece:
    """Any power."""
    return Piece(f"{written(base, ATOM)}**{written(exponent, ATOM)}", POWER)


def inverted(piece: Piece) -> Piece:
    """1 over it."""
    return powered(piece, -1)

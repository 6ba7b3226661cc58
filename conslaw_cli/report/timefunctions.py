"""Functions of time and rates: from ASCII to any notation by way of Python's syntax tree, which is never evaluated."""

from __future__ import annotations

import ast
import re
import warnings
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from conslaw_cli.report.notation import Notation

SUM, QUOTIENT, PRODUCT, POWER, ATOM = range(5)
"""How tightly a piece binds."""

_LAMBDA = "λ"  # Python reserves the name "lambda"


class Piece(NamedTuple):
    """A written expression without its sign, and how tightly it binds."""

    negative: bool
    body: str
    level: int


class _Unreadable(ValueError):
    """A construct with no notation; the text is shown as it is."""


def piece(text: str, notation: Notation) -> Piece:
    """The expression in a notation; text that is no such expression is shown verbatim."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(re.sub(r"\blambda\b", _LAMBDA, text.strip()), mode="eval")
        return _Translator(notation).visit(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Piece(False, notation.verbatim(text), SUM)


def factor(found: Piece, notation: Notation) -> str:
    """The piece, without its sign, as a factor of a product."""
    return notation.group(found.body) if found.level < notation.factor_level else found.body


def written(found: Piece, notation: Notation) -> str:
    """The piece with its sign."""
    return notation.sum([(-1 if found.negative else 1, found.body)])


class _Translator:
    def __init__(self, notation: Notation) -> None:
        self.notation = notation

    def visit(self, node: ast.expr) -> Piece:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return Piece(False, self.notation.letter(str(node.value)), ATOM)
        if isinstance(node, ast.Name):
            return Piece(False, self.notation.letter("lambda" if node.id == _LAMBDA else node.id), ATOM)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            return self._signed(self.visit(node.operand), isinstance(node.op, ast.USub))
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._call(node.func.id, node.args)
        raise _Unreadable

    def _signed(self, found: Piece, minus: bool) -> Piece:
        if not minus:
            return found
        if found.level == SUM:
            return Piece(True, self.notation.group(found.body), ATOM)
        return found._replace(negative=not found.negative)

    def _operation(self, node: ast.BinOp) -> Piece:
        if isinstance(node.op, ast.Mult):
            found = [self.visit(operand) for operand in _operands(node)]
            body = self.notation.product([factor(piece, self.notation) for piece in found])
            return Piece(sum(piece.negative for piece in found) % 2 == 1, body, PRODUCT)
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            return self._sum(left, self._signed(right, isinstance(node.op, ast.Sub)))
        if isinstance(node.op, ast.Div):
            return self._quotient(node, left, right)
        if isinstance(node.op, ast.Pow):
            base = left.body if left.level == ATOM and not left.negative else self.notation.group(self._text(left))
            return Piece(False, self.notation.power(base, self._text(right)), POWER)
        raise _Unreadable

    def _sum(self, left: Piece, right: Piece) -> Piece:
        pieces = [(-1 if found.negative else 1, found.body) for found in (left, right)]
        return Piece(False, self.notation.sum(pieces), SUM)

    def _quotient(self, node: ast.BinOp, left: Piece, right: Piece) -> Piece:
        negative = left.negative != right.negative
        top, bottom = _integer(node.left), _integer(node.right)
        if top is not None and bottom:
            body = self.notation.number(abs(Fraction(top, bottom)))
            return Piece(negative, body, ATOM if len(body) == 1 else QUOTIENT)
        group, bar = self.notation.group, self.notation.fraction_bar
        numerator = group(left.body) if left.level == SUM and not bar else left.body
        denominator = group(right.body) if right.level <= PRODUCT and not bar else right.body
        return Piece(negative, self.notation.quotient(numerator, denominator), QUOTIENT)

    def _call(self, name: str, args: list[ast.expr]) -> Piece:
        texts = [self._text(self.visit(arg)) for arg in args]
        if name == "exp" and len(texts) == 1:
            return Piece(False, self.notation.exponential(texts[0]), self.notation.exponential_level)
        return Piece(False, self.notation.apply(name, texts), ATOM)

    def _text(self, found: Piece) -> str:
        return written(found, self.notation)


def _integer(node: ast.expr) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def _operands(node: ast.expr) -> list[ast.expr]:
    """The factors of a product a*b*c, which reads (a*b)*c."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_operands(node.left), node.right]
    return [node]

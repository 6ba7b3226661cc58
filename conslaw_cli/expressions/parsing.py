"""Safe expressions: text from a spec becomes a tree over a whitelist of operators and functions, never code."""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from conslaw_cli.problems import shortened, suggestion
from conslaw_cli.expressions.tree import FUNCTIONS, Apply, Name, Node, Number, names_of, text_of
from conslaw_cli.expressions.values import MOST_DIGITS, Pole, applied, fraction_of, value_of

LONGEST = 500
DEEPEST = 64
LARGEST_EXPONENT = 1000
_LAMBDA = "λ"  # stands for the name "lambda" while Python parses; text is ASCII, so nothing else can be called so
_DECIMAL = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_KEYWORDS = frozenset(keyword.kwlist) - {"lambda"}
_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_ALLOWED = "write it with + - * / **, numbers, names, pi and " + ", ".join(FUNCTIONS)


class ExpressionError(ValueError):
    """Text that is not an expression; the message names the offending piece, ``remedy`` what to write."""

    def __init__(self, message: str, remedy: str = _ALLOWED) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True)
class Expression:
    """An expression in free names. Equal trees are equal expressions; constants are folded, so 0.5 equals 1/2."""

    tree: Node

    @property
    def text(self) -> str:
        """Canonical ASCII text, read back by ``parse_expression`` (and by Python and SymPy, the name "lambda" apart)."""
        return text_of(self.tree)

    @property
    def names(self) -> frozenset[str]:
        """The free names; pi and the functions are not among them."""
        return frozenset(names_of(self.tree))

    @property
    def lone_name(self) -> str | None:
        """The name the whole expression consists of, or None."""
        return self.tree.name if isinstance(self.tree, Name) else None

    @property
    def fraction(self) -> Fraction | None:
        """The value of a constant of which every step is rational, None for any other expression."""
        if self.names:
            return None
        try:
            value = self.value_at({})
        except Pole:
            return None
        return value if isinstance(value, Fraction) else None

    def value_at(self, names: Mapping[str, Fraction]) -> Fraction | float:
        """The value at a point: a Fraction where every step is rational, otherwise a float.

        Raises Pole where there is no finite real value, and KeyError for a free name without a value.
        """
        return value_of(self.tree, names)

    def __str__(self) -> str:
        return self.text


def number(value: Fraction | int) -> Expression:
    """The expression that is one number."""
    return Expression(Number(Fraction(value)))


def parse_expression(text: str) -> Expression:
    """Reads an expression. ``^`` is a power, decimals are exact, constants are folded. Runs no code.

    Raises ExpressionError naming the offending piece.
    """
    source = _source(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        reason = error.msg.replace(_LAMBDA, "lambda")
        raise ExpressionError(f"cannot be read near column {error.offset or 1} ({reason})") from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError("is nested too deeply", "write it with fewer parentheses") from None
    expression = Expression(_converted(body, source, 0))
    if len(expression.text) > LONGEST:
        raise _too_long()
    return expression


def _too_long() -> ExpressionError:
    return ExpressionError(f"is longer than {LONGEST} characters", "write a shorter expression")


def _source(text: str) -> str:
    """The text as Python's parser gets it: one line of printable ASCII, ``**`` for powers, no keywords."""
    if len(text) > LONGEST:
        raise _too_long()
    text = text.strip()
    if not text:
        raise ExpressionError("is empty")
    for char in text:
        if not (char.isascii() and char.isprintable()) or char == "#":
            raise ExpressionError(f"unexpected character '{char}'", "use plain ASCII, such as tau for τ")
    for word in _NAME.findall(text):
        if word in _KEYWORDS:
            raise ExpressionError(f"{_quoted(word)} is a reserved word", "choose another name, such as tau")
    return re.sub(r"\blambda\b", _LAMBDA, text.replace("^", "**"))


def _piece(node: ast.expr, source: str) -> str:
    return (ast.get_source_segment(source, node) or "?").replace(_LAMBDA, "lambda")


def _quoted(piece: str) -> str:
    return f"'{shortened(piece, 60)}'"


def _converted(node: ast.expr, source: str, depth: int) -> Node:
    if depth > DEEPEST:
        raise ExpressionError(f"is nested more than {DEEPEST} deep", "write it with fewer parentheses or terms")
    if isinstance(node, ast.Constant):
        return _literal(_piece(node, source))
    if isinstance(node, ast.Name):
        return _named("lambda" if node.id == _LAMBDA else node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        operand = _converted(node.operand, source, depth + 1)
        return _folded("neg", operand) if isinstance(node.op, ast.USub) else operand
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        args = [_converted(arg, source, depth + 1) for arg in (node.left, node.right)]
        return _folded(_BINARY[type(node.op)], *args)
    if isinstance(node, ast.Call):
        return _called(node, source, depth)
    raise ExpressionError(f"{_quoted(_piece(node, source))} is not allowed in an expression")


def _literal(text: str) -> Number:
    if not _DECIMAL.fullmatch(text):
        raise ExpressionError(f"{_quoted(text)} is not a number", "write numbers as 3, 0.5 or 1e-3")
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > MOST_DIGITS or abs(int(exponent or "0")) > MOST_DIGITS:
        raise ExpressionError(f"{_quoted(text)} has too many digits", f"use numbers of at most {MOST_DIGITS} digits")
    return Number(_sized(Fraction(text)))


def _sized(value: Fraction) -> Fraction:
    if fraction_of(value) is None:
        raise ExpressionError("holds a number that is too large", f"use numbers of at most {MOST_DIGITS} digits")
    return value


def _named(name: str) -> Node:
    if name == "pi":
        return Apply("pi")
    if name in FUNCTIONS:
        raise ExpressionError(f"'{name}' is a function", f"write {name}(...), or choose another name")
    if not _NAME.fullmatch(name):
        raise ExpressionError(f"{_quoted(name)} is not a name", "names are ASCII letters, digits and _")
    return Name(name)


def _called(node: ast.Call, source: str, depth: int) -> Apply:
    piece = _piece(node.func, source)
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
        remedy = f"write {piece}*(...) for a product" if isinstance(node.func, ast.Constant) else suggestion(piece, FUNCTIONS)
        raise ExpressionError(f"{_quoted(piece)} is not a function that can be used", remedy)
    if len(node.args) != 1 or node.keywords:
        raise ExpressionError(f"{_quoted(_piece(node, source))}: {piece} takes one argument", f"write {piece}(t)")
    return Apply(node.func.id, (_converted(node.args[0], source, depth + 1),))


def _folded(op: str, *args: Node) -> Node:
    """The operation, computed when its arguments are numbers and its value is rational."""
    if op == "**" and isinstance(args[1], Number) and abs(args[1].value) > LARGEST_EXPONENT:
        exponent = shortened(str(args[1].value), 60)
        raise ExpressionError(f"exponent {exponent} is too large", f"use exponents up to {LARGEST_EXPONENT}")
    if not all(isinstance(arg, Number) for arg in args):
        return Apply(op, args)
    try:
        value = applied(op, *(arg.value for arg in args))
    except Pole as pole:
        raise ExpressionError(f"{_quoted(text_of(Apply(op, args)))}: {pole}", "write a finite number") from None
    return Number(_sized(value)) if isinstance(value, Fraction) else Apply(op, args)

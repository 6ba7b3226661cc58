"""Expression trees: their nodes and their canonical text."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from msgspec import Struct

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
OPERATORS = ("+", "-", "*", "/", "**", "neg")


class Number(Struct, frozen=True, tag=True):
    """An exact rational."""

    value: Fraction


class Name(Struct, frozen=True, tag=True):
    """A free name."""

    name: str


class Apply(Struct, frozen=True, tag=True):
    """An operator, a function or (without arguments) the constant pi, applied to trees.

    Functions of time also have ``atan`` and ``Integral``, a primitive in t, which no spec can write.
    """

    op: str
    args: tuple[Node, ...] = ()


Node = Number | Name | Apply

# How tightly a piece of text binds, as in Python: sums, products, the unary minus, powers, atoms.
_SUM, _PRODUCT, _MINUS, _POWER, _ATOM = range(1, 6)
_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "neg": _MINUS, "**": _POWER}


def names_of(node: Node) -> Iterator[str]:
    """Every free name of the tree, repeated as often as it occurs."""
    if isinstance(node, Name):
        yield node.name
    elif isinstance(node, Apply):
        for arg in node.args:
            yield from names_of(arg)


def text_of(node: Node) -> str:
    """Plain ASCII that Python and SymPy read back as the same tree."""
    return _text(node)[0]


def _text(node: Node) -> tuple[str, int]:
    if isinstance(node, Name):
        return node.name, _ATOM
    if isinstance(node, Number):
        binding = _ATOM if node.value >= 0 else _MINUS
        return str(node.value), binding if node.value.denominator == 1 else _PRODUCT
    if not node.args:
        return node.op, _ATOM
    if node.op == "Integral":
        return f"Integral({text_of(node.args[0])}, t)", _ATOM
    if node.op not in OPERATORS:
        return f"{node.op}({text_of(node.args[0])})", _ATOM
    return _operator_text(node), _BINDING[node.op]


def _operator_text(node: Apply) -> str:
    binding = _BINDING[node.op]
    if node.op == "neg":
        return "-" + _within(node.args[0], binding)
    left, right = node.args
    if node.op == "**":
        return f"{_within(left, _ATOM)}**{_within(right, _MINUS)}"
    return f"{_within(left, binding)}{node.op}{_within(right, binding + 1)}"


def _within(node: Node, least: int) -> str:
    """The node's text, in parentheses when it binds less tightly than needed."""
    text, binding = _text(node)
    return text if binding >= least else f"({text})"

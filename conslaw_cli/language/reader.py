"""From a text to a graph: arithmetic, @, indexing, .T, .mT and calls of the known functions on known names. Nothing else is read.

A text is lines ``name = expression`` and a last line, its value::

    a = softmax((x @ Q) @ (x @ K).mT / sqrt(2), axis=-1)
    x + (a @ (x @ V)) @ O
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import Any

from conslaw_cli import hints
from conslaw_cli.functions import FUNCTIONS, array, sqrt
from conslaw_cli.functions.arrays import MOST_ENTRIES as LARGEST
from conslaw_cli.graph.nodes import Node
from conslaw_cli.language.errors import LanguageError
from conslaw_cli.language.numbers import arithmetic, is_number, number
from conslaw_cli.language.syntax import Source, parsed, steps
from conslaw_cli.hints import hint_for
from conslaw_cli.problems import suggestion

MOST_ENTRIES = 50_000_000
"""Entries of all arrays of a network together."""
_LARGEST_EXPONENT = 1000
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}
_OTHERS = {
    ast.Lambda: "a lambda", ast.ListComp: "a comprehension", ast.SetComp: "a comprehension", ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension", ast.JoinedStr: "a string", ast.Compare: "a comparison", ast.BoolOp: "and, or",
    ast.IfExp: "if … else", ast.NamedExpr: ":=", ast.Dict: "a dictionary", ast.Set: "a set", ast.Starred: "*", ast.Await: "await",
}  # fmt: skip
_ALLOWED = "there are + - * / ** @, indexing, .T, .mT and the functions of NumPy and torch that `conslaw` knows"
_ERRORS = (ValueError, TypeError, ZeroDivisionError, IndexError, OverflowError)


def read_text(text: str, names: Mapping[str, Node], fixed: Iterable[str] = ()) -> Node:
    """The value of a text in which ``names`` stand for nodes, of which those in ``fixed`` cannot be given another value.

    Raises LanguageError.
    """
    body, source = parsed(text)
    return _Reader(source, names, frozenset(fixed)).read(steps(body))


def read_places(text: str, names: Mapping[str, Node], fixed: Iterable[str] = ()) -> tuple[Node, list[tuple[str, Node]]]:
    """The same value, with every value on the way in the order in which they are made, each with its place in the text."""
    body, source = parsed(text)
    reader = _Reader(source, names, frozenset(fixed), places=[])
    return reader.read(steps(body)), reader.places


class _Reader:
    """Reads one text. ``entries`` counts what its arrays hold together; ``places`` keeps them with their places, where it is a list."""

    def __init__(self, source: Source, names: Mapping[str, Node], fixed: frozenset[str], places: list[tuple[str, Node]] | None = None) -> None:
        self.source, self.names, self.fixed, self.entries, self.places = source, dict(names), fixed, 0, places

    def read(self, body: list[ast.stmt]) -> Node:
        if not body:
            raise LanguageError("is empty", "write the network's value, e.g. W2 @ relu(W1 @ x)")
        *lines, last = body
        for line in lines:
            self._assign(line)
        if isinstance(last, ast.Assign | ast.AnnAssign | ast.AugAssign):
            raise self.source.error(last, "the last line is the value, not a name for one", "write only its right side, or the name below it")
        if not isinstance(last, ast.Expr):
            raise self._no_line(last)
        return self._array(last.value, self._value(last.value))

    def _assign(self, line: ast.stmt) -> None:
        """Gives a name to the value of a line."""
        if isinstance(line, ast.Expr):
            raise self.source.error(line, f"the value of this line is not used: {self.source.text(line)}", "name it (a = …); the last line is the value of all")
        if not isinstance(line, ast.Assign):
            raise self._no_line(line)
        if len(line.targets) > 1 or not isinstance(line.targets[0], ast.Name):
            raise self.source.error(line, "a line gives one name to a value", "write name = expression")
        name = line.targets[0].id
        if name in self.fixed:
            raise self.source.error(line, f"{name} is a parameter or a constant and keeps its value", "choose another name")
        if name in FUNCTIONS:
            raise self.source.error(line, f"{name} is a function", "choose another name")
        self.names[name] = self._array(line.value, self._value(line.value), keep_numbers=True)

    def _no_line(self, line: ast.stmt) -> LanguageError:
        said = self.source.text(line).split()[0]
        return self.source.error(line, f"{said} … is not part of the language", "write lines name = expression, and last the value")

    def _value(self, tree: ast.expr) -> Any:
        """The value of an expression: a node, a number, True, False, None, or a list or tuple of values."""
        match tree:
            case ast.Constant():
                return self._constant(tree)
            case ast.Name():
                return self._name(tree)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return self._signed(tree)
            case ast.BinOp() if type(tree.op) in _SIGNS:
                return self._binary(tree)
            case ast.Call():
                return self._call(tree)
            case ast.Subscript():
                return self._entries(tree)
            case ast.Attribute():
                return self._attribute(tree)
            case ast.List(elts=values):
                return [self._value(one) for one in values]
            case ast.Tuple(elts=values):
                return tuple(self._value(one) for one in values)
        raise self._no_expression(tree)

    def _no_expression(self, tree: ast.expr) -> LanguageError:
        what = _OTHERS.get(type(tree), self.source.text(tree))
        return self.source.error(tree, f"{what} is not part of the language", _ALLOWED)

    def _constant(self, tree: ast.Constant) -> Any:
        if tree.value is None or isinstance(tree.value, bool):
            return tree.value
        if not isinstance(tree.value, int | float | complex):
            what = "..." if tree.value is ... else "a string"
            raise self.source.error(tree, f"{what} is not part of the language", _ALLOWED)
        try:
            return number(tree.value, self.source.exact(tree))
        except ValueError as error:
            raise self.source.error(tree, str(error), "use smaller numbers") from None

    def _name(self, tree: ast.Name) -> Any:
        if tree.id in self.names:
            value = self.names[tree.id]
            if isinstance(value, Node) and prod(value.shape) > LARGEST:
                raise self.source.error(tree, f"{tree.id}: an array of shape {value.shape} has more than {LARGEST:,} entries", "use smaller sizes").of_size
            return value
        if tree.id in FUNCTIONS:
            raise self.source.error(tree, f"{tree.id} is a function", f"write {tree.id}(…)")
        raise self.source.error(tree, f"unknown name {tree.id}", suggestion(tree.id, self.names))

    def _signed(self, tree: ast.UnaryOp) -> Any:
        value = self._value(tree.operand)
        if not is_number(value):
            value = self._array(tree.operand, value)
        return value if isinstance(tree.op, ast.UAdd) else self._made(tree, -value)

    def _binary(self, tree: ast.BinOp) -> Any:
        left, right, sign = self._value(tree.left), self._value(tree.right), _SIGNS[type(tree.op)]
        try:
            if sign == "**":
                return self._power(tree, left, right)
            if is_number(left) and is_number(right) and sign != "@":
                return arithmetic(sign, left, right)
        except _ERRORS as error:
            raise error if isinstance(error, LanguageError) else self._failed(tree, error) from None
        left, right = self._array(tree.left, left), self._array(tree.right, right)
        try:
            return self._made(tree, _operated(sign, left, right))
        except ZeroDivisionError:
            raise self._failed(tree, ZeroDivisionError("division by zero")) from None
        except ValueError as error:
            if isinstance(error, LanguageError):
                raise
            raise self.source.error(tree, f"{self.source.text(tree)}: {left.shape} {sign} {right.shape} do not match") from None

    def _power(self, tree: ast.BinOp, base: Any, exponent: Any) -> Any:
        if not is_number(exponent) or Fraction(exponent).denominator > 2 or not 0 < abs(exponent) <= _LARGEST_EXPONENT:
            said = self.source.text(tree.right)
            raise self.source.error(tree.right, f"the exponent {said} is no integer or half of one", f"write e.g. 2, -1 or 1/2, {_LARGEST_EXPONENT} at most and not 0")
        if is_number(base) and (known := arithmetic("**", base, exponent)) is not None:
            return known
        node = self._array(tree.left, base)
        root = is_number(base) and Fraction(exponent).denominator == 2
        return self._made(tree, sqrt(node) ** (2 * exponent) if root else node**exponent)

    def _call(self, tree: ast.Call) -> Any:
        name, function = self._function(tree)
        arguments = [self._argument(name, one, first=number == 0) for number, one in enumerate(tree.args)]
        keywords = {key.arg: self._value(key.value) for key in tree.keywords if self._is_keyword(tree, name, key)}
        try:
            inspect.signature(function).bind(*arguments, **keywords)
            return self._made(tree, function(*arguments, **keywords))
        except _ERRORS as error:
            raise error if isinstance(error, LanguageError) else self._failed(tree, error) from None

    def _function(self, tree: ast.Call) -> tuple[str, Any]:
        """The function that is called."""
        called = tree.func
        if isinstance(called, ast.Attribute) and called.attr in FUNCTIONS:
            raise self.source.error(tree, f"{self.source.text(called)} is an attribute", f"write {called.attr}(…)")
        if not isinstance(called, ast.Name):
            self._value(called)
            raise self.source.error(tree, f"{self.source.text(called)} is no function", "write * or @ for a product")
        if called.id in self.names:
            raise self.source.error(tree, f"{called.id} is an array, not a function", f"write {called.id} * … or {called.id} @ …")
        if called.id not in FUNCTIONS:
            raise self.source.error(tree, f"unknown function {called.id}", hint_for(called.id, hints.FUNCTIONS) or suggestion(called.id, FUNCTIONS))
        return called.id, FUNCTIONS[called.id]

    def _argument(self, name: str, tree: ast.expr, first: bool) -> Any:
        """An argument; only einsum takes a string, its first."""
        if name == "einsum" and first and isinstance(tree, ast.Constant) and isinstance(tree.value, str):
            return tree.value
        return self._value(tree)

    def _is_keyword(self, tree: ast.Call, name: str, key: ast.keyword) -> bool:
        """Raises LanguageError for a keyword that the function does not take."""
        known = [one.name for one in inspect.signature(FUNCTIONS[name]).parameters.values() if one.kind is one.POSITIONAL_OR_KEYWORD]
        if key.arg in known:
            return True
        raise self.source.error(key, f"{name} takes no {'**' if key.arg is None else key.arg + '='}", hint_for(key.arg, hints.KEYWORDS) or suggestion(key.arg, known))

    def _entries(self, tree: ast.Subscript) -> Node:
        of = self._array(tree.value, self._value(tree.value))
        parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        key = tuple(map(self._index, parts))
        try:
            return self._made(tree, of[key])
        except (IndexError, ValueError) as error:
            raise error if isinstance(error, LanguageError) else self._failed(tree, error) from None

    def _index(self, tree: ast.expr) -> Any:
        """An integer, a slice of integers, None or ... ."""
        if isinstance(tree, ast.Constant) and tree.value is ...:
            return ...
        if isinstance(tree, ast.Slice):
            return slice(*(None if one is None else self._integer(one) for one in (tree.lower, tree.upper, tree.step)))
        return None if isinstance(tree, ast.Constant) and tree.value is None else self._integer(tree)

    def _integer(self, tree: ast.expr) -> int:
        value = self._value(tree)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62:
            return value
        raise self.source.error(tree, f"the index {self.source.text(tree)} is no integer", "write integers, slices of them, None or ...")

    def _attribute(self, tree: ast.Attribute) -> Node:
        if tree.attr not in ("T", "mT"):
            raise self.source.error(tree, f"{self.source.text(tree)}: .{tree.attr} is not part of the language", "there are .T and .mT")
        of = self._array(tree.value, self._value(tree.value))
        try:
            return of.T if tree.attr == "T" else of.mT
        except ValueError as error:
            raise self._failed(tree, error) from None

    def _array(self, tree: ast.expr, value: Any, keep_numbers: bool = False) -> Any:
        """A value as a node."""
        if isinstance(value, Node) or (keep_numbers and is_number(value)):
            return value
        try:
            return self._made(tree, array(value))
        except _ERRORS as error:
            raise error if isinstance(error, LanguageError) else self._failed(tree, error) from None

    def _made(self, tree: ast.expr, value: Any) -> Any:
        """A value within bounds."""
        if isinstance(value, Node):
            self.entries += prod(value.shape)
            if self.entries > MOST_ENTRIES:
                raise self.source.error(tree, f"{self.source.text(tree)}: with shape {value.shape} the arrays have more than {MOST_ENTRIES:,} entries", "use smaller sizes").of_size
            if 0 in value.shape:
                raise self.source.error(tree, f"{self.source.text(tree)}: shape {value.shape} has no entries", "take at least one")
            if self.places is not None:
                self.places.append((self.source.error(tree, self.source.text(tree)).located, value))
        return value

    def _failed(self, tree: ast.expr, error: Exception) -> LanguageError:
        return self.source.error(tree, f"{self.source.text(tree)}: {error}")


def _operated(sign: str, a: Node, b: Node) -> Node:
    match sign:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b
    return a @ b

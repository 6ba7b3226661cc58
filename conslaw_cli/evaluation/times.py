"""Functions of time in floating point: the texts that laws are written with, read to trees of expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

import numpy as np

from conslaw_cli.expressions.tree import Apply, Name, Node, Number, names_of

TIME = "t"
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_VALUES = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "neg": np.negative,
    "pi": lambda: np.pi,
    "atan": np.arctan,
    "atanh": np.arctanh,
    **{name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
}
_PANELS, _NODES = 32, 16
"""Gauss-Legendre points of an integral over time."""


@lru_cache(maxsize=1024)
def time_tree(text: str) -> Node:
    """The tree of a function of time as a law's formula has it; ``Integral(f, t)`` is a primitive of f."""
    return _tree(ast.parse(re.sub(r"\blambda\b", "lamda", text), mode="eval").body)


def _tree(node: ast.expr) -> Node:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Number(Fraction(repr(value)))
        case ast.Name(id="pi"):
            return Apply("pi")
        case ast.Name(id=name):
            return Name(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Apply("neg", (_tree(operand),))
        case ast.BinOp(op=op, left=left, right=right):
            return Apply(_OPERATORS[type(op)], (_tree(left), _tree(right)))
        case ast.Call(func=ast.Name(id=name), args=[argument, *_]):
            return Apply(name, (_tree(argument),))
    raise ValueError(f"{ast.unparse(node)} is no function of time")


def letters(text: str) -> frozenset[str]:
    """The free names of a function of time beside t."""
    return frozenset(names_of(time_tree(text))) - {TIME}


def time_values(text: str, times: np.ndarray, constants: Mapping[str, float], start: float) -> np.ndarray:
    """Its values at times, (K,). A primitive is the one that vanishes at ``start``. Raises KeyError for a letter without a number."""
    with np.errstate(all="ignore"):
        return np.broadcast_to(_value(time_tree(text), {**constants, TIME: times}, start), times.shape)


def _value(node: Node, names: Mapping[str, float | np.ndarray], start: float) -> float | np.ndarray:
    if isinstance(node, Number):
        return float(node.value)
    if isinstance(node, Name):
        return names[node.name]
    if node.op == "Integral":
        return _integral(node.args[0], names, start)
    return _VALUES[node.op](*(_value(argument, names, start) for argument in node.args))


def _integral(integrand: Node, names: Mapping[str, float | np.ndarray], start: float) -> np.ndarray:
    """From the start to each time, by composite Gauss-Legendre quadrature."""
    points, weights = np.polynomial.legendre.leggauss(_NODES)
    inside = ((np.arange(_PANELS)[:, None] + (points + 1) / 2) / _PANELS).ravel()
    length = np.asarray(names[TIME], dtype=float)[..., None] - start
    values = np.broadcast_to(_value(integrand, {**names, TIME: start + length * inside}, start), length.shape[:-1] + inside.shape)
    return (values * length) @ np.tile(weights, _PANELS) / (2 * _PANELS)

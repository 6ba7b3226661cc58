"""A graph as plain data: a list with one entry for each node, whose arguments are numbers of earlier entries.

An entry is ``[operation, ...]`` with, by operation: parameter and coefficient: name, shape, and for a coefficient with one-hot rows
"one-hot"; generic: name, shape, and where they are wanted the real numbers that it stands for; constant: shape, entries in row-major order (integers, or fractions as "p/q"); add, multiply, matmul: two
arguments; permute, sum: an argument and its axes; broadcast, reshape: an argument and the shape; gather: an argument, the shape, and the
row-major numbers of the entries taken; scatter: the same, the numbers being the places they are added to; power: an argument and the
exponent (an integer, or half of one as "p/2"); apply: the name of the function and its argument; branch: an argument, the kind and the count;
held: an argument, a constant where the functional is differentiated.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from conslaw_cli.graph.functions import FUNCTIONS
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import (
    FREE,
    POSITIVE,
    TOP,
    Add,
    Apply,
    Branch,
    Broadcast,
    Coefficient,
    Constant,
    Gather,
    Generic,
    Held,
    MatMul,
    Multiply,
    Node,
    Parameter,
    Permute,
    Power,
    Reshape,
    Scatter,
    Sum,
)

if TYPE_CHECKING:
    import numpy as np


def to_data(functional: Node, floats: bool = False, output: Node | None = None) -> dict[str, Any]:
    """``nodes`` as this module says, and the number of the ``functional`` among them; of a network also that of its ``output``."""
    writer = _Writer(floats)
    number, *value = writer.evaluate(functional, *([] if output is None else [output]))
    return {"nodes": writer.nodes, "functional": number, **({"output": value[0]} if value else {})}


class _Writer(Interpreter):
    """The value of a node is its number."""

    def __init__(self, floats: bool) -> None:
        self.nodes: list[list[Any]] = []
        self.floats = floats

    def parameter(self, node: Parameter) -> int:
        return self._add(node, node.name, list(node.shape))

    def generic(self, node: Generic) -> int:
        return self._add(node, node.name, list(node.shape), *([list(node.floats)] if self.floats and node.floats else []))

    def coefficient(self, node: Coefficient) -> int:
        return self._add(node, node.name, list(node.shape), *([] if node.values == FREE else [node.values]))

    def constant(self, node: Constant) -> int:
        exact = [entry.numerator if entry.denominator == 1 else str(entry) for entry in node.fractions]
        return self._add(node, list(node.shape), exact)

    def add(self, node: Node, left: int, right: int) -> int:
        return self._add(node, left, right)

    multiply = matmul = add

    def permute(self, node: Permute | Sum, of: int) -> int:
        return self._add(node, of, list(node.axes))

    sum = permute

    def broadcast(self, node: Broadcast | Reshape, of: int) -> int:
        return self._add(node, of, list(node.shape))

    reshape = broadcast

    def gather(self, node: Gather | Scatter, of: int) -> int:
        return self._add(node, of, list(node.shape), node.index.ravel().tolist())

    scatter = gather

    def power(self, node: Power, of: int) -> int:
        return self._add(node, of, node.exponent if isinstance(node.exponent, int) else str(node.exponent))

    def branch(self, node: Branch, of: int) -> int:
        return self._add(node, of, node.kind, node.count)

    def held(self, node: Held, of: int) -> int:
        return self._add(node, of)

    def apply(self, node: Apply, of: int) -> int:
        return self._add(node, node.function.name, of)

    def _add(self, node: Node, *said: Any) -> int:
        self.nodes.append([node.operation, *said])
        return len(self.nodes) - 1


def from_data(data: Mapping[str, Any], leaves: Mapping[str, Node]) -> Node:
    """The graph that :func:`to_data` wrote, with these parameters and coefficients by name.

    Raises ValueError, TypeError, LookupError, AttributeError for data that are no graph of them.
    """
    nodes: list[Node] = []
    for operation, *said in data["nodes"]:
        nodes.append(_READERS[operation](nodes, leaves, *said))
    return nodes[data["functional"]]


def _leaf(nodes: list[Node], leaves: Mapping[str, Node], name: str, shape: list[int], *values: str) -> Node:
    if leaves[name].shape != tuple(shape):
        raise ValueError(f"{name} has the shape {leaves[name].shape}, not {tuple(shape)}")
    return leaves[name]


def _generic(nodes: list[Node], leaves: Mapping[str, Node], name: str, shape: list[int], floats: list[float] | None = None) -> Node:
    return leaves[name] if name in leaves else Generic(tuple(shape), name, None if floats is None else tuple(floats))


def _constant(nodes: list[Node], leaves: Mapping[str, Node], shape: list[int], entries: list[int | str]) -> Node:
    return Constant(tuple(shape), tuple(entry if isinstance(entry, int) else Fraction(entry) for entry in entries))


def _pair(kind: type[Add | Multiply | MatMul]):
    def read(nodes: list[Node], leaves: Mapping[str, Node], left: int, right: int) -> Node:
        a, b = nodes[left], nodes[right]
        return a @ b if kind is MatMul else a + b if kind is Add else a * b

    return read


def _taken(nodes: list[Node], leaves: Mapping[str, Node], of: int, shape: list[int], index: list[int]) -> Node:
    return nodes[of].gather(_numbers(index, shape, nodes[of]))


def _placed(nodes: list[Node], leaves: Mapping[str, Node], of: int, shape: list[int], index: list[int]) -> Node:
    whole = Parameter(tuple(shape), "")
    return nodes[of].scatter(_numbers(index, nodes[of].shape, whole), whole.shape)


def _numbers(index: list[int], shape: list[int], of: Node) -> np.ndarray:
    """Numbers of entries of an array."""
    import numpy as np

    found = np.array(index, dtype=np.int64).reshape(shape)
    if found.size and not (0 <= found.min() and found.max() < prod(of.shape)):
        raise ValueError(f"there are no such entries in {of.shape}")
    return found


def _branch(nodes: list[Node], leaves: Mapping[str, Node], of: int, kind: str, count: int) -> Node:
    if kind not in (POSITIVE, TOP):
        raise ValueError(f"there is no branch {kind}")
    return Branch(nodes[of].shape, nodes[of], kind, count)


_READERS = {
    Parameter.operation: _leaf,
    Coefficient.operation: _leaf,
    Generic.operation: _generic,
    Constant.operation: _constant,
    **{kind.operation: _pair(kind) for kind in (Add, Multiply, MatMul)},
    Permute.operation: lambda nodes, leaves, of, axes: nodes[of].permute(axes),
    Sum.operation: lambda nodes, leaves, of, axes: nodes[of].sum(axes),
    Broadcast.operation: lambda nodes, leaves, of, shape: nodes[of].broadcast(tuple(shape)),
    Reshape.operation: lambda nodes, leaves, of, shape: nodes[of].reshape(tuple(shape)),
    Gather.operation: _taken,
    Scatter.operation: _placed,
    Power.operation: lambda nodes, leaves, of, exponent: nodes[of] ** (exponent if isinstance(exponent, int) else Fraction(exponent)),
    Branch.operation: _branch,
    Held.operation: lambda nodes, leaves, of: nodes[of].held(),
    Apply.operation: lambda nodes, leaves, name, of: nodes[of].applied(FUNCTIONS[name]),
}

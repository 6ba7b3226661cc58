"""A graph as plain data: a list with one entry for each node, whose arguments are numbers of earlier entries.

An entry is ``[operation, ...]`` with, by operation: parameter and coefficient: name, shape, and for a coefficient with one-hot rows
"one-hot"; generic: name, shape; constant: shape, entries in row-major order (integers, or fractions as "p/q"); add, multiply, matmul: two
arguments; permute, sum: an argument and its axes; broadcast, reshape: an argument and the shape; gather: an argument, the shape, and the
row-major numbers of the entries taken; scatter: the same, the numbers being the places they are added to; power: an argument and the
exponent (an integer, or half of one as "p/2"); apply: the name of the function and its argument; branch: an argument, the kind and the count.
"""

from __future__ import annotations

from typing import Any

from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import (
    FREE,
    Apply,
    Branch,
    Broadcast,
    Coefficient,
    Constant,
    Gather,
    Generic,
    Node,
    Parameter,
    Permute,
    Power,
    Reshape,
    Scatter,
    Sum,
)


def to_data(functional: Node) -> dict[str, Any]:
    """``nodes`` as this module says, and the number of the ``functional`` among them; as long as the graph has nodes."""
    writer = _Writer()
    (number,) = writer.evaluate(functional)
    return {"nodes": writer.nodes, "functional": number}


class _Writer(Interpreter):
    """The value of a node is its number."""

    def __init__(self) -> None:
        self.nodes: list[list[Any]] = []

    def parameter(self, node: Parameter | Generic) -> int:
        return self._add(node, node.name, list(node.shape))

    generic = parameter

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

    def apply(self, node: Apply, of: int) -> int:
        return self._add(node, node.function.name, of)

    def _add(self, node: Node, *said: Any) -> int:
        self.nodes.append([node.operation, *said])
        return len(self.nodes) - 1

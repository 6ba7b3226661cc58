"""A graph as plain data: a list with one entry for each node, whose arguments are numbers of earlier entries.

An entry is ``[operation, ...]`` with, by operation: parameter and coefficient: name, shape; constant: shape, entries in row-major
order (integers, or fractions as "p/q"); add, multiply, matmul: two arguments; permute, sum: an argument and its axes; broadcast,
reshape: an argument and the shape; power: an argument and the exponent; apply: the name of the function and its argument.
"""

from __future__ import annotations

from typing import Any

from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Apply, Broadcast, Coefficient, Constant, Node, Parameter, Permute, Power, Reshape, Sum


def to_data(functional: Node) -> dict[str, Any]:
    """``nodes`` as this module says, and the number of the ``functional`` among them; as long as the graph has nodes."""
    writer = _Writer()
    (number,) = writer.evaluate(functional)
    return {"nodes": writer.nodes, "functional": number}


class _Writer(Interpreter):
    """The value of a node is its number."""

    def __init__(self) -> None:
        self.nodes: list[list[Any]] = []

    def parameter(self, node: Parameter | Coefficient) -> int:
        return self._add(node, node.name, list(node.shape))

    coefficient = parameter

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

    def power(self, node: Power, of: int) -> int:
        return self._add(node, of, node.exponent)

    def apply(self, node: Apply, of: int) -> int:
        return self._add(node, node.function.name, of)

    def _add(self, node: Node, *said: Any) -> int:
        self.nodes.append([node.operation, *said])
        return len(self.nodes) - 1

"""One walk over a graph for every interpreter of it: a ring says once how each operation acts on its values."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from conslaw_cli.graph.nodes import Node, topological_order


@lru_cache(maxsize=128)
def _order(roots: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(topological_order(*roots))


class Interpreter:
    """Values of nodes in some ring: a method for each operation, ``method(node, *values of its arguments)``.

    The methods are named as the nodes' ``operation``: parameter, coefficient, constant, generic, add, multiply, matmul, permute, sum,
    broadcast, reshape, gather, scatter, power, apply, branch, held. There is no default: what a ring has no method for is an error.
    """

    def value(self, node: Node, arguments: list[Any]) -> Any:
        """The value of one node. Raises TypeError for an operation that this interpreter has no rule for."""
        rule = getattr(self, node.operation, None) if node.operation else None
        if rule is None:
            raise TypeError(f"{type(self).__name__} has no rule for {type(node).__name__}")
        return rule(node, *arguments)

    def evaluate(self, *roots: Node) -> list[Any]:
        """Values of the roots, every node below them computed once."""
        values: dict[int, Any] = {}
        for node in _order(roots):
            values[id(node)] = self.value(node, [values[id(argument)] for argument in node.arguments])
        return [values[id(root)] for root in roots]

"""Which entries of a graph's arrays are zero whatever its leaves are: those that constants such as a causal mask make zero.

None stands for an array of which no entry is.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Constant, Gather, MatMul, Node, Permute, Power, Scatter, Sum, topological_order

Zeros = np.ndarray | None
"""Booleans of the node's shape."""


@lru_cache(maxsize=16)
def zeros_of(root: Node) -> dict[int, Zeros]:
    """By the id of every node below a root."""
    found: dict[int, Zeros] = {}
    reader = _Zeros()
    for node in topological_order(root):
        found[id(node)] = reader.value(node, [found[id(argument)] for argument in node.arguments])
    return found


class _Zeros(Interpreter):
    def _never(self, node: Node, *arguments: Zeros) -> Zeros:
        return None

    parameter = coefficient = generic = apply = branch = _never

    def constant(self, node: Constant) -> Zeros:
        return _some(np.array([entry == 0 for entry in node.entries], dtype=bool).reshape(node.shape))

    def add(self, node: Node, a: Zeros, b: Zeros) -> Zeros:
        return None if a is None or b is None else _some(a & b)

    def multiply(self, node: Node, a: Zeros, b: Zeros) -> Zeros:
        return b if a is None else a if b is None else a | b

    def matmul(self, node: MatMul, a: Zeros, b: Zeros) -> Zeros:
        if a is None and b is None:
            return None
        left = np.zeros(node.left.shape, dtype=bool) if a is None else a
        right = np.zeros(node.right.shape, dtype=bool) if b is None else b
        return _some((left[..., :, :, None] | right[..., None, :, :]).all(axis=-2))

    def permute(self, node: Permute, a: Zeros) -> Zeros:
        return a if a is None else a.transpose(node.axes)

    def sum(self, node: Sum, a: Zeros) -> Zeros:
        return a if a is None else _some(a.all(axis=node.axes))

    def broadcast(self, node: Node, a: Zeros) -> Zeros:
        return a if a is None else np.broadcast_to(a, node.shape)

    def reshape(self, node: Node, a: Zeros) -> Zeros:
        return a if a is None else a.reshape(node.shape)

    def held(self, node: Node, a: Zeros) -> Zeros:
        return a

    def gather(self, node: Gather, a: Zeros) -> Zeros:
        return a if a is None else _some(a.ravel()[node.index])

    def scatter(self, node: Scatter, a: Zeros) -> Zeros:
        """Places that nothing is added to, or zeros only."""
        filled = np.zeros(int(np.prod(node.shape, dtype=int)), dtype=bool)
        moved = node.index.ravel() if a is None else node.index.ravel()[~a.ravel()]
        filled[moved] = True
        return _some(~filled.reshape(node.shape))

    def power(self, node: Power, a: Zeros) -> Zeros:
        return a if node.total else None


def _some(zeros: np.ndarray) -> Zeros:
    return zeros if zeros.any() else None

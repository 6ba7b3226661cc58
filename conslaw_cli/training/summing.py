"""Sums over samples, taken as early in a graph as they can be: a matrix has one gradient over all samples, not one for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from conslaw_cli.graph.nodes import (
    Add,
    Broadcast,
    Coefficient,
    Gather,
    MatMul,
    Multiply,
    Node,
    Permute,
    Reshape,
    Scatter,
    Sum,
    topological_order,
)

_LINEAR = (Permute, Reshape, Sum, Broadcast, Gather, Scatter)


@dataclass(frozen=True, eq=False)
class Total(Node):
    """The sum over the samples."""

    of: Node
    operation = "total"

    @property
    def arguments(self) -> tuple[Node, ...]:
        return (self.of,)


@dataclass(frozen=True, eq=False)
class Contracted(Node):
    """The sum over the samples of ``left @ right``."""

    left: Node
    right: Node
    operation = "contracted"

    @property
    def arguments(self) -> tuple[Node, ...]:
        return (self.left, self.right)


def of_samples(order: Sequence[Node]) -> Collection[int]:
    """The ids of the nodes, arguments first, that differ from sample to sample."""
    found: set[int] = set()
    for node in order:
        if isinstance(node, Total | Contracted):
            continue
        if isinstance(node, Coefficient) or any(id(argument) in found for argument in node.arguments):
            found.add(id(node))
    return found


def summed(roots: Sequence[Node]) -> tuple[Node, ...]:
    """The sums over the samples of nodes, those of one that is the same for all samples being itself."""
    order = topological_order(*roots)
    varying = of_samples(order)
    wanted = {id(root) for root in roots}
    for node in reversed(order):
        if id(node) in wanted & varying:
            wanted.update(id(argument) for argument in _passed(node, varying))
    sums: dict[int, Node] = {}
    for node in order:
        if id(node) in wanted:
            sums[id(node)] = _sum(node, sums, varying) if id(node) in varying else node
    return tuple(sums[id(root)] for root in roots)


def _passed(node: Node, varying: Collection[int]) -> tuple[Node, ...]:
    """The arguments whose sums give the sum of a node that varies; none where it is taken of the node itself.

    A sum of two terms has both passed, one term that does not vary excepted: it is there once for each sample.
    """
    if isinstance(node, _LINEAR):
        return node.arguments
    moving = tuple(argument for argument in node.arguments if id(argument) in varying)
    if isinstance(node, Add):
        return moving if len(moving) == 2 else ()
    return moving if isinstance(node, Multiply | MatMul) and len(moving) == 1 else ()


def _sum(node: Node, sums: dict[int, Node], varying: Collection[int]) -> Node:
    passed = _passed(node, varying)
    if not passed:
        moving = isinstance(node, MatMul) and all(id(argument) in varying for argument in node.arguments)
        return Contracted(node.shape, node.left, node.right) if moving else Total(node.shape, node)
    if isinstance(node, _LINEAR):
        return replace(node, of=sums[id(node.of)])
    left, right = (sums[id(argument)] if argument in passed else argument for argument in node.arguments)
    return replace(node, left=left, right=right)

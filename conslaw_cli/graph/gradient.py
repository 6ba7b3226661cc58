"""Reverse mode: the gradient of a graph, as a graph."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

from conslaw_cli.graph.nodes import (
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
    Shape,
    Sum,
    constant,
    topological_order,
)


def gradient(functional: Node, blocks: tuple[tuple[str, Shape], ...]) -> tuple[Node, ...]:
    """The gradient of a node of one entry by each block, as nodes of the blocks' shapes.

    Raises ValueError for a functional of more entries or one that does not depend on a block.
    """
    if prod(functional.shape) != 1:
        raise ValueError(f"a functional has one entry, not the shape {functional.shape}")
    adjoints: dict[int, Node] = {id(functional): constant(1).broadcast(functional.shape)}
    found: dict[str, Node] = {}
    for node in reversed(topological_order(functional)):
        adjoint = adjoints.pop(id(node), None)
        if adjoint is None:
            continue
        if isinstance(node, Parameter):
            found[node.name] = found[node.name] + adjoint if node.name in found else adjoint
        for argument, part in _pull_back(node, adjoint):
            known = adjoints.get(id(argument))
            adjoints[id(argument)] = part if known is None else known + part
    missing = [name for name, _ in blocks if name not in found]
    if missing:
        raise ValueError(f"the functional does not depend on {missing}")
    return tuple(found[name] for name, _ in blocks)


def _pull_back(node: Node, adjoint: Node) -> list[tuple[Node, Node]]:
    """What a node's adjoint adds to the adjoints of its arguments."""
    match node:
        case Add(left=a, right=b):
            return [(a, adjoint), (b, adjoint)]
        case Multiply(left=a, right=b):
            return [(a, adjoint * _released(b)), (b, adjoint * _released(a))]
        case MatMul(left=a, right=b):
            return [(a, adjoint @ b.mT), (b, a.mT @ adjoint)]
        case Permute(of=a, axes=axes):
            return [(a, adjoint.permute(sorted(range(len(axes)), key=axes.__getitem__)))]
        case Sum(of=a, axes=axes):
            kept = tuple(1 if axis in axes else size for axis, size in enumerate(a.shape))
            return [(a, adjoint.reshape(kept).broadcast(a.shape))]
        case Broadcast(of=a):
            repeated = [axis for axis, (size, total) in enumerate(zip(a.shape, node.shape)) if size != total]
            return [(a, adjoint.sum(repeated).reshape(a.shape))]
        case Reshape(of=a):
            return [(a, adjoint.reshape(a.shape))]
        case Power(of=a):
            return [(a, adjoint * power_slope(node.exponent, a, node))]
        case Apply(of=a, function=function):
            return [(a, adjoint * function.derivative(a, node))]
        case Gather(of=a, index=index):
            return [(a, adjoint.scatter(index, a.shape))]
        case Scatter(of=a, index=index):
            return [(a, adjoint.gather(index))]
        case Parameter() | Coefficient() | Constant() | Generic() | Branch() | Held():
            return []
    raise TypeError(f"no derivative of {type(node).__name__}")


def _released(node: Node) -> Node:
    """A factor of a derivative, in which nothing is held."""
    return node.of if isinstance(node, Held) else node


def power_slope(exponent: int | Fraction, x: Any, y: Any) -> Any:
    """The derivative of a power y = x^exponent by its base: no roots beside the power itself."""
    if isinstance(exponent, int) and exponent > 0:
        return x ** (exponent - 1) * exponent
    if exponent == -1:
        return y**2 * -1
    return y**3 * exponent if exponent == Fraction(-1, 2) else y * x**-1 * exponent

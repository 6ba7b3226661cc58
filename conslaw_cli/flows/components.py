"""Which entries of a graph's arrays belong together: the connected components of a functional as a sum of terms.

From the functional down through operations that only add entries up or move them, a term is an entry of a product, power or
function. All that a term is made of gets its label; entries that get two labels join them. So the functional is a sum of
functionals of disjoint parameters and coefficients, one for each component.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from conslaw_cli.graph.nodes import (
    Add,
    Apply,
    Broadcast,
    Coefficient,
    MatMul,
    Multiply,
    Node,
    Parameter,
    Permute,
    Power,
    Reshape,
    Shape,
    Sum,
    topological_order,
)

Key = tuple[str, str] | int
"""A node: parameters and coefficients by their name, others by identity."""


def key(node: Node) -> Key:
    return (node.operation, node.name) if isinstance(node, Parameter | Coefficient) else id(node)


@dataclass(frozen=True)
class Components:
    """``of[key(node)]`` has the component of every entry of a node, with size 1 along axes where that is the same for all.

    A matrix product among the ``terms`` has that of every pair of a batch and an inner index. Nodes without parameters and
    coefficients below them belong to no component. ``terms`` are the nodes whose entries add up to the functional, with the
    number of times that they do.
    """

    number: int
    of: Mapping[Key, np.ndarray]
    terms: tuple[tuple[Node, int], ...]

    def mixed(self, block: str, pairs: Iterable[tuple[int, int, int]]) -> bool:
        """Whether a block's entries at i and at k along an axis are in different components for some (axis, i, k)."""
        of = self.of["parameter", block]
        return any(of.shape[axis] > 1 and (of.take(i, axis) != of.take(k, axis)).any() for axis, i, k in pairs)


def components(functional: Node) -> Components:
    """The components of a functional, numbered by their first term."""
    order = topological_order(functional)
    labels, added, terms = _Labels(order), {id(functional): 1}, []
    for node in reversed(order):
        times, summed = added.get(id(node), 0), _summed(node)
        if key(node) in labels.of:
            labels.push(node, labels.of[key(node)])
        elif times and summed:
            for argument, more in summed:
                added[id(argument)] = added.get(id(argument), 0) + times * more
            continue
        elif times and labels.variable(node):
            labels.start(node)
        if times and labels.variable(node):
            terms.append((node, times))
    return labels.solved(tuple(reversed(terms)))


def _summed(node: Node) -> list[tuple[Node, int]]:
    """The arguments whose entries add up to the node's, and how often each does; none where it does more than add."""
    match node:
        case Add(left=a, right=b):
            return [(a, 1), (b, 1)]
        case Sum(of=a) | Permute(of=a) | Reshape(of=a):
            return [(a, 1)]
        case Broadcast(of=a):
            return [(a, prod(node.shape) // prod(a.shape))]
    return []


class _Labels:
    """Labels of entries, and pairs of them that are joined."""

    def __init__(self, order: list[Node]) -> None:
        self.of: dict[Key, np.ndarray] = {}
        self._count = 0
        self._pairs: list[tuple[np.ndarray, np.ndarray]] = []
        self._variable: set[int] = set()
        for node in order:
            if isinstance(node, Parameter | Coefficient) or any(id(a) in self._variable for a in node.arguments):
                self._variable.add(id(node))

    def variable(self, node: Node) -> bool:
        """Whether there are parameters or coefficients below a node."""
        return id(node) in self._variable

    def start(self, node: Node) -> None:
        """New labels for the entries of a term, for the products of a batch and an inner index in a matrix product."""
        if isinstance(node, MatMul):
            self.of[key(node)] = labels = self._fresh(node.left.shape[:-2] + node.left.shape[-1:])
            self._give(node.left, labels[..., None, :])
            self._give(node.right, labels[..., :, None])
        else:
            self.of[key(node)] = labels = self._fresh(node.shape)
            self.push(node, labels)

    def push(self, node: Node, labels: np.ndarray) -> None:
        """Labels of a node's entries go to all that they are made of."""
        match node:
            case Add(left=a, right=b) | Multiply(left=a, right=b):
                self._give(a, labels)
                self._give(b, labels)
            case Power(of=a) | Apply(of=a):
                self._give(a, labels)
            case MatMul(left=a, right=b):
                self._give(a, self._joined(labels, [labels.ndim - 1]))
                self._give(b, self._joined(labels, [labels.ndim - 2]))
            case Permute(of=a, axes=axes):
                self._give(a, labels.transpose(np.argsort(axes)))
            case Sum(of=a, axes=axes):
                self._give(a, np.expand_dims(labels, axes))
            case Broadcast(of=a):
                self._give(a, self._joined(labels, [k for k, size in enumerate(a.shape) if size != node.shape[k]]))
            case Reshape(of=a):
                self._give(a, _reshaped(labels, node.shape, a.shape))
            case _ if node.arguments:
                raise TypeError(f"no components of {type(node).__name__}")

    def solved(self, terms: tuple[tuple[Node, int], ...]) -> Components:
        first = _roots(self._count, self._pairs)
        chosen, numbers = np.unique(first, return_inverse=True)
        return Components(len(chosen), {node: numbers[labels] for node, labels in self.of.items()}, terms)

    def _fresh(self, shape: Shape) -> np.ndarray:
        start, self._count = self._count, self._count + prod(shape)
        return np.arange(start, self._count).reshape(shape)

    def _give(self, node: Node, labels: np.ndarray) -> None:
        if id(node) not in self._variable:
            return
        known = self.of.setdefault(key(node), labels)
        if known is not labels:
            self._join(known, labels)

    def _joined(self, labels: np.ndarray, axes: list[int]) -> np.ndarray:
        """All labels along axes joined, one of them kept."""
        for axis in axes:
            if labels.shape[axis] > 1:
                first = labels.take([0], axis)
                self._join(first, labels)
                labels = first
        return labels

    def _join(self, a: np.ndarray, b: np.ndarray) -> None:
        self._pairs.append(tuple(x.ravel() for x in np.broadcast_arrays(a, b)))


def _reshaped(labels: np.ndarray, shape: Shape, target: Shape) -> np.ndarray:
    """Labels of a node of one shape as those of its argument, of another shape with the same entries in the same order."""
    wide = [size for size in shape if size > 1]
    if wide != [size for size in target if size > 1]:
        return np.broadcast_to(labels, shape).reshape(target)
    kept = iter([labels.shape[axis] for axis, size in enumerate(shape) if size > 1])
    return labels.reshape([next(kept) if size > 1 else 1 for size in target])


def _roots(count: int, pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """For each of ``count`` labels the smallest one that pairs connect it with."""
    root = np.arange(count)
    left, right = (np.concatenate([np.arange(0), *side]) for side in zip(*pairs)) if pairs else (root[:0], root[:0])
    while True:
        a, b = root[left], root[right]
        apart = a != b
        if not apart.any():
            return root
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while (root[root] != root).any():
            root = root[root]

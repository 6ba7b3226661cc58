"""Where the nodes of a graph have a value modulo p: reciprocals need entries that are not zero, roots squares.

A set of (1, batch, ...) booleans goes along with the values; what is undefined goes on as one, and so does all that is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
import numpy as np

from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Apply, Gather, MatMul, Multiply, Node, Permute, Power, Reshape, Scatter, Sum
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.jets import Evaluation, Values

Checked = tuple[np.ndarray, np.ndarray | None]
"""Values, and where they are undefined: of a shape that broadcasts to theirs, None for nowhere."""


@dataclass(frozen=True)
class Definedness(Interpreter):
    """Nodes as pairs of values without e's and where they are undefined. Zero times what is undefined is zero, for constants' zeros."""

    field: Field
    values: Values
    zeros: dict[int, np.ndarray | None]
    """Entries that are zero whatever the leaves are, by node (:func:`conslaw_cli.rings.zeros.zeros_of`)."""

    @cached_property
    def _evaluation(self) -> Evaluation:
        return Evaluation(self.field, self.values)

    def value(self, node: Node, arguments: list[Checked]) -> Checked:
        if isinstance(node, Power) and not node.total:
            (base, mask), = arguments
            value, fine = self.field.power_where_defined(base, node.exponent)
            return value, _either(mask, None if fine.all() else ~fine)
        value = self._evaluation.value(node, [argument[0] for argument in arguments])
        return value, self._undefined(node, arguments)

    def _undefined(self, node: Node, arguments: list[Checked]) -> np.ndarray | None:
        masks = [mask for _, mask in arguments]
        if isinstance(node, Apply) and node.function.domain:
            bad = arguments[0][0] == 0
            return _either(masks[0], bad if bad.any() else None)
        if all(mask is None for mask in masks):
            return None
        rule = getattr(self, f"_{node.operation}", None)
        return rule(node, *masks) if rule else _either(*masks) if len(masks) == 2 else masks[0]

    def _multiply(self, node: Multiply, a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
        left, right = self.zeros.get(id(node.left)), self.zeros.get(id(node.right))
        return _either(a if a is None or right is None else a & ~right, b if b is None or left is None else b & ~left)

    def _matmul(self, node: MatMul, a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray:
        left, right = self.zeros.get(id(node.left)), self.zeros.get(id(node.right))
        return _either(
            None if a is None else a.any(-1)[..., :, None] if right is None else _meet(np.broadcast_to(a, (*a.shape[:2], *node.left.shape)), ~right),
            None if b is None else b.any(-2)[..., None, :] if left is None else _meet(~left, np.broadcast_to(b, (*b.shape[:2], *node.right.shape))),
        )

    def _sum(self, node: Sum, a: np.ndarray) -> np.ndarray:
        return np.broadcast_to(a, (*a.shape[:2], *node.of.shape)).any(axis=tuple(axis + 2 for axis in node.axes))

    def _permute(self, node: Permute, a: np.ndarray) -> np.ndarray:
        return self._evaluation.permute(node, np.broadcast_to(a, (*a.shape[:2], *node.of.shape)))

    def _broadcast(self, node: Node, a: np.ndarray) -> np.ndarray:
        return self._evaluation.broadcast(node, a)

    def _reshape(self, node: Reshape, a: np.ndarray) -> np.ndarray:
        return self._evaluation.reshape(node, np.broadcast_to(a, (*a.shape[:2], *node.of.shape)))

    def _gather(self, node: Gather, a: np.ndarray) -> np.ndarray:
        return self._evaluation.gather(node, np.broadcast_to(a, (*a.shape[:2], *node.of.shape)))

    def _scatter(self, node: Scatter, a: np.ndarray) -> np.ndarray:
        return self._evaluation.scatter(node, np.broadcast_to(a, (*a.shape[:2], *node.of.shape)).astype(np.float64)) != 0

    def _branch(self, node: Node, a: np.ndarray) -> None:
        return None


def _either(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    return b if a is None else a if b is None else a | b


def _meet(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where a product has a term of two entries that are both set."""
    return np.matmul(a.astype(np.float64), b.astype(np.float64)) > 0

"""Where the nodes of a graph have a value modulo p: reciprocals need entries that are not zero, roots squares.

A set of (1, batch, ...) booleans goes along with the values; what is undefined goes on as one, and so does all that is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Apply, Gather, Node, Permute, Power, Scatter, Sum
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.jets import Evaluation, Values

Checked = tuple[np.ndarray, np.ndarray]
"""Values, and where they are undefined, of the same shape or one that broadcasts to it."""


@dataclass(frozen=True)
class Definedness(Interpreter):
    """Nodes as pairs of values without e's and where they are undefined."""

    field: Field
    values: Values

    @cached_property
    def _evaluation(self) -> Evaluation:
        return Evaluation(self.field, self.values)

    def value(self, node: Node, arguments: list[Checked]) -> Checked:
        if isinstance(node, Power) and not node.total:
            value, fine = self.field.power_where_defined(arguments[0][0], node.exponent)
            return value, arguments[0][1] | ~fine
        value = self._evaluation.value(node, [argument[0] for argument in arguments])
        undefined = self._undefined(node, arguments)
        return value, undefined

    def _undefined(self, node: Node, arguments: list[Checked]) -> np.ndarray:
        masks = [mask for _, mask in arguments]
        if isinstance(node, Apply) and node.function.domain:
            value, mask = arguments[0]
            return mask | (value == 0)
        if not masks:
            return np.zeros((1, 1, *node.shape), dtype=bool)
        if not any(mask.any() for mask in masks):
            return np.zeros((1, 1, *node.shape), dtype=bool)
        rule = getattr(self, f"_{node.operation}", None)
        return rule(node, *masks) if rule else np.logical_or.reduce(np.broadcast_arrays(*masks))

    def _matmul(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a.any(-1)[..., :, None] | b.any(-2)[..., None, :]

    def _sum(self, node: Sum, a: np.ndarray) -> np.ndarray:
        return a.any(axis=tuple(axis + 2 for axis in node.axes))

    def _permute(self, node: Permute, a: np.ndarray) -> np.ndarray:
        return self._evaluation.permute(node, a)

    def _broadcast(self, node: Node, a: np.ndarray) -> np.ndarray:
        return self._evaluation.broadcast(node, a)

    def _reshape(self, node: Node, a: np.ndarray) -> np.ndarray:
        return self._evaluation.reshape(node, a)

    def _gather(self, node: Gather, a: np.ndarray) -> np.ndarray:
        return self._evaluation.gather(node, a)

    def _scatter(self, node: Scatter, a: np.ndarray) -> np.ndarray:
        return self._evaluation.scatter(node, a.astype(np.float64)) != 0

    def _branch(self, node: Node, a: np.ndarray) -> Any:
        return np.zeros((1, 1, *node.shape), dtype=bool)

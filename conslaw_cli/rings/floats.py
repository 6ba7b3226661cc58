"""Graphs in floating point, many samples at once: where branches are taken from, and simulations. No count rests on it.

Arrays have the shape (samples or 1, *shape).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import erf, pi, prod, sqrt

import numpy as np

from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import POSITIVE, Apply, Branch, Coefficient, Constant, Gather, Generic, Node, Parameter, Permute, Power, Scatter, Sum

FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp": np.exp,
    "log": np.log,
    "normal_pdf": lambda x: np.exp(-(x**2) / 2) / sqrt(2 * pi),
    "normal_cdf": lambda x: (1 + np.vectorize(erf, otypes=[float])(x / sqrt(2))) / 2,
    "sin": np.sin,
    "cos": np.cos,
    "smooth": lambda x: np.sin(x) + np.exp(-((x - 1) ** 2)) + x / 3,
    "smooth'1": lambda x: np.cos(x) - 2 * (x - 1) * np.exp(-((x - 1) ** 2)) + 1 / 3,
}
"""Real values of the catalogue; the unknown smooth function is one that is neither even nor odd, with its derivative."""


def branch(node: Branch, a: np.ndarray) -> np.ndarray:
    """Ones where entries are positive, or among the largest along the last axis (the first of equal ones)."""
    if node.kind == POSITIVE:
        return (a > 0).astype(np.float64)
    chosen = np.argsort(-a, axis=-1, kind="stable")[..., : node.count]
    mask = np.zeros(a.shape)
    np.put_along_axis(mask, chosen, 1.0, axis=-1)
    return mask


@dataclass(frozen=True)
class Floats(Interpreter):
    """Nodes as float64, at values of the leaves by name; ``branches`` collects those of branches by their node's id."""

    parameters: dict[str, np.ndarray]
    coefficients: dict[str, np.ndarray]
    generics: dict[str, np.ndarray]
    branches: dict[int, np.ndarray] = field(default_factory=dict)

    def parameter(self, node: Parameter) -> np.ndarray:
        return self.parameters[node.name]

    def coefficient(self, node: Coefficient) -> np.ndarray:
        return self.coefficients[node.name]

    def generic(self, node: Generic) -> np.ndarray:
        return self.generics[node.name]

    def constant(self, node: Constant) -> np.ndarray:
        return np.array([float(entry) for entry in node.entries]).reshape(1, *node.shape)

    def add(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a + b

    def multiply(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a * b

    def matmul(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a @ b

    def permute(self, node: Permute, a: np.ndarray) -> np.ndarray:
        return a.transpose((0, *(axis + 1 for axis in node.axes)))

    def sum(self, node: Sum, a: np.ndarray) -> np.ndarray:
        return a.sum(axis=tuple(axis + 1 for axis in node.axes))

    def broadcast(self, node: Node, a: np.ndarray) -> np.ndarray:
        return np.broadcast_to(a, (len(a), *node.shape))

    def reshape(self, node: Node, a: np.ndarray) -> np.ndarray:
        return a.reshape(len(a), *node.shape)

    def gather(self, node: Gather, a: np.ndarray) -> np.ndarray:
        return a.reshape(len(a), -1)[:, node.index]

    def scatter(self, node: Scatter, a: np.ndarray) -> np.ndarray:
        total = np.zeros((len(a), prod(node.shape)), dtype=a.dtype)
        np.add.at(total, (slice(None), node.index.ravel()), a.reshape(len(a), -1))
        return total.reshape(len(a), *node.shape)

    def power(self, node: Power, a: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return a ** float(node.exponent)

    def apply(self, node: Apply, a: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return FUNCTIONS[node.function.name](a)

    def branch(self, node: Branch, a: np.ndarray) -> np.ndarray:
        self.branches[id(node)] = mask = branch(node, a)
        return mask

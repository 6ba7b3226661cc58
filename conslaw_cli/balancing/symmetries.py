"""The fields M grad h of laws h, which are symmetries: along them no output changes.

A law of gradient flow satisfies <grad h, M grad_theta <v, g>> = 0 at all theta, for all v and inputs of the network g. M is symmetric, so
g does not change along theta' = M grad h(theta). Such a field is computed from the law's graph by reverse mode; where it is affine in
theta, as that of a quadratic law under a constant metric, the law comes from a linear symmetry (a rescaling, a rotation) or a shift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from math import prod
from operator import add

import numpy as np

from conslaw_cli.evaluation.graphs import LawGraph
from conslaw_cli.graph.gradient import gradient
from conslaw_cli.graph.nodes import Coefficient, Node, Parameter, Shape, topological_order
from conslaw_cli.report.formula import MatrixForm
from conslaw_cli.rings.floats import Floats
from conslaw_cli.training.metrics import Preconditioner

_STEP = 1e-30
"""Of derivatives along the imaginary axis: nothing cancels there, so it can be as small as squares of it vanish."""
_SMALLEST = 1e-6
"""A law's size counts as at least so much of the largest."""

Field = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Symmetries:
    """Laws as functions of theta (D,), n numbers together, under a metric."""

    laws: tuple[LawGraph, ...]
    shapes: Mapping[str, Shape]
    """Those of all blocks, in the order of theta."""
    metric: Preconditioner

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each block is in theta."""
        ends = np.cumsum([0, *map(prod, self.shapes.values())])
        return {name: slice(a, b) for name, a, b in zip(self.shapes, ends, ends[1:])}

    @cached_property
    def ends(self) -> np.ndarray:
        """Where each law begins among the n numbers, and n."""
        return np.cumsum([0, *(prod(law.shape) for law in self.laws)])

    def values(self, theta: np.ndarray) -> np.ndarray:
        """h(theta), (n,)."""
        return np.concatenate([found.ravel() for found in self._evaluated(theta, self._sums)])

    def field(self, x: np.ndarray) -> Field:
        """theta -> M(theta) grad (sum_j x_j h_j)(theta), for coefficients x (n,)."""
        pieces = np.split(x, self.ends[1:-1])
        coefficients = {str(k): piece.reshape(1, *law.shape) for k, (piece, law) in enumerate(zip(pieces, self.laws))}

        def moved(theta: np.ndarray) -> np.ndarray:
            found = np.zeros(theta.shape, theta.dtype)
            for (name, _), part in zip(self._blocks, self._evaluated(theta, self._gradients, coefficients)):
                found[self.slices[name]] = np.broadcast_to(part, (1, *self.shapes[name])).ravel()
            return self.metric(found[None], theta[None])[0]

        return moved

    def gram(self, theta: np.ndarray) -> Field:
        """x -> J M J^T x with J = dh(theta): how h changes along the field of x."""
        return lambda x: derivative(self.values, theta, self.field(x)(theta))

    def sizes(self, theta: np.ndarray) -> np.ndarray:
        """What numbers of the size of h are made of, (n,): sums of the terms without their signs, of matrices those on the diagonal."""
        found = np.concatenate([_size(law, self.terms(np.abs(theta), law)).ravel() for law in self.laws])
        return np.maximum(found, _SMALLEST * found.max(initial=0) or 1)

    def terms(self, theta: np.ndarray, law: LawGraph) -> list[np.ndarray]:
        """The values of a law's terms, (1, *shape) each."""
        return self._evaluated(theta, law.nodes)

    @cached_property
    def _sums(self) -> tuple[Node, ...]:
        return tuple(reduce(add, law.nodes) for law in self.laws)

    @cached_property
    def _functional(self) -> Node:
        paired = [(Coefficient(node.shape, str(k)) * node).sum(range(len(node.shape))) for k, node in enumerate(self._sums)]
        return reduce(add, paired)

    @cached_property
    def _blocks(self) -> tuple[tuple[str, Shape], ...]:
        """Those that the laws are of."""
        used = {node.name for node in topological_order(self._functional) if isinstance(node, Parameter)}
        return tuple((name, shape) for name, shape in self.shapes.items() if name in used)

    @cached_property
    def _gradients(self) -> tuple[Node, ...]:
        return gradient(self._functional, self._blocks)

    def _evaluated(self, theta: np.ndarray, nodes: tuple[Node, ...], coefficients: Mapping[str, np.ndarray] = {}) -> list[np.ndarray]:
        arrays = {name: theta[place].reshape(1, *self.shapes[name]) for name, place in self.slices.items()}
        with np.errstate(all="ignore"):
            return Floats(arrays, dict(coefficients), {}).evaluate(*nodes)


def is_matrix(law: LawGraph) -> bool:
    """Whether the last two axes of a law are the rows and columns of a matrix of laws."""
    form = law.name.family.form
    return isinstance(form, MatrixForm) and form.symmetry != "diagonal"


def _size(law: LawGraph, terms: list[np.ndarray]) -> np.ndarray:
    total = reduce(add, map(np.abs, terms))
    if not is_matrix(law):
        return total
    root = np.sqrt(np.diagonal(total, axis1=-2, axis2=-1))
    return root[..., :, None] * root[..., None, :]


def derivative(function: Field, theta: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The derivative along a direction, to rounding: by an imaginary step (Squire and Trapp, SIAM Review 1998)."""
    return function(theta + 1j * _STEP * direction).imag / _STEP

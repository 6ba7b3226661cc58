"""Networks whose phi holds the products of parameters along paths, in coordinates where every generator is constant.

With M = diag(theta^a) and dz_e = theta_e dtheta_e / theta_e^a, the field of a path is, up to a function, the constant 0/1 vector of
its edges. The fields commute, the trace has the dimension of the span of the paths, and the laws are exactly the
linear forms in z that vanish on all paths (ENGINE fact 7).

Lower bound: choose an out-edge o(v) for every hidden neuron v. For every other edge e take the path that reaches e along the
neurons' first in-edges and goes on along chosen out-edges. On the edges that are not chosen these paths form a triangular
matrix, so they are independent. Upper bound: one law for each hidden neuron, what leaves minus what enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product

import numpy as np

from conslaw_cli.laws.matrices import Layout, RowSums
from conslaw_cli.model import PathNetwork

INPUT, OUTPUT = -1, -2


@dataclass(frozen=True)
class Edges:
    """Every parameter as an edge, in state order: ``tail`` and ``head`` are hidden neurons (numbered through), INPUT or OUTPUT."""

    tail: np.ndarray
    head: np.ndarray
    order: np.ndarray
    """Layer of the tail: edges of one path have ascending orders."""
    neurons: int

    @cached_property
    def out_edge(self) -> np.ndarray:
        """The first edge that leaves each hidden neuron."""
        return self._first(self.tail)

    @cached_property
    def in_edge(self) -> np.ndarray:
        """The first edge that enters each hidden neuron."""
        return self._first(self.head)

    def _first(self, ends: np.ndarray) -> np.ndarray:
        neurons, first = np.unique(ends, return_index=True)
        return first[np.searchsorted(neurons, np.arange(self.neurons))]


def edges(network: PathNetwork, blocks: tuple[tuple[str, tuple[int, int]], ...]) -> Edges:
    """Edges of all blocks in state order: W_l goes from layer l - 1 to layer l, a bias from the input into its layer."""
    depth = len(network.weights)
    biases, shapes = dict(network.biases), dict(blocks)
    first = np.concatenate([[0], np.cumsum([shapes[name][0] for name in network.weights[:-1]], dtype=int)])
    tails, heads, orders = [], [], []
    for name, shape in blocks:
        layer = biases.get(name) or network.weights.index(name) + 1
        row, column = np.indices(shape).reshape(2, -1)
        source = layer == 1 or name in biases
        tails.append(np.full_like(row, INPUT) if source else first[layer - 2] + column)
        heads.append(np.full_like(row, OUTPUT) if layer == depth else first[layer - 1] + row)
        orders.append(np.full_like(row, 0 if source else layer - 1))
    return Edges(np.concatenate(tails), np.concatenate(heads), np.concatenate(orders), int(first[-1]))


def independent_paths(graph: Edges) -> int:
    """Number of paths in the triangular basis, each checked to run from input to output and to be triangular.

    Raises ArithmeticError if one is not: then nothing is proved.
    """
    chosen = np.zeros(len(graph.tail), dtype=bool)
    chosen[graph.out_edge] = True
    own = np.flatnonzero(~chosen)
    path = [own]
    while (graph.tail[path[0]] >= 0).any():
        path.insert(0, _step(path[0], graph.tail, graph.in_edge))
    while (graph.head[path[-1]] >= 0).any():
        path.append(_step(path[-1], graph.head, graph.out_edge))
    for before, after in zip(path, path[1:]):
        _require((before == after) | (graph.head[before] == graph.tail[after]))
    for edge in path:
        _require((edge == own) | chosen[edge] | (graph.order[edge] < graph.order[own]))
    _require((graph.tail[path[0]] == INPUT) & (graph.head[path[-1]] == OUTPUT))
    return len(own)


def require_laws(graph: Edges, sums: Sequence[RowSums], layout: Layout, neurons: range) -> None:
    """Raises ArithmeticError unless the row sums are what leaves each neuron minus what enters it, up to a factor, in the coordinates z."""
    what = "a law is not what leaves a neuron minus what enters it"
    ratios = [Fraction(term.coefficient) / term.function.coefficient for term in sums]
    _require(np.array([abs(ratio) == abs(ratios[0]) for ratio in ratios]), what)
    for ends, sign in ((graph.tail, 1), (graph.head, -1)):
        expected = np.full_like(ends, -1)
        blocks = [term.block for term, ratio in zip(sums, ratios) if ratio * sign > 0]
        for block, (row, neuron) in product(blocks, enumerate(neurons)):
            places = layout.row(block, row)
            expected[places.start : places.stop : places.step] = neuron
        here = (neurons.start <= ends) & (ends < neurons.stop)
        _require(np.where(here, ends, -1) == expected, what)


def _step(edge: np.ndarray, ends: np.ndarray, next_edge: np.ndarray) -> np.ndarray:
    """The next edge of each path where it ends at a hidden neuron, the same edge elsewhere."""
    going, result = ends[edge] >= 0, edge.copy()
    result[going] = next_edge[ends[edge][going]]
    return result


def _require(condition: np.ndarray, what: str = "the path basis is not triangular") -> None:
    if not condition.all():
        raise ArithmeticError(what)

"""Families of laws that theory knows, as candidates in drift coordinates with their matrix forms.

A candidate counts only after it is verified like any other law. Sources: balancedness and neuron balance, Marcotte et al.
2023; angular momenta and their time factors, Marcotte et al. 2024.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import starmap

from conslaw_cli.rings.polynomials import Number, Polynomial, times
from conslaw_cli.dynamics.base import ONE, Dynamics
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.law import Law
from conslaw_cli.metrics import Metric, Primitive
from conslaw_cli.metrics.base import Matrix, common_scale
from conslaw_cli.model import HiddenLayer
from conslaw_cli.graph.nodes import Shape

BALANCED = "balancedness"
NEURON = "neuron balance"
ANGULAR = "angular momentum"
MOMENTUM = "conserved momentum"
CENTRE = "centre of motion"


@dataclass(frozen=True)
class FamilyLaws:
    """A family at one hidden layer: ``laws()`` yields its ``size`` laws in the part's drift coordinates, those of ``entries()``.

    A family may be far larger than the number of its independent laws, so they are made one by one.
    """

    name: str
    layer: HiddenLayer
    metrics: dict[str, Metric]
    size: int
    entries: Callable[[], Iterator[tuple[int, int]]]
    """Neuron (k, k), or pair of neurons (k, l), of each law."""
    law: Callable[[int, int], Law]

    @property
    def has_form(self) -> bool:
        """Whether its form is one of the layer's blocks alone: metrics that are matrices would stand between them."""
        return all(self.metrics[name].separate for name in self.layer.incoming + self.layer.outgoing)

    def laws(self) -> Iterator[Law]:
        return starmap(self.law, self.entries())


@dataclass(frozen=True)
class _Layer:
    """A hidden layer's entries in a state vector."""

    starts: dict[str, int]
    shapes: dict[str, Shape]
    metrics: dict[str, Metric]
    hidden: HiddenLayer

    @property
    def width(self) -> int:
        return self.shapes[self.hidden.incoming[0]][0]

    @property
    def free(self) -> bool:
        """Whether the metric leaves the layer's own axis as it is, so that all rotations of the layer are isometries."""
        own = [(name, 1) for name in self.hidden.outgoing] + [(name, 0) for name in self.hidden.incoming]
        return all(self.metrics[name].inverses and self.metrics[name].inverses[axis] is None for name, axis in own)

    @property
    def weights(self) -> list[Matrix | None]:
        """The inverse of the metric along each of :meth:`vectors`, None for the identity."""
        other = [(name, 0) for name in self.hidden.outgoing] + [(name, 1) for name in self.hidden.incoming]
        return [self.metrics[name].inverses[axis] for name, axis in other]

    def pairs(self, k: int, l: int) -> Iterator[tuple[int, int, int, Number]]:
        """(sign, a, b, weight) of the products of entries a at neuron k and b at neuron l in the inner product of their vectors."""
        for (sign, left, _), (_, right, _), matrix in zip(self.vectors(k), self.vectors(l), self.weights):
            for i, a in enumerate(left):
                row = enumerate(right) if matrix else ((i, right[i]),)
                yield from ((sign, a, b, weight) for j, b in row if (weight := matrix[i][j] if matrix else 1))

    def separates(self, dynamics: Dynamics) -> bool:
        """Whether theta/M has a primitive on each block, at every point that M is taken at."""
        metrics = [metric for _, _, metric in self.vectors(0)]
        return all(metric.primitive and (metric.scales or dynamics.position == (ONE,)) for metric in metrics)

    def primitives(self, k: int) -> list[tuple[int, list[int], Primitive | None]]:
        """The same with the primitive of theta/M in place of the metric."""
        return [(sign, positions, metric.primitive) for sign, positions, metric in self.vectors(k)]

    def vectors(self, k: int) -> list[tuple[int, list[int], Metric]]:
        """(sign, positions, metric) of the vectors out of (+) and into (-) neuron k, one for each block."""
        found = []
        for name in self.hidden.outgoing:
            rows, columns = self.shapes[name]
            found.append((1, [self.starts[name] + i * columns + k for i in range(rows)], self.metrics[name]))
        for name in self.hidden.incoming:
            columns = self.shapes[name][1]
            found.append((-1, [self.starts[name] + k * columns + j for j in range(columns)], self.metrics[name]))
        return found


def candidates(flow: PartFlow, hidden: tuple[HiddenLayer, ...]) -> list[FamilyLaws]:
    """Families that may hold for a part of a model, one list entry for each hidden layer and kind."""
    starts, start = {}, 0
    for name, (rows, columns) in flow.program.blocks:
        starts[name] = start
        start += rows * columns
    metrics = dict(zip(starts, flow.metrics))
    found = []
    for layer in hidden:
        if set(layer.incoming + layer.outgoing) <= set(starts):
            view = _Layer(starts, dict(flow.program.blocks), metrics, layer)
            found.extend(_families(view, flow.dynamics, flow.program.size))
    return found


def _families(view: _Layer, dynamics: Dynamics, n: int) -> list[FamilyLaws]:
    powers, width = {metric.power for _, _, metric in view.vectors(0)}, view.width
    linear = view.hidden.group == "linear"

    def family(name: str, law: Callable[[int, int], Law], first: int | None = None) -> FamilyLaws:
        """One law for each neuron, or for each pair (k, l) with l >= k + first."""
        if first is None:
            members, size = (lambda: ((k, k) for k in range(width))), width
        else:
            members = lambda: ((k, l) for k in range(width) for l in range(k + first, width))
            size = (width - first) * (width - first + 1) // 2
        return FamilyLaws(name, view.hidden, view.metrics, size, members, law)

    if not dynamics.second_order:
        if linear and view.free:
            return [family(BALANCED, lambda k, l: _inner(view, k, l), 0)]
        return [family(NEURON, lambda k, _: neuron_law(view.primitives(k)))] if view.separates(dynamics) else []
    if linear and view.free and width > 1:
        return [family(ANGULAR, lambda k, l: _angular(view, k, l, n), 1)]
    if powers == {1}:
        return [
            family(MOMENTUM, lambda k, _: neuron_law(view.primitives(k)).renumbered(lambda v: v + n)),
            family(CENTRE, lambda k, _: _centre(neuron_law(view.primitives(k)), dynamics, n)),
        ]
    return []


def _centre(law: Law, dynamics: Dynamics, n: int) -> Law:
    """Q for a linear law, or Q + P/tau, which is free of time, for constant tau."""
    if not dynamics.inverse_rate:
        return law
    return Law(law.polynomial + law.renumbered(lambda v: v + n).polynomial * dynamics.inverse_rate)


def neuron_law(vectors: list[tuple[int, list[int], Primitive]]) -> Law:
    """Sum over a neuron's weights of +- the primitive of theta/M: theta^(2-a)/(2-a), or log theta for a = 2."""
    scale = common_scale(primitive for _, _, primitive in vectors)
    terms, logs, functions = [], [], []
    for sign, positions, primitive in vectors:
        coefficient = int(sign * scale * primitive.coefficient)
        if primitive.symbolic:
            functions.extend((position, coefficient, primitive) for position in positions)
        elif primitive.logarithm:
            logs.extend((position, coefficient) for position in positions)
        else:
            terms.extend((((position, primitive.exponent),), coefficient) for position in positions)
    return Law(Polynomial(dict(terms)), tuple(sorted(logs)), tuple(functions))


def _inner(view: _Layer, k: int, l: int) -> Law:
    """Entry (k, l) of W_out^T B^-1 W_out - W_in A^-1 W_in^T, B and A the metrics' matrices on the axes that are not the layer's."""
    terms = [(times(((a, 1),), ((b, 1),)), sign * weight) for sign, a, b, weight in view.pairs(k, l)]
    return Law(Polynomial.of(terms).primitive() if any(view.weights) else Polynomial.of(terms))


def _angular(view: _Layer, k: int, l: int, n: int) -> Law:
    """Entry (k, l) of the antisymmetric angular momentum of the layer's rows and columns."""
    pairs = list(view.pairs(k, l))
    terms = [(((a, 1), (n + b, 1)), weight) for _, a, b, weight in pairs]
    terms += [(((b, 1), (n + a, 1)), -weight) for _, a, b, weight in pairs]
    return Law(Polynomial.of(terms).primitive() if any(view.weights) else Polynomial.of(terms))

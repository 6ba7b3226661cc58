"""Families of laws that theory knows, as candidates in drift coordinates: matrix expressions around a hidden layer.

A candidate counts only after it is verified like any other law; what a report prints of it is the same expression. Sources:
balancedness and neuron balance, Marcotte et al. 2023; angular momenta and their time factors, Marcotte et al. 2024.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from conslaw_cli.dynamics.base import ONE, Dynamics
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.matrices import (
    ANTISYMMETRIC,
    DIAGONAL,
    SYMMETRIC,
    Block,
    Layout,
    MatrixExpression,
    Product,
    RowSums,
    products,
    scalar,
)
from conslaw_cli.metrics import Metric
from conslaw_cli.metrics.base import Matrix, common_scale
from conslaw_cli.model import HiddenLayer
from conslaw_cli.rings.polynomials import Number

BALANCED = "balancedness"
NEURON = "neuron balance"
ANGULAR = "angular momentum"
MOMENTUM = "conserved momentum"
CENTRE = "centre of motion"


@dataclass(frozen=True)
class FamilyLaws:
    """A family at a hidden layer with ``width`` neurons in a part: ``laws()`` yields its ``size`` laws.

    A family may be far larger than the number of its independent laws, so they are made one by one.
    """

    name: str
    layer: HiddenLayer
    expression: MatrixExpression
    layout: Layout
    width: int

    @property
    def size(self) -> int:
        return self.expression.count(self.width)

    def laws(self) -> Iterator[Law]:
        return (self.expression.law(k, l, self.layout) for k, l in self.expression.entries(self.width))


def candidates(flow: PartFlow, hidden: tuple[HiddenLayer, ...]) -> list[FamilyLaws]:
    """Families that may hold for a part of a model, one list entry for each hidden layer and kind."""
    layout, metrics = Layout.of(flow.program.blocks), flow.metric_of
    found = []
    for layer in hidden:
        if set(layer.incoming + layer.outgoing) <= set(metrics):
            width = layout.shapes[layer.incoming[0]][0]
            families = expressions(layer, metrics, flow.dynamics).items()
            found.extend(FamilyLaws(name, layer, expression, layout, width) for name, expression in families)
    return found


def expressions(layer: HiddenLayer, metrics: dict[str, Metric], dynamics: Dynamics) -> dict[str, MatrixExpression]:
    """The families that hold at a hidden layer, by name."""
    involved = [metrics[block] for block in layer.incoming + layer.outgoing]
    rotates = layer.group == "linear" and _weights(layer, metrics) is not None
    if dynamics.second_order:
        if rotates:
            return {ANGULAR: _angular(layer, metrics)}
        free = {metric.power for metric in involved} == {1} and dynamics.metric_point == dynamics.position
        return {MOMENTUM: _momentum(layer, metrics), CENTRE: _centre(layer, metrics, dynamics)} if free else {}
    if rotates:
        return {BALANCED: MatrixExpression(_grams(layer, metrics), SYMMETRIC)}
    if all(metric.primitive for metric in involved):
        powers = {(metric.primitive.exponent, metric.primitive.symbolic) for metric in involved}
        scaled = len(powers) == 1 and not any(symbolic for _, symbolic in powers)
        return {NEURON: balance(layer, metrics)} if scaled or dynamics.position == (ONE,) else {}
    return {NEURON: MatrixExpression(_grams(layer, metrics), DIAGONAL)} if _weights(layer, metrics) is not None else {}


def balance(layer: HiddenLayer, metrics: dict[str, Metric]) -> MatrixExpression:
    """Sums over the weights out of a neuron less those into it of a primitive of theta/M: theta^(2-a)/(2-a), or log theta for a = 2."""
    scale = common_scale(metrics[block.name].primitive for _, block in sides(layer))
    terms = []
    for sign, block in sides(layer):
        primitive = metrics[block.name].primitive
        terms.append(RowSums(int(sign * scale * primitive.coefficient), block, primitive))
    return MatrixExpression(tuple(terms), DIAGONAL)


def _momentum(layer: HiddenLayer, metrics: dict[str, Metric]) -> MatrixExpression:
    """Sums of P out of a neuron less those into it: theta/M is 1, its primitive theta."""
    terms = balance(layer, metrics).terms
    return MatrixExpression(tuple(RowSums(term.coefficient, term.block.in_motion, term.function) for term in terms), DIAGONAL)


def _centre(layer: HiddenLayer, metrics: dict[str, Metric], dynamics: Dynamics) -> MatrixExpression:
    """The same of Q, or of Q + P/tau, which is free of time, for constant tau."""
    positions = balance(layer, metrics).terms
    if not dynamics.inverse_rate:
        return MatrixExpression(positions, DIAGONAL)
    moving = (RowSums(term.coefficient, term.block.in_motion, term.function, dynamics.inverse_rate) for term in positions)
    return MatrixExpression((*positions, *moving), DIAGONAL)


def _grams(layer: HiddenLayer, metrics: dict[str, Metric]) -> tuple[Product, ...]:
    """W_out^T B^-1 W_out - W_in A^-1 W_in^T, B and A the metrics' matrices on the axes that are not the layer's."""
    weighted = zip(sides(layer), _weights(layer, metrics))
    return products([(sign * factor, block, block.turned, matrix) for (sign, block), (factor, matrix) in weighted])


def _angular(layer: HiddenLayer, metrics: dict[str, Metric]) -> MatrixExpression:
    """The angular momentum of the layer's rows and columns in the metric, Q^T B^-1 P - P^T B^-1 Q."""
    pairs = [
        ((factor, block, block.turned.in_motion, matrix), (-factor, block.in_motion, block.turned, matrix))
        for (_, block), (factor, matrix) in zip(sides(layer), _weights(layer, metrics))
    ]
    return MatrixExpression(products(list(chain.from_iterable(pairs))), ANTISYMMETRIC)


def sides(layer: HiddenLayer) -> list[tuple[int, Block]]:
    """(sign, block) of the blocks out of (+) and into (-) the layer, each with a row for every neuron."""
    return [(1, Block(name, transposed=True)) for name in layer.outgoing] + [(-1, Block(name)) for name in layer.incoming]


def _weights(layer: HiddenLayer, metrics: dict[str, Metric]) -> list[tuple[Number, Matrix | None]] | None:
    """Inverses of the metrics along the rows of :func:`sides`, as a number times a matrix, which is None for the identity.

    None unless every metric is constant and leaves the layer's own axis as it is, up to a factor: then all rotations of the layer
    are isometries.
    """
    found = []
    for _, block in sides(layer):
        inverses = metrics[block.name].inverses
        own, other = (reversed(inverses) if block.transposed else inverses) if inverses else (None, None)
        factor = scalar(own) if inverses else None
        if factor is None:
            return None
        found.append((factor, other))
    return found

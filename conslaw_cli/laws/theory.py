"""What theory knows of a model that was not analysed: families of laws that hold at every size, and how many are independent.

Nothing here is computed or verified. Why the families hold: phi does not change when a hidden layer's incoming blocks are
multiplied by A and its outgoing ones by A^-1, for every invertible A (linear layers) or every diagonal one (neurons), and

- balancedness (linear, first order, constant metrics that leave the layer's axis as it is): the metrics' inverses on the other axes
  weight the inner products, and A = exp(symmetric) gives <dH, grad phi> = 0, at every point of the ray cQ too;
- neuron balance (first order): theta/M dtheta is the differential of the law, so M cancels; under weight decay the factors
  c^(1-a) of the blocks must be one, so their exponents a must be; under metrics as above it is the diagonal of balancedness;
- angular momenta (linear, second order, metrics as above): A = exp(antisymmetric) moves by isometries, whatever the damping (Noether);
- conserved momenta and centres of motion (entropy at theta, second order): a neuron's sum of weights out minus weights in
  feels no force, so it moves as a free particle under the damping.

Why so many are independent: take for each layer the gradients of its laws along blocks that are given to this layer alone. A
block lies between two neighbours, so whichever of them it is given to, the gradients of all layers are block triangular, and
the ranks on the diagonal add up to a lower bound. With k generic columns in its blocks a layer of width r has there the rank of
S -> S B, B generic r x k, over symmetric S, r(r+1)/2 - d(d+1)/2 with d = max(0, r - k); over antisymmetric ones, where B has the
positions and the velocities, r(r-1)/2 - d(d-1)/2 with d = max(0, r - 2k); a law for each neuron has rank r if k > 0. For two
layers of a linear network this is the count of Marcotte et al., NeurIPS 2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.laws.families import CENTRE, expressions
from conslaw_cli.laws.matrices import ANTISYMMETRIC, DIAGONAL, MatrixExpression
from conslaw_cli.metrics import Metric
from conslaw_cli.model import HiddenLayer
from conslaw_cli.graph.nodes import Shape

UNVERIFIED = "theory, not verified at this size"


@dataclass(frozen=True)
class KnownFamily:
    """A family at a hidden layer: at least ``number`` of its laws are independent of each other and of other families'."""

    name: str
    layer: HiddenLayer
    expression: MatrixExpression
    number: int
    timed: bool
    """Whether its laws depend on time."""

    @property
    def size(self) -> int:
        return self.expression.count(self.layer.width)


@dataclass(frozen=True)
class _Layer:
    hidden: HiddenLayer
    families: dict[str, MatrixExpression]
    """The families that hold at it, by name."""
    before: int
    """Columns that the blocks from the previous hidden layer have for this one; ``after``, the blocks to the next one."""
    after: int
    own: int
    """Columns of the blocks that no other hidden layer has a part in."""

    def ranks(self, columns: int) -> tuple[int, ...]:
        return tuple(rank(expression, self.hidden.width, columns) for expression in self.families.values())


def known_families(
    blocks: tuple[tuple[str, Shape], ...], hidden: tuple[HiddenLayer, ...], metrics: dict[str, Metric], dynamics: Dynamics
) -> list[KnownFamily]:
    """The families of every hidden layer, from input to output, with numbers that may be added up."""
    layers = list(_layers(dict(blocks), hidden, metrics, dynamics))
    found = []
    for layer, columns in zip(layers, _shared_out(layers)):
        for (name, expression), number in zip(layer.families.items(), layer.ranks(columns)):
            timed = _timed(name, expression, dict(blocks), dynamics)
            found.append(KnownFamily(name, layer.hidden, expression, number, timed))
    return [family for family in found if family.number]


def rank(expression: MatrixExpression, width: int, columns: int) -> int:
    """Rank of a family's gradients along blocks with so many generic columns."""
    if expression.symmetry == DIAGONAL:
        return width if columns else 0
    vectors = columns * (2 if expression.symmetry == ANTISYMMETRIC else 1)
    return expression.count(width) - expression.count(max(0, width - vectors))


def _layers(shapes: dict[str, Shape], hidden: tuple, metrics: dict[str, Metric], dynamics: Dynamics) -> Iterator[_Layer]:
    for number, layer in enumerate(hidden):
        previous = set(hidden[number - 1].outgoing) if number else set()
        following = set(hidden[number + 1].incoming) if number + 1 < len(hidden) else set()
        columns = {block: prod(shapes[block]) // layer.width for block in layer.incoming + layer.outgoing}
        before = sum(columns[block] for block in previous.intersection(columns))
        after = sum(columns[block] for block in following.intersection(columns))
        yield _Layer(layer, expressions(layer, metrics, dynamics), before, after, sum(columns.values()) - before - after)


def _shared_out(layers: list[_Layer]) -> list[int]:
    """Columns given to each layer so that the ranks add up to the most; each shared block goes to one of its two layers."""
    best: dict[bool, tuple] = {False: (0, None)}
    for layer in layers:
        options: dict[bool, tuple] = {}
        for gives in (False, True):
            for taken, so_far in best.items():
                columns = layer.own + (0 if taken else layer.before) + (0 if gives else layer.after)
                total = so_far[0] + sum(layer.ranks(columns))
                if gives not in options or total > options[gives][0]:
                    options[gives] = (total, (columns, so_far))
        best = {not gives: option for gives, option in options.items()}
    chosen, link = [], max(best.values(), key=lambda option: option[0])[1]
    while link is not None:
        columns, (_, link) = link
        chosen.append(columns)
    return chosen[::-1]


def _timed(name: str, expression: MatrixExpression, shapes: dict[str, Shape], dynamics: Dynamics) -> bool:
    """A function of time that multiplies a law makes it depend on time; in a sum of logarithms, only if it does not cancel."""
    if dynamics.second_order:
        return dynamics.inverse_rate is None if name == CENTRE else not dynamics.scale.trivial
    return not dynamics.growth.trivial and expression.log_surplus(shapes) != 0

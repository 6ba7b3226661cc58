"""Matrix and neuron forms of the families that theory knows, with their functions of time."""

from __future__ import annotations

from fractions import Fraction

from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.laws import families as known
from conslaw_cli.metrics import Metric
from conslaw_cli.metrics.base import common_scale
from conslaw_cli.model import HiddenLayer
from conslaw_cli.report.formula import BlockRef, MatrixForm, MatrixTerm, NeuronForm, NeuronTerm


def family_form(
    name: str, layer: HiddenLayer, dynamics: Dynamics, metrics: dict[str, Metric], timed: bool
) -> MatrixForm | NeuronForm:
    """The matrix or neuron form of a family at a hidden layer; ``timed`` says whether its laws depend on time."""
    if name == known.BALANCED:
        terms = [MatrixTerm(1, BlockRef(b, transposed=True), BlockRef(b)) for b in layer.outgoing]
        terms += [MatrixTerm(-1, BlockRef(b), BlockRef(b, transposed=True)) for b in layer.incoming]
        return MatrixForm(dynamics.growth.power(2), tuple(terms), layer.width, "symmetric")
    if name == known.ANGULAR:
        return MatrixForm(dynamics.scale.text, _angular_terms(layer), layer.width, "antisymmetric")
    if name == known.NEURON:
        return _neuron_form(layer, dynamics, metrics, timed)
    sides = [(1, block, "out") for block in layer.outgoing] + [(-1, block, _side(layer, block)) for block in layer.incoming]
    velocities = tuple(NeuronTerm(sign, block, side, velocity=True) for sign, block, side in sides)
    if name == known.MOMENTUM:
        return NeuronForm(dynamics.scale.text, velocities, layer.width)
    factor, time = _lag(dynamics)
    positions = tuple(NeuronTerm(sign, block, side) for sign, block, side in sides)
    lagging = tuple(NeuronTerm(sign * factor, block, side, velocity=True, time=time) for sign, block, side in sides)
    return NeuronForm("1", positions + lagging, layer.width)


def _lag(dynamics: Dynamics) -> tuple[int | Fraction, str]:
    """What multiplies theta' in a centre of motion: 1/tau for constant tau, otherwise -A."""
    if dynamics.inverse_rate is None:
        return -1, dynamics.lag.text
    number = dynamics.inverse_rate.terms.get(())
    return (1, f"1/{dynamics.rate_letter}") if number is None else (number, "1")


def _side(layer: HiddenLayer, block: str) -> str:
    return "bias" if block in layer.biases else "in"


def _angular_terms(layer: HiddenLayer) -> tuple[MatrixTerm, ...]:
    terms = []
    for block in layer.outgoing:
        terms.append(MatrixTerm(1, BlockRef(block, transposed=True), BlockRef(block, velocity=True)))
        terms.append(MatrixTerm(-1, BlockRef(block, transposed=True, velocity=True), BlockRef(block)))
    for block in layer.incoming:
        terms.append(MatrixTerm(1, BlockRef(block), BlockRef(block, transposed=True, velocity=True)))
        terms.append(MatrixTerm(-1, BlockRef(block, velocity=True), BlockRef(block, transposed=True)))
    return tuple(terms)


def _neuron_form(layer: HiddenLayer, dynamics: Dynamics, metrics: dict[str, Metric], timed: bool) -> NeuronForm:
    involved = layer.outgoing + layer.incoming
    scale = common_scale(metrics[block].primitive for block in involved)
    terms = []
    for block in involved:
        primitive, outgoing = metrics[block].primitive, block in layer.outgoing
        coefficient = int((scale if outgoing else -scale) * primitive.coefficient)
        function = "log" if primitive.logarithm else "power"
        side, constant = "out" if outgoing else _side(layer, block), primitive.constant
        terms.append(NeuronTerm(coefficient, block, side, function, primitive.exponent or 1, constant=constant))
    degree = metrics[involved[0]].primitive.exponent
    log_scale = dynamics.growth.power(1) if degree == 0 and timed else "1"
    return NeuronForm(dynamics.growth.power(degree), tuple(terms), layer.width, log_scale)

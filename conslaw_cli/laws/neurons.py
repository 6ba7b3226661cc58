"""The weights around hidden neurons, by their positions in the state of a part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conslaw_cli.flows.part import PartFlow
from conslaw_cli.metrics import Metric
from conslaw_cli.model import HiddenLayer


@dataclass(frozen=True)
class Neuron:
    """Positions of the weights out of and into a neuron, and the metrics of their blocks."""

    outgoing: tuple[int, ...]
    incoming: tuple[int, ...]
    outgoing_metrics: frozenset[Metric]
    incoming_metrics: frozenset[Metric]


def neurons(flow: PartFlow, hidden: tuple[HiddenLayer, ...]) -> Iterator[tuple[HiddenLayer, list[Neuron]]]:
    """The neurons of each hidden layer whose blocks the part holds."""
    blocks = flow.program.blocks
    shapes, starts = dict(blocks), dict(zip((name for name, _ in blocks), flow.program.starts))
    metrics = dict(zip(shapes, flow.metrics))

    def column(name: str, k: int) -> list[int]:
        rows, columns = shapes[name]
        return [starts[name] + i * columns + k for i in range(rows)]

    def row(name: str, k: int) -> list[int]:
        columns = shapes[name][1]
        return [starts[name] + k * columns + j for j in range(columns)]

    for layer in hidden:
        if set(layer.incoming + layer.outgoing) <= set(shapes):
            sides = [frozenset(metrics[name] for name in names) for names in (layer.outgoing, layer.incoming)]
            found = []
            for k in range(shapes[layer.incoming[0]][0]):
                leaving = tuple(place for name in layer.outgoing for place in column(name, k))
                found.append(Neuron(leaving, tuple(place for name in layer.incoming for place in row(name, k)), *sides))
            yield layer, found

"""The scalar functionals whose gradients span those of phi, as chains s -> (mask * W) s + b c, and the parts a model splits into."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from conslaw_cli.checker.metrics import mixes
from conslaw_cli.checker.system import Block, System

Coefficients = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Layer:
    """Names of the blocks and of the random coefficients of one step; None where there is none."""

    weight: str | None
    bias: str | None = None
    mask: str | None = None
    scale: str | None = None


@dataclass(frozen=True)
class Chain:
    """f = left (layer_q (... layer_1(x))), over its blocks in state order."""

    blocks: tuple[Block, ...]
    layers: tuple[Layer, ...]
    left: str | None = "a"

    @property
    def size(self) -> int:
        return sum(prod(shape) for _, shape in self.blocks)

    def coefficients(self) -> Coefficients:
        """Shapes of the random coefficients."""
        shapes, found = dict(self.blocks), {}
        for layer in self.layers:
            if layer.mask:
                found[layer.mask] = shapes[layer.weight]
            if layer.scale:
                found[layer.scale] = (1, 1)
        if self.layers[0].weight:
            found["x"] = (shapes[self.layers[0].weight][1], 1)
        if self.left:
            found[self.left] = (1, shapes[self.layers[-1].weight][0])
        return found


def whole(system: System) -> Chain:
    """One chain over all blocks: the functional of the entire phi, output biases included."""
    if system.architecture == "nmf":
        return Chain(system.blocks, (Layer("V"), Layer("U")))
    return _chain(system, system.blocks)


def parts(system: System) -> tuple[tuple[Chain, int], ...]:
    """Chains on disjoint variables with their number of copies, as bracket certificates have them."""
    last = f"b{len(system.widths) - 1}"
    inner = tuple(block for block in system.blocks if block[0] != last)
    if system.architecture in ("linear", "nmf") or _joined(system):
        return ((whole(system), 1),)
    if len(system.widths) == 3:
        found = ((_neuron(system), system.widths[1]),)
    else:
        found = ((_chain(system, inner), 1),)
    if len(inner) < len(system.blocks):
        found += ((Chain(((last, (1, 1)),), (Layer(None, last, None, "c"),), None), system.widths[-1]),)
    return found


def _joined(system: System) -> bool:
    """Whether the metric mixes the neurons of two layers, or the output biases, or treats some differently."""
    if any(metric.full for metric in system.metrics.values()):
        return True
    axes = {"W1": 0, "b1": 0, "W2": 1, "b2": 0} if len(system.widths) == 3 else {f"b{len(system.widths) - 1}": 0}
    return any(mixes(system.metrics[name], axis) for name, axis in axes.items() if name in system.metrics)


def _chain(system: System, blocks: tuple[Block, ...]) -> Chain:
    names, masked = {name for name, _ in blocks}, system.architecture != "linear"
    layers = []
    for number in range(1, len(system.widths)):
        bias = f"b{number}" if f"b{number}" in names else None
        scale = (f"c{number}" if masked else "c") if bias else None
        layers.append(Layer(f"W{number}", bias, f"C{number}" if masked and number > 1 else None, scale))
    return Chain(blocks, tuple(layers))


def _neuron(system: System) -> Chain:
    inputs, _, outputs = system.widths
    biased = system.bias != "none"
    blocks = (("W1", (1, inputs)), *((("b1", (1, 1)),) if biased else ()), ("W2", (outputs, 1)))
    first = Layer("W1", "b1", None, "c1") if biased else Layer("W1")
    return Chain(blocks, (first, Layer("W2")))

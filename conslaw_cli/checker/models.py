"""The scalar functionals whose gradients span those of phi, as chains s -> (mask * W) s + b c, and the parts a model splits into.

The neurons of a ReLU network with one hidden layer have coefficients of their own, f = sum_k (sum_i a_ki W2_ik) (sum_j x_kj W1_kj + c1_k b1_k),
and so has every output bias of a ReLU network, sum_i c_i b_i: they are sums over parts with disjoint coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from conslaw_cli.checker.metrics import mixes
from conslaw_cli.checker.system import Block, System

Coefficients = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Layer:
    """Names of the blocks and of the random coefficients of one step; None where there is none."""

    weight: str
    bias: str | None = None
    mask: str | None = None
    scale: str | None = None


@dataclass(frozen=True)
class Chain:
    """f = a (layer_q (... layer_1(x))), over its blocks in state order, or a sum over neurons, and a sum over output biases."""

    blocks: tuple[Block, ...]
    layers: tuple[Layer, ...] = ()
    neurons: bool = False
    """Whether the neurons of the one hidden layer have coefficients of their own."""
    output: str | None = None
    """The block of output biases."""

    @property
    def size(self) -> int:
        return sum(prod(shape) for _, shape in self.blocks)

    def coefficients(self) -> Coefficients:
        """Shapes of the random coefficients."""
        shapes = dict(self.blocks)
        found = {"c": shapes[self.output]} if self.output else {}
        for layer in self.layers:
            if layer.mask:
                found[layer.mask] = shapes[layer.weight]
            if layer.scale:
                found[layer.scale] = shapes[layer.bias] if self.neurons else (1, 1)
        if self.layers:
            first, last = (shapes[self.layers[k].weight] for k in (0, -1))
            found["x"], found["a"] = (first, last[::-1]) if self.neurons else ((first[1], 1), (1, last[0]))
        return found


def whole(system: System) -> Chain:
    """One chain over all blocks: the functional of the entire phi, output biases included."""
    if system.architecture == "nmf":
        return Chain(system.blocks, (Layer("V"), Layer("U")))
    if system.architecture == "linear":
        return Chain(system.blocks, _layers(system, system.blocks))
    last = f"b{len(system.widths) - 1}"
    output = last if last in dict(system.blocks) else None
    inner = tuple(block for block in system.blocks if block[0] != last)
    if len(system.widths) == 3:
        return Chain(system.blocks, _two_layers(system), neurons=True, output=output)
    return Chain(system.blocks, _layers(system, inner), output=output)


def parts(system: System) -> tuple[tuple[Chain, int], ...]:
    """Chains on disjoint variables with their number of copies, as bracket certificates have them."""
    last = f"b{len(system.widths) - 1}"
    inner = tuple(block for block in system.blocks if block[0] != last)
    if system.architecture in ("linear", "nmf") or _joined(system):
        return ((whole(system), 1),)
    if len(system.widths) == 3:
        found = ((_neuron(system), system.widths[1]),)
    else:
        found = ((Chain(inner, _layers(system, inner)), 1),)
    if len(inner) < len(system.blocks):
        found += ((Chain(((last, (1, 1)),), output=last), system.widths[-1]),)
    return found


def _joined(system: System) -> bool:
    """Whether the metric mixes the neurons of two layers, or the output biases, or treats some differently."""
    if any(metric.full for metric in system.metrics.values()):
        return True
    axes = {"W1": 0, "b1": 0, "W2": 1, "b2": 0} if len(system.widths) == 3 else {f"b{len(system.widths) - 1}": 0}
    return any(mixes(system.metrics[name], axis) for name, axis in axes.items() if name in system.metrics)


def _layers(system: System, blocks: tuple[Block, ...]) -> tuple[Layer, ...]:
    names, masked = {name for name, _ in blocks}, system.architecture != "linear"
    layers = []
    for number in range(1, len(system.widths)):
        bias = f"b{number}" if f"b{number}" in names else None
        scale = (f"c{number}" if masked else "c") if bias else None
        layers.append(Layer(f"W{number}", bias, f"C{number}" if masked and number > 1 else None, scale))
    return tuple(layers)


def _two_layers(system: System) -> tuple[Layer, Layer]:
    return (Layer("W1") if system.bias == "none" else Layer("W1", "b1", None, "c1")), Layer("W2")


def _neuron(system: System) -> Chain:
    inputs, _, outputs = system.widths
    bias = () if system.bias == "none" else (("b1", (1, 1)),)
    return Chain((("W1", (1, inputs)), *bias, ("W2", (outputs, 1))), _two_layers(system))

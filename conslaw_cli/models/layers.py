"""Pieces that several architectures share: the blocks of a chain of layers and their place in the state vector."""

from __future__ import annotations

from math import prod

from conslaw_cli.models.base import HiddenLayer, Part
from conslaw_cli.graph.nodes import Coefficient, Node, Parameter, Shape
from conslaw_cli.graph.program import Program

Blocks = tuple[tuple[str, Shape], ...]


def chain_blocks(widths: tuple[int, ...], bias: str) -> Blocks:
    """Blocks W1 (h x m), b1 (h x 1), W2, ... of a chain of layers, shapes (out, in); ``bias`` none, hidden or all."""
    blocks = []
    last = len(widths) - 1
    for layer in range(1, last + 1):
        blocks.append((f"W{layer}", (widths[layer], widths[layer - 1])))
        if bias == "all" or (bias == "hidden" and layer < last):
            blocks.append((f"b{layer}", (widths[layer], 1)))
    return tuple(blocks)


def parameters(blocks: Blocks) -> dict[str, Parameter]:
    return {name: Parameter(shape, name) for name, shape in blocks}


def offsets(blocks: Blocks) -> dict[str, int]:
    """Position of each block's first entry in the state vector."""
    found, position = {}, 0
    for name, shape in blocks:
        found[name] = position
        position += prod(shape)
    return found


def whole(blocks: Blocks, functional: Node) -> Part:
    """The part that holds every parameter of the model."""
    start = offsets(blocks)
    indices = tuple(range(start[name], start[name] + prod(shape)) for name, shape in blocks)
    return Part(Program(blocks, functional), (indices,))


def output_biases(blocks: Blocks, name: str) -> Part:
    """Output biases: each is a component of phi by itself."""
    start, (size, _) = offsets(blocks)[name], dict(blocks)[name]
    bias = Parameter((1, 1), name)
    program = Program(((name, (1, 1)),), bias @ Coefficient((1, 1), "c"))
    return Part(program, tuple((range(start + k, start + k + 1),) for k in range(size)))


def hidden_layers(blocks: Blocks, depth: int, group: str) -> tuple[HiddenLayer, ...]:
    shapes = dict(blocks)
    return tuple(
        HiddenLayer(
            incoming=tuple(name for name in (f"W{layer}", f"b{layer}") if name in shapes),
            outgoing=(f"W{layer + 1}",),
            width=shapes[f"W{layer}"][0],
            group=group,
        )
        for layer in range(1, depth)
    )

"""Pieces that several architectures share: the blocks of a chain of layers and their place in the state vector."""

from __future__ import annotations

from math import prod

from conslaw_cli.models.chain import Chain
from conslaw_cli.models.base import HiddenLayer, Part
from conslaw_cli.graph.nodes import Coefficient, Node, Parameter, Shape
from conslaw_cli.graph.program import Program

Blocks = tuple[tuple[str, Shape], ...]


def chain_blocks(chain: Chain) -> Blocks:
    """Blocks W1 (h x m), b1 (h x 1), W2, ... of a chain of layers, shapes (out, in)."""
    blocks = []
    for layer in range(1, chain.depth + 1):
        blocks.append((f"W{layer}", (chain.widths[layer], chain.widths[layer - 1])))
        if chain.bias == "all" or (chain.bias == "hidden" and layer < chain.depth):
            blocks.append((f"b{layer}", (chain.widths[layer], 1)))
    return tuple(blocks)


def chain_vectors(chain: Chain) -> frozenset[str]:
    """The biases."""
    return frozenset(f"b{layer}" for layer in range(1, chain.depth + 1))


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


def hidden_layers(chain: Chain, group: str) -> tuple[HiddenLayer, ...]:
    """The symmetry of every hidden layer of a chain."""
    shapes = dict(chain_blocks(chain))
    return tuple(
        HiddenLayer(
            incoming=tuple(name for name in (f"W{layer}", f"b{layer}") if name in shapes),
            outgoing=(f"W{layer + 1}",),
            width=shapes[f"W{layer}"][0],
            group=group,
            biases=tuple(name for name in (f"b{layer}",) if name in shapes),
        )
        for layer in range(1, chain.depth)
    )

"""Pieces that several architectures share: the blocks of a chain of layers, and the chain as a text."""

from __future__ import annotations

from conslaw_cli.models.chain import Chain
from conslaw_cli.model import HiddenLayer
from conslaw_cli.graph.nodes import Parameter, Shape

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


def hidden_layers(chain: Chain, group: str) -> tuple[HiddenLayer, ...]:
    """The symmetry of every hidden layer of a chain."""
    shapes = dict(chain_blocks(chain))
    return tuple(
        HiddenLayer(
            incoming=tuple(name for name in (f"W{layer}", f"b{layer}") if name in shapes),
            outgoing=(f"W{layer + 1}",),
            width=shapes[f"W{layer}"][0],
            group=group,
        )
        for layer in range(1, chain.depth)
    )


def written(chain: Chain, hidden: str) -> dict[str, object]:
    """[model] of a chain as a text, W2 @ relu(W1 @ x + b1) + b2 where ``hidden`` is "relu({})"."""
    blocks, vectors = chain_blocks(chain), chain_vectors(chain)
    names, text = [name for name, _ in blocks], "x"
    for layer in range(1, chain.depth + 1):
        text = f"W{layer} @ {text}" + (f" + b{layer}" if f"b{layer}" in names else "")
        text = hidden.format(text) if layer < chain.depth else text
    sizes = {name: list(shape[:1] if name in vectors else shape) for name, shape in blocks}
    return {"network": text, "parameters": sizes, "inputs": {"x": [chain.widths[0]]}}

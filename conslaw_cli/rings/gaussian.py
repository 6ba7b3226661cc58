"""Seeded Gaussian numbers: real parameters theta*, real inputs, and real values of generic constants. No count rests on them."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from conslaw_cli.graph.nodes import Generic, Shape
from conslaw_cli.rings.stream import Stream


def normal(stream: Stream, name: str, ids: np.ndarray, shape: Shape) -> np.ndarray:
    """Standard normal numbers by counter, (len(ids), *shape) (Box and Muller 1958)."""
    size = prod(shape)
    words = stream.words(name, ids, 2 * size)
    uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
    radius, angle = np.sqrt(-2 * np.log(uniform[:, :size])), 2 * np.pi * uniform[:, size:]
    return (radius * np.cos(angle)).reshape(len(ids), *shape)


def initial_weights(blocks: tuple[tuple[str, Shape], ...], seed: int) -> dict[str, np.ndarray]:
    """A Gaussian initialization theta*, (1, *shape) by name."""
    stream = Stream(seed)
    return {name: normal(stream, f"initial/{name}", np.array([0]), shape) for name, shape in blocks}


def generic_values(generics: Mapping[str, Generic]) -> dict[str, np.ndarray]:
    """Real values of generic constants, (1, *shape) by name."""
    stream = Stream(0)
    return {
        name: normal(stream, f"generic/{name}", np.array([0]), node.shape)
        if node.floats is None
        else np.array(node.floats).reshape(1, *node.shape)
        for name, node in generics.items()
    }

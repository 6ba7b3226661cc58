"""Entries of an array that are taken by their numbers, as one would write them: W1[0, 1], W1[:, 2], W1[1:]."""

from __future__ import annotations

from itertools import combinations
from math import prod

import numpy as np

from conslaw_cli.graph.nodes import Shape

Keys = tuple[int | slice, ...]


def subscript(shape: Shape, index: np.ndarray) -> str | None:
    """What stands in the brackets behind an array of a shape, to take these row-major numbers; None where integers and slices cannot."""
    if not index.size:
        return None
    places = [(int(axis.min()), int(axis.max()) + 1) for axis in np.unravel_index(index, shape)]
    for sliced in combinations(range(len(shape)), index.ndim):
        keys = tuple(slice(*ends) if axis in sliced else ends[0] for axis, ends in enumerate(places))
        if _takes(keys, shape, index):
            return _text(keys, shape)
    return None


def _takes(keys: Keys, shape: Shape, index: np.ndarray) -> bool:
    taken = np.arange(prod(shape)).reshape(shape)[keys]
    return taken.shape == index.shape and bool((taken == index).all())


def _text(keys: Keys, shape: Shape) -> str:
    parts = [_part(key, size) for key, size in zip(keys, shape)]
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    return ", ".join(parts)


def _part(key: int | slice, size: int) -> str:
    if not isinstance(key, slice):
        return str(key)
    return f"{key.start or ''}:{'' if key.stop == size else key.stop}"

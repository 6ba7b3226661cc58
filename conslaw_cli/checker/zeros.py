"""Which entries of a graph's steps are zero whatever parameters and coefficients are: what constants such as a causal mask make zero."""

from __future__ import annotations

from math import prod

import numpy as np


def zeros_of(steps: tuple) -> list[np.ndarray]:
    """Booleans of the shape of each step."""
    found: list[np.ndarray] = []
    for step in steps:
        found.append(_zeros(step, [found[k] for k in step.arguments]))
    return found


def _zeros(step, of: list[np.ndarray]) -> np.ndarray:
    match step.operation:
        case "constant":
            return np.array([value == 0 for value in step.detail], dtype=bool).reshape(step.shape)
        case "add":
            return of[0] & of[1]
        case "multiply":
            return of[0] | of[1]
        case "matmul":
            nonzero = np.matmul((~of[0]).astype(np.int64), (~of[1]).astype(np.int64))
            return nonzero == 0
        case "permute":
            return of[0].transpose(step.detail)
        case "sum":
            return of[0].all(axis=step.detail)
        case "held":
            return of[0]
        case "broadcast":
            return np.broadcast_to(of[0], step.shape)
        case "reshape":
            return of[0].reshape(step.shape)
        case "gather":
            return of[0].ravel()[step.detail.index].reshape(step.shape)
        case "scatter":
            empty = np.ones(prod(step.shape), dtype=bool)
            empty[step.detail.index[~of[0].ravel()]] = False
            return empty.reshape(step.shape)
        case "power" if step.detail >= 1 and step.detail.denominator == 1:
            return of[0]
    return np.zeros(step.shape, dtype=bool)

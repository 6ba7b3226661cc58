"""Where the steps of a graph have a value modulo p: reciprocals need entries that are not zero, roots squares.

What is undefined goes on as one, and everything made of it is undefined too, but what a constant zero takes away.
"""

from __future__ import annotations

import numpy as np

from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.graph import Graph, Step, Surroundings

Masks = list[np.ndarray]


def undefined(graph: Graph, theta: dict[str, Dual], coefficients: dict[str, Dual], p: int, around: Surroundings, last: int) -> np.ndarray:
    """Where step ``last`` is undefined, (batch or 1, *shape)."""
    return masks_of(graph, graph.values(theta, coefficients, p, around, last), around, last)[last]


def masks_of(graph: Graph, values: list[Dual], around: Surroundings, last: int) -> Masks:
    """Where the steps up to ``last`` are undefined."""
    masks: Masks = []
    for step in graph.steps[: last + 1]:
        zeros = [graph.zeros[k] for k in step.arguments]
        masks.append(_mask(step, [masks[k] for k in step.arguments], [values[k][0] for k in step.arguments], zeros, around))
    return masks


def _mask(step: Step, of: Masks, values: list[np.ndarray], zeros: list[np.ndarray], around: Surroundings) -> np.ndarray:
    if step.operation == "power" and (step.detail < 1 or step.detail.denominator > 1):
        return of[0] | ~around.functions.power_at(values[0], step.detail)[1]
    if step.operation == "apply" and step.detail == "log":
        return of[0] | (values[0] == 0)
    if not of or step.operation == "branch" or not any(mask.any() for mask in of):
        return np.zeros((1, *step.shape), dtype=bool)
    match step.operation:
        case "matmul":
            return _meet(of[0], ~zeros[1]) | _meet(~zeros[0], of[1])
        case "multiply":
            return (of[0] & ~zeros[1]) | (of[1] & ~zeros[0])
        case "sum":
            return of[0].any(axis=tuple(axis + 1 for axis in step.detail))
        case "permute":
            return of[0].transpose(0, *(axis + 1 for axis in step.detail))
        case "broadcast":
            return np.broadcast_to(of[0], (len(of[0]), *step.shape))
        case "reshape":
            return of[0].reshape(len(of[0]), *step.shape)
        case "gather":
            return of[0].reshape(len(of[0]), -1)[:, step.detail.index].reshape(len(of[0]), *step.shape)
        case "scatter":
            return _scattered(of[0], step)
    return np.logical_or.reduce(np.broadcast_arrays(*of))


def _meet(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where a product of matrices has a term of two entries that are both set."""
    return np.matmul(a.astype(np.int64), b.astype(np.int64)) > 0


def _scattered(mask: np.ndarray, step: Step) -> np.ndarray:
    found = np.zeros((len(mask), int(np.prod(step.shape, dtype=np.int64))), dtype=np.int64)
    np.add.at(found, (slice(None), step.detail.index), mask.reshape(len(mask), -1).astype(np.int64))
    return found.reshape(len(mask), *step.shape) > 0

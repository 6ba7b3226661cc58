"""Each operation of a graph as one call of NumPy: arrays have the shape (runs or 1, samples or 1, *shape of the node).

Operands need not be repeated to their node's shape: NumPy broadcasts them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

import numpy as np

from conslaw_cli.graph.nodes import Apply, Branch, Broadcast, Constant, Gather, Node, Permute, Power, Reshape, Scatter, Sum
from conslaw_cli.rings.floats import FUNCTIONS, branch

Operation = Callable[..., np.ndarray]
LEADING = 2
"""Axes before those of a node: runs and samples."""
RUNS, SAMPLES = 0, 1


def operation(node: Node) -> Operation:
    """What an inner node does with the arrays of its arguments."""
    return _RULES[node.operation](node)


def constant(node: Constant) -> np.ndarray:
    """A known array."""
    return np.array([float(entry) for entry in node.entries]).reshape(1, 1, *node.shape)


def total(a: np.ndarray) -> np.ndarray:
    """The sum over the samples."""
    return np.add.reduce(a, axis=SAMPLES, keepdims=True)


def columns_of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b for one a of all samples, b a column of each."""
    return (b[..., 0] @ a[:, 0].swapaxes(1, 2))[..., None]


def rows_of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b for one b of all samples, a some rows of each."""
    runs, samples, rows, size = a.shape
    return (a.reshape(runs, samples * rows, size) @ b[:, 0]).reshape(-1, samples, rows, b.shape[-1])


def _contracted(node: Node) -> Operation:
    """The sum over the samples of a @ b, as one product: the samples are columns of a beside one another, and rows of b."""
    *batch, rows, columns = range(SAMPLES + 1, LEADING + len(node.shape))
    of_left, of_right = (RUNS, *batch, rows, SAMPLES, columns), (RUNS, *batch, SAMPLES, rows, columns)

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = a.transpose(of_left), b.transpose(of_right)
        return (a.reshape(*a.shape[:-2], -1) @ b.reshape(*b.shape[:-3], -1, b.shape[-1]))[:, None]

    return product


def _shifted(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axis + LEADING for axis in axes)


def _permute(node: Permute) -> Operation:
    axes = (*range(LEADING), *_shifted(node.axes))
    return lambda a: a.transpose(axes)


def _sum(node: Sum) -> Operation:
    return partial(np.add.reduce, axis=_shifted(node.axes))


def _broadcast(node: Broadcast) -> Operation:
    shape = node.shape
    return lambda a: np.broadcast_to(a, a.shape[:LEADING] + shape)


def _reshape(node: Reshape) -> Operation:
    shape = node.shape
    return lambda a: a.reshape(a.shape[:LEADING] + shape)


def _gather(node: Gather) -> Operation:
    index = node.index
    return lambda a: a.reshape(*a.shape[:LEADING], -1)[:, :, index]


def _scatter(node: Scatter) -> Operation:
    """Entries with one place are summed where they stand side by side."""
    places, shape, size = node.index.ravel(), node.shape, prod(node.shape)
    order = np.argsort(places, kind="stable")
    taken, starts = np.unique(places[order], return_index=True)

    def scattered(a: np.ndarray) -> np.ndarray:
        found = np.zeros((*a.shape[:LEADING], size))
        found[:, :, taken] = np.add.reduceat(a.reshape(*a.shape[:LEADING], -1)[:, :, order], starts, axis=LEADING)
        return found.reshape(a.shape[:LEADING] + shape)

    return scattered if len(places) else lambda a: np.zeros(a.shape[:LEADING] + shape)


def _power(node: Power) -> Operation:
    exponent = float(node.exponent)
    return lambda a: a**exponent


def _apply(node: Apply) -> Operation:
    return FUNCTIONS[node.function.name]


def _branch(node: Branch) -> Operation:
    return partial(branch, node)


_RULES: dict[str, Callable[..., Operation]] = {
    "add": lambda node: np.add,
    "multiply": lambda node: np.multiply,
    "matmul": lambda node: np.matmul,
    "permute": _permute,
    "sum": _sum,
    "broadcast": _broadcast,
    "reshape": _reshape,
    "gather": _gather,
    "scatter": _scatter,
    "power": _power,
    "apply": _apply,
    "branch": _branch,
    "held": lambda node: lambda a: a,
    "total": lambda node: total,
    "contracted": _contracted,
}

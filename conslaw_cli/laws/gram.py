"""The small ansatz: single coordinates and the entries of Gram matrices of the blocks (laws of constant metrics are nearly always sums of these).

Contracting one axis of a block with itself gives B R B^T and B^T L B, where L and R are the metric's inverses on the out and the in axis;
under second-order dynamics Q is contracted with P too, and P with P. The unknowns are squares of axes, not of the number of parameters:
2,112 for a linear network 32-32-32, which has two million quadratic monomials.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from math import lcm, prod

import numpy as np

from conslaw_cli.flows.part import PartFlow
from conslaw_cli.graph.nodes import Shape, as_matrix
from conslaw_cli.laws.ansatz import Functions, Grading
from conslaw_cli.laws.matrices import unfolding
from conslaw_cli.limits import LIMITS
from conslaw_cli.metrics.base import Matrix


def suits(flow: PartFlow) -> bool:
    """Whether the metric acts on axes of blocks by constant matrices, and the small ansatz is small."""
    return all(metric.inverses for metric in flow.metrics) and _size(flow) <= LIMITS.quadratic_monomials


def classes(flow: PartFlow, grading: Grading) -> Iterator[tuple[int, Functions]]:
    """(key, functions) of each class of the small ansatz. What the gradings tell apart within one Gram entry becomes several functions."""
    entries = list(_entries(flow))
    rows = np.concatenate([_padded(e.products.reshape(-1, e.products.shape[2]), flow.dimension) for e in entries])
    keys = np.concatenate([grading.keys(e.products.reshape(-1, e.products.shape[2])) for e in entries])
    weights = np.concatenate([np.tile(e.weights, len(e.products)) for e in entries])
    counts = np.concatenate([np.full(len(e.products), len(e.weights)) for e in entries])
    entry = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((entry, keys))
    rows, weights, entry, keys = rows[order], weights[order], entry[order], keys[order]
    new_key = np.r_[True, keys[1:] != keys[:-1]]
    starts = np.flatnonzero(new_key | np.r_[True, entry[1:] != entry[:-1]])
    bounds = np.flatnonzero(new_key)
    for first, last in zip(bounds, [*bounds[1:], len(rows)]):
        inside = starts[np.searchsorted(starts, first) : np.searchsorted(starts, last)] - first
        yield int(keys[first]), Functions(rows[first:last], inside, weights[first:last])


@dataclass(frozen=True)
class _Entries:
    """Functions that are sums of products of coordinates: ``products``, (functions, terms, degree), and integer ``weights``, (terms,)."""

    products: np.ndarray
    weights: np.ndarray


def _size(flow: PartFlow) -> int:
    """A bound of the number of monomials in all functions of the small ansatz."""
    vectors = len(flow.dynamics.coordinates)
    squares = 0
    for (_, shape), metric in zip(flow.program.blocks, flow.metrics):
        for numbers, inner in _unfoldings(shape, metric.inverses):
            squares += len(numbers) ** 2 * len(_terms(inner, numbers.shape[1])[2])
    return flow.dimension + squares * vectors * (vectors + 1) // 2


def _entries(flow: PartFlow) -> Iterator[_Entries]:
    """Coordinates by themselves, and the entries of the Gram matrices.

    Of one block tr(L B R B^T) is in the span of either Gram matrix: the last diagonal entry of one of them is left out.
    """
    yield _Entries(np.arange(flow.dimension, dtype=np.int32)[:, None, None], np.ones(1, dtype=object))
    n = flow.program.size
    for start, (_, shape), metric in zip(flow.program.starts, flow.program.blocks, flow.metrics):
        vectors = [start + n * vector for vector in range(len(flow.dynamics.coordinates))]
        for place, (numbers, inner) in enumerate(_unfoldings(shape, metric.inverses)):
            for a, b in combinations_with_replacement(vectors, 2):
                entries = _contracted(numbers + a, inner, numbers + b)
                yield _Entries(entries.products[: -1 if place else None], entries.weights)


def _unfoldings(shape: Shape, inverses: tuple[Matrix | None, Matrix | None]) -> Iterator[tuple[np.ndarray, Matrix | None]]:
    """A block's numbers as matrices by its rows and by its columns, with the inverse metric between; of more axes, by every set of them."""
    if len(shape) < 3:
        rows = np.arange(prod(shape), dtype=np.int32).reshape(as_matrix(shape))
        left, right = inverses
        yield rows, right
        yield rows.T, left
        return
    for count in range(1, len(shape)):
        for axes in combinations(range(len(shape)), count):
            yield unfolding(shape, axes).astype(np.int32), None


def _contracted(a: np.ndarray, inner: Matrix | None, b: np.ndarray) -> _Entries:
    """The entries of a inner b^T, times a common denominator: those above the diagonal alone where it is symmetric."""
    i, j = np.triu_indices(len(a)) if np.array_equal(a, b) else np.indices((len(a), len(b))).reshape(2, -1)
    k, m, weights = _terms(inner, a.shape[1])
    return _Entries(np.stack([a[i][:, k], b[j][:, m]], axis=-1), weights)


def _terms(inner: Matrix | None, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and value of the entries of a matrix (None: the identity of a length) that are not zero, times a common denominator."""
    if inner is None:
        diagonal = np.arange(length)
        return diagonal, diagonal, np.ones(length, dtype=object)
    scale = lcm(*(entry.denominator for row in inner for entry in row))
    whole = np.array([[int(entry * scale) for entry in row] for row in inner], dtype=object)
    k, m = np.nonzero(whole)
    return k, m, whole[k, m]


def _padded(rows: np.ndarray, padding: int) -> np.ndarray:
    """Rows of one or two coordinate numbers as rows of two."""
    return np.pad(rows, ((0, 0), (0, 2 - rows.shape[1])), constant_values=padding)

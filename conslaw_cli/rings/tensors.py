"""Programs over sparse polynomial arrays: what an identity is verified with.

An array of polynomials is a list of terms (entry, monomial, coefficient); a monomial is a sorted row of variable numbers,
padded with -1. Values that do not depend on the active blocks become fresh variables: an identity that holds for free
variables holds for what they stand for, and nothing outside the active blocks is ever expanded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from math import prod

import numpy as np

from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Broadcast, Constant, Gather, MatMul, Node, Parameter, Permute, Power, Reshape, Scatter, Shape, Sum
from conslaw_cli.graph.program import Program
from conslaw_cli.limits import LIMITS


class TooLarge(Exception):
    """An expansion would exceed the number of terms allowed."""


@dataclass(frozen=True)
class Terms:
    """Terms of an array of polynomials: the entry of each (its row-major number), monomials (terms, width), coefficients.

    Coefficients are int64 where each is a product of signs, of which at most ``LIMITS.joined_terms`` are summed; else exact objects.
    """

    shape: Shape
    entries: np.ndarray
    monomials: np.ndarray
    coefficients: np.ndarray


def variables(shape: Shape, start: int) -> Terms:
    """An array of distinct variables start, start + 1, … in row-major order."""
    entries = np.arange(prod(shape))
    ids = np.arange(start, start + len(entries), dtype=np.int64)[:, None]
    return Terms(shape, entries, ids, np.ones(len(entries), dtype=np.int64))


def join(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (i, j) with left[i] == right[j]. Raises TooLarge."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    low = np.searchsorted(ordered, left, "left")
    counts = np.searchsorted(ordered, left, "right") - low
    total = int(counts.sum())
    if total > LIMITS.joined_terms:
        raise TooLarge(f"{total} terms")
    i = np.repeat(np.arange(len(left)), counts)
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return i, order[low[i] + within]


def merge(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products of monomials row by row."""
    return np.sort(np.concatenate([a, b], axis=1), axis=1)


def collect(keys: np.ndarray, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum the coefficients of equal rows of keys, dropping zeros."""
    if not len(keys):
        return keys, coefficients
    words = _packed(keys)
    order = np.lexsort(words)
    starts = np.flatnonzero(np.r_[True, (np.diff(words[:, order]) != 0).any(axis=0)])
    sums = np.add.reduceat(coefficients[order], starts)
    kept = sums != 0
    return keys[order[starts[kept]]], sums[kept]


def _packed(keys: np.ndarray) -> np.ndarray:
    """Rows of whole numbers from -1 as columns of 63-bit words, as few as hold them, (words, rows): equal where the rows are."""
    bits = (int(keys.max()) + 1).bit_length()
    fit = 63 // bits if bits else len(keys.T)
    words = []
    for start in range(0, keys.shape[1], max(fit, 1)):
        word = np.zeros(len(keys), dtype=np.int64)
        for column in keys[:, start : start + fit].T:
            word = (word << bits) | (column + 1)
        words.append(word)
    return np.array(words).reshape(-1, len(keys))


def term_count(program: Program) -> int:
    """Number of terms of the functional when it is multiplied out: its value with every entry one."""
    return int(_Counts().evaluate(program.functional)[0].item())


class _Counts(Interpreter):
    """The number of terms of every entry, as Python integers."""

    def _ones(self, node: Node) -> np.ndarray:
        return np.full(node.shape, 1, dtype=object)

    parameter = coefficient = generic = _ones

    def _abstract(self, node: Node, a: np.ndarray) -> np.ndarray:
        """A fresh variable for every entry."""
        return self._ones(node)

    apply = branch = _abstract

    def constant(self, node: Constant) -> np.ndarray:
        return np.array([int(entry != 0) for entry in node.entries], dtype=object).reshape(node.shape)

    def add(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a + b, dtype=object)

    def multiply(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a * b, dtype=object)

    def matmul(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a @ b

    def permute(self, node: Permute, a: np.ndarray) -> np.ndarray:
        return a.transpose(node.axes)

    def sum(self, node: Sum, a: np.ndarray) -> np.ndarray:
        return np.asarray(a.sum(axis=node.axes), dtype=object)

    def broadcast(self, node: Node, a: np.ndarray) -> np.ndarray:
        return np.broadcast_to(a, node.shape)

    def reshape(self, node: Node, a: np.ndarray) -> np.ndarray:
        return a.reshape(node.shape)

    def held(self, node: Node, a: np.ndarray) -> np.ndarray:
        return a

    def gather(self, node: Gather, a: np.ndarray) -> np.ndarray:
        return np.asarray(a.ravel()[node.index], dtype=object)

    def scatter(self, node: Scatter, a: np.ndarray) -> np.ndarray:
        total = np.full(prod(node.shape), 0, dtype=object)
        np.add.at(total, node.index.ravel(), a.ravel())
        return total.reshape(node.shape)

    def power(self, node: Power, a: np.ndarray) -> np.ndarray:
        return np.asarray(a**node.exponent, dtype=object) if node.total else self._ones(node)


class Expansion(Interpreter):
    """Gradient nodes of a program as sparse polynomial arrays; parameters are variables 0 … size - 1 in state order."""

    def __init__(self, program: Program, active: frozenset[str] | None) -> None:
        """``active`` names the blocks kept as they are; None keeps every block and abstracts nothing."""
        self._program = program
        self._active = -1 if active is None else sum(1 << i for i, (name, _) in enumerate(program.blocks) if name in active)
        self._values: dict[int, Terms] = {}
        self._starts = {name: start for (name, _), start in zip(program.blocks, program.starts)}
        self.fresh = program.size

    def gradient(self, block: int) -> Terms:
        """Derivatives of the functional by the entries of one block. Raises TooLarge."""
        return self._terms(self._program.gradients[block])

    def allocate(self, count: int) -> int:
        """Numbers of ``count`` fresh variables: the first of them."""
        start, self.fresh = self.fresh, self.fresh + count
        return start

    def _terms(self, root: Node) -> Terms:
        """The node's terms; only what an active node needs is computed, arguments first."""
        stack = [root]
        while stack:
            node = stack[-1]
            needed = () if self._is_abstract(node) else node.arguments
            missing = [argument for argument in needed if id(argument) not in self._values]
            if missing:
                stack.extend(missing)
                continue
            if id(node) not in self._values:
                self._values[id(node)] = self._compute(node, [self._values[id(argument)] for argument in needed])
            stack.pop()
        return self._values[id(root)]

    def _is_abstract(self, node: Node) -> bool:
        """Whether fresh variables stand for the node: it depends on no active block and computes something, or is no polynomial."""
        if node.operation in ("apply", "branch") or isinstance(node, Power) and not node.total:
            return True
        if self._active < 0 or isinstance(node, Parameter | Constant | Permute | Broadcast | Reshape):
            return False
        return not self._program.dependence[id(node)] & self._active

    def _compute(self, node: Node, arguments: list[Terms]) -> Terms:
        return self._fresh(node) if self._is_abstract(node) else self.value(node, arguments)

    def _fresh(self, node: Node) -> Terms:
        return variables(node.shape, self.allocate(prod(node.shape)))

    coefficient = generic = _fresh

    def parameter(self, node: Parameter) -> Terms:
        return variables(node.shape, self._starts[node.name])

    def constant(self, node: Constant) -> Terms:
        signs = all(entry in (-1, 0, 1) for entry in node.entries)
        values = np.array([int(entry) for entry in node.entries] if signs else node.fractions, dtype=np.int64 if signs else object)
        places = np.flatnonzero(values)
        return Terms(node.shape, places, np.zeros((len(places), 0), dtype=np.int64), values[places])

    def add(self, node: Node, a: Terms, b: Terms) -> Terms:
        width = max(a.monomials.shape[1], b.monomials.shape[1])
        return Terms(
            node.shape,
            np.concatenate([a.entries, b.entries]),
            np.concatenate([pad(a.monomials, width), pad(b.monomials, width)]),
            np.concatenate([a.coefficients, b.coefficients]),
        )

    def multiply(self, node: Node, a: Terms, b: Terms) -> Terms:
        i, j = join(a.entries, b.entries)
        return _pair(node.shape, a, b, i, j, a.entries[i])

    def matmul(self, node: MatMul, a: Terms, b: Terms) -> Terms:
        inner, columns = node.right.shape[-2:]
        rows, summed = np.divmod(a.entries, inner)
        batches, within = np.divmod(b.entries, inner * columns)
        terms, column = np.divmod(within, columns)
        i, j = join(rows // node.shape[-2] * inner + summed, batches * inner + terms)
        return _pair(node.shape, a, b, i, j, rows[i] * columns + column[j])

    def permute(self, node: Permute, a: Terms) -> Terms:
        index = np.unravel_index(a.entries, a.shape)
        return replace(a, shape=node.shape, entries=_raveled([index[axis] for axis in node.axes], node.shape, len(a.entries)))

    def sum(self, node: Sum, a: Terms) -> Terms:
        index = np.unravel_index(a.entries, a.shape)
        kept = [along for axis, along in enumerate(index) if axis not in node.axes]
        return replace(a, shape=node.shape, entries=_raveled(kept, node.shape, len(a.entries)))

    def broadcast(self, node: Broadcast, a: Terms) -> Terms:
        sources = np.broadcast_to(np.arange(prod(a.shape)).reshape(a.shape), node.shape).ravel()
        i, entries = join(a.entries, sources)
        return Terms(node.shape, entries, a.monomials[i], a.coefficients[i])

    def reshape(self, node: Reshape, a: Terms) -> Terms:
        return replace(a, shape=node.shape)

    def gather(self, node: Gather, a: Terms) -> Terms:
        i, entries = join(a.entries, node.index.ravel())
        return Terms(node.shape, entries, a.monomials[i], a.coefficients[i])

    def scatter(self, node: Scatter, a: Terms) -> Terms:
        return replace(a, shape=node.shape, entries=node.index.ravel()[a.entries])

    def power(self, node: Power, a: Terms) -> Terms:
        return reduce(lambda product, _: self.multiply(node, product, a), range(node.exponent - 1), a)


def pad(monomials: np.ndarray, width: int) -> np.ndarray:
    """Monomials as rows of the given width."""
    missing = width - monomials.shape[1]
    return np.pad(monomials, ((0, 0), (missing, 0)), constant_values=-1) if missing else monomials


def _raveled(index: list[np.ndarray], shape: Shape, count: int) -> np.ndarray:
    """Row-major numbers of entries by their indices; an array without axes has the entry 0 only."""
    return np.ravel_multi_index(index, shape) if shape else np.zeros(count, dtype=np.int64)


def _pair(shape: Shape, a: Terms, b: Terms, i: np.ndarray, j: np.ndarray, entries: np.ndarray) -> Terms:
    return Terms(shape, entries, merge(a.monomials[i], b.monomials[j]), a.coefficients[i] * b.coefficients[j])

"""Programs over sparse polynomial arrays: what an identity is verified with.

An array of polynomials is a list of terms (row, column, monomial, coefficient); a monomial is a sorted row of variable numbers,
padded with -1. Values that do not depend on the active blocks become fresh variables: an identity that holds for free
variables holds for what they stand for, and nothing outside the active blocks is ever expanded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conslaw_cli.graph.program import (
    Add,
    Coefficient,
    MatMul,
    Mul,
    Node,
    One,
    Parameter,
    Program,
    Transpose,
    topological_order,
)


class TooLarge(Exception):
    """An expansion would exceed the number of terms allowed."""


MAX_TERMS = 20_000_000


@dataclass(frozen=True)
class Terms:
    """Terms of a (rows, columns) array of polynomials: index arrays, monomials (terms, width), integer coefficients."""

    shape: tuple[int, int]
    rows: np.ndarray
    columns: np.ndarray
    monomials: np.ndarray
    coefficients: np.ndarray

    @property
    def T(self) -> Terms:
        return Terms(self.shape[::-1], self.columns, self.rows, self.monomials, self.coefficients)


def variables(shape: tuple[int, int], start: int) -> Terms:
    """An array of distinct variables start, start + 1, … in row-major order."""
    count = shape[0] * shape[1]
    rows, columns = np.divmod(np.arange(count), shape[1])
    ids = np.arange(start, start + count, dtype=np.int64)[:, None]
    return Terms(shape, rows, columns, ids, np.ones(count, dtype=np.int64))


def join(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (i, j) with left[i] == right[j]. Raises TooLarge."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    low = np.searchsorted(ordered, left, "left")
    counts = np.searchsorted(ordered, left, "right") - low
    total = int(counts.sum())
    if total > MAX_TERMS:
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
    order = np.lexsort(keys.T)
    keys = keys[order]
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]).any(axis=1)])
    sums = np.add.reduceat(coefficients[order], starts)
    kept = sums != 0
    return keys[starts[kept]], sums[kept]


def term_count(program: Program) -> int:
    """Number of terms of the functional when it is multiplied out: its value with every entry one."""
    values: dict[int, np.ndarray] = {}
    for node in topological_order(program.functional):
        match node:
            case Transpose(of=a):
                value = values[id(a)].T
            case Add(left=a, right=b):
                value = values[id(a)] + values[id(b)]
            case Mul(left=a, right=b):
                value = values[id(a)] * values[id(b)]
            case MatMul(left=a, right=b):
                value = values[id(a)] @ values[id(b)]
            case Parameter() | Coefficient() | One():
                value = np.ones(node.shape, dtype=object)
            case _:
                raise TypeError(f"no rule for {type(node).__name__}")
        values[id(node)] = value
    return int(values[id(program.functional)][0, 0])


class Expansion:
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
        return self._value(self._program.gradients[block])

    def allocate(self, count: int) -> int:
        """Numbers of ``count`` fresh variables: the first of them."""
        start, self.fresh = self.fresh, self.fresh + count
        return start

    def _is_active(self, node: Node) -> bool:
        """Whether a node depends on an active block."""
        return self._active < 0 or bool(self._program.dependence[id(node)] & self._active)

    def _value(self, root: Node) -> Terms:
        """The node's terms; only what an active node needs is computed, arguments first."""
        stack = [root]
        while stack:
            node = stack[-1]
            missing = [argument for argument in self._needed(node) if id(argument) not in self._values]
            if missing:
                stack.extend(missing)
                continue
            if id(node) not in self._values:
                self._values[id(node)] = self._compute(node)
            stack.pop()
        return self._values[id(root)]

    def _needed(self, node: Node) -> tuple[Node, ...]:
        return node.arguments if isinstance(node, Transpose) or self._is_active(node) else ()

    def _compute(self, node: Node) -> Terms:
        match node:
            case Parameter(name=name):
                return variables(node.shape, self._starts[name])
            case One():
                zero = np.zeros(1, dtype=np.int64)
                return Terms((1, 1), zero, zero, np.zeros((1, 0), dtype=np.int64), zero + 1)
            case Transpose(of=a):
                return self._values[id(a)].T
        if isinstance(node, Coefficient) or not self._is_active(node):
            return variables(node.shape, self.allocate(node.shape[0] * node.shape[1]))
        match node:
            case Add(left=a, right=b):
                return _add(self._values[id(a)], self._values[id(b)])
            case Mul(left=a, right=b):
                return _multiply(self._values[id(a)], self._values[id(b)])
            case MatMul(left=a, right=b):
                return _contract(self._values[id(a)], self._values[id(b)])
        raise TypeError(f"no rule for {type(node).__name__}")


def _add(a: Terms, b: Terms) -> Terms:
    width = max(a.monomials.shape[1], b.monomials.shape[1])
    return Terms(
        a.shape,
        np.concatenate([a.rows, b.rows]),
        np.concatenate([a.columns, b.columns]),
        np.concatenate([pad(a.monomials, width), pad(b.monomials, width)]),
        np.concatenate([a.coefficients, b.coefficients]),
    )


def pad(monomials: np.ndarray, width: int) -> np.ndarray:
    """Monomials as rows of the given width."""
    missing = width - monomials.shape[1]
    return np.pad(monomials, ((0, 0), (missing, 0)), constant_values=-1) if missing else monomials


def _multiply(a: Terms, b: Terms) -> Terms:
    columns = a.shape[1]
    i, j = join(a.rows * columns + a.columns, b.rows * columns + b.columns)
    return _pair(a.shape, a, b, i, j, a.rows[i], a.columns[i])


def _contract(a: Terms, b: Terms) -> Terms:
    i, j = join(a.columns, b.rows)
    return _pair((a.shape[0], b.shape[1]), a, b, i, j, a.rows[i], b.columns[j])


def _pair(shape, a: Terms, b: Terms, i, j, rows, columns) -> Terms:
    monomials = merge(a.monomials[i], b.monomials[j])
    return Terms(shape, rows, columns, monomials, a.coefficients[i] * b.coefficients[j])

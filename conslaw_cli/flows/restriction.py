"""A functional restricted to one of its components, whose entries form a grid in every array: a graph of the same operations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from math import prod
from operator import add

import numpy as np

from conslaw_cli.flows.components import Components, Key, key
from conslaw_cli.graph.nodes import (
    Add,
    Apply,
    Broadcast,
    Coefficient,
    Constant,
    MatMul,
    Multiply,
    Node,
    Parameter,
    Permute,
    Power,
    Reshape,
    Shape,
    Sum,
    topological_order,
)

Sets = tuple[np.ndarray, ...]
"""The indices along each axis, ascending, that make a grid."""


class Inseparable(Exception):
    """A component that is computed with the others: its entries are no grid in some array, or copies differ in the metric."""


@dataclass(frozen=True)
class Grid:
    """The components of an array's entries as grids: ``of`` is as in :class:`Components`, ``shape`` that of the array."""

    of: np.ndarray
    shape: Shape
    number: int

    @cached_property
    def _members(self) -> tuple[tuple[np.ndarray, np.ndarray] | None, ...]:
        """For each axis the indices of all components in turn, and where each starts; None where a component has all or none."""
        found = []
        for axis, size in enumerate(self.of.shape):
            if size == 1:
                found.append(None)
                continue
            index = np.arange(size).reshape([-1 if k == axis else 1 for k in range(self.of.ndim)])
            codes = np.sort(self.of * size + index, axis=None)
            codes = codes[np.diff(codes, prepend=-1) > 0]
            found.append((codes % size, np.searchsorted(codes, np.arange(self.number + 1) * size)))
        return tuple(found)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Sizes along each axis for each component, zeros where it has no entries. Raises Inseparable."""
        entries = np.bincount(self.of.ravel(), minlength=self.number)
        sizes = np.empty((self.number, len(self.shape)), dtype=np.int64)
        inside = np.ones(self.number, dtype=np.int64)
        for axis, members in enumerate(self._members):
            sizes[:, axis] = np.where(entries, self.shape[axis], 0) if members is None else np.diff(members[1])
            inside *= 1 if members is None else sizes[:, axis]
        if (inside * (entries > 0) != entries).any():
            raise Inseparable
        return sizes

    def sets(self, component: int) -> Sets | None:
        """The component's indices, None where it has no entries."""
        if not self.sizes[component].all() or not (self.of == component).any():
            return None
        return tuple(
            np.arange(size) if members is None else members[0][members[1][component] : members[1][component + 1]]
            for size, members in zip(self.shape, self._members)
        )


def grids(found: Components, functional: Node) -> dict[Key, Grid]:
    """The grids of all nodes that belong to components. Raises Inseparable."""
    made = {}
    for node in topological_order(functional):
        of = found.of.get(key(node))
        if of is not None and key(node) not in made:
            shape = node.shape if of.ndim == len(node.shape) else node.left.shape[:-2] + node.left.shape[-1:]
            made[key(node)] = grid = Grid(of, shape, found.number)
            grid.sizes
    return made


def restricted(found: Components, grids: dict[Key, Grid], component: int, functional: Node) -> Node:
    """The terms of one component, added up."""
    made: dict[Key, Node] = {}
    for node in topological_order(functional):
        grid = grids.get(key(node))
        sets = grid and grid.sets(component)
        if sets is not None and key(node) not in made:
            made[key(node)] = _restricted(node, sets, made)
    terms = [_total(made[key(node)], times) for node, times in found.terms if key(node) in made]
    return reduce(add, terms)


def _total(node: Node, times: int) -> Node:
    whole = node if prod(node.shape) == 1 else node.sum(range(len(node.shape)))
    return whole if times == 1 else whole * times


def _restricted(node: Node, sets: Sets, made: dict[Key, Node]) -> Node:
    """A node at some indices, its arguments being made."""
    shape = tuple(len(indices) for indices in sets)
    at = lambda argument: made.get(key(argument)) or _constant_at(argument, sets)
    match node:
        case Parameter(name=name):
            return Parameter(shape, name)
        case Coefficient(name=name):
            return Coefficient(shape, name)
        case Add(left=a, right=b):
            return at(a) + at(b)
        case Multiply(left=a, right=b):
            return at(a) * at(b)
        case MatMul(left=a, right=b):
            if key(a) not in made or key(b) not in made:
                raise Inseparable
            return made[key(a)] @ made[key(b)]
        case Power(of=a, exponent=exponent):
            return made[key(a)] ** exponent
        case Apply(of=a, function=function):
            return Apply(shape, made[key(a)], function)
        case Permute(of=a, axes=axes):
            return made[key(a)].permute(axes)
        case Sum(of=a, axes=axes):
            return made[key(a)].sum(axes)
        case Broadcast(of=a):
            return made[key(a)].broadcast(shape)
        case Reshape(of=a):
            return made[key(a)].reshape(shape)
    raise TypeError(f"no restriction of {type(node).__name__}")


def _constant_at(node: Node, sets: Sets) -> Node:
    """A node that depends on no parameters and coefficients, at some indices. Raises Inseparable where it is no array of them."""
    shape = tuple(len(indices) for indices in sets)
    at = lambda argument, indices=sets: _constant_at(argument, indices)
    match node:
        case Constant():
            chosen = np.arange(prod(node.shape)).reshape(node.shape)[np.ix_(*sets)]
            return Constant(shape, tuple(node.entries[k] for k in np.ravel(chosen).tolist()))
        case Add(left=a, right=b):
            return at(a) + at(b)
        case Multiply(left=a, right=b):
            return at(a) * at(b)
        case Power(of=a, exponent=exponent):
            return at(a) ** exponent
        case Permute(of=a, axes=axes):
            return at(a, tuple(sets[axes.index(axis)] for axis in range(len(axes)))).permute(axes)
        case Broadcast(of=a):
            return at(a, tuple(s if size > 1 else s[:1] * 0 for s, size in zip(sets, a.shape))).broadcast(shape)
        case Reshape(of=a) if prod(a.shape) == 1:
            return at(a, tuple(np.arange(1) for _ in a.shape)).reshape(shape)
    raise Inseparable

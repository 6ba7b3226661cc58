"""Programs: expression graphs over matrices, the only thing the engine knows of a model.

A model describes the scalar functional ``f(theta) = <lambda, phi(theta)>`` for free coefficients ``lambda`` as a graph
of four operations. :func:`gradient` transforms the graph by reverse mode, so every exact ring (residues, jets, sparse
polynomials, parities) only has to know how to add, multiply, contract and transpose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import accumulate
from math import prod
from operator import or_

Shape = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Node:
    """A matrix-valued node. Operators build the graph; shapes are (rows, columns) and are checked."""

    shape: Shape

    def __add__(self, other: Node) -> Node:
        _require(self.shape == other.shape, f"cannot add {self.shape} and {other.shape}")
        return Add(self.shape, self, other)

    def __mul__(self, other: Node) -> Node:
        _require(self.shape == other.shape, f"cannot multiply {self.shape} and {other.shape} entry by entry")
        return Mul(self.shape, self, other)

    def __matmul__(self, other: Node) -> Node:
        _require(self.shape[1] == other.shape[0], f"cannot contract {self.shape} with {other.shape}")
        return MatMul((self.shape[0], other.shape[1]), self, other)

    @property
    def T(self) -> Node:
        return self.of if isinstance(self, Transpose) else Transpose(self.shape[::-1], self)

    @property
    def arguments(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True, eq=False)
class Parameter(Node):
    """A block of trained parameters, e.g. ``W1``."""

    name: str


@dataclass(frozen=True, eq=False)
class Coefficient(Node):
    """A block of free coefficients lambda: one generator for each of their values. ``name`` is unique in a program."""

    name: str


@dataclass(frozen=True, eq=False)
class One(Node):
    """The 1x1 constant one (the adjoint a gradient starts from, the input of a bias)."""


@dataclass(frozen=True, eq=False)
class _Binary(Node):
    left: Node
    right: Node

    @property
    def arguments(self) -> tuple[Node, ...]:
        return (self.left, self.right)


class Add(_Binary):
    """Sum of two matrices of one shape."""


class Mul(_Binary):
    """Entrywise (Hadamard) product."""


class MatMul(_Binary):
    """Matrix product."""


@dataclass(frozen=True, eq=False)
class Transpose(Node):
    of: Node

    @property
    def arguments(self) -> tuple[Node, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Program:
    """The functional f of one model part, with its parameter blocks in the order of the state vector.

    ``blocks`` maps names to shapes; ``functional`` is a 1x1 node, linear in the coefficients, whose values over all
    coefficients span the same fields as phi does.
    """

    blocks: tuple[tuple[str, Shape], ...]
    functional: Node
    gradients: tuple[Node, ...] = field(init=False)

    def __post_init__(self) -> None:
        _require(self.functional.shape == (1, 1), "a functional is a 1x1 node")
        object.__setattr__(self, "gradients", gradient(self.functional, self.blocks))

    @cached_property
    def size(self) -> int:
        """Number of scalar parameters."""
        return sum(prod(shape) for _, shape in self.blocks)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Position of each block's first entry in the state vector."""
        return tuple(accumulate((prod(shape) for _, shape in self.blocks[:-1]), initial=0))

    @cached_property
    def dependence(self) -> dict[int, int]:
        """For the id of each node the blocks that it depends on, as bits by their numbers."""
        bits = {name: 1 << number for number, (name, _) in enumerate(self.blocks)}
        found: dict[int, int] = {}
        for node in topological_order(*self.gradients):
            own = bits[node.name] if isinstance(node, Parameter) else 0
            found[id(node)] = reduce(or_, (found[id(argument)] for argument in node.arguments), own)
        return found


def gradient(functional: Node, blocks: tuple[tuple[str, Shape], ...]) -> tuple[Node, ...]:
    """The gradient of a 1x1 node with respect to each block, as nodes of the blocks' shapes (reverse mode)."""
    adjoints: dict[int, Node] = {id(functional): One((1, 1))}
    found: dict[str, Node] = {}
    for node in reversed(topological_order(functional)):
        adjoint = adjoints.pop(id(node), None)
        if adjoint is None:
            continue
        if isinstance(node, Parameter):
            found[node.name] = found[node.name] + adjoint if node.name in found else adjoint
        for argument, part in _pull_back(node, adjoint):
            known = adjoints.get(id(argument))
            adjoints[id(argument)] = part if known is None else known + part
    missing = [name for name, _ in blocks if name not in found]
    _require(not missing, f"the functional does not depend on {missing}")
    return tuple(found[name] for name, _ in blocks)


def _pull_back(node: Node, adjoint: Node) -> list[tuple[Node, Node]]:
    match node:
        case Add(left=a, right=b):
            return [(a, adjoint), (b, adjoint)]
        case Mul(left=a, right=b):
            return [(a, adjoint * b), (b, adjoint * a)]
        case MatMul(left=a, right=b):
            return [(a, adjoint @ b.T), (b, a.T @ adjoint)]
        case Transpose(of=a):
            return [(a, adjoint.T)]
        case Parameter() | Coefficient() | One():
            return []
    raise TypeError(f"no derivative of {type(node).__name__}")


def topological_order(*roots: Node) -> list[Node]:
    """All nodes below the roots, arguments before the nodes that use them."""
    order: list[Node] = []
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((argument, False) for argument in reversed(node.arguments))
    return order


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)

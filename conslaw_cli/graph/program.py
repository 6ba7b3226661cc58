"""Programs: the graph of a scalar functional with its parameter blocks, the only thing the engine knows of a model.

A model describes ``f(theta) = <lambda, phi(theta)>`` for free coefficients ``lambda``; every exact ring interprets the graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, reduce
from itertools import accumulate
from math import prod
from operator import or_

from conslaw_cli.graph.gradient import gradient
from conslaw_cli.graph.nodes import (
    Apply,
    Branch,
    Coefficient,
    Constant,
    Generic,
    Node,
    Parameter,
    Power,
    Shape,
    as_matrix,
    topological_order,
)


COTANGENT = "v"
"""The coefficients that a network's output is paired with."""


@dataclass(frozen=True)
class Program:
    """The functional f of one model part, with its parameter blocks in the order of the state vector.

    ``blocks`` maps names to shapes; ``functional`` is a node of one entry, linear in the coefficients, whose values over all
    coefficients span the same fields as phi does. Raises ValueError as :func:`gradient` does.
    """

    blocks: tuple[tuple[str, Shape], ...]
    functional: Node
    output: Node | None = None
    """The network's value g(theta, x) where the functional is <v, g(theta, x)>, v being the coefficients named "v"; None for one of phi."""
    gradients: tuple[Node, ...] = field(init=False)

    def __post_init__(self) -> None:
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
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The coefficient nodes, in the order of the graph."""
        return tuple(node for node in self.nodes if isinstance(node, Coefficient))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The functional's nodes, in the order of the graph."""
        return tuple(topological_order(self.functional))

    @cached_property
    def generics(self) -> dict[str, Generic]:
        """The generic constants by name."""
        return {node.name: node for node in self.nodes if isinstance(node, Generic)}

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The nodes whose value is a choice of branches, in the order of the graph."""
        return tuple(node for node in self.nodes if isinstance(node, Branch))

    @cached_property
    def matrices(self) -> tuple[tuple[int, int], ...]:
        """The blocks' shapes as rows and columns."""
        return tuple(as_matrix(shape) for _, shape in self.blocks)

    @cached_property
    def defined_everywhere(self) -> bool:
        """Whether every operation has a value for every argument: no reciprocals, roots and logarithms."""
        partial = lambda node: isinstance(node, Power) and not node.total or isinstance(node, Apply) and node.function.domain
        return not any(map(partial, self.nodes))

    @cached_property
    def fixed_roots(self) -> tuple[Node, ...]:
        """The operations that have no value for some arguments and depend on no input: where they are defined is a matter of the point."""
        moving: set[int] = set()
        for node in self.nodes:
            drawn = isinstance(node, Coefficient) and node.name != COTANGENT
            if drawn or any(id(argument) in moving for argument in node.arguments):
                moving.add(id(node))
        partial = (node for node in self.nodes if isinstance(node, Power) and not node.total or isinstance(node, Apply) and node.function.domain)
        return tuple(node for node in partial if id(node) not in moving)

    @cached_property
    def polynomial(self) -> bool:
        """Whether the functional is a polynomial in parameters and coefficients, wherever branches are what they are."""
        return not any(isinstance(node, Apply) or isinstance(node, Power) and not node.total for node in self.nodes)

    @cached_property
    def root(self) -> int:
        """2 where there are square roots, or sine and cosine, which need a prime modulo which -1 is no square; else 1."""
        halves = any(isinstance(node, Power) and not isinstance(node.exponent, int) for node in self.nodes)
        return 2 if halves or any(isinstance(node, Apply) and node.function.name in ("sin", "cos") for node in self.nodes) else 1

    @cached_property
    def radicands(self) -> frozenset[Fraction]:
        """Constants of which square roots are taken: squares modulo the primes worked with."""
        roots = (node.of for node in self.nodes if isinstance(node, Power) and not isinstance(node.exponent, int))
        return frozenset(entry for of in roots if isinstance(of, Constant) for entry in of.fractions)

    @cached_property
    def numbers(self) -> set[int]:
        """Denominators of the constants: a prime that the engine works modulo must divide none."""
        constants = (node for node in self.nodes if isinstance(node, Constant))
        return {entry.denominator for node in constants for entry in node.fractions} - {1}

    @cached_property
    def dependence(self) -> dict[int, int]:
        """For the id of each node the blocks that it depends on, as bits by their numbers."""
        bits = {name: 1 << number for number, (name, _) in enumerate(self.blocks)}
        found: dict[int, int] = {}
        for node in topological_order(*self.gradients):
            own = bits[node.name] if isinstance(node, Parameter) else 0
            found[id(node)] = reduce(or_, (found[id(argument)] for argument in node.arguments), own)
        return found

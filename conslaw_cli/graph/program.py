"""Programs: the graph of a scalar functional with its parameter blocks, the only thing the engine knows of a model.

A model describes ``f(theta) = <lambda, phi(theta)>`` for free coefficients ``lambda``; every exact ring interprets the graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import accumulate
from math import prod
from operator import or_

from conslaw_cli.graph.gradient import gradient
from conslaw_cli.graph.nodes import Coefficient, Constant, Node, Parameter, Shape, topological_order


@dataclass(frozen=True)
class Program:
    """The functional f of one model part, with its parameter blocks in the order of the state vector.

    ``blocks`` maps names to shapes; ``functional`` is a node of one entry, linear in the coefficients, whose values over all
    coefficients span the same fields as phi does. Raises ValueError as :func:`gradient` does.
    """

    blocks: tuple[tuple[str, Shape], ...]
    functional: Node
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
        return tuple(node for node in topological_order(self.functional) if isinstance(node, Coefficient))

    @cached_property
    def numbers(self) -> set[int]:
        """Denominators of the constants: a prime that the engine works modulo must divide none."""
        constants = (node for node in topological_order(self.functional) if isinstance(node, Constant))
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

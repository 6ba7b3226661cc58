"""What any model is: named parameter blocks, the graph of one functional, and the symmetries that theory knows of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from conslaw_cli.graph.nodes import Node, Shape
from conslaw_cli.graph.program import Program

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class HiddenLayer:
    """A hidden layer's symmetry: incoming blocks are multiplied by A from the left, outgoing ones by A^-1 from the right.

    ``group`` is ``"linear"`` when every invertible A leaves phi unchanged, ``"scaling"`` when only diagonal ones do.
    """

    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]
    width: int
    group: str


@dataclass(frozen=True)
class PathNetwork:
    """phi = products of parameters along source-sink paths of a layered graph: every entry of a block is an edge.

    ``weights`` holds the weight blocks from input to output, ``biases`` maps a bias block to the layer (from 1) it enters.
    """

    weights: tuple[str, ...]
    biases: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Weights:
    """Real parameters, (1, *shape) by block, and what a report calls them."""

    arrays: dict[str, np.ndarray]
    name: str


@dataclass(frozen=True)
class Model:
    """A model at given options: blocks in state-vector order, its functional, and what theory knows of it."""

    blocks: tuple[tuple[str, Shape], ...]
    functional: Node | None
    """One number, linear in each of its coefficients, whose gradients for all their values span those of phi; None in an outline."""
    hidden: tuple[HiddenLayer, ...] = ()
    paths: PathNetwork | None = None
    vectors: frozenset[str] = frozenset()
    """The blocks that are columns: their entries have one index."""
    output: Node | None = None
    """Of a network g(theta, x) its value, which the functional pairs with the coefficients "v"; None where the functional is that of phi."""
    weights: Weights | None = None
    """Real parameters around which the branches of a network are taken."""
    notes: tuple[str, ...] = ()
    """What a reader should know of the model beside what it is."""

    @property
    def index_shapes(self) -> dict[str, Shape]:
        """Numbers of the values of each index of the blocks' entries, by name: one for a vector."""
        return {name: shape[:1] if name in self.vectors else shape for name, shape in self.blocks}

    @cached_property
    def program(self) -> Program:
        """The functional with its gradient. Raises ValueError as :class:`Program` does."""
        return Program(self.blocks, self.functional, self.output)

    @property
    def size(self) -> int:
        """Number of scalar parameters D."""
        return sum(prod(shape) for _, shape in self.blocks)

"""What a model is: named parameter blocks, independent parts with their programs, and the symmetries theory knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from conslaw_cli.graph.nodes import Shape
from conslaw_cli.graph.program import Program


@dataclass(frozen=True)
class Part:
    """A group of parameters whose generators act on nothing else (THEORY section 8).

    ``indices[i][j]`` lists, for copy i, the positions in the model's state vector of the program's j-th block, in row-major
    order. Copies share one program, so the engine computes them once.
    """

    program: Program
    indices: tuple[tuple[range | tuple[int, ...], ...], ...]

    @property
    def copies(self) -> int:
        return len(self.indices)


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

    ``layers`` holds the weight blocks from input to output, ``biases`` maps a bias block to the layer (from 1) it enters.
    """

    widths: tuple[int, ...]
    weights: tuple[str, ...]
    biases: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Model:
    """A model at given widths: blocks in state-vector order, its independent parts, and what theory knows of it."""

    blocks: tuple[tuple[str, Shape], ...]
    parts: tuple[Part, ...]
    hidden: tuple[HiddenLayer, ...] = ()
    joined: Part | None = None
    """The part that holds every parameter, for metrics that mix several parts; None where ``parts`` is that part alone."""
    paths: PathNetwork | None = None

    @property
    def size(self) -> int:
        """Number of scalar parameters D."""
        return sum(prod(shape) for _, shape in self.blocks)


@dataclass(frozen=True)
class Architecture:
    """One entry of the list of architectures; everything here is cheap to read, models are built on demand."""

    name: str
    summary: str
    phi: str
    domain: Callable[[int], str]
    """Where phi stands for the model with so many weight layers, beside the signs of its parameters; "" for everywhere."""
    source: str
    biases: tuple[str, ...]
    min_widths: int
    max_widths: int | None
    blocks: Callable[[tuple[int, ...], str], tuple[tuple[str, Shape], ...]]
    hidden: Callable[[tuple[int, ...], str], tuple[HiddenLayer, ...]]
    build: Callable[[tuple[int, ...], str], Model]
    default_metric: Callable[[str], str]
    """Metric of a parameter block by its name when the spec has none: "euclidean", "entropy" or "theta^a"."""
    example_widths: tuple[int, ...]
    positive: str = ""
    """The blocks whose entries stay positive, those of a metric of their own, as "U, V > 0"."""
    known_count: Callable[[tuple[int, ...], str, str, str], tuple[int, str] | None] | None = None
    """A theorem's count and its source for (widths, bias, metric, dynamics), where there is one; never called a computation."""
    caveat: Callable[[tuple[int, ...], str], str | None] = lambda widths, bias: None
    """What a reader must know where phi does not stand for the model anywhere at these widths and biases."""

    @property
    def domains(self) -> str:
        """Where phi holds at any depth, in words."""
        shallow, deep = self.domain(2), self.domain(3)
        where = shallow if shallow == deep or self.max_widths == 3 else f"{shallow}; three weight layers or more: {deep}"
        return ", ".join(filter(None, (self.positive, where)))

    def stays_positive(self, block: str) -> bool:
        """Whether the architecture keeps a block's entries positive, which is what a metric of its own is for."""
        return self.default_metric(block) != "euclidean"

"""The parts that a program falls into under a metric, and which of them are copies of one another.

Let f = sum of f_c(theta_c, lambda_c) over components with disjoint parameters and coefficients, and f = 0 wherever all coefficients
are. Then f_c(theta_c, 0) is constant, so grad f_c for any lambda_c is grad f for those coefficients, the others being zero: the fields
of f span the direct sum of those of the f_c. A metric that mixes no parameters of two components keeps it so, and the dynamics act
on every parameter by itself: brackets of two parts vanish, and trace and laws are those of the parts (THEORY section 8).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from conslaw_cli.flows.components import Components, Key, components
from conslaw_cli.flows.restriction import Grid, Inseparable, Sets, grids, restricted
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Apply, Branch, Constant, Gather, Generic, Held, Node, Power, Scatter, Shape, topological_order
from conslaw_cli.graph.program import Program
from conslaw_cli.metrics import Metric

Positions = range | tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A group of parameters whose generators act on nothing else.

    ``metrics`` holds the metric of each of the program's blocks. ``indices[i][j]`` lists, for copy i, the positions in the model's
    state vector of the program's j-th block, in row-major order. Copies share one program, so the engine computes them once.
    """

    program: Program
    metrics: tuple[Metric, ...]
    indices: tuple[tuple[Positions, ...], ...]

    @property
    def copies(self) -> int:
        return len(self.indices)


def parts(program: Program, metrics: tuple[Metric, ...]) -> tuple[Part, ...]:
    """The parts of a program under a metric for each block, ordered by their first parameters.

    A network is one part: its inputs join all. So are vector fields as they are. One part holds everything where the metric mixes components or differs on copies, and where a component's entries are no grid.
    """
    if program.output is not None or any(isinstance(node, Gather | Scatter | Branch | Generic | Held) for node in program.nodes):
        return (_whole(program, metrics),)
    found = components(program.functional)
    mixed = any(metric.of_all and not metric.separate or found.mixed(name, metric.mixed) for (name, _), metric in zip(program.blocks, metrics))
    if mixed or not _Vanishes().evaluate(program.functional)[0]:
        return (_whole(program, metrics),)
    try:
        return _Split(program, metrics, found, grids(found, program.functional)).parts() or (_whole(program, metrics),)
    except Inseparable:
        return (_whole(program, metrics),)


def _whole(program: Program, metrics: tuple[Metric, ...]) -> Part:
    starts = zip(program.starts, program.blocks)
    return Part(program, metrics, (tuple(range(start, start + prod(shape)) for start, (_, shape) in starts),))


@dataclass(frozen=True)
class _Split:
    """A program with its components as grids."""

    program: Program
    metrics: tuple[Metric, ...]
    found: Components
    grids: dict[Key, Grid]

    def parts(self) -> list[Part]:
        """Copies in the order of their first parameters; none if one component has all parameters. Raises Inseparable."""
        kinds: dict[tuple, list[int]] = {}
        indices = {c: tuple(positions) for c in range(self.found.number) if (positions := list(self._positions(c)))}
        if len(indices) == 1:
            return []
        for component in sorted(indices, key=lambda c: min(positions[0] for positions in indices[c])):
            kinds.setdefault(self._kind(component), []).append(component)
        return [self._part(copies, tuple(indices[c] for c in copies)) for copies in kinds.values()]

    def _part(self, copies: list[int], indices: tuple[tuple[Positions, ...], ...]) -> Part:
        metrics = {self._metrics(component) for component in copies}
        if len(metrics) > 1:
            raise Inseparable
        blocks = tuple((name, tuple(map(len, sets))) for (name, _), _, sets in self._blocks(copies[0]))
        return Part(Program(blocks, self._functional(copies[0])), metrics.pop(), indices)

    def _kind(self, component: int) -> tuple:
        """What copies have in common: the shapes of all arrays, and the constants where they differ by entry."""
        shapes = b"".join(grid.sizes[component].tobytes() for grid in self.grids.values())
        return shapes, self._constants(component) if self._varying else ()

    def _metrics(self, component: int) -> tuple[Metric, ...]:
        return tuple(
            metric if metric.separate else metric.restricted(*(tuple(axis.tolist()) for axis in sets))
            for _, metric, sets in self._blocks(component)
        )

    @cached_property
    def _varying(self) -> bool:
        """Whether a constant has several entries."""
        return any(isinstance(node, Constant) and prod(node.shape) > 1 for node in topological_order(self.program.functional))

    def _constants(self, component: int) -> tuple:
        return tuple(node.entries for node in topological_order(self._functional(component)) if isinstance(node, Constant))

    def _functional(self, component: int) -> Node:
        return restricted(self.found, self.grids, component, self.program.functional)

    def _blocks(self, component: int) -> Iterator[tuple[tuple[str, Shape], Metric, Sets]]:
        """The blocks that the component has entries of, and their indices."""
        for block, metric in zip(self.program.blocks, self.metrics):
            if (sets := self.grids["parameter", block[0]].sets(component)) is not None:
                yield block, metric, sets

    def _positions(self, component: int) -> Iterator[Positions]:
        starts = dict(zip(self.program.blocks, self.program.starts))
        for block, _, sets in self._blocks(component):
            flat = np.ravel_multi_index(np.ix_(*sets), block[1]).ravel() + starts[block]
            yield _progression(flat)


def _progression(positions: np.ndarray) -> Positions:
    """Ascending positions as a range where their distances are equal."""
    steps = np.diff(positions)
    if len(steps) and (steps != steps[0]).any():
        return tuple(positions.tolist())
    step = int(steps[0]) if len(steps) else 1
    return range(int(positions[0]), int(positions[-1]) + 1, step)


class _Vanishes(Interpreter):
    """Whether a node is shown to be zero, in all entries, wherever all coefficients are."""

    def parameter(self, node: Node) -> bool:
        return False

    def coefficient(self, node: Node) -> bool:
        return True

    def constant(self, node: Constant) -> bool:
        return not any(node.entries)

    def add(self, node: Node, left: bool, right: bool) -> bool:
        return left and right

    def multiply(self, node: Node, left: bool, right: bool) -> bool:
        return left or right

    matmul = multiply

    def permute(self, node: Node, of: bool) -> bool:
        return of

    sum = broadcast = reshape = gather = scatter = permute

    def power(self, node: Power, of: bool) -> bool:
        return of and node.total

    def generic(self, node: Node) -> bool:
        return False

    def apply(self, node: Apply, of: bool) -> bool:
        return False

    branch = apply

"""The parts of a system: the graph of each functional, which parameters of the model its copies hold, and the control field of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product as cartesian
from math import prod

import numpy as np

from conslaw_cli.checker.cases import ALONE, Cases, read_cases
from conslaw_cli.checker.defined import undefined
from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.duals import Dual, power, product
from conslaw_cli.checker.functions import Functions
from conslaw_cli.checker.graph import Block, Graph, Shape, Surroundings
from conslaw_cli.checker.graphread import read_graph
from conslaw_cli.checker.metrics import Metric
from conslaw_cli.checker.result import ReportError, Undecided, entry


@dataclass(frozen=True)
class Part:
    """A functional with coefficients of its own for each copy; ``places`` holds the parameters of a copy in each row."""

    graph: Graph
    metrics: dict[str, Metric]
    places: np.ndarray
    cases: Cases = ALONE
    """Of a network."""
    written: bool = False
    """Whether arguments of exp are said to be written through one another in the graph."""

    @property
    def copies(self) -> int:
        return len(self.places)

    @property
    def size(self) -> int:
        return self.graph.size

    def control(
        self, theta: Dual, at: Dual, coefficients: dict[str, Dual], p: int, root: int = 1, around: Surroundings | None = None
    ) -> Dual:
        """w = M(at^root) grad f(theta) as a vector of shape (batch, size)."""
        found = self.graph.gradient(split(theta, self.graph.blocks), coefficients, p, around=around)
        pieces = {name: _as_matrices(dual) for name, dual in found.items()}
        points = {name: _as_matrices(dual) for name, dual in split(at, self.graph.blocks).items()}
        for name, _ in self.graph.blocks:
            metric = self.metrics[name]
            if metric.exponent:
                pieces[name] = product(pieces[name], power(points[name], metric.exponent * root, p), p)
            for matrix, on_the_right in metric.applied(p):
                pieces[name] = {m: (v @ matrix if on_the_right else matrix @ v) % p for m, v in pieces[name].items()}
        found = _joined(pieces, self.graph.blocks)
        full = self.metrics[self.graph.blocks[0][0]].all_applied(p)
        return found if full is None else {mask: v @ full % p for mask, v in found.items()}


def whole(graph: Graph, metrics: dict[str, Metric]) -> Part:
    """One part of all parameters."""
    return Part(graph, metrics, np.arange(graph.size)[None, :])


def control(parts: tuple[Part, ...], theta: np.ndarray, at: np.ndarray, world, root: int = 1) -> np.ndarray:
    """M(at^root) grad f(theta) of all parameters, for a random functional whose coefficients are monomials of the world."""
    found = np.zeros_like(theta)
    for number, part in enumerate(parts):
        coefficients = {
            name: {0: np.array([world.atom(f"coefficient {number} {name}", k) for k in range(part.copies * prod(shape))], dtype=object)
            .reshape(part.copies, *shape)}
            for name, shape in part.graph.coefficients.items()
        }  # fmt: skip
        point, around = {0: theta[part.places]}, _around(part.graph, world)
        if around and undefined(part.graph, split(point, part.graph.blocks), coefficients, world.p, around, len(part.graph.steps) - 1).any():
            raise Undecided("a root that is not there at a random point")
        found[part.places] = part.control(point, {0: at[part.places]}, coefficients, world.p, root, around)[0]
    return found


def _around(graph: Graph, world) -> Surroundings | None:
    """What a phi of one's own needs that is no polynomial, or has generic constants."""
    if not (graph.generics or graph.functions or graph.partial):
        return None
    seed = int.from_bytes(world.seed[-8:], "big")
    generics = {name: residues(world.p, seed, f"generic/{name}", np.array([0]), prod(shape)).reshape(1, *shape) for name, shape in graph.generics.items()}
    return Surroundings(generics, {}, Functions(world.p, seed))


def split(vector: Dual, blocks: tuple[Block, ...]) -> dict[str, Dual]:
    """The blocks of a vector of shape (batch, size)."""
    found, start = {}, 0
    for name, shape in blocks:
        stop = start + prod(shape)
        found[name] = {mask: v[:, start:stop].reshape(-1, *shape) for mask, v in vector.items()}
        start = stop
    return found


def matrix_of(shape: Shape) -> tuple[int, int]:
    """A shape as rows and columns: the first axis, and all others."""
    return (shape[0] if shape else 1, prod(shape[1:]))


def _as_matrices(dual: Dual) -> Dual:
    return {mask: v.reshape(len(v), *matrix_of(v.shape[1:])) for mask, v in dual.items()}


def _joined(pieces: dict[str, Dual], blocks: tuple[Block, ...]) -> Dual:
    batch = max((v.shape[0] for piece in pieces.values() for v in piece.values()), default=1)
    found: Dual = {}
    for mask in sorted({mask for piece in pieces.values() for mask in piece}):
        columns = []
        for name, shape in blocks:
            value, size = pieces[name].get(mask), prod(shape)
            flat = np.zeros((1, size), dtype=np.int64) if value is None else value.reshape(value.shape[0], size)
            columns.append(np.broadcast_to(flat, (batch, size)))
        found[mask] = np.concatenate(columns, axis=1)
    return found


def read_parts(stated: list, blocks: tuple[Block, ...], metrics: dict[str, Metric]) -> tuple[Part, ...]:
    """The parts of a certificate of brackets, whose copies have every parameter of the model once. Raises ReportError."""
    starts, position = {}, 0
    for name, shape in blocks:
        starts[name], position = position, position + prod(shape)
    reader = _Layout(dict(blocks), starts, metrics)
    parts = tuple(reader.part(part, f"part {number}") for number, part in enumerate(stated, 1))
    taken = np.concatenate([part.places.ravel() for part in parts])
    if len(taken) != position or not (np.sort(taken) == np.arange(position)).all():
        raise ReportError("the parts of the certificate do not have every parameter of the model once")
    return parts


@dataclass(frozen=True)
class _Layout:
    """The blocks of the model, where they start in its state, and their metrics."""

    shapes: dict[str, Shape]
    starts: dict[str, int]
    metrics: dict[str, Metric]

    def part(self, stated: object, where: str) -> Part:
        blocks = self._blocks(entry(stated, "blocks", list, where), where)
        indices = entry(stated, "indices", list, where)
        if not indices or len(indices) != entry(stated, "copies", int, where):
            raise ReportError(f"{where}.indices must have one entry for each copy")
        if len(indices) * sum(prod(shape) for _, shape in blocks) > sum(map(prod, self.shapes.values())):
            raise ReportError(f"{where} has more parameters than the model")
        found = [self._copy(copy, blocks, f"{where}.indices[{number}]") for number, copy in enumerate(indices)]
        if any(metrics != found[0][1] for _, metrics in found):
            raise ReportError(f"{where}: the metric differs on copies")
        graph = read_graph(entry(stated, "graph", dict, where), blocks, f"{where}.graph")
        cases = read_cases(stated.get("cases"), graph, where)
        written = entry(stated, "written", bool, where) if "written" in stated else False
        return Part(graph, found[0][1], np.array([places for places, _ in found]), cases, written)

    def _blocks(self, stated: list, where: str) -> tuple[Block, ...]:
        blocks = {}
        for block in stated:
            fits = isinstance(block, list) and len(block) == 2 and isinstance(block[0], str) and block[0] in self.shapes
            if not fits or block[0] in blocks or not _is_shape(block[1], self.shapes[block[0]]):
                raise ReportError(f"{where}.blocks must hold [name, shape] of different blocks of the model")
            blocks[block[0]] = tuple(block[1])
        if not blocks:
            raise ReportError(f"{where}.blocks is empty")
        return tuple(blocks.items())

    def _copy(self, copy: object, blocks: tuple[Block, ...], where: str) -> tuple[list[int], dict[str, Metric]]:
        """The parameters of a copy, and its metrics."""
        if not isinstance(copy, list) or len(copy) != len(blocks):
            raise ReportError(f"{where} must have rows and columns for each block")
        places, metrics = [], {}
        for grid, (name, shape) in zip(copy, blocks):
            axes, whole = self._grid(grid, name, shape, where), self.shapes[name]
            strides = [prod(whole[axis + 1 :]) for axis in range(len(whole))]
            places += [self.starts[name] + sum(i * k for i, k in zip(index, strides)) for index in cartesian(*axes)]
            rows = axes[0] if axes else range(1)
            columns = axes[1] if len(axes) == 2 else range(prod(whole[1:]))
            if len(axes) > 2 and any(len(axis) < size for axis, size in zip(axes[1:], whole[1:])):
                raise ReportError(f"{where}: parts of an array of more than two axes")
            try:
                metrics[name] = self.metrics[name].restricted(rows, columns)
            except ValueError:
                raise ReportError(f"{where}: the metric of {name} mixes it with other parts") from None
        if any(metric.full for metric in metrics.values()) and places != list(range(sum(map(prod, self.shapes.values())))):
            raise ReportError(f"{where}: the metric mixes all parameters")
        return places, metrics

    def _grid(self, grid: object, name: str, shape: Shape, where: str) -> list[Sequence[int]]:
        found = []
        for axis, size, most in zip(grid if isinstance(grid, list) and len(grid) == len(shape) else (), shape, self.shapes[name]):
            if axis is None and size == most:
                found.append(range(most))
            elif isinstance(axis, list) and len(axis) == size and all(type(k) is int and 0 <= k < most for k in axis):
                found.append(axis)
        if len(found) != len(shape):
            sizes = f"{shape[0]} rows and {shape[1]} columns" if len(shape) == 2 else f"the indices {list(shape)} along the axes"
            raise ReportError(f"{where}: {name} must have {sizes} of the model's block, null for all")
        return found


def _is_shape(shape: object, most: Shape) -> bool:
    return isinstance(shape, list) and len(shape) == len(most) and all(type(k) is int and 0 < k <= m for k, m in zip(shape, most))

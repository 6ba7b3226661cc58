"""Whether random values of exp, Phi, log, sin and cos are a legitimate specialization: their arguments must be independent.

exp(u_1), …, exp(u_m) are algebraically independent over everything else where no rational combination of the u_i is constant (Ax 1971),
Phi(u_i) where exp(-u_i^2/2) are and log(u_i) where no product of powers of the u_i is constant (Ostrowski 1946, Kolchin 1968). Several
inputs at one theta have independent values where within one input no combination is a function of theta alone: differentiating by one
input takes the others away. So derivatives by the input, of all arguments at random (theta, x, direction), must have full rank, and those
by theta of all arguments that no input moves. Arguments that are equal, or equal up to their sign, share a value and count once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from conslaw_cli.flows.cases import Cases
from conslaw_cli.graph.program import COTANGENT
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.graph.nodes import FREE, Apply, Branch, Coefficient, Node, topological_order
from conslaw_cli.rings.defined import Definedness
from conslaw_cli.rings.echelon import rank
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.jets import Evaluation, Values
from conslaw_cli.rings.keyed import Keyed
from conslaw_cli.rings.stream import Stream
from conslaw_cli.rings.zeros import zeros_of

MOST_ARGUMENTS = 3_000
"""Arguments that one system of equations has, 70 MB."""
SURPLUS = 8
MOST_CASES = 64
"""Cases that are looked at, each by itself."""
LEAST_POINTS = 5
"""At one point arguments may be dependent by coefficients that are no constants."""
BATCH, ROUNDS = 256, 40
"""Batches of points drawn until enough of them have all roots that the arguments need."""
GROUPS = {"exp": "exponential", "normal_cdf": "exponential", "normal_pdf": "exponential", "sin": "circle", "cos": "circle", "log": "logarithm"}


@dataclass(frozen=True)
class Independence:
    """Of so many different arguments the derivatives have this rank; ``checked`` is False where that was too large to find out."""

    arguments: int = 0
    rank: int = 0
    checked: bool = True

    @property
    def shown(self) -> bool:
        return self.checked and self.rank == self.arguments


def independence(flow: PartFlow, stream: Stream) -> Independence:
    """Whether the values of functions in a program may be drawn freely."""
    nodes = [node for node in flow.program.nodes if isinstance(node, Apply) and node.function.name in GROUPS]
    if not nodes:
        return Independence()
    size = sum(prod(node.shape) for node in nodes)
    if size * (flow.cases.number if flow.cases.one_hot else 1) > MOST_ARGUMENTS:
        return Independence(size, 0, False)
    return Check(flow, stream, nodes).result()


@dataclass
class Check:
    """Some of a program's functions, whose arguments are asked about."""

    flow: PartFlow
    stream: Stream
    nodes: list[Apply]

    def __post_init__(self) -> None:
        self.field = self.flow.field(self.stream, "independence prime")
        self.moving = [node for node in self.flow.program.coefficients if node.values == FREE and node.name != COTANGENT]
        self.cases: Cases = self.flow.cases

    def result(self) -> Independence:
        """Arguments that inputs move case by case, until some are dependent, the others of all cases together."""
        found, still = [], []
        if self.moving:
            for case in range(self.cases.number if self.by_case else 1):
                rows = self.rows(np.array([case]), by_input=True)
                if rows is None or case == MOST_CASES:
                    return Independence(checked=False)
                found.append(self._ranks(rows, [row.slopes.any() for row in rows]))
                still = [not row.slopes.any() for row in rows]
                if found[-1][0] > found[-1][1]:
                    return Independence(*found[-1])
        if not self.moving or any(still):
            rows = self.rows(np.arange(self.cases.number if self.cases.one_hot else 1), by_input=False)
            if rows is None:
                return Independence(checked=False)
            found.append(self._ranks(rows, (still if self.moving else [True]) * (len(rows) // len(still) if self.moving else len(rows))))
        return Independence(sum(count for count, _ in found), sum(shown for _, shown in found))

    @cached_property
    def by_case(self) -> bool:
        """Whether arguments depend on branches or on discrete inputs."""
        below = topological_order(*(node.of for node in self.nodes))
        return any(isinstance(node, Branch) or isinstance(node, Coefficient) and node.values != FREE for node in below)

    def _ranks(self, rows: list[_Row], chosen: list[bool]) -> tuple[int, int]:
        """(number of different arguments, rank of their derivatives), the groups of functions added up."""
        total = shown = 0
        for group in set(GROUPS.values()):
            different = {row.key(self.field): row.slopes for row, take in zip(rows, chosen) if take and row.group == group and row.values.any()}
            constants = [key for key, slopes in different.items() if not slopes.any()]
            moved = [slopes for slopes in different.values() if slopes.any()]
            total += len(moved) + max(0, len(constants) - 1)
            shown += rank(self.field, np.array(moved)) if moved else 0
        return total, shown

    def rows(self, cases: np.ndarray, by_input: bool) -> list[_Row] | None:
        """The arguments with their derivatives at points that all share; None where too few points have all roots."""
        size = sum(prod(node.shape) for node in self.nodes) * len(cases)
        moved = sum(prod(node.shape) for node in self.moving) if by_input else self.flow.program.size
        ids = self._points(max(LEAST_POINTS, -(-(size + SURPLUS) // moved)), cases)
        if ids is None:
            return None
        directions = -(-(size + SURPLUS) // len(ids))
        jets = [self._jets(np.repeat(ids, directions), int(case), by_input) for case in cases]
        count = len(ids) * directions
        values, slopes = (np.concatenate([self._flat(jet, count, part) for of_case in jets for jet in of_case]) for part in (0, 1))
        groups = [group for node in self.nodes for group in [node.function.name] * prod(node.shape)] * len(cases)
        return [_Row.of(self.field, name, value, slope) for name, value, slope in zip(groups, values, slopes)]

    def _points(self, wanted: int, cases: np.ndarray) -> np.ndarray | None:
        """The numbers of so many points where all arguments are defined in all cases; None where too few are found."""
        if self.flow.program.defined_everywhere:
            return np.arange(wanted)
        found = np.zeros(0, dtype=np.int64)
        for turn in range(ROUNDS):
            ids = np.arange(turn * BATCH, (turn + 1) * BATCH)
            for case in cases:
                ids = ids[self._defined(ids, int(case))] if len(ids) else ids
            found = np.concatenate([found, ids])
            if len(found) >= wanted:
                return found[:wanted]
        return None

    def _jets(self, ids: np.ndarray, case: int, by_input: bool) -> list[np.ndarray]:
        """The arguments at points, one of their own direction each."""
        return Evaluation(self.field, self._values(ids, case, by_input)).evaluate(*(node.of for node in self.nodes))

    def _defined(self, ids: np.ndarray, case: int) -> np.ndarray:
        """At which points all arguments are defined."""
        values, fine = self._values(ids, case, None), np.ones(len(ids), dtype=bool)
        reader = Definedness(self.field, values, zeros_of(self.flow.program.output or self.flow.program.functional))
        for _, mask in reader.evaluate(*(node.of for node in self.nodes)):
            if mask is not None:
                fine &= ~np.broadcast_to(mask[0].reshape(mask.shape[1], -1).any(axis=1), (len(ids),))
        return fine

    @staticmethod
    def _flat(jet: np.ndarray, batch: int, part: int) -> np.ndarray:
        """(entries, batch) of one component of a jet."""
        if part >= len(jet):
            return np.zeros((prod(jet.shape[2:]), batch))
        return np.broadcast_to(jet[part], (batch, *jet.shape[2:])).reshape(batch, -1).T

    def _values(self, ids: np.ndarray, case: int, by_input: bool | None) -> Values:
        """Leaves at points by number, in a direction of the inputs or of theta, or in none."""
        program = self.flow.program
        parameters = {name: self._jet(f"theta/{name}", shape, ids, by_input is False) for name, shape in program.blocks}
        coefficients = {node.name: self._jet(f"x/{node.name}", node.shape, ids, by_input is True) for node in self.moving}
        one_hot = {name: values[case][None, None].astype(np.float64) for name, values in self.cases.one_hot.items()}
        branches = {id(node): values[case][None, None].astype(np.float64) for node, values in zip(program.branches, self.cases.branches)}
        generics = {name: self._drawn(f"generic/{name}", node, np.array([0])) for name, node in program.generics.items()}
        return Values(parameters, {**coefficients, **one_hot}, generics, branches, Keyed(self.field, self.stream))

    def _jet(self, name: str, shape: tuple[int, ...], ids: np.ndarray, moves: bool) -> np.ndarray:
        at = self._residues(name, shape, ids)
        return np.concatenate([at, self._residues(f"{name}, direction", shape, np.arange(len(ids)))]) if moves else at

    def _drawn(self, name: str, node: Node, ids: np.ndarray) -> np.ndarray:
        return self._residues(name, node.shape, ids)

    def _residues(self, name: str, shape: tuple[int, ...], ids: np.ndarray) -> np.ndarray:
        drawn = self.field.residues(self.stream.nonzero(self.field.p, name, ids, prod(shape)))
        return drawn.reshape(1, len(ids), *shape)


@dataclass(frozen=True)
class _Row:
    """An argument's values and derivatives along the points, as its group of functions compares them."""

    group: str
    values: np.ndarray
    slopes: np.ndarray

    @classmethod
    def of(cls, field: Field, function: str, value: np.ndarray, slope: np.ndarray) -> _Row:
        """u for exp, u^2/2 for Phi (with exp(-u^2/2) as its derivative), du/u for log."""
        if function.startswith("normal"):
            return cls(GROUPS[function], field.multiply(value, value), field.reduce(2 * field.multiply(value, slope)))
        if function == "log":
            return cls(GROUPS[function], value, field.multiply(slope, field.power_where_defined(value, -1)[0]))
        return cls(GROUPS[function], value, slope)

    def key(self, field: Field) -> bytes:
        """The same for arguments that are equal up to the sign."""
        both = field.integers(np.concatenate([self.values, self.slopes]))
        first = both[np.flatnonzero(both)[0]] if both.any() else 0
        return (both if 2 * first < field.p else -both % field.p).tobytes()

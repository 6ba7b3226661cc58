"""Arguments of exp that depend on one another, written through one another in the graph itself.

Whatever the integers R_j and q,

    exp(u) = exp(u - sum_j R_j u_j) prod_j exp(u_j)^R_j

and exp(u) = exp(u/q)^q hold as identities of functions, so a graph in which entries of exp are replaced so is one of
the same functional: nothing has to be believed of the R_j, and a rank of it is one of the model's. Where u = sum_j
R_j u_j + c with a c that no input moves, exp(c) is a value at theta alone, and what is left to be independent are the
u_j and the c (:mod:`conslaw_cli.flows.independence`, asked again about the new graph). The R_j, small fractions, come
from derivatives modulo a prime: first by the inputs, in all cases at once, then, of arguments that no input moves, by
theta. Relations of other functions (u^2/2 for Phi) and relations that hold in some cases only are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm, prod
from typing import Any

import numpy as np

from conslaw_cli.flows.independence import MOST_CASES, Check, Independence, independence
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.functions.arrays import concatenate
from conslaw_cli.graph.functions import EXP
from conslaw_cli.graph.nodes import Add, Apply, Constant, MatMul, Multiply, Node, constant, topological_order
from conslaw_cli.graph.program import Program
from conslaw_cli.rings.echelon import Echelon
from conslaw_cli.rings.stream import Stream

LARGEST, MOST_FACTORS = 6, 24
"""Numerators and denominators that are looked for, and factors that an exponential becomes."""
MOST_ENTRIES = 600


def settled(flow: PartFlow, stream: Stream) -> tuple[PartFlow, Independence]:
    """The flow, with arguments of exp written through one another if that shows what is left independent, and whether it is."""
    found = independence(flow, stream)
    if found.shown or not found.checked:
        return flow, found
    written = flow
    for by_input in (True, False):
        written = _written(written, stream, by_input)
    if written is flow:
        return flow, found
    again = independence(written, stream)
    return (written, again) if again.shown else (flow, found)


def _written(flow: PartFlow, stream: Stream, by_input: bool) -> PartFlow:
    """The flow with the dependent arguments written through others; itself where there are none, or none that can be."""
    nodes = [node for node in flow.program.nodes if isinstance(node, Apply) and node.function is EXP]
    if not 1 < sum(prod(node.shape) for node in nodes) <= MOST_ENTRIES:
        return flow
    slopes = _slopes(flow, stream, nodes, by_input)
    relations = None if slopes is None else _relations(*slopes)
    if not relations:
        return flow
    scales: dict[int, int] = {}
    for row in relations.values():
        for number, ratio in row.items():
            scales[number] = lcm(scales.get(number, 1), ratio.denominator)
    whole = {
        number: {other: int(ratio * scales[other]) for other, ratio in row.items()} for number, row in relations.items()
    }
    if any(sum(map(abs, row.values())) > MOST_FACTORS for row in whole.values()):
        return flow
    return _Writer(nodes, whole, scales).rewritten(flow) or flow


def _slopes(flow: PartFlow, stream: Stream, nodes: list[Apply], by_input: bool) -> tuple[Check, np.ndarray] | None:
    """Derivatives of all entries, (directions, entries), in all cases; by theta those of entries that no input moves."""
    check = Check(flow, stream, nodes)
    if by_input and not check.moving or flow.cases.number > MOST_CASES:
        return None
    several = range(flow.cases.number if check.by_case else 1)
    moved = [check.rows(np.array([case]), by_input=True) for case in several] if check.moving else []
    if None in moved:
        return None
    if by_input:
        return check, np.concatenate([np.array([row.slopes for row in rows]).T for rows in moved])
    by_theta = [check.rows(np.array([case]), by_input=False) for case in several]
    if None in by_theta:
        return None
    found = np.concatenate([np.array([row.slopes for row in rows]).T for rows in by_theta])
    for rows in moved:
        found[:, [row.slopes.any() for row in rows]] = 0.0
    return check, found


def _relations(check: Check, slopes: np.ndarray) -> dict[int, dict[int, Fraction]]:
    """For dependent entries, by number, the coefficients of entries before them; none where one of them is no small fraction."""
    live = np.flatnonzero(slopes.any(axis=0))
    if not len(live):
        return {}
    echelon = Echelon(check.field, len(live))
    echelon.add(slopes[:, live])
    found = {}
    for free, row in zip(*echelon.nullspace()):
        residues = check.field.integers(check.field.reduce(-row))
        ratios = {int(live[k]): _small(int(residues[k]), check.field.p) for k in np.flatnonzero(residues) if k != free}
        if None in ratios.values():
            return {}
        found[int(live[free])] = ratios
    return found


def _small(residue: int, p: int) -> Fraction | None:
    """The small fraction that is this residue."""
    for denominator in range(1, LARGEST + 1):
        numerator = (residue * denominator + LARGEST) % p - LARGEST
        if abs(numerator) <= LARGEST:
            return Fraction(numerator, denominator)
    return None


@dataclass(frozen=True)
class _Writer:
    """Entries are numbered through all ``nodes``, exp each; ``relations`` writes some of them through exp(u_j/q_j), q_j in ``scales``."""

    nodes: list[Apply]
    relations: dict[int, dict[int, int]]
    scales: dict[int, int]

    def rewritten(self, flow: PartFlow) -> PartFlow | None:
        """None where an argument would be needed before it is known."""
        program = flow.program
        first = dict.fromkeys(self._owner(number)[0] for number in self.scales)
        roots = [program.functional, *([] if program.output is None else [program.output])]
        new: dict[int, Node] = {}
        powers: dict[int, Node] = {}
        numbers = {id(node): number for number, node in enumerate(self.nodes)}
        for node in topological_order(*(self.nodes[number].of for number in first), *roots):
            arguments = [new[id(argument)] for argument in node.arguments]
            try:
                new[id(node)] = (
                    self._exponential(numbers[id(node)], new, powers)
                    if id(node) in numbers
                    else _rebuilt(node, arguments)
                )
            except KeyError:
                return None
        written = Program(
            program.blocks, new[id(program.functional)], None if program.output is None else new[id(program.output)]
        )
        places = {id(new[id(branch)]): k for k, branch in enumerate(program.branches)}
        branches = tuple(flow.cases.branches[places[id(branch)]] for branch in written.branches)
        return replace(flow, program=written, cases=replace(flow.cases, branches=branches) if branches else flow.cases)

    def _owner(self, number: int) -> tuple[int, int]:
        """The node of an entry, and its row-major number there."""
        for place, node in enumerate(self.nodes):
            if number < prod(node.shape):
                return place, number
            number -= prod(node.shape)
        raise IndexError(number)

    def _own(self, of: dict[int, Any], place: int) -> dict[int, Any]:
        """What is known of one node's entries, by their numbers there."""
        start = sum(prod(node.shape) for node in self.nodes[:place])
        return {
            number - start: value for number, value in of.items() if 0 <= number - start < prod(self.nodes[place].shape)
        }

    def _entries(self, numbers: list[int], of: dict[int, Node]) -> Node:
        """Entries of several nodes as one vector."""
        owners = [self._owner(number) for number in numbers]
        return concatenate([of[place].reshape((prod(of[place].shape),)).gather(np.array([k])) for place, k in owners])

    def _power(self, place: int, new: dict[int, Node], powers: dict[int, Node]) -> Node:
        """exp of a node's arguments as a vector, of the rest of those that are written through others. Raises KeyError."""
        if place not in powers:
            rows, flat = (
                self._own(self.relations, place),
                new[id(self.nodes[place].of)].reshape((prod(self.nodes[place].shape),)),
            )
            if rows:
                others = sorted({number for row in rows.values() for number in row})
                arguments = {
                    self._owner(number)[0]: new[id(self.nodes[self._owner(number)[0]].of)] for number in others
                }
                ratios = (
                    Fraction(-row.get(number, 0), self.scales[number]) for row in rows.values() for number in others
                )
                matrix = Constant((len(rows), len(others)), tuple(ratios))
                rest = flat.gather(np.array(list(rows))) + (
                    matrix @ self._entries(others, arguments) if others else constant(0)
                )
                flat = _placed(flat, rest, rows)
            scales = self._own(self.scales, place)
            if max(scales.values(), default=1) > 1:
                flat = flat * Constant(
                    flat.shape, tuple(Fraction(1, scales.get(k, 1)) for k in range(prod(flat.shape)))
                )
            powers[place] = flat.applied(EXP)
        return powers[place]

    def _exponential(self, place: int, new: dict[int, Node], powers: dict[int, Node]) -> Node:
        """The values of a node, those that are written through others as products. Raises KeyError."""
        own = {number: {number: scale - 1} for number, scale in self.scales.items() if scale > 1}
        flat, rows = self._power(place, new, powers), self._own(self.relations | own, place)
        others = sorted({number for row in rows.values() for number in row})
        if others:
            vector = self._entries(
                others, {self._owner(number)[0]: self._power(self._owner(number)[0], new, powers) for number in others}
            )
            inverse = [vector**-1] if any(power < 0 for row in rows.values() for power in row.values()) else []
            factors = concatenate([vector, *inverse, constant(1).reshape((1,))])
            lists = [
                [others.index(n) + (r < 0) * len(others) for n, r in row.items() for _ in range(abs(r))]
                for row in rows.values()
            ]
            product = flat.gather(np.array(list(rows)))
            for k in range(max(map(len, lists))):
                product = product * factors.gather(
                    np.array([each[k] if k < len(each) else factors.shape[0] - 1 for each in lists])
                )
            flat = _placed(flat, product, rows)
        return flat.reshape(self.nodes[place].shape)


def _placed(flat: Node, values: Node, rows: dict[int, dict[int, int]]) -> Node:
    """A vector with other values at some places."""
    kept = np.array([k for k in range(prod(flat.shape)) if k not in rows], dtype=np.int64)
    if not len(kept):
        return values.scatter(np.array(list(rows)), flat.shape)
    return flat.gather(kept).scatter(kept, flat.shape) + values.scatter(np.array(list(rows)), flat.shape)


def _rebuilt(node: Node, arguments: list[Node]) -> Node:
    """A node with other arguments."""
    if all(a is b for a, b in zip(node.arguments, arguments)):
        return node
    names = ("left", "right") if isinstance(node, Add | Multiply | MatMul) else ("of",)
    return replace(node, **dict(zip(names, arguments)))

"""Laws of networks: that the fields of all inputs, cotangents and branches annihilate their gradients, at random points modulo a prime.

Values of exp, Phi, roots and the like are those of functions.py, so an identity that holds at them holds for the functions themselves.
Branches are free residues where a law is said to hold everywhere: an identity in them holds for zeros and ones, which they are. Other laws
are tested for every case of the certificate. Where roots do not exist modulo the prime, a row of the output has no value; points are drawn
until every row of every case has had one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2, prod

import numpy as np

from conslaw_cli.checker.cases import Cases
from conslaw_cli.checker.draws import residues, words
from conslaw_cli.checker.drawing import Drawing
from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.parts import Part, split
from conslaw_cli.checker.polynomials import values
from conslaw_cli.checker.result import Check
from conslaw_cli.checker.system import System
from conslaw_cli.checker.terms import Law

CANDIDATES = 64
"""Points that are drawn at once where roots may be missing."""
LARGEST_BATCH = 1024
BATCHES = 12
BUDGET = 10_000_000
"""Entries of all steps that may be evaluated where more than a batch would be needed."""
FREE = 4
"""Random branches for each discrete input, of laws that hold everywhere."""
SEEN = 48
"""Patterns of zeros and ones that are tried where free ones do not do."""
ENTRIES = 400_000
"""Entries of all steps that are evaluated at once."""
WANTED = 57
MOST_ROUNDS = 4


@dataclass(frozen=True)
class Outcome:
    """For each law whether it was annihilated throughout; at how many points every row of every case took part."""

    holds: tuple[bool, ...]
    tests: int


@dataclass(frozen=True)
class Steering:
    """The laws of a network at points of a world."""

    system: System
    laws: tuple[Law, ...]
    world: object
    times: tuple[int, ...]
    """Values of the functions of time."""
    rate: int
    first: tuple[int, ...]
    """A point of the system at which a metric with roots has them."""
    logarithms: list[int]
    seed: int
    rounds: int

    @property
    def part(self) -> Part:
        return self.system.network

    def over(self, cases: Cases, name: str, chosen: list[int]) -> Outcome:
        """Whether the laws of some numbers hold for these cases; True for the others."""
        graph, holds = self.part.graph, [True] * len(self.laws)
        rows = graph.steps[graph.output].shape[:-1]
        count = np.zeros((cases.number, prod(rows)), dtype=np.int64)
        fixed = self.system.root > 1
        each = 1 if fixed or not graph.partial else max(1, min(CANDIDATES, LARGEST_BATCH // cases.number))
        for batch in range(1 if fixed else self._batches(each * cases.number)):
            points = [self._point(f"{name} {batch} {k}", fixed) for k in range(each)]
            drawings = [self._drawing(cases, f"{name} {batch} {k}") for k in range(each)]
            masks = [self._defined(drawing, point, cases) for drawing, point in zip(drawings, points)]
            while True:
                gains = [int((mask & (count < self.rounds)).sum()) for mask in masks]
                best = int(np.argmax(gains))
                if not gains[best]:
                    break
                count += masks[best]
                self._test(points[best], drawings[best], masks[best], holds, chosen)
                masks[best] = np.zeros_like(masks[best])
            if count.min() >= self.rounds or not any(holds[k] for k in chosen):
                break
        return Outcome(tuple(holds), int(count.min()))

    def _batches(self, size: int) -> int:
        """As many as the budget allows, and as many as an identity without roots needs."""
        allowed = BUDGET // max(1, size * sum(step.work for step in self.part.graph.steps))
        return max(1 if self.part.graph.partial else self.rounds, min(BATCHES, allowed))

    def _point(self, name: str, fixed: bool) -> list[int]:
        if fixed:
            return list(self.first)
        return residues(self.world.p, self.seed, f"point {name}", np.array([0]), self.system.space)[0].tolist()

    def _drawing(self, cases: Cases, name: str) -> Drawing:
        seed = int(words(self.seed, f"drawing {name}", np.array([0]), 1)[0, 0])
        return Drawing(self.part.graph, cases, self.world.p, seed, np.arange(cases.number))

    def _theta(self, point: list[int]) -> Dual:
        found = np.array(point[: self.system.size], dtype=object)[None, :]
        if self.system.root > 1:
            found = np.array([[pow(x, self.system.root, self.world.p) for x in found[0]]], dtype=object)
        return {0: found}

    def _defined(self, drawing: Drawing, point: list[int], cases: Cases) -> np.ndarray:
        """Which rows of which cases are defined, (cases, rows)."""
        graph = self.part.graph
        rows = prod(graph.steps[graph.output].shape[:-1])
        if not graph.partial:
            return np.ones((cases.number, rows), dtype=bool)
        found, theta = [], split(self._theta(point), graph.blocks)
        for chosen in self._chunks(cases.number):
            found.append(~drawing.undefined(lambda symbols: theta, chosen).reshape(len(chosen), rows))
        defined = np.concatenate(found)
        return defined[np.argsort(drawing.case)]

    def _chunks(self, count: int) -> list[np.ndarray]:
        step = max(1, ENTRIES // max(1, sum(step.work for step in self.part.graph.steps)))
        return [np.arange(start, min(start + step, count)) for start in range(0, count, step)]

    def _test(self, point: list[int], drawing: Drawing, defined: np.ndarray, holds: list[bool], chosen: list[int]) -> None:
        """The pairing of each law with the sum of random fields of all cases."""
        field = self._field(point, drawing, defined)
        size = self.system.size if self.system.second_order else 0
        for number in chosen:
            if holds[number]:
                total = 0
                for g, part in self.laws[number].parts.items():
                    gradient = values(part, point, self.logarithms, size, self.world.p, self.system.root).gradient
                    total += self.times[g] * sum(x * field[k - size] for k, x in gradient.items() if k >= size)
                holds[number] = total % self.world.p == 0

    def _field(self, point: list[int], drawing: Drawing, defined: np.ndarray) -> list[int]:
        p, system, total = self.world.p, self.system, 0
        theta = self._theta(point)
        at = theta
        if system.lookahead:
            at = {0: (theta[0] * self.rate + np.array(point[system.size :], dtype=object)[None, :]) % p}
        drawing.leave_out(~defined[drawing.case])
        for chosen in self._chunks(len(drawing.numbers)):
            found = self.part.control(theta, at, drawing.leaves(chosen), p, around=drawing.around(chosen))[0]
            total = total + np.broadcast_to(found, (len(chosen), found.shape[1])).sum(axis=0)
        moved = total % p
        if system.root > 1:
            roots = [pow(system.root * pow(x, system.root - 1, p), -1, p) for x in point[: system.size]]
            moved = moved * np.array(roots, dtype=object) % p
        return moved.tolist()


def free_cases(cases: Cases, graph, p: int, seed: int, exact: bool = False) -> Cases:
    """Random branches for each different discrete input of the cases: residues, or zeros and ones as branches have them."""
    inputs = [values.reshape(cases.number, -1) for values in cases.one_hot.values()]
    distinct = np.unique(np.concatenate(inputs, axis=1), axis=0, return_index=True)[1] if inputs else np.zeros(1, dtype=np.int64)
    many = np.tile(distinct, 1 if not graph.branches else SEEN if exact else FREE)
    branches = {}
    for number in graph.branches:
        step = graph.steps[number]
        drawn = residues(p, seed, f"branch {number}", np.arange(len(many)), prod(step.shape)).reshape(len(many), *step.shape)
        branches[number] = _as_branches(drawn, step.detail) if exact else drawn
    return Cases(len(many), False, {name: values[many] for name, values in cases.one_hot.items()}, branches)


def _as_branches(drawn: np.ndarray, chosen) -> np.ndarray:
    if chosen.kind == "positive":
        return (drawn % 2).astype(np.int64)
    order = np.argsort(np.argsort(drawn.astype(np.int64), axis=-1), axis=-1)
    return (order < chosen.count).astype(np.int64)


def rounds_for(bits: float) -> int:
    """Tests after which the error is small enough."""
    return MOST_ROUNDS if bits <= 0 else min(MOST_ROUNDS, max(1, ceil(WANTED / bits)))


def degree_bits(system: System, degree: int, laws: int) -> float:
    """-log2 of the error of one test: values of functions are variables, so entries of the graph are fractions of its degrees.

    Where roots exist is half of all points for each, so what is unlikely is at most twice as likely there.
    """
    graph = system.network.graph
    fields = 2 * sum(graph.degrees) + sum(system.exponents.values())
    roots = sum(prod(step.shape) for step in graph.steps if step.operation == "power" and step.detail.denominator > 1)
    return WANTED - log2(72 * system.root * (degree + fields) * max(1, laws)) - roots


def check_steering(steering: Steering, everywhere: list[bool], texts: list[str], chance: bool, bits: float) -> list[Check]:
    """``chance`` where the report says that some laws were verified at random points, of which it does not know whether they hold everywhere."""
    graph, cases, p = steering.part.graph, steering.part.cases, steering.world.p
    every, total = list(range(len(texts))), len(texts)
    free = steering.over(free_cases(cases, graph, p, steering.seed), "free", every)
    local = [k for k in every if not free.holds[k]]
    seen = steering.over(cases, "cases", local) if local else None
    failed = [texts[k] for k in local if not seen.holds[k]]
    tests = min(one.tests for one in (free, seen) if one)
    bound = int(tests * bits)
    if failed:
        detail = f"{len(failed)} of {total} laws are not constant for every loss and input: {failed[0][:80]}"
    else:
        error = f"error probability below 2^-{bound}" if bound > 0 else "no bound of the error"
        error = error if tests else "some rows of the output never had the roots they need"
        detail = f"all {total} laws are constant for every loss and input (at random points modulo a 61-bit prime; {error})"
    checks = [Check("laws: control", not failed, detail, bound > 0)]
    if graph.branches:
        checks.append(_everywhere(steering, everywhere, free, texts, chance))
    elif not all(everywhere):
        checks.append(Check("laws: everywhere", False, "laws that are said to hold in a region, of a network without branches"))
    return checks


def _everywhere(steering: Steering, everywhere: list[bool], free: Outcome, texts: list[str], chance: bool) -> Check:
    graph, p, name = steering.part.graph, steering.world.p, "laws: everywhere"
    wrong = [texts[k] for k, said in enumerate(everywhere) if not said and free.holds[k]]
    if wrong and not chance:
        return Check(name, False, f"said to hold in the region only, and holds for all branches: {wrong[0][:80]}")
    open_ones = [k for k, said in enumerate(everywhere) if said and not free.holds[k]]
    if not open_ones:
        total = sum(everywhere)
        return Check(name, True, f"{total} of {len(texts)} laws hold for all branches, which were free", not wrong)
    tried = steering.over(free_cases(steering.part.cases, graph, p, steering.seed, True), "patterns", open_ones)
    failed = [texts[k] for k in open_ones if not tried.holds[k]]
    if failed:
        return Check(name, False, f"said to hold for all branches, and does not: {failed[0][:80]}")
    return Check(name, True, f"{len(open_ones)} laws hold for {SEEN} random patterns of branches, for all of them they were not proved", False)

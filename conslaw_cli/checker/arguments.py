"""Whether values of exp, Phi, log, sin and cos may be drawn at random: their arguments must be independent.

exp(u_1), ..., exp(u_m) are algebraically independent over everything else where no rational combination of the u_i is constant (Ax 1971), Phi(u_i)
where the u_i^2 are, as exp(-u^2/2) is the derivative, and log(u_i) where no product of powers of the u_i is constant (Ostrowski 1946, Kolchin 1968).
If within one input no combination is a function of the parameters alone, several inputs at one point have independent values too, since a
derivative by one input takes the others away. So derivatives along a random direction of the inputs, at random points, must have as rank the number of
different arguments, and so must derivatives by the parameters of those that no input moves. Arguments that are equal up to the sign
share a value and count once. A rank modulo p is a lower bound, so independence is shown without error.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from flint import fmpz, nmod_mat

from conslaw_cli.checker.defined import masks_of
from conslaw_cli.checker.drawing import COTANGENT
from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.functions import Functions, raised
from conslaw_cli.checker.graph import Surroundings
from conslaw_cli.checker.parts import Part
from conslaw_cli.checker.result import Check, ReportError, count, entry

GROUPS = {"exp": "exp", "normal_cdf": "exp", "normal_pdf": "exp", "sin": "circle", "cos": "circle", "log": "log"}
MOST_ARGUMENTS = 3_000
MOST_CASES = 64
SURPLUS = 8
ROUNDS = 60
TRIES = 2
KEYS = frozenset({"arguments", "rank", "checked"})


@dataclass(frozen=True)
class Ranks:
    """Of so many different arguments the derivatives have this rank."""

    arguments: int = 0
    rank: int = 0


def check_arguments(stated: object, part: Part, seed: int, status: str, where: str) -> list[Check]:
    """Raises ReportError."""
    name, own = f"{where}: arguments", _Own.of(part, seed)
    if own is None:
        return [] if stated is None else [Check(name, False, "arguments of functions that there are not")]
    if stated is None:
        return [Check(name, False, "whether the arguments of functions are independent is not said")]
    if set(stated if isinstance(stated, dict) else {}) != KEYS:
        raise ReportError(f"{where}.independence must have arguments, rank and checked")
    said = Ranks(count(stated, "arguments", where), count(stated, "rank", where))
    checked = entry(stated, "checked", bool, where)
    proved = status.startswith("proved")
    if proved and not (checked and said.rank == said.arguments):
        return [Check(name, False, f"{status}, though the arguments of functions are not shown to be independent")]
    if not checked:
        return [Check(name, True, "that the arguments of functions are independent is not claimed", proved=False)]
    found = None
    for attempt in range(TRIES):
        found = _Own.of(part, seed + attempt).result()
        if found is None or found == said:
            break
    if found is None:
        return [Check(name, True, "whether the arguments of functions are independent was not found out", proved=False)]
    detail = f"{found.rank} of {found.arguments} different arguments of exp, Phi, log, sin and cos are independent"
    return [Check(name, found == said, detail if found == said else f"{detail}, not {said.rank} of {said.arguments}")]


class _Own:
    """The arguments of a part's functions at random points modulo a prime."""

    def __init__(self, part: Part, seed: int) -> None:
        self.graph, self.cases, self.seed = part.graph, part.cases, seed % 2**64
        self.nodes = [step for step in part.graph.steps if step.operation == "apply" and step.detail in GROUPS]
        self.arguments = [step.arguments[0] for step in self.nodes]
        self.moving = [name for name in self.graph.coefficients if name not in self.graph.one_hot and name != COTANGENT]
        self.p = self._prime()

    @staticmethod
    def of(part: Part, seed: int) -> _Own | None:
        """None where there are no such functions."""
        own = _Own(part, seed)
        return own if own.nodes else None

    def _prime(self) -> int:
        p = 2**22 + self.seed % 2**21 // 4 * 4 + 3
        while not fmpz(p).is_prime() or not all(self._is_square(value, p) for value in self.graph.radicands):
            p += 4
        return p

    @staticmethod
    def _is_square(value, p: int) -> bool:
        return pow(value.numerator * pow(value.denominator, -1, p) % p, (p - 1) // 2, p) == 1

    def result(self) -> Ranks | None:
        """Arguments that inputs move case by case, the others of all cases together; None where it is too large or roots are missing."""
        size = sum(prod(step.shape) for step in self.nodes)
        all_cases = range(self.cases.number if self.graph.one_hot else 1)
        if size * len(all_cases) > MOST_ARGUMENTS:
            return None
        found, still = [], np.zeros(size, dtype=bool)
        if self.moving:
            for case in range(self.cases.number if self._by_case() else 1):
                table = self._table([case], by_input=True)
                if table is None or case == MOST_CASES:
                    return None
                moved = table[1].any(axis=1)
                found.append(self._ranks(*table, moved, 1))
                still = still | ~moved
                if found[-1].arguments > found[-1].rank:
                    return found[-1]
        if not self.moving or still.any():
            table = self._table(list(all_cases), by_input=False)
            if table is None:
                return None
            chosen = np.tile(still, len(all_cases)) if self.moving else np.ones(len(table[0]), dtype=bool)
            found.append(self._ranks(*table, chosen, len(all_cases)))
        return Ranks(sum(one.arguments for one in found), sum(one.rank for one in found))

    def _by_case(self) -> bool:
        """Whether arguments depend on branches or on discrete inputs."""
        left, seen = list(self.arguments), set()
        while left:
            number = left.pop()
            step = self.graph.steps[number]
            if step.operation == "branch" or (step.operation == "coefficient" and step.detail in self.graph.one_hot):
                return True
            left += [k for k in step.arguments if k not in seen]
            seen.update(step.arguments)
        return False

    def _ranks(self, values: np.ndarray, slopes: np.ndarray, chosen: np.ndarray, cases: int) -> Ranks:
        names = [step.detail for step in self.nodes for _ in range(prod(step.shape))] * cases
        total = rank = 0
        for group in sorted(set(GROUPS.values())):
            rows: dict[bytes, np.ndarray] = {}
            for k in np.flatnonzero(chosen):
                if GROUPS[names[k]] == group:
                    value, slope = self._compared(names[k], values[k], slopes[k])
                    if value.any():
                        rows[self._key(value, slope)] = slope
            moved = [slope for slope in rows.values() if slope.any()]
            total += len(moved) + max(0, len(rows) - len(moved) - 1)
            if moved:
                rank += nmod_mat(len(moved), len(moved[0]), np.array(moved).ravel().tolist(), self.p).rank()
        return Ranks(total, rank)

    def _compared(self, name: str, value: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """u for exp, u^2 for Phi, and du/u for log."""
        if name.startswith("normal"):
            return value * value % self.p, 2 * value * slope % self.p
        if name == "log":
            return value, slope * raised(value, self.p - 2, self.p) % self.p
        return value, slope

    def _key(self, value: np.ndarray, slope: np.ndarray) -> bytes:
        both = np.concatenate([value, slope])
        first = both[np.flatnonzero(both)[0]]
        return (both if 2 * first < self.p else -both % self.p).tobytes()

    def _table(self, cases: list[int], by_input: bool) -> tuple[np.ndarray, np.ndarray] | None:
        """Values and derivatives of all arguments in all cases, (arguments, points), at points where all are defined."""
        size = sum(prod(step.shape) for step in self.nodes) * len(cases)
        batch, kept = max(64, size + SURPLUS), []
        for turn in range(ROUNDS):
            kept.append(self._batch(turn, batch, cases, by_input))
            if sum(values.shape[1] for values, _ in kept) >= size + SURPLUS:
                return tuple(np.concatenate(parts, axis=1) for parts in zip(*kept))
        return None

    def _batch(self, turn: int, batch: int, cases: list[int], by_input: bool) -> tuple[np.ndarray, np.ndarray]:
        values, slopes, fine = [], [], np.ones(batch, dtype=bool)
        ids, last = np.arange(turn * batch, (turn + 1) * batch), max(self.arguments)
        theta = {name: self._drawn(f"theta/{name}", shape, ids, not by_input) for name, shape in self.graph.blocks}
        free = {name: self._drawn(f"x/{name}", self.graph.coefficients[name], ids, by_input) for name in self.moving}
        free |= {COTANGENT: {0: np.ones((1, *self.graph.coefficients[COTANGENT]), dtype=np.int64)}} if COTANGENT in self.graph.coefficients else {}
        generics = {name: self._drawn(f"generic/{name}", shape, np.array([0]), False)[0] for name, shape in self.graph.generics.items()}
        for case in cases:
            around = Surroundings(
                generics, {number: rows[case][None] for number, rows in self.cases.branches.items()}, Functions(self.p, self.seed)
            )
            leaves = free | {name: {0: rows[case][None]} for name, rows in self.cases.one_hot.items()}
            found = self.graph.values(theta, leaves, self.p, around, last)
            if self.graph.partial:
                masks = masks_of(self.graph, found, around, last)
                for number in self.arguments:
                    fine &= ~np.broadcast_to(masks[number].reshape(len(masks[number]), -1).any(axis=1), (batch,))
            for number in self.arguments:
                values.append(self._flat(found[number], 0, batch))
                slopes.append(self._flat(found[number], 1, batch))
        return np.concatenate(values)[:, fine], np.concatenate(slopes)[:, fine]

    @staticmethod
    def _flat(dual: Dual, mask: int, batch: int) -> np.ndarray:
        """(entries, batch)."""
        v = dual.get(mask)
        shape = dual[0].shape[1:]
        v = np.zeros((1, *shape), dtype=np.int64) if v is None else v
        return np.broadcast_to(v, (batch, *shape)).reshape(batch, -1).T

    def _drawn(self, name: str, shape: tuple[int, ...], ids: np.ndarray, moves: bool) -> Dual:
        found = {0: residues(self.p, self.seed, name, ids, prod(shape)).reshape(len(ids), *shape)}
        if moves:
            found[1] = residues(self.p, self.seed, f"{name}, direction", ids, prod(shape)).reshape(len(ids), *shape)
        return found

"""Bracket certificates: the values of the listed brackets at the listed point are recomputed and their rank is taken."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod

import numpy as np
from flint import fmpz, nmod_mat

from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.drawing import Drawing
from conslaw_cli.checker.duals import Dual, add, scaled
from conslaw_cli.checker.parts import Part, split
from conslaw_cli.checker.result import Check, ReportError, Undecided, count, entry, integers
from conslaw_cli.checker.system import System

LONGEST_WORD = 12
MOST_COUNTER = 2**50
"""Of a generator, which is a sum of up to 2^12 draws."""
LARGEST_PART = 40_000
LARGEST_MATRIX = 150_000_000
BATCH_ENTRIES = 4_000_000
MOST_WORK = 2**34
"""Entries and products in the evaluation of all words."""
FRESH = 4
"""Brackets that are drawn afresh at the certificate's point for each length."""
KEYS = frozenset("method copies blocks indices graph seed prime point words fingerprints dimension cases independence written".split())


class Generators:
    """The control fields of a part in drift coordinates, each named by its counter."""

    def __init__(self, system: System, part: Part, p: int, seed: int) -> None:
        self.system, self.part, self.p, self.seed = system, part, p, seed
        self.local = part.size * (2 if system.second_order else 1)
        self.load = max(self.local, part.graph.work // 4, 64 * len(part.graph.steps)) * part.cases.each
        self.moves = system.second_order or not system.rate.zero
        self.rate = self._rate() if system.lookahead else None
        self.stated: np.ndarray | None = None
        """The point of a network's certificate."""

    def _rate(self) -> int:
        """The value of a constant rate: its own, or a random one of a letter."""
        value = self.system.rate.value
        if value is None:
            return int(residues(self.p, self.seed, "rate", np.array([0]), 1)[0, 0])
        if not value.denominator % self.p:
            raise ReportError(f"the certificate's prime {self.p} divides the denominator of the rate")
        return value.numerator * pow(value.denominator, -1, self.p) % self.p

    def translations(self) -> list[list[int]]:
        """Values at the point of what time translations generate (independence.py)."""
        point = self.point().tolist()
        if not self.system.second_order:
            return [point] if self.moves else []
        speeds, zeros = point[self.part.size :], [0] * self.part.size
        if self.system.rate.moves:
            return [speeds + zeros, zeros + speeds]
        return [[-x % self.p for x in speeds] + [self._rate() * x % self.p for x in speeds]]

    def field(self, counters: np.ndarray):
        """The map of states to vectors, one generator for each counter in the batch."""
        each = self.part.cases.each
        numbers = (counters[:, None] * each + np.arange(each)).ravel()
        squared = self.system.root > 1 or self.part.graph.rooted
        drawing = Drawing(self.part.graph, self.part.cases, self.p, self.seed, numbers, squared, self.moves)

        def field(state: Dual) -> Dual:
            if each > 1 and any(len(v) > 1 for v in state.values()):
                state = {mask: np.repeat(v, each, axis=0) if len(v) > 1 else v for mask, v in state.items()}
            found = self._second_order(drawing, state) if self.system.second_order else self._first_order(drawing, state)
            if each == 1:
                return found
            return {mask: self._summed(v, len(counters), each) for mask, v in found.items()}

        return field

    def _summed(self, v: np.ndarray, count: int, each: int) -> np.ndarray:
        """The sum of the draws of each generator."""
        whole = np.broadcast_to(v, (count * each, v.shape[1]))
        return whole.reshape(count, each, -1).sum(axis=1) % self.p

    def _second_order(self, drawing: Drawing, state: Dual) -> Dual:
        p, n = self.p, self.part.size
        first, last = ({mask: v[:, part] for mask, v in state.items()} for part in (slice(0, n), slice(n, None)))
        start = {0: first[0]}, {0: last[0]}
        drawing.settle(lambda symbols: split(add(start[0], scaled(start[1], symbols, p), p), self.part.graph.blocks))
        symbol = drawing.symbols
        theta = add(first, scaled(last, symbol, p), p)
        at = add(scaled(first, self.rate, p), last, p) if self.system.lookahead else theta
        w = self._control(drawing, theta, at)
        return {mask: np.concatenate([v * symbol % p, -v % p], axis=1) for mask, v in w.items()}

    def _first_order(self, drawing: Drawing, state: Dual) -> Dual:
        blocks = self.part.graph.blocks
        if not self.moves:
            drawing.settle(lambda symbols: split({0: state[0]}, blocks))
            return self._control(drawing, state, state)
        drawing.settle(lambda symbols: split(scaled({0: state[0]}, symbols, self.p), blocks))
        theta = scaled(state, drawing.symbols, self.p)
        return self._control(drawing, theta, theta)

    def _control(self, drawing: Drawing, theta: Dual, at: Dual) -> Dual:
        found = self.part.control(theta, at, drawing.leaves(), self.p, around=drawing.around())
        count = len(drawing.numbers)
        return {mask: np.broadcast_to(v, (count, v.shape[1])) if len(v) < count else v for mask, v in found.items()}

    def accepts(self, point: list[int]) -> bool:
        """Whether a point is the stream's; at one of a network a lower bound is proved wherever it is, if no coordinate is zero."""
        if self.part.graph.output is None:
            return point == self.point().tolist()
        fits = len(point) == self.local and all(point) and not self._without_roots(np.array(point, dtype=np.int64)).any()
        self.stated = np.array(point, dtype=np.int64)
        return fits

    def point(self) -> np.ndarray:
        """Entries drawn again until those at which the metric is taken have its roots; of a network the certificate's."""
        if self.stated is not None:
            return self.stated
        drawn = residues(self.p, self.seed, "point", np.array([0]), self.local)[0]
        attempt = 0
        while (missing := self._without_roots(drawn)).any():
            attempt += 1
            again = residues(self.p, self.seed, f"point, attempt {attempt}", np.array([0]), self.local)[0]
            drawn = np.where(np.tile(missing, self.local // len(missing)), again, drawn)
        return drawn

    def _without_roots(self, point: np.ndarray) -> np.ndarray:
        """At which parameters the metric has a root that the point it is taken at does not have."""
        first, *rest = np.split(point, 2) if self.system.second_order else [point]
        at = (first * self.rate + rest[0]) % self.p if self.system.lookahead else first
        rooted = [self.system.exponents[name].denominator > 1 for name, shape in self.part.graph.blocks for _ in range(prod(shape))]
        return np.array([wanted and pow(int(x), (self.p - 1) // 2, self.p) != 1 for wanted, x in zip(rooted, at)])

    def values(self, words: np.ndarray) -> np.ndarray:
        """Values of left-normed brackets of one length at the point, (len(words), local)."""
        fields = [self.field(words[:, k]) for k in range(words.shape[1])]
        found = _bracket(fields, {0: self.point()[None, :]}, 1, self.p).get(0)
        shape = (len(words), self.local)
        return np.zeros(shape, dtype=np.int64) if found is None else np.broadcast_to(found, shape)


def _bracket(fields: list, state: Dual, bit: int, p: int) -> Dual:
    """[X, Y] = DY X - DX Y for X the first field and Y the bracket of the others, over duals with infinitesimals below ``bit``."""
    first = fields[0]
    if len(fields) == 1:
        return first(state)
    along_first = _bracket(fields[1:], _shifted(state, first(state), bit, p), 2 * bit, p)
    inner = {mask: v for mask, v in along_first.items() if not mask & bit}
    along_inner = first(_shifted(state, inner, bit, p))
    gain = {mask ^ bit: v for mask, v in along_first.items() if mask & bit}
    loss = {mask ^ bit: -v % p for mask, v in along_inner.items() if mask & bit}
    return add(gain, loss, p)


def _shifted(state: Dual, direction: Dual, bit: int, p: int) -> Dual:
    return add(state, {mask | bit: v for mask, v in direction.items()}, p)


@dataclass(frozen=True)
class Spanned:
    """Words of a part with their values at the point."""

    generators: Generators
    words: list[list[int]]
    vectors: np.ndarray
    dimension: int

    @property
    def filtration(self) -> tuple[int, ...]:
        """Numbers of words of length at most 1, 2, …"""
        longest = max(map(len, self.words), default=0)
        return tuple(sum(len(word) <= length for word in self.words) for length in range(1, longest + 1))

    def fresh(self, seed: int) -> list[tuple[int, np.ndarray]]:
        """(length, values) of brackets drawn afresh, of each length up to one more than the longest word."""
        found = []
        for length in range(1, min(len(self.filtration) + 1, LONGEST_WORD) + 1):
            words = (seed % 2**48 + np.arange(FRESH * length, dtype=np.int64)).reshape(FRESH, length)
            found.append((length, self.generators.values(words)))
        return found

    def rank_check(self, where: str) -> Check:
        """Whether the words are independent."""
        rows, columns = self.vectors.shape
        rank = nmod_mat(rows, columns, self.vectors.ravel().tolist(), self.generators.p).rank() if rows else 0
        return self._about(rank, where)

    def checks_of_steps(self, seed: int, where: str) -> list[Check]:
        """Whether the words are independent, and fresh brackets of a length lie in the span of words no longer: by one elimination.

        The words in order of length are columns; reduced, they must be the unit vectors, and a fresh column holds its coordinates.
        """
        count = len(self.words)
        order = np.array(sorted(range(count), key=lambda i: len(self.words[i])), dtype=np.int64)
        fresh = self.fresh(seed)
        columns = np.concatenate([self.vectors[order], *(values for _, values in fresh)]).T
        reduced, _ = nmod_mat(*columns.shape, columns.ravel().tolist(), self.generators.p).rref()
        rank = next((i for i in range(count) if reduced[i, i] != 1), count)
        beyond = [
            length
            for number, length in enumerate(length for length, _ in fresh for _ in range(FRESH))
            for below in [(0, *self.filtration)[min(length, len(self.filtration))]]
            if any(int(reduced[i, count + number]) for i in range(below, columns.shape[0]))
        ]
        detail = f"brackets of length 1, 2, … span {list(self.filtration)} dimensions; fresh ones "
        detail += f"of length {beyond[0]} lie outside" if beyond else "add none at the certificate's point"
        early = bool(beyond) and self.generators.system.network is not None and max(beyond) < len(self.filtration)
        if early:
            detail += ": some inputs came too late to be among the words, so these bound what a length spans from below only"
        return [self._about(rank, where), Check(f"{where}: filtration", not beyond or early, detail, proved=not early)]

    def _about(self, rank: int, where: str) -> Check:
        words = len(self.words)
        detail = f"the {words} brackets have rank {rank} modulo {self.generators.p} at the point; "
        return Check(f"{where}: dimension", rank == words == self.dimension, detail + f"dimension {self.dimension} is claimed")


def check_part(system: System, part: Part, stated: dict, where: str) -> tuple[list[Check], Spanned]:
    """(checks, what the words span) of a part with method brackets. Raises ReportError."""
    p, seed = count(stated, "prime", where), count(stated, "seed", where, 2**64 - 1)
    if not (2**22 < p < 2**23 and fmpz(p).is_prime()):
        raise ReportError(f"{where}.prime: {p} is not a prime between 2^22 and 2^23")
    if gcd((p - 1) // 2, system.root * (2 if part.graph.rooted else 1)) > 1:
        raise ReportError(f"{where}.prime: roots of squares modulo {p} are not unique, as metric or graph need them")
    generators = Generators(system, part, p, seed)
    words, prints = _words(stated, generators, where)
    if not generators.accepts(integers(stated, "point", where, p, LARGEST_PART)):
        raise ReportError(f"{where}: the point is not the one drawn from the seed, or has coordinates that are zero")
    vectors, wrong = _evaluate(generators, words, prints)
    check = Check(f"{where}: brackets", not wrong, _about_prints(len(words), p, wrong))
    return [check], Spanned(generators, words, vectors, count(stated, "dimension", where))


def _words(part: dict, generators: Generators, where: str) -> tuple[list[list[int]], list[int]]:
    words, local = entry(part, "words", list, where), generators.local
    if local > LARGEST_PART or len(words) > local or len(words) * local > LARGEST_MATRIX:
        raise ReportError(f"{where}: {len(words)} words in {local} coordinates, impossible or too large for this checker")
    for word in words:
        fits = isinstance(word, list) and 1 <= len(word) <= LONGEST_WORD
        if not fits or not all(type(g) is int and 0 <= g < MOST_COUNTER for g in word):
            raise ReportError(f"{where}.words must hold lists of 1 to {LONGEST_WORD} generator counters")
    prints = integers(part, "fingerprints", where, 2**23, local)
    if len(prints) != len(words):
        raise ReportError(f"{where}: {len(prints)} fingerprints for {len(words)} words")
    if sum(3 ** (len(word) - 1) for word in words) * generators.load > MOST_WORK:
        raise Undecided(f"{where}: brackets that take too long")
    return words, prints


def _evaluate(generators: Generators, words: list[list[int]], prints: list[int]) -> tuple[np.ndarray, list[int]]:
    """(values of all words, numbers of the words whose fingerprint is wrong)."""
    vectors = np.zeros((len(words), generators.local), dtype=np.int64)
    for length in sorted({len(word) for word in words}):
        rows = np.array([i for i, word in enumerate(words) if len(word) == length])
        chunk = max(1, BATCH_ENTRIES // (3 ** (length - 1) * generators.load))
        for start in range(0, len(rows), chunk):
            some = rows[start : start + chunk]
            vectors[some] = generators.values(np.array([words[i] for i in some], dtype=np.int64))
    weights = residues(generators.p, generators.seed, "check", np.array([0]), generators.local)[0]
    found = (vectors @ weights) % generators.p
    return vectors, np.flatnonzero(found != np.array(prints, dtype=np.int64)).tolist()


def _about_prints(total: int, p: int, wrong: list[int]) -> str:
    if wrong:
        return f"the value of word {wrong[0] + 1} (and {len(wrong) - 1} more) does not have its fingerprint"
    return f"{total} brackets recomputed modulo {p}, all have their fingerprints"

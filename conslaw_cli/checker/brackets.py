"""Bracket certificates: the values of the listed brackets at the listed point are recomputed and their rank is taken."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import fmpz, nmod_mat

from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.duals import Dual, add, control, scaled
from conslaw_cli.checker.models import Chain
from conslaw_cli.checker.parse import ExpressionError, constant, parse
from conslaw_cli.checker.result import Check, ReportError, count, entry, integers
from conslaw_cli.checker.system import System

LONGEST_WORD = 12
LARGEST_PART = 40_000
LARGEST_MATRIX = 150_000_000
BATCH_ENTRIES = 4_000_000


class Generators:
    """The control fields of a part in drift coordinates, each named by its counter."""

    def __init__(self, system: System, chain: Chain, p: int, seed: int) -> None:
        self.system, self.chain, self.p, self.seed = system, chain, p, seed
        self.local = chain.size * (2 if system.second_order else 1)
        self.moves = system.second_order or (system.kind == "weight-decay" and _rational(system.rate) != 0)
        self.rate = self._rate() if system.lookahead else None

    def _rate(self) -> int:
        if self.system.letter:
            return int(residues(self.p, self.seed, "rate", np.array([0]), 1)[0, 0])
        value = _rational(self.system.rate)
        if value is None:
            raise ReportError(f"a metric at the lookahead point needs a rational rate or a letter, not {self.system.rate}")
        return value.numerator * pow(value.denominator, -1, self.p) % self.p

    def field(self, counters: np.ndarray):
        """The map of states to vectors, one generator for each counter in the batch."""
        p, system = self.p, self.system
        coefficients = {
            name: residues(p, self.seed, f"coefficient/{name}", counters, rows * columns).reshape(-1, rows, columns)
            for name, (rows, columns) in self.chain.coefficients().items()
        }
        symbol = residues(p, self.seed, "symbol", counters, 1) if self.moves else np.ones((1, 1), dtype=np.int64)

        def second_order(state: Dual) -> Dual:
            n = self.chain.size
            first, last = ({mask: v[:, part] for mask, v in state.items()} for part in (slice(0, n), slice(n, None)))
            theta = add(first, scaled(last, symbol, p), p)
            at = add(scaled(first, self.rate, p), last, p) if system.lookahead else theta
            w = control(self.chain, system.exponents, theta, at, coefficients, p)
            return {mask: np.concatenate([v * symbol % p, -v % p], axis=1) for mask, v in w.items()}

        def first_order(state: Dual) -> Dual:
            theta = scaled(state, symbol, p)
            return control(self.chain, system.exponents, theta, theta, coefficients, p)

        return second_order if system.second_order else first_order

    def point(self) -> np.ndarray:
        return residues(self.p, self.seed, "point", np.array([0]), self.local)[0]

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


def _rational(text: str) -> Fraction | None:
    try:
        return constant(parse(text, names=frozenset({"t", text})))
    except ExpressionError:
        return None


def check_part(system: System, chain: Chain, copies: int, part: dict, where: str) -> tuple[list[Check], int, list[int]]:
    """(checks, dimension of one copy, number of words by length) of a part with method brackets. Raises ReportError."""
    stated = [[name, list(shape)] for name, shape in chain.blocks]
    if count(part, "copies", where) != copies or entry(part, "blocks", list, where) != stated:
        raise ReportError(f"{where}: the model asks for {copies} copies of the blocks {stated}")
    p, seed = count(part, "prime", where), count(part, "seed", where, 2**64 - 1)
    if not (2**22 < p < 2**23 and fmpz(p).is_prime()):
        raise ReportError(f"{where}.prime: {p} is not a prime between 2^22 and 2^23")
    generators = Generators(system, chain, p, seed)
    words, prints = _words(part, generators.local, where)
    if integers(part, "point", where, p, LARGEST_PART) != generators.point().tolist():
        return [Check(f"{where}: point", False, "the point is not the one drawn from the seed")], 0, []
    vectors, wrong = _evaluate(generators, words, prints)
    dimension = count(part, "dimension", where)
    checks = [
        Check(f"{where}: brackets", not wrong, _about_prints(len(words), p, wrong)),
        _rank_check(vectors, generators, dimension, where),
    ]
    return checks, dimension, [len([w for w in words if len(w) == k + 1]) for k in range(LONGEST_WORD)]


def _words(part: dict, local: int, where: str) -> tuple[list[list[int]], list[int]]:
    words = entry(part, "words", list, where)
    if local > LARGEST_PART or len(words) > local or len(words) * local > LARGEST_MATRIX:
        raise ReportError(f"{where}: {len(words)} words in {local} coordinates, impossible or too large for this checker")
    for word in words:
        fits = isinstance(word, list) and 1 <= len(word) <= LONGEST_WORD
        if not fits or not all(type(g) is int and 0 <= g < 2**63 for g in word):
            raise ReportError(f"{where}.words must hold lists of 1 to {LONGEST_WORD} generator counters")
    prints = integers(part, "fingerprints", where, 2**23, local)
    if len(prints) != len(words):
        raise ReportError(f"{where}: {len(prints)} fingerprints for {len(words)} words")
    return words, prints


def _evaluate(generators: Generators, words: list[list[int]], prints: list[int]) -> tuple[np.ndarray, list[int]]:
    """(values of all words, numbers of the words whose fingerprint is wrong)."""
    vectors = np.zeros((len(words), generators.local), dtype=np.int64)
    for length in sorted({len(word) for word in words}):
        rows = np.array([i for i, word in enumerate(words) if len(word) == length])
        chunk = max(1, BATCH_ENTRIES // (3 ** (length - 1) * generators.local))
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


def _rank_check(vectors: np.ndarray, generators: Generators, dimension: int, where: str) -> Check:
    rows, columns = vectors.shape
    rank = nmod_mat(rows, columns, vectors.ravel().tolist(), generators.p).rank() if rows else 0
    fits = rank == rows == dimension
    detail = f"the {rows} brackets have rank {rank} modulo {generators.p} at the point; dimension {dimension} is claimed"
    return Check(f"{where}: dimension", fits, detail)

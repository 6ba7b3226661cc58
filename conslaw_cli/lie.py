"""The trace of a generated Lie algebra at a generic point: growth by random left-normed brackets, filtration, closure.

THEORY sections 2 and 3. The value [X_1,[X_2,...,X_k]](z) is computed by nested directional derivatives over truncated
rings, so no bracket is ever expanded; all slots are drafted afresh, and what is found independent is kept as a word.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log2

import numpy as np

from conslaw_cli.flows.part import PartFlow, VectorField, scalar
from conslaw_cli.flows.ratiobounds import RatioBounds, Unbounded
from conslaw_cli.flows.wordbounds import WordBounds
from conslaw_cli.limits import LIMITS
from conslaw_cli.rings.bounds import degree
from conslaw_cli.rings.echelon import Echelon
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.stream import Stream
from conslaw_cli.steps import Listener, Step, nobody

CLOSURE_BRACKETS = 8
MEMORY_BYTES = 250_000_000
MOST_BITS = 1000
"""Bits of an error bound that floating point tells from none."""


class TooLarge(Exception):
    """The computation would need more memory than the engine allows; the message names the sizes."""


@dataclass(frozen=True)
class Trace:
    """A lower bound for the dimension of the trace with its witnesses, and whether the growth closed.

    ``words[i]`` holds the generator ids of the i-th independent bracket at ``point`` modulo ``prime``, ``fingerprints[i]`` the
    product of its value with a vector drawn from the seed; ``filtration`` the dimensions after brackets of length 1, 2, ….
    If ``closed``, the dimension is exact with an error probability below 2^-``error_bits``, which is 0 where no bound is known or wanted.
    """

    dimension: int
    filtration: tuple[int, ...]
    words: tuple[tuple[int, ...], ...]
    fingerprints: tuple[int, ...]
    prime: int
    seed: int
    point: tuple[int, ...]
    closed: bool
    error_bits: float
    time_rank: int
    """Rank of the time translations modulo the trace."""
    time_outside: tuple[bool, ...]
    """For each time translation alone whether it lies outside the trace."""


def left_normed(field: Field, slots: list[VectorField], state: np.ndarray) -> np.ndarray:
    """[X_1,[X_2,[...,X_k]]] at jets of states (2^j, batch, n), with [X,Y] = DY X - DX Y."""
    first, rest = slots[0], slots[1:]
    if not rest:
        return first(state)
    inner_and_derivative = left_normed(field, rest, _along(state, first(state)))
    inner, derivative = np.split(inner_and_derivative, 2)
    return field.subtract(derivative, first(_along(state, inner))[len(inner) :])


def _along(state: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """state + e direction, e a new infinitesimal."""
    return np.concatenate([np.broadcast_to(state, direction.shape), direction])


@dataclass
class Growth:
    """The distribution grown so far at one point modulo one prime: an echelon form and the words that span it."""

    flow: PartFlow
    seed: int
    listener: Listener = nobody
    most: int | None = None
    """No rank above this is possible: there are laws; by default the dimension of the state space."""

    def __post_init__(self) -> None:
        self.stream = Stream(self.seed)
        self.field = self.flow.field(self.stream, "prime")
        self.point = self.flow.point(self.field, self.stream)
        self.echelon = Echelon(self.field, self.flow.dimension)
        self.words: list[tuple[int, ...]] = []
        self.fingerprints: list[int] = []
        self._check = self.field.residues(self.stream.nonzero(self.field.p, "check", np.array([0]), len(self.point)))
        self._next = 0
        self.most = self.flow.dimension if self.most is None else self.most

    @property
    def full(self) -> bool:
        return self.echelon.rank == self.most

    def extend(self, length: int) -> None:
        """Add random brackets of one length until some are dependent; of generators that are not alike, until all of a batch are."""
        batch, varied = 16, self.flow.varied
        while not self.full:
            new = self._add(length, batch if varied else min(batch, self.most - self.echelon.rank + 2))
            if not (new.any() if varied else new.all()):
                return
            batch = min(2 * batch, 64 if varied and new.mean() < 0.5 else 512)

    def closes(self, length: int) -> bool:
        """Whether a few random brackets of this length all lie in the span; those that do not join it."""
        return not self._add(length, CLOSURE_BRACKETS * (4 if self.flow.varied else 1)).any()

    def time_rank(self) -> tuple[int, tuple[bool, ...]]:
        """(rank of the time translations modulo the trace, for each alone whether it is outside). Ends the growth."""
        fields = self.flow.dynamics.time_fields
        if not fields:
            return 0, ()
        rows = np.concatenate([self._linear_field(matrix) for matrix in fields])
        outside = tuple(bool(row.any()) for row in self.echelon.reduced(rows))
        return int(self.echelon.add(rows).sum()), outside

    def _add(self, length: int, count: int) -> np.ndarray:
        """Draw brackets and keep the independent ones; the mask says which."""
        words = np.arange(self._next, self._next + count * length).reshape(count, length)
        self._next += count * length
        chunk = max(1, MEMORY_BYTES // (8 * 3 ** (length - 1) * self.flow.dimension))
        values = np.concatenate([self._values(words[start : start + chunk]) for start in range(0, count, chunk)])
        independent = self.echelon.add(values)
        self.words.extend(tuple(word) for word in words[independent].tolist())
        products = self.field.matmul(values[independent], self._check.T)
        self.fingerprints.extend(self.field.integers(products)[:, 0].tolist())
        rank = self.echelon.rank
        self.listener(Step("growing the trace", f"dimension {rank} of at most {self.flow.dimension}", dimension=rank))
        return independent

    def _values(self, words: np.ndarray) -> np.ndarray:
        slots = [self.flow.generators(self.field, self.stream, words[:, k]) for k in range(words.shape[1])]
        return left_normed(self.field, slots, self.point[None, None, :])[0]

    def _linear_field(self, matrix: tuple) -> np.ndarray:
        pieces = np.split(self.point, len(matrix))
        constants = self.flow.constants(self.field, self.stream)
        rows = []
        for scalars in matrix:
            total = np.zeros_like(pieces[0])
            for factor, piece in zip(scalars, pieces):
                total = self.field.add(total, self.field.multiply(scalar(self.field, factor, constants)[0, 0], piece))
            rows.append(total)
        return np.concatenate(rows)[None, :]


def require_size(flow: PartFlow) -> None:
    """Raises TooLarge when a part has more coordinates than the echelon form may hold, or more layers than brackets can run through."""
    if flow.dimension > LIMITS.coordinates:
        raise TooLarge(f"a group of parameters has {flow.dimension} coordinates, the engine holds {LIMITS.coordinates}")
    if (reached := degree(flow.program)) > LIMITS.functional_degree:
        raise TooLarge(f"polynomials of degree {reached:.0f}, the engine holds {LIMITS.functional_degree}")
    most = LIMITS.operations if flow.program.output is None else LIMITS.network_operations
    if (operations := len(flow.program.dependence)) > most:
        raise TooLarge(f"the gradients of a group of parameters take {operations} operations, the engine holds {most}")


def trace(flow: PartFlow, seed: int, listener: Listener = nobody, most: int | None = None) -> Trace:
    """Grow the distribution level by level until random brackets of the next length lie in the span.

    ``most`` is a bound that the rank is known to have: the dimension less the number of independent laws that are verified; where
    it is reached both are proved, and nothing further is tried. See :func:`require_size` for what is too large.
    """
    growth = Growth(flow, seed, listener, most)
    filtration: list[int] = []
    closed = False
    while not closed and len(filtration) < LIMITS.word:
        length = len(filtration) + 1
        if length > 1 and growth.closes(length):
            closed = True
            break
        growth.extend(length)
        filtration.append(growth.echelon.rank)
        closed = growth.full
    rank, full = growth.echelon.rank, growth.full
    time_rank, outside = growth.time_rank()
    return Trace(
        dimension=rank,
        filtration=tuple(filtration),
        words=tuple(growth.words),
        fingerprints=tuple(growth.fingerprints),
        prime=growth.field.p,
        seed=seed,
        point=tuple(growth.field.integers(growth.point).tolist()),
        closed=closed,
        error_bits=0.0 if full and not flow.program.polynomial else _error_bits(flow, growth.words, len(filtration) + 1, growth.field.p),
        time_rank=time_rank,
        time_outside=outside,
    )


def _error_bits(flow: PartFlow, words: list[tuple[int, ...]], length: int, prime: int) -> float:
    """-log2 of a bound for the probability that a growth closes below the generic rank, or misses a translation of time.

    Up to its first deviation a growth follows a fixed design: the draws that are generically independent, and generically the
    growth closes at the generic rank only. Closing at rank r below it, without a word longer than ``length``, means that the first
    draw that was dependent against the design is among the first r + 1 of it: a fixed minor of these vectors vanishes at the point
    modulo the prime. So does, where r is the generic rank and a translation of time outside seems inside, one of r vectors and the
    translations; hence a factor of two. A polynomial minor vanishes

    - at a random point modulo a prime that does not divide it with a probability of at most its degree / (p - 1)
      (Schwartz 1980, Zippel 1979);
    - because the prime divides all of it: at most log2 of its 1-norm / 22 primes of 23 bits do, out of ``PRIMES``.

    The degrees and 1-norms of brackets are those of :mod:`conslaw_cli.flows.wordbounds`, from the program itself; where that is no
    polynomial, those of :mod:`conslaw_cli.flows.ratiobounds`. A minor's degree is at most the sum of its rows' and its 1-norm at most the product of the rows', each times the number of rows.
    """
    if not flow.cases.mixed:
        return 0.0
    if not flow.program.polynomial:
        return _ratio_bits(flow, Counter([*map(len, words), length]), prime)
    bounds, translations = WordBounds(flow), len(flow.dynamics.time_fields)
    numbers = [number.bit_length() for number in flow.numbers]
    lengths = Counter([*map(len, words), length])
    rows = lengths.total() + translations
    degree = sum(count * bounds.degree(k) for k, count in lengths.items()) + 2 * translations
    bits = sum(count * bounds.norm_bits(k) for k, count in lengths.items())
    bits += rows * log2(rows) + translations * max(numbers, default=1)
    return _bits(bounds.vanishing(degree, prime) + bits / 22 / max(1.0, bounds.primes - sum(numbers) / 22), translations)


def _ratio_bits(flow: PartFlow, lengths: Counter[int], prime: int) -> float:
    """The same of a program with reciprocals and functions, under the Euclidean metric; 0 where there is no bound."""
    if not flow.euclidean:
        return 0.0
    numbers, translations = sum(number.bit_length() for number in flow.numbers), len(flow.dynamics.time_fields)
    try:
        failing = RatioBounds(flow).failing(lengths, translations, prime, max(1.0, WordBounds(flow).primes - numbers / 22))
    except Unbounded:
        return 0.0
    return _bits(failing, translations)


def _bits(failing: float, translations: int) -> float:
    """-log2 of a probability, twice where there are translations; no fields but zero never fail."""
    return max(0.0, -log2(max(failing, 2.0**-MOST_BITS)) - (1 if translations else 0))

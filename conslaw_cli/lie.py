"""The trace of a generated Lie algebra at a generic point: growth by random left-normed brackets, filtration, closure.

THEORY sections 2 and 3. The value [X_1,[X_2,...,X_k]](z) is computed by nested directional derivatives over truncated
rings, so no bracket is ever expanded; all slots are drafted afresh, and what is found independent is kept as a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np

from conslaw_cli.exact import jets
from conslaw_cli.exact.echelon import Echelon
from conslaw_cli.exact.field import Field, random_prime
from conslaw_cli.exact.stream import Stream
from conslaw_cli.flows.part import PartFlow, VectorField, scalar

CLOSURE_BRACKETS = 8
LONGEST_WORD = 9
MEMORY_BYTES = 250_000_000
LARGEST_DIMENSION = 20_000


class TooLarge(Exception):
    """The computation would need more memory than the engine allows; the message names the sizes."""


@dataclass(frozen=True)
class Trace:
    """A lower bound for the dimension of the trace with its witnesses, and whether the growth closed.

    ``words[i]`` holds the generator ids of the i-th independent bracket at ``point`` modulo ``prime``; ``filtration`` the dimensions
    after brackets of length 1, 2, …. ``error_bits`` b: the dimension is exact with error probability below 2^-b if ``closed``.
    """

    dimension: int
    filtration: tuple[int, ...]
    words: tuple[tuple[int, ...], ...]
    prime: int
    seed: int
    point: tuple[int, ...]
    closed: bool
    error_bits: float
    time_dimension: int
    """Dimension after adding the fields that translate time."""


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
class Brackets:
    """Draws random brackets of a flow at one point modulo one prime."""

    flow: PartFlow
    seed: int

    def __post_init__(self) -> None:
        self.stream = Stream(self.seed)
        self.field = Field(random_prime(self.stream.derive("prime", 0)))
        self.point = self.flow.point(self.field, self.stream)
        self._next = 0

    def draw(self, length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(words (count, length), values (count, dimension))."""
        words = np.arange(self._next, self._next + count * length).reshape(count, length)
        self._next += count * length
        chunk = max(1, MEMORY_BYTES // (8 * 3 ** (length - 1) * self.flow.dimension))
        values = [self._values(words[start : start + chunk]) for start in range(0, count, chunk)]
        return words, np.concatenate(values)

    def _values(self, words: np.ndarray) -> np.ndarray:
        slots = [self.flow.generators(self.field, self.stream, words[:, k]) for k in range(words.shape[1])]
        return left_normed(self.field, slots, self.point[None, None, :])[0]


def trace(flow: PartFlow, seed: int) -> Trace:
    """Grow the distribution level by level until random brackets of the next length lie in the span.

    Raises TooLarge when the state space exceeds what the echelon form may hold.
    """
    if flow.dimension > LARGEST_DIMENSION:
        raise TooLarge(f"a part with {flow.dimension} coordinates (at most {LARGEST_DIMENSION})")
    brackets = Brackets(flow, seed)
    echelon = Echelon(brackets.field, flow.dimension)
    words: list[tuple[int, ...]] = []
    filtration: list[int] = []
    closed = False
    for length in range(1, LONGEST_WORD + 1):
        if length > 1 and _closure_holds(brackets, echelon, words, length):
            closed = True
            break
        _grow(brackets, echelon, words, length)
        filtration.append(echelon.rank)
        if echelon.rank == flow.dimension:
            closed = True
            break
    return Trace(
        dimension=echelon.rank,
        filtration=tuple(filtration),
        words=tuple(words),
        prime=brackets.field.p,
        seed=seed,
        point=tuple(int(x) for x in brackets.field.integers(brackets.point)),
        closed=closed,
        error_bits=_error_bits(flow, echelon.rank, len(filtration) + 1, brackets.field.p),
        time_dimension=_with_time(brackets, echelon),
    )


def _closure_holds(brackets: Brackets, echelon: Echelon, words: list, length: int) -> bool:
    drawn, values = brackets.draw(length, CLOSURE_BRACKETS)
    independent = echelon.add(values)
    words.extend(tuple(int(i) for i in word) for word in drawn[independent])
    return not independent.any()


def _grow(brackets: Brackets, echelon: Echelon, words: list, length: int) -> None:
    """Add brackets of one length until some are dependent."""
    batch = 16
    while echelon.rank < echelon.columns:
        count = min(batch, echelon.columns - echelon.rank + 2)
        drawn, values = brackets.draw(length, count)
        independent = echelon.add(values)
        words.extend(tuple(int(i) for i in word) for word in drawn[independent])
        if not independent.all():
            return
        batch = min(2 * batch, 512)


def _with_time(brackets: Brackets, echelon: Echelon) -> int:
    """Rank after adding the time translations' values at the point; ends the use of the echelon."""
    fields = brackets.flow.dynamics.time_fields
    if fields:
        echelon.add(np.concatenate([_linear_field(brackets, matrix) for matrix in fields]))
    return echelon.rank


def _linear_field(brackets: Brackets, matrix: tuple) -> np.ndarray:
    field, pieces = brackets.field, np.split(brackets.point, len(matrix))
    constants = brackets.flow.constants(field, brackets.stream)
    rows = []
    for scalars in matrix:
        total = np.zeros_like(pieces[0])
        for factor, piece in zip(scalars, pieces):
            total = field.add(total, field.multiply(scalar(field, factor, constants)[0, 0], piece))
        rows.append(total)
    return np.concatenate(rows)[None, :]


def _error_bits(flow: PartFlow, rank: int, length: int, prime: int) -> float:
    """-log2 of a bound for the probability that the rank found is below the generic rank although the growth closed.

    A minor of size at most rank + 1 has degree at most (rank + 1) * length * degree in point and coefficients (Schwartz, Zippel), and
    the prime is one of more than 2^18 that are drawn from, of which those that divide a fixed coefficient of such a minor, of
    at most 32 bits per factor, are few.
    """
    degree = 2 * (len(flow.program.blocks) + sum(flow.exponents)) + 2
    weight = (rank + 1) * length * degree
    return max(0.0, -log2(weight / (prime - 1) + 2 * weight / 2**18 / 22))

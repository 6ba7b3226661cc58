"""Own growths: the trace grown afresh at a point of the checker's own, for what a list of words does not show.

The words of a certificate prove a lower bound. That the generic dimension is no larger, that each step of the filtration is as stated, and
that a translation of time lies in the trace, is shown by growing again at a random point modulo a random prime of 61 bits: brackets
of length 1, 2, ... are drawn until new ones are dependent, up to a length that adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, log2

import numpy as np
from flint import fmpz, nmod_mat

from conslaw_cli.checker.brackets import BATCH_ENTRIES, LONGEST_WORD, MOST_WORK, Generators
from conslaw_cli.checker.parts import Part
from conslaw_cli.checker.result import Undecided
from conslaw_cli.checker.system import System

CLOSING = 4
"""Brackets that must be dependent before a length is finished."""
LARGEST_OWN = 120
"""Coordinates of a part up to which it is grown again."""


@dataclass(frozen=True)
class Grown:
    filtration: tuple[int, ...]
    closed: bool
    time_rank: int
    bits: float
    """-log2 of the probability that the dimension found is not the generic one."""

    @property
    def dimension(self) -> int:
        return self.filtration[-1] if self.filtration else 0


def grow(system: System, part: Part, seed: int, most: int) -> Grown:
    """A growth up to brackets of length ``most``, which is the length expected to suffice, and one more."""
    p = 2**60 + seed % 2**59
    while not fmpz(p).is_prime() or gcd((p - 1) // 2, system.root) > 1:
        p += 1
    generators = Generators(system, part, p, seed % 2**64)
    rows: list[list[int]] = []
    filtration: list[int] = []
    counter, closed = 0, False
    for length in range(1, min(most + 1, LONGEST_WORD) + 1):
        before = len(rows)
        while len(rows) < generators.local:
            batch = generators.local - len(rows) if length == 1 else max(4, (generators.local - len(rows)) // 2)
            words = np.arange(counter, counter + (batch + CLOSING) * length).reshape(-1, length)
            counter += words.size
            if 3 ** (length - 1) * len(words) * generators.load > MOST_WORK:
                raise Undecided("brackets that take too long to be grown again")
            found = _values(generators, words)
            start = len(rows)
            rows = _basis([*rows, *found], p)
            if len(rows) - start <= batch:
                break
        if len(rows) == before and length > 1:
            closed = True
            break
        filtration.append(len(rows))
        if len(rows) == generators.local:
            closed = True
            break
    moved = generators.translations()
    time_rank = len(_basis([*rows, *moved], p)) - len(rows)
    return Grown(tuple(filtration), closed, time_rank, _bits(system, part, len(rows), len(filtration) + 1))


def _values(generators: Generators, words: np.ndarray) -> list[list[int]]:
    chunk = max(1, BATCH_ENTRIES // (3 ** (words.shape[1] - 1) * generators.load))
    pieces = [generators.values(words[start : start + chunk]) for start in range(0, len(words), chunk)]
    return [row for piece in pieces for row in piece.tolist()]


def _basis(rows: list[list[int]], p: int) -> list[list[int]]:
    """Rows with the same span, independent."""
    if not rows:
        return []
    reduced, rank = nmod_mat(len(rows), len(rows[0]), [x for row in rows for x in row], p).rref()
    return [[int(x) for x in row] for row in reduced.table()[:rank]]


def _bits(system: System, part: Part, rank: int, length: int) -> float:
    """A minor of rank + 1 brackets vanishes at a random point by accident, or modulo a random prime among some 2^53 of 61 bits.

    Its degree is at most (rank + 1) * length * degree of a generator (Schwartz, Zippel); its coefficients have at most ``norm`` bits a
    row and length, so at most that many sixtieths of primes divide one of them.
    """
    exponents = max(metric.exponent for metric in part.metrics.values())
    in_theta, in_coefficients = part.graph.degrees
    degree = 2 * in_theta + in_coefficients + 2 * exponents
    degree *= 1 if system.root == 1 else 8 * system.root * part.size
    size = rank + 1
    norm = (degree + 2) * (3 + log2(1 + part.size)) + part.graph.steps[-1].size + 64 * degree + sum(metric.bits for metric in part.metrics.values())
    vanishing = size * length * degree / 2**60
    bad_primes = size * (log2(size) + length * norm) / 60 / 2**52
    return max(0.0, -log2(vanishing + bad_primes))

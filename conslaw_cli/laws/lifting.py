"""From kernels modulo primes to rational vectors: Chinese remainders, rational reconstruction, short bases."""

from __future__ import annotations

from math import lcm

import numpy as np

from conslaw_cli.limits import LIMITS

CHANCE_BITS = 20
"""A random residue passes for a fraction with a probability below 2^-20."""


def lifted(kernels: list[tuple[int, np.ndarray]]) -> list[list[int]] | None:
    """A short integer basis of the vectors whose residues by prime are given as rows, or None if there are no such vectors.

    ``kernels`` holds (prime, integer residues) with the same shape for each prime.
    """
    if not kernels[0][1].size:
        return []
    modulus, combined = 1, np.zeros_like(kernels[0][1], dtype=object)
    for prime, residues in kernels:
        step = (residues.astype(object) - combined) * pow(modulus, -1, prime) % prime
        combined, modulus = combined + step * modulus, modulus * prime
    vectors = [_integers(row, modulus) for row in combined.tolist()]
    return None if None in vectors else _shortened(vectors)


def _integers(vector: list[int], modulus: int) -> list[int] | None:
    """A vector of residues as coprime integers, or None."""
    fractions = {x: _fraction(x, modulus) for x in set(vector)}
    if None in fractions.values():
        return None
    scale = lcm(*(denominator for _, denominator in fractions.values()))
    return [fractions[x][0] * (scale // fractions[x][1]) for x in vector]


def _fraction(x: int, modulus: int) -> tuple[int, int] | None:
    """(numerator, denominator) congruent to x (Wang's algorithm), of absolute values whose pairs are a 2^-20th of all residues."""
    bound = int((modulus >> (CHANCE_BITS + 2)) ** 0.5)
    a, b, u, v = modulus, x, 0, 1
    while b > bound:
        quotient = a // b
        a, b, u, v = b, a - quotient * b, v, u - quotient * v
    if abs(v) > bound:
        return None
    return (b, v) if v > 0 else (-b, -v)


def _shortened(vectors: list[list[int]]) -> list[list[int]]:
    """An LLL-reduced basis where supports overlap and the size allows."""
    if len(vectors) < 2 or len(vectors[0]) > LIMITS.reduced_basis:
        return vectors
    overlap = np.count_nonzero(np.array([[x != 0 for x in v] for v in vectors]), axis=0).max()
    if overlap < 2:
        return vectors
    from flint import fmpz_mat

    reduced = fmpz_mat(vectors).lll()
    return [[int(x) for x in row] for row in reduced.tolist()]

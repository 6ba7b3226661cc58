"""Sparse truncated dual numbers: {set of infinitesimals as a bit mask: array of residues}, absent entries are zero.

An array is int64 for small primes, object for large ones; the leading axis of an array is a batch (or of length one).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

Dual = dict[int, np.ndarray]


def add(a: Dual, b: Dual, p: int) -> Dual:
    total = dict(a)
    for mask, value in b.items():
        total[mask] = (total[mask] + value) % p if mask in total else value
    return total


def product(a: Dual, b: Dual, p: int, times=np.multiply) -> Dual:
    """The bilinear product ``times``, reduced; squares of infinitesimals vanish."""
    total: Dual = {}
    for i, left in a.items():
        for j, right in b.items():
            if not i & j:
                term = times(left, right) % p
                total[i | j] = (total[i | j] + term) % p if i | j in total else term
    return total


def power(a: Dual, exponent: Fraction | int, p: int) -> Dual:
    """a^exponent for exponent > 0, entrywise; fractional ones of squares, of which they are squares."""
    if Fraction(exponent).denominator > 1:
        return _series(a, Fraction(exponent), p)
    result = a
    for bit in bin(int(exponent))[3:]:
        result = product(result, result, p)
        if bit == "1":
            result = product(result, a, p)
    return result


def _series(a: Dual, exponent: Fraction, p: int) -> Dual:
    """The binomial series in the infinitesimals."""
    order, start = (p - 1) // 2, a[0]
    inside = exponent.numerator * pow(exponent.denominator, -1, order) % order
    ratio = product({mask: v for mask, v in a.items() if mask}, {0: raised(start, p - 2, p)}, p)
    term, factor, total = {0: np.ones_like(start)}, Fraction(1), {0: np.ones_like(start)}
    for i in range(1, max(a).bit_length() + 1):
        term, factor = product(term, ratio, p), factor * (exponent - i + 1) / i
        total = add(total, scaled(term, factor.numerator * pow(factor.denominator, -1, p) % p, p), p)
    return product(total, {0: raised(start, inside, p)}, p)


def raised(array: np.ndarray, exponent: int, p: int) -> np.ndarray:
    """Entrywise powers modulo p."""
    return np.array([pow(int(x), exponent, p) for x in array.ravel()], dtype=array.dtype).reshape(array.shape)


def scaled(a: Dual, factor, p: int) -> Dual:
    return {mask: value * factor % p for mask, value in a.items()}

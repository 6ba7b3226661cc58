"""Prime fields F_p, p < 2^23, on float64 arrays.

A residue is a float64 of absolute value at most ``BOUND`` = 2^22. Products are at most 2^44 and sums of up to ``INNER`` = 256
of them 2^52, so nothing is ever rounded. Every operation returns residues, :meth:`Field.residues` is the way in, and an
unreduced value cannot pass: :meth:`Field.reduce` refuses what may have been rounded, :meth:`Field.matmul` what is no residue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

Rationals = tuple[tuple[Fraction, ...], ...]
EXACT = 2**53
BOUND = 2**22
INNER = 256
PIECE = 2**15
LARGEST_PRIME_BELOW = 2**23 - 14
PRIMES = 268_216
"""Number of the primes that random ones are drawn from."""


@dataclass(frozen=True)
class Field:
    """F_p for a prime 2 < p < 2^23 - 14."""

    p: int

    def __post_init__(self) -> None:
        if not 2 < self.p < LARGEST_PRIME_BELOW:
            raise ValueError(f"prime {self.p} outside (2, {LARGEST_PRIME_BELOW}): products would not be exact")

    def residues(self, values) -> np.ndarray:
        """Integers of any size (array-like) as residues."""
        array = np.asarray(values)
        if array.dtype.kind == "u":
            array = array % np.uint64(self.p)
        elif array.dtype.kind in "iO":
            array = array % self.p
        else:
            raise TypeError(f"residues of {array.dtype}: integers wanted")
        return self.reduce(array.astype(np.float64))

    def rationals(self, matrix: Rationals) -> np.ndarray:
        """A matrix of rationals as residues. Raises ValueError where the prime divides a denominator."""
        return np.array([[self.residue(x.numerator * pow(x.denominator, -1, self.p)) for x in row] for row in matrix])

    def reduce(self, x: np.ndarray) -> np.ndarray:
        """Residues of integer-valued float64, in place. Raises OverflowError at 2^53, where integers are rounded.

        The quotient x/p is below 2^30 + 1 with an error below 2^-22 before rounding, so the result is within p/2 + 2 <= 2^22.
        """
        for piece in _pieces(x):
            if not _largest(piece) < EXACT:
                raise OverflowError("a value of 2^53 or more: some factor was not reduced")
            quotient = piece * (1.0 / self.p)
            np.rint(quotient, out=quotient)
            quotient *= self.p
            piece -= quotient
        return x

    def integers(self, x: np.ndarray) -> np.ndarray:
        """Residues as int64 in [0, p)."""
        return x.astype(np.int64) % self.p

    def add(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.reduce(a + b)

    def subtract(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.reduce(a - b)

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.reduce(a * b)

    def matmul(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """a @ b, batched as in numpy; the inner dimension is cut into pieces of 256. Raises OverflowError."""
        inner = a.shape[-1]
        if inner == 1:
            return self.reduce(a * b)
        if not max(_largest(a), _largest(b)) <= BOUND:
            raise OverflowError("a factor of a matrix product is not reduced")
        total = self.reduce(np.matmul(a[..., :INNER], b[..., :INNER, :]))
        for start in range(INNER, inner, INNER):
            piece = np.matmul(a[..., start : start + INNER], b[..., start : start + INNER, :])
            total = self.reduce(total + self.reduce(piece))
        return total

    def less_product(self, c: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """c - a @ b for matrices with an inner dimension of at most 256: below 2^22 + 2^52, reduced once. Raises OverflowError."""
        if a.shape[1] > INNER or not max(_largest(a), _largest(b)) <= BOUND:
            raise OverflowError("a factor of a matrix product is not reduced, or too long")
        product = np.matmul(a, b)
        return self.reduce(np.subtract(c, product, out=product))

    def inverse(self, value: float) -> int:
        """1/value for one nonzero residue. Raises ValueError for zero."""
        return self.residue(pow(int(value), -1, self.p))

    def residue(self, value: int) -> float:
        """One integer as a residue."""
        return float((value + self.p // 2) % self.p - self.p // 2)

    def inverses(self, x: np.ndarray) -> np.ndarray:
        """Entrywise 1/x by Fermat's little theorem. Raises ValueError where an entry is zero."""
        if not x.all():
            raise ValueError(f"zero has no inverse modulo {self.p}")
        return self._raised(x, self.p - 2)

    def is_square(self, x: np.ndarray) -> np.ndarray:
        """Whether entries are squares and not zero (Euler's criterion)."""
        return self._raised(x, (self.p - 1) // 2) == 1

    def power(self, x: np.ndarray, exponent: int | Fraction) -> np.ndarray:
        """Entrywise x**exponent for any integer exponent. Raises ValueError for a negative power of zero.

        The squares form a group of order (p - 1)/2. Where the exponent's denominator is prime to that, it is a power within the group, of
        entries that are squares. Raises ValueError for other entries, and for other denominators.
        """
        if Fraction(exponent).denominator > 1:
            if not self.is_square(x).all():
                raise ValueError(f"a root of what is no square modulo {self.p}")
            return self._raised(x, self._in_squares(exponent))
        exponent = int(exponent)
        return self._raised(self.inverses(x) if exponent < 0 else x, abs(exponent))

    def power_where_defined(self, x: np.ndarray, exponent: int | Fraction) -> tuple[np.ndarray, np.ndarray]:
        """(x**exponent, which entries have it); one where they have none, for an integer or half of one below 0, or a half.

        Modulo p = 3 mod 4 the group of squares has an odd order m, and y = x^e with 2 e = n modulo m has y^2 = x^n for squares x, -x^n for
        others where n is odd: so one power tells both.
        """
        if isinstance(exponent, int):
            fine = x != 0
            safe = x if fine.all() else np.where(fine, x, 1.0)
            return self._raised(safe, -exponent * (self.p - 2)), fine
        root, n = self._raised(x, self._in_squares(exponent)), exponent.numerator
        square = self.multiply(root, root)
        fine = (self.multiply(square, self._raised(x, -n)) == 1) if n < 0 else (square == self._raised(x, n)) & (x != 0)
        return (root if fine.all() else np.where(fine, root, 1.0)), fine

    def _in_squares(self, exponent: Fraction) -> int:
        """An integer that acts as a fraction does on squares."""
        order = (self.p - 1) // 2
        return exponent.numerator * pow(exponent.denominator, -1, order) % order

    def _raised(self, x: np.ndarray, exponent: int) -> np.ndarray:
        """x**exponent for residues x and an exponent of 0 or more; every product is one of two residues, below 2^44."""
        if not _largest(x) <= BOUND:
            raise OverflowError("the base of a power is not reduced")
        result, square, inverse = None, x, 1.0 / self.p
        while exponent:
            if exponent & 1:
                result = square if result is None else _product(result, square, self.p, inverse)
            exponent >>= 1
            if exponent:
                square = _product(square, square, self.p, inverse)
        return np.ones_like(x) if result is None else result.copy() if result is x else result


def _product(a: np.ndarray, b: np.ndarray, p: int, inverse: float) -> np.ndarray:
    """The product of residues, reduced as in :meth:`Field.reduce`."""
    x = a * b
    quotient = np.rint(x * inverse)
    quotient *= p
    x -= quotient
    return x


def _pieces(x: np.ndarray) -> Iterable[np.ndarray]:
    """Views that make up an array, each small enough for a processor's cache where the array is contiguous."""
    if x.size <= PIECE or not x.flags.c_contiguous:
        return (x,)
    flat = x.reshape(-1)
    return (flat[start : start + PIECE] for start in range(0, len(flat), PIECE))


def _largest(x: np.ndarray) -> float:
    """Largest absolute value, 0 for an empty array."""
    return max(x.max(), -x.min()) if x.size else 0.0


@cache
def prime_count(roots: int) -> int:
    """Number of the primes p that random ones are drawn from, (p - 1)/2 being prime to ``roots``: those with such roots of squares."""
    low = BOUND
    sieve = np.ones(LARGEST_PRIME_BELOW - low, dtype=bool)
    for factor in (2, *range(3, int(LARGEST_PRIME_BELOW**0.5) + 1, 2)):
        sieve[-low % factor :: factor] = False
    return int((np.gcd((np.flatnonzero(sieve) + low - 1) // 2, roots) == 1).sum())


def random_prime(draws: Iterable[int]) -> int:
    """The first prime among 64-bit numbers brought to [2^22, LARGEST_PRIME_BELOW): each of the ``PRIMES`` there is as likely."""
    from flint import fmpz

    low = 2**22
    candidates = (low + draw % (LARGEST_PRIME_BELOW - low) for draw in draws)
    return next(candidate for candidate in candidates if fmpz(candidate).is_prime())

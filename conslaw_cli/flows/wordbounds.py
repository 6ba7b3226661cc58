"""Degrees and sizes of brackets, as polynomials: what the error bound of a growth rests on.

A bracket is [X, Y] = DY X - DX Y. If the components of generators are polynomials of degree at most d and 1-norm at most N, then, as the
1-norms of a polynomial's partial derivatives sum to at most its degree times its own, brackets of length k have a degree of at most
k (d - 1) + 1 and a 1-norm of at most N^k d^(k-1) k!.

A metric with roots r of the parameters or with denominators gives components A/D, where D contains the denominators and those of the
derivatives of the r (:class:`conslaw_cli.metrics.base.Divisor`): D times the derivative of a polynomial in theta and the r is one. So

    d(B/D^e) A/D = (D (D dB) - e B (D dD)) A / D^(e + 3),

and with deg D = delta, 1-norm nu and stretch kappa, brackets of length k are quotients by D^(3 k - 2) of degree at most k (d + 2 delta) and of
1-norm at most N^k (nu^2 kappa (d + 5 delta))^(k-1) k!.

A function of theta and the r that is not zero has few zeros on the points that are drawn. With r^q = theta it is a polynomial in r, of q
times the degree; points are squares, half of the residues. With r^2 = P(theta), P quadratic, it is a + b r, and a zero of it one of its norm
a^2 - b^2 P, of twice the degree; of the p - 1 or p + 1 points of that conic the pairs with r a square are half of those with r not zero, as -1 is
no square. So a minor of degree g vanishes with a probability of at most 4 q g / (p - 3), q at least 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, log2

from conslaw_cli.flows.part import PartFlow
from conslaw_cli.rings.field import PRIMES, prime_count


@dataclass(frozen=True)
class WordBounds:
    """Bounds of the brackets of a flow's generators, by length."""

    flow: PartFlow

    def degree(self, length: int) -> int:
        degree, divisor = self.flow.bound.degree, self.flow.divisor.bound
        return length * (degree - 1) + 1 if divisor is None else length * (degree + 2 * divisor.degree)

    def norm_bits(self, length: int) -> float:
        """log2 of the 1-norm; monomials in roots reduced to lower ones."""
        bound, divisor = self.flow.bound, self.flow.divisor
        factor = log2(max(1, bound.degree))
        if divisor.bound is not None:
            factor = 2 * log2(divisor.bound.norm) + log2(divisor.stretch * (bound.degree + 5 * divisor.bound.degree))
        reduced = log2(divisor.reduction) * self.degree(length)
        return length * log2(max(1, bound.norm)) + (length - 1) * factor + log2(factorial(length)) + reduced

    def vanishing(self, degree: int, prime: int) -> float:
        """The probability that a minor of this degree vanishes at a random point, though not everywhere modulo the prime."""
        if self.flow.divisor.bound is None:
            return degree / (prime - 1)
        return 4 * max(2, self.flow.root) * degree / (prime - 3)

    @property
    def primes(self) -> int:
        """Number of primes that one is drawn from."""
        return PRIMES if self.flow.root == 1 else prime_count(self.flow.root)

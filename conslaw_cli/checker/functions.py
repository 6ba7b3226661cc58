"""Values of functions that are not rational modulo a prime, and their derivatives over truncated dual numbers.

exp(u), Phi(u), log(u) and the like are random residues, the same for the same argument: where the arguments are independent (arguments.py)
no relation but those built in here holds between the true values either (Ax 1971; Ostrowski 1946 and Kolchin 1968), so what vanishes at random
residues vanishes, and what does not, does not. Built in are exp(-u) = 1/exp(u), Phi(-u) = 1 - Phi(u), sin^2 + cos^2 = 1, and all the
derivatives. The recipe is the certificate's: splitmix64 of the seed, "function/" and the name, and the argument as the counter, by
absolute value for functions that are even or odd up to the above. Roots are true roots among the squares, modulo p = 3 modulo 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from conslaw_cli.checker import duals
from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.duals import Dual

NAMES = frozenset({"exp", "log", "normal_cdf", "normal_pdf", "sin", "cos", "smooth"})


@dataclass(frozen=True)
class Functions:
    """Values by prime and seed."""

    p: int
    seed: int

    def value(self, name: str, a: Dual) -> Dual:
        """f(a + e b) = f(a) + e f'(a) b, infinitesimal by infinitesimal."""
        inner, bit, direction = _apart(a)
        if not bit:
            return {0: self.at(name, a[0])}
        value = self.value(name, inner)
        slope = self.slope(name, inner, value)
        moved = duals.product(slope, direction, self.p)
        return duals.add(value, {mask | bit: v for mask, v in moved.items()}, self.p)

    def slope(self, name: str, a: Dual, value: Dual) -> Dual:
        """The derivative at an argument with this value."""
        p = self.p
        match name:
            case "exp":
                return value
            case "log":
                return self.power(a, Fraction(-1))
            case "normal_cdf":
                return self.value("normal_pdf", a)
            case "normal_pdf":
                return duals.scaled(duals.product(a, value, p), p - 1, p)
            case "sin":
                return self.value("cos", a)
            case "cos":
                return duals.scaled(self.value("sin", a), p - 1, p)
        order = int(name.partition("'")[2] or 0)
        return self.value(f"smooth'{order + 1}", a)

    def power(self, a: Dual, exponent: Fraction) -> Dual:
        """A power that is no polynomial; one where an entry has none."""
        inner, bit, direction = _apart(a)
        if not bit:
            return {0: self.power_at(a[0], exponent)[0]}
        value = self.power(inner, exponent)
        moved = duals.product(self.slope_of_power(exponent, inner, value), direction, self.p)
        return duals.add(value, {mask | bit: v for mask, v in moved.items()}, self.p)

    def slope_of_power(self, exponent: Fraction, a: Dual, value: Dual) -> Dual:
        """e a^e / a."""
        factor = exponent.numerator * pow(exponent.denominator, -1, self.p) % self.p
        return duals.scaled(duals.product(value, self.power(a, Fraction(-1)), self.p), factor, self.p)

    def power_at(self, x: np.ndarray, exponent: Fraction) -> tuple[np.ndarray, np.ndarray]:
        """(x^e, which entries have it)."""
        p = self.p
        fine = x != 0
        if exponent.denominator > 1:
            fine = fine & (raised(x, (p - 1) // 2, p) == 1)
            order = (p - 1) // 2
            number = exponent.numerator * pow(exponent.denominator, -1, order) % order
        else:
            number = int(exponent) % (p - 1)
        safe = np.where(fine, x, 1)
        return raised(safe, number, p), fine

    def at(self, name: str, u: np.ndarray) -> np.ndarray:
        """Values at residues."""
        p = self.p
        negative = u > p // 2
        size = np.where(negative, p - u, u)
        match name:
            case "exp":
                drawn = self._drawn("exp", size)
                return np.where(u == 0, 1, np.where(negative, raised(drawn, p - 2, p), drawn))
            case "log":
                return np.where(u == 1, 0, self._drawn("log", u))
            case "normal_pdf":
                return self._drawn("normal_pdf", size)
            case "normal_cdf":
                odd = self._signed(self._drawn("normal_cdf", size), u, negative)
                return (odd + (p + 1) // 2) % p
            case "sin" | "cos":
                half = self._drawn("circle", size)
                inverse = raised((half * half + 1) % p, p - 2, p)
                if name == "cos":
                    return np.where(u == 0, 1, (2 * inverse - 1) % p)
                return self._signed(2 * half * inverse % p, u, negative)
        return self._drawn(name, u)

    def _signed(self, value: np.ndarray, u: np.ndarray, negative: np.ndarray) -> np.ndarray:
        return np.where(u == 0, 0, np.where(negative, (self.p - value) % self.p, value))

    def _drawn(self, name: str, keys: np.ndarray) -> np.ndarray:
        counters = keys.ravel().astype(np.uint64)
        return residues(self.p, self.seed, f"function/{name}", counters, 1).reshape(keys.shape)


def raised(x: np.ndarray, exponent: int, p: int) -> np.ndarray:
    """Entrywise powers, for small primes all entries at once."""
    if x.dtype == object:
        return duals.raised(x, exponent, p)
    result, square = np.ones_like(x), x % p
    while exponent:
        if exponent & 1:
            result = result * square % p
        square = square * square % p
        exponent >>= 1
    return result


def _apart(a: Dual) -> tuple[Dual, int, Dual]:
    """(the part without the last infinitesimal, its bit, what it multiplies); bit 0 where there is none."""
    last = max(a)
    bit = 1 << (last.bit_length() - 1) if last else 0
    if not bit:
        return a, 0, {}
    inner = {mask: v for mask, v in a.items() if not mask & bit}
    return inner, bit, {mask ^ bit: v for mask, v in a.items() if mask & bit}

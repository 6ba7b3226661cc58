"""Values of functions where exp turns sums into products: modulo a tower of primes q_0, q_1, ..., each 1 modulo the one before.

A number is taken modulo all of them at once, by their product. Modulo q_j, exp(u) is g_j^u for an element g_j of order q_(j-1) and u
modulo q_(j-1), so that exp(u + v) = exp(u) exp(v) and exp(u/2)^2 = exp(u) hold, also for arguments that have an exp of their own, but for
the innermost modulo q_0, which is a random function. All else is as in textfunctions.py, modulo each prime alone. What is the same function by
the rules of exp is the same modulo the last prime; that what is another one differs there at random points is likely, and no bound is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from math import prod

import numpy as np
from flint import fmpz

from conslaw_cli.checker.graph import Graph
from conslaw_cli.checker.textfunctions import Formal, Unknown

MOST_PRIMES = 8


@dataclass(frozen=True)
class _Level(Formal):
    """One prime, of any size."""

    def _drawn(self, name: str, keys: np.ndarray) -> np.ndarray:
        found = [_hashed(f"{self.p} {self.seed} {name} {int(key)}") % (self.p - 1) + 1 for key in keys.ravel()]
        return np.array(found, dtype=object).reshape(keys.shape)


@dataclass(frozen=True)
class Tower(Formal):
    """``p`` is the product of the primes."""

    levels: tuple[_Level, ...] = ()
    bases: tuple[int, ...] = ()
    """g_j, for each prime but the first."""
    units: tuple[int, ...] = ()
    """1 modulo a prime, 0 modulo the others."""

    @property
    def top(self) -> int:
        return self.levels[-1].p

    def drawn(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        keys = np.arange(prod(shape)).reshape(shape)
        return self._together([level._drawn(f"leaf {name}", keys) for level in self.levels])

    def power_at(self, x: np.ndarray, exponent: Fraction) -> tuple[np.ndarray, np.ndarray]:
        found = [level.power_at(x % level.p, exponent) for level in self.levels]
        return self._together([value for value, _ in found]), np.logical_and.reduce([fine for _, fine in found])

    def branch(self, kind: str, count: int, x: np.ndarray) -> np.ndarray:
        return self._together([level.branch(kind, count, x % level.p) for level in self.levels])

    def at(self, name: str, u: np.ndarray) -> np.ndarray:
        if name != "exp":
            return self._together([level.at(name, u % level.p) for level in self.levels])
        first = self.levels[0]
        found = [first.at(name, u % first.p)]
        for below, level, base in zip(self.levels, self.levels[1:], self.bases):
            found.append(
                np.array([pow(base, int(x) % below.p, level.p) for x in u.ravel()], dtype=object).reshape(u.shape)
            )
        return self._together(found)

    def _together(self, values: list[np.ndarray]) -> np.ndarray:
        """The number that is these modulo the primes."""
        found = sum(value * unit for value, unit in zip(values, self.units)) % self.p
        return np.asarray(found, dtype=object)


def tower(first: int, fits, graph: Graph, seed: int) -> Tower:
    """On a prime, of further ones that fit, as many as the graph has exp within exp. Raises Unknown."""
    count = 1 + max(1, depth(graph))
    if count > MOST_PRIMES:
        raise Unknown("exp within so many others")
    primes, bases = [first], []
    for _ in range(count - 1):
        factor = 2 + 4 * (_hashed(f"{seed} {primes}") % 2**12)
        while not fits(factor * primes[-1] + 1):
            factor += 4
        p = factor * primes[-1] + 1
        start = next(k for k in range(2 + _hashed(f"{seed} base {p}") % 2**40, 2**60) if pow(k, factor, p) != 1)
        primes.append(p)
        bases.append(pow(start, factor, p))
    whole = prod(primes)
    units = tuple(whole // p * pow(whole // p, -1, p) for p in primes)
    return Tower(whole, seed, tuple(_Level(p, seed) for p in primes), tuple(bases), units)


def depth(graph: Graph) -> int:
    """How many exp are within one another."""
    found: list[int] = []
    for step in graph.steps:
        inner = max((found[k] for k in step.arguments), default=0)
        found.append(inner + (step.operation == "apply" and step.detail == "exp"))
    return max(found)


def is_fitting(p: int, squares: tuple[int, ...]) -> bool:
    """A prime 3 modulo 4, modulo which some small numbers are squares."""
    return p % 4 == 3 and all(pow(k, (p - 1) // 2, p) == 1 for k in squares) and bool(fmpz(p).is_prime())


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=32).digest(), "big")

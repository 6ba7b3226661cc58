"""Seeded randomness by counter: splitmix64 of (seed, name, counter, entry), the same on every machine and version.

A certificate names generators by their counter alone, and a checker draws the same coefficients from it. A name enters whole, as the
first 8 bytes of its SHA-256. Names are those of uses ("prime", "point", "symbol", …); what is named by a model has a prefix of its use,
as ``coefficient(name)``, so that it can be called anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import numpy as np

_MASK = 2**64 - 1


def mix(x: np.ndarray) -> np.ndarray:
    """The splitmix64 step (Steele, Lea, Flood 2014) on uint64 arrays, modulo 2^64."""
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def coefficient(name: str) -> str:
    """The name of the stream that a program's block of free coefficients is drawn from."""
    return f"coefficient/{name}"


def function_value(name: str) -> str:
    """The name of the stream that values of a function are drawn from, by their arguments."""
    return f"function/{name}"


def generic(name: str) -> str:
    """The name of the stream that a program's generic constants are drawn from."""
    return f"generic/{name}"


@cache
def _label(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(sha256(name.encode()).digest()[:8], "big"))


@dataclass(frozen=True)
class Stream:
    """A family of random numbers; ``seed`` is any non-negative integer below 2^64."""

    seed: int

    def words(self, name: str, counters: np.ndarray, size: int) -> np.ndarray:
        """uint64 of shape (len(counters), size)."""
        key = mix(mix(np.array([self.seed & _MASK], dtype=np.uint64)) ^ _label(name))
        rows = mix(key ^ np.asarray(counters, dtype=np.uint64))
        return mix(rows[:, None] ^ np.arange(size, dtype=np.uint64)[None, :])

    def nonzero(self, p: int, name: str, counters: np.ndarray, size: int) -> np.ndarray:
        """int64 of shape (len(counters), size), each in 1 … p - 1."""
        return (self.words(name, counters, size) % np.uint64(p - 1)).astype(np.int64) + 1

    def derive(self, name: str, counter: int) -> int:
        """One 64-bit number, e.g. the seed of an independent run."""
        return int(self.words(name, np.array([counter]), 1)[0, 0])

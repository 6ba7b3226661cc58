"""The random numbers a certificate refers to: splitmix64 of (seed, name, counter, entry)."""

from __future__ import annotations

from hashlib import sha256

import numpy as np


def _mix(x: np.ndarray) -> np.ndarray:
    """The splitmix64 step on uint64 arrays; arrays wrap around modulo 2^64 silently."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))


def words(seed: int, name: str, counters: np.ndarray, size: int) -> np.ndarray:
    """uint64 of shape (len(counters), size)."""
    label = np.frombuffer(sha256(name.encode()).digest()[:8], dtype=">u8").astype(np.uint64)
    rows = _mix(_mix(_mix(np.array([seed], dtype=np.uint64)) ^ label) ^ np.asarray(counters, dtype=np.uint64))
    return _mix(rows[:, None] ^ np.arange(size, dtype=np.uint64))


def residues(p: int, seed: int, name: str, counters: np.ndarray, size: int) -> np.ndarray:
    """int64 of shape (len(counters), size), each from 1 to p - 1."""
    return (words(seed, name, counters, size) % np.uint64(p - 1)).astype(np.int64) + 1

"""The ansatz: monomials in the drift coordinates, split into classes by the gradings of the generators."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, prod

import numpy as np

from conslaw_cli.rings import gradings
from conslaw_cli.rings.stream import Stream, mix
from conslaw_cli.flows.part import PartFlow


@dataclass(frozen=True)
class Grading:
    """What tells classes apart, for each coordinate: a word of sign symmetries (XOR), and integer weights (sums)."""

    signs: np.ndarray
    weights: np.ndarray
    by_degree: bool
    """Whether one of the weights refines the degree, so that lower degrees need not be mixed in."""

    def keys(self, monomials: np.ndarray) -> np.ndarray:
        """uint64 for each row of coordinate numbers; equal for monomials of one class."""
        words = np.bitwise_xor.reduce(self.signs[monomials], axis=1)
        sums = self.weights[monomials].sum(axis=1, dtype=np.int64)
        return words ^ mix(sums.astype(np.uint64))

    def of(self, powers: tuple[int, ...]) -> Grading:
        """The same for the variables coordinate**power, powers 1 and -1."""
        if -1 not in powers:
            return self
        weights = self.weights * np.array(powers)
        return Grading(self.signs, weights, by_degree=bool(weights[0] and (weights == weights[0]).all()))


def grading(flow: PartFlow, stream: Stream) -> Grading:
    """Gradings of the flow's generators. A wrong one could only hide laws, never produce any: laws are verified apart."""
    program, dynamics = flow.program, flow.dynamics
    signs = gradings.sign_words(program, flow.same_signs, stream)
    block_weights = gradings.weights(program, tuple(metric.weight for metric in flow.metrics))
    copies = len(dynamics.coordinates)
    by_block = block_weights or (0,) * len(program.blocks)
    weights = np.concatenate([np.full(prod(shape), w) for w, (_, shape) in zip(by_block, program.blocks)])
    weights = np.tile(weights, copies) << 20
    if dynamics.splits_velocities:
        weights[program.size :] += 1
    uniform = block_weights is not None and len(set(block_weights)) == 1
    return Grading(np.tile(signs, copies), weights, by_degree=uniform)


def monomial_count(coordinates: int, degree: int) -> int:
    """Number of monomials of exactly this degree."""
    return comb(coordinates + degree - 1, degree)


def monomials(coordinates: int, degree: int) -> np.ndarray:
    """All monomials of exactly this degree as rows of ascending coordinate numbers, (count, degree)."""
    rows = np.arange(coordinates, dtype=np.int32)[:, None]
    for _ in range(degree - 1):
        last = rows[:, -1]
        counts = coordinates - last
        first = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = np.concatenate([rows[first], (last[first] + within)[:, None].astype(np.int32)], axis=1)
    return rows


@dataclass(frozen=True)
class Functions:
    """Ansatz functions of one class: function i is the sum of rows ``starts[i]`` up to ``starts[i + 1]`` of ``monomials``,
    (terms, degree), times integer ``weights``, (terms,)."""

    monomials: np.ndarray
    starts: np.ndarray
    weights: np.ndarray

    @classmethod
    def single(cls, monomials: np.ndarray) -> Functions:
        """Each monomial by itself."""
        return cls(monomials, np.arange(len(monomials)), np.ones(len(monomials), dtype=object))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def alone(self) -> bool:
        """Whether each is a monomial by itself: products of laws in the class are then combinations of them."""
        return len(self) == len(self.monomials)

    @property
    def function_of(self) -> np.ndarray:
        """The number of the function that each row belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(np.r_[self.starts, len(self.monomials)]))


@dataclass(frozen=True)
class Classes:
    """Ansatz functions grouped by class: rows ``order[starts[i]:starts[i+1]]`` of ``monomials`` form class i."""

    monomials: np.ndarray
    order: np.ndarray
    starts: np.ndarray
    keys: np.ndarray
    """Key of each class."""

    def members(self, number: int) -> np.ndarray:
        """Monomials of one class."""
        return self.monomials[self.order[self.starts[number] : self.starts[number + 1]]]

    @property
    def sizes(self) -> np.ndarray:
        return np.diff(self.starts)


def classes(flow: PartFlow, graded: Grading, degree: int) -> Classes:
    """Classes that hold a monomial of this degree; padded with the last column where lower degrees are mixed in.

    A row shorter than the degree is padded with the coordinate number ``flow.dimension``, whose value is one.
    """
    rows = monomials(flow.dimension, degree)
    keys = graded.keys(rows)
    if not graded.by_degree:
        rows, keys = _with_lower(flow, graded, degree, rows, keys)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return Classes(rows, order, np.r_[starts, len(order)], ordered[starts])


def _with_lower(flow: PartFlow, graded: Grading, degree: int, rows: np.ndarray, keys: np.ndarray):
    present = np.unique(keys)
    for lower in range(1, degree):
        extra = monomials(flow.dimension, lower)
        extra_keys = graded.keys(extra)
        kept = np.isin(extra_keys, present)
        padded = np.pad(extra[kept], ((0, 0), (0, degree - lower)), constant_values=flow.dimension)
        rows, keys = np.concatenate([rows, padded]), np.concatenate([keys, extra_keys[kept]])
    return rows, keys

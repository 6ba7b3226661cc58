"""Laws that follow one pattern for all indices along axes of one size: sums of Gram entries of blocks, and of sums along their slices.

Under the Euclidean metric almost every network conserves only such (NETWORKS section 4). An unfolding of a block is a matrix A whose rows
are the indices along some of its axes. For the unfoldings with rows of one shape, the combinations of

- sums along row i of each A (linear laws), or of each A of Q and of P under second-order dynamics,
- entries (i, i) of A A^T and these sums (a law for each neuron),
- entries (i, k) of A A^T, or of Q P^T and P Q^T (a matrix of laws)

that are constant are a kernel with a column for each unfolding, however wide the network is. What one pair of indices shows is tried for
all others; candidates are verified as any law is. A pattern may be missed, for a network may treat indices unlike: the search goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations

import numpy as np

from conslaw_cli.flows.part import PartFlow
from conslaw_cli.graph.nodes import Shape
from conslaw_cli.laws.families import ANGULAR, BALANCED, NEURON
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.lifting import lifted
from conslaw_cli.laws.matrices import ANTISYMMETRIC, DIAGONAL, SYMMETRIC, Block, Layout, MatrixExpression, Product, RowSums, unfolding
from conslaw_cli.laws.sampling import Sampler
from conslaw_cli.limits import LIMITS
from conslaw_cli.metrics import Primitive
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.stream import Stream

SUMS = "conserved sums"
SURPLUS_ROWS = 8
TESTS, MORE_TESTS = 3, 64
"""Samples at which all entries of a pattern are looked at."""
LINEAR, SQUARE = Primitive(Fraction(1), 1), Primitive(Fraction(1), 2)
Place = tuple[int, int]


@dataclass(frozen=True)
class Unfolding:
    """A block, perhaps with an axis split in two, as a matrix whose rows are the indices along ``axes``.

    ``numbers`` are those of its entries in the state, (rows, columns).
    """

    name: str
    axes: tuple[int, ...]
    dimensions: int
    numbers: np.ndarray
    split: Shape | None = None

    def block(self, moving: bool) -> Block:
        """Q's or P's, as a factor with a row for every index."""
        if self.split:
            return Block(self.name, moving=moving, axes=self.axes, shape=self.split)
        if self.dimensions == 2 and len(self.axes) == 1:
            return Block(self.name, transposed=self.axes == (1,), moving=moving)
        plain = self.dimensions == len(self.axes) == 1
        return Block(self.name, moving=moving, axes=None if plain else self.axes)


@dataclass(frozen=True)
class Column:
    """A function for each place (i, k): entry of A B^T for an unfolding of two vectors of coordinates, or the sum along row i of one."""

    of: Unfolding
    vectors: tuple[int, ...]

    def slopes(self, sample: Sample, i: slice | int, k: slice | int) -> np.ndarray:
        """Derivatives along the generators, (samples, rows i, rows k), the last axis 1 for sums."""
        first = self.vectors[0]
        if len(self.vectors) == 1:
            return sample.field.reduce(sample.slopes(self.of, first)[:, i].sum(axis=-1, keepdims=True))
        a, da = (of(self.of, first)[:, i] for of in (sample.values, sample.slopes))
        b, db = (np.swapaxes(of(self.of, self.vectors[1])[:, k], 1, 2) for of in (sample.values, sample.slopes))
        return sample.field.add(sample.field.matmul(da, b), sample.field.matmul(a, db))

    def term(self, coefficient: int, as_product: bool) -> Product | RowSums:
        if len(self.vectors) == 1:
            return RowSums(coefficient, self.of.block(bool(self.vectors[0])), LINEAR)
        left, right = (self.of.block(bool(vector)) for vector in self.vectors)
        return Product(coefficient, left, right.turned) if as_product else RowSums(coefficient, left, SQUARE)


@dataclass(frozen=True)
class Sample:
    """States and generators at them, (samples, dimension) each, modulo one prime."""

    field: Field
    points: np.ndarray
    generators: np.ndarray
    size: int

    def values(self, of: Unfolding, vector: int) -> np.ndarray:
        return self.points[:, of.numbers + vector * self.size]

    def slopes(self, of: Unfolding, vector: int) -> np.ndarray:
        return self.generators[:, of.numbers + vector * self.size]


@dataclass(frozen=True)
class AlignedFamily:
    """Entries at some places of a matrix expression; ``blocks`` of them along the diagonal hold all of these, each whole."""

    name: str
    expression: MatrixExpression
    layout: Layout
    rows: Shape
    """The shape of the rows' indices."""
    width: int
    places: tuple[Place, ...]
    degree: int
    blocks: int | None
    """None where the places are no such blocks: then it has no form."""

    @property
    def size(self) -> int:
        return len(self.places)

    def laws(self) -> Iterator[Law]:
        return (self.expression.law(k, l, self.layout) for k, l in self.places)


def aligned_families(flow: PartFlow, stream: Stream) -> Iterator[AlignedFamily]:
    """Candidates for a flow, linear ones first, then matrices of laws, then laws for each index, the larger arrays of indices first, and
    those of whole blocks last."""
    search = _Aligned(flow, stream)
    for rows in search.shapes:
        yield from search.linear(rows)
    for rows in filter(None, search.shapes):
        yield from search.matrices(rows)
    for rows in filter(None, search.shapes):
        yield from search.diagonals(rows)
    search.splits = True
    for rows in search.shapes:
        if any(of.split for of in search.unfoldings[rows]):
            yield from search.matrices(rows)
            yield from search.diagonals(rows)
    search.splits = False
    yield from search.diagonals(())


@dataclass
class _Aligned:
    flow: PartFlow
    stream: Stream
    splits: bool = False
    """Whether blocks with an axis split in two take part: beside others, of which they are the flattened form."""

    def __post_init__(self) -> None:
        self.samplers = [Sampler(self.flow, self.stream, number) for number in range(4)]
        self.layout = Layout.of(self.flow.program.blocks)
        self.vectors = range(len(self.flow.dynamics.coordinates))

    @cached_property
    def unfoldings(self) -> dict[Shape, list[Unfolding]]:
        """By the shape of the rows' indices."""
        found: dict[Shape, list[Unfolding]] = {}
        for name, shape in self.flow.program.blocks:
            used = [axis for axis, size in enumerate(shape) if size > 1] or list(range(len(shape)))
            for count in range(len(shape) + 1):
                for axes in combinations(used, count):
                    numbers = self.layout.starts[name] + unfolding(shape, axes)
                    found.setdefault(tuple(shape[axis] for axis in axes), []).append(Unfolding(name, axes, len(shape), numbers))
        for of in self._split():
            found.setdefault((len(of.numbers),), []).append(of)
        return found

    def _split(self) -> Iterator[Unfolding]:
        """Blocks with an axis split in two, one of them along the rows, of a size that another axis has: a flattened array of channels."""
        sizes = {size for _, shape in self.flow.program.blocks for size in shape if size > 1}
        for name, shape in self.flow.program.blocks:
            for axis, whole in enumerate(shape):
                for size in sorted(size for size in sizes if size < whole and whole % size == 0):
                    for pair, kept in (((size, whole // size), axis), ((whole // size, size), axis + 1)):
                        split = (*shape[:axis], *pair, *shape[axis + 1 :])
                        numbers = self.layout.starts[name] + unfolding(split, (kept,))
                        yield Unfolding(name, (kept,), len(split), numbers, split)

    @property
    def shapes(self) -> list[Shape]:
        return sorted(self.unfoldings, key=lambda rows: (-len(rows), rows))

    def linear(self, rows: Shape) -> Iterator[AlignedFamily]:
        columns = [Column(of, (vector,)) for of in self._taking_part(rows) for vector in self.vectors]
        for i in _representatives(rows):
            for pattern in self._kernel(columns, i, i):
                yield from self._family(columns, pattern, rows, DIAGONAL, SUMS)

    def _taking_part(self, rows: Shape) -> list[Unfolding]:
        return [of for of in self.unfoldings[rows] if self.splits or not of.split]

    def diagonals(self, rows: Shape) -> Iterator[AlignedFamily]:
        columns = [Column(of, (vector,)) for of in self._taking_part(rows) for vector in self.vectors]
        columns += self._squares(rows, symmetric=True)
        for i in _representatives(rows):
            for pattern in self._kernel(columns, i, i):
                yield from self._family(columns, pattern, rows, DIAGONAL, NEURON)

    def matrices(self, rows: Shape) -> Iterator[AlignedFamily]:
        columns = self._squares(rows, symmetric=False)
        for i, k in _pairs(rows):
            for pattern in self._kernel(columns, i, k):
                symmetry = _symmetry(columns, pattern)
                yield from self._family(columns, pattern, rows, symmetry, ANGULAR if symmetry == ANTISYMMETRIC else BALANCED)

    def _squares(self, rows: Shape, symmetric: bool) -> list[Column]:
        """A A^T of unfoldings with several columns, and of those of one column where the block is a vector or a number."""
        pairs = [(a, b) for a in self.vectors for b in self.vectors if a <= b or not symmetric]
        suited = [of for of in self._taking_part(rows) if of.numbers.shape[1] > 1 or of.dimensions <= 1 or len(of.axes) < of.dimensions]
        return [Column(of, pair) for of in suited for pair in pairs]

    def _kernel(self, columns: list[Column], i: int, k: int) -> list[list[int]]:
        """Short integer vectors of combinations that are constant at a place; none where primes do not agree."""
        if not columns or len(columns) > LIMITS.monomials_in_class:
            return []
        kernels = []
        for sampler in self.samplers:
            sample = self._sample(sampler, len(columns) + SURPLUS_ROWS)
            matrix = np.stack([column.slopes(sample, slice(i, i + 1), slice(k, k + 1))[:, 0, 0] for column in columns], axis=1)
            free, basis = sampler.kernel(matrix)
            if not free:
                return []
            kernels.append((free, (sampler.field.p, sampler.field.integers(basis))))
        if len({free for free, _ in kernels}) > 1:
            return []
        return lifted([kernel for _, kernel in kernels]) or []

    def _family(self, columns: list[Column], pattern: list[int], rows: Shape, symmetry: str, name: str) -> Iterator[AlignedFamily]:
        """The entries of a pattern that stay constant, as far as a few samples tell."""
        chosen = [(column, c) for column, c in zip(columns, pattern) if c]
        if self.splits and len({bool(column.of.split) for column, _ in chosen}) < 2:
            return
        places = self._constant_places(chosen, symmetry)
        if not places:
            return
        degree, width = max(len(column.vectors) for column, _ in chosen), int(np.prod(rows, dtype=int))
        crossed = symmetry != DIAGONAL or any(len(set(column.vectors)) > 1 for column, _ in chosen)
        sign = 1 if chosen[0][1] > 0 else -1
        terms = tuple(term for column, c in chosen for term in self._terms(column, sign * c, crossed, name))
        mixed = len({type(term) for term in terms}) > 1
        blocks = None if mixed else _blocks(places, width, symmetry)
        yield AlignedFamily(name, MatrixExpression(terms, symmetry), self.layout, rows, width, places, degree, blocks)

    def _terms(self, column: Column, coefficient: int, crossed: bool, name: str) -> list[Product | RowSums]:
        """Of a sum of Q that is constant, that of P is too: under momentum with constant damping Q + P/tau is free of time."""
        term, drift = column.term(coefficient, crossed), self.flow.dynamics.inverse_rate
        if name != SUMS or drift is None or column.vectors != (0,):
            return [term]
        return [term, RowSums(coefficient, column.of.block(True), LINEAR, drift)]

    def _constant_places(self, chosen: list[tuple[Column, int]], symmetry: str) -> tuple[Place, ...]:
        """Those that a few samples leave, and of these, where units may be off in all of these, many."""
        found = self._places(chosen, symmetry, TESTS)
        return self._places(chosen, symmetry, MORE_TESTS) if found and self.flow.program.branches else found

    def _places(self, chosen: list[tuple[Column, int]], symmetry: str, tests: int) -> tuple[Place, ...]:
        sampler = self.samplers[0]
        sample, field = self._sample(sampler, tests), sampler.field
        total: np.ndarray | None = None
        for column, c in chosen:
            slopes = column.slopes(sample, slice(None), slice(None))
            slopes = np.diagonal(slopes, axis1=1, axis2=2) if symmetry == DIAGONAL and slopes.shape[1] == slopes.shape[2] > 1 else slopes
            slopes = slopes[..., 0] if symmetry == DIAGONAL and slopes.ndim == 3 else slopes
            term = field.multiply(slopes, np.full(1, field.residue(c)))
            total = term if total is None else field.add(total, term)
        constant = ~total.any(axis=0)
        if symmetry == DIAGONAL:
            return tuple((int(i), int(i)) for i in np.flatnonzero(constant))
        first = 1 if symmetry == ANTISYMMETRIC else 0
        return tuple((int(i), int(k)) for i, k in zip(*np.nonzero(np.triu(constant, first))))

    def _sample(self, sampler: Sampler, count: int) -> Sample:
        points, ratios = (array[:, : self.flow.dimension] for array in sampler.samples(count))
        return Sample(sampler.field, points, sampler.field.multiply(ratios, points), self.flow.program.size)


def _representatives(rows: Shape) -> list[int]:
    """Indices that stand for all: the first and the last."""
    size = int(np.prod(rows, dtype=int))
    return sorted({0, size - 1})


def _pairs(rows: Shape) -> list[Place]:
    """Pairs of indices that stand for all: the first two and the last two along every set of axes."""
    strides = [int(np.prod(rows[axis + 1 :], dtype=int)) for axis in range(len(rows))]
    size, found = int(np.prod(rows, dtype=int)), []
    for count in range(1, len(rows) + 1):
        for axes in combinations([axis for axis, length in enumerate(rows) if length > 1], count):
            step = sum(strides[axis] for axis in axes)
            found += [(0, step), (size - 1 - step, size - 1)]
    return list(dict.fromkeys(found))


def _symmetry(columns: list[Column], pattern: list[int]) -> str:
    """Antisymmetric where Q P^T goes with minus P Q^T in every unfolding and there is nothing else."""
    by_column = {(id(column.of), column.vectors): c for column, c in zip(columns, pattern)}
    turned = all(by_column[key, (b, a)] == -c for (key, (a, b)), c in by_column.items())
    return ANTISYMMETRIC if turned else SYMMETRIC


def _blocks(places: tuple[Place, ...], width: int, symmetry: str) -> int | None:
    """How many equal whole blocks along the diagonal the places are."""
    if symmetry == DIAGONAL:
        return 1 if len(places) == width else None
    less = 1 if symmetry == ANTISYMMETRIC else 0
    for count in (count for count in range(1, width + 1) if width % count == 0):
        size = width // count
        every = {(i, k) for b in range(count) for i in range(b * size, (b + 1) * size) for k in range(i + less, (b + 1) * size)}
        if every == set(places):
            return count
    return None

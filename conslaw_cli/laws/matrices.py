"""Families of laws as matrix expressions in the blocks of a hidden layer, in drift coordinates.

One expression is all there is of a family: its entries are the scalar laws that are verified, and what a report prints is the expression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import gcd, lcm, prod

import numpy as np

from conslaw_cli.graph.nodes import Shape, as_matrix
from conslaw_cli.laws.law import Law
from conslaw_cli.metrics import Primitive
from conslaw_cli.metrics.base import Matrix
from conslaw_cli.rings.polynomials import Monomial, Number, Polynomial

SYMMETRIC, ANTISYMMETRIC, DIAGONAL = "symmetric", "antisymmetric", "diagonal"


@dataclass(frozen=True)
class Block:
    """A block as a factor: its entries of Q, or of P where it is ``moving``; or the transpose.

    A block of other than two axes is the matrix whose rows are the values of the indices along ``axes``, from 0, and whose columns are
    those along all others (its unfolding); None for a matrix as it is, the first axis being that of its rows.
    """

    name: str
    transposed: bool = False
    moving: bool = False
    axes: tuple[int, ...] | None = None
    shape: Shape | None = None
    """Another shape that the block's entries are read in, row by row."""

    @property
    def turned(self) -> Block:
        return replace(self, transposed=not self.transposed)

    @property
    def in_motion(self) -> Block:
        return replace(self, moving=True)


@dataclass(frozen=True)
class Layout:
    """Where the entries of blocks stand in a state: Q row by row, one block after another, and then P."""

    shapes: dict[str, Shape]
    starts: dict[str, int]
    size: int

    @staticmethod
    def of(blocks: tuple[tuple[str, Shape], ...]) -> Layout:
        starts, start = {}, 0
        for name, shape in blocks:
            starts[name] = start
            start += prod(shape)
        return Layout(dict(blocks), starts, start)

    def row(self, block: Block, k: int) -> Sequence[int]:
        """Variables of row k of a block, from 0."""
        first = self.starts[block.name] + (self.size if block.moving else 0)
        if block.axes is not None:
            unfolded = unfolding(block.shape or self.shapes[block.name], block.axes)
            return (first + (unfolded[:, k] if block.transposed else unfolded[k])).tolist()
        rows, columns = as_matrix(self.shapes[block.name])
        if block.transposed:
            return range(first + k, first + rows * columns, columns)
        return range(first + k * columns, first + (k + 1) * columns)


@lru_cache(maxsize=256)
def unfolding(shape: Shape, axes: tuple[int, ...]) -> np.ndarray:
    """Row-major numbers of a block's entries as a matrix whose rows are the values of the indices along some axes."""
    others = [axis for axis in range(len(shape)) if axis not in axes]
    numbers = np.arange(prod(shape)).reshape(shape).transpose(*axes, *others)
    return numbers.reshape(prod(shape[axis] for axis in axes), -1)


@dataclass(frozen=True)
class Product:
    """coefficient * left * middle * right, a square matrix; the constant ``middle`` is None for the identity."""

    coefficient: Number
    left: Block
    right: Block
    middle: Matrix | None = None

    def law(self, k: int, l: int, layout: Layout) -> Law:
        """Entry (k, l), from 0."""
        left, right = layout.row(self.left, k), layout.row(self.right.turned, l)
        if self.middle is None:
            return Law(Polynomial.of((_monomial(a, b), self.coefficient) for a, b in zip(left, right)))
        pairs = ((a, b, entry) for a, row in zip(left, self.middle) for b, entry in zip(right, row) if entry)
        return Law(Polynomial.of((_monomial(a, b), self.coefficient * entry) for a, b, entry in pairs))


@dataclass(frozen=True)
class RowSums:
    """coefficient * constant * the diagonal matrix of the sums over a block's rows of a function: B^e or log B, its own coefficient apart.

    The ``constant`` is one of the dynamics, and one for functions that are no powers.
    """

    coefficient: Number
    block: Block
    function: Primitive
    constant: Polynomial = Polynomial.constant(1)

    def law(self, k: int, l: int, layout: Layout) -> Law:
        """Entry (k, k), from 0."""
        return self.applied(layout.row(self.block, k))

    def applied(self, variables: Sequence[int]) -> Law:
        """The sum of the function over some variables."""
        if self.function.symbolic:
            return Law(Polynomial({}), functions=tuple((v, self.coefficient, self.function) for v in variables))
        if self.function.logarithm:
            return Law(Polynomial({}), tuple((v, self.coefficient) for v in variables))
        return Law(Polynomial({((v, self.function.exponent),): self.coefficient for v in variables}) * self.constant)


@dataclass(frozen=True)
class MatrixExpression:
    """A sum of square matrices, symmetric or antisymmetric, or of the diagonals of such (of neurons), as ``symmetry`` says."""

    terms: tuple[Product | RowSums, ...]
    symmetry: str

    def entries(self, width: int) -> Iterator[tuple[int, int]]:
        """The places (k, l), from 0, of the different entries for so many rows."""
        first = {SYMMETRIC: 0, ANTISYMMETRIC: 1}.get(self.symmetry)
        if first is None:
            return ((k, k) for k in range(width))
        return ((k, l) for k in range(width) for l in range(k + first, width))

    def count(self, width: int) -> int:
        """Number of :meth:`entries`."""
        return {SYMMETRIC: width * (width + 1) // 2, ANTISYMMETRIC: width * (width - 1) // 2}.get(self.symmetry, width)

    def law(self, k: int, l: int, layout: Layout) -> Law:
        """Entry (k, l), from 0, in the variables of a state."""
        return total(term.law(k, l, layout) for term in self.terms)

    def log_surplus(self, shapes: dict[str, Shape]) -> Number | None:
        """The sum of the coefficients of a row's logarithms, for blocks of such shapes; None unless all is logarithms."""
        total = 0
        for term in self.terms:
            if not isinstance(term, RowSums) or not term.function.logarithm:
                return None
            total += term.coefficient * shapes[term.block.name][0 if term.block.transposed else 1]
        return total


def total(laws: Iterator[Law]) -> Law:
    """The sum of laws."""
    found = list(laws)
    polynomial = Polynomial.of(term for law in found for term in law.polynomial.terms.items())
    logs = tuple(sorted(log for law in found for log in law.logs))
    return Law(polynomial, logs, tuple(function for law in found for function in law.functions))


def products(terms: list[tuple[Number, Block, Block, Matrix | None]]) -> tuple[Product, ...]:
    """The products up to a common factor that is positive: with it, all numbers in them are integers without a common divisor.

    Every middle matrix is divided by its own greatest divisor, which goes into the coefficient; multiples of the identity become None.
    """
    numbers = [coefficient * entry for coefficient, _, _, middle in terms for row in middle or ((1,),) for entry in row]
    scale = lcm(*(number.denominator for number in numbers))
    divisor = gcd(*(int(number * scale) for number in numbers))
    return tuple(_product(coefficient * scale, divisor, *factors) for coefficient, *factors in terms)


def _product(multiple: Number, divisor: int, left: Block, right: Block, middle: Matrix | None) -> Product:
    """multiple/divisor * left * middle * right, with whole numbers."""
    if middle is None or scalar(middle) is not None:
        return Product(int(multiple * (scalar(middle) if middle else 1)) // divisor, left, right)
    whole = [[int(multiple * entry) // divisor for entry in row] for row in middle]
    content = gcd(*(entry for row in whole for entry in row))
    sign = 1 if multiple > 0 else -1
    return Product(sign * content, left, right, tuple(tuple(sign * entry // content for entry in row) for row in whole))


def scalar(matrix: Matrix | None) -> Number | None:
    """The number c of a matrix c times the identity; None of another matrix."""
    if matrix is None:
        return 1
    same = all(entry == (matrix[0][0] if i == j else 0) for i, row in enumerate(matrix) for j, entry in enumerate(row))
    return matrix[0][0] if same else None


def _monomial(a: int, b: int) -> Monomial:
    """The product of two variables."""
    if a == b:
        return ((a, 2),)
    return ((a, 1), (b, 1)) if a < b else ((b, 1), (a, 1))

"""Matrix and neuron forms, read and written out.

exp(tau*t)*(W2^T*dW2 - ...) has an entry for each pair (k, l) of hidden neurons, W2^T*[[5, -1], [-1, 2]]*W2 with a matrix of integers
between blocks; diag(...), and sum_i W2[i,k]^2 - ..., have one for each k. Products of blocks and sums over a neuron's entries are taken
out of the text; what remains is a formula in them, read like a law.

Of networks, Q[(1,3)] is the matrix whose rows are the values of the first and third index of Q and whose columns are those of the others, and
sum(C[k,:,:]^2) - sum(W[:,k]^2) has one law for each k, or for all values of k, l, ...; W[(5x2x4),:,k,:] is W read in another shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import product as cartesian
from math import prod

import numpy as np

from conslaw_cli.checker.parse import ExpressionError, parse
from conslaw_cli.checker.system import System
from conslaw_cli.checker.terms import Law, Part, Times

_SCALE = r"[^()\[\]]*"
for _ in range(20):  # brackets in pairs, as deep as a rate may be
    _SCALE = rf"(?:[^()\[\]]|\({_SCALE}\))*"
MOST_TERMS = 3_000_000
_SLOT = r"\[([ik])(?:,([jk]))?\](?:\^(?:(\d+)|\((-?\d+(?:/[1-9]\d?)?)\)))?"
_ROW = r"\[-?\d{1,400}(?:, -?\d{1,400})*\]"
_MATRIX = rf"\[{_ROW}(?:, {_ROW})*\]"
_DIAGONAL = re.compile(r"(.*\*)?diag\(([^()]*)\)")
_SHAPE = r"(?:\((\d{1,9}(?:x\d{1,9})+)\),)?"
_AXES = rf"(?:\[{_SHAPE}\((\d+(?:,\d+)*)\)\])?"
_POWER = r"(?:\^(?:(\d+)|\((-?\d+(?:/[1-9]\d?)?)\)))?"
_SLOTS = rf"\[{_SHAPE}([k-n:1](?:,[k-n:1])*)\]"
Neurons = tuple[int, ...]
"""(k, l), or (k, k) in neuron forms; the values of k, l, ... in forms of slices; from 0."""


@lru_cache(maxsize=8)
def _patterns(names: tuple[str, ...]) -> tuple[re.Pattern, re.Pattern]:
    """A product of two blocks, and a sum over a neuron's entries."""
    block = rf"(?<![A-Za-z0-9_])(d?)({'|'.join(sorted(names, key=len, reverse=True))})"
    product = rf"{block}{_AXES}(\^T)?\*(?:({_MATRIX})\*)?{block}{_AXES}(\^T)?(?![A-Za-z0-9_^\[(])"
    return re.compile(product), re.compile(rf"(?:sum_([ij]) )?(?:(log)\((?:({_SCALE})\*)?)?{block}{_SLOT}")


@lru_cache(maxsize=8)
def _slices(names: tuple[str, ...]) -> re.Pattern:
    """A sum of powers over a slice of a block, or a power of one entry."""
    block = rf"(?<![A-Za-z0-9_])(d?)({'|'.join(sorted(names, key=len, reverse=True))})"
    return re.compile(rf"(sum\()?{block}(?:{_SLOTS})?(?![A-Za-z0-9_\[(]){_POWER}")


@lru_cache(maxsize=8)
def _only_entries(names: tuple[str, ...]) -> re.Pattern:
    """u_1 or W_1_1."""
    block = rf"(?<![A-Za-z0-9_])(d?)({'|'.join(sorted(names, key=len, reverse=True))})"
    return re.compile(rf"{block}((?:_1)+)(?![A-Za-z0-9_\[(])")


@dataclass(frozen=True)
class Block:
    """Numbers of a block's entries, by row and column; blocks of one ``place`` are the same."""

    place: tuple
    numbers: np.ndarray = field(compare=False)

    @property
    def rows(self) -> int:
        return self.numbers.shape[0]

    @property
    def columns(self) -> int:
        return self.numbers.shape[1]

    def entry(self, row: int, column: int) -> int:
        return int(self.numbers[row, column])

    @property
    def turned(self) -> Block:
        """The transpose."""
        return Block((*self.place, "T"), self.numbers.T)


@dataclass(frozen=True)
class Product:
    """left * middle * right, a square matrix; ``middle`` None is the identity."""

    left: Block
    right: Block
    middle: tuple[tuple[int, ...], ...] | None = None

    def part(self, k: int, l: int) -> Part:
        if self.middle is None:
            triples = ((1, self.left.entry(k, m), self.right.entry(m, l)) for m in range(self.left.columns))
        else:
            entries = ((m, n, x) for m, row in enumerate(self.middle) for n, x in enumerate(row) if x)
            triples = ((x, self.left.entry(k, m), self.right.entry(n, l)) for m, n, x in entries)
        return Part([(x, ((a, 2),) if a == b else ((a, 1), (b, 1))) for x, a, b in triples])

    @property
    def size(self) -> int:
        inner = {(self.left.columns, self.right.rows)} | {(len(self.middle), len(row)) for row in self.middle or ()}
        square = self.left.rows == self.right.columns and (self.middle or self.left.columns == self.right.rows)
        return self.left.rows if square and len(inner) == 1 else 0


@dataclass(frozen=True)
class Sum:
    """The sum over row k of powers, or of logarithms where ``exponent`` is 0."""

    block: Block
    exponent: int | Fraction

    def part(self, k: int, l: int) -> Part:
        entries = [self.block.entry(k, m) for m in range(self.block.columns)]
        if not self.exponent:
            return Part(logarithms=[(1, entry) for entry in entries])
        return Part([(1, ((entry, self.exponent),)) for entry in entries])

    @property
    def size(self) -> int:
        return self.block.rows


@dataclass(frozen=True)
class Slice:
    """The sum of powers over the entries that have the values of the letters along the axes where ``slots`` has them."""

    place: tuple
    slots: str
    exponent: int | Fraction
    numbers: np.ndarray = field(compare=False)

    @property
    def letters(self) -> dict[str, int]:
        """How many values each letter has; a letter that two axes share is on a diagonal, and has none."""
        found: dict[str, int] = {}
        for slot, size in zip(self.slots, self.numbers.shape):
            if slot not in ":1":
                found[slot] = 0 if slot in found else size
        return found

    def part_at(self, at: dict[str, int]) -> Part:
        chosen = self.numbers[tuple(slice(None) if slot == ":" else 0 if slot == "1" else at[slot] for slot in self.slots)]
        return Part([(1, ((int(entry), self.exponent),)) for entry in np.ravel(chosen)])


class Form:
    """A form over a system, as a law in pieces; ``velocities`` says for each piece how many velocities it holds."""

    def __init__(self, text: str, system: System, times: Times) -> None:
        self._offsets, self._shapes = system.offsets(), dict(system.blocks)
        self._shift = system.size if system.second_order else None
        self._vectors, self._metrics = system.vectors, system.metrics
        self._axes: set[tuple[str, bool]] = set()
        products, sums = _patterns(tuple(self._shapes))
        self.pieces: list[Product | Sum | Slice] = []
        self.letters: dict[str, int] = {}
        self.velocities: list[int] = []
        self.is_matrix = bool(products.search(text))
        self.sliced = system.model.composed and not self.is_matrix
        if self.sliced:
            text = _only_entries(tuple(self._shapes)).sub(self._only_entry, text)
            body = _slices(tuple(self._shapes)).sub(self._slice, text)
        else:
            body = products.sub(self._product, text) if self.is_matrix else sums.sub(self._sum, text)
        if self.is_matrix and "diag" in body:
            self.is_matrix, body = False, _inside(body)
        names = {f"M{i}": i for i in range(len(self.pieces))}
        tree = parse(body.replace("^", "**"), lambda name: names.get(name, -1), system.rate.letters | {"t"})
        self.law = Law.read(tree, times)
        self._check()

    def _check(self) -> None:
        sizes = {self._of_letters()} if self.sliced else {piece.size for piece in self.pieces}
        self.size = sizes.pop() if len(sizes) == 1 else 0
        linear = all(
            part.monomials and not part.logarithms and all(len(m) == 1 and m[0][1] == 1 for _, m in part.monomials)
            for part in self.law.parts.values()
            if any(m for _, m in part.monomials)
        )
        if not (self.size and linear):
            raise ExpressionError("a form must be a sum of products of blocks or of sums over a neuron's entries")

    def _of_letters(self) -> int:
        """The number of laws of a form of slices."""
        for piece in self.pieces:
            for letter, size in piece.letters.items():
                if self.letters.setdefault(letter, size) != size:
                    return 0
        return prod(self.letters.values()) if self.pieces else 0

    def representatives(self) -> tuple[list[dict[int, Part]], int]:
        """Laws of one and of two neurons, and how many the form has.

        Permutations of the neurons of a layer leave model and metric as they are and permute the laws of a form, so these
        stand for all. Raises ExpressionError, also where a matrix in the metric tells the neurons apart.
        """
        if self.sliced:
            raise ExpressionError("laws of which only the form is given, of a network")
        if not all(self._metrics[name].same_along(columns) for name, columns in self._axes):
            raise ExpressionError("laws of which only the form is given, under a metric that tells the neurons apart")
        neurons = {(0, 0): self.size, (0, 1): self.size * (self.size - 1) // 2 if self.is_matrix else 0}
        if any(len(piece.part(0, 0).monomials) > MOST_TERMS for piece in self.pieces):
            raise ExpressionError("a form with too many terms for this checker")
        laws = [(self._member(*pair), number) for pair, number in neurons.items() if number]
        return [law for law, _ in laws if law], sum(number for law, number in laws if law)

    def members(self) -> Iterator[tuple[Neurons, dict[int, Part]]]:
        """The laws, by neurons, that are not zero identically. Raises ExpressionError where there are too many terms."""
        if self.sliced:
            pairs = list(cartesian(*map(range, self.letters.values())))
            terms = sum(piece.numbers.size for piece in self.pieces)
        else:
            pairs = [(k, l) for k in range(self.size) for l in range(k, self.size if self.is_matrix else k + 1)]
            terms = sum(len(piece.part(0, 0).monomials) for piece in self.pieces)
        if len(pairs) * terms > MOST_TERMS:
            raise ExpressionError(f"a form of {len(pairs)} laws is too large for this checker")
        for neurons in pairs:
            law = self._member(*neurons)
            if law:
                yield neurons, law

    def _part(self, piece: Product | Sum | Slice, neurons: Neurons) -> Part:
        return piece.part_at(dict(zip(self.letters, neurons))) if isinstance(piece, Slice) else piece.part(*neurons)

    def _member(self, *neurons: int) -> dict[int, Part]:
        found: dict[int, Part] = {}
        for number, part in self.law.parts.items():
            total = Part()
            for coefficient, monomial in part.monomials:
                piece = self._part(self.pieces[monomial[0][0]], neurons) if monomial else Part([(1, ())])
                total.extend(piece.scaled(Fraction(coefficient)))
            total = _collected(total)
            if total.monomials or total.logarithms:
                found[number] = total
        return found

    def _numbers(self, dot: str, name: str) -> np.ndarray:
        """Numbers of a block's entries, or of their velocities, in its shape."""
        if name not in self._shapes or (dot and self._shift is None):
            raise ExpressionError(f"no block {dot}{name}")
        shape, start = self._shapes[name], self._offsets[name] + (self._shift if dot else 0)
        return np.arange(start, start + prod(shape)).reshape(shape)

    def _shaped(self, dot: str, name: str, shape: str | None) -> np.ndarray:
        """The numbers, in another shape where one is given."""
        numbers = self._numbers(dot, name)
        sizes = [int(size) for size in shape.split("x")] if shape else list(numbers.shape)
        if prod(sizes) != numbers.size:
            raise ExpressionError(f"{name} has no shape {shape}")
        return numbers.reshape(sizes)

    def _block(self, dot: str, name: str, shape: str | None = None, axes: str | None = None) -> Block:
        """A block as a matrix: of two axes as it is, of one as a column, or with the axes of its rows."""
        numbers = self._shaped(dot, name, shape)
        if axes is None and numbers.ndim > 2:
            raise ExpressionError(f"{name} is no matrix")
        rows = [int(axis) - 1 for axis in axes.split(",")] if axes else [0] if numbers.ndim else []
        if not all(0 <= axis < numbers.ndim for axis in rows) or len(set(rows)) < len(rows):
            raise ExpressionError(f"{name} has no axes {axes}")
        count = prod(numbers.shape[axis] for axis in rows)
        turned = numbers.transpose(*rows, *(axis for axis in range(numbers.ndim) if axis not in rows))
        return Block((dot, name, numbers.shape, tuple(rows)), turned.reshape(count, -1))

    def _only_entry(self, match: re.Match) -> str:
        """The name of the only entry of a block as a slice: a formula in LaTeX does not tell them apart."""
        dot, name, indices = match.groups()
        if match[0].removeprefix(dot) in self._shapes or match[0] in self._shapes:
            return match[0]
        return f"{dot}{name}[{','.join('1' * indices.count('1'))}]"

    def _slice(self, match: re.Match) -> str:
        opening, dot, name, shape, slots, power, negative = match.groups()
        numbers = self._shaped(dot, name, shape)
        slots = slots.replace(",", "") if slots else ":" * numbers.ndim
        ones = all(size == 1 for slot, size in zip(slots, numbers.shape) if slot == "1")
        if len(slots) != numbers.ndim or not ones or (":" in slots) != bool(opening):
            raise ExpressionError(f"{name} has {numbers.ndim} indices in a form, under a sum where they are not all given")
        exponent = Fraction(power or negative or 1)
        exponent = int(exponent) if exponent.denominator == 1 else exponent
        if not exponent:
            raise ExpressionError("a power of zero")
        self.pieces.append(Slice((dot, name, numbers.shape), slots, exponent, numbers))
        self.velocities.append(len(dot))
        return f"{'(' if opening else ''}M{len(self.pieces) - 1}"

    def _product(self, match: re.Match) -> str:
        dots, names, axes, turns = ([match[k], match[k + 6]] for k in (1, 2, 4, 5))
        left, right = (self._block(*one) for one in zip(dots, names, (match[3], match[9]), axes))
        rows = match[6] and tuple(tuple(map(int, row.split(", "))) for row in match[6][2:-2].split("], ["))
        self._axes |= {(names[0], bool(turns[0])), (names[1], not turns[1])}
        self.pieces.append(Product(left.turned if turns[0] else left, right.turned if turns[1] else right, rows))
        self.velocities.append(len(dots[0] + dots[1]))
        return f"M{len(self.pieces) - 1}"

    def _sum(self, match: re.Match) -> str:
        index, log, scale, dot, name, first, second, power, negative = match.groups()
        block = self._block(dot, name)
        self._axes.add((name, index == "i"))
        indices = tuple(slot for slot in (first, second) if slot)
        if indices == ("i", "k") and index == "i":
            block = block.turned
        elif indices != (("k", "j") if index else ("k",)) or index == "i" or (name in self._vectors) == bool(index):
            raise ExpressionError("indices of a form must be [i,k] under sum_i, [k,j] under sum_j, [k] for a bias")
        exponent = Fraction(power or negative or 1)
        exponent = int(exponent) if exponent.denominator == 1 else exponent
        if log and exponent != 1 or not exponent:
            raise ExpressionError("a power of a logarithm")
        self.pieces.append(Sum(block, 0 if log else exponent))
        self.velocities.append(len(dot))
        piece = f"M{len(self.pieces) - 1}"
        if not log:
            return piece
        return f"({piece} + {block.columns}*log({scale})" if scale else f"({piece}"


def _inside(body: str) -> str:
    """A form without the diag around all its products. Raises ExpressionError where it is not around all of them."""
    match = _DIAGONAL.fullmatch(body)
    if not match or re.search(r"M\d|diag", match[1] or ""):
        raise ExpressionError("a form takes the diagonal of the sum of all its products")
    return f"{match[1] or ''}({match[2]})"


def _collected(part: Part) -> Part:
    """Like monomials joined, those that cancel left out."""
    monomials, logarithms = {}, {}
    for coefficient, monomial in part.monomials:
        key = tuple(sorted(monomial))
        monomials[key] = monomials.get(key, 0) + coefficient
    for coefficient, variable in part.logarithms:
        logarithms[variable] = logarithms.get(variable, 0) + coefficient
    return Part([(c, m) for m, c in monomials.items() if c], [(c, v) for v, c in logarithms.items() if c])

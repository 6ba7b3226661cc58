"""Matrix and neuron forms, read and written out.

exp(tau*t)*(W2^T*dW2 - ...) has an entry for each pair (k, l) of hidden neurons, W2^T*[[5, -1], [-1, 2]]*W2 with a matrix of integers
between blocks; diag(...), and sum_i W2[i,k]^2 - ..., have one for each k. Products of blocks and sums over a neuron's entries are taken
out of the text; what remains is a formula in them, read like a law.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

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
Neurons = tuple[int, int]
"""(k, l), or (k, k) in neuron forms; from 0."""


@lru_cache(maxsize=8)
def _patterns(names: tuple[str, ...]) -> tuple[re.Pattern, re.Pattern]:
    """A product of two blocks, and a sum over a neuron's entries."""
    block = rf"(?<![A-Za-z0-9_])(d?)({'|'.join(sorted(names, key=len, reverse=True))})"
    product = rf"{block}(\^T)?\*(?:({_MATRIX})\*)?{block}(\^T)?(?![A-Za-z0-9_^\[(])"
    return re.compile(product), re.compile(rf"(?:sum_([ij]) )?(?:(log)\((?:({_SCALE})\*)?)?{block}{_SLOT}")


@dataclass(frozen=True)
class Block:
    """Numbers of a block's entries, by row and column."""

    start: int
    rows: int
    columns: int

    def entry(self, row: int, column: int) -> int:
        return self.start + row * self.columns + column

    @property
    def turned(self) -> Turned:
        return Turned(self)


@dataclass(frozen=True)
class Turned:
    """The transpose."""

    block: Block

    @property
    def rows(self) -> int:
        return self.block.columns

    @property
    def columns(self) -> int:
        return self.block.rows

    def entry(self, row: int, column: int) -> int:
        return self.block.entry(column, row)


@dataclass(frozen=True)
class Product:
    """left * middle * right, a square matrix; ``middle`` None is the identity."""

    left: Block | Turned
    right: Block | Turned
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

    block: Block | Turned
    exponent: int | Fraction

    def part(self, k: int, l: int) -> Part:
        entries = [self.block.entry(k, m) for m in range(self.block.columns)]
        if not self.exponent:
            return Part(logarithms=[(1, entry) for entry in entries])
        return Part([(1, ((entry, self.exponent),)) for entry in entries])

    @property
    def size(self) -> int:
        return self.block.rows


class Form:
    """A form over a system, as a law in pieces; ``velocities`` says for each piece how many velocities it holds."""

    def __init__(self, text: str, system: System, times: Times) -> None:
        self._blocks = {name: Block(system.offsets()[name], *shape) for name, shape in system.blocks}
        self._shift = system.size if system.second_order else None
        self._vectors, self._metrics = system.vectors, system.metrics
        self._axes: set[tuple[str, bool]] = set()
        products, sums = _patterns(tuple(self._blocks))
        self.pieces: list[Product | Sum] = []
        self.velocities: list[int] = []
        self.is_matrix = bool(products.search(text))
        body = products.sub(self._product, text) if self.is_matrix else sums.sub(self._sum, text)
        if self.is_matrix and "diag" in body:
            self.is_matrix, body = False, _inside(body)
        names = {f"M{i}": i for i in range(len(self.pieces))}
        tree = parse(body.replace("^", "**"), lambda name: names.get(name, -1), system.rate.letters | {"t"})
        self.law = Law.read(tree, times)
        self._check()

    def _check(self) -> None:
        sizes = {piece.size for piece in self.pieces}
        self.size = sizes.pop() if len(sizes) == 1 else 0
        linear = all(
            part.monomials and not part.logarithms and all(len(m) == 1 and m[0][1] == 1 for _, m in part.monomials)
            for part in self.law.parts.values()
            if any(m for _, m in part.monomials)
        )
        if not (self.size and linear):
            raise ExpressionError("a form must be a sum of products of blocks or of sums over a neuron's entries")

    def representatives(self) -> tuple[list[dict[int, Part]], int]:
        """Laws of one and of two neurons, and how many the form has.

        Permutations of the neurons of a layer leave model and metric as they are and permute the laws of a form, so these
        stand for all. Raises ExpressionError, also where a matrix in the metric tells the neurons apart.
        """
        if not all(self._metrics[name].same_along(columns) for name, columns in self._axes):
            raise ExpressionError("laws of which only the form is given, under a metric that tells the neurons apart")
        neurons = {(0, 0): self.size, (0, 1): self.size * (self.size - 1) // 2 if self.is_matrix else 0}
        if any(len(piece.part(0, 0).monomials) > MOST_TERMS for piece in self.pieces):
            raise ExpressionError("a form with too many terms for this checker")
        laws = [(self._member(*pair), number) for pair, number in neurons.items() if number]
        return [law for law, _ in laws if law], sum(number for law, number in laws if law)

    def members(self) -> Iterator[tuple[Neurons, dict[int, Part]]]:
        """The laws, by neurons, that are not zero identically. Raises ExpressionError where there are too many terms."""
        pairs = [(k, l) for k in range(self.size) for l in range(k, self.size if self.is_matrix else k + 1)]
        terms = sum(len(piece.part(0, 0).monomials) for piece in self.pieces)
        if len(pairs) * terms > MOST_TERMS:
            raise ExpressionError(f"a form of {len(pairs)} laws is too large for this checker")
        for k, l in pairs:
            law = self._member(k, l)
            if law:
                yield (k, l), law

    def _member(self, k: int, l: int) -> dict[int, Part]:
        found: dict[int, Part] = {}
        for number, part in self.law.parts.items():
            total = Part()
            for coefficient, monomial in part.monomials:
                piece = self.pieces[monomial[0][0]].part(k, l) if monomial else Part([(1, ())])
                total.extend(piece.scaled(Fraction(coefficient)))
            total = _collected(total)
            if total.monomials or total.logarithms:
                found[number] = total
        return found

    def _block(self, dot: str, name: str) -> Block:
        block = self._blocks.get(name)
        if block is None or (dot and self._shift is None):
            raise ExpressionError(f"no block {dot}{name}")
        return Block(block.start + self._shift, block.rows, block.columns) if dot else block

    def _product(self, match: re.Match) -> str:
        left, right = self._block(match[1], match[2]), self._block(match[5], match[6])
        rows = match[4] and tuple(tuple(map(int, row.split(", "))) for row in match[4][2:-2].split("], ["))
        self._axes |= {(match[2], bool(match[3])), (match[6], not match[7])}
        self.pieces.append(Product(left.turned if match[3] else left, right.turned if match[7] else right, rows))
        self.velocities.append(len(match[1] + match[5]))
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

"""Graphs of laws as source text: one interpreter, whose values are pieces of code; a target says how each operation is spelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from conslaw_cli.exporting.indexing import subscript
from conslaw_cli.exporting.names import Names
from conslaw_cli.exporting.pieces import (
    ATOM,
    POWER,
    PRODUCT,
    Piece,
    added,
    inside,
    inverted,
    multiplied,
    powered,
    raised,
    written,
)
from conslaw_cli.exporting.times import TimeWriter
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import (
    Add,
    Apply,
    Constant,
    Gather,
    Generic,
    MatMul,
    Node,
    Parameter,
    Permute,
    Power,
    Scatter,
    Shape,
    Sum,
    topological_order,
)

_LONG = 30
"""Characters of a piece that gets a name where it is used again."""


@dataclass(frozen=True)
class Code:
    """A piece and the shape of its value, which broadcasts to that of its node: operators need no more.

    The text has the shape ``raw``, up to axes of size 1 that are put in or left out where something else needs it. A part of a vector
    that is being put together has ``ends``, where it stands in it.
    """

    piece: Piece
    shape: Shape
    raw: Shape | None = None
    """None: the same shape."""
    ends: tuple[int, int] | None = None
    parts: tuple[str, ...] = ()
    """The parts that it has been put together from."""
    unshaped: Code | None = None
    """What it is a reshape of."""
    unmoved: tuple[Code, tuple[int, ...]] | None = None
    """What it is a permutation of, and its axes."""

    def of(self, piece: Piece) -> Code:
        """Another value that is made of this one entry by entry."""
        return Code(piece, self.shape, self.raw)


class Writer(Interpreter):
    """The value of a node is its code. ``lines`` are named values that go before, ``indices`` constant arrays by name, ``used`` helpers."""

    def __init__(self, times: TimeWriter, blocks: Mapping[str, str], names: Names) -> None:
        self.times, self.target, self.blocks, self.names = times, times.target, blocks, names
        self.like = next(iter(blocks.values()), "")
        self.lines: list[tuple[str, str]] = []
        self.indices: dict[str, str] = {}
        self.used = times.used
        self.uses: Counter[int] = Counter()

    def codes(self, *roots: Node) -> list[Code]:
        """The code of nodes, what is long and used twice once."""
        self.uses = Counter(id(argument) for node in topological_order(*roots) for argument in node.arguments)
        return self.evaluate(*roots)

    def value(self, node: Node, arguments: list[Code]) -> Code:
        """The code of a node. Raises TypeError for an operation without a spelling."""
        code = super().value(node, arguments if isinstance(node, Add) else list(map(self.settled, arguments)))
        if self.uses[id(node)] < 2 or len(code.piece.text) < _LONG or code.ends:
            return code
        name = self.names.fresh(f"x{len(self.lines) + 1}")
        self.lines.append((name, written(code.piece)))
        return code.of(Piece(name))

    # The operations.

    def parameter(self, node: Parameter) -> Code:
        return Code(Piece(self.blocks[node.name]), node.shape)

    def generic(self, node: Generic) -> Code:
        return Code(self.times.piece(node.name), ())

    def constant(self, node: Constant) -> Code:
        if len(set(node.entries)) == 1:
            return Code(self.times.number(node.entries[0]), ())
        rows = np.array([self._entry(entry) for entry in node.fractions], dtype=object).reshape(node.shape).tolist()
        listed = str(rows).replace("'", "")
        return Code(Piece(self.target.array.format(of=listed, like=self.like)), node.shape)

    def add(self, node: Node, a: Code, b: Code) -> Code:
        return self._joined(node, a, b) if a.ends and b.ends and a.ends[1] == b.ends[0] else self.total(a, b)

    def multiply(self, node: Node, a: Code, b: Code) -> Code:
        return _together(multiplied, a, b)

    def matmul(self, node: MatMul, a: Code, b: Code) -> Code:
        left, right = inside(self.full(a, node.left.shape)), inside(self.full(b, node.right.shape))
        return Code(Piece(f"{left.at(PRODUCT)} @ {right.at(POWER)}", PRODUCT, left.factor * right.factor), node.shape)

    def permute(self, node: Permute, of: Code) -> Code:
        """Permutations of a permutation are one."""
        before, first = of.unmoved or (of, range(len(node.axes)))
        axes = tuple(first[axis] for axis in node.axes)
        if axes == tuple(range(len(axes))):
            return before
        base = self.full(before, tuple(node.shape[axes.index(axis)] for axis in range(len(axes))))
        moved = ".T" if axes == (1, 0) else self.target.permute.format(axes=", ".join(map(str, axes)))
        return Code(_behind(base, moved), node.shape, unmoved=(before, axes))

    def sum(self, node: Sum, of: Code) -> Code:
        if code := _dropped(of, node):
            return code
        axes = "" if not node.shape else node.axes[0] if len(node.axes) == 1 else node.axes
        base = inside(self.full(of, node.of.shape))
        return Code(Piece(f"{base.at(ATOM)}.sum({axes})", ATOM, base.factor), node.shape)

    def broadcast(self, node: Node, of: Code) -> Code:
        return of

    def reshape(self, node: Node, of: Code) -> Code:
        """Axes of size 1 are left for later; operators put those before all others by themselves. Only the last shape matters."""
        if of.unshaped and of.unshaped.shape == node.shape:
            return of.unshaped
        if not of.shape or (1,) * (len(node.shape) - len(of.shape)) + of.shape == node.shape:
            return of
        if of.shape == node.of.shape and _squeezed(of.shape) == _squeezed(node.shape):
            return Code(of.piece, node.shape, of.raw or of.shape)
        before = of.unshaped or Code(self.full(of, node.of.shape), node.of.shape, unmoved=of.unmoved)
        return Code(_reshaped(before.piece, before.shape, node.shape), node.shape, unshaped=before)

    def gather(self, node: Gather, of: Code) -> Code:
        key = subscript(node.of.shape, node.index)
        if key is not None:
            return Code(_behind(self.full(of, node.of.shape), f"[{key}]"), node.shape) if key.strip(":, ") else of
        flat = _reshaped(self.full(of, node.of.shape), node.of.shape, (-1,)) if len(node.of.shape) != 1 else self.full(of, node.of.shape)
        return Code(_behind(flat, f"[{self._index(node.index)}]"), node.shape)

    def scatter(self, node: Scatter, of: Code) -> Code:
        """A part of a vector, or sums of entries."""
        index, piece = node.index.ravel(), self.full(of, node.of.shape)
        if (np.diff(index) == 1).all():
            return _part(piece, (written(piece),), node.shape, (int(index[0]), int(index[-1]) + 1))
        return Code(self._totals(piece, index, node.shape), node.shape)

    def power(self, node: Power, of: Code) -> Code:
        if isinstance(node.exponent, int):
            return of.of(powered(of.piece, node.exponent))
        if abs(node.exponent) != Fraction(1, 2):
            return of.of(raised(of.piece, self.times.number(node.exponent)))
        root = self._function("sqrt", of)
        return root if node.exponent > 0 else root.of(inverted(root.piece))

    def apply(self, node: Apply, of: Code) -> Code:
        return self._function(node.function.name, of)

    # What they share.

    def total(self, a: Code, b: Code) -> Code:
        """The sum of two arrays."""
        return _together(added, self.settled(a), self.settled(b))

    def settled(self, code: Code) -> Code:
        """The code itself; a part of a vector that stays alone is one with zeros around it."""
        return Code(self._totals(code.piece, np.arange(*code.ends), code.shape), code.shape) if code.ends else code

    def full(self, code: Code, shape: Shape) -> Piece:
        """The piece with all of a shape, which it broadcasts to."""
        code = _real(self.settled(code))
        if code.shape == shape:
            return code.piece
        if code.shape and (1,) * (len(shape) - len(code.shape)) + code.shape == shape:
            return _reshaped(code.piece, code.shape, shape)
        return Piece(f"{self.target.module}.broadcast_to({written(code.piece)}, {shape})")

    def _function(self, name: str, of: Code) -> Code:
        return of.of(Piece(f"{self.target.of_array(name, len(of.shape))}({written(of.piece)})"))

    def _joined(self, node: Node, a: Code, b: Code) -> Code:
        """Parts that follow each other."""
        parts = a.parts + b.parts
        text = f"{self.target.module}.concatenate([{', '.join(parts)}])"
        return _part(Piece(text), parts, node.shape, (a.ends[0], b.ends[1]))

    def _totals(self, piece: Piece, places: np.ndarray, shape: Shape) -> Piece:
        self.used.add("_totals")
        return Piece(f"_totals({written(piece)}, {self._index(places)}, {shape[0]})")

    def _entry(self, entry: Fraction) -> int | str:
        return int(entry) if entry.denominator == 1 else written(self.times.number(entry))

    def _index(self, index: np.ndarray) -> str:
        """Numbers of entries, a constant by its name."""
        text = self.target.index.format(of=index.tolist())
        if text not in self.indices:
            self.indices[text] = self.names.fresh(f"INDEX_{len(self.indices) + 1}")
        return self.indices[text]


def _part(piece: Piece, parts: tuple[str, ...], shape: Shape, ends: tuple[int, int]) -> Code:
    """A part of a vector; all of them together are the vector."""
    return Code(piece, shape) if ends == (0, *shape) else Code(piece, shape, ends=ends, parts=parts)


def _together(operation: Callable[[Piece, Piece], Piece], a: Code, b: Code) -> Code:
    """An operation on two arrays, entry by entry, on the texts as they are where that is the same."""
    alike = (a.shape, a.raw) == (b.shape, b.raw)
    if not alike and a.shape and b.shape:
        a, b = _real(a), _real(b)
    shape = np.broadcast_shapes(a.shape, b.shape)
    return Code(operation(a.piece, b.piece), shape, a.raw if a.shape else b.raw)


def _real(code: Code) -> Code:
    """The same with the axes of size 1 that its shape has."""
    return Code(_reshaped(code.piece, code.raw, code.shape), code.shape) if code.raw not in (None, code.shape) else code


def _dropped(of: Code, node: Sum) -> Code | None:
    """The sum over axes of size 1, which is no sum."""
    if of.shape != node.of.shape or any(of.shape[axis] > 1 for axis in node.axes):
        return None
    return Code(of.piece, node.shape, of.raw or of.shape)


def _squeezed(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def _behind(piece: Piece, text: str) -> Piece:
    """What stands behind an array whose entries it takes or moves."""
    return replace(piece, text=piece.at(ATOM) + text, level=ATOM)


def _reshaped(piece: Piece, shape: Shape, new: Shape) -> Piece:
    """Another shape; axes of size 1 that are new or dropped are written as such."""
    if _squeezed(new) == shape:
        return _behind(piece, f"[{', '.join('None' if size == 1 else ':' for size in new)}]")
    if _squeezed(shape) == new:
        return _behind(piece, f"[{', '.join('0' if size == 1 else ':' for size in shape)}]")
    return _behind(piece, f".reshape({', '.join(map(str, new)) or '()'})")

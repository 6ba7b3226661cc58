"""Nodes: operations on arrays of any number of axes, with shapes checked where they are built.

Operators build the graph as NumPy would compute: ``a + b`` and ``a * b`` broadcast, ``a @ b`` is the batched matrix product. What
broadcasting does is written into the graph, so the operands of a stored :class:`Add` or :class:`Multiply` have one shape and an
interpreter has one simple rule for each class. Constants are exact: integers and fractions.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isfinite, prod
from numbers import Rational, Real
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from conslaw_cli.graph.functions import ScalarFunction

if TYPE_CHECKING:
    import numpy as np

Shape = tuple[int, ...]
OPERATORS = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv, "matmul": operator.matmul}
"""Those of NumPy's functions that are operators."""
Number: TypeAlias = "Node | int | float | Fraction | np.ndarray"
"""What operators take beside nodes."""


@dataclass(frozen=True, eq=False)
class Node:
    """An array-valued node; ``operation`` names the method of an interpreter that gives its value."""

    shape: Shape
    operation: ClassVar[str] = ""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Node:
        """NumPy's operators with an array on the left. Raises TypeError for its functions: a graph has its own."""
        name = ufunc.__name__
        if method != "__call__" or options or name not in OPERATORS:
            raise TypeError(f"numpy.{name} takes no array of a network: use conslaw_cli.functions")
        return OPERATORS[name](*map(as_node, inputs))

    def __add__(self, other: Number) -> Node:
        return Add(*_together(self, as_node(other), "add"))

    def __mul__(self, other: Number) -> Node:
        return Multiply(*_together(self, as_node(other), "multiply"))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Node:
        return self * -1

    def __sub__(self, other: Number) -> Node:
        return self + as_node(other) * -1

    def __rsub__(self, other: Number) -> Node:
        return as_node(other) + self * -1

    def __truediv__(self, other: Number) -> Node:
        return self * _reciprocal(other)

    def __rtruediv__(self, other: Number) -> Node:
        return as_node(other) * _reciprocal(self)

    def __matmul__(self, other: Number) -> Node:
        return matmul(self, as_node(other))

    def __rmatmul__(self, other: Number) -> Node:
        return matmul(as_node(other), self)

    def __pow__(self, exponent: int | float | Fraction) -> Node:
        """Entry by entry. Raises ValueError unless the exponent is an integer or half of one, and not 0."""
        exact = exact_number(exponent)
        return self if exact == 1 else Power(self.shape, self, exact)

    def __getitem__(self, key: Any) -> Node:
        """Integers, slices, None and ... as NumPy has them. Raises IndexError for what NumPy refuses."""
        import numpy as np

        index = np.arange(prod(self.shape)).reshape(self.shape)[key]
        return self.gather(np.asarray(index))

    def gather(self, index: np.ndarray) -> Node:
        """The entries with these row-major numbers, in the shape of ``index``."""
        return Gather(index.shape, self, index)

    def scatter(self, index: np.ndarray, shape: Shape) -> Node:
        """An array of a shape with every entry added to the place with its number in ``index``, zero elsewhere."""
        return Scatter(shape, self, index)

    def applied(self, function: ScalarFunction) -> Node:
        """A scalar function, entry by entry."""
        return Apply(self.shape, self, function)

    def held(self) -> Node:
        """The same entries, which are no variables of a functional that they are in (:class:`Held`)."""
        return Held(self.shape, self)

    def sum(self, axes: int | Iterable[int]) -> Node:
        """The sum over some axes, which are dropped. Raises ValueError for an axis that there is not."""
        chosen = (axes,) if isinstance(axes, int) else tuple(axes)
        if not all(-len(self.shape) <= axis < len(self.shape) for axis in chosen):
            raise ValueError(f"no axes {chosen} in {self.shape}")
        dropped = tuple(sorted({axis % len(self.shape) for axis in chosen}))
        kept = tuple(size for axis, size in enumerate(self.shape) if axis not in dropped)
        return Sum(kept, self, dropped) if dropped else self

    def permute(self, axes: Iterable[int]) -> Node:
        """Axis k of the result is axis ``axes[k]`` of this node. Raises ValueError for what is no permutation."""
        order = tuple(axes)
        _require(sorted(order) == list(range(len(self.shape))), f"{order} is no permutation of the axes of {self.shape}")
        if isinstance(self, Permute):
            return self.of.permute(self.axes[axis] for axis in order)
        return self if order == tuple(range(len(order))) else Permute(tuple(self.shape[axis] for axis in order), self, order)

    def reshape(self, shape: Shape) -> Node:
        """The entries in row-major order in another shape. Raises ValueError for another number of entries."""
        _require(prod(shape) == prod(self.shape), f"cannot reshape {self.shape} to {shape}")
        return self if shape == self.shape else Reshape(shape, self)

    def broadcast(self, shape: Shape) -> Node:
        """Repeated to a shape by NumPy's rule. Raises ValueError where the rule does not allow it."""
        aligned = (1,) * (len(shape) - len(self.shape)) + self.shape
        allowed = len(aligned) == len(shape) and all(a in (1, b) for a, b in zip(aligned, shape))
        _require(allowed, f"cannot broadcast {self.shape} to {shape}")
        return self if shape == self.shape else Broadcast(shape, self.reshape(aligned))

    @property
    def T(self) -> Node:
        """All axes reversed."""
        return self.permute(range(len(self.shape))[::-1])

    @property
    def mT(self) -> Node:
        """The last two axes exchanged. Raises ValueError for fewer than two."""
        _require(len(self.shape) > 1, f"{self.shape} has no matrices to transpose")
        *batch, rows, columns = range(len(self.shape))
        return self.permute((*batch, columns, rows))

    @property
    def arguments(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True, eq=False)
class Parameter(Node):
    """A block of trained parameters, e.g. ``W1``."""

    name: str
    operation = "parameter"


FREE, ONE_HOT = "free", "one-hot"


@dataclass(frozen=True, eq=False)
class Coefficient(Node):
    """A block of free coefficients lambda: one generator for each of their values. ``name`` is unique in a program.

    Its entries are free, or its rows along the last axis are one-hot vectors, as ``values`` says.
    """

    name: str
    values: str = FREE
    operation = "coefficient"


@dataclass(frozen=True, eq=False)
class Generic(Node):
    """An array of constants of which nothing is used but that they are generic: a ring draws them once for all, by ``name``.

    ``floats`` are real numbers that they stand for, row by row; None for any.
    """

    name: str
    floats: tuple[float, ...] | None = None
    operation = "generic"


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """An array of known numbers, ``entries`` in row-major order."""

    entries: tuple[int | Fraction, ...]
    operation = "constant"

    def __post_init__(self) -> None:
        _require(len(self.entries) == prod(self.shape), f"{len(self.entries)} entries for a constant of shape {self.shape}")

    @cached_property
    def fractions(self) -> tuple[Fraction, ...]:
        return tuple(Fraction(entry) for entry in self.entries)


@dataclass(frozen=True, eq=False)
class _Binary(Node):
    left: Node
    right: Node

    @property
    def arguments(self) -> tuple[Node, ...]:
        return (self.left, self.right)


class Add(_Binary):
    """Sum of two arrays of one shape."""

    operation = "add"


class Multiply(_Binary):
    """Entrywise (Hadamard) product of two arrays of one shape."""

    operation = "multiply"


class MatMul(_Binary):
    """Matrix products over the last two axes, the axes before them being the same on both sides."""

    operation = "matmul"


@dataclass(frozen=True, eq=False)
class _Unary(Node):
    of: Node

    @property
    def arguments(self) -> tuple[Node, ...]:
        return (self.of,)


@dataclass(frozen=True, eq=False)
class Permute(_Unary):
    """Axes in another order: axis k is axis ``axes[k]`` of the argument."""

    axes: tuple[int, ...]
    operation = "permute"


@dataclass(frozen=True, eq=False)
class Sum(_Unary):
    """Sum over ``axes`` (ascending), which are dropped."""

    axes: tuple[int, ...]
    operation = "sum"


class Broadcast(_Unary):
    """Axes of size 1 repeated; the number of axes stays."""

    operation = "broadcast"


class Reshape(_Unary):
    """The same entries in row-major order in another shape."""

    operation = "reshape"


class Held(_Unary):
    """The same entries, taken for constants where a functional is differentiated.

    So f = <theta, held X(theta)> has the gradient X(theta), for any field X: a program of vector fields as they are. It is a factor of
    a product, and stands in functionals only, never in their gradients.
    """

    operation = "held"


@dataclass(frozen=True, eq=False)
class Power(_Unary):
    """Entrywise power; the exponent is an integer or half of one, and not 0. A root is the positive one."""

    exponent: int | Fraction
    operation = "power"

    def __post_init__(self) -> None:
        valid = isinstance(self.exponent, int | Fraction) and self.exponent and Fraction(self.exponent).denominator <= 2
        _require(valid, f"the exponent {self.exponent} is no integer or half of one other than 0")

    @property
    def total(self) -> bool:
        """Whether every number has such a power."""
        return isinstance(self.exponent, int) and self.exponent > 0


@dataclass(frozen=True, eq=False)
class Gather(_Unary):
    """Entries by their row-major numbers: entry k of the result is entry ``index[k]`` of the argument."""

    index: np.ndarray
    operation = "gather"


@dataclass(frozen=True, eq=False)
class Scatter(_Unary):
    """The transpose of :class:`Gather`: each entry is added to entry ``index`` of the result."""

    index: np.ndarray
    operation = "scatter"


POSITIVE, TOP = "positive", "top"


@dataclass(frozen=True, eq=False)
class Branch(_Unary):
    """Zeros and ones that are locally constant: where entries are positive, or among the ``count`` largest along the last axis."""

    kind: str
    count: int = 1
    operation = "branch"


@dataclass(frozen=True, eq=False)
class Apply(_Unary):
    """A scalar function of the catalogue, entry by entry."""

    function: ScalarFunction
    operation = "apply"


def as_matrix(shape: Shape) -> tuple[int, int]:
    """A shape as rows and columns: the first axis, and all others."""
    return (shape[0] if shape else 1, prod(shape[1:]))


def constant(value: int | Fraction) -> Constant:
    """One number as an array without axes."""
    return Constant((), (value,))


def matmul(a: Node, b: Node) -> Node:
    """``a @ b`` as NumPy defines it for one axis, two or more. Raises ValueError where shapes do not match."""
    _require(bool(a.shape and b.shape), f"cannot contract {a.shape} with {b.shape}: a number has no matrix product")
    row, column = len(a.shape) == 1, len(b.shape) == 1
    left = a.reshape((1, *a.shape)) if row else a
    right = b.reshape((*b.shape, 1)) if column else b
    _require(left.shape[-1] == right.shape[-2], f"cannot contract {a.shape} with {b.shape}")
    batch = _common(left.shape[:-2], right.shape[:-2], f"cannot contract {a.shape} with {b.shape}")
    left, right = left.broadcast(batch + left.shape[-2:]), right.broadcast(batch + right.shape[-2:])
    product = MatMul((*batch, left.shape[-2], right.shape[-1]), left, right)
    if not (row or column):
        return product
    return product.reshape(batch + (() if row else left.shape[-2:-1]) + (() if column else right.shape[-1:]))


def topological_order(*roots: Node) -> list[Node]:
    """All nodes below the roots, arguments before the nodes that use them."""
    order: list[Node] = []
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((argument, False) for argument in reversed(node.arguments))
    return order


def exact_number(value: int | float | Fraction) -> int | Fraction:
    """A number as written, 0.1 being a tenth. Raises ValueError for what is not finite, TypeError for what is no number."""
    if isinstance(value, bool | complex | str) or not isinstance(value, Real):
        raise TypeError(f"{type(value).__name__} is no real number")
    if isinstance(value, Rational):
        exact = Fraction(int(value.numerator), int(value.denominator))
    elif isfinite(value):
        exact = Fraction(repr(float(value)))
    else:
        raise ValueError(f"{value} is not finite")
    return exact.numerator if exact.denominator == 1 else exact


def as_node(value: Number) -> Node:
    """A number or an array of numbers as a constant, each as it is written. Raises ValueError, TypeError as :func:`exact_number`."""
    if isinstance(value, Node):
        return value
    if isinstance(value, list | tuple) or hasattr(value, "ravel") and not isinstance(value, Real):
        import numpy as np

        array = np.asarray(value, dtype=object)
        return Constant(array.shape, tuple(exact_number(entry) for entry in array.ravel()))
    return constant(exact_number(value))


def _reciprocal(value: Number) -> Node:
    """Raises ZeroDivisionError for the number 0."""
    node = as_node(value)
    return Constant(node.shape, tuple(exact_number(1 / entry) for entry in node.fractions)) if isinstance(node, Constant) else node**-1


def _together(a: Node, b: Node, verb: str) -> tuple[Shape, Node, Node]:
    """The common shape of two operands, and both broadcast to it."""
    shape = _common(a.shape, b.shape, f"cannot {verb} {a.shape} and {b.shape}")
    return shape, a.broadcast(shape), b.broadcast(shape)


def _common(a: Shape, b: Shape, message: str) -> Shape:
    """The shape that two shapes broadcast to."""
    length = max(len(a), len(b))
    pairs = list(zip((1,) * (length - len(a)) + a, (1,) * (length - len(b)) + b))
    _require(all(x == y or 1 in (x, y) for x, y in pairs), message)
    return tuple(y if x == 1 else x for x, y in pairs)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)

"""Programs over the truncated ring F_p[e_1 .. e_j]/(e_i^2): exact nested directional derivatives, many at once.

Sums over the subsets of a component have at most 2^j terms that are residues already, so they stay exact.
A jet array has shape (2^j, batch, *shape); component S holds the coefficient of the product of the e_i, i in the bits
of S. Components 0 … 2^(j-1)-1 are the part without e_j.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from fractions import Fraction
from collections.abc import Callable
from functools import cache, partial
from math import prod

import numpy as np

from conslaw_cli.rings.field import Field, Rationals
from conslaw_cli.rings.keyed import Keyed
from conslaw_cli.graph.functions import ScalarFunction
from conslaw_cli.graph.gradient import power_slope
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Apply, Branch, Coefficient, Constant, Gather, Generic, Node, Parameter, Permute, Power, Scatter, Sum


@cache
def _products(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (S, T) of disjoint subsets sorted by their union, and where each union starts."""
    pairs = sorted((s | t, s, t) for s in range(size) for t in range(size) if not s & t)
    unions = np.array([union for union, _, _ in pairs])
    starts = np.flatnonzero(np.r_[True, unions[1:] != unions[:-1]])
    return np.array([s for _, s, _ in pairs]), np.array([t for _, _, t in pairs]), starts


def multiply(field: Field, a: np.ndarray, b: np.ndarray, contract: bool = False) -> np.ndarray:
    """Product of jets, entry by entry or (``contract``) as matrices; one of them may have fewer e's than the other."""
    combine = field.matmul if contract else field.multiply
    if len(a) == 1 or len(b) == 1:
        return combine(a, b)
    size = max(len(a), len(b))
    a, b = _widen(a, size), _widen(b, size)
    left, right, starts = _products(size)
    products = combine(a[left], b[right])
    return field.reduce(np.add.reduceat(products, starts, axis=0))


def add(field: Field, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = max(len(a), len(b))
    return field.add(_widen(a, size), _widen(b, size))


def power(field: Field, a: np.ndarray, exponent: int | Fraction) -> np.ndarray:
    """a**exponent, entry by entry. Raises ValueError where the value without e's has no such power (:meth:`Field.power`)."""
    if exponent < 1 or Fraction(exponent).denominator > 1:
        return _series(field, a, Fraction(exponent))
    result = a
    for _ in range(exponent - 1):
        result = multiply(field, result, a)
    return result


def _series(field: Field, a: np.ndarray, exponent: Fraction) -> np.ndarray:
    """The binomial series of (b + c)**exponent, b without e's and c nilpotent: c**(j + 1) = 0 with j e's."""
    base = field.power(a[:1], exponent)
    if len(a) == 1:
        return base
    ratio = multiply(field, a, field.power(a[:1], -1))
    ratio[0] = 0.0
    total = term = np.concatenate([np.ones_like(ratio[:1]), np.zeros_like(ratio[1:])])
    for i in range(1, len(a).bit_length()):
        factor = (exponent - i + 1) / i
        term = multiply(field, multiply(field, term, ratio), field.rationals(((factor,),)))
        total = field.add(total, term)
    return multiply(field, total, base)


@dataclass(frozen=True)
class Jets:
    """Arithmetic of jets entry by entry, for what is written once for any ring."""

    field: Field

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return multiply(self.field, a, b)

    def add(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return add(self.field, a, b)

    def constant(self, value: Fraction) -> np.ndarray:
        return self.field.rationals(((value,),))[None, None]

    def power(self, a: np.ndarray, exponent: int | Fraction) -> np.ndarray:
        return power(self.field, a, exponent)

    def columns(self, a: np.ndarray) -> list[np.ndarray]:
        return np.split(a, a.shape[-1], axis=-1)

    def joined(self, columns: list[np.ndarray]) -> np.ndarray:
        size, batch = max(map(len, columns)), max(column.shape[1] for column in columns)
        wide = [_widen(column, size) for column in columns]
        return np.concatenate([np.broadcast_to(w, (size, batch, *w.shape[2:])) for w in wide], axis=-1)

    def transform(self, left: Rationals | None, a: np.ndarray, right: Rationals | None) -> np.ndarray:
        """left a right for constant matrices of rationals, None being the identity."""
        a = a if left is None else self.field.matmul(self.field.rationals(left), a)
        return a if right is None else self.field.matmul(a, self.field.rationals(right))


def _widen(a: np.ndarray, size: int) -> np.ndarray:
    if len(a) == size:
        return a
    wide = np.zeros((size, *a.shape[1:]))
    wide[: len(a)] = a
    return wide


@dataclass(frozen=True)
class Values:
    """What the leaves of a graph stand for: jets of shape (2^j or 1, batch or 1, *shape) by name, those of branches by their node's id."""

    parameters: dict[str, np.ndarray]
    coefficients: dict[str, np.ndarray]
    generics: dict[str, np.ndarray] = dataclass_field(default_factory=dict)
    branches: dict[int, np.ndarray] = dataclass_field(default_factory=dict)
    functions: Keyed | None = None


def evaluate(field: Field, roots: tuple[Node, ...], values: Values) -> list[np.ndarray]:
    """Values of the nodes, each of shape (2^j or 1, batch or 1, *shape)."""
    return Evaluation(field, values).evaluate(*roots)


@dataclass(frozen=True)
class Evaluation(Interpreter):
    """Nodes as jets, at values of their leaves. A power that an entry does not have is that of one (:mod:`conslaw_cli.rings.defined`)."""

    field: Field
    values: Values

    def parameter(self, node: Parameter) -> np.ndarray:
        return self.values.parameters[node.name]

    def coefficient(self, node: Coefficient) -> np.ndarray:
        return self.values.coefficients[node.name]

    def generic(self, node: Generic) -> np.ndarray:
        return self.values.generics[node.name]

    def branch(self, node: Branch, a: np.ndarray) -> np.ndarray:
        return self.values.branches[id(node)]

    def constant(self, node: Constant) -> np.ndarray:
        return self.field.rationals((node.fractions,)).reshape(1, 1, *node.shape)

    def add(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return add(self.field, a, b)

    def multiply(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return multiply(self.field, a, b)

    def matmul(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return multiply(self.field, a, b, contract=True)

    def permute(self, node: Permute, a: np.ndarray) -> np.ndarray:
        return a.transpose((0, 1, *(axis + 2 for axis in node.axes)))

    def sum(self, node: Sum, a: np.ndarray) -> np.ndarray:
        return self.field.reduce(a.sum(axis=tuple(axis + 2 for axis in node.axes)))

    def broadcast(self, node: Node, a: np.ndarray) -> np.ndarray:
        return np.broadcast_to(a, (*a.shape[:2], *node.shape))

    def reshape(self, node: Node, a: np.ndarray) -> np.ndarray:
        return a.reshape(*a.shape[:2], *node.shape)

    def gather(self, node: Gather, a: np.ndarray) -> np.ndarray:
        return a.reshape(*a.shape[:2], -1)[..., node.index]

    def scatter(self, node: Scatter, a: np.ndarray) -> np.ndarray:
        """One sum for each run of entries that go to one place, in the order of the places."""
        flat = a.reshape(*a.shape[:2], -1)
        total = np.zeros((*a.shape[:2], prod(node.shape)))
        order, starts, places = scattering(node)
        if len(order):
            total[..., places] = self.field.reduce(np.add.reduceat(flat[..., order], starts, axis=-1))
        return total.reshape(*a.shape[:2], *node.shape)

    def power(self, node: Power, a: np.ndarray) -> np.ndarray:
        return power(self.field, a, node.exponent) if node.total else self._partial_power(a, node.exponent)

    def _partial_power(self, a: np.ndarray, exponent: int | Fraction) -> np.ndarray:
        """f(a + e b) = f(a) + e f'(a) b, from the value without e's on."""
        if len(a) == 1:
            return self.field.power_where_defined(a, exponent)[0]
        return self._extended(a, lambda inner: self._partial_power(inner, exponent), partial(power_slope, exponent))

    def apply(self, node: Apply, a: np.ndarray) -> np.ndarray:
        return self.function(node.function, a)

    def function(self, function: ScalarFunction, a: np.ndarray) -> np.ndarray:
        """The same."""
        if len(a) == 1:
            return self.values.functions.value(function.name, a)
        return self._extended(a, lambda inner: self.function(function, inner), function.derivative)

    def _extended(self, a: np.ndarray, function: Callable, derivative: Callable) -> np.ndarray:
        inner, direction = np.split(a, 2)
        value = function(inner)
        slope = derivative(_Operand(self, inner), _Operand(self, value)).jets
        return np.concatenate([_widen(value, len(inner)), _widen(multiply(self.field, slope, direction), len(inner))])


@dataclass(frozen=True)
class _Operand:
    """Jets with the operators that derivatives of functions are written in."""

    evaluation: Evaluation
    jets: np.ndarray

    def __mul__(self, other: _Operand | int | Fraction) -> _Operand:
        return replace(self, jets=multiply(self.evaluation.field, self.jets, self._jets(other)))

    def __add__(self, other: _Operand | int | Fraction) -> _Operand:
        return replace(self, jets=add(self.evaluation.field, self.jets, self._jets(other)))

    def __pow__(self, exponent: int) -> _Operand:
        if exponent > 0:
            return replace(self, jets=power(self.evaluation.field, self.jets, exponent))
        return replace(self, jets=self.evaluation._partial_power(self.jets, exponent))

    def applied(self, function: ScalarFunction) -> _Operand:
        return replace(self, jets=self.evaluation.function(function, self.jets))

    def _jets(self, other: _Operand | int | Fraction) -> np.ndarray:
        if isinstance(other, _Operand):
            return other.jets
        return self.evaluation.field.rationals(((Fraction(other),),)).reshape((1,) * self.jets.ndim)


def scattering(node: Scatter) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(order of the entries by their places, where each place's run begins, the places)."""
    index = node.index.ravel()
    order = np.argsort(index, kind="stable")
    ordered = index[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    return order, starts, ordered[starts]

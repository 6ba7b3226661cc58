"""Programs over the truncated ring F_p[e_1 .. e_j]/(e_i^2): exact nested directional derivatives, many at once.

Sums over the subsets of a component have at most 2^j terms that are residues already, so they stay exact.
A jet array has shape (2^j, batch, *shape); component S holds the coefficient of the product of the e_i, i in the bits
of S. Components 0 … 2^(j-1)-1 are the part without e_j.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from conslaw_cli.rings.field import Field, Rationals
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Coefficient, Constant, Node, Parameter, Permute, Power, Sum


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


def evaluate(
    field: Field, roots: tuple[Node, ...], parameters: dict[str, np.ndarray], coefficients: dict[str, np.ndarray]
) -> list[np.ndarray]:
    """Values of the nodes for jets of the parameters and coefficients, each of shape (2^j or 1, batch or 1, *shape)."""
    return Evaluation(field, parameters, coefficients).evaluate(*roots)


@dataclass(frozen=True)
class Evaluation(Interpreter):
    """Nodes as jets, at jets of the parameters and coefficients by name."""

    field: Field
    parameters: dict[str, np.ndarray]
    coefficients: dict[str, np.ndarray]

    def parameter(self, node: Parameter) -> np.ndarray:
        return self.parameters[node.name]

    def coefficient(self, node: Coefficient) -> np.ndarray:
        return self.coefficients[node.name]

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

    def power(self, node: Power, a: np.ndarray) -> np.ndarray:
        return power(self.field, a, node.exponent)

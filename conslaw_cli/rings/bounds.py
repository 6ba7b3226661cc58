"""Degrees and sizes of the polynomials that a program stands for, without expanding one: what error bounds rest on.

A program is run over bounds: of every node, for all entries at once, the degree in all variables together (parameters, coefficients,
free symbols) and the 1-norm, the sum of the absolute values of the coefficients, after multiplication with a common denominator.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm, prod

import numpy as np

from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Constant, MatMul, Node, Power, Scatter, Sum
from conslaw_cli.graph.program import Program


@dataclass(frozen=True)
class Bound:
    """Polynomials of at most this degree that ``denominator`` makes integral, then with a 1-norm of at most ``norm``."""

    degree: int
    norm: int
    denominator: int = 1

    @staticmethod
    def of(polynomial: Polynomial) -> Bound:
        """The bound of a polynomial itself. Raises ValueError for negative exponents."""
        if any(exponent < 0 for monomial in polynomial.terms for _, exponent in monomial):
            raise ValueError("a Laurent polynomial has no degree")
        denominator = lcm(*(c.denominator for c in polynomial.terms.values()))
        norm = sum(abs(int(c * denominator)) for c in polynomial.terms.values())
        return Bound(polynomial.degree, norm, denominator)

    def __add__(self, other: Bound) -> Bound:
        common = lcm(self.denominator, other.denominator)
        norms = self.norm * (common // self.denominator), other.norm * (common // other.denominator)
        return Bound(max(self.degree, other.degree), sum(norms), common)

    def __mul__(self, other: Bound) -> Bound:
        return Bound(self.degree + other.degree, self.norm * other.norm, self.denominator * other.denominator)

    def __pow__(self, exponent: int) -> Bound:
        return Bound(self.degree * exponent, self.norm**exponent, self.denominator**exponent)

    def multiple(self, norm: int, denominator: int) -> Bound:
        """A combination of such polynomials with coefficients c, ``norm`` being the sum of all |denominator * c|."""
        return self * Bound(0, norm, denominator)

    def summed(self, count: int) -> Bound:
        """A sum of ``count`` of them."""
        return Bound(self.degree, self.norm * count, self.denominator)

    def joined(self, other: Bound) -> Bound:
        """A bound of both."""
        total = self + other
        scales = total.denominator // self.denominator, total.denominator // other.denominator
        return Bound(total.degree, max(self.norm * scales[0], other.norm * scales[1]), total.denominator)


VARIABLE = Bound(1, 1)
NOTHING = Bound(0, 0)


def gradient_bounds(program: Program, parameter: Bound) -> list[Bound]:
    """Bounds of the derivatives by each block, the parameters being polynomials that have a bound themselves."""
    return _Bounds(parameter).evaluate(*program.gradients)


@dataclass(frozen=True)
class _Bounds(Interpreter):
    """One bound for all entries of a node."""

    of_parameter: Bound

    def parameter(self, node: Node) -> Bound:
        return self.of_parameter

    def coefficient(self, node: Node) -> Bound:
        return VARIABLE

    generic = coefficient

    def branch(self, node: Node, a: Bound) -> Bound:
        return Bound(0, 1)

    def constant(self, node: Constant) -> Bound:
        denominator = lcm(*(entry.denominator for entry in node.fractions))
        return Bound(0, max((abs(int(entry * denominator)) for entry in node.fractions), default=0), denominator)

    def add(self, node: Node, a: Bound, b: Bound) -> Bound:
        return a + b

    def multiply(self, node: Node, a: Bound, b: Bound) -> Bound:
        return a * b

    def matmul(self, node: MatMul, a: Bound, b: Bound) -> Bound:
        return (a * b).summed(node.left.shape[-1])

    def sum(self, node: Sum, a: Bound) -> Bound:
        return a.summed(prod(node.of.shape[axis] for axis in node.axes))

    def _same(self, node: Node, a: Bound) -> Bound:
        return a

    permute = broadcast = reshape = gather = _same

    def scatter(self, node: Scatter, a: Bound) -> Bound:
        return a.summed(int(np.bincount(node.index.ravel()).max(initial=0)))

    def power(self, node: Power, a: Bound) -> Bound:
        if not node.total:
            raise TypeError(f"no bound of the power {node.exponent}")
        return a**node.exponent

"""Degrees and sizes of the polynomials that a program stands for, without expanding one: what error bounds rest on.

A program is run over bounds: of every node, for all entries at once, the degree in all variables together (parameters, coefficients,
free symbols) and the 1-norm, the sum of the absolute values of the coefficients, after multiplication with a common denominator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import lcm, log2, prod

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


def cover_bound(program: Program, degree: int, terms: int) -> tuple[float, float, int]:
    """log2 of a degree, log2 of a height, and a number of roots, for sum_k c_k d_k f with ``terms`` polynomials c_k of this degree.

    Every reciprocal and root y is a variable of its own, on the variety V of the equations y x = 1 and y^2 x = 1 (or y^2 = x), so the
    sum is a polynomial F on V; values of functions are free variables. By Bezout the zeros of F on V have at most the degree deg F times
    the product of the equations' degrees, and modulo p at most that times p^(n-1) points of about p^n. Two arguments of a function that
    meet modulo p by chance count as zeros too. By the arithmetic theorem of Bezout the primes modulo which F vanishes on V though it does not
    over the rationals divide a number whose log2 is at most that degree times the sum of the equations' log2 norms and dimensions.
    """
    cover = _Cover(VARIABLE)
    components = cover.evaluate(*program.gradients)
    whole = reduce(Bound.joined, components) * Bound(degree, 1)
    equations = cover.equations
    total = log2(max(1, whole.degree)) + sum(count * log2(bound.degree + 2) for bound, count in equations)
    arguments = sum(count for _, count in cover.arguments)
    meeting = max((bound.degree for bound, _ in cover.arguments), default=0) * arguments**2
    total = log2(2.0 ** min(total, 500.0) + meeting)
    norms = _log_norm(whole) + log2(max(1, terms)) + sum(count * (_log_norm(bound) + 1) for bound, count in equations)
    size = program.size + sum(prod(node.shape) for node in program.coefficients) + sum(count for _, count in equations) + arguments
    return total, total + log2(norms + size * log2(size + 2) + 1), cover.roots


def _log_norm(bound: Bound) -> float:
    return log2(max(1, bound.norm)) + log2(bound.denominator)


class _Cover(_Bounds):
    """Bounds of nodes as polynomials in variables, reciprocals, roots and values of functions."""

    def __init__(self, of_parameter: Bound) -> None:
        super().__init__(of_parameter)
        for name, value in (("equations", []), ("arguments", []), ("roots", 0)):
            object.__setattr__(self, name, value)

    def power(self, node: Power, a: Bound) -> Bound:
        if node.total:
            return a**node.exponent
        half = not isinstance(node.exponent, int)
        self.equations.append((a, prod(node.shape)))
        if half:
            object.__setattr__(self, "roots", self.roots + prod(node.shape))
        return VARIABLE ** max(1, int(abs(node.exponent) * (2 if half else 1)))

    def apply(self, node: Node, a: Bound) -> Bound:
        self.arguments.append((a, prod(node.shape)))
        return VARIABLE


def degree(program: Program) -> float:
    """A bound of the functional's degree in all variables, values of functions counting as one: cheap, whatever it is."""
    return _Degrees().evaluate(program.functional)[0]


class _Degrees(Interpreter):
    """One floating-point number for all entries of a node."""

    def _one(self, node: Node, *arguments: float) -> float:
        return 1.0

    parameter = coefficient = generic = apply = _one

    def _none(self, node: Node, *arguments: float) -> float:
        return 0.0

    constant = branch = _none

    def add(self, node: Node, a: float, b: float) -> float:
        return max(a, b)

    def multiply(self, node: Node, a: float, b: float) -> float:
        return a + b

    matmul = multiply

    def _same(self, node: Node, a: float) -> float:
        return a

    permute = broadcast = reshape = gather = scatter = sum = held = _same

    def power(self, node: Power, a: float) -> float:
        return a * abs(float(node.exponent))

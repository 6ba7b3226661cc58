"""Degrees and sizes of brackets where a program has reciprocals and values of functions: the engine's own jets, run
over bounds.

Modulo a prime the engine evaluates brackets as rational functions of theta, the inputs and cotangents of every slot,
and the values E of functions at their arguments; derivatives of functions are values of functions again, or products
of them, so nothing else occurs. With D the product of all that a slot divides by, every component of a jet is A/D^e,
A a polynomial; and running the same nested directional derivatives over bounds (:class:`Ratio`) bounds the degree and
the 1-norm of A, with no argument of its own for each function. D is made along the graph: to divide by an entry N/D^e
is to multiply D by N, and A/D^e = A N^e/(D N)^e, so bounds are kept *net*: A has at most degree + e deg D and log2
1-norm bits + e log2 |D|, whatever D becomes. Slots and cases have a D each; a word's is their product.

A minor of a word's values times powers of these D is a polynomial G, not zero where the minor is none generically.
Where no D vanishes, the minor does only where G does. The values E are random nonzero residues, as good as variables,
where no two arguments that differ, also up to their sign, are equal modulo p and none is zero: what of them is 1/E
doubles the degree of G at most (multiply by powers of E). So the probability of a failure is at most

    (2 deg G + 4 N^2 deg u + deg D)/(p - 1 - deg D) + (log2 |G| + 2 n^2 log2 |u - u'| + log2 |D|) / (22 * number of primes),

N the number of arguments u in all slots, n that in one. That the arguments are independent is asked apart
(:mod:`conslaw_cli.flows.independence`). Roots are not covered: points at which they exist are no longer all alike.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, reduce
from math import inf, lcm, log2, prod
from typing import Any

import numpy as np

from conslaw_cli.flows.part import PartFlow
from conslaw_cli.graph.functions import ScalarFunction
from conslaw_cli.graph.gradient import power_slope
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import Apply, Constant, MatMul, Node, Power, Scatter, Sum
from conslaw_cli.rings.bounds import Bound

MOST_LENGTH = 5
"""Length of brackets: bounds of one of length k take 3^(k-1) products for each of the program's."""
ROOTED = ("sin", "cos")
"""Functions whose values are no variables."""


class Unbounded(Exception):
    """There is no bound for something."""


@dataclass(frozen=True)
class Ratio:
    """A/D^power, with ``degree`` and ``bits`` net of those of D^power; ``denominator`` makes A integral."""

    degree: int
    bits: float
    power: int = 0
    denominator: int = 1

    def __add__(self, other: Ratio) -> Ratio:
        if -inf in (self.bits, other.bits):
            return other if self.bits == -inf else self
        common = lcm(self.denominator, other.denominator)
        x, y = sorted(one.bits + log2(common // one.denominator) for one in (self, other))
        return Ratio(max(self.degree, other.degree), y + log2(1 + 2.0 ** (x - y)), max(self.power, other.power), common)

    def __mul__(self, other: Ratio) -> Ratio:
        return Ratio(
            self.degree + other.degree,
            self.bits + other.bits,
            self.power + other.power,
            self.denominator * other.denominator,
        )

    def summed(self, count: int) -> Ratio:
        return replace(self, bits=self.bits + log2(count)) if count else NOTHING

    def joined(self, other: Ratio) -> Ratio:
        """A bound of both."""
        return self + other

    @staticmethod
    def of(bound: Bound) -> Ratio:
        return Ratio(bound.degree, log2(bound.norm) if bound.norm else -inf, 0, bound.denominator)


NOTHING, VARIABLE = Ratio(0, -inf), Ratio(1, 0.0)
Jet = tuple[Ratio, ...]
"""A bound for each component of a jet, as :mod:`conslaw_cli.rings.jets` numbers them."""


def _added(a: Jet, b: Jet) -> Jet:
    size = max(len(a), len(b))
    return tuple(x + y for x, y in zip(_wide(a, size), _wide(b, size)))


def _product(a: Jet, b: Jet) -> Jet:
    size = max(len(a), len(b))
    a, b = _wide(a, size), _wide(b, size)
    return tuple(_total(a[t] * b[s ^ t] for t in range(s + 1) if not t & ~s) for s in range(size))


def _total(terms: Any) -> Ratio:
    return reduce(lambda x, y: x + y, terms, NOTHING)


def _wide(a: Jet, size: int) -> Jet:
    return a + (NOTHING,) * (size - len(a))


@dataclass
class _Run(Interpreter):
    """One evaluation of the gradients; what is known of values without e's is shared by all of them."""

    parameter_jet: Jet = ()
    reciprocals: dict[tuple[int, Any], Ratio] = field(default_factory=dict)
    divisors: set[int] = field(default_factory=set)
    arguments: dict[int, tuple[Ratio, int]] = field(default_factory=dict)
    degree: int = 0
    """Of D, and log2 of its 1-norm."""
    bits: float = 0.0

    def parameter(self, node: Node) -> Jet:
        return self.parameter_jet

    def coefficient(self, node: Node) -> Jet:
        return (VARIABLE,)

    generic = coefficient

    def branch(self, node: Node, a: Jet) -> Jet:
        return (Ratio(0, 0.0),)

    def constant(self, node: Constant) -> Jet:
        denominator = lcm(*(entry.denominator for entry in node.fractions))
        largest = max((abs(int(entry * denominator)) for entry in node.fractions), default=0)
        return (Ratio(0, log2(largest), 0, denominator),) if largest else (NOTHING,)

    def add(self, node: Node, a: Jet, b: Jet) -> Jet:
        return _added(a, b)

    def multiply(self, node: Node, a: Jet, b: Jet) -> Jet:
        return _product(a, b)

    def matmul(self, node: MatMul, a: Jet, b: Jet) -> Jet:
        return tuple(x.summed(node.left.shape[-1]) for x in _product(a, b))

    def sum(self, node: Sum, a: Jet) -> Jet:
        return tuple(x.summed(prod(node.of.shape[axis] for axis in node.axes)) for x in a)

    def permute(self, node: Node, a: Jet) -> Jet:
        return a

    broadcast = reshape = gather = permute

    def scatter(self, node: Scatter, a: Jet) -> Jet:
        return tuple(x.summed(int(np.bincount(node.index.ravel()).max(initial=0))) for x in a)

    def power(self, node: Power, a: Jet) -> Jet:
        return self.raised(node.of, node.exponent, a)

    def apply(self, node: Apply, a: Jet) -> Jet:
        return self.function(node.of, node.function, a)

    def raised(self, of: Node | None, exponent: int | Fraction, a: Jet) -> Jet:
        if not isinstance(exponent, int):
            raise Unbounded("a root")
        if exponent > 0:
            return reduce(_product, [a] * exponent)
        if of is None:
            raise Unbounded("a reciprocal of a value")
        if len(a) == 1:
            return (self._reciprocal(of, -exponent, a[0]),)
        return self._extended(
            of, a, lambda inner: self.raised(of, exponent, inner), lambda x, y: power_slope(exponent, x, y)
        )

    def _reciprocal(self, of: Node, order: int, base: Ratio) -> Ratio:
        """D^e/N, as e0 D^e (D'/N)/D' for what D has become."""
        key = id(of), order
        if key not in self.reciprocals:
            if base.bits == -inf:
                raise Unbounded("a reciprocal of zero")
            self.reciprocals[key] = Ratio(
                order * base.power * self.degree, order * (base.power * self.bits + log2(base.denominator)), order
            )
            if id(of) not in self.divisors:
                self.divisors.add(id(of))
                entries, own = (
                    prod(of.shape),
                    (base.degree + base.power * self.degree, base.bits + base.power * self.bits),
                )
                self.degree, self.bits = self.degree + entries * max(0, own[0]), self.bits + entries * max(0.0, own[1])
        return self.reciprocals[key]

    def function(self, of: Node, function: ScalarFunction, a: Jet) -> Jet:
        if function.name in ROOTED:
            raise Unbounded(function.name)
        if len(a) == 1:
            self.arguments.setdefault(id(of), (a[0], prod(of.shape)))
            return (Ratio(1, log2(3), 0, 2),) if function.name == "normal_cdf" else (VARIABLE,)
        return self._extended(of, a, lambda inner: self.function(of, function, inner), function.derivative)

    def _extended(self, of: Node, a: Jet, function: Any, derivative: Any) -> Jet:
        inner, direction = a[: len(a) // 2], a[len(a) // 2 :]
        value = function(inner)
        slope = derivative(_Operand(self, of, inner), _Operand(self, None, value)).jet
        return _wide(value, len(inner)) + _wide(_product(slope, direction), len(inner))


@dataclass(frozen=True)
class _Operand:
    """Bounds of jets with the operators that derivatives of functions are written in."""

    run: _Run
    of: Node | None
    """The node that they are bounds of; None for a value, of which only whole powers are taken."""
    jet: Jet

    def __mul__(self, other: _Operand | int | Fraction) -> _Operand:
        return replace(self, jet=_product(self.jet, self._jet(other)))

    def __add__(self, other: _Operand | int | Fraction) -> _Operand:
        return replace(self, jet=_added(self.jet, self._jet(other)))

    def __pow__(self, exponent: int) -> _Operand:
        return replace(self, jet=self.run.raised(self.of, exponent, self.jet))

    def applied(self, function: ScalarFunction) -> _Operand:
        if self.of is None:
            raise Unbounded("a function of a value")
        return replace(self, jet=self.run.function(self.of, function, self.jet))

    def _jet(self, other: _Operand | int | Fraction) -> Jet:
        if isinstance(other, _Operand):
            return other.jet
        number = Fraction(other)
        return (Ratio(0, log2(abs(number.numerator)), 0, number.denominator) if number else NOTHING,)


@dataclass(frozen=True)
class RatioBounds:
    """Bounds of the brackets of a flow's generators under the Euclidean metric, by length. Raises Unbounded."""

    flow: PartFlow

    @cached_property
    def _run(self) -> _Run:
        return _Run()

    def failing(self, lengths: Counter[int], translations: int, prime: int, primes: float) -> float:
        """The probability that a minor of brackets of these lengths, and of translations of time, vanishes though not generically."""
        rows = {length: self._row(length) for length in lengths}
        slots = self.flow.cases.per_generator * sum(length * count for length, count in lengths.items())
        of_divisors = self._run.degree * slots
        degree = (
            sum(count * self._numerator(length, rows[length])[0] for length, count in lengths.items())
            + 2 * translations
        )
        bits = sum(count * self._numerator(length, rows[length])[1] for length, count in lengths.items())
        total = lengths.total() + translations
        bits += total * log2(total)
        chance, of_prime = self._meeting(slots)
        residues = prime - 1 - of_divisors
        if residues <= 0:
            return 1.0
        return (2 * degree + chance + of_divisors) / residues + (bits + of_prime) / 22 / primes

    def _meeting(self, slots: int) -> tuple[float, float]:
        """Of all pairs of arguments the sum of the degrees of their differences and sums, and log2 of the norms of those that are different
        polynomials: within one input, for the rest differ in the inputs; and those of D."""
        run, known = self._run, self._run.arguments.values()
        number = sum(count for _, count in known)
        degree = max((max(0, u.degree) + u.power * run.degree for u, _ in known), default=0)
        bits = max((max(0.0, u.bits) + log2(u.denominator) + u.power * run.bits for u, _ in known), default=0.0)
        cases = self.flow.cases.per_generator
        return 4.0 * (slots * number) ** 2 * degree, 2 * (number * cases) ** 2 * (2 * bits + 1) + cases * run.bits

    def _numerator(self, length: int, row: Ratio) -> tuple[int, float]:
        """Degree and log2 1-norm of a bracket times a power of the D of its slots and cases."""
        copies = row.power * length * self.flow.cases.per_generator
        return row.degree + copies * self._run.degree, max(0.0, row.bits) + copies * self._run.bits

    def _row(self, length: int) -> Ratio:
        if length > MOST_LENGTH:
            raise Unbounded(f"brackets of length {length}")
        (row,) = self._bracket(length, (VARIABLE,))
        return row

    def _bracket(self, length: int, state: Jet) -> Jet:
        """As :func:`conslaw_cli.lie.left_normed`."""
        first = self._generator(state)
        if length == 1:
            return first
        both = self._bracket(length - 1, state + first)
        inner, derivative = both[: len(state)], both[len(state) :]
        return tuple(x + y for x, y in zip(derivative, self._generator(state + inner)[len(state) :]))

    def _generator(self, state: Jet) -> Jet:
        """One component of a generator, at jets of states: the largest of all."""
        dynamics, run = self.flow.dynamics, self._run
        run.parameter_jet = reduce(
            _added, [_product((Ratio.of(Bound.of(scalar)),), state) for scalar in dynamics.position if scalar]
        )
        gradients = run.evaluate(*self.flow.program.gradients)
        component = reduce(_added, [_wide(jet, len(state)) for jet in gradients])
        lifted = [_product((Ratio.of(Bound.of(factor)),), component) for factor in dynamics.lift]
        return tuple(x.summed(self.flow.cases.per_generator) for x in reduce(_added, lifted))

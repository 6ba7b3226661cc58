"""Random points modulo large primes at which formulas are evaluated with their derivatives.

Polynomials are tested at random residues (Schwartz, Zippel). Functions of time take values that respect their algebra: the prime
is p = 8 q + 1 with q prime, exp maps sums of exponents, taken modulo q, into the group of order q, fractional powers live in
that group, and sin and cos are those of a second exponential, as p has a square root of -1. Other functions are free symbols
with their derivatives. So what vanishes here vanishes as a function, except with a probability of about its degree over 2^58.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from math import gcd

from flint import fmpz

from conslaw_cli.checker.parse import ExpressionError, Node

Jet = tuple[int, int, dict[int, int]]
"""Value, derivative by time, derivatives by the variables."""
_EMPTY: dict[int, int] = {}


class Unlucky(ArithmeticError):
    """A division by zero, or a root that is not there: another point is needed."""


@dataclass
class World:
    """A random point modulo p; ``group`` is the order of a group of odd order, of eighth powers or of squares."""

    p: int
    seed: bytes
    letter: str | None
    variables: list[int]
    group: int
    exponents: World | None = None
    names: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("t", "pi", *((self.letter,) if self.letter else ())):
            self.names[name] = self.atom(name, 0)

    def atom(self, name: str, argument: int) -> int:
        """A random eighth power, a function of name and argument."""
        text = f"{self.p} {name} {argument}".encode()
        return pow(int.from_bytes(blake2b(text, key=self.seed, digest_size=16).digest(), "big"), 8, self.p)

    def inverse(self, value: int) -> int:
        if not value % self.p:
            raise Unlucky("division by zero")
        return pow(value, -1, self.p)

    def number(self, value: Fraction) -> int:
        return value.numerator * self.inverse(value.denominator) % self.p

    def jet(self, node: Node) -> Jet:
        """A formula's value and derivatives at the point. Raises Unlucky, ExpressionError."""
        kind = node[0]
        if kind == "mono":
            return self._sum([node])
        if kind == "add":
            return self._sum(node[1])
        if kind == "mul":
            result = self.jet(node[1][0])
            for factor in node[1][1:]:
                result = self._times(result, self.jet(factor))
            return result
        if kind == "num":
            return self.number(node[1]), 0, _EMPTY
        if kind == "var":
            return self.variables[node[1]], 0, {node[1]: 1}
        if kind == "name":
            return self._named(node[1])
        if kind == "pow":
            return self._power(self.jet(node[1]), node[2])
        return self._call(*node[1:])

    def _named(self, name: str) -> Jet:
        if name == "E":
            return self._exponential(("num", Fraction(1)), (1, 0, _EMPTY))
        return self.names[name], int(name == "t"), _EMPTY

    def _sum(self, nodes: list[Node]) -> Jet:
        p, point = self.p, self.variables
        total, by_time, partials = 0, 0, {}
        for node in nodes:
            if node[0] == "mono":
                total += self._monomial(node[1], node[2], point, partials)
                continue
            value, rate, part = self.jet(node)
            total, by_time = total + value, by_time + rate
            for k, partial in part.items():
                partials[k] = partials.get(k, 0) + partial
        return total % p, by_time % p, {k: partial % p for k, partial in partials.items()}

    def _monomial(self, coefficient: int, factors: tuple, point: list[int], partials: dict[int, int]) -> int:
        """The value; adds the partial derivatives."""
        value = coefficient
        for k, e in factors:
            value = value * pow(point[k], e, self.p) % self.p
        for k, e in factors:
            if e:
                others = coefficient * e * pow(point[k], e - 1, self.p)
                for j, f in factors:
                    if j != k:
                        others = others * pow(point[j], f, self.p) % self.p
                partials[k] = partials.get(k, 0) + others
        return value

    def _times(self, a: Jet, b: Jet) -> Jet:
        p = self.p
        partials = {k: partial * b[0] % p for k, partial in a[2].items()}
        for k, partial in b[2].items():
            partials[k] = (partials.get(k, 0) + partial * a[0]) % p
        return a[0] * b[0] % p, (a[1] * b[0] + a[0] * b[1]) % p, partials

    def _through(self, argument: Jet, value: int, slope: int) -> Jet:
        """The chain rule."""
        p = self.p
        return value, slope * argument[1] % p, {k: slope * partial % p for k, partial in argument[2].items()}

    def _power(self, base: Jet, exponent: Fraction) -> Jet:
        if exponent.denominator == 1 and exponent >= 0:
            e = int(exponent)
            slope = e * pow(base[0], e - 1, self.p) if e else 0
            return self._through(base, pow(base[0], e, self.p), slope)
        inverse = self.inverse(base[0])
        if exponent.denominator == 1:
            value = pow(inverse, -int(exponent), self.p)
        else:
            value = self._root(base[0], exponent)
        return self._through(base, value, self.number(exponent) * value * inverse % self.p)

    def _root(self, base: int, exponent: Fraction) -> int:
        """A fractional power; for an even denominator in the group of odd order, where it is unique."""
        order = self.p - 1 if exponent.denominator % 2 else self.group
        if pow(base, order, self.p) != 1 or gcd(exponent.denominator, order) > 1:
            raise Unlucky("no such root")
        return pow(base, exponent.numerator * pow(exponent.denominator, -1, order) % order, self.p)

    def _call(self, function: str, node: Node, slope: Node | None) -> Jet:
        argument = self.jet(node)
        if function == "log":
            return self._through(argument, self.atom("log", argument[0]), self.inverse(argument[0]))
        if argument[2]:
            raise ExpressionError(f"{function} of parameters is not something this checker differentiates")
        if slope is not None:
            return self._through(argument, self.atom(function, argument[0]), self.jet(slope)[0])
        if function == "Integral":
            return self.atom("Integral", argument[0]), argument[0], _EMPTY
        if function == "gamma":
            return self.atom("gamma", argument[0]), 0, _EMPTY
        if function == "exp":
            return self._exponential(node, argument)
        if function in ("sin", "cos", "tan"):
            return self._circular(function, node, argument)
        return self._hyperbolic(function, node, argument)

    def _character(self, base: str, node: Node, argument: Jet) -> int:
        """A value that turns sums of arguments into products."""
        if self.exponents is None:
            return self.atom(base, argument[0])
        return pow(self.atom(f"base of {base}", 0), self.exponents.jet(node)[0], self.p)

    def _exponential(self, node: Node, argument: Jet) -> Jet:
        value = self._character("exp", node, argument)
        return self._through(argument, value, value)

    def _circular(self, function: str, node: Node, argument: Jet) -> Jet:
        """By Euler's formula; in the world of exponents, which need not have a root of -1, by a random point of the circle."""
        if self.exponents is None:
            u = self.atom("half-angle", argument[0]) if argument[0] else 0
            scale = self.inverse(1 + u * u)
            sine, cosine = 2 * u * scale % self.p, (1 - u * u) * scale % self.p
        else:
            up, half = self._character("circle", node, argument), self.inverse(2)
            down = self.inverse(up)
            sine, cosine = (up - down) * half * self.inverse(self._imaginary()) % self.p, (up + down) * half % self.p
        if function == "tan":
            value = sine * self.inverse(cosine) % self.p
            return self._through(argument, value, (1 + value * value) % self.p)
        return self._through(argument, sine, cosine) if function == "sin" else self._through(argument, cosine, -sine)

    def _imaginary(self) -> int:
        """A square root of -1, from the smallest number that is no square."""
        base = next(x for x in range(2, 1000) if pow(x, (self.p - 1) // 2, self.p) != 1)
        return pow(base, (self.p - 1) // 4, self.p)

    def _hyperbolic(self, function: str, node: Node, argument: Jet) -> Jet:
        up = self._exponential(node, argument)[0]
        down, half = self.inverse(up), self.inverse(2)
        sine, cosine = (up - down) * half % self.p, (up + down) * half % self.p
        if function == "tanh":
            value = sine * self.inverse(cosine) % self.p
            return self._through(argument, value, (1 - value * value) % self.p)
        return self._through(argument, sine, cosine) if function == "sinh" else self._through(argument, cosine, sine)


def draw_world(seed: bytes, letter: str | None, size: int) -> World:
    """A random point with a fresh prime of 61 bits; variables are eighth powers, as positive numbers have roots."""
    start = int.from_bytes(blake2b(b"prime", key=seed, digest_size=8).digest(), "big") % 2**56
    q = 2**57 + start | 1
    while not (q % 4 == 3 and fmpz(q).is_prime() and fmpz(8 * q + 1).is_prime()):
        q += 2
    exponents = World(q, seed, letter, [], group=(q - 1) // 2)
    world = World(8 * q + 1, seed, letter, [], group=q, exponents=exponents)
    world.variables = [world.atom("variable", k) for k in range(size)]
    return world

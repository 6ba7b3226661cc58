"""Functions of time at random points modulo large primes, with their derivatives: what vanishes as a function vanishes here.

The prime is p = 8 q + 1 or 24 q + 1 with q prime, exp maps sums of exponents, taken modulo q, into the group of order q, roots and powers with
symbolic exponents live in that group, and sin and cos are those of a second exponential, as p has a square root of -1. Other
functions are free symbols with their derivatives. Only true identities are built in, so **what vanishes here vanishes as a
function**, except with a probability of about its degree over 2^58. The converse is false (log(t**2) - 2*log(t) is zero and does not
vanish here): that something is not zero is shown by balls alone (balls.py).

Roots are where an identity could be false: of the two square roots the positive one is meant, and modulo p positive has no meaning.
The positive rational functions are a free product of primes and irreducible polynomials, each taken with the sign it has at a time
of the interval. A root is only taken where all of these factors lie in the group of odd order, so that roots respect products
as the positive ones do. Besides those, one function such as cos(t) may stand under roots; anything else is Undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from math import gcd

from flint import fmpz

from conslaw_cli.checker.factors import ROOTED, factors
from conslaw_cli.checker.parse import Node
from conslaw_cli.checker.result import Undecided

Jet = tuple[int, int]
"""Value, derivative by time."""


class Unlucky(ArithmeticError):
    """A division by zero, or a root that is not there: another point is needed."""


class WrongPrime(Unlucky):
    """A root of a number that is not there modulo this prime."""


@dataclass
class World:
    """A random point modulo p; ``group`` is the order of a group of odd order. ``at`` holds the real time and constants that tell signs."""

    p: int
    seed: bytes
    at: Mapping[str, Fraction]
    group: int
    exponents: World | None = None
    names: dict[str, int] = field(default_factory=dict)
    rooted: set[int] = field(default_factory=set)
    """Values of the functions, not polynomials, that stood under roots."""

    def __post_init__(self) -> None:
        for name in ("pi", *self.at):
            self.names[name] = self.atom(name)

    def atom(self, name: str, *arguments: int) -> int:
        """A random 24th power, a function of name and arguments."""
        text = f"{self.p} {name} {arguments}".encode()
        return pow(int.from_bytes(blake2b(text, key=self.seed, digest_size=16).digest(), "big"), 24, self.p)

    def inverse(self, value: int) -> int:
        if not value % self.p:
            raise Unlucky("division by zero")
        return pow(value, -1, self.p)

    def number(self, value: Fraction) -> int:
        return value.numerator * self.inverse(value.denominator) % self.p

    def jet(self, node: Node) -> Jet:
        """A function of time's value and derivative at the point. Raises Unlucky, Undecided."""
        kind = node[0]
        if kind == "num":
            return self.number(node[1]), 0
        if kind == "name":
            return self._named(node[1])
        if kind == "add":
            jets = [self.jet(part) for part in node[1]]
            return sum(v for v, _ in jets) % self.p, sum(d for _, d in jets) % self.p
        if kind == "mul":
            value, slope = 1, 0
            for part in node[1]:
                v, d = self.jet(part)
                value, slope = value * v % self.p, (slope * v + value * d) % self.p
            return value, slope
        if kind == "pow":
            return self._power(node[1], node[2])
        return self._raised(node[1], node[2]) if kind == "raise" else self._call(node[1], node[2])

    def _named(self, name: str) -> Jet:
        if name == "E":
            return self._exponential(("num", Fraction(1)), (1, 0))
        return self.names[name], int(name == "t")

    def _power(self, base: Node, exponent: Fraction) -> Jet:
        value, slope = self.jet(base)
        if exponent.denominator == 1 and exponent >= 0:
            e = int(exponent)
            return pow(value, e, self.p), (e * pow(value, e - 1, self.p) if e else 0) * slope % self.p
        inverse = self.inverse(value)
        if exponent.denominator == 1:
            found = pow(inverse, -int(exponent), self.p)
        else:
            found = self._root(base, exponent.numerator, exponent.denominator)
        return found, self.number(exponent) * found * inverse * slope % self.p

    def _root(self, base: Node, numerator: int, denominator: int) -> int:
        """A fractional power: unique where the order of the group is prime to the denominator."""
        order = self.group if gcd(denominator, self.p - 1) > 1 else self.p - 1
        if gcd(denominator, order) > 1:
            raise Unlucky("no such root")
        exponent, found = numerator * pow(denominator, -1, order), 1
        for value, multiplicity in self._members(base, order):
            found = found * pow(value, exponent * multiplicity % order, self.p) % self.p
        return found

    def _members(self, base: Node, order: int) -> list[tuple[int, int]]:
        """The positive factors of a base with their multiplicities, all in the group."""
        found = []
        for node, multiplicity in factors(base, self.at):
            value = self.jet(node)[0]
            if pow(value, order, self.p) != 1:
                raise (WrongPrime if node[0] == "num" else Unlucky)("not in the group of odd order")
            if node[0] == "call" and node[1] in ROOTED:
                self.rooted.add(value)
            found.append((value, multiplicity))
        if len(self.rooted) > 1:
            raise Undecided("roots of several functions of time")
        return found

    def _raised(self, base: Node, exponent: Node) -> Jet:
        """base**exponent = exp(exponent log(base)) for a positive base."""
        (value, slope), (power, rate) = self.jet(base), self.jet(exponent)
        if self.exponents is None:
            found = self.atom("power", value, power)
        else:
            number, found = self.exponents.jet(exponent)[0], 1
            for factor, multiplicity in self._members(base, self.group):
                found = found * pow(factor, number * multiplicity % self.group, self.p) % self.p
        growth = power * slope * self.inverse(value) + (rate * self._logarithm(base)[0] if rate else 0)
        return found, found * growth % self.p

    def _logarithm(self, node: Node) -> Jet:
        value, slope = self.jet(node)
        return (0 if value == 1 else self.atom("log", value)), self.inverse(value) * slope % self.p

    def _call(self, function: str, node: Node) -> Jet:
        if function == "log":
            return self._logarithm(node)
        argument = self.jet(node)
        if function == "Integral":
            return self.atom("Integral", argument[0]), argument[0]
        if function == "exp":
            return self._exponential(node, argument)
        if function in ("sin", "cos", "tan"):
            return self._circular(function, node, argument)
        if function in ("sinh", "cosh", "tanh"):
            return self._hyperbolic(function, node, argument)
        value = self.atom(function, argument[0]) if argument[0] else 0
        return value, self.inverse(_INVERSE_SLOPES[function](argument[0])) * argument[1] % self.p

    def _character(self, base: str, node: Node, argument: Jet) -> int:
        """A value that turns sums of arguments into products."""
        if self.exponents is None:
            return self.atom(base, argument[0]) if argument[0] else 1
        return pow(self.atom(f"base of {base}"), self.exponents.jet(node)[0], self.p)

    def _exponential(self, node: Node, argument: Jet) -> Jet:
        value = self._character("exp", node, argument)
        return value, value * argument[1] % self.p

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
        value, slope = self._of_pair(function, "tan", sine, cosine, -1)
        return value, slope * argument[1] % self.p

    def _of_pair(self, function: str, quotient: str, sine: int, cosine: int, sign: int) -> Jet:
        """(value, derivative) of a circular or hyperbolic function; sign is that of the derivative of the cosine."""
        if function == quotient:
            value = sine * self.inverse(cosine) % self.p
            return value, (1 - sign * value * value) % self.p
        return (sine, cosine) if function.startswith("sin") else (cosine, sign * sine)

    def _imaginary(self) -> int:
        """A square root of -1, from the smallest number that is no square."""
        if self.p % 4 == 3:
            raise Undecided("a circular function of time beside roots in a network")
        base = next(x for x in range(2, 1000) if pow(x, (self.p - 1) // 2, self.p) != 1)
        return pow(base, (self.p - 1) // 4, self.p)

    def _hyperbolic(self, function: str, node: Node, argument: Jet) -> Jet:
        up = self._character("exp", node, argument)
        down, half = self.inverse(up), self.inverse(2)
        value, slope = self._of_pair(function, "tanh", (up - down) * half % self.p, (up + down) * half % self.p, 1)
        return value, slope * argument[1] % self.p


_INVERSE_SLOPES = {"atan": lambda x: 1 + x * x, "atanh": lambda x: 1 - x * x}
"""1/f' of the functions known by that alone."""


def draw_world(seed: bytes, at: Mapping[str, Fraction], index: int = 8) -> World:
    """A random point with a fresh prime of 61 bits or a few more.

    p is 1 modulo ``index``, 8 or 24: only for 24 is 3 a square. And q is 23 modulo 24, so that 2 and 3 are squares modulo q.
    Roots of a network's values take the index 2, so that half of all numbers are squares, and no square is a negative of another.
    """
    start = int.from_bytes(blake2b(b"prime", key=seed[:64], digest_size=8).digest(), "big") % 2**56
    q = ((2**59 if index == 2 else 2**57) + start) // 24 * 24 + 23
    while not (fmpz(q).is_prime() and fmpz(index * q + 1).is_prime()):
        q += 24
    return reseeded(World(index * q + 1, seed, {}, q), seed, at)


def reseeded(world: World, seed: bytes, at: Mapping[str, Fraction]) -> World:
    """Another random point modulo the same prime."""
    q = world.group
    return World(world.p, seed, at, q, World(q, seed, at, (q - 1) // 2))

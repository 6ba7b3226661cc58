"""Algebraic functions of parameters as expression trees: what they need, their values in a ring, and where they are shown positive.

Admitted are + - * /, whole powers, roots of a parameter (which must then be positive), and square roots of quadratic polynomials in a
parameter without a real zero. A point that has such roots modulo a prime can be drawn (:mod:`conslaw_cli.flows.wordbounds`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from conslaw_cli.expressions.tree import Apply, Name, Node, Number, text_of
from conslaw_cli.metrics.base import MetricError, Ring

LARGEST_POWER = 20
LARGEST_ROOT = 12
_REMEDY = "write it with + - * / **, numbers, roots of a parameter and sqrt of a quadratic without a real zero, such as sqrt(theta**2+1)"


def evaluate(tree: Node, ring: Ring, values: Mapping[str, Any]) -> Any:
    """The value of a tree in a ring at values of its names; the tree is one that :func:`require` admits."""
    if isinstance(tree, Number):
        return ring.constant(tree.value)
    if isinstance(tree, Name):
        return values[tree.name]
    if power := as_power(tree):
        return ring.power(evaluate(power[0], ring, values), power[1])
    left, *right = (evaluate(argument, ring, values) for argument in tree.args)
    if tree.op == "neg":
        return ring.multiply(ring.constant(Fraction(-1)), left)
    if tree.op == "+":
        return ring.add(left, right[0])
    if tree.op == "-":
        return ring.add(left, ring.multiply(ring.constant(Fraction(-1)), right[0]))
    return ring.multiply(left, right[0] if tree.op == "*" else ring.power(right[0], -1))


def as_power(tree: Node) -> tuple[Node, int | Fraction] | None:
    """(base, exponent) of a power or a square root, None for another tree."""
    if isinstance(tree, Apply) and tree.op == "sqrt":
        return tree.args[0], Fraction(1, 2)
    if isinstance(tree, Apply) and tree.op == "**" and isinstance(tree.args[1], Number):
        exponent = tree.args[1].value
        return tree.args[0], int(exponent) if exponent.denominator == 1 else exponent
    return None


def require(tree: Node, what: str) -> None:
    """Raises MetricError, with the offending piece, where a tree is not admitted."""
    roots = set()
    for node in _nodes(tree):
        power = as_power(node)
        if isinstance(node, Apply) and not power and (node.op not in ("+", "-", "*", "/", "neg") or not node.args):
            raise MetricError(f"{what}: {text_of(node)} is not an algebraic function that can be used", _REMEDY)
        if power and (abs(power[1]) > LARGEST_POWER or Fraction(power[1]).denominator > LARGEST_ROOT):
            raise MetricError(f"{what}: the exponent {power[1]} is too large", f"use exponents up to {LARGEST_POWER}, roots up to {LARGEST_ROOT}")
        if power and Fraction(power[1]).denominator > 1:
            roots.add(_radicand(*power, what))
    if len(roots) > 1:
        raise MetricError(f"{what} has roots of several functions of the parameter", "use roots of one of them only")


def _radicand(base: Node, exponent: Fraction, what: str) -> tuple:
    """What a root is of: () for a parameter, or the coefficients of the quadratic polynomial. Raises MetricError."""
    if isinstance(base, Name):
        return ()
    coefficients = polynomial(base)
    if exponent.denominator != 2 or coefficients is None or len(coefficients) != 3:
        raise MetricError(f"{what}: a root of {text_of(base)} cannot be used", _REMEDY)
    c, b, a = coefficients
    if a <= 0 or b * b >= 4 * a * c:
        raise MetricError(f"{what}: {text_of(base)} is not positive everywhere", _REMEDY)
    return coefficients


def radicands(tree: Node) -> Iterator[Node]:
    """The bases of all roots in a tree."""
    for node in _nodes(tree):
        power = as_power(node)
        if power and Fraction(power[1]).denominator > 1:
            yield power[0]


def root(tree: Node) -> int:
    """The least common multiple of the roots in a tree."""
    powers = [as_power(node) for node in _nodes(tree)]
    return lcm(*(Fraction(power[1]).denominator for power in powers if power))


def has_poles(tree: Node) -> bool:
    """Whether a tree divides by something that holds a name."""
    return any(
        (isinstance(node, Apply) and node.op == "/" and not isinstance(node.args[1], Number)) or ((power := as_power(node)) and power[1] < 0)
        for node in _nodes(tree)
    )


def numbers(tree: Node) -> set[int]:
    """Numerators and denominators of the numbers in a tree, 0 and 1 apart."""
    values = [node.value for node in _nodes(tree) if isinstance(node, Number)]
    return {part for value in values for part in (abs(value.numerator), value.denominator)} - {0, 1}


def polynomial(tree: Node) -> tuple[Fraction, ...] | None:
    """Coefficients, the constant first, of a tree in one name that is a polynomial; None for another."""
    try:
        return evaluate(tree, _Coefficients(), _Everything())
    except ValueError:
        return None


class _Everything(dict):
    """The variable for every name."""

    def __missing__(self, name: str) -> tuple[Fraction, ...]:
        return (Fraction(0), Fraction(1))


class _Coefficients:
    """Polynomials in one variable as tuples of coefficients, without zeros at the end."""

    def constant(self, value: Fraction) -> tuple[Fraction, ...]:
        return (Fraction(value),) if value else ()

    def add(self, a: tuple, b: tuple) -> tuple[Fraction, ...]:
        total = [x + y for x, y in zip((*a, *[Fraction(0)] * len(b)), (*b, *[Fraction(0)] * len(a)))]
        while total and not total[-1]:
            total.pop()
        return tuple(total)

    def multiply(self, a: tuple, b: tuple) -> tuple[Fraction, ...]:
        total: tuple[Fraction, ...] = ()
        for shift, x in enumerate(a):
            total = self.add(total, (*[Fraction(0)] * shift, *(x * y for y in b)))
        return total

    def power(self, a: tuple, exponent: int | Fraction) -> tuple[Fraction, ...]:
        if exponent < 0 or Fraction(exponent).denominator > 1:
            raise ValueError("not a polynomial")
        result = self.constant(Fraction(1))
        for _ in range(int(exponent)):
            result = self.multiply(result, a)
        return result


def monomial(tree: Node) -> tuple[Fraction, Fraction | None, Fraction] | None:
    """(k, c, b) of a tree in one name x that is k x^b (c None) or k (x^2 + c)^b with c > 0; None for another."""
    if found := _of_polynomial(polynomial(tree) or ()):
        return found
    if power := as_power(tree):
        found = monomial(power[0])
        if found is None or (found[0] != 1 and Fraction(power[1]).denominator > 1):
            return None
        return (found[0] ** power[1] if found[0] != 1 else found[0]), found[1], found[2] * power[1]
    if not (isinstance(tree, Apply) and tree.op in ("*", "/")):
        return None
    left, right = (monomial(argument) for argument in tree.args)
    if left is None or right is None or (left[2] and right[2] and left[1] != right[1]):
        return None
    sign = 1 if tree.op == "*" else -1
    return left[0] * right[0] ** sign, left[1] if left[2] else right[1], left[2] + sign * right[2]


def _of_polynomial(coefficients: tuple[Fraction, ...]) -> tuple[Fraction, Fraction | None, Fraction] | None:
    degrees = [degree for degree, coefficient in enumerate(coefficients) if coefficient]
    if len(degrees) == 1:
        return coefficients[degrees[0]], None, Fraction(degrees[0])
    if degrees == [0, 2] and coefficients[0] / coefficients[2] > 0:
        return coefficients[2], coefficients[0] / coefficients[2], Fraction(1)
    return None


POSITIVE, NOT_NEGATIVE, UNKNOWN = 2, 1, 0


def sign(tree: Node, names_positive: bool) -> int:
    """What is shown of a tree's sign for all real values of its names, or all positive ones: by its form alone."""
    if isinstance(tree, Number):
        return POSITIVE if tree.value > 0 else NOT_NEGATIVE if tree.value == 0 else UNKNOWN
    if isinstance(tree, Name):
        return POSITIVE if names_positive else UNKNOWN
    if power := as_power(tree):
        of_base, exponent = sign(power[0], names_positive), power[1]
        if Fraction(exponent).denominator > 1 or of_base == POSITIVE:
            return POSITIVE
        return NOT_NEGATIVE if exponent > 0 and (of_base or exponent % 2 == 0) else UNKNOWN
    signs = [sign(argument, names_positive) for argument in tree.args]
    if tree.op == "+":
        return max(signs) if min(signs) else UNKNOWN
    if tree.op == "*" or (tree.op == "/" and signs[1] == POSITIVE):
        return min(signs)
    return UNKNOWN


def is_even(tree: Node) -> bool:
    """Whether changing the sign of the one name is shown to leave a tree as it is: by its form alone."""
    return _parity(tree) == 0


def _parity(tree: Node) -> int | None:
    """0 even, 1 odd, None not known."""
    if isinstance(tree, Number):
        return 0
    if isinstance(tree, Name):
        return 1
    if power := as_power(tree):
        base = _parity(power[0])
        if Fraction(power[1]).denominator > 1:
            return 0 if base == 0 else None
        return None if base is None else base * power[1] % 2
    parities = [_parity(argument) for argument in tree.args]
    if None in parities:
        return None
    if tree.op in ("+", "-"):
        return parities[0] if parities[0] == parities[1] else None
    return sum(parities) % 2


def _nodes(tree: Node) -> Iterator[Node]:
    yield tree
    if isinstance(tree, Apply):
        for argument in tree.args:
            yield from _nodes(argument)

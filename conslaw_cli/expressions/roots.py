"""The first zero of a function of time after a start: exact for rational functions, otherwise proved absent by enclosures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from flint import fmpq, fmpq_poly

from conslaw_cli.expressions.calculus import ONE, derivative, minus, rational, substituted
from conslaw_cli.expressions.enclosure import Span, ball, between, enclosed
from conslaw_cli.expressions.monomials import Undecided
from conslaw_cli.expressions.normal import Normalizer
from conslaw_cli.expressions.tree import Name, Node, Number

MOST_DEGREE = 60
_MOST_BLOCKS = 200
_FINEST = Fraction(1, 2**24)
_FURTHEST = 2**40
_DIGITS = 6
_MOST_NODES = 400
_MOST_WORK = 25_000
"""Nodes of trees enclosed in one search."""


@dataclass(frozen=True)
class Bound:
    """Up to here there is no zero; ``exact``: and here there is one. ``time`` None: there is none at all."""

    time: Fraction | None
    exact: bool = True


class Vanishes(ArithmeticError):
    """The function is zero everywhere."""


def zeros_of(node: Node) -> list[Node]:
    """Functions that between them have the zeros of a product, quotient, power …, where that is defined. Raises Vanishes."""
    if isinstance(node, Number):
        if not node.value:
            raise Vanishes
        return []
    if isinstance(node, Name):
        return [node] if node.name == "t" else []
    op = node.op
    if op == "*":
        return zeros_of(node.args[0]) + zeros_of(node.args[1])
    if op in ("/", "neg", "sqrt", "sinh", "tanh", "atan"):
        return zeros_of(node.args[0])
    if op == "**":
        return zeros_of(node.args[0]) if isinstance(node.args[1], Number) and node.args[1].value > 0 else []
    if op == "log":
        return zeros_of(minus(node.args[0], ONE))
    return [] if op in ("exp", "cosh", "pi") else [node]


def quotient_of(node: Node) -> tuple[fmpq_poly, fmpq_poly] | None:
    """Numerator and denominator of a rational function of t alone, of moderate degree; None for anything else."""
    if isinstance(node, Number):
        return fmpq_poly([fmpq(node.value.numerator, node.value.denominator)]), fmpq_poly([1])
    if isinstance(node, Name):
        return (fmpq_poly([0, 1]), fmpq_poly([1])) if node.name == "t" else None
    if node.op == "**":
        return _power_of(*node.args)
    parts = [quotient_of(arg) for arg in node.args] if node.op in ("+", "-", "*", "/", "neg") else [None]
    if None in parts:
        return None
    (a, b), (c, d) = parts[0], parts[-1]
    if node.op == "/" and not c:
        return None
    top, bottom = {
        "+": lambda: (a * d + c * b, b * d),
        "-": lambda: (a * d - c * b, b * d),
        "*": lambda: (a * c, b * d),
        "/": lambda: (a * d, b * c),
        "neg": lambda: (-a, b),
    }[node.op]()
    common = top.gcd(bottom) if top else bottom
    top, bottom = top // common, bottom // common
    return (top, bottom) if max(top.degree(), bottom.degree()) <= MOST_DEGREE else None


def _power_of(base: Node, exponent: Node) -> tuple[fmpq_poly, fmpq_poly] | None:
    if not isinstance(exponent, Number) or exponent.value.denominator != 1:
        return None
    found, n = quotient_of(base), int(exponent.value)
    if found is None or max(part.degree() for part in found) * abs(n) > MOST_DEGREE or (n < 0 and not found[0]):
        return None
    top, bottom = found if n >= 0 else found[::-1]
    return top ** abs(n), bottom ** abs(n)


def first_zero(node: Node, start: Fraction, limit: Fraction | None, starts_defined: bool, normal: Normalizer) -> Bound:
    """How far after ``start`` the function is shown to have no zero, at most up to ``limit``.

    It is real and smooth between, and at the start too if ``starts_defined``. Raises Vanishes.
    """
    found = quotient_of(node)
    if found is not None:
        if not found[0]:
            raise Vanishes
        return _first_root(found[0], start, limit)
    return _Search(node, start, limit, starts_defined, normal).run()


def _first_root(polynomial: fmpq_poly, start: Fraction, limit: Fraction | None) -> Bound:
    best = Bound(limit)
    for factor, _ in polynomial.factor()[1]:
        if factor.degree() == 1:
            root = Fraction(int(-factor[0].p * factor[1].q), int(factor[0].q * factor[1].p))
            if root > start and (best.time is None or root < best.time):
                best = Bound(root)
            continue
        for root, _ in factor.complex_roots() if factor.degree() > 1 else ():
            bound = _below(root, start) if root.imag == 0 else None
            if bound is not None and (best.time is None or bound < best.time):
                best = Bound(bound, False)
    return best


def _below(root, start: Fraction) -> Fraction | None:
    """A number of few digits below an irrational root and after the start; None for a root before the start."""
    root = root.real
    if root < ball(start):
        return None
    mantissa, exponent = root.lower().man_exp()
    return shortened(Fraction(int(mantissa)) * Fraction(2) ** int(exponent), start)


def shortened(time: Fraction, start: Fraction) -> Fraction:
    """A number of few digits at or below a time and after the start."""
    for digits in range(_DIGITS, 40):
        rounded = Fraction(floor(time * 10**digits), 10**digits)
        if rounded > start:
            return rounded
    return time


class _Search:
    """Moves ahead from the start by blocks on which an enclosure excludes zero."""

    def __init__(self, node: Node, start: Fraction, limit: Fraction | None, starts_defined: bool, normal: Normalizer) -> None:
        self.node, self.start, self.limit, self.normal = node, start, limit, normal
        self.starts_defined, self.work = starts_defined, 0
        self.slopes = [node]
        for _ in range(3):
            slope = derivative(self.slopes[-1])
            if size(slope) > _MOST_NODES:
                break
            self.slopes.append(slope)
        self.sizes = list(map(size, self.slopes))

    def run(self) -> Bound:
        at, step = self.start, Fraction(1)
        for _ in range(_MOST_BLOCKS):
            if self._excludes_zero(at, self.limit):
                return Bound(self.limit)
            end = at + step if self.limit is None else min(at + step, self.limit)
            if self.work > _MOST_WORK or at > _FURTHEST or step < _FINEST * max(at, _FINEST):
                break
            if self._excludes_zero(at, end):
                at, step = end, 2 * step
            else:
                step /= 4
        return self._located(at) or Bound(shortened(at, self.start) if at > self.start else at, False)

    def _located(self, at: Fraction) -> Bound | None:
        """A simple rational zero just after ``at``, the only one up to there."""
        if at == self.start:
            return None
        zero = simplest(at, at + 16 * _FINEST * max(at, _FINEST))
        slope = enclosed(self.slopes[1], between(at, zero)) if len(self.slopes) > 1 else None
        if slope is None or not slope.sign or not self._is_zero_at(zero):
            return None
        return Bound(zero)

    def _is_zero_at(self, time: Fraction, order: int = 0) -> bool:
        try:
            return self.normal.is_zero(substituted(self.slopes[order], {"t": rational(time)}))
        except Undecided:
            return False

    def _excludes_zero(self, low: Fraction, high: Fraction | None) -> bool:
        """Whether the function has no zero in [low, high], or in (low, high] for the start itself."""
        span = between(low, high, after=True)
        if self._enclosed(0, span).sign:
            return True
        if low == self.start and not self.starts_defined:
            return False
        sign = self._sign_at(low, 0)
        if sign:
            return self._weak_sign(low, span, 1) == sign
        if low > self.start or not self._is_zero_at(low):
            return False
        inside = self._enclosed(0, between(*[low + 1 if high is None else high] * 2)).sign
        return bool(inside) and self._weak_sign(low, span, 1) == inside

    def _weak_sign(self, low: Fraction, span: Span, order: int) -> int:
        """1 where a derivative is nowhere negative over the span, -1 where it is nowhere positive, 0 if neither is shown."""
        if order >= len(self.slopes):
            return 0
        values = self._enclosed(order, span)
        if values.low >= 0 or values.high <= 0:
            return 1 if values.low >= 0 else -1
        sign, further = self._sign_at(low, order), self._weak_sign(low, span, order + 1)
        return further if further and (sign == further or (not sign and self._is_zero_at(low, order))) else 0

    def _enclosed(self, order: int, span: Span) -> Span:
        self.work += self.sizes[order]
        return enclosed(self.slopes[order], span)

    def _sign_at(self, time: Fraction, order: int) -> int:
        return self._enclosed(order, between(time, time)).sign


def size(node: Node) -> int:
    """Number of nodes of a tree."""
    return 1 + sum(map(size, getattr(node, "args", ())))


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of least denominator from low to high."""
    if ceil(low) <= high:
        return Fraction(ceil(low))
    whole = floor(low)
    return whole + 1 / simplest(1 / (high - whole), 1 / (low - whole))

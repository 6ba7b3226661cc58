"""Functions of time at a rational time in ball arithmetic: rigorous enclosures of values and derivatives (python-flint's arb).

What a ball excludes is excluded for certain: a value that is not zero, a derivative that is not. Everything must be real: a root,
a power with a fractional or symbolic exponent or a logarithm of something that is not certainly positive is Undecided, and so is a division by what may be zero.
An Integral stands for any antiderivative; here it is the one that vanishes at the time, and ``free_of_choice`` says where the
others would do as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpq

from conslaw_cli.checker.parse import MOST_DIGITS, Node
from conslaw_cli.checker.result import Undecided

PRECISIONS = (128, 1024)
_STEPS = ("9/7", "5/9", "2", "1/3", "3", "1/16", "7", "1/256", "41", "1/65536")
_LETTERS = ("3/5", "7/4", "12/11", "5/2")
Ball = tuple[arb, arb]
"""Enclosures of value and derivative."""


@dataclass(frozen=True)
class Moment:
    """A rational time, with rational values of the constants that are letters."""

    at: Mapping[str, Fraction]

    def ball(self, node: Node, bits: int = PRECISIONS[-1]) -> Ball:
        """Value and derivative by time. Raises Undecided."""
        before, ctx.prec = ctx.prec, bits
        try:
            value, slope = self._ball(node)
            if not (value.is_finite() and slope.is_finite()):
                raise Undecided("a function of time that is not certainly finite")
            return value, slope
        finally:
            ctx.prec = before

    def is_nonzero(self, node: Node) -> bool:
        """Whether the value is certainly not zero."""
        return self._excludes_zero(node, 0)

    def is_moving(self, node: Node) -> bool:
        """Whether the derivative is certainly not zero."""
        return self._excludes_zero(node, 1)

    def _excludes_zero(self, node: Node, place: int) -> bool:
        for bits in PRECISIONS:
            try:
                if certain(self.ball(node, bits)[place]):
                    return True
            except Undecided:
                continue
        return False

    def exact(self, node: Node) -> Fraction | None:
        """The value where only rational operations lead to it, otherwise None."""
        kind = node[0]
        if kind == "num":
            return node[1]
        if kind == "name":
            return self.at.get(node[1])
        if kind in ("add", "mul"):
            total = Fraction(int(kind == "mul"))
            for part in node[1]:
                value = self.exact(part)
                if value is None:
                    return None
                total = total + value if kind == "add" else total * value
                if _is_long(total):
                    return None
            return total
        if kind == "pow" and node[2].denominator == 1 and abs(node[2]) <= 64:
            base = self.exact(node[1])
            return None if base is None or (not base and node[2] < 0) or _is_long(base) else base ** int(node[2])
        return None

    def _ball(self, node: Node) -> Ball:
        kind = node[0]
        if kind == "num":
            return ball_of(node[1]), arb(0)
        if kind == "name":
            return self._named(node[1])
        if kind == "add":
            balls = [self._ball(part) for part in node[1]]
            return sum((v for v, _ in balls), arb(0)), sum((d for _, d in balls), arb(0))
        if kind == "mul":
            value, slope = arb(1), arb(0)
            for part in node[1]:
                v, d = self._ball(part)
                value, slope = value * v, slope * v + value * d
            return value, slope
        return self._power(node) if kind in ("pow", "raise") else _applied(node[1], *self._ball(node[2]))

    def _named(self, name: str) -> Ball:
        if name in ("pi", "E"):
            return (arb.pi() if name == "pi" else arb(1).exp()), arb(0)
        return ball_of(self.at[name]), arb(int(name == "t"))

    def _power(self, node: Node) -> Ball:
        base, slope = self._ball(node[1])
        if node[0] == "pow" and node[2].denominator == 1:
            e = int(node[2])
            if e < 0:
                base, slope = _inverted(base, slope)
            power = base ** (abs(e) - 1) if e else arb(0)
            return (base**abs(e) if e else arb(1)), abs(e) * power * slope
        exponent, rate = (ball_of(node[2]), arb(0)) if node[0] == "pow" else self._ball(node[2])
        if not base > 0:
            raise Undecided("a root or power of something that is not certainly positive")
        logarithm = base.log()
        value = (exponent * logarithm).exp()
        return value, value * (rate * logarithm + exponent * slope / base)


def _is_long(value: Fraction) -> bool:
    return max(abs(value.numerator), value.denominator) > 10**MOST_DIGITS


def certain(ball: arb) -> bool:
    """Whether a ball excludes zero."""
    return ball.is_finite() and not ball.contains(0)


def ball_of(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def _inverted(value: arb, slope: arb) -> Ball:
    if not certain(value):
        raise Undecided("a division by something that may be zero")
    return 1 / value, -slope / (value * value)


def _applied(function: str, value: arb, slope: arb) -> Ball:
    if function == "Integral":
        return arb(0), value
    if function == "log":
        if not value > 0:
            raise Undecided("a logarithm of something that is not certainly positive")
        return value.log(), slope / value
    if function == "exp":
        return value.exp(), value.exp() * slope
    if function in ("sin", "cos"):
        return (value.sin(), value.cos() * slope) if function == "sin" else (value.cos(), -value.sin() * slope)
    if function in ("sinh", "cosh"):
        return (value.sinh(), value.cosh() * slope) if function == "sinh" else (value.cosh(), value.sinh() * slope)
    if function == "tan":
        if not certain(value.cos()):
            raise Undecided("a tangent near its pole")
        return value.tan(), (1 + value.tan() ** 2) * slope
    if function == "tanh":
        return value.tanh(), (1 - value.tanh() ** 2) * slope
    if function == "atan":
        return value.atan(), slope / (1 + value * value)
    if not abs(value) < 1:
        raise Undecided("an inverse hyperbolic tangent outside its domain")
    return value.atanh(), slope / (1 - value * value)


def moments(start: Fraction, until: Node | None, letters: frozenset[str]) -> Iterator[Moment]:
    """Times after ``start`` and certainly before ``until``, and positive values of the letters."""
    values = dict(zip(sorted(letters), (Fraction(text) for text in _LETTERS)))
    values |= {name: Fraction(k, k + 1) for k, name in enumerate(sorted(letters), 2) if name not in values}
    for step in _STEPS:
        moment = Moment({"t": start + Fraction(step), **values})
        if until is None or moment.ball(until)[0] > ball_of(moment.at["t"]):
            yield moment


def free_of_choice(node: Node) -> bool:
    """Whether no choice of antiderivatives makes the function zero where another does not.

    Integrals may stand in exponents; a product of exponentials may hold one Integral of a function that is not zero besides.
    """
    if "Integral" not in _functions(node):
        return True
    kind = node[0]
    if kind == "call":
        return node[1] == "exp"
    if kind == "mul":
        bare = [part for part in node[1] if part[0] == "call" and part[1] == "Integral"]
        return len(bare) <= 1 and all(free_of_choice(part) for part in node[1] if part not in bare)
    return kind == "pow" and free_of_choice(node[1])


def _functions(node: Node) -> frozenset[str]:
    kind = node[0]
    if kind in ("add", "mul"):
        return frozenset().union(*map(_functions, node[1]))
    if kind == "raise":
        return _functions(node[1]) | _functions(node[2])
    if kind == "pow":
        return _functions(node[1])
    return frozenset({node[1]}) | _functions(node[2]) if kind == "call" else frozenset()

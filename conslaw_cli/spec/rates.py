"""What a rate really is: an expression that does not vary is a constant, and a rational constant is a number.

Counts depend on whether a rate is zero and whether it varies, so this is decided exactly, by SymPy, where the form of the
expression leaves it open.
"""

from __future__ import annotations

from fractions import Fraction

from conslaw_cli.spec.expressions import Expression, number, parse_expression
from conslaw_cli.spec.values import Pole

_TIMES = tuple(map(Fraction, ("2", "3", "7/2", "5", "11/3")))
_CLOSE = 1e-12


class UnsettledRate(ValueError):
    """A rate that looks constant, or zero, and cannot be proved to be either."""


def settled(rate: Expression) -> Expression:
    """The rate with disguises removed: ``0*t`` and ``log(1)`` are 0, ``t/t`` is 1, ``sqrt(4)`` is 2. Raises UnsettledRate."""
    if "t" in rate.names:
        return _simplified(rate) if _looks_constant(rate) else rate
    value = rate.value_at({})
    return number(value) if isinstance(value, Fraction) else _simplified(rate)


def _looks_constant(rate: Expression) -> bool:
    values = []
    for time in _TIMES:
        try:
            values.append(float(rate.value_at({"t": time})))
        except Pole:
            continue
    return len(values) > 1 and max(values) - min(values) <= _CLOSE * max(map(abs, values))


def _simplified(rate: Expression) -> Expression:
    import sympy

    value = sympy.simplify(rate.to_sympy({"t": sympy.Symbol("t", positive=True)}))
    if value.free_symbols:
        raise UnsettledRate(f"{rate.text} looks constant and cannot be shown to be")
    if value.is_Rational:
        return number(Fraction(int(value.p), int(value.q)))
    if abs(float(value)) < _CLOSE:
        raise UnsettledRate(f"{rate.text} looks like zero and cannot be shown to be")
    return rate if "t" not in rate.names else parse_expression(str(value))

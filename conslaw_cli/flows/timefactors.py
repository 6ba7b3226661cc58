"""Functions of time that carry laws: closed forms for constant rates, SymPy's integrals otherwise (imported only then)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from conslaw_cli.spec import Expression


@dataclass(frozen=True)
class TimeFactor:
    """A function of t as plain ASCII that SymPy parses; ``rate`` c when it is exp(c t) for a rational c or a letter."""

    text: str
    rate: Fraction | str | None = None

    @property
    def trivial(self) -> bool:
        """Whether it is the constant one."""
        return self.text == "1"

    def power(self, exponent: int) -> str:
        """The factor to an integer power, as ASCII."""
        if exponent == 0 or self.trivial:
            return "1"
        if exponent == 1:
            return self.text
        if self.rate is not None:
            return f"exp({_times_t(self.rate, exponent)})"
        return f"({self.text})**{exponent}" if exponent > 0 else f"({self.text})**({exponent})"


def letter(name: str) -> str:
    """A rate's letter as SymPy spells it: ``lambda`` is a word of Python's own."""
    return "lamda" if name == "lambda" else name


def exponential(rate: Expression) -> TimeFactor:
    """exp(integral of the rate)."""
    constant = _constant(rate)
    if constant == 0:
        return TimeFactor("1")
    if constant is not None:
        return TimeFactor(f"exp({_times_t(constant, 1)})", constant)
    if "t" in rate.names:
        return TimeFactor(_integrals(rate)[0])
    return TimeFactor(f"exp(({rate.text})*t)")


def lag(rate: Expression) -> TimeFactor:
    """A = S s with s = exp(integral of the rate) and S = integral of 1/s: theta - A theta' is constant along the drift."""
    constant = _constant(rate)
    if constant == 0:
        return TimeFactor("t")
    if "t" in rate.names:
        return TimeFactor(_integrals(rate)[1])
    growth = f"({exponential(rate).text} - 1)"
    if isinstance(constant, Fraction):
        numerator = "" if constant.denominator == 1 else f"{constant.denominator}*"
        return TimeFactor(numerator + growth + ("" if constant.numerator == 1 else f"/{constant.numerator}"))
    return TimeFactor(f"{growth}/{constant or f'({rate.text})'}")


def _constant(rate: Expression) -> Fraction | str | None:
    """A rational rate's value, or a constant rate's letter; None for any other rate."""
    if "t" in rate.names:
        return None
    return letter(rate.lone_name) if rate.lone_name else rational(rate)


def _times_t(rate: Fraction | str, factor: int) -> str:
    """rate * factor * t as text."""
    if isinstance(rate, str):
        return f"{rate}*t" if factor == 1 else f"{factor}*{rate}*t"
    product = rate * factor
    numerator = "" if product.numerator == 1 else "-" if product.numerator == -1 else f"{product.numerator}*"
    return f"{numerator}t" + ("" if product.denominator == 1 else f"/{product.denominator}")


def _integrals(rate: Expression) -> tuple[str, str]:
    """(s, A) for a rate that varies in time, as SymPy writes them; an integral it cannot do stays an Integral."""
    import sympy

    t = sympy.Symbol("t", positive=True)
    total = sympy.integrate(rate.to_sympy({"t": t}), t)
    s = sympy.simplify(sympy.exp(sympy.expand_log(total, force=True)))
    inverse = sympy.integrate(sympy.expand(1 / s), t)
    return str(s), str(sympy.simplify(inverse.replace(sympy.exp_polar, sympy.exp) * s))


def rational(rate: Expression) -> Fraction | None:
    """The value of a constant rational rate."""
    if not rate.is_constant_number:
        return None
    value = rate.value_at({})
    return Fraction(value) if not isinstance(value, float) else None

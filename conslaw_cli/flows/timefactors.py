"""Functions of time that carry laws: closed forms for constant rates, SymPy's integrals otherwise (imported only then)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from conslaw_cli.spec import Expression


@dataclass(frozen=True)
class TimeFactor:
    """A function of t as plain ASCII that SymPy parses; ``letters`` names the symbols in it besides t."""

    text: str
    trivial: bool = False
    """Whether it is the constant one."""


def exponential(rate: Expression) -> TimeFactor:
    """exp(integral of the rate)."""
    if (constant := constant_text(rate)) is not None:
        if constant == "0":
            return TimeFactor("1", trivial=True)
        return TimeFactor(f"exp({_times_t(rate, constant)})")
    return TimeFactor(_integrals(rate)[0])


def lag(rate: Expression) -> TimeFactor:
    """A = S s with s = exp(integral of the rate) and S = integral of 1/s: theta - A theta' is constant along the drift."""
    if (constant := constant_text(rate)) is not None:
        if constant == "0":
            return TimeFactor("t")
        return TimeFactor(f"(exp({_times_t(rate, constant)}) - 1)/{constant}")
    return TimeFactor(_integrals(rate)[1])


def constant_text(rate: Expression) -> str | None:
    """The rate as text when it does not depend on t; in brackets where a formula needs them."""
    if "t" in rate.names:
        return None
    return rate.text if rate.lone_name or rate.text.isdigit() else f"({rate.text})"


def _times_t(rate: Expression, constant: str) -> str:
    return "t" if rate.text == "1" else f"{constant}*t"


def _integrals(rate: Expression) -> tuple[str, str]:
    """(s, A) for a rate that varies in time, as SymPy writes them; an integral it cannot do stays an Integral."""
    import sympy

    t = sympy.Symbol("t", positive=True)
    total = sympy.integrate(rate.to_sympy({"t": t}), t)
    s = sympy.simplify(sympy.exp(sympy.expand_log(total, force=True)))
    inverse = sympy.integrate(sympy.expand(1 / s), t)
    return str(s), str(sympy.simplify(inverse * s))


def rational(rate: Expression) -> Fraction | None:
    """The value of a constant rational rate."""
    if not rate.is_constant_number:
        return None
    value = rate.value_at({})
    return Fraction(value) if not isinstance(value, float) else None

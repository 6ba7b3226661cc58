"""The catalogue of scalar functions that a graph may apply entry by entry: each is one entry here, named once.

A derivative is an expression in the argument ``x`` and the value ``y``, written with the operators of :class:`Node` and its ``applied``,
so reverse mode gives a graph again, and a ring that has these operators gets the function's derivatives of all orders from it. What is
rational in these functions (sigmoid, tanh, softmax, gelu, ...) is written with them, so that all of it rests on the same values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ScalarFunction:
    """A smooth function of one number: its name, its derivative, and where it is defined."""

    name: str
    derivative: Callable[[Any, Any], Any]
    domain: str = ""
    """The arguments that it is defined for, in words; "" for all."""


EXP = ScalarFunction("exp", lambda x, y: y)
LOG = ScalarFunction("log", lambda x, y: x**-1, "positive numbers")
NORMAL_PDF = ScalarFunction("normal_pdf", lambda x, y: x * y * -1)
"""The density of the standard normal distribution, exp(-x^2/2)/sqrt(2 pi)."""
NORMAL_CDF = ScalarFunction("normal_cdf", lambda x, y: x.applied(NORMAL_PDF))
"""Its distribution function Phi, of which gelu(x) = x Phi(x) and erf are made."""
SIN = ScalarFunction("sin", lambda x, y: x.applied(COS))
COS = ScalarFunction("cos", lambda x, y: x.applied(SIN) * -1)
SMOOTH = "smooth"
"""The name of an unknown smooth function; its derivatives are ``smooth'1``, ``smooth'2``, ..."""


def smooth(order: int) -> ScalarFunction:
    """A derivative of the unknown smooth function."""
    return ScalarFunction(f"{SMOOTH}'{order}" if order else SMOOTH, lambda x, y: x.applied(smooth(order + 1)))


FUNCTIONS = {function.name: function for function in (EXP, LOG, NORMAL_CDF, NORMAL_PDF, SIN, COS, smooth(0))}

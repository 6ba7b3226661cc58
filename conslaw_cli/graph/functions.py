"""The catalogue of scalar functions that a graph may apply entry by entry: each is one entry here, named once.

A derivative is an expression in the argument ``x`` and the value ``y``, written with the operators of :class:`Node`, so reverse mode
gives a graph again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ScalarFunction:
    """A smooth function of one number: its name as in NumPy, its derivative, and where it is defined."""

    name: str
    derivative: Callable[[Any, Any], Any]
    domain: str
    """The arguments that it is defined for, in words; "" for all."""


FUNCTIONS = {
    function.name: function
    for function in (
        ScalarFunction("exp", lambda x, y: y, ""),
        ScalarFunction("tanh", lambda x, y: 1 + -1 * y**2, ""),
        ScalarFunction("sigmoid", lambda x, y: y * (1 + -1 * y), ""),
    )
}

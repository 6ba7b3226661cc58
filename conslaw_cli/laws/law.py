"""A law in drift coordinates: a Laurent polynomial, and logarithms and other functions where the metric calls for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd, lcm

from conslaw_cli.metrics import Primitive
from conslaw_cli.rings.polynomials import Number, Polynomial


@dataclass(frozen=True)
class Law:
    """h = polynomial + sum of logs[v] * log(z_v). Variables: 0 … n-1 are Q, n … 2n-1 are P, negative ones are constants."""

    polynomial: Polynomial
    logs: tuple[tuple[int, Number], ...] = ()
    functions: tuple[tuple[int, Number, Primitive], ...] = ()
    """Multiples of B^exponent or log B at an entry (:class:`Primitive`, its coefficient apart): primitives of theta/M under gradient flow."""

    @cached_property
    def gradient(self) -> dict[int, Polynomial]:
        """Partial derivatives that are not zero, by variable."""
        found = {v: partial for v, partial in self.polynomial.derivatives().items() if v >= 0}
        for variable, coefficient in self.logs:
            term = Polynomial.variable(variable, -1).scaled(coefficient)
            found[variable] = found[variable] + term if variable in found else term
        return {variable: partial for variable, partial in found.items() if partial}

    @property
    def variables(self) -> set[int]:
        return self.polynomial.variables | {v for v, _ in self.logs} | {v for v, _, _ in self.functions}

    @property
    def degree(self) -> int:
        return self.polynomial.degree

    @property
    def coordinates(self) -> dict[object, Number]:
        """Coefficients by monomial, logarithms under ("log", variable), other functions under ("function", variable, primitive)."""
        functions = {("function", v, primitive): c for v, c, primitive in self.functions}
        return {**self.polynomial.terms, **{("log", v): c for v, c in self.logs}, **functions}

    @property
    def normal(self) -> frozenset:
        """The same for laws that are multiples of each other."""
        coordinates = self.coordinates
        scale = lcm(*(value.denominator for value in coordinates.values()))
        integers = {key: int(value * scale) for key, value in coordinates.items()}
        divisor = gcd(*integers.values())
        sign = 1 if integers[min(integers, key=hash)] > 0 else -1
        return frozenset((key, sign * value // divisor) for key, value in integers.items())

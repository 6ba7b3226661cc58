"""A law in drift coordinates: a Laurent polynomial, and logarithms where the metric calls for them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from conslaw_cli.exact.polynomials import Number, Polynomial


@dataclass(frozen=True)
class Law:
    """h = polynomial + sum of logs[v] * log(z_v). Variables: 0 … n-1 are Q, n … 2n-1 are P."""

    polynomial: Polynomial
    logs: tuple[tuple[int, Number], ...] = ()

    def gradient(self) -> dict[int, Polynomial]:
        """Partial derivatives that are not zero, by variable."""
        found = self.polynomial.derivatives()
        for variable, coefficient in self.logs:
            term = Polynomial.variable(variable, -1).scaled(coefficient)
            found[variable] = found[variable] + term if variable in found else term
        return {variable: partial for variable, partial in found.items() if partial}

    def renumbered(self, number) -> Law:
        """The same law in other variable numbers."""
        logs = tuple(sorted((number(v), c) for v, c in self.logs))
        return Law(self.polynomial.renumbered(number), logs)

    @property
    def variables(self) -> set[int]:
        return self.polynomial.variables | {v for v, _ in self.logs}

    @property
    def degree(self) -> int:
        return self.polynomial.degree

    @property
    def coordinates(self) -> dict[object, Number]:
        """Coefficients by monomial, logarithms under ("log", variable)."""
        return {**self.polynomial.terms, **{("log", v): c for v, c in self.logs}}

    @property
    def normal(self) -> frozenset:
        """The same for laws that are multiples of each other."""
        coordinates = self.coordinates
        lead = Fraction(coordinates[min(coordinates, key=repr)])
        return frozenset((key, value / lead) for key, value in coordinates.items())

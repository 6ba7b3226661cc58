"""Values of functions that are not rational, modulo p: random residues, the same for the same argument.

exp(u_1), ..., exp(u_m) are algebraically independent over the field of all other quantities where the u_i are linearly independent over
the rationals modulo constants (Ax 1971, *On Schanuel's conjectures*; Ostrowski 1946 and Kolchin 1968 for primitives such as Phi and log).
Then any residues are a legitimate specialization: a minor that is not zero there is not zero identically, so a rank modulo p stays a lower
bound. That the arguments are independent is checked apart (:mod:`conslaw_cli.flows.independence`); what is known to depend is written
through each other here: exp(-u) = 1/exp(u), Phi(-u) = 1 - Phi(u), sin and cos on one circle.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from conslaw_cli.rings.field import Field
from conslaw_cli.rings.stream import Stream, function_value


@dataclass(frozen=True)
class Keyed:
    """Functions of residues; the stream draws the values by function and argument."""

    field: Field
    stream: Stream

    def value(self, name: str, u: np.ndarray) -> np.ndarray:
        """The function of this name, entry by entry, for residues u. At an argument where it has none, 0 of a logarithm, it is one."""
        rule = getattr(self, f"_{name}", None)
        u = self.field.reduce(u.copy())  # between -p/2 and p/2, for a sign to be one of the argument
        return rule(u) if rule else self._drawn(name, u)

    def _exp(self, u: np.ndarray) -> np.ndarray:
        drawn, positive = self._drawn("exp", np.abs(u)), u > 0
        return np.where(u == 0, 1.0, np.where(positive, drawn, self.field.inverses(drawn)))

    def _log(self, u: np.ndarray) -> np.ndarray:
        return np.where(u == 1, 0.0, self._drawn("log", u))

    def _normal_pdf(self, u: np.ndarray) -> np.ndarray:
        return self._drawn("normal_pdf", np.abs(u))

    def _normal_cdf(self, u: np.ndarray) -> np.ndarray:
        """1/2 + an odd function."""
        half = self.field.rationals(((Fraction(1, 2),),))[0, 0]
        odd = self.field.multiply(self._drawn("normal_cdf", np.abs(u)), np.sign(u))
        return self.field.add(odd, np.full_like(u, half))

    def _sin(self, u: np.ndarray) -> np.ndarray:
        """2 h/(1 + h^2) with the sign of u; modulo p = 3 mod 4, where -1 is no square, 1 + h^2 is not zero."""
        h, inverse = self._circle(u)
        return self.field.multiply(self.field.multiply(self.field.reduce(2 * h), inverse), np.sign(u))

    def _cos(self, u: np.ndarray) -> np.ndarray:
        """(1 - h^2)/(1 + h^2) = 2/(1 + h^2) - 1."""
        _, inverse = self._circle(u)
        return np.where(u == 0, 1.0, self.field.reduce(2 * inverse - 1))

    def _circle(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        h = self._drawn("circle", np.abs(u))
        return h, self.field.inverses(self.field.add(self.field.multiply(h, h), np.ones_like(h)))

    def _drawn(self, name: str, u: np.ndarray) -> np.ndarray:
        keys = self.field.integers(u)
        drawn = self.stream.nonzero(self.field.p, function_value(name), keys.ravel(), 1)
        return self.field.residues(drawn).reshape(u.shape)

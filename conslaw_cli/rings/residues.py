"""Arithmetic of residues that notes where an operation has no value, rather than failing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from conslaw_cli.rings.field import Field


@dataclass
class Checked:
    """Residues entry by entry. ``undefined`` marks entries for which some operation had no value; they go on as one."""

    field: Field
    undefined: np.ndarray

    def constant(self, value: Fraction) -> np.ndarray:
        return self.field.rationals(((value,),))

    def add(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.field.add(a, b)

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.field.multiply(a, b)

    def power(self, a: np.ndarray, exponent: int | Fraction) -> np.ndarray:
        if Fraction(exponent).denominator > 1:
            a = self._where(a, self.field.is_square(a))
        elif exponent < 0:
            a = self._where(a, a != 0)
        return self.field.power(a, exponent)

    def _where(self, a: np.ndarray, fine: np.ndarray) -> np.ndarray:
        self.undefined |= ~fine
        return np.where(fine, a, 1.0)

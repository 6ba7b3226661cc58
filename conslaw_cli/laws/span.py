"""Linear spans of laws: whether a family of theory consists of combinations of what the search found."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from conslaw_cli.exact.echelon import Echelon
from conslaw_cli.exact.field import Field
from conslaw_cli.laws.law import Law

MOST_ENTRIES = 50_000_000


class Span:
    """All linear combinations of a basis of laws, modulo p."""

    def __init__(self, basis: tuple[Law, ...], field: Field) -> None:
        self._basis, self._field = basis, field
        self._normals = {law.normal for law in basis}

    def contains(self, laws: list[Law]) -> bool:
        """Whether every law is a combination of the basis; False also where the basis is too large to tell."""
        rest = [law for law in laws if law.normal not in self._normals]
        if not rest:
            return True
        if len(self._basis) * len(self._columns) > MOST_ENTRIES:
            return False
        if any(key not in self._columns for law in rest for key in law.coordinates):
            return False
        return not self._echelon.reduced(self._rows(rest)).any()

    @cached_property
    def _columns(self) -> dict[object, int]:
        return {key: i for i, key in enumerate(dict.fromkeys(key for law in self._basis for key in law.coordinates))}

    @cached_property
    def _echelon(self) -> Echelon:
        echelon = Echelon(self._field, len(self._columns))
        echelon.add(self._rows(self._basis))
        return echelon

    def _rows(self, laws) -> np.ndarray:
        p = self._field.p
        rows = np.zeros((len(laws), len(self._columns)), dtype=np.int64)
        for row, law in enumerate(laws):
            for key, value in law.coordinates.items():
                rows[row, self._columns[key]] = value.numerator * pow(value.denominator, -1, p) % p
        return self._field.residues(rows)

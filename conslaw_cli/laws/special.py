"""Laws that are no sums of monomials and logarithms: what verification and selection ask of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.laws.matrices import Block
from conslaw_cli.model import HiddenLayer
from conslaw_cli.rings.polynomials import Polynomial

Covector = dict[int, Polynomial]
Values = dict[int, int]
"""Residues by coordinate, and by constant of the dynamics."""


class SpecialLaw(Protocol):
    """A law that a theorem derives from identities of polynomials, which are verified."""

    def conditions(self) -> list[Covector]:
        """Covectors in (theta, P) that annihilate grad f for every functional f just if this is a law."""

    def differential(self, values: Values, p: int) -> Values:
        """Its differential at a point, rational there, by coordinate; modulo those of :meth:`known`."""

    def known(self, values: Values, p: int) -> list[Values]:
        """Differentials of simpler laws that were left out."""

    def moves(self, dynamics: Dynamics) -> bool:
        """Whether a translation of time changes it."""


@dataclass(frozen=True)
class SpecialFamily:
    """Laws of one kind at a hidden layer, one for each neuron: sums over the rows of its ``sides``, with their signs."""

    name: str
    layer: HiddenLayer
    sides: Sequence[tuple[int, Block]]
    laws: Sequence[SpecialLaw]

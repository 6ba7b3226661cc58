"""Where laws come from, as plain data: for each family the motion of the parameters that leaves the loss as it is."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from conslaw_cli.report.formula import BlockRef, Entry, Formula
from conslaw_cli.report.model import Family, Report


class MatrixAction(Struct, frozen=True):
    """A block, or an unfolding of it, is multiplied from a ``side`` ("left" or "right") by A^exponent."""

    ref: BlockRef
    side: str
    exponent: Fraction


class SliceAction(Struct, frozen=True):
    """A neuron's slice of a block is multiplied by a^rate (``kind`` "scale"), or rate * s is added to its entries ("shift").

    ``slots`` are the letters k, l, … of the neuron's indices, and ":" for all others, as in a neuron form.
    """

    block: str
    slots: tuple[str, ...]
    kind: str
    rate: Fraction
    shape: tuple[int, ...] = ()
    """Another shape that the block's entries are read in, row by row; () for its own."""


class FieldAction(Struct, frozen=True):
    """An entry moves with a velocity that is a function of the entries; of a law under momentum also of their velocities and time."""

    entry: Entry
    speed: Formula


Action = MatrixAction | SliceAction | FieldAction


class Symmetry(Struct, frozen=True):
    """Motions of the parameters along the field xi = M times the gradient of a law, which leave the loss of every data set as it is.

    ``generator`` says what A = exp(sX) is made from: X "symmetric", "antisymmetric" or "diagonal", ``size`` x ``size`` and of so many
    diagonal ``blocks``; or it is "neuron", one motion for each neuron; or "field", the motion of one law.
    """

    generator: str
    actions: tuple[Action, ...]
    size: int = 1
    blocks: int = 1

    @property
    def linear(self) -> bool:
        """Whether the velocity of a field is affine in the parameters."""
        return all(_degree(term.factors) <= 1 for action in self.actions for group in action.speed.groups for term in group.terms)


class Explained(Struct, frozen=True):
    """A family with its symmetries: one for a form, one for each of its first laws otherwise; () where none is known in closed form.

    ``why``: how the law follows from them, one of ``reasons.WHY``.
    """

    family: Family
    why: str
    symmetries: tuple[Symmetry, ...] = ()


class Fate(Struct, frozen=True):
    """A family of gradient flow, and what decides whether another dynamics keeps it: the degrees of its terms, 0 for a logarithm.

    ``degrees`` is None where terms have none, or they are not known.
    """

    family: Family
    degrees: tuple[Fraction, ...] | None

    @property
    def affine(self) -> bool:
        return self.degrees == (1,)


class Explanation(Struct, frozen=True):
    """``stages``: the model under the Euclidean metric and gradient flow, under the spec's metric, and under its dynamics, what is new of these.

    The last is the spec's own report. ``fates`` are of the families of the stage before the dynamics.
    """

    stages: tuple[Report, ...]
    explained: tuple[Explained, ...]
    order: int
    """1 for dynamics of the parameters, 2 for those with velocities."""
    metric: str
    """The kind of metric: "euclidean", "natural", "separate" (a function of each entry), "constant" (matrices) or "other"."""
    fates: tuple[Fate, ...] = ()
    mixing: bool = False
    """Whether, under the Euclidean metric, laws come from motions that mix neurons."""
    as_given: bool = False
    """Whether the fields are as given, and no gradients of a loss."""

    @property
    def report(self) -> Report:
        return self.stages[-1]


def _degree(factors: tuple) -> Fraction:
    return sum((Fraction(exponent) if exponent > 0 else Fraction(99) for _, exponent in factors), Fraction(0))

"""What a dynamics is: drift coordinates in which only the control fields remain, and the way back to (t, theta, theta').

Scalars here are polynomials in :class:`Symbol`; a law is one in the drift coordinates, numbered 0 … n - 1 for Q and n … 2 n - 1 for P.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction

from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.dynamics.settings import DynamicsSpec
from conslaw_cli.dynamics.timefactors import UNIT, TimeFactor


class Symbol(IntEnum):
    """Variables of polynomials that are no coordinates; coordinates are numbered from 0."""

    FREE = -2
    """The free symbol of the family of generators (THEORY section 4): S for momentum, c for weight decay."""
    RATE = -3
    """A constant damping that the spec names by a letter."""
    SCALE = -4
    """s, the function of time in P = s theta'."""
    LAG = -5
    """A = S s, the function of time in Q = theta - A theta'."""


ONE, ZERO = Polynomial.constant(1), Polynomial.constant(0)
Scalars = tuple[Polynomial, ...]


@dataclass(frozen=True)
class Dynamics:
    """A dynamics in drift coordinates: a tuple of vectors of the parameters' dimension, ("Q",) or ("Q", "P").

    A generator is ``lift * w`` with ``w = M(metric_point) grad f(position)``; each is a combination of the coordinates with
    scalar coefficients.
    """

    coordinates: tuple[str, ...]
    position: Scalars
    """theta in the drift coordinates."""
    metric_point: Scalars
    """The point the metric is taken at, in the drift coordinates."""
    lift: Scalars
    first_from_position: Scalars
    """Q as a combination of (theta, P): the substitution that makes theta independent when an identity is verified."""
    metric_from_position: Scalars
    """The metric's point as a combination of (theta, P)."""
    time_fields: tuple[tuple[Scalars, ...], ...] = ()
    """Linear fields that translate time, as matrices: laws free of time are those they annihilate too."""
    splits_velocities: bool = False
    """Whether P -> c P, S -> S/c maps generators to generators, so that laws split by their degree in P."""
    inverse_rate: Polynomial | None = None
    """1/tau for a constant tau that is not zero."""
    rate_letter: str = ""
    """A symbolic constant tau as SymPy spells it."""
    growth: TimeFactor = field(default=UNIT, hash=False)
    """e^Lambda in Q = e^Lambda theta."""
    scale: TimeFactor = field(default=UNIT, hash=False)
    """s in P = s theta'."""
    lag: TimeFactor = field(default=UNIT, hash=False)
    """A in Q = theta - A theta'."""

    @property
    def numbers(self) -> set[int]:
        """Numerators and denominators of all numbers in the scalars: a prime must divide none but zero."""
        matrices = [row for matrix in self.time_fields for row in matrix]
        scalars = [scalar for row in (self.position, self.metric_point, self.lift, *matrices) for scalar in row]
        coefficients = [coefficient for scalar in scalars for coefficient in scalar.terms.values()]
        return {part for c in coefficients for part in (abs(c.numerator), c.denominator)} - {0, 1}

    @property
    def second_order(self) -> bool:
        return len(self.coordinates) == 2

    def in_original(self, polynomial: Polynomial, n: int) -> Polynomial:
        """A law's polynomial with the drift coordinates put in terms of theta (0 … n - 1), theta' and :class:`Symbol`.

        For first order theta keeps Q's numbers, and the growth is told by the degree: see :meth:`time`.
        """
        return polynomial

    def time_powers(self, powers: dict[int, int]) -> tuple[int, ...]:
        """The exponents of the functions of time beside a monomial in theta and theta'; symbols are taken out of ``powers``."""
        return () if self.growth.trivial else (sum(powers.values()),)

    def time(self, powers: tuple[int, ...]) -> str:
        """The product of the functions of time to such powers, as ASCII."""
        return self.growth.power(powers[0]) if powers else "1"


@dataclass(frozen=True)
class Kind:
    """One entry of the list of dynamics: all that a spec and a report say of it. The first of the list is the default."""

    name: str
    title: str
    """Its name in a report."""
    build: Callable[[DynamicsSpec, bool], Dynamics]
    """The dynamics at its settings, its metric being taken at the lookahead point or not."""
    place: int = 100
    """Where it stands in lists: lower ones come first, equal ones by name."""
    rate_key: str | None = None
    """The key of [dynamics] that gives the rate."""
    default_rate: str | None = None
    rate_words: str = ", "
    """What stands between the title and the rate."""
    fixed_rate: str | None = None
    """The rate where a spec does not give it; it has a pole at t = 0."""
    lookahead: bool = False
    """Whether a metric may be taken at the lookahead point tau theta + theta', for constant tau."""
    scales: bool = False
    """Whether generators differ by a factor of the metric's point only."""
    compared_as: str | None = None
    """The heading of its column in ``compare``, at its default rate; None where it has none."""

    @property
    def drifts(self) -> bool:
        """Whether there is a drift, and with it a rate and a start."""
        return bool(self.rate_key or self.fixed_rate)

    def settings(self, settings: DynamicsSpec) -> dict[str, object]:
        """The table [dynamics] as plain data, with every default written out."""
        data: dict[str, object] = {"kind": self.name}
        if self.rate_key:
            data[self.rate_key] = settings.rate.text
        if self.drifts and settings.start is not None:
            data["start"] = _plain(settings.start)
        return data


def _plain(value: Fraction) -> int | str:
    return int(value) if value.denominator == 1 else str(value)

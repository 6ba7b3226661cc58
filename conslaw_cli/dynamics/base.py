"""What a dynamics is: drift coordinates in which only the control fields remain, and the way back to (t, theta, theta').

Scalars here are polynomials in two symbols: SYMBOL, the free symbol of the family of generators (THEORY section 4: S for
momentum, c for weight decay), and RATE, a constant damping that the spec names by a letter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.dynamics.timefactors import TimeFactor
from conslaw_cli.spec import DynamicsSpec, MetricSpec

SYMBOL, RATE = -2, -3
ONE, ZERO = Polynomial.constant(1), Polynomial.constant(0)
Scalars = tuple[Polynomial, ...]


@dataclass(frozen=True)
class Dynamics:
    """A dynamics in drift coordinates: a tuple of vectors of the parameters' dimension, ("Q",) or ("Q", "P").

    A generator is ``lift * w`` with ``w = M(metric_point) grad f(position)``; each is a combination of the coordinates with
    scalar coefficients.
    """

    name: str
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
    factors: dict[str, TimeFactor] = field(default_factory=dict, hash=False)
    """Functions of time in theta and theta': s and A = S s for momentum (Q = theta - A theta', P = s theta'), e^Lambda for weight decay."""

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


@dataclass(frozen=True)
class Kind:
    """One entry of the list of dynamics."""

    name: str
    build: Callable[[DynamicsSpec, MetricSpec], Dynamics]

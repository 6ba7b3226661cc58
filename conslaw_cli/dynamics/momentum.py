"""Momentum theta'' + tau(t) theta' = -M grad E, in P = s theta', Q = theta - S P with s = exp(integral tau), S = integral 1/s.

The metric is taken at theta, or, for mirror momentum with constant tau (Krichene et al. 2015), at tau theta + theta' = tau Q + P.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.dynamics.base import ONE, ZERO, Dynamics, Kind, Symbol
from conslaw_cli.dynamics.settings import DynamicsSpec
from conslaw_cli.dynamics.timefactors import TimeFactor, exponential, lag, spelled
from conslaw_cli.expressions.calculus import over, raised, rational, times
from conslaw_cli.expressions.parsing import Expression
from conslaw_cli.expressions.tree import Name, text_of

MINUS = Polynomial.constant(-1)


@dataclass(frozen=True)
class Momentum(Dynamics):
    """Second order: theta = Q + A theta', theta' = P/s."""

    def in_original(self, polynomial: Polynomial, n: int) -> Polynomial:
        """Q -> theta - A theta', P -> s theta', with s a symbol unless it is one, and A = (s - 1)/tau for constant tau."""
        s = Polynomial.constant(1) if self.scale.trivial else Polynomial.variable(Symbol.SCALE)
        lag = Polynomial.variable(Symbol.LAG)
        if self.inverse_rate:
            lag = (s + Polynomial.constant(-1)) * self.inverse_rate

        def image(variable: int) -> Polynomial | None:
            if variable < 0:
                return None
            if variable < n:
                return Polynomial.variable(variable) + (lag * Polynomial.variable(variable + n)).scaled(-1)
            return s * Polynomial.variable(variable)

        return polynomial.substitute(image)

    def time_powers(self, powers: dict[int, int]) -> tuple[int, ...]:
        return tuple(powers.pop(symbol, 0) for symbol in (Symbol.SCALE, Symbol.LAG, Symbol.RATE))

    def time(self, powers: tuple[int, ...]) -> str:
        """s**i A**j tau**k."""
        scale, lag, rate = powers
        product = times(self.scale.raised(scale), self.lag.raised(lag))
        if rate:
            power = raised(Name(self.rate_letter), rational(abs(rate)))
            product = over(product, power) if rate < 0 else times(product, power)
        return text_of(product)


def build(settings: DynamicsSpec, lookahead: bool) -> Dynamics:
    return momentum(settings, lookahead, exponential(settings), lag(settings))


def momentum(spec: DynamicsSpec, lookahead: bool, scale: TimeFactor, lagging: TimeFactor) -> Dynamics:
    """Momentum with functions of time s and A; the spec has made sure that a lookahead point has a rational tau or a letter."""
    s = Polynomial.variable(Symbol.FREE)
    position = (ONE, s)
    metric_point, metric_from_position = position, (ONE, ZERO)
    if lookahead:
        tau = rate_value(spec.rate)
        metric_point, metric_from_position = (tau, ONE), (tau, ONE + (tau * s).scaled(-1))
    return Momentum(
        coordinates=("Q", "P"),
        position=position,
        metric_point=metric_point,
        lift=(s, MINUS),
        first_from_position=(ONE, s.scaled(-1)),
        metric_from_position=metric_from_position,
        time_fields=time_fields(spec),
        splits_velocities=not lookahead,
        inverse_rate=inverse_rate(spec),
        rate_letter=_atom(spec.rate),
        scale=scale,
        lag=lagging,
    )


def _atom(rate: Expression) -> str:
    """The rate as SymPy spells it, in brackets unless it is a letter."""
    text = text_of(spelled(rate))
    return text if isinstance(rate.tree, Name) else f"({text})"


def rate_value(rate: Expression) -> Polynomial:
    """A constant rate as a scalar: a rational number, or a free symbol for a letter or another positive constant."""
    value = rate.fraction
    return Polynomial.variable(Symbol.RATE) if value is None else Polynomial.constant(value)


def inverse_rate(spec: DynamicsSpec) -> Polynomial | None:
    """1/tau for a constant tau that is not zero."""
    if spec.varies_in_time or not (tau := rate_value(spec.rate)):
        return None
    return Polynomial.variable(Symbol.RATE, -1) if Symbol.RATE in tau.variables else Polynomial.constant(1 / Fraction(tau.terms[()]))


def time_fields(spec: DynamicsSpec) -> tuple:
    """d/dt at fixed (theta, theta') is -(1/s + S tau) P d/dQ + tau P d/dP, and 1/s + S tau = 1 for constant tau.

    When tau varies, so does the ratio of the two terms (it is constant only if tau' = 0), and each is a field of its own.
    """
    if spec.varies_in_time:
        return (((ZERO, ONE), (ZERO, ZERO)), ((ZERO, ZERO), (ZERO, ONE)))
    return (((ZERO, MINUS), (ZERO, rate_value(spec.rate))),)


KIND = Kind(
    "momentum", "momentum", build, 1, "damping", "tau", rate_words=", damping ", lookahead=True, compared_as="momentum"
)

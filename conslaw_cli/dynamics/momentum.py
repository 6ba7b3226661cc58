"""Momentum theta'' + tau(t) theta' = -M grad E, in P = s theta', Q = theta - S P with s = exp(integral tau), S = integral 1/s.

The metric is taken at theta, or, for mirror momentum with constant tau (Krichene et al. 2015), at tau theta + theta' = tau Q + P.
"""

from __future__ import annotations

from fractions import Fraction

from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.dynamics.base import ONE, RATE, SYMBOL, ZERO, Dynamics, Kind
from conslaw_cli.dynamics.timefactors import TimeFactor, exponential, lag, spelled
from conslaw_cli.spec import DynamicsSpec, Expression, MetricSpec, parse_expression
from conslaw_cli.expressions.tree import Name, text_of

MINUS = Polynomial.constant(-1)


def build(dynamics: DynamicsSpec, metric: MetricSpec) -> Dynamics:
    return momentum("momentum", dynamics, metric, {"s": exponential(dynamics), "A": lag(dynamics)})


def build_nesterov(dynamics: DynamicsSpec, metric: MetricSpec) -> Dynamics:
    """tau = 3/t: s = t^3, S = -1/(2 t^2)."""
    factors = {"s": TimeFactor(lambda: parse_expression("t**3").tree), "A": TimeFactor(lambda: parse_expression("-t/2").tree)}
    return momentum("nesterov", dynamics, metric, factors)


def momentum(name: str, spec: DynamicsSpec, metric: MetricSpec, factors: dict[str, TimeFactor]) -> Dynamics:
    """Momentum with time factors s and A; the spec has made sure that a lookahead point has a rational tau or a letter."""
    s = Polynomial.variable(SYMBOL)
    lookahead = metric.at == "lookahead" and not metric.constant
    position = (ONE, s)
    metric_point, metric_from_position = position, (ONE, ZERO)
    if lookahead:
        tau = rate_value(spec.rate)
        metric_point, metric_from_position = (tau, ONE), (tau, ONE + (tau * s).scaled(-1))
    return Dynamics(
        name=name,
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
        factors=factors,
    )


def _atom(rate: Expression) -> str:
    """The rate as SymPy spells it, in brackets unless it is a letter."""
    text = text_of(spelled(rate))
    return text if isinstance(rate.tree, Name) else f"({text})"


def rate_value(rate: Expression) -> Polynomial:
    """A constant rate as a scalar: a rational number, or a free symbol for a letter or another positive constant."""
    value = rate.fraction
    return Polynomial.variable(RATE) if value is None else Polynomial.constant(value)


def inverse_rate(spec: DynamicsSpec) -> Polynomial | None:
    """1/tau for a constant tau that is not zero."""
    if spec.varies_in_time or not (tau := rate_value(spec.rate)):
        return None
    return Polynomial.variable(RATE, -1) if RATE in tau.variables else Polynomial.constant(1 / Fraction(tau.terms[()]))


def time_fields(spec: DynamicsSpec) -> tuple:
    """d/dt at fixed (theta, theta') is -(1/s + S tau) P d/dQ + tau P d/dP, and 1/s + S tau = 1 for constant tau.

    When tau varies, so does the ratio of the two terms (it is constant only if tau' = 0), and each is a field of its own.
    """
    if spec.varies_in_time:
        return (((ZERO, ONE), (ZERO, ZERO)), ((ZERO, ZERO), (ZERO, ONE)))
    return (((ZERO, MINUS), (ZERO, rate_value(spec.rate))),)


KIND = Kind("momentum", build)
NESTEROV = Kind("nesterov", build_nesterov)

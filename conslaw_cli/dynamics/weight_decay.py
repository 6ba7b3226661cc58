"""Weight decay theta' + lambda(t) theta = -M(theta) grad E: Q = e^Lambda theta, generators M(cQ) grad f(cQ) for all c > 0."""

from __future__ import annotations

from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.dynamics.base import ONE, SYMBOL, Dynamics, Kind
from conslaw_cli.dynamics.timefactors import exponential
from conslaw_cli.spec import DynamicsSpec, MetricSpec


def build(dynamics: DynamicsSpec, metric: MetricSpec) -> Dynamics:
    c, inverse = (Polynomial.variable(SYMBOL),), (Polynomial.variable(SYMBOL, -1),)
    growth = exponential(dynamics)
    if growth.trivial:
        c = inverse = (ONE,)
    return Dynamics(
        name="weight-decay",
        coordinates=("Q",),
        position=c,
        metric_point=c,
        lift=(ONE,),
        first_from_position=inverse,
        metric_from_position=(ONE,),
        time_fields=() if growth.trivial else (((ONE,),),),
        factors={"growth": growth},
    )


KIND = Kind("weight-decay", build)

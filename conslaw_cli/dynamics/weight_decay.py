"""Weight decay theta' + lambda(t) theta = -M(theta) grad E: Q = e^Lambda theta, generators M(cQ) grad f(cQ) for all c > 0."""

from __future__ import annotations

from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.dynamics.base import ONE, Dynamics, Kind, Symbol
from conslaw_cli.dynamics.settings import DynamicsSpec
from conslaw_cli.dynamics.timefactors import exponential


def build(settings: DynamicsSpec, lookahead: bool) -> Dynamics:
    c, inverse = (Polynomial.variable(Symbol.FREE),), (Polynomial.variable(Symbol.FREE, -1),)
    growth = exponential(settings)
    if growth.trivial:
        c = inverse = (ONE,)
    return Dynamics(
        coordinates=("Q",),
        position=c,
        metric_point=c,
        lift=(ONE,),
        first_from_position=inverse,
        metric_from_position=(ONE,),
        time_fields=() if growth.trivial else (((ONE,),),),
        growth=growth,
    )


KIND = Kind("weight-decay", "weight decay", build, 3, "decay", "lambda", rate_words=" ", scales=True)

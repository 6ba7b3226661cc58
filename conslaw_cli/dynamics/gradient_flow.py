"""Gradient flow theta' = -M(theta) grad E: no drift, Q = theta."""

from __future__ import annotations

from conslaw_cli.dynamics.base import ONE, Dynamics, Kind
from conslaw_cli.dynamics.settings import DynamicsSpec


def build(settings: DynamicsSpec, lookahead: bool) -> Dynamics:
    unit = (ONE,)
    return Dynamics(("Q",), unit, unit, unit, unit, unit)


KIND = Kind("gradient-flow", "gradient flow", build, place=0, compared_as="gradient flow")

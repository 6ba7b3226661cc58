"""Gradient flow theta' = -M(theta) grad E: no drift, Q = theta."""

from __future__ import annotations

from conslaw_cli.dynamics.base import ONE, Dynamics, Kind
from conslaw_cli.spec import DynamicsSpec, MetricSpec


def build(dynamics: DynamicsSpec, metric: MetricSpec) -> Dynamics:
    unit = (ONE,)
    return Dynamics("gradient-flow", ("Q",), unit, unit, unit, unit, unit)


KIND = Kind("gradient-flow", build)

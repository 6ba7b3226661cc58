"""Metrics and dynamics: generators in drift coordinates, and the way back to (t, theta, theta')."""

from __future__ import annotations

from conslaw_cli.dynamics import gradient_flow, momentum, weight_decay
from conslaw_cli.dynamics.base import Dynamics, Kind
from conslaw_cli.spec import DynamicsSpec, MetricSpec

DYNAMICS: dict[str, Kind] = {
    kind.name: kind for kind in (gradient_flow.KIND, momentum.KIND, momentum.NESTEROV, weight_decay.KIND)
}


def build_dynamics(dynamics: DynamicsSpec, metric: MetricSpec) -> Dynamics:
    """The dynamics a spec names, in drift coordinates."""
    return DYNAMICS[dynamics.kind].build(dynamics, metric)


__all__ = ["DYNAMICS", "Dynamics", "Kind", "build_dynamics"]

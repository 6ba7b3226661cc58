"""Dynamics: one file each, named once in :data:`DYNAMICS`; each owns its keys, generators, functions of time and the way back to theta."""

from __future__ import annotations

from conslaw_cli.dynamics import gradient_flow, momentum, weight_decay
from conslaw_cli.dynamics.base import Dynamics, Kind
from conslaw_cli.dynamics.settings import DynamicsSpec

DYNAMICS: dict[str, Kind] = {
    kind.name: kind for kind in (gradient_flow.KIND, momentum.KIND, momentum.NESTEROV, weight_decay.KIND)
}


def build_dynamics(settings: DynamicsSpec, lookahead: bool) -> Dynamics:
    """The dynamics that a spec names, in drift coordinates; ``lookahead``: the metric is taken at tau theta + theta'."""
    return DYNAMICS[settings.kind].build(settings, lookahead)


__all__ = ["DYNAMICS", "Dynamics", "DynamicsSpec", "Kind", "build_dynamics"]

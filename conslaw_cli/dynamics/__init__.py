"""Dynamics: every file of this folder that defines a ``KIND`` is one, and is named nowhere else.

Each owns its keys of [dynamics], its generators, its functions of time and the way back to theta.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from conslaw_cli.dynamics.base import Dynamics, Kind
from conslaw_cli.dynamics.settings import DynamicsSpec

_MODULES = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
_FOUND = [module.KIND for module in _MODULES if hasattr(module, "KIND")]
DYNAMICS: dict[str, Kind] = {found.name: found for found in sorted(_FOUND, key=lambda one: (one.place, one.name))}


def build_dynamics(settings: DynamicsSpec, lookahead: bool) -> Dynamics:
    """The dynamics that a spec names, in drift coordinates; ``lookahead``: the metric is taken at tau theta + theta'."""
    return DYNAMICS[settings.kind].build(settings, lookahead)


__all__ = ["DYNAMICS", "Dynamics", "DynamicsSpec", "Kind", "build_dynamics"]

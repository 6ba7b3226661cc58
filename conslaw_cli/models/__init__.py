"""The architectures: every file of this folder that defines an ``ARCHITECTURE`` is one, and is named nowhere else."""

from importlib import import_module
from pkgutil import iter_modules

from conslaw_cli.models.base import Architecture, HiddenLayer, Model, PathNetwork
from conslaw_cli.models.table import ModelTable, Options
from conslaw_cli.graph.program import Program

_MODULES = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
_FOUND = [module.ARCHITECTURE for module in _MODULES if hasattr(module, "ARCHITECTURE")]
ARCHITECTURES: dict[str, Architecture] = {found.name: found for found in sorted(_FOUND, key=lambda one: (one.place, one.name))}

__all__ = ["ARCHITECTURES", "Architecture", "HiddenLayer", "Model", "ModelTable", "Options", "PathNetwork", "Program"]

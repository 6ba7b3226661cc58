"""The architectures: one file each, named once in :data:`ARCHITECTURES`."""

from conslaw_cli.models import icnn, linear, nmf, relu
from conslaw_cli.models.base import Architecture, HiddenLayer, Model, PathNetwork
from conslaw_cli.models.table import ModelTable, Options
from conslaw_cli.graph.program import Program

ARCHITECTURES: dict[str, Architecture] = {
    module.ARCHITECTURE.name: module.ARCHITECTURE for module in (linear, relu, nmf, icnn)
}

__all__ = ["ARCHITECTURES", "Architecture", "HiddenLayer", "Model", "ModelTable", "Options", "PathNetwork", "Program"]

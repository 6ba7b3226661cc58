"""The JSON Schema of a JSON report: that of its plain data, with the keys of every architecture and the names of the dynamics."""

from __future__ import annotations

import msgspec

from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.models import ARCHITECTURES, Architecture
from conslaw_cli.report.document import JsonReport


def schema() -> dict:
    """The JSON Schema of what ``conslaw report --format json`` prints: one report, or an array of several."""
    made = msgspec.json.schema(JsonReport | list[JsonReport])
    tables = made["$defs"]
    tables["Model"] = {"anyOf": [_model_of(architecture, tables["Model"]) for architecture in ARCHITECTURES.values()]}
    tables["Dynamics"]["properties"]["kind"] = {"enum": sorted(DYNAMICS)}
    return made


def _model_of(architecture: Architecture, model: dict) -> dict:
    """The schema of the model for one architecture: with its own keys of [model], all of them."""
    own, said = architecture.table.reported_schemas(), {**model["properties"], "architecture": {"const": architecture.name}}
    return {
        **model,
        "properties": {"architecture": said.pop("architecture"), **own, **said},
        "required": ["architecture", *own, *said],
        "additionalProperties": False,
    }

"""Reads the tables [model] and [expect]."""

from __future__ import annotations

from conslaw_cli.models import ARCHITECTURES, Architecture
from conslaw_cli import hints
from conslaw_cli.problems import Table, suggestion
from conslaw_cli.spec.schema import LARGEST_WIDTH, MOST_WIDTHS, STATUSES, ExpectSpec, ModelSpec

_EXPECTED = {"laws": int, "time_dependent": bool, "complete": bool, "time_free": int, "dimension": int}


def read_model(table: Table) -> ModelSpec | None:
    """The model, or None after noting what is wrong with it."""
    table.check_keys(ModelSpec.__struct_fields__)
    architecture = _architecture(table)
    widths = _widths(table, architecture)
    bias = _bias(table, architecture)
    if architecture is None or widths is None or bias is None:
        return None
    return ModelSpec(architecture.name, widths, bias)


def _architecture(table: Table) -> Architecture | None:
    if "architecture" not in table.data:
        table.problem("architecture", "missing key", 'write e.g. architecture = "linear"; ' + suggestion(None, ARCHITECTURES))
        return None
    name = table.choice("architecture", ARCHITECTURES, "architecture", hints.ARCHITECTURES)
    return None if name is None else ARCHITECTURES[name]


def _example(architecture: Architecture | None) -> str:
    widths = (2, 3, 2) if architecture is None else architecture.example_widths
    return f"write e.g. widths = {list(widths)}"


def _widths(table: Table, architecture: Architecture | None) -> tuple[int, ...] | None:
    if "widths" not in table.data:
        table.problem("widths", "missing key", _example(architecture))
        return None
    widths = table.data["widths"]
    fault = _fault_of_widths(widths) or _fault_of_length(len(widths), architecture)
    if fault:
        table.problem("widths", fault, _example(architecture))
        return None
    return tuple(widths)


def _fault_of_widths(widths: object) -> str | None:
    if not isinstance(widths, (list, tuple)):
        return "widths must be an array of positive integers"
    if len(widths) > MOST_WIDTHS:
        return f"has {len(widths)} widths, more than {MOST_WIDTHS}"
    if not all(type(width) is int and width > 0 for width in widths):
        return "widths must be positive integers"
    if any(width > LARGEST_WIDTH for width in widths):
        return f"widths must not exceed {LARGEST_WIDTH}"
    return None


def _fault_of_length(length: int, architecture: Architecture | None) -> str | None:
    if architecture is None:
        return None
    least, most = architecture.min_widths, architecture.max_widths
    if least == most and length != least:
        return f"{architecture.name} takes exactly {least} widths, not {length}"
    if length < least:
        return f"{architecture.name} takes at least {least} widths, not {length}"
    if most is not None and length > most:
        return f"{architecture.name} takes at most {most} widths, not {length}"
    return None


def _bias(table: Table, architecture: Architecture | None) -> str | None:
    if "bias" not in table.data:
        return "none"
    offered = _all_biases() if architecture is None else architecture.biases
    return table.choice("bias", offered, "bias" if architecture is None else f"bias for {architecture.name}")


def _all_biases() -> tuple[str, ...]:
    return tuple(dict.fromkeys(bias for architecture in ARCHITECTURES.values() for bias in architecture.biases))


def read_expect(table: Table) -> ExpectSpec:
    """The expectations; those that cannot be used are noted and left out."""
    table.check_keys(ExpectSpec.__struct_fields__)
    usable = {key: table.data[key] for key, kind in _EXPECTED.items() if key in table.data and _has_type(table, key, kind)}
    if "status" in table.data:
        usable["status"] = table.choice("status", STATUSES, "status")
    return ExpectSpec(**usable)


def _has_type(table: Table, key: str, kind: type) -> bool:
    value = table.data[key]
    if type(value) is kind and (kind is bool or 0 <= value < 2**63):
        return True
    what, example = ("true or false", "true") if kind is bool else ("a non-negative integer", "3")
    table.problem(key, f"{key} must be {what}", f"write e.g. {key} = {example}")
    return False

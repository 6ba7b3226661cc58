"""Reads the tables [model] and [expect]."""

from __future__ import annotations

from conslaw_cli.models import ARCHITECTURES, Architecture, ModelTable
from conslaw_cli import hints
from conslaw_cli.problems import Table, suggestion
from conslaw_cli.spec.schema import ExpectSpec, ModelSpec
from conslaw_cli.vocabulary import STATUSES

_EXPECTED = {"laws": int, "time_dependent": bool, "complete": bool, "time_free": int, "dimension": int}


def read_model(table: Table) -> ModelSpec | None:
    """The model, or None after noting what is wrong with it: an architecture reads its own keys."""
    architecture = _architecture(table)
    of_model = _nearest_table(table) if architecture is None else architecture.table
    table.check_keys(("architecture", *of_model.names))
    options = of_model.read(table, architecture and architecture.name)
    return None if architecture is None or options is None else ModelSpec(architecture.name, options)


def _architecture(table: Table) -> Architecture | None:
    if "architecture" not in table.data:
        if implied := [found for found in ARCHITECTURES.values() if any(key in table.data for key in found.implied_by)]:
            return implied[0]
        table.problem("architecture", "missing key", 'write e.g. architecture = "linear"; ' + suggestion(None, ARCHITECTURES))
        return None
    name = table.choice("architecture", ARCHITECTURES, "architecture", hints.ARCHITECTURES)
    return None if name is None else ARCHITECTURES[name]


def _nearest_table(table: Table) -> ModelTable:
    """Of the tables that architectures have, the first of those that know the most of the keys given."""
    return max((found.table for found in ARCHITECTURES.values()), key=lambda known: len(set(known.names) & set(table.data)))


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

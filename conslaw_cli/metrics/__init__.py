"""Metrics: one file a kind, named once in :data:`KINDS`. A metric is an object that owns all about itself."""

from __future__ import annotations

from conslaw_cli.metrics import entrywise, field, full, matrix, natural, power, rationals
from conslaw_cli.metrics.base import Metric, MetricError, Primitive, Shape

KINDS = (power, natural, field, full, matrix, entrywise)
"""The kinds of metrics: each module reads the values of [metric] that are its own."""
EUCLIDEAN = power.Power(0)


def read_metric_of_block(value: object, shape: Shape | None = None) -> Metric | None:
    """The metric of a block of a shape (None: any) that a value of [metric] names, or None. Raises MetricError."""
    return next((metric for kind in KINDS if (metric := kind.read(value, shape)) is not None), None)


def default_schemas() -> list[dict[str, object]]:
    """JSON Schemas of metrics that any block can have."""
    return [schema for kind in (power, natural, entrywise) for schema in kind.schemas()]


def schema() -> dict[str, object]:
    """The JSON Schema of the metric of a block."""
    return {"anyOf": [alternative for kind in KINDS for alternative in kind.schemas()]}


__all__ = ["EUCLIDEAN", "KINDS", "Metric", "MetricError", "Primitive", "default_schemas", "field", "full", "natural", "power", "rationals", "read_metric_of_block", "schema"]

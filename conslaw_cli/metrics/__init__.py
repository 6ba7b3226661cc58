"""Metrics: one file a kind, named once in :data:`KINDS`. A metric is an object that owns all about itself."""

from __future__ import annotations

from conslaw_cli.metrics import power
from conslaw_cli.metrics.base import Metric, Primitive

KINDS = (power,)
"""The kinds of metrics: each module reads the values of [metric] that are its own."""
EUCLIDEAN = power.Power(0)


def read_metric_of_block(value: object) -> Metric | None:
    """The metric that a value of [metric] names, or None."""
    return next((metric for kind in KINDS if (metric := kind.read(value)) is not None), None)


__all__ = ["EUCLIDEAN", "KINDS", "Metric", "Primitive", "read_metric_of_block"]

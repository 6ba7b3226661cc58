"""Reads the table [metric]: the exponent of M = diag(theta^a) for every parameter block, and where M is evaluated."""

from __future__ import annotations

import re

from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.problems import MOST_ALIKE, Table, suggestion
from conslaw_cli.spec.schema import LARGEST_EXPONENT, POINTS, DynamicsSpec, MetricSpec, ModelSpec

_NAMES = {"euclidean": 0, "entropy": 1}


def exponent_of(metric: object) -> int | None:
    """The exponent a of a metric's name ("euclidean", "entropy", "theta^a" with 0 <= a <= 20); None for any other."""
    if not isinstance(metric, str):
        return None
    power = re.fullmatch(r"theta\^([0-9]{1,2})", metric)
    exponent = int(power[1]) if power else _NAMES.get(metric)
    return exponent if exponent is not None and exponent <= LARGEST_EXPONENT else None


def metric_name(exponent: int) -> str:
    """The name of the metric diag(theta^a)."""
    return {value: name for name, value in _NAMES.items()}.get(exponent, f"theta^{exponent}")


def block_names(model: ModelSpec | None) -> tuple[str, ...]:
    """The model's parameter blocks in order; none for a model that could not be read."""
    if model is None:
        return ()
    return tuple(name for name, _ in ARCHITECTURES[model.architecture].blocks(model.widths, model.bias))


def read_metric(table: Table, model: ModelSpec | None, dynamics: DynamicsSpec | None) -> MetricSpec | None:
    """The metric, or None after noting what is wrong with it. Without a model its keys cannot be checked, only values."""
    blocks = block_names(model)
    if model is not None:
        table.check_keys(("default", "at", *blocks))
    given = _given_exponents(table, blocks if model is not None else tuple(key for key in table.data if key != "at"))
    at_is_usable = "at" not in table.data or _at_is_usable(table, dynamics)
    if model is None or dynamics is None or given is None or not at_is_usable:
        return None
    exponents = tuple((block, given.get(block, given.get("default", _usual(model, block)))) for block in blocks)
    metric = MetricSpec(exponents, table.data.get("at") or _usual_point(exponents, dynamics))
    return metric if _rate_is_usable(table, metric, dynamics) else None


def _rate_is_usable(table: Table, metric: MetricSpec, dynamics: DynamicsSpec) -> bool:
    """The lookahead point tau theta + theta' enters the generators, so tau must be a letter or an exact number."""
    if metric.at == "theta" or metric.euclidean or dynamics.rate.lone_name:
        return True
    if dynamics.rate.fraction is None:
        fault = f"the lookahead point needs a rational damping or a letter, not {dynamics.rate.text}"
        table.problem("at", fault, 'write at = "theta", or a damping such as 1.4 or "tau"')
        return False
    return True


def _given_exponents(table: Table, keys: tuple[str, ...]) -> dict[str, int] | None:
    """The exponents of the keys that are there, or None when one of them is no metric."""
    given = {key: exponent_of(table.data[key]) for key in dict.fromkeys(("default", *keys)) if key in table.data}
    unknown = [key for key, exponent in given.items() if exponent is None]
    for key in unknown[:MOST_ALIKE]:
        what = "unknown metric" if isinstance(table.data[key], str) else "a metric must be a string"
        metrics = (*_NAMES, "theta^2")
        remedy = f"{suggestion(table.data[key], metrics)}, with any exponent up to {LARGEST_EXPONENT}"
        table.problem(key, what, remedy)
    return None if unknown else given


def _usual(model: ModelSpec, block: str) -> int:
    """The exponent the architecture calls for."""
    exponent = exponent_of(ARCHITECTURES[model.architecture].default_metric(block))
    if exponent is None:
        raise ValueError(f"{model.architecture} names an unknown default metric for {block}")
    return exponent


def _usual_point(exponents: tuple[tuple[str, int], ...], dynamics: DynamicsSpec) -> str:
    mirror = dynamics.kind == "momentum" and not dynamics.varies_in_time and any(a for _, a in exponents)
    return "lookahead" if mirror else "theta"


def _at_is_usable(table: Table, dynamics: DynamicsSpec | None) -> bool:
    at = table.choice("at", POINTS, "point of evaluation")
    if at is None:
        return False
    if at == "theta" or dynamics is None:
        return True
    if dynamics.kind != "momentum":
        table.problem("at", f"lookahead needs momentum, not {dynamics.kind}", 'write at = "theta", or remove it')
        return False
    if dynamics.varies_in_time:
        fault = f"lookahead needs a constant damping, not {dynamics.rate.text}"
        table.problem("at", fault, 'write at = "theta", or a damping that is constant')
        return False
    return True

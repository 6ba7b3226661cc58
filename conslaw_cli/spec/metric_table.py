"""Reads the table [metric]: the metric of every parameter block, and where it is evaluated."""

from __future__ import annotations

from conslaw_cli.metrics import Metric, read_metric_of_block
from conslaw_cli.metrics.power import LARGEST_EXPONENT, NAMES
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.problems import MOST_ALIKE, Table, suggestion
from conslaw_cli.spec.schema import POINTS, DynamicsSpec, MetricSpec, ModelSpec

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
    given = _given_metrics(table, blocks if model is not None else tuple(key for key in table.data if key != "at"))
    at_is_usable = "at" not in table.data or _at_is_usable(table, dynamics)
    if model is None or dynamics is None or given is None or not at_is_usable:
        return None
    metrics = tuple((block, given.get(block, given.get("default", _usual(model, block)))) for block in blocks)
    metric = MetricSpec(metrics, table.data.get("at") or _usual_point(metrics, dynamics))
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


def _given_metrics(table: Table, keys: tuple[str, ...]) -> dict[str, Metric] | None:
    """The metrics of the keys that are there, or None when one of them is no metric."""
    given = {key: read_metric_of_block(table.data[key]) for key in dict.fromkeys(("default", *keys)) if key in table.data}
    unknown = [key for key, metric in given.items() if metric is None]
    for key in unknown[:MOST_ALIKE]:
        what = "unknown metric" if isinstance(table.data[key], str) else "a metric must be a string"
        metrics = (*NAMES, "theta^2")
        remedy = f"{suggestion(table.data[key], metrics)}, with any exponent up to {LARGEST_EXPONENT}"
        table.problem(key, what, remedy)
    return None if unknown else given


def _usual(model: ModelSpec, block: str) -> Metric:
    """The metric the architecture calls for."""
    metric = read_metric_of_block(ARCHITECTURES[model.architecture].default_metric(block))
    if metric is None:
        raise ValueError(f"{model.architecture} names an unknown default metric for {block}")
    return metric


def _usual_point(metrics: tuple[tuple[str, Metric], ...], dynamics: DynamicsSpec) -> str:
    mirror = dynamics.kind == "momentum" and not dynamics.varies_in_time and not all(m.euclidean for _, m in metrics)
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

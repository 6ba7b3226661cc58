"""Reads the table [metric]: the metric of every parameter block, and where it is evaluated."""

from __future__ import annotations

from itertools import product
from math import prod

from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.graph.nodes import as_matrix
from conslaw_cli.metrics import Metric, MetricError, field, full, natural, read_metric_of_block
from conslaw_cli.metrics.base import Shape
from conslaw_cli.metrics.power import LARGEST_EXPONENT, NAMES
from conslaw_cli.problems import MOST_ALIKE, Table, suggestion
from conslaw_cli.spec.schema import DynamicsSpec, MetricSpec, ModelSpec
from conslaw_cli.vocabulary import POINTS


def block_names(model: ModelSpec | None) -> tuple[str, ...]:
    """The model's parameter blocks in order; none for a model that could not be read."""
    return () if model is None else tuple(name for name, _ in _blocks(model))


def _blocks(model: ModelSpec) -> tuple[tuple[str, Shape], ...]:
    return model.definition.blocks(model.options)


def read_metric(table: Table, model: ModelSpec | None, dynamics: DynamicsSpec | None) -> MetricSpec | None:
    """The metric, or None after noting what is wrong with it. Without a model its keys cannot be checked, only values."""
    blocks = block_names(model)
    if model is not None:
        table.check_keys(("default", "at", full.KEY, *blocks))
    keys = blocks if model is not None else tuple(key for key in table.data if key not in ("at", full.KEY))
    shapes = {} if model is None else {name: as_matrix(shape) for name, shape in _blocks(model)}
    given = _given_full(table, shapes) if full.KEY in table.data else _given_metrics(table, keys, shapes)
    at_is_usable = "at" not in table.data or _at_is_usable(table, dynamics)
    if model is None or dynamics is None or given is None or not at_is_usable:
        return None
    metrics = tuple((block, given.get(block, given.get("default", _usual(model, block)))) for block in blocks)
    metric = MetricSpec(metrics, table.data.get("at") or _usual_point(metrics, dynamics))
    fits = _fits_together(table, metric, _blocks(model)) and _can_be_computed(table, metric, dynamics)
    return _placed(table, metric, model) if fits and _rate_is_usable(table, metric, dynamics) else None


def _placed(table: Table, metric: MetricSpec, model: ModelSpec) -> MetricSpec | None:
    """The metric for the model's parameters, or None where it holds names of others."""
    if not any(of.of_all and not of.separate for _, of in metric.blocks):
        return metric
    shapes = model.definition.outline(model.options).index_shapes
    names = tuple(
        "_".join([block, *(str(index + 1) for index in place)])
        for block, shape in shapes.items()
        for place in product(*map(range, shape))
    )
    try:
        return MetricSpec(tuple((block, of.placed(names)) for block, of in metric.blocks), metric.at)
    except MetricError as error:
        table.problem(full.KEY, error.message, error.remedy)
        return None


def _fits_together(table: Table, metric: MetricSpec, blocks: tuple[tuple[str, Shape], ...]) -> bool:
    """Whether a metric of all parameters is that of every block, and the point is one that it can be taken at."""
    whole = next((of for _, of in metric.blocks if of.of_all), None)
    if whole is not None and (other := next((block for block, of in metric.blocks if of != whole), None)):
        table.problem(other, f"{whole.name} is one metric of all parameters", f'write default = "{whole.name}" and no other metric' if whole.separate else f"give every block the same, or write {full.KEY} = …")
        return False
    size = sum(prod(shape) for _, shape in blocks)
    if whole is not None and whole.size not in (None, size):
        table.problem(metric.blocks[0][0], f"{full.KEY} has {whole.size} rows", f"the model has {size} parameters")
        return False
    if metric.at == "lookahead" and (fixed := next((of for _, of in metric.blocks if of.only_at_theta), None)):
        table.problem("at", f"{fixed.name} is not supported at the lookahead point", 'write at = "theta", or remove it')
        return False
    return True


def _rate_is_usable(table: Table, metric: MetricSpec, dynamics: DynamicsSpec) -> bool:
    """The lookahead point tau theta + theta' enters the generators, so tau must be a letter or an exact number."""
    if metric.at == "theta" or metric.constant or dynamics.rate.lone_name:
        return True
    if dynamics.rate.fraction is None:
        fault = f"the lookahead point needs a rational damping or a letter, not {dynamics.rate.text}"
        table.problem("at", fault, 'write at = "theta", or a damping such as 1.4 or "tau"')
        return False
    return True


def _can_be_computed(table: Table, metric: MetricSpec, dynamics: DynamicsSpec) -> bool:
    """Roots and denominators are computed modulo primes where the metric's point is the same for all generators, or scaled."""
    kind = DYNAMICS[dynamics.kind]
    scaled = kind.scales
    if not kind.drifts or metric.at == "lookahead":
        return True
    for block, of in metric.blocks:
        if not of.everywhere and not (scaled and of.scales):
            key = block if block in table.data else "default"
            remedy = "write gradient-flow" if scaled or dynamics.varies_in_time else 'write at = "lookahead", or gradient-flow'
            table.problem(key, f"{of.name} has roots or denominators, which are not supported under {dynamics.kind} at theta", remedy)
            return False
    return True


def _given_full(table: Table, shapes: dict[str, Shape]) -> dict[str, Metric] | None:
    """The metric of all parameters for each block, or None when it is none."""
    others = [key for key in table.data if key not in ("at", full.KEY)]
    if others:
        table.problem(others[0], f"{full.KEY} is the metric of all parameters", f"remove {others[0]}, or {full.KEY}")
        return None
    try:
        value, size = table.data[full.KEY], sum(map(prod, shapes.values())) if shapes else None
        metric = field.read_field(value, size) or full.read_full(value, size)
    except MetricError as error:
        table.problem(full.KEY, error.message, error.remedy)
        return None
    return dict.fromkeys(shapes, metric)


def _given_metrics(table: Table, keys: tuple[str, ...], shapes: dict[str, Shape]) -> dict[str, Metric] | None:
    """The metrics of the keys that are there, or None when one of them is no metric."""
    given, unknown = {}, 0
    for key in dict.fromkeys(("default", *keys)):
        if key in table.data:
            try:
                given[key] = _metric_of(table.data[key], key, shapes)
            except MetricError as error:
                unknown += 1
                if unknown <= MOST_ALIKE:
                    table.problem(key, error.message, error.remedy)
    return None if unknown else given


def _metric_of(value: object, key: str, shapes: dict[str, Shape]) -> Metric:
    """The metric a value names. Raises MetricError."""
    metric = read_metric_of_block(value, shapes.get(key))
    if metric is None:
        what = "unknown metric" if isinstance(value, str) else "a metric must be a string or a table of matrices"
        remedy = f"{suggestion(value, (*NAMES, 'theta^2', natural.NAME))}, with any exponent up to {LARGEST_EXPONENT}"
        raise MetricError(what, remedy)
    if key == "default" and not metric.separate:
        raise MetricError("a matrix acts on one parameter block", "write it for a block, such as W1 = { left = … }")
    return metric


def _usual(model: ModelSpec, block: str) -> Metric:
    """The metric the architecture calls for."""
    metric = read_metric_of_block(model.definition.default_metric(block))
    if metric is None:
        raise ValueError(f"{model.architecture} names an unknown default metric for {block}")
    return metric


def _usual_point(metrics: tuple[tuple[str, Metric], ...], dynamics: DynamicsSpec) -> str:
    mirror = DYNAMICS[dynamics.kind].lookahead and not dynamics.varies_in_time and not all(m.constant for _, m in metrics)
    return "lookahead" if mirror else "theta"


def _at_is_usable(table: Table, dynamics: DynamicsSpec | None) -> bool:
    at = table.choice("at", POINTS, "point of evaluation")
    if at is None:
        return False
    if at == "theta" or dynamics is None:
        return True
    if not DYNAMICS[dynamics.kind].lookahead:
        table.problem("at", f"lookahead needs momentum, not {dynamics.kind}", 'write at = "theta", or remove it')
        return False
    if dynamics.varies_in_time:
        fault = f"lookahead needs a constant damping, not {dynamics.rate.text}"
        table.problem("at", fault, 'write at = "theta", or a damping that is constant')
        return False
    return True

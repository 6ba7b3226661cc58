"""One model under several dynamics and metrics: the paper's conservation loss as a table."""

from __future__ import annotations

from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.report.comparison import Cell, Comparison
from conslaw_cli.report.model import Report
from conslaw_cli.spec import Spec, parse_spec, normalised

DYNAMICS = {
    "gradient flow": {"kind": "gradient-flow"},
    "momentum": {"kind": "momentum", "damping": "tau"},
    "Nesterov": {"kind": "nesterov"},
}


def compare_spec(spec: Spec, seed: int = 0) -> Comparison:
    """Counts for every pair of metric and dynamics; the metric is the row, gradient flow its baseline."""
    rows = _metrics(spec)
    cells = tuple(tuple(_cell(spec, metric, dynamics, seed) for dynamics in DYNAMICS.values()) for metric in rows.values())
    widths = " → ".join(map(str, spec.model.widths))
    title = f"{spec.model.architecture} {widths}" + (f", bias {spec.model.bias}" if spec.model.bias != "none" else "")
    return Comparison(title, tuple(DYNAMICS), tuple(rows), cells)


def _metrics(spec: Spec) -> dict[str, dict[str, str]]:
    rows = {"Euclidean": {"default": "euclidean"}, "entropy": {"default": "entropy"}}
    own = {name: metric for name, metric in normalised(spec)["metric"].items() if name not in ("at", "default")}
    kinds = set(own.values())
    if kinds in ({"euclidean"}, {"entropy"}):
        return rows
    architecture = ARCHITECTURES[spec.model.architecture]
    usual = all(architecture.default_metric(name) == metric for name, metric in own.items())
    label = f"{architecture.name}'s own" if usual else "the spec's"
    return {f"{label}: {_described(own)}": own, **rows}


def _described(own: dict[str, str]) -> str:
    by_metric: dict[str, list[str]] = {}
    for name, metric in own.items():
        by_metric.setdefault(metric, []).append(name)
    return "; ".join(f"{metric} on {', '.join(names)}" for metric, names in by_metric.items())


def _cell(spec: Spec, metric: dict[str, str], dynamics: dict[str, str], seed: int) -> Cell:
    from conslaw_cli.analysis import run
    from conslaw_cli.report.build import build

    model = {"architecture": spec.model.architecture, "widths": list(spec.model.widths), "bias": spec.model.bias}
    report = build(run(parse_spec({"model": model, "metric": metric, "dynamics": dynamics}), seed))
    notes = [*report.notes, *_metric_point(report)]
    return Cell(report.laws.independent, report.laws.found, report.status, "; ".join(notes))


def _metric_point(report: Report) -> list[str]:
    """Where a metric that is not Euclidean is taken under a dynamics of second order: it decides the count."""
    if report.dynamics.kind in ("gradient-flow", "weight-decay") or {kind for _, kind in report.metric.blocks} == {"euclidean"}:
        return []
    points = {"lookahead": "the lookahead point tau theta + theta' (mirror momentum)", "theta": "theta"}
    return [f"the metric is taken at {points[report.metric.at]}"]

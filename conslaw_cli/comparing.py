"""One model under several dynamics and metrics: the paper's conservation loss as a table."""

from __future__ import annotations

from conslaw_cli.dynamics import DYNAMICS, Kind
from conslaw_cli.report.comparison import Cell, Comparison, Row
from conslaw_cli.spec import Spec, SpecError, parse_spec


def compare_spec(spec: Spec, seed: int = 0) -> Comparison:
    """Counts for every pair of metric and dynamics; gradient flow is each row's baseline.

    A row is a metric at one point: a metric that is not Euclidean has a row at theta and one at the lookahead point, so that
    what changes along a row is the dynamics alone.
    """
    rows, cells, compared = [], [], [kind for kind in DYNAMICS.values() if kind.compared_as]
    for row, metric in _metrics(spec):
        rows.append(row)
        cells.append(tuple(_cell(spec, row, metric, kind, seed) for kind in compared))
    title = spec.model.definition.label(spec.model.options)
    return Comparison(title, tuple(kind.compared_as for kind in compared), tuple(rows), tuple(cells))


def _metrics(spec: Spec) -> list[tuple[Row, dict[str, object]]]:
    """Every row with its metric as a spec's table without ``at``; the spec's own where it is neither of the usual two."""
    names = tuple((block, metric.name) for block, metric in spec.metric.blocks)
    own = dict(names)
    rows = [(Row("Euclidean"), {"default": "euclidean"})]
    if {name for _, name in names} not in ({"euclidean"}, {"entropy"}):
        architecture = spec.model.definition
        usual = all(architecture.default_metric(block) == name for block, name in names)
        label = f"{architecture.name}'s own" if usual else "the spec's"
        rows = [*([(Row(label, names), own)] if spec.metric.constant else _points(label, own, names)), *rows]
    return rows + _points("entropy", {"default": "entropy"})


def _points(label: str, metric: dict[str, object], blocks: tuple = ()) -> list[tuple[Row, dict[str, object]]]:
    return [(Row(label, blocks, point), metric) for point in ("theta", "lookahead")]


def _cell(spec: Spec, row: Row, metric: dict[str, object], kind: Kind, seed: int) -> Cell:
    from conslaw_cli.reporting import report_of

    if row.point == "lookahead" and not kind.lookahead:
        return Cell(None, 0, None)
    at = {} if row.point is None else {"at": row.point}
    try:
        compared = parse_spec({"model": spec.model.plain, "metric": metric | at, "dynamics": {"kind": kind.name}})
    except SpecError as error:  # roots in a metric under a dynamics for which they are not computed
        return Cell(None, 0, "undecided", error.problems[0].message)
    report = report_of(compared, seed)
    return Cell(report.laws.independent, report.laws.found, report.status, "; ".join(report.notes))

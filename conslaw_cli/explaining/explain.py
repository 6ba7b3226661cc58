"""Explaining a spec: its report, the reports of the same model under plainer metrics and dynamics, and where each law comes from."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from msgspec.structs import replace

from conslaw_cli.dynamics import DYNAMICS, build_dynamics
from conslaw_cli.explaining.symmetries import Metrics, explain_family
from conslaw_cli.graph.nodes import as_matrix
from conslaw_cli.metrics import EUCLIDEAN, natural
from conslaw_cli.report.explanation import Explanation, Fate
from conslaw_cli.report.formula import Formula, IntegralSum, MatrixForm, NeuronForm, NeuronTerm, Shifted, Term
from conslaw_cli.report.model import Family
from conslaw_cli.reporting import report_of
from conslaw_cli.spec import DynamicsSpec, MetricSpec, Spec
from conslaw_cli.steps import Listener, nobody

_FLOW = DynamicsSpec("gradient-flow", None, Fraction(0))
_MEMBERS_LOOKED_AT = 100
"""Laws without a form whose degrees are looked at, of each family."""


def explain(spec: Spec, seed: int = 0, listener: Listener = nobody) -> Explanation:
    """Up to three analyses: Euclidean gradient flow, the spec's metric, its dynamics."""
    stages = tuple(report_of(stage, seed, listener) for stage in _stages(spec))
    kind, metrics = DYNAMICS[spec.dynamics.kind], _metrics(spec)
    families, shapes = stages[-1].laws.families, dict(stages[-1].model.blocks)
    order = 2 if build_dynamics(spec.dynamics, spec.metric.lookahead).second_order else 1
    return Explanation(
        stages=stages,
        explained=tuple(explain_family(family, metrics, shapes, order) for family in families),
        order=order,
        metric=_kind_of(spec.metric),
        fates=tuple(_fates(stages[-2].laws.families)) if kind.drifts else (),
        mixing=any(_mixes(family) for family in stages[0].laws.families),
        as_given=spec.model.options.as_given,
    )


def _mixes(family: Family) -> bool:
    """Whether the motions of a family move neurons into one another."""
    form = family.form
    return isinstance(form, MatrixForm) and form.symmetry == "symmetric" and form.size > form.blocks


def _stages(spec: Spec) -> Iterator[Spec]:
    """What differs from Euclidean gradient flow is added in two steps, so that each has what it does by itself."""
    drifts = DYNAMICS[spec.dynamics.kind].drifts
    if any(of != EUCLIDEAN for _, of in spec.metric.blocks):
        euclidean = MetricSpec(tuple((block, EUCLIDEAN) for block, _ in spec.metric.blocks))
        yield replace(spec, metric=euclidean, dynamics=_FLOW)
    if drifts:
        yield replace(spec, metric=MetricSpec(spec.metric.blocks), dynamics=_FLOW)
    yield spec


def _metrics(spec: Spec) -> Metrics:
    """The metric of each block by itself, where a metric of all parameters is made of such."""
    names, metrics = zip(*spec.metric.blocks, strict=True)
    if metrics[0].of_all:
        shapes = dict(spec.model.definition.blocks(spec.model.options))
        metrics = metrics[0].on_blocks([as_matrix(shapes[name]) for name in names])
    return dict(zip(names, metrics, strict=True))


def _kind_of(metric: MetricSpec) -> str:
    """One of the kinds of ``Explanation.metric``."""
    metrics = [of for _, of in metric.blocks]
    if all(isinstance(of, natural.Natural) for of in metrics):
        return "natural"
    if metric.euclidean:
        return "euclidean"
    if metric.constant:
        return "constant"
    return "separate" if all(of.separate for of in metrics) else "other"


def _fates(families: tuple[Family, ...]) -> Iterator[Fate]:
    for family in families:
        degrees = _degrees(family)
        yield Fate(family, None if degrees is None else tuple(sorted(degrees)))


def _degrees(family: Family) -> set[Fraction] | None:
    """The degrees of a family's terms; None where a term is not homogeneous, or there are more laws than are looked at."""
    form = family.form
    if isinstance(form, MatrixForm):
        return {Fraction(2)}
    if isinstance(form, NeuronForm):
        found = {_degree_of_sum(term) for term in form.terms}
    elif form is None and len(family.members) <= _MEMBERS_LOOKED_AT:
        found = {_degree(term) for law in family.members for term in _terms(law)}
    else:
        return None
    return None if None in found else found


def _degree_of_sum(term: NeuronTerm) -> Fraction | None:
    if term.constant is not None or term.function not in ("power", "log"):
        return None
    return Fraction(0 if term.function == "log" else term.exponent)


def _terms(law: Formula | IntegralSum) -> Iterator[object]:
    return iter((law,)) if isinstance(law, IntegralSum) else (term for group in law.groups for term in group.terms)


def _degree(term: object) -> Fraction | None:
    if not isinstance(term, Term) or any(isinstance(base, Shifted) for base, _ in term.factors):
        return None
    return Fraction(0) if term.log else sum((Fraction(exponent) for _, exponent in term.factors), Fraction(0))


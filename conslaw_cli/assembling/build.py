"""From an analysis to a report: families with their forms, counts, status and certificate."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from math import prod

import numpy as np

from conslaw_cli.analysis import Analysis, LawGroup, PartResult
from conslaw_cli.assembling.certificate import certificate, primes
from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.evaluation.report import evaluated
from conslaw_cli.flows.independence import Independence
from conslaw_cli.laws.abelian import AbelianFamily
from conslaw_cli.laws.aligned import AlignedFamily
from conslaw_cli.laws.families import NEURON, FamilyLaws, balance
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.matrices import DIAGONAL, Layout
from conslaw_cli.laws.paths import require_laws
from conslaw_cli.laws.special import SpecialFamily
from conslaw_cli.laws.theory import UNVERIFIED, KnownFamily, known_families
from conslaw_cli.laws.time import depends_on_time
from conslaw_cli.limits import LIMITS
from conslaw_cli.model import HiddenLayer, Model
from conslaw_cli.report.formula import Entry
from conslaw_cli.assembling.forms import Shapes, aligned_form, family_form
from conslaw_cli.assembling.integrals import algebraic_note, integral_family
from conslaw_cli.report.model import (
    DynamicsSummary,
    Family,
    LawsSummary,
    MetricSummary,
    ModelSummary,
    Report,
)
from conslaw_cli.report.tables import Region, Reproduce, Trace
from conslaw_cli.assembling.original import Members, in_original
from conslaw_cli.assembling.special import special_family
from conslaw_cli.spec import DynamicsSpec, MetricSpec, spec_sha256, time_text
from conslaw_cli.timefree import time_free
from conslaw_cli.version import __version__


def build(analysis: Analysis) -> Report:
    """The report of an analysis."""
    spec, model = analysis.spec, analysis.model
    architecture = spec.model.definition
    caveat = architecture.caveat(spec.model.options)
    status, error, theorem, notes = _status(analysis)
    return evaluated(Report(
        name=spec.name,
        model=ModelSummary(
            architecture=spec.model.architecture,
            parameters=model.size,
            phi=architecture.phi,
            domain=_domain(analysis),
            table={"architecture": spec.model.architecture, **architecture.table.reported(spec.model.options)},
            title=architecture.title(spec.model.options),
            label=architecture.label(spec.model.options),
            blocks=tuple(model.index_shapes.items()),
            positive=_positive(analysis),
        ),
        metric=_metric(spec.metric),
        dynamics=_dynamics(spec.dynamics),
        trace=_trace(analysis),
        laws=_laws(analysis, status),
        status=_of_what(status, caveat),
        error_bound=error,
        theorem=theorem,
        notes=(*notes, *dict.fromkeys(filter(None, (caveat, _boundary(analysis), algebraic_note(analysis), *_metric_notes(spec.metric), *model.notes)))),
        region=_region(analysis),
        certificate=certificate(analysis),
        reproduce=Reproduce(__version__, analysis.seed, primes(analysis), spec_sha256(spec)),
    ))


def _metric(metric: MetricSpec) -> MetricSummary:
    names = tuple((block, of.name) for block, of in metric.blocks)
    return MetricSummary(names, metric.at, tuple(block for block, of in metric.blocks if of.positive))


def _metric_notes(metric: MetricSpec) -> tuple[str | None, ...]:
    return tuple(of.note for _, of in metric.blocks)


def _dynamics(dynamics: DynamicsSpec) -> DynamicsSummary:
    kind = DYNAMICS[dynamics.kind]
    return DynamicsSummary(
        kind=kind.name,
        rate=dynamics.rate.text if dynamics.rate else None,
        start=None if dynamics.start is None else str(dynamics.start),
        until=None if dynamics.until is None else time_text(dynamics.until, dynamics.located),
        assumptions=dynamics.assumptions,
        title=kind.title,
        rate_words=kind.rate_words,
        drifts=kind.drifts,
        located=dynamics.located,
    )


def _domain(analysis: Analysis) -> str:
    """Where phi stands for the model (nowhere at some widths)."""
    model, architecture = analysis.spec.model, analysis.spec.model.definition
    if architecture.caveat(model.options):
        return "nowhere for the network itself, the count is that of phi (see the note)"
    return architecture.domain(model.options)


def _positive(analysis: Analysis) -> tuple[str, ...]:
    """Blocks that the architecture keeps positive, and those at which a metric that is not Euclidean is taken."""
    spec, architecture = analysis.spec, analysis.spec.model.definition
    at_theta = spec.metric.at == "theta"
    return tuple(name for name, of in spec.metric.blocks if architecture.stays_positive(name) or (of.positive and at_theta))


def _status(analysis: Analysis) -> tuple[str, str | None, str | None, tuple[str, ...]]:
    """(status, error bound, theorem, notes)."""
    if analysis.failure:
        theorem = _theorem(analysis)
        reason = f"too large for the engine: {analysis.failure}"
        return ("theorem" if theorem else "undecided"), None, theorem and theorem[1], (reason,)
    if analysis.paths or all(part.proved for part in analysis.parts):
        return "proved", None, None, ()
    if all(part.closes for part in analysis.parts) and (why := _unbounded(analysis)):
        return "exact", None, None, why
    if analysis.error_bits >= LIMITS.error_bits:
        return "exact", f"2^-{int(analysis.error_bits)}", None, _chance(analysis)
    bound = sum(part.independent * part.part.copies for part in analysis.parts)
    reason = "the filtration did not close within the bracket length tried"
    if analysis.closed:
        reason = f"the filtration closed, but no error bound below 2^-{int(LIMITS.error_bits)} is known at this size"
    return "undecided", None, None, (f"{reason}: at most {bound} laws (proved)",)


def _unbounded(analysis: Analysis) -> tuple[str, ...]:
    """Why a sum that closes is no proof and has no error bound."""
    why = [] if analysis.independence.shown else [_dependence(analysis.independence)]
    if regional := sum(part.regional * part.part.copies for part in analysis.parts):
        why.append(f"no error bound: {regional} of the laws hold for the branch patterns seen, and may be none for an input that takes another")
    return tuple(why)


def _dependence(found: Independence) -> str:
    """Why a sum that closes is no proof: values of functions may have relations that the engine does not use."""
    if not found.checked:
        return "no error bound: that the arguments of exp, Phi, log, sin and cos are independent was too large to find out, so the trace may be smaller"
    return (
        f"no error bound: of {found.arguments} different arguments of exp, Phi, log, sin and cos {found.rank} are independent modulo constants; "
        "relations between the others' values are not used, so the trace may be smaller and there may be more laws"
    )


def _chance(analysis: Analysis) -> tuple[str, ...]:
    """That laws were verified at random residues, where they were."""
    number = sum(one.error_bits is not None for part in analysis.parts for one in part.verifications.values())
    return (f"{number} of the laws verified at random points modulo primes, with this error, not as identities",) if number else ()


def _region(analysis: Analysis) -> Region | None:
    """The region that a network's branches are those of; None where it has none."""
    cases = analysis.cases
    if not cases.branches:
        return None
    weights = analysis.model.weights
    around = weights.name if weights else "a Gaussian initialization, seed 0"
    return Region(around, cases.number, cases.inputs, cases.units, cases.dead, cases.always)


def _boundary(analysis: Analysis) -> str | None:
    """That theta* lies where branches meet, where it does."""
    if not (units := analysis.cases.boundary):
        return None
    return f"{units} of the units are exactly at their threshold there, for every input: the count is that of the branches taken at theta*, of no region around it"


def _of_what(status: str, caveat: str | None) -> str:
    """A count that was computed is phi's; where phi stands for the network nowhere, the status says so."""
    return f"{status} for phi" if caveat and status in ("proved", "exact") else status


def _theorem(analysis: Analysis) -> tuple[int, str] | None:
    spec = analysis.spec
    applies = spec.metric.euclidean and not DYNAMICS[spec.dynamics.kind].drifts
    return spec.model.definition.known_count(spec.model.options) if applies else None


def _trace(analysis: Analysis) -> Trace:
    space = analysis.model.size * len(analysis.dynamics.coordinates)
    if analysis.failure:
        return Trace(space, (), None)
    if analysis.paths:
        return Trace(space, (analysis.paths.dimension,), analysis.paths.dimension)
    length = max(len(part.trace.filtration) for part in analysis.parts)
    filtration = tuple(
        sum(part.trace.filtration[min(k, len(part.trace.filtration) - 1)] * part.part.copies for part in analysis.parts)
        for k in range(length)
    )
    dimension = sum(part.trace.dimension * part.part.copies for part in analysis.parts)
    return Trace(space, filtration, dimension)


def _laws(analysis: Analysis, status: str) -> LawsSummary:
    if analysis.failure:
        return _known_laws(analysis)
    if analysis.paths:
        found = _path_families(analysis)
    else:
        found = [family for part in analysis.parts for family in _part_families(analysis, part)]
    trace = _trace(analysis)
    independent = trace.space - trace.dimension
    decided = status != "undecided"
    without_time, how = time_free(analysis) if decided else (None, None)
    return LawsSummary(
        independent=independent if decided else None,
        found=sum(family.number for family in found),
        time_dependent=any(family.depends_on_time for family in found) or bool(decided and without_time < independent),
        time_free=without_time,
        time_free_status=how,
        searched_degree=max((part.searched_degree for part in analysis.parts), default=0),
        families=tuple(found),
    )


def _known_laws(analysis: Analysis) -> LawsSummary:
    """What theory knows without a computation: a theorem's count, and families that hold at every size."""
    theorem, metrics = _theorem(analysis), dict(analysis.spec.metric.blocks)
    layers = known_families(analysis.model.blocks, analysis.model.hidden, metrics, analysis.dynamics)
    families = tuple(_known_family(family, analysis.dynamics, analysis.model.index_shapes) for family in layers)
    found, timed = sum(family.number for family in families), any(family.depends_on_time for family in families)
    known_of_all = timed or not analysis.dynamics.time_fields
    return LawsSummary(theorem[0] if theorem else None, found, timed if known_of_all else None, None, 0, families)


def _known_family(family: KnownFamily, dynamics: Dynamics, shapes: Shapes) -> Family:
    """Its form alone: the members of a model of this size are not written out."""
    return Family(
        name=family.name,
        number=family.number,
        members=(),
        depends_on_time=family.timed,
        source=UNVERIFIED,
        form=family_form(family.expression, dynamics, family.layer.width, shapes),
        entries=family.size if family.size > family.number else None,
        verified=False,
    )


def _entry(model: Model) -> Callable[[int, bool], Entry]:
    """Names of the model's parameters by position in the state vector."""
    starts, shapes = list(accumulate((prod(shape) for _, shape in model.blocks[:-1]), initial=0)), model.index_shapes

    def entry(position: int, velocity: bool) -> Entry:
        number = bisect_right(starts, position) - 1
        name, _ = model.blocks[number]
        found = np.unravel_index(position - starts[number], shapes[name])
        return Entry(name, tuple(int(index) + 1 for index in found), velocity)

    return entry


def _part_families(analysis: Analysis, result: PartResult) -> list[Family]:
    n, dynamics = result.flow.program.size, analysis.dynamics
    name_of = _entry(analysis.model)
    positions = [[k for block in copy for k in block] for copy in result.part.indices]
    families = []
    for group in result.groups:
        if isinstance(group.family, AbelianFamily):
            families.append(integral_family(group, dynamics))
            continue
        if isinstance(group.family, SpecialFamily):
            naming = lambda copy, place: name_of(positions[copy][place], False)
            families.append(special_family(group, dynamics, len(positions), naming, analysis.model.index_shapes))
            continue
        for (timed, everywhere), laws in _alike(group.laws, dynamics, n, result):
            families.append(_part_family(group, laws, timed, everywhere, analysis, positions, name_of))
    return families


def _alike(laws: tuple[Law, ...], dynamics: Dynamics, n: int, result: PartResult) -> list[tuple[tuple[bool, bool], list[Law]]]:
    """Laws by whether they depend on time and whether they hold everywhere, those that do first."""
    found: dict[tuple[bool, bool], list[Law]] = {}
    for law in laws:
        found.setdefault((depends_on_time(law, dynamics, n), result.everywhere(law)), []).append(law)
    return sorted(found.items(), reverse=True)


def _part_family(
    group: LawGroup, laws: list[Law], timed: bool, everywhere: bool, analysis: Analysis, positions: list, name_of
) -> Family:
    copies, n, dynamics, shapes = len(positions), len(positions[0]), analysis.dynamics, analysis.model.index_shapes

    def member(number: int) -> object:
        copy, law = divmod(number, len(laws))
        return in_original(laws[law], dynamics, n, lambda k, velocity: name_of(positions[copy][k], velocity))

    family, form, entries = group.family, None, None
    if isinstance(family, AlignedFamily):
        form = aligned_form(family, dynamics, shapes) if len(laws) == len(group.laws) else None
        entries = family.size if form and family.size > len(laws) else None
    elif family and len(laws) == len(group.laws) and _covers(family, copies, shapes):
        form = family_form(family.expression, dynamics, family.layer.width, shapes)
        entries = family.size * copies if family.size > len(laws) else None
    return Family(
        name=family.name if form else "further laws",
        number=len(laws) * copies,
        members=Members(len(laws) * copies, member),
        depends_on_time=timed,
        source=group.source,
        form=form,
        entries=entries,
        everywhere=everywhere,
    )


def _covers(family: FamilyLaws, copies: int, shapes: Shapes) -> bool:
    """Whether the copies of a part hold all of a layer: every neuron with whole columns and rows of blocks.

    Then the expression in the part's blocks is that in the model's. Entries of two neurons are laws only where one part holds both.
    """
    layer, width = family.layer, family.width
    whole = [family.layout.shapes[name] == (shapes[name][0], width) for name in layer.outgoing]
    whole += [family.layout.shapes[name] == (width, *shapes[name][1:], 1)[:2] for name in layer.incoming]
    return all(whole) and width * copies == layer.width and (copies == 1 or family.expression.symmetry == DIAGONAL)


def _path_families(analysis: Analysis) -> list[Family]:
    """One family for each hidden layer of a path network."""
    families, first = [], 0
    for layer in analysis.model.hidden:
        families.append(_path_family(analysis, layer, first))
        first += layer.width
    return families


def _path_family(analysis: Analysis, layer: HiddenLayer, first: int) -> Family:
    model, dynamics, layout = analysis.model, analysis.dynamics, Layout.of(analysis.model.blocks)
    expression, name_of = balance(layer, dict(analysis.spec.metric.blocks)), _entry(model)
    require_laws(analysis.paths.graph, expression.terms, layout, range(first, first + layer.width))
    law = lambda neuron: expression.law(neuron, neuron, layout)
    return Family(
        name=NEURON,
        number=layer.width,
        members=Members(layer.width, lambda k: in_original(law(k), dynamics, model.size, name_of)),
        depends_on_time=bool(dynamics.time_fields) and depends_on_time(law(0), dynamics, model.size),
        source="integer kernel of the path exponents",
        form=family_form(expression, dynamics, layer.width, model.index_shapes),
    )

"""From an analysis to a report: families with their forms, counts, status and certificate."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from math import prod

from conslaw_cli.analysis import ERROR_BITS, Analysis, LawGroup, PartResult
from conslaw_cli.assembling.certificate import certificate, primes
from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.laws import families as known
from conslaw_cli.laws.abelian import AbelianFamily
from conslaw_cli.laws.families import FamilyLaws
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.special import SpecialFamily
from conslaw_cli.laws.theory import UNVERIFIED, KnownFamily, known_families
from conslaw_cli.laws.time import depends_on_time
from conslaw_cli.metrics import Metric
from conslaw_cli.model import Model
from conslaw_cli.model import HiddenLayer
from conslaw_cli.assembling.expansion import verified
from conslaw_cli.report.formula import Entry
from conslaw_cli.assembling.forms import family_form
from conslaw_cli.assembling.integrals import algebraic_note, integral_family
from conslaw_cli.report.model import (
    DynamicsSummary,
    Family,
    LawsSummary,
    MetricSummary,
    ModelSummary,
    Report,
)
from conslaw_cli.report.tables import Reproduce, Trace
from conslaw_cli.assembling.original import Members, in_original
from conslaw_cli.assembling.special import special_family
from conslaw_cli.spec import DynamicsSpec, MetricSpec, spec_sha256, time_text
from conslaw_cli.timefree import time_free
from conslaw_cli.version import __version__


PATHS_COMPARED = 2
"""Neurons of a layer of a path network whose laws are compared with their form; a law has as many terms as its neuron edges."""


def build(analysis: Analysis) -> Report:
    """The report of an analysis."""
    spec, model = analysis.spec, analysis.model
    architecture = spec.model.definition
    caveat = architecture.caveat(spec.model.options)
    status, error, theorem, notes = _status(analysis)
    return Report(
        name=spec.name,
        model=ModelSummary(
            architecture=spec.model.architecture,
            parameters=model.size,
            phi=architecture.phi,
            domain=_domain(analysis),
            table=spec.model.plain,
            title=architecture.title(spec.model.options),
            label=architecture.label(spec.model.options),
            blocks=tuple((name, shape[:1] if name in model.vectors else shape) for name, shape in model.blocks),
            positive=_positive(analysis),
        ),
        metric=_metric(spec.metric),
        dynamics=_dynamics(spec.dynamics),
        trace=_trace(analysis),
        laws=_laws(analysis, status),
        status=_of_what(status, caveat),
        error_bound=error,
        theorem=theorem,
        notes=(*notes, *dict.fromkeys(filter(None, (caveat, algebraic_note(analysis), *_metric_notes(spec.metric))))),
        certificate=certificate(analysis),
        reproduce=Reproduce(__version__, analysis.seed, primes(analysis), spec_sha256(spec)),
    )


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
    if analysis.error_bits >= ERROR_BITS:
        return "exact", f"2^-{int(analysis.error_bits)}", None, ()
    bound = sum(part.independent * part.part.copies for part in analysis.parts)
    reason = "the filtration did not close within the bracket length tried"
    if analysis.closed:
        reason = f"the filtration closed, but no error bound below 2^-{int(ERROR_BITS)} is known at this size"
    return "undecided", None, None, (f"{reason}: at most {bound} laws (proved)",)


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
    families = tuple(_known_family(family, analysis.dynamics, metrics) for family in layers)
    found, timed = sum(family.number for family in families), any(family.depends_on_time for family in families)
    known_of_all = timed or not analysis.dynamics.time_fields
    return LawsSummary(theorem[0] if theorem else None, found, timed if known_of_all else None, None, 0, families)


def _known_family(family: KnownFamily, dynamics: Dynamics, metrics: dict[str, Metric]) -> Family:
    """Its form alone: the members of a model of this size are not written out."""
    return Family(
        name=family.name,
        number=family.number,
        members=(),
        depends_on_time=family.timed,
        source=UNVERIFIED,
        form=family_form(family.name, family.layer, dynamics, metrics, family.timed),
        entries=family.size if family.size > family.number else None,
        verified=False,
    )


def _entry(model: Model) -> Callable[[int, bool], Entry]:
    """Names of the model's parameters by position in the state vector."""
    starts = list(accumulate((prod(shape) for _, shape in model.blocks[:-1]), initial=0))

    def entry(position: int, velocity: bool) -> Entry:
        number = bisect_right(starts, position) - 1
        name, (_, columns) = model.blocks[number]
        row, column = divmod(position - starts[number], columns)
        return Entry(name, row + 1, None if name in model.vectors else column + 1, velocity)

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
            families.append(special_family(group, dynamics, len(positions), naming))
            continue
        for laws, timed in _by_time(group.laws, dynamics, n):
            shapes = analysis.model.index_shapes
            families.append(_part_family(group, laws, timed, dynamics, n, positions, name_of, shapes))
    return families


def _by_time(laws: tuple[Law, ...], dynamics: Dynamics, n: int) -> list[tuple[list[Law], bool]]:
    flags = [depends_on_time(law, dynamics, n) for law in laws]
    split = [([law for law, flag in zip(laws, flags) if flag == timed], timed) for timed in (True, False)]
    return [(chosen, timed) for chosen, timed in split if chosen]


def _part_family(group: LawGroup, laws: list[Law], timed: bool, dynamics, n: int, positions: list, name_of, shapes) -> Family:
    copies = len(positions)

    def member(number: int) -> object:
        copy, law = divmod(number, len(laws))
        return in_original(laws[law], dynamics, n, lambda k, velocity: name_of(positions[copy][k], velocity))

    form, entries = None, None
    if group.family and len(laws) == len(group.laws):
        form = family_form(group.family.name, group.family.layer, dynamics, group.family.metrics, timed)
        form = verified(form, _family_members(group.family, dynamics, n, positions, name_of), shapes)
        total = group.family.size
        entries = total * copies if total > len(laws) else None
    return Family(
        name=group.family.name if group.family else "further laws",
        number=len(laws) * copies,
        members=Members(len(laws) * copies, member),
        depends_on_time=timed,
        source=group.source,
        form=form,
        entries=entries,
    )


def _family_members(family: FamilyLaws, dynamics: Dynamics, n: int, positions: list, name_of) -> Iterator[tuple]:
    """(k, l, law) for the neurons of a family over all copies of its part: copies hold one neuron each."""
    for copy, places in enumerate(positions):
        for k, l in family.entries():
            law = in_original(family.law(k, l), dynamics, n, lambda i, velocity: name_of(places[i], velocity))
            yield copy + k, copy + l, law


def _path_families(analysis: Analysis) -> list[Family]:
    """One family for each hidden layer of a path network."""
    metrics = dict(analysis.spec.metric.blocks)
    families, first = [], 0
    for layer in analysis.model.hidden:
        families.append(_path_family(analysis, layer, first, metrics))
        first += layer.width
    return families


def _path_family(analysis: Analysis, layer: HiddenLayer, first: int, metrics: dict[str, Metric]) -> Family:
    model, dynamics, graph = analysis.model, analysis.dynamics, analysis.paths.graph
    name_of, block_of = _entry(model), _blocks_of(model)

    def law(neuron: int) -> Law:
        leaving, entering = graph.around(first + neuron)
        vectors = [
            (sign, [position], metrics[block_of(position)].primitive)
            for sign, positions in ((1, leaving.tolist()), (-1, entering.tolist()))
            for position in positions
        ]
        return known.neuron_law(vectors)

    members = Members(layer.width, lambda k: in_original(law(k), dynamics, model.size, name_of))
    timed = bool(dynamics.time_fields) and depends_on_time(law(0), dynamics, model.size)
    form = family_form(known.NEURON, layer, dynamics, metrics, timed)
    return Family(
        name=known.NEURON,
        number=layer.width,
        members=members,
        depends_on_time=timed,
        source="integer kernel of the path exponents",
        form=verified(form, ((k, k, members[k]) for k in range(min(layer.width, PATHS_COMPARED))), model.index_shapes),
    )


def _blocks_of(model: Model) -> Callable[[int], str]:
    name_of = _entry(model)
    return lambda position: name_of(position, False).block

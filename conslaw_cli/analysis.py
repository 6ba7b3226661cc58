"""From a spec to what is proved of it: traces and laws of every part of the model, and the status they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log2

import numpy as np

from conslaw_cli.rings.gaussian import initial_weights
from conslaw_cli.rings.stream import Stream
from conslaw_cli.dynamics import Dynamics, build_dynamics
from conslaw_cli.dynamics.base import ONE
from conslaw_cli.flows.cases import ALONE, Cases, cases, real_generics
from conslaw_cli.flows.independence import Independence
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.flows.parts import Part, parts
from conslaw_cli.flows.relations import settled
from conslaw_cli.language import TooManyEntries
from conslaw_cli.laws.abelian import AbelianFamily, AbelianLaw, abelian_family, independent_integrals
from conslaw_cli.laws.aligned import AlignedFamily, aligned_families
from conslaw_cli.laws.families import FamilyLaws, candidates
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.mirror import mirror_families
from conslaw_cli.laws.paths import Edges, edges, independent_paths
from conslaw_cli.laws.search import search
from conslaw_cli.laws.selection import Selection
from conslaw_cli.laws.special import SpecialFamily, SpecialLaw
from conslaw_cli.laws.time import TimeAction, action
from conslaw_cli.laws.travel import travel_families
from conslaw_cli.laws.verification import Verification
from conslaw_cli.lie import TooLarge, Trace, require_size, trace
from conslaw_cli.limits import LIMITS
from conslaw_cli.metrics import Metric
from conslaw_cli.model import Model
from conslaw_cli.spec import Spec
from conslaw_cli.steps import Listener, Step, nobody

SEED_BITS = 53
CASES_SEED = 1
"""Inputs over which branches are collected are the same for every seed of an analysis: the region is the spec's."""
MOST_POINTS = 6
"""Growths of which no error is known, at points where some outputs for discrete inputs may have no roots and be missing."""
VERIFIED = "theory, verified"


@dataclass(frozen=True)
class LawGroup:
    """Independent verified laws of one kind in a part's drift coordinates. ``family`` None for laws no family matches."""

    laws: tuple[Law, ...] | tuple[SpecialLaw, ...] | tuple[AbelianLaw, ...]
    source: str
    family: FamilyLaws | AlignedFamily | SpecialFamily | AbelianFamily | None = None


@dataclass(frozen=True)
class PartResult:
    """What is known of one part (all its copies behave alike)."""

    part: Part
    flow: PartFlow
    runs: tuple[Trace, ...]
    """Growths at independent points and primes."""
    groups: tuple[LawGroup, ...]
    searched_degree: int
    error_bits: float
    """-log2 of the error bound for the dimension and the time translations; 0 where the growth did not close."""
    time: TimeAction
    independence: Independence = Independence()
    verifications: Mapping[Law, Verification] = field(default_factory=dict)
    """How the laws were verified that are polynomials."""

    @property
    def trace(self) -> Trace:
        """The first of the growths with the largest dimension: its witnesses are those of the certificate."""
        return _largest(self.runs)

    @property
    def independent(self) -> int:
        return self.flow.dimension - self.trace.dimension

    @property
    def found(self) -> int:
        return sum(len(group.laws) for group in self.groups)

    @property
    def closes(self) -> bool:
        """Whether there are as many laws as the trace leaves room for."""
        return self.found == self.independent

    @property
    def proved(self) -> bool:
        """Whether the sum is a proof: the rank is one of a legitimate specialization, and no law was left to chance."""
        return self.closes and self.independence.shown and not self.regional and all(one.proved for one in self.verifications.values())

    @property
    def regional(self) -> int:
        """How many laws are shown for the branches seen only, where these may not be all: for an input that takes others they may be none."""
        if self.flow.cases.complete:
            return 0
        return sum(not self.everywhere(law) for group in self.groups for law in group.laws)

    @property
    def bits(self) -> float:
        """-log2 of the error bound for the count of a part that is not proved; 0 where there is none."""
        if not self.independence.shown or self.regional:
            return 0.0
        chances = [one.error_bits for one in self.verifications.values() if one.error_bits is not None]
        of_laws = min(chances) - log2(len(chances)) if chances else None
        known = [bits for bits in (of_laws, None if self.closes else self.error_bits) if bits is not None]
        return -log2(sum(2.0**-bits for bits in known))

    def everywhere(self, law: object) -> bool:
        """Whether a law holds whatever branches are taken."""
        return self.verifications[law].everywhere if isinstance(law, Law) and law in self.verifications else True


@dataclass(frozen=True)
class PathResult:
    """A path network under a dynamics with constant fields: complete and proved by linear algebra on its graph."""

    graph: Edges
    dimension: int
    metric: Metric
    """The metric of the first block; under weight decay it is that of every block."""

    @property
    def laws(self) -> int:
        return self.graph.neurons


@dataclass(frozen=True)
class Analysis:
    """Everything computed for a spec. ``failure`` says why the engine could not go through, where it could not."""

    spec: Spec
    seed: int
    model: Model
    dynamics: Dynamics
    parts: tuple[PartResult, ...] = ()
    paths: PathResult | None = None
    failure: str | None = None

    @property
    def closed(self) -> bool:
        """Whether every part's sum closes, or its growth did."""
        return all(part.closes or part.trace.closed for part in self.parts)

    @property
    def independence(self) -> Independence:
        """Whether the values of functions may be drawn freely, in all parts."""
        found = [part.independence for part in self.parts]
        return Independence(sum(one.arguments for one in found), sum(one.rank for one in found), all(one.checked for one in found))

    @property
    def cases(self) -> Cases:
        """The cases of a network, which is one part."""
        return self.parts[0].flow.cases if self.parts else ALONE

    @property
    def error_bits(self) -> float:
        """-log2 of a bound for the probability that some part's dimension is wrong: the sum over the parts that are not proved.

        A part's copies are one claim.
        """
        return -log2(sum(2.0**-part.bits for part in self.parts if not part.proved))


def run(spec: Spec, seed: int = 0, listener: Listener = nobody) -> Analysis:
    """Analyse a spec; the same spec and seed give the same result.

    ``listener`` is told what is being done, and what is known of the whole model by then.
    """
    outline = unanalysed(spec, seed, "")
    if outline.model.size > LIMITS.parameters:
        return replace(outline, failure=f"{outline.model.size} parameters, the engine holds {LIMITS.parameters}")
    try:
        model, dynamics = spec.model.definition.build(spec.model.options), outline.dynamics
    except TooManyEntries as error:
        return replace(outline, failure=error.located)
    if model.paths and _constant_fields(spec, dynamics):
        return Analysis(spec, seed, model, dynamics, paths=_path_result(spec, model))
    split = parts(model.program, tuple(metric for _, metric in spec.metric.blocks))
    results: list[PartResult] = []
    for part in split:
        hear = _adding(listener, results, part.copies)
        try:
            results.append(part_result(part, model, dynamics, seed, hear, LIMITS.error_bits + log2(len(split))))
        except TooLarge as error:
            return Analysis(spec, seed, model, dynamics, failure=str(error))
    return Analysis(spec, seed, model, dynamics, parts=tuple(results))


def unanalysed(spec: Spec, seed: int, failure: str) -> Analysis:
    """What a spec says by itself: the names and shapes of its parameters, nothing computed."""
    model = spec.model.definition.outline(spec.model.options)
    return Analysis(spec, seed, model, build_dynamics(spec.dynamics, spec.metric.lookahead), failure=failure)


def _adding(listener: Listener, before: Sequence[PartResult], copies: int) -> Listener:
    """Hears of one copy of a part, and tells of all copies and the parts before."""
    dimension = sum(known.trace.dimension * known.part.copies for known in before)
    laws = sum(known.found * known.part.copies for known in before)

    def hear(step: Step) -> None:
        listener(replace(step, dimension=dimension + copies * step.dimension, laws=laws + copies * step.laws))

    return hear


def _constant_fields(spec: Spec, dynamics: Dynamics) -> bool:
    """Whether the fields of single paths are constant up to a function: first order, separable, one metric if the point is scaled."""
    if dynamics.second_order or not all(metric.primitive for _, metric in spec.metric.blocks):
        return False
    return dynamics.position == (ONE,) or (len({of for _, of in spec.metric.blocks}) == 1 and spec.metric.blocks[0][1].scales)


def _path_result(spec: Spec, model: Model) -> PathResult:
    graph = edges(model.paths, model.blocks)
    return PathResult(graph, independent_paths(graph), spec.metric.blocks[0][1])


def part_result(
    part: Part, model: Model, dynamics: Dynamics, seed: int, listener: Listener = nobody, wanted: float = LIMITS.error_bits
) -> PartResult:
    """Grow the trace, find as many laws as it leaves room for, and repeat the growth where the sum does not close.

    A dimension that no sum proves is to err with a probability of at most 2^-wanted.
    """
    flow = PartFlow(part.program, part.metrics, dynamics, _cases(part, model))
    require_size(flow)
    stream = Stream(seed)
    flow, shown = settled(flow, Stream(_seed(stream, "independence", 0)))
    selection = Selection(flow, Stream(_seed(stream, "selection", 0)), flow.dimension, listener)
    groups = _families(flow, model, selection)
    groups += () if model.hidden else _aligned(flow, selection, Stream(_seed(stream, "aligned", 0)))
    runs = [trace(flow, _seed(stream, "trace", 0), listener, selection.missing)]
    selection.most -= runs[0].dimension
    special = _special(flow, model, selection) if selection.missing else ()
    integrals = _integrals(flow, model, selection, Stream(_seed(stream, "integrals", 0))) if selection.missing else ()
    degree = search(flow, selection, _seed(stream, "search", 0)) if selection.missing else 0
    groups += (*_further(selection, groups), *special, *integrals)
    found = selection.found
    listener(Step("verifying laws", f"{found} hold", dimension=runs[0].dimension, laws=found))
    while selection.found < flow.dimension - _largest(runs).dimension and _worth_repeating(flow, runs, wanted):
        runs.append(trace(flow, _seed(stream, "trace", len(runs)), _again(listener, len(runs) + 1)))
    time = _time(selection, flow, runs)
    return PartResult(part, flow, tuple(runs), groups, degree, _bits(runs), time, shown, dict(selection.verifications))


def _families(flow: PartFlow, model: Model, selection: Selection) -> tuple[LawGroup, ...]:
    """Laws of a part that theory knows, one group for each family that has some: verified like any other."""
    families = candidates(flow, model.hidden)
    kept = selection.keep_families([family.laws() for family in families])
    return tuple(LawGroup(tuple(laws), VERIFIED, family) for family, laws in zip(families, kept) if laws)


def _cases(part: Part, model: Model) -> Cases:
    """The cases of a network, or of a phi with branches, around its real parameters: where the metric wants them positive, their size."""
    program = part.program
    if program.output is None and not program.branches:
        return ALONE
    weights = dict(model.weights.arrays if model.weights else initial_weights(program.blocks, 0))
    for (name, _), metric in zip(program.blocks, part.metrics):
        weights[name] = np.abs(weights[name]) if metric.positive else weights[name]
    return cases(program, weights, real_generics(program), Stream(CASES_SEED))


def _aligned(flow: PartFlow, selection: Selection, stream: Stream) -> tuple[LawGroup, ...]:
    """Laws that follow one pattern along axes, one group for each pattern that has some."""
    groups = []
    for family in aligned_families(flow, stream):
        selection.tell(Step("searching laws along axes"))
        if laws := selection.keep_families([family.laws()])[0]:
            whole = len(laws) == family.size or selection.spans(list(family.laws()))
            groups.append(LawGroup(tuple(laws), f"search, degree {family.degree}", family if whole else None))
        if not selection.missing:
            break
    return tuple(groups)


def _special(flow: PartFlow, model: Model, selection: Selection) -> tuple[LawGroup, ...]:
    """Laws of a part that theory knows and that are no sums of monomials, one group for each family that has some."""
    groups = []
    for family in (*mirror_families(flow, model.hidden), *travel_families(flow, model.hidden)):
        if laws := selection.keep_special(family.laws):
            groups.append(LawGroup(tuple(laws), VERIFIED, family))
    return tuple(groups)


def _integrals(flow: PartFlow, model: Model, selection: Selection, stream: Stream) -> tuple[LawGroup, ...]:
    """Integrals over algebraic functions, where theory knows some and they complete the laws of a part."""
    family = abelian_family(flow, model.hidden)
    laws = independent_integrals(flow, family, selection.kept, stream) if family else []
    if not laws or len(laws) != selection.missing:
        return ()
    selection.integrals = laws
    return (LawGroup(tuple(laws), VERIFIED, family),)


def _further(selection: Selection, groups: tuple[LawGroup, ...]) -> tuple[LawGroup, ...]:
    """What a selection holds beyond the families' laws."""
    rest = selection.kept[sum(len(group.laws) for group in groups) :]
    if not rest:
        return ()
    degree = max(law.degree for law in rest)
    polynomial = degree > 0 and all(law.polynomial.whole_in(law.variables) and not law.functions for law in rest)
    return (LawGroup(tuple(rest), f"search, degree {degree}" if polynomial else "search, separable"),)


def _largest(runs: Sequence[Trace]) -> Trace:
    return max(runs, key=lambda run: run.dimension)


def _worth_repeating(flow: PartFlow, runs: list[Trace], wanted: float) -> bool:
    """Whether another growth makes the error small enough, or may be at a point where more outputs for discrete inputs have their roots."""
    if LIMITS.least_bits <= _least(runs):
        return _bits(runs) < wanted
    rooted = flow.cases.one_hot and not flow.program.defined_everywhere
    return bool(rooted) and all(run.closed for run in runs) and len(runs) < MOST_POINTS


def _least(runs: list[Trace]) -> float:
    return min(run.error_bits if run.closed else 0.0 for run in runs)


def _bits(runs: list[Trace]) -> float:
    """-log2 of the error bound of growths at independent points and primes that show the largest rank of them.

    If the generic rank is larger still, all n of them closed too early, which has a probability of at most the n-th power of the
    largest bound. A union bound over all n at which one may stop gives n the share 1/(n (n + 1)) of the error.
    """
    return max(0.0, len(runs) * _least(runs) - log2(len(runs) * (len(runs) + 1)))


def _again(listener: Listener, run_number: int) -> Listener:
    return lambda step: listener(replace(step, what=f"{step.what} at another point (run {run_number})"))


def _time(selection: Selection, flow: PartFlow, runs: Sequence[Trace]) -> TimeAction:
    """The translations of time: on all laws exactly, otherwise modulo a largest trace, or on the laws there are, whichever shows more.

    Each is a lower bound, also that of each growth.

    Integrals come with balancedness, under dynamics that have one translation at most and move both or none. Laws that are no sums of
    monomials are known of dynamics with one translation.
    """
    shown = action(selection.kept, flow.dynamics, flow.program.size)
    if any(law.moves(flow.dynamics) for law in selection.special):
        shown = TimeAction(1, (True,))
    dimension = _largest(runs).dimension
    if selection.found == flow.dimension - dimension:
        return shown
    largest = [run for run in runs if run.dimension == dimension]
    outside = tuple(map(any, zip(shown.outside, *(run.time_outside for run in largest))))
    return TimeAction(max(shown.rank, *(run.time_rank for run in largest)), outside)


def _seed(stream: Stream, name: str, counter: int) -> int:
    return stream.derive(name, counter) >> (64 - SEED_BITS)

"""Sentences of a report, the same in every format: what is fixed text, what is mathematics, what came from a spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conslaw_cli.report.model import DynamicsSummary, MetricSummary, Report
from conslaw_cli.report.notation import Notation
from conslaw_cli.report.places import Place
from conslaw_cli.report.tables import NetworkCount, Region

_LONGEST_LIST = 8


@dataclass(frozen=True)
class Prose:
    """A notation, how its formulas stand in a line of text, and how other text is escaped."""

    notation: Notation
    math: Callable[[str], str]
    text: Callable[[str], str]
    superscripts: bool = True
    """Whether an error bound such as 2^-40 is typeset."""

    def block(self, name: str, shape: tuple[int, ...]) -> str:
        """A block and its shape: W₁ 3×2, b₁ 3; a single number has none."""
        letter = self.math(self.notation.letter(name))
        return f"{letter} {self.text('×'.join(map(str, shape)))}" if shape else letter

    def letters(self, blocks: Sequence[str]) -> list[str]:
        return [self.math(self.notation.letter(name)) for name in blocks]

    def names(self, blocks: Sequence[str]) -> str:
        return ", ".join(self.listed(self.letters(blocks)))

    def listed(self, written: list[str]) -> list[str]:
        """The items, of many the first and the last."""
        if len(written) <= _LONGEST_LIST:
            return written
        return [*written[: _LONGEST_LIST - 2], self.text("…"), written[-1]]

    def chain(self, numbers: tuple[int, ...]) -> str:
        """Widths or a filtration: 2 → 3 → 2."""
        return self.text(" → ".join(map(str, numbers)))

    def rate(self, text: str) -> str:
        return self.math(self.notation.time(text))

    def bound(self, text: str) -> str:
        """An error bound such as 2^-40."""
        found = re.fullmatch(r"(\d+)\^(-?\d+)", text)
        if not found or not self.superscripts:
            return self.text(text)
        exponent = self.notation.sum([(int(found[2]), "")])
        return self.math(self.notation.power(self.notation.letter(found[1]), exponent))


def title(report: Report, prose: Prose) -> tuple[str, str, str]:
    """Model, metric and dynamics."""
    return model(report, prose), metric(report.metric, prose), dynamics(report.dynamics, prose)


def model(report: Report, prose: Prose) -> str:
    """The model in words."""
    return prose.text(report.model.title)


def metric(summary: MetricSummary, prose: Prose) -> str:
    """Euclidean metric; entropy metric; metric entropy on W2, Euclidean on W1."""
    at = " at the lookahead point" if summary.at == "lookahead" else ""
    kinds = {kind for _, kind in summary.blocks} or {"euclidean"}
    if len(kinds) == 1:
        name = _metric_name(*kinds, prose)
        return f"metric {name}{at}" if "[" in name else f"{name} metric{at}"
    return f"metric {metric_of_blocks(summary.blocks, prose)}{at}"


def metric_of_blocks(blocks: Sequence[tuple[str, str]], prose: Prose) -> str:
    """entropy on W2 and Euclidean elsewhere."""
    kinds: dict[str, list[str]] = {}
    for block, kind in blocks:
        kinds.setdefault(kind, []).append(block)
    rest = " and Euclidean elsewhere" if kinds.pop("euclidean", None) else ""
    return ", ".join(f"{_metric_name(kind, prose)} on {prose.names(names)}" for kind, names in kinds.items()) + rest


def _metric_name(kind: str, prose: Prose) -> str:
    if "theta" in kind:
        return prose.rate(kind.replace("^", "**"))
    return "Euclidean" if kind == "euclidean" else prose.text(kind)


def dynamics(summary: DynamicsSummary, prose: Prose) -> str:
    """gradient flow; momentum, damping τ; weight decay λ."""
    shown = prose.text(summary.title)
    return shown if summary.rate is None else f"{shown}{prose.text(summary.rate_words)}{prose.rate(summary.rate)}"


def count(report: Report, prose: Prose) -> str:
    """The number of laws, or what bounds it: 3; ≥ 2; 2 … 5."""
    laws = report.laws
    if laws.independent is not None:
        return str(laws.independent)
    most = _most(report)
    return prose.text(f"≥ {laws.found}" if most is None else f"{laws.found} to {most}")


def accounting(report: Report, prose: Prose) -> str:
    """Where the sum closes, the sum; otherwise what is known."""
    laws, trace = report.laws, report.trace
    if laws.independent is None:
        return _undecided(report)
    if report.status == "theorem":
        source = prose.text(report.theorem or "source unknown")
        return f"{_number(laws.independent)} by a theorem, {_found(report)}: {source}"
    if report.complete and trace.dimension is not None:
        return f"{_sum(report, laws.independent)}   complete, {status(report, prose)}"
    known = _found(report) if report.complete else _found(report) + _searched(report)
    return f"{_number(laws.independent)}, {known}; {status(report, prose)}"


def status(report: Report, prose: Prose) -> str:
    """proved; exact for phi, error below 2^-40; theorem; undecided."""
    bound = f", error below {prose.bound(report.error_bound)}" if report.error_bound else ""
    if report.status.startswith("exact") and not bound:
        bound = " but for what the note says"
    return prose.text(report.status) + bound


def _number(laws: int) -> str:
    return "1 law exists" if laws == 1 else f"{laws} laws exist"


def _found(report: Report) -> str:
    found = report.laws.found
    if report.complete:
        return "all in closed form" if found != 1 else "in closed form"
    return f"{found or 'none'} in closed form"


def _searched(report: Report) -> str:
    degree = report.laws.searched_degree
    further = "further " if report.laws.found else ""
    return f"; no {further}polynomial law up to degree {degree}" if degree else ""


def _most(report: Report) -> int | None:
    """An upper bound of the number of laws: a rank computed on the way is a lower bound of the trace's dimension."""
    trace = report.trace
    reached = trace.dimension if trace.dimension is not None else max(trace.filtration, default=None)
    return None if reached is None else trace.space - reached


def _undecided(report: Report) -> str:
    found, most = report.laws.found, _most(report)
    how = "written down" if all(family.verified for family in report.laws.families) else "known from theory, not verified"
    bounds = [f"at least {found} ({how})"] if found else []
    if most is not None:
        bounds.append(f"at most {most} ({_sum(report, most)})")
    known = f": {', '.join(bounds)}" if bounds else ""
    return f"undecided{known}{_searched(report)}"


def _sum(report: Report, laws: int) -> str:
    return f"{report.trace.space} = {report.trace.space - laws} + {laws}"


def time(report: Report) -> str | None:
    """Which laws depend on t, and how many independent ones need not. None when there is no law to speak of."""
    laws = report.laws
    if laws.independent == 0 or (laws.independent is None and not laws.found):
        return None
    dependent = sum(family.number for family in laws.families if family.depends_on_time)
    all_free = laws.time_free is not None and laws.time_free == laws.independent
    if laws.time_dependent is False or (not dependent and all_free):
        return "none depends on t"
    if laws.found == laws.independent:
        return _dependence(dependent, laws.found, "") + _freedom_of_all(dependent, laws.found, laws.time_free)
    freedom = _freedom_of_more(laws.independent, laws.time_free)
    exact = " (exact)" if freedom and laws.time_free_status == "exact" else ""
    return _dependence(dependent, laws.found, " written down") + freedom + exact


def _dependence(dependent: int, found: int, written_down: str) -> str:
    if not found:
        return "no law is written down"
    if not dependent:
        return f"none of those{written_down} depends on t" if written_down else "none depends on t"
    if dependent < found:
        return f"{dependent} of the {found}{written_down} {'depends' if dependent == 1 else 'depend'} on t"
    if found == 1:
        return f"the one{written_down} depends on t" if written_down else "it depends on t"
    return f"{'both' if found == 2 else f'all {found}'}{written_down} depend on t"


def _freedom_of_all(dependent: int, found: int, free: int | None) -> str:
    """How many independent laws are free of t, where that is news: every law is written down."""
    if free is None or (free == found - dependent and (free or found == 1)):
        return ""
    if not free:
        return "; no combination of them is free of t"
    if dependent == found:
        return f"; {free} {'combination' if free == 1 else 'combinations'} of them need not"
    return f"; {free} independent combinations are free of t"


def _freedom_of_more(total: int | None, free: int | None) -> str:
    """The same where there are, or may be, laws that are not written down."""
    if free is None:
        return ""
    if total is None:
        return f"; {free} independent {'law is' if free == 1 else 'laws are'} free of t"
    return f"; {free} of the {total} laws can be chosen free of t"


def where(report: Report, prose: Prose) -> str:
    """The set of parameters on which phi stands for the network and the metric is one."""
    positive, lookahead = report.model.positive, report.metric.lookahead
    points = [prose.math(prose.notation.lookahead(report.dynamics.rate, name)) for name in lookahead]
    said = [prose.text(report.model.domain)] if report.model.domain else []
    said += [f"{', '.join(prose.listed(all_))}{prose.text(' > 0')}" for all_ in (prose.letters(positive), points) if all_]
    return ", ".join(said) or prose.text("everywhere")


def domain(report: Report, prose: Prose) -> str:
    """Where the laws hold: the parameters, the times, and what is assumed of free constants in an expression."""
    dynamics, parts = report.dynamics, [where(report, prose)]
    t = prose.math(prose.notation.letter("t"))
    if dynamics.start is None and (dynamics.until is not None or re.search(r"\bt\b", dynamics.rate or "")):
        parts.append(f"and for {t}{prose.text(' > 0')}")
    elif dynamics.start not in (None, "0"):
        parts.append(f"and from time {prose.rate(dynamics.start)} on")
    if dynamics.until is not None:
        end = f"until {t} = {prose.rate(dynamics.until)}"
        parts.append(end if dynamics.located else f"{end} (the rate is shown to be finite up to there)")
    if dynamics.assumptions and not (dynamics.rate or "").isidentifier():
        parts += [_assumption(text, prose) for text in dynamics.assumptions]
    return ", ".join(filter(None, parts))


def region(found: Region, prose: Prose) -> str:
    """Around a Gaussian initialization, seed 0: 6 branch patterns in 4096 inputs; of 3 units 1 is dead there, none always active."""
    patterns = "1 branch pattern" if found.patterns == 1 else f"{found.patterns} branch patterns"
    said = f"around {found.around}: {patterns} in {found.inputs} inputs"
    if found.units:
        said += f"; of {found.units} units {found.dead or 'none'} dead there, {found.linear or 'none'} always active"
    return prose.text(said)


def network(found: NetworkCount, prose: Prose) -> str:
    """The network itself, around a Gaussian initialization, seed 0 (2 branch patterns): 4 laws (proved)."""
    if found.status is None:
        return prose.text(f"the network itself was not counted: {found.note}")
    place = found.region
    patterns = f" ({place.patterns} branch {'pattern' if place.patterns == 1 else 'patterns'})" if place else ""
    around = f", around {place.around}{patterns}" if place else ""
    count = "an unknown number of laws" if found.laws is None else "1 law" if found.laws == 1 else f"{found.laws} laws"
    return prose.text(f"the network itself{around}: {count} ({found.status})")


def only(report: Report, prose: Prose) -> tuple[str, str]:
    """2 of 6: laws as written here in which W₂[:,3] takes part; what is not known of laws that are not written down."""
    asked, missing = report.only, (report.laws.independent or 0) - report.laws.found
    names = prose.text(" or ").join(prose.listed([_place(place, prose) for place in asked.places]))
    said = f"{prose.text('laws, as they are written here, in which ')}{names}{prose.text(' takes part (indices from 1, ends included)')}"
    if missing > 0:
        which = "1 further law exists that is" if missing == 1 else f"{missing} further laws exist that are"
        said += prose.text(f"; {which} not written down, and may hold it too")
    return prose.text(f"{asked.laws} of {asked.total}"), said


def _place(place: Place, prose: Prose) -> str:
    write = prose.notation
    return prose.math(write.at(place.block, place.slots) if place.slots else write.letter(place.block))


def _assumption(text: str, prose: Prose) -> str:
    """An assumption with its names as the formulas write them."""
    names, said = re.fullmatch(r"(.+)( > 0| generic)", text).groups()
    return ", ".join(prose.letters(names.split(", "))) + prose.text(said)

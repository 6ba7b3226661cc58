"""The report: plain frozen data, the same for every renderer, and its JSON form (schema 2)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from conslaw_cli.report.formula import Formula, IntegralSum, MatrixForm, NeuronForm

SCHEMA = 2
EXPRESSIONS_SHOWN = 1000
"""How many scalar laws a JSON report writes out before families keep their matrix form only."""


@dataclass(frozen=True)
class ModelSummary:
    architecture: str
    """Name of the architecture."""
    table: dict[str, object]
    """[model] of the spec as plain data, with every default written out."""
    title: str
    label: str
    """The model in words, and as short as a spec calls it."""
    parameters: int
    blocks: tuple[tuple[str, tuple[int, ...]], ...]
    """Names and shapes; a vector's is one number."""
    phi: str
    domain: str
    """Where phi stands for the model, beside what ``positive`` says; "" for everywhere."""
    positive: tuple[str, ...] = ()
    """Blocks of which all entries must be positive, for phi or for the metric."""


@dataclass(frozen=True)
class MetricSummary:
    blocks: tuple[tuple[str, str], ...]
    """(block, name of its metric, such as "euclidean", "entropy" or "theta^a")"""
    at: str
    positive: tuple[str, ...] = ()
    """Blocks on which it is a metric only where the entries of the point that it is taken at are positive."""

    @property
    def lookahead(self) -> tuple[str, ...]:
        """Blocks whose entries must be positive at the lookahead point."""
        return self.positive if self.at == "lookahead" else ()


@dataclass(frozen=True)
class DynamicsSummary:
    kind: str
    title: str
    rate_words: str
    """The kind in words, and what stands between them and the rate."""
    drifts: bool
    """Whether there is a drift to take out: coordinates are then not the parameters."""
    rate: str | None
    start: str | None
    """Time from which the laws hold; None for t > 0."""
    until: str | None = None
    """End of the interval on which the rate is shown to be real and finite; None for no end."""
    located: bool = True
    """Whether the rate stops being real and finite exactly there."""
    assumptions: tuple[str, ...] = ()
    """What is assumed of free constants, such as "alpha > 0"."""


@dataclass(frozen=True)
class TraceSummary:
    """``dimension`` None when the engine could not compute it."""

    space: int
    filtration: tuple[int, ...]
    dimension: int | None


@dataclass(frozen=True)
class Family:
    """Laws of one kind: ``members`` yields their formulas on demand (there may be many and long ones).

    A family that theory knows and nothing verified has its form and no members; ``number`` of them at least are independent.
    """

    name: str
    number: int
    members: Sequence[Formula | IntegralSum]
    depends_on_time: bool
    source: str
    form: MatrixForm | NeuronForm | IntegralSum | None = None
    entries: int | None = None
    """Entries of the matrix form when more than the independent ones counted in ``number``."""
    verified: bool = True


@dataclass(frozen=True)
class LawsSummary:
    """``independent`` None when unknown; ``found`` of them are written down; ``searched_degree`` says how far the search went."""

    independent: int | None
    found: int
    time_dependent: bool | None
    time_free: int | None
    searched_degree: int
    families: tuple[Family, ...]
    time_free_status: str | None = None
    """How ``time_free`` is known: proved | exact; None where it is not."""

    @property
    def verified(self) -> int:
        """How many of those found were verified; the others are known from theory."""
        return sum(family.number for family in self.families if family.verified)


@dataclass(frozen=True)
class Report:
    """What is known of one spec's conservation laws, and how. ``status``: one of ``conslaw_cli.spec.schema.STATUSES``."""

    name: str
    model: ModelSummary
    metric: MetricSummary
    dynamics: DynamicsSummary
    trace: TraceSummary
    laws: LawsSummary
    status: str
    error_bound: str | None = None
    """For ``exact``: bound of the error probability, e.g. "2^-40"."""
    theorem: str | None = None
    """For ``theorem``: the source."""
    notes: tuple[str, ...] = ()
    certificate: dict = field(default_factory=dict, hash=False)
    reproduce: dict = field(default_factory=dict, hash=False)

    @property
    def complete(self) -> bool:
        """Whether every law is written down."""
        return self.laws.independent is not None and self.laws.found == self.laws.independent

    def to_dict(self, expand: bool = False) -> dict:
        """The JSON report (see the README); ``expand`` writes out every scalar law however many there are."""
        return with_checksum(self._content(expand))

    def __str__(self) -> str:
        """The report as text, as the terminal shows it."""
        from conslaw_cli.report import render

        return render([self], "text").rstrip("\n")

    def _content(self, expand: bool) -> dict:
        from conslaw_cli.report.ascii import PROSE
        from conslaw_cli.report.prose import where

        return {
            "schema": SCHEMA,
            "name": self.name,
            "model": {
                **self.model.table,
                "parameters": self.model.parameters,
                "phi": self.model.phi,
                "domain": where(self, PROSE),
            },
            "metric": {"blocks": dict(self.metric.blocks), "at": self.metric.at},
            "dynamics": {
                "kind": self.dynamics.kind,
                "rate": self.dynamics.rate,
                "start": self.dynamics.start,
                "until": self.dynamics.until,
                "assumptions": list(self.dynamics.assumptions),
            },
            "trace": {
                "space": self.trace.space,
                "filtration": list(self.trace.filtration),
                "dimension": self.trace.dimension,
            },
            "laws": {
                "independent": self.laws.independent,
                "found": self.laws.found,
                "complete": self.complete,
                "time_dependent": self.laws.time_dependent,
                "time_free": self.laws.time_free,
                "time_free_status": self.laws.time_free_status,
                "searched_degree": self.laws.searched_degree,
                "items": list(self._items(expand)),
            },
            "status": self.status,
            "error_bound": self.error_bound,
            "theorem": self.theorem,
            "notes": list(self.notes),
            "certificate": self.certificate,
            "reproduce": self.reproduce,
        }

    def _items(self, expand: bool) -> Iterator[dict]:
        from conslaw_cli.report import ascii, latex
        from conslaw_cli.report.integrals import definitions

        left = EXPRESSIONS_SHOWN
        for family in self.laws.families:
            shown = family.members if expand or len(family.members) <= left else family.members[:left]
            left = max(0, left - len(shown))
            item = {
                "family": family.name,
                "number": family.number,
                "expressions": [ascii.formula(member) for member in shown],
                "form": ascii.form(family.form) if family.form else None,
                "latex": latex.family(family),
                "depends_on_time": family.depends_on_time,
                "source": family.source,
            }
            if isinstance(family.form, IntegralSum):
                item["definitions"] = {d.letter: d.meaning for d in definitions(family.form.curve, ascii.PROSE)}
            if len(shown) < family.number:
                item["truncated"] = True
            yield item


def with_checksum(content: dict) -> dict:
    """The report with a hash of all it says but its name: it tells a damaged report, and proves nothing."""
    said = {key: value for key, value in content.items() if key != "name"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return {**content, "certificate": {**content["certificate"], "checksum": sha256(text.encode()).hexdigest()}}

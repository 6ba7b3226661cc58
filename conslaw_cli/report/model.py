"""The report: plain frozen data, the same for every renderer. What JSON says as it is stands in tables.py."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from conslaw_cli.report.formula import FormEntry, Formula, IntegralSum, MatrixForm, NeuronForm, TravelForm
from conslaw_cli.report.places import Place
from conslaw_cli.report.tables import Brackets, Dynamics, Model, NetworkCount, Paths, Region, Reproduce, Trace


class ModelSummary(Model):
    """``domain`` is where phi stands for the model, beside what ``positive`` says; "" for everywhere."""

    table: dict[str, object]
    """[model] of the spec as plain data, with every default written out, by the names that keys have in a report."""
    title: str
    label: str
    """The model in words, and as short as a spec calls it."""
    blocks: tuple[tuple[str, tuple[int, ...]], ...]
    """Names and shapes; a vector's is one number."""
    positive: tuple[str, ...] = ()
    """Blocks of which all entries must be positive, for phi or for the metric."""


class MetricSummary(Struct, frozen=True):
    """``blocks`` holds (block, name of its metric, such as "euclidean", "entropy" or "theta^a"); ``at`` says at which point."""

    blocks: tuple[tuple[str, str], ...]
    at: str
    positive: tuple[str, ...] = ()
    """Blocks on which it is a metric only where the entries of the point that it is taken at are positive."""

    @property
    def lookahead(self) -> tuple[str, ...]:
        """Blocks whose entries must be positive at the lookahead point."""
        return self.positive if self.at == "lookahead" else ()


class DynamicsSummary(Dynamics):
    """``start`` and ``until`` bound the interval on which the rate is shown to be real and finite."""

    title: str
    rate_words: str
    """The kind in words, and what stands between them and the rate."""
    drifts: bool
    """Whether there is a drift to take out: coordinates are then not the parameters."""
    located: bool = True
    """Whether the rate stops being real and finite exactly at ``until``."""


class Family(Struct, frozen=True):
    """Laws of one kind: ``members`` yields their formulas on demand (there may be many and long ones).

    A family that theory knows and nothing verified has its form and no members; ``number`` of them at least are independent.
    """

    name: str
    number: int
    members: Sequence[Formula | IntegralSum]
    depends_on_time: bool
    source: str
    form: MatrixForm | NeuronForm | TravelForm | IntegralSum | None = None
    entries: int | None = None
    """Entries of the matrix form when more than the independent ones counted in ``number``."""
    verified: bool = True
    everywhere: bool = True
    """Whether they hold whatever branches a network takes; otherwise in the report's region."""


class LawsSummary(Struct, frozen=True):
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

    @property
    def everywhere(self) -> int:
        """How many of those found hold whatever branches a network takes."""
        return sum(family.number for family in self.families if family.everywhere)


class Chosen(Struct, frozen=True):
    """Those laws of a family that parts of a model take part in, with their labels, of ``total`` that it holds as it is written.

    A label is the number of a law in the report, or its indices in the family's form.
    """

    family: Family
    laws: tuple[tuple[str, FormEntry | Formula | IntegralSum], ...]
    total: int
    rows: tuple[int, ...] = ()
    """The rows and columns of a matrix form, from 1, that hold what is asked for; the neurons of a neuron form with one index."""

    @property
    def whole(self) -> bool:
        return len(self.laws) == self.total


class Only(Struct, frozen=True):
    """What a report is restricted to: the laws in which ``places`` take part."""

    places: tuple[Place, ...]
    families: tuple[Chosen, ...]

    @property
    def laws(self) -> int:
        return sum(len(chosen.laws) for chosen in self.families)

    @property
    def total(self) -> int:
        return sum(chosen.total for chosen in self.families)


class Report(Struct, frozen=True):
    """What is known of one spec's conservation laws, and how. ``status``: one of ``conslaw_cli.vocabulary.STATUSES``."""

    name: str
    model: ModelSummary
    metric: MetricSummary
    dynamics: DynamicsSummary
    trace: Trace
    laws: LawsSummary
    status: str
    reproduce: Reproduce
    error_bound: str | None = None
    """For ``exact``: bound of the error probability, e.g. "2^-40"."""
    theorem: str | None = None
    """For ``theorem``: the source."""
    notes: tuple[str, ...] = ()
    region: Region | None = None
    """Where a network's branches are those that the count is about."""
    network: NetworkCount | None = None
    """The count of the network itself, where phi does not stand for it."""
    certificate: tuple[Brackets | Paths, ...] = ()
    """What was proved, part by part, as data that the independent checker re-proves."""
    only: Only | None = None
    """The laws that are shown, where a reader asked for some only; all that is said of the count is of the whole."""

    @property
    def complete(self) -> bool:
        """Whether every law is written down."""
        return self.laws.independent is not None and self.laws.found == self.laws.independent

    def to_dict(self, expand: bool = False) -> dict:
        """The JSON report (see the README); ``expand`` writes out every scalar law however many there are."""
        from conslaw_cli.report.document import to_dict

        return to_dict(self, expand)

    def __str__(self) -> str:
        """The report as text, as the terminal shows it."""
        from conslaw_cli.report import render

        return render([self], "text").rstrip("\n")

"""The JSON report (schema 2): the tables of a report with its laws written out.

The types are its JSON Schema too, but for names that rooms above know: ``assembling/jsonschema.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from conslaw_cli.report import ascii, latex
from conslaw_cli.report.formula import IntegralSum
from conslaw_cli.report.integrals import definitions
from conslaw_cli.report.model import Report
from conslaw_cli.report.prose import where
from conslaw_cli.report.tables import Brackets, Count, Digest, Dynamics, Model, NetworkCount, Paths, Positive, Region, Reproduce, Table, Trace
from conslaw_cli.vocabulary import POINTS, STATUSES

SCHEMA = 2
EXPRESSIONS_SHOWN = 1000
"""How many scalar laws a JSON report writes out before families keep their matrix form only."""


class Metric(Table):
    """The metric, resolved."""

    blocks: Annotated[dict[str, str], Meta(description="For each parameter block its metric, such as euclidean, entropy or theta^a.")]
    at: Annotated[Literal[POINTS], Meta(description="Where the metric is evaluated.")]


class Family(Table, omit_defaults=True):
    """Laws of one kind."""

    family: Annotated[str, Meta(description="Name of the family.")]
    number: Annotated[Positive, Meta(description="How many independent laws it holds; at least, if only theory says so.")]
    expressions: Annotated[tuple[str, ...], Meta(description="The scalar laws as plain ASCII that SymPy parses.")]
    form: Annotated[
        str | None, Meta(description="All of them at once: the matrix or neuron form; null where none is known.")
    ]
    latex: Annotated[str, Meta(description="The form, or else the first laws, in LaTeX.")]
    depends_on_time: bool
    source: Annotated[str, Meta(description="Where the laws come from: search or theory.")]
    everywhere: Annotated[bool, Meta(description="Whether they hold for all branches of a network, not only in the report's region.")]
    definitions: Annotated[
        dict[str, str], Meta(description="What letters in the expressions stand for that are no names of entries.")
    ] = {}
    truncated: Annotated[bool, Meta(description="Whether expressions are left out; --expand writes all verified ones.")] = (
        False
    )


class Laws(Table):
    """How many laws there are, and which are written down."""

    independent: Annotated[Count | None, Meta(description="Number of independent laws; null when undecided.")]
    found: Annotated[Count, Meta(description="How many of them are written down in closed form.")]
    everywhere: Annotated[Count, Meta(description="How many of those hold for all branches; the others in the report's region.")]
    complete: Annotated[bool, Meta(description="Whether all are.")]
    time_dependent: Annotated[bool | None, Meta(description="Whether some law depends on time; null when unknown.")]
    time_free: Annotated[Count | None, Meta(description="Number of independent laws free of time; null when unknown.")]
    time_free_status: Annotated[
        Literal["proved", "exact"] | None, Meta(description="How time_free is known; exact: up to error_bound.")
    ]
    searched_degree: Annotated[Count, Meta(description="Degree up to which polynomial laws were searched.")]
    items: tuple[Family, ...]


class Certificate(Table):
    """What was proved, as data that ``conslaw verify-certificate`` proves again."""

    blocks: Annotated[
        tuple[tuple[str, tuple[Positive, ...]], ...],
        Meta(description="The model's parameter blocks in the order of its state: name, (out, in), or (size,) where entries have one index."),
    ]
    parts: tuple[Brackets | Paths, ...]
    checksum: Annotated[Digest, Meta(description="Hash of all the report says but its name and this.")]


class JsonReport(Table):
    """What is known of one spec's conservation laws, and how."""

    schema: Annotated[Literal[SCHEMA], Meta(description="Goes up when a field is removed or changes meaning.")]
    name: Annotated[str, Meta(description="The spec: its path, with the case of a sweep in brackets.")]
    model: Model
    metric: Metric
    dynamics: Dynamics
    trace: Trace
    region: Annotated[Region | None, Meta(description="The region that the count of a network with branches belongs to; else null.")]
    network: Annotated[NetworkCount | None, Meta(description="The count of the network itself, where phi does not stand for it; else null.")]
    laws: Laws
    status: Annotated[
        Literal[STATUSES],
        Meta(
            description="proved: sum closed by proved laws; exact: error bound given; … for phi: phi stands for the network "
            "nowhere, so it may have further laws; theorem: by a theorem; undecided."
        ),
    ]
    error_bound: Annotated[
        str | None, Meta(description='Bound of the error probability of an exact count, e.g. "2^-40".')
    ]
    theorem: Annotated[str | None, Meta(description="Source of the theorem, where one gave the count.")]
    notes: tuple[str, ...]
    certificate: Certificate
    reproduce: Reproduce


def to_dict(report: Report, expand: bool = False) -> dict:
    """The JSON report; ``expand`` writes out every scalar law however many there are. Of a restricted one an excerpt, which is none."""
    if report.only:
        from conslaw_cli.report.excerpt import excerpt

        return excerpt(report, expand)
    document = JsonReport(
        schema=SCHEMA,
        name=report.name,
        model=Model(**{**_fields(report.model, Model), "domain": where(report, ascii.PROSE)}),
        metric=Metric(dict(report.metric.blocks), report.metric.at),
        dynamics=Dynamics(**_fields(report.dynamics, Dynamics)),
        trace=report.trace,
        region=report.region,
        network=report.network,
        laws=_laws(report, expand),
        status=report.status,
        error_bound=report.error_bound,
        theorem=report.theorem,
        notes=report.notes,
        certificate=Certificate(report.model.blocks, report.certificate, checksum=""),
        reproduce=report.reproduce,
    )
    content = _as_lists(msgspec.to_builtins(document))
    return _signed({**content, "model": {**report.model.table, **content["model"]}})


def _fields(source: Struct, table: type[Struct]) -> dict[str, object]:
    """The fields of a table that something richer has too."""
    return {name: getattr(source, name) for name in table.__struct_fields__}


def _laws(report: Report, expand: bool) -> Laws:
    laws = report.laws
    return Laws(
        independent=laws.independent,
        found=laws.found,
        everywhere=laws.everywhere,
        complete=report.complete,
        time_dependent=laws.time_dependent,
        time_free=laws.time_free,
        time_free_status=laws.time_free_status,
        searched_degree=laws.searched_degree,
        items=tuple(_families(report, expand)),
    )


def _families(report: Report, expand: bool) -> Iterator[Family]:
    left = EXPRESSIONS_SHOWN
    for family in report.laws.families:
        shown = family.members if expand or len(family.members) <= left else family.members[:left]
        left = max(0, left - len(shown))
        integral = isinstance(family.form, IntegralSum)
        yield Family(
            family=family.name,
            number=family.number,
            expressions=tuple(map(ascii.formula, shown)),
            form=ascii.form(family.form) if family.form else None,
            latex=latex.family(family),
            depends_on_time=family.depends_on_time,
            source=family.source,
            everywhere=family.everywhere,
            definitions={d.letter: d.meaning for d in definitions(family.form.curve, ascii.PROSE)} if integral else {},
            truncated=len(shown) < family.number,
        )


def _as_lists(value: object) -> object:
    """Plain data with the sequences that JSON has."""
    if isinstance(value, dict):
        return {key: _as_lists(item) for key, item in value.items()}
    return list(map(_as_lists, value)) if isinstance(value, (list, tuple)) else value


def _signed(content: dict) -> dict:
    """The report with a hash of all it says but its name: it tells a damaged report, and proves nothing."""
    certificate = {key: value for key, value in content["certificate"].items() if key != "checksum"}
    said = {key: value for key, value in {**content, "certificate": certificate}.items() if key != "name"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return {**content, "certificate": {**certificate, "checksum": sha256(text.encode()).hexdigest()}}

"""The shape of the JSON report as types, from which its JSON Schema is made; a test holds every report against them."""

from __future__ import annotations

from typing import Annotated, Literal, Union

import msgspec
from msgspec import Meta, Struct

from conslaw_cli.models import ARCHITECTURES, Architecture
from conslaw_cli.report.model import SCHEMA
from conslaw_cli.spec.schema import KINDS, POINTS, STATUSES

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    """An object of which every field is named here."""


class AnyModel(_Table):
    """The model of the spec: the architecture, its own keys of [model], and what every model has."""

    parameters: Annotated[Positive, Meta(description="Number of parameters.")]
    phi: Annotated[str, Meta(description="The reparametrization phi, in words.")]
    domain: Annotated[str, Meta(description="Where phi stands for the model, and the count is claimed.")]


def _model_of(architecture: Architecture) -> type[AnyModel]:
    """The model's table for one architecture."""
    own = [(key.name, key.type) for key in architecture.table.keys]
    base, name = (AnyModel,), architecture.name
    return msgspec.defstruct(f"Model {name}", own, bases=base, kw_only=True, tag_field="architecture", tag=name, frozen=True)


Model = Union[tuple(map(_model_of, ARCHITECTURES.values()))]


class Metric(_Table):
    """The metric, resolved."""

    blocks: Annotated[dict[str, str], Meta(description="For each parameter block its metric, such as euclidean, entropy or theta^a.")]
    at: Annotated[Literal[POINTS], Meta(description="Where the metric is evaluated.")]


class Dynamics(_Table):
    """The dynamics, resolved."""

    kind: Literal[KINDS]
    rate: Annotated[str | None, Meta(description="Damping or decay, as text; null under gradient flow.")]
    start: Annotated[str | None, Meta(description="Time from which the laws hold; null where they hold for t > 0.")]
    until: Annotated[
        str | None,
        Meta(description="End of the interval on which the rate is shown to be real and finite, or a bound below it; null: no end."),
    ]
    assumptions: Annotated[list[str], Meta(description='What is assumed of free constants, such as "alpha > 0".')]


class Trace(_Table):
    """The trace of the Lie algebra at a generic point; space = dimension + independent laws."""

    space: Annotated[Positive, Meta(description="Number of drift coordinates.")]
    filtration: Annotated[list[Count], Meta(description="Dimension reached by brackets of length 1, 2, …")]
    dimension: Annotated[Count | None, Meta(description="Dimension of the trace; null when it was not computed.")]


class Family(_Table):
    """Laws of one kind."""

    family: Annotated[str, Meta(description="Name of the family.")]
    number: Annotated[Positive, Meta(description="How many independent laws it holds; at least, if only theory says so.")]
    expressions: Annotated[list[str], Meta(description="The scalar laws as plain ASCII that SymPy parses.")]
    form: Annotated[
        str | None, Meta(description="All of them at once: the matrix or neuron form; null where none is known.")
    ]
    latex: Annotated[str, Meta(description="The form, or else the first laws, in LaTeX.")]
    depends_on_time: bool
    source: Annotated[str, Meta(description="Where the laws come from: search or theory.")]
    definitions: Annotated[
        dict[str, str], Meta(description="What letters in the expressions stand for that are no names of entries.")
    ] = {}
    truncated: Annotated[bool, Meta(description="Whether expressions are left out; --expand writes all verified ones.")] = (
        False
    )


class Laws(_Table):
    """How many laws there are, and which are written down."""

    independent: Annotated[Count | None, Meta(description="Number of independent laws; null when undecided.")]
    found: Annotated[Count, Meta(description="How many of them are written down in closed form.")]
    complete: Annotated[bool, Meta(description="Whether all are.")]
    time_dependent: Annotated[bool | None, Meta(description="Whether some law depends on time; null when unknown.")]
    time_free: Annotated[Count | None, Meta(description="Number of independent laws free of time; null when unknown.")]
    time_free_status: Annotated[
        Literal["proved", "exact"] | None, Meta(description="How time_free is known; exact: up to error_bound.")
    ]
    searched_degree: Annotated[Count, Meta(description="Degree up to which polynomial laws were searched.")]
    items: list[Family]


class Graph(_Table):
    """A scalar functional of parameters and free coefficients, whose gradients for all coefficients span those of phi."""

    nodes: Annotated[
        list[list[int | str | list[int | str]]],
        Meta(
            description="Operations with their arguments as numbers of earlier nodes: [parameter | coefficient, name, shape], "
            "[constant, shape, entries], [add | multiply | matmul, i, j], [permute | sum, i, axes], [broadcast | reshape, i, shape], "
            "[power, i, exponent], [apply, function, i], as NumPy computes them."
        ),
    ]
    functional: Annotated[Count, Meta(description="Number of the node that is the functional.")]


class Brackets(_Table, tag_field="method", tag="brackets"):
    """Iterated brackets that span the trace at a point over a prime field, for one part of the model and its copies."""

    copies: Positive
    blocks: Annotated[
        list[tuple[str, tuple[Positive, Positive]]], Meta(description="Parameter blocks: name, (out, in).")
    ]
    graph: Graph
    seed: Count
    prime: Positive
    point: Annotated[list[Count], Meta(description="The point in drift coordinates, modulo the prime.")]
    words: Annotated[list[list[Count]], Meta(description="The brackets, as words in the generators.")]
    fingerprints: list[Count]
    dimension: Count


class Paths(_Table, tag_field="method", tag="paths"):
    """The rank of the exponents of paths through a path network, by linear algebra over the integers."""

    copies: Positive
    dimension: Count


class Certificate(_Table):
    """What was proved, as data that ``conslaw verify-certificate`` proves again."""

    parts: list[Brackets | Paths]
    checksum: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="Hash of all the report says but its name and this.")
    ]


class Reproduce(_Table):
    """What the same result takes."""

    version: str
    seed: Count
    primes: list[Positive]
    spec_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="Hash of the normalised spec.")]


class JsonReport(_Table):
    """What is known of one spec's conservation laws, and how."""

    schema: Annotated[Literal[SCHEMA], Meta(description="Goes up when a field is removed or changes meaning.")]
    name: Annotated[str, Meta(description="The spec: its path, with the case of a sweep in brackets.")]
    model: Model
    metric: Metric
    dynamics: Dynamics
    trace: Trace
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
    notes: list[str]
    certificate: Certificate
    reproduce: Reproduce


def schema() -> dict:
    """The JSON Schema of what ``conslaw report --format json`` prints: one report, or an array of several."""
    return msgspec.json.schema(JsonReport | list[JsonReport])

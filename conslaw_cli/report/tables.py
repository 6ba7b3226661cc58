"""The tables of a report that its JSON form says as they are; their fields and descriptions are its JSON Schema too."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """An object of which every field is named here."""


class Model(Struct, frozen=True):
    """The model of the spec. Between its architecture and the rest, JSON has the architecture's own keys of [model]."""

    architecture: str
    parameters: Annotated[Positive, Meta(description="Number of parameters.")]
    phi: Annotated[str, Meta(description="The reparametrization phi, in words.")]
    domain: Annotated[str, Meta(description="Where phi stands for the model, and the count is claimed.")]


class Dynamics(Table):
    """The dynamics, resolved."""

    kind: str
    rate: Annotated[str | None, Meta(description="Damping or decay, as text; null under gradient flow.")]
    start: Annotated[str | None, Meta(description="Time from which the laws hold; null where they hold for t > 0.")]
    until: Annotated[
        str | None,
        Meta(description="End of the interval on which the rate is shown to be real and finite, or a bound below it; null: no end."),
    ]
    assumptions: Annotated[
        tuple[str, ...], Meta(description='What is assumed of free constants, such as "alpha > 0".')
    ]


class Trace(Table):
    """The trace of the Lie algebra at a generic point; space = dimension + independent laws."""

    space: Annotated[Positive, Meta(description="Number of drift coordinates.")]
    filtration: Annotated[tuple[Count, ...], Meta(description="Dimension reached by brackets of length 1, 2, …")]
    dimension: Annotated[Count | None, Meta(description="Dimension of the trace; null when it was not computed.")]


class Graph(Table, omit_defaults=True):
    """A scalar functional of parameters and free coefficients, whose gradients for all coefficients span those of phi."""

    nodes: Annotated[
        tuple[tuple[int | str | tuple[int | str, ...], ...], ...],
        Meta(
            description="Operations with their arguments as numbers of earlier nodes: [parameter | coefficient, name, shape], "
            "[constant, shape, entries], [add | multiply | matmul, i, j], [permute | sum, i, axes], [broadcast | reshape, i, shape], "
            "[gather | scatter, i, shape, numbers], [power, i, exponent], [apply, function, i], [branch, i, kind, count], [generic, name, shape], "
            "as NumPy computes them."
        ),
    ]
    functional: Annotated[Count, Meta(description="Number of the node that is the functional.")]
    output: Annotated[Count | None, Meta(description="Of a network the number of the node that is its value, which the functional pairs with v.")] = None


class Cases(Table):
    """Discrete inputs and branches: what the fields of each generator are drawn for."""

    inputs: Annotated[tuple[str, ...], Meta(description="The coefficients with one-hot rows, in the order of the graph.")]
    rows: Annotated[
        tuple[Annotated[str, Meta(pattern="^[0-9a-f]+$")], ...],
        Meta(description="For each case the bits of these inputs and then of the branch nodes, row by row, packed into bytes, as hexadecimal digits."),
    ]
    mixed: Annotated[bool, Meta(description="Whether every generator is a sum of fields of all cases; otherwise each is of one.")]


class Independence(Table):
    """Whether the values of exp, Phi, log, sin and cos may be drawn freely: the rank of the derivatives of their different arguments."""

    arguments: Count
    rank: Count
    checked: bool


Axis = Annotated[tuple[Count, ...] | None, Meta(description="Rows or columns of the model's block, from 0; null for all.")]


class Brackets(Table, tag_field="method", tag="brackets", omit_defaults=True):
    """Iterated brackets that span the trace at a point over a prime field, for one part of the model and its copies."""

    copies: Positive
    blocks: Annotated[
        tuple[tuple[str, tuple[Positive, ...]], ...], Meta(description="Parameter blocks: name and shape, (out, in) for a matrix.")
    ]
    indices: Annotated[
        tuple[tuple[tuple[Axis, ...], ...], ...], Meta(description="For each copy and block the indices that it has along each axis.")
    ]
    graph: Graph
    seed: Count
    prime: Positive
    point: Annotated[tuple[Count, ...], Meta(description="The point in drift coordinates, modulo the prime.")]
    words: Annotated[tuple[tuple[Count, ...], ...], Meta(description="The brackets, as words in the generators.")]
    fingerprints: tuple[Count, ...]
    dimension: Count
    cases: Cases | None = None
    independence: Independence | None = None
    written: Annotated[bool, Meta(description="Whether dependent arguments of exp are written through one another in the graph.")] = False


class Paths(Table, tag_field="method", tag="paths"):
    """The rank of the exponents of paths through a path network, by linear algebra over the integers."""

    copies: Positive
    dimension: Count


class Region(Table):
    """Where the branches of relu, max and the like are those that the count is about: around real parameters, over many inputs."""

    around: Annotated[str, Meta(description="The real parameters: a seeded initialization, or a file.")]
    patterns: Annotated[Positive, Meta(description="Number of branch patterns seen.")]
    inputs: Annotated[Positive, Meta(description="Number of inputs looked at.")]
    units: Annotated[Count, Meta(description="Number of units with a threshold.")]
    dead: Annotated[Count, Meta(description="Of these, how many no input activates.")]
    linear: Annotated[Count, Meta(description="Of these, how many every input activates.")]


class NetworkCount(Table):
    """Where phi does not stand for the network: the count of the network itself, around a seeded initialization, by a run of its own."""

    network: Annotated[str, Meta(description="The network as a text, of which a spec gives the whole report.")]
    laws: Annotated[Count | None, Meta(description="Number of independent laws; null when undecided, or not counted.")]
    found: Annotated[Count, Meta(description="How many of them are written down in closed form there.")]
    status: Annotated[str | None, Meta(description="How the count is known; null where it was not taken.")]
    region: Region | None
    note: Annotated[str | None, Meta(description="Why there is no count, where there is none.")] = None


class Reproduce(Table):
    """What the same result takes."""

    version: str
    seed: Count
    primes: tuple[Positive, ...]
    spec_sha256: Annotated[Digest, Meta(description="Hash of the normalised spec.")]

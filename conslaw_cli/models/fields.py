"""Vector fields of one's own, as they are: generators are their combinations sum_k v_k X_k(theta).

A law is what does not change along any of them: h with <grad h, X_k> = 0 for all k. The functional is f = <theta, sum_k v_k X_k(theta)>,
in which the fields are held: its gradient is sum_k v_k X_k (:class:`conslaw_cli.graph.nodes.Held`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from math import prod
from operator import add
from typing import Annotated, ClassVar

from msgspec import Meta

from conslaw_cli.graph.nodes import Coefficient, Node, Parameter, Shape
from conslaw_cli.language import LanguageError, TooManyEntries
from conslaw_cli.models.arrays import SEED, At, Constants, Parameters, as_comment, summary, weights_of
from conslaw_cli.models.base import Architecture, Model
from conslaw_cli.models.composed import (
    AROUND,
    GENERIC,
    TAKEN,
    Composed,
    domain,
    is_polynomial,
    known_arrays,
    paired,
)
from conslaw_cli.models.keys import Key
from conslaw_cli.models.stored import Stored
from conslaw_cli.models.table import Fault, ModelTable
from conslaw_cli.problems import Table, shortened

MOST_FIELDS = 1_000
_TEXT = Annotated[str, Meta(min_length=1)]


@dataclass(frozen=True)
class Texts(Key):
    """A list of texts, of which titles show the last lines."""

    is_list: ClassVar[bool] = True

    def read(self, table: Table, architecture: str | None) -> tuple[str, ...] | None:
        given = table.data[self.name]
        texts = given if isinstance(given, list | tuple) else ()
        if 0 < len(texts) <= MOST_FIELDS and all(isinstance(text, str) and text.strip() for text in texts):
            return tuple(text.strip("\n").rstrip() for text in texts)
        fault = (
            f"has {len(texts)} texts, more than {MOST_FIELDS}"
            if len(texts) > MOST_FIELDS
            else f"{self.name} must be a list of texts"
        )
        table.problem(self.name, fault, self.remedy)
        return None

    def label(self, value: tuple[str, ...]) -> str:
        return " " + shortened(", ".join(map(summary, value)), 60)

    @property
    def type(self) -> object:
        return Annotated[tuple[_TEXT, ...], Meta(min_length=1, max_length=MOST_FIELDS, description=self.description)]

    @property
    def note(self) -> str:
        return as_comment(self.description)


class Fields(Composed, frozen=True):
    """The fields' texts and what their names stand for."""

    as_given: ClassVar[bool] = True
    fields: tuple[str, ...]
    parameters: tuple[tuple[str, Shape], ...]
    constants: tuple[tuple, ...] = ()
    at: tuple[str, int | Stored] = (SEED, 0)

    def fault(self) -> Fault | None:
        return self.fault_of_names() or _fault(self)


@lru_cache(maxsize=64)
def _fault(options: Fields) -> Fault | None:
    from conslaw_cli.domain import outside

    try:
        together = value(options)
    except TooManyEntries:
        return None
    except LanguageError as error:
        return "fields", error.located, error.remedy or "correct the text there"
    found = outside(together, weights_of(options.at, options.parameters))
    return ("fields", found.message, found.remedy) if found else None


@lru_cache(maxsize=64)
def value(options: Fields) -> Node:
    """The components of each field, (fields, D). Raises LanguageError."""
    from conslaw_cli.functions import stack

    known = known_arrays(options)
    return stack([_components(options, known, number) for number in range(len(options.fields))])


def _components(options: Fields, known: dict[str, Node], number: int) -> Node:
    from conslaw_cli.language.reader import read_text

    which = f"field {number + 1}, " if len(options.fields) > 1 else ""
    try:
        found = read_text(options.fields[number], known, known)
    except TooManyEntries:
        raise
    except LanguageError as error:
        raise LanguageError(which + error.located, error.remedy) from None
    size, entries = sum(prod(shape) for _, shape in options.parameters), prod(found.shape)
    if entries != size:
        said = f"{which}{summary(options.fields[number])}: {entries} {'entry' if entries == 1 else 'entries'} for {size} parameters"
        raise LanguageError(said, "write one component for each parameter, in the order of [model.parameters]")
    return found.reshape((size,))


@lru_cache(maxsize=64)
def build(options: Fields) -> Model:
    """<theta, sum_k v_k X_k>, the fields held. The fields are an output to pair with v where they have branches or are not defined everywhere."""
    each = value(options)
    whole = (Coefficient((each.shape[0], 1), "v") * each).sum(0)
    terms, start = [], 0
    for name, shape in options.parameters:
        field = whole[start : start + prod(shape)].reshape(shape).held()
        terms.append((Parameter(shape, name) * field).sum(range(len(shape))))
        start += prod(shape)
    return paired(options, reduce(add, terms), None if is_polynomial(each) else each)


ARCHITECTURE = Architecture(
    name="fields",
    summary="vector fields of any kind, written as in NumPy",
    phi="none: the fields are followed as they are",
    source="Marcotte et al., NeurIPS 2023, for the method",
    table=ModelTable(
        Fields,
        (
            Texts(
                "fields",
                "A list of vector fields, each with one component for every parameter in the order of the parameters.",
                ("[x[1], -x[0]]",),
                reported="expressions",
            ),
            At(
                "at",
                'Parameters around which branches are taken: { seed = 3 } or { weights = "init.npz" }.',
                (SEED, 0),
                False,
            ),
            Parameters(
                "parameters", "Trained arrays with their sizes.", (("x", (2,)),), taken=TAKEN, reported="shapes"
            ),
            Constants(
                "constants",
                "Arrays that are not trained: sizes for generic numbers, or { value = [[1, 0], [0, 1]] }.",
                (),
                False,
            ),
        ),
    ),
    blocks=lambda options: options.parameters,
    build=build,
    domain=lambda options: domain(value, options),
    any_domain=f"{GENERIC}; with branches {AROUND}",
    implied_by=("fields",),
    value=value,
    place=12,
)

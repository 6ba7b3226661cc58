"""Keys of [model] for networks of one's own: texts, and tables of arrays by name."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Integral
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from conslaw_cli.graph.nodes import FREE, ONE_HOT, Shape, exact_number
from conslaw_cli.language.data import is_data, name_of
from conslaw_cli.language.names import fault_of_name
from conslaw_cli.model import Weights
from conslaw_cli.models.keys import LARGEST, Key
from conslaw_cli.models.stored import Stored, StoredError, from_arrays, from_file
from conslaw_cli.problems import Table, as_toml, shortened, suggestion

MOST_AXES = 12
MOST_ARRAYS = 1000
_MOST_NUMBERS = 1_000_000
_SIZES = "write a size such as 3, or sizes such as [3, 2]; [] is one number"
_RATIONAL = re.compile(r"-?\d{1,1000}(/\d{1,1000}|\.\d{0,1000})?")

_Size = Annotated[int, Meta(ge=1, le=LARGEST)]
_Sizes = _Size | list[_Size]


@dataclass(frozen=True)
class Text(Key):
    """A text, of which titles show the last line."""

    def read(self, table: Table, architecture: str | None) -> str | None:
        value = table.data[self.name]
        if isinstance(value, str) and value.strip():
            return value.strip("\n").rstrip()
        table.problem(self.name, f"{self.name} must be a text", self.remedy)
        return None

    def label(self, value: str) -> str:
        return f" {summary(value)}"

    @property
    def type(self) -> object:
        return Annotated[str, Meta(min_length=1, description=self.description)]

    @property
    def note(self) -> str:
        return as_comment(self.description)


def as_comment(description: str) -> str:
    """A sentence without its capital and full stop."""
    return description[:1].lower() + description[1:].rstrip(".")


def summary(text: str) -> str:
    """The last line without its comment, shortened; of a graph as data, the name that it has."""
    if is_data(text):
        return shortened(name_of(text), 60)
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return shortened(([line for line in lines if line] or [""])[-1], 60)


@dataclass(frozen=True)
class ByName(Key):
    """A table of its own with an entry for each array; its value is a tuple with a tuple for each, whose first is the name."""

    is_table: ClassVar[bool] = True

    def read(self, table: Table, architecture: str | None) -> tuple[tuple, ...] | None:
        given = table.data[self.name]
        if not isinstance(given, Mapping) or len(given) > MOST_ARRAYS or (self.required and not given):
            fault = f"has {len(given)} entries, more than {MOST_ARRAYS}" if isinstance(given, Mapping) and given else "must be a table with an entry for each"
            table.problem(self.name, f"{self.name} {fault}", self.remedy)
            return None
        inner = Table(f"{table.name}.{self.name}", given, table.collector)
        entries = [self._entry(inner, name) for name in list(given)]
        return None if None in entries else tuple(entries)

    def _entry(self, table: Table, name: object) -> tuple | None:
        found = fault_of_name(name) or self.fault_of_name(name)
        value = self.value(table.data[name]) if found is None else found
        if isinstance(value, Fault) or found:
            table.problem(name, *(value.told if isinstance(value, Fault) else found))
            return None
        return (name, *value)

    def fault_of_name(self, name: str) -> tuple[str, str] | None:
        """What is wrong with a name beside what is wrong for any array."""
        return None

    def plain(self, value: tuple[tuple, ...]) -> dict[str, object]:
        return {name: self.plain_entry(*entry) for name, *entry in value}

    def lines(self) -> list[str]:
        entries = [f"{name} = {as_toml(entry)}" for name, entry in self.plain(self.example).items()]
        return ["", f"[model.{self.name}]  # {self.note}", *entries]

    def label(self, value: object) -> str:
        return ""

    @property
    def note(self) -> str:
        return as_comment(self.description)

    @property
    def type(self) -> object:
        return Annotated[dict[str, self.entry_type], Meta(description=self.description)]

    @property
    @abstractmethod
    def entry_type(self) -> object:
        """The type of its entries."""

    @abstractmethod
    def value(self, given: object) -> tuple | Fault:
        """What an entry says of an array, after its name."""

    @abstractmethod
    def plain_entry(self, *entry: Any) -> object:
        """The entry as a spec has it."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with an entry, and the remedy."""

    message: str
    remedy: str

    @property
    def told(self) -> tuple[str, str]:
        return self.message, self.remedy


def shape_of(given: object) -> Shape | Fault:
    """An integer or a list of integers as a shape."""
    sizes = given if isinstance(given, list | tuple) else [given]
    if len(sizes) > MOST_AXES:
        return Fault(f"has {len(sizes)} axes, more than {MOST_AXES}", _SIZES)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and 0 < size <= LARGEST for size in sizes):
        return Fault("sizes must be positive integers", _SIZES)
    return tuple(int(size) for size in sizes)


@dataclass(frozen=True)
class Parameters(ByName):
    """Trained arrays: (name, shape)."""

    taken: frozenset[str] = frozenset()
    """Names that mean something else beside a parameter."""

    def fault_of_name(self, name: str) -> tuple[str, str] | None:
        return (f"{name} has another meaning", "choose another name") if name in self.taken else None

    def value(self, given: object) -> tuple | Fault:
        shape = shape_of(given)
        return shape if isinstance(shape, Fault) else (shape,)

    def plain_entry(self, shape: Shape) -> object:
        return list(shape)

    @property
    def entry_type(self) -> object:
        return _Sizes


@dataclass(frozen=True)
class Inputs(ByName):
    """What data may be: (name, shape, "free" or "one-hot")."""

    def value(self, given: object) -> tuple | Fault:
        if not isinstance(given, Mapping):
            shape = shape_of(given)
            return shape if isinstance(shape, Fault) else (shape, FREE)
        if set(given) != {ONE_HOT}:
            return Fault("an input is its sizes or { one-hot = sizes }", suggestion(next(iter(given), ""), (ONE_HOT,)))
        shape = shape_of(given[ONE_HOT])
        if isinstance(shape, tuple) and not shape:
            return Fault("a one-hot vector has at least one axis", "write e.g. { one-hot = [3, 5] }, rows that are one-hot vectors of length 5")
        return shape if isinstance(shape, Fault) else (shape, ONE_HOT)

    def plain_entry(self, shape: Shape, values: str) -> object:
        return list(shape) if values == FREE else {values: list(shape)}

    @property
    def entry_type(self) -> object:
        return _Sizes | dict[str, _Sizes]


@dataclass(frozen=True)
class Constants(ByName):
    """Arrays that are not trained: (name, shape, exact entries row by row, or None for generic numbers)."""

    def value(self, given: object) -> tuple | Fault:
        if hasattr(given, "ravel"):
            return _numbers(given)
        if not isinstance(given, Mapping):
            shape = shape_of(given)
            return shape if isinstance(shape, Fault) else (shape, None)
        if set(given) != {"value"}:
            return Fault("a constant is its sizes or { value = numbers }", suggestion(next(iter(given), ""), ("value",)))
        return _numbers(given["value"])

    def plain_entry(self, shape: Shape, entries: tuple[int | Fraction, ...] | None) -> object:
        if entries is None:
            return list(shape)
        exact = [entry if isinstance(entry, int) else str(entry) for entry in entries]
        for size in reversed(shape):
            exact = [exact[start : start + size] for start in range(0, len(exact), size)]
        return {"value": exact[0]}

    @property
    def entry_type(self) -> object:
        return _Sizes | dict[str, Any]


def _numbers(given: object) -> tuple[Shape, tuple[int | Fraction, ...]] | Fault:
    """Nested lists of numbers as a shape and exact entries."""
    import numpy as np

    try:
        array = np.array(given, dtype=object)
        if not 0 < array.size <= _MOST_NUMBERS:
            return Fault(f"has {array.size} numbers", f"write between 1 and {_MOST_NUMBERS:,} of them")
        return array.shape, tuple(_exact(entry) for entry in array.ravel())
    except (ValueError, TypeError) as error:
        return Fault(f"a value is a number or rows of as many numbers ({shortened(str(error))})", "write e.g. { value = [[1, 0], [0, 1]] }")


def _exact(entry: object) -> int | Fraction:
    """A number as it is written; in quotes it may be a fraction, "1/3". Raises ValueError, TypeError."""
    if isinstance(entry, str):
        if not _RATIONAL.fullmatch(entry) or entry.strip("0").endswith("/"):
            raise ValueError(f"{entry} is no number")
        return exact_number(Fraction(entry))
    if isinstance(entry, Decimal):
        if not entry.is_finite() or abs(entry.adjusted()) > 1000:
            raise ValueError(f"{entry} is not finite, or beyond the range of numbers")
        return exact_number(Fraction(entry))
    return exact_number(entry)


SEED, WEIGHTS = "seed", "weights"
_ARRAYS = "arrays"
_DIGEST = "sha256"


@dataclass(frozen=True)
class At(Key):
    """Around which parameters the branches are taken: ("seed", a number) of a Gaussian initialisation, or ("weights", arrays).

    Weights are a file, relative to the spec's folder, or a table of numbers. As plain data a file comes with what was read of it, so
    that the result does not depend on what the file holds later; a report has its digest.
    """

    def read(self, table: Table, architecture: str | None) -> tuple[str, int | Stored] | None:
        given = table.data[self.name]
        if isinstance(given, Mapping) and set(given) == {SEED}:
            seed = given[SEED]
            if type(seed) is int and 0 <= seed < 2**63:
                return SEED, seed
            table.problem(self.name, "a seed is an integer from 0 on", "write e.g. at = { seed = 3 }")
            return None
        if isinstance(given, Mapping) and WEIGHTS in given and set(given) <= {WEIGHTS, _ARRAYS}:
            return self._stored(table, given[WEIGHTS], given.get(_ARRAYS))
        table.problem(self.name, "names no parameters", 'write at = { seed = 3 }, or at = { weights = "init.npz" }')
        return None

    def _stored(self, table: Table, weights: object, arrays: object) -> tuple[str, Stored] | None:
        try:
            if isinstance(weights, Mapping):
                return WEIGHTS, from_arrays(weights)
            if not isinstance(weights, str) or not weights or "\0" in weights:
                raise StoredError("weights are the path of an .npz file", 'write e.g. at = { weights = "init.npz" }')
            return WEIGHTS, from_arrays(arrays, weights) if isinstance(arrays, Mapping) else from_file(weights, table.collector.folder)
        except StoredError as error:
            table.problem(self.name, error.message, error.remedy)
            return None

    def plain(self, value: tuple[str, int | Stored]) -> dict[str, object]:
        key, of = value
        if key == SEED:
            return {SEED: of}
        return {WEIGHTS: of.file, _ARRAYS: of.plain} if of.file else {WEIGHTS: of.plain}

    def reported_value(self, value: tuple[str, int | Stored]) -> dict[str, object]:
        key, of = value
        return {SEED: of} if key == SEED else {WEIGHTS: of.name, _DIGEST: of.sha256}

    def label(self, value: tuple[str, int | Stored]) -> str:
        if value == self.example:
            return ""
        return f", {value[0]} {value[1] if value[0] == SEED else value[1].name}"

    @property
    def note(self) -> str:
        return as_comment(self.description)

    @property
    def type(self) -> object:
        return Annotated[dict[str, int | str | dict[str, Any]], Meta(description=self.description, min_length=1, max_length=2)]


def weights_of(at: tuple[str, int | Stored], parameters: tuple[tuple[str, Shape], ...]) -> Weights:
    """The real parameters that a spec names."""
    from conslaw_cli.rings.gaussian import initial_weights

    key, of = at
    if key == SEED:
        return Weights(initial_weights(parameters, of), f"a Gaussian initialization, seed {of}")
    return Weights(of.values, of.name)

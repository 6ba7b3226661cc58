"""Kinds of keys that a table [model] is made of: how each is read, described, and told in a title.

``type`` is the type of a key's values with its limits, from which the JSON Schemas of a spec and of a report are made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from conslaw_cli.problems import Table, as_toml

MOST_WIDTHS = 10_000
LARGEST = 10**9
"""The largest width, rank, number of heads and the like."""


@dataclass(frozen=True)
class Key(ABC):
    """One key of [model], with its value in the example. A key that is not required has that value where a spec lacks it."""

    name: str
    description: str
    example: object
    required: bool = True
    reported: str = field(default="", kw_only=True)
    """What a report calls it where the name is taken there; "" for its name."""
    is_list: ClassVar[bool] = False
    is_table: ClassVar[bool] = False
    """Whether it is a table of its own, [model.parameters], whose keys a sweep may vary."""

    def take(self, table: Table, architecture: str | None) -> object | None:
        """The key's value in a table, or None after noting why there is none; ``architecture`` is None where it is not known."""
        if self.name in table.data:
            return self.read(table, architecture)
        if self.required:
            table.problem(self.name, "missing key", self.remedy)
            return None
        return self.example

    @property
    def remedy(self) -> str:
        return f"write e.g. {self.name} = {as_toml(self.plain(self.example))}"

    @property
    def largest(self) -> object:
        """The example's value, or the one with which a model has all the blocks that it can have."""
        return self.example

    def plain(self, value: object) -> object:
        """The value as plain data, as a spec has it."""
        return list(value) if isinstance(value, tuple) else value

    def reported_value(self, value: object) -> object:
        """The value as a report has it, and as it enters the hash of a spec."""
        return self.plain(value)

    def lines(self) -> list[str]:
        """Lines of a spec to start from, with the choices in comments."""
        return [f"{self.name} = {as_toml(self.plain(self.example))}  # {self.note}"]

    def label(self, value: object) -> str:
        """What a short name says of the value, in the spec's words; nothing where the spec need not say it."""
        return "" if not self.required and value == self.example else f", {self.name} {value}"

    def title(self, value: object) -> str:
        """What a title says of the value."""
        return self.label(value)

    @abstractmethod
    def read(self, table: Table, architecture: str | None) -> object | None:
        """The value that a table has for the key, or None after noting what is wrong with it."""

    @property
    @abstractmethod
    def type(self) -> object:
        """The type of its values."""

    @property
    @abstractmethod
    def note(self) -> str:
        """What a comment beside the key says."""


@dataclass(frozen=True)
class Widths(Key):
    """Widths of a chain of layers from input to output: at least ``least`` and at most ``most`` of them."""

    least: int = 2
    most: int | None = None
    is_list: ClassVar[bool] = True

    def read(self, table: Table, architecture: str | None) -> tuple[int, ...] | None:
        given = table.data[self.name]
        fault = self._fault(given) or (self._fault_of_length(len(given), architecture) if architecture else None)
        if fault:
            table.problem(self.name, fault, self.remedy)
            return None
        return tuple(given)

    def label(self, value: tuple[int, ...]) -> str:
        return " " + " → ".join(map(str, value))

    @property
    def type(self) -> object:
        limits = Meta(min_length=self.least, max_length=self.most or MOST_WIDTHS, description=self.description)
        return Annotated[tuple[Annotated[int, Meta(ge=1, le=LARGEST)], ...], limits]

    @property
    def note(self) -> str:
        number = f"at least {self.least}" if self.most is None else f"{self.least} to {self.most}"
        return f"input, hidden ..., output; {f'exactly {self.least}' if self.least == self.most else number}"

    def _fault(self, widths: object) -> str | None:
        if not isinstance(widths, (list, tuple)):
            return f"{self.name} must be an array of positive integers"
        if len(widths) > MOST_WIDTHS:
            return f"has {len(widths)} {self.name}, more than {MOST_WIDTHS}"
        if not all(type(width) is int and width > 0 for width in widths):
            return f"{self.name} must be positive integers"
        if any(width > LARGEST for width in widths):
            return f"{self.name} must not exceed {LARGEST}"
        return None

    def _fault_of_length(self, length: int, architecture: str) -> str | None:
        if self.least <= length and (self.most is None or length <= self.most):
            return None
        if self.least == self.most:
            bound = f"exactly {self.least}"
        else:
            bound = f"at least {self.least}" if length < self.least else f"at most {self.most}"
        return f"{architecture} takes {bound} {self.name}, not {length}"


@dataclass(frozen=True)
class Choice(Key):
    """One of a few words, in the order in which a model gets more blocks; ``told`` says what a title makes of each."""

    told: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def read(self, table: Table, architecture: str | None) -> str | None:
        return table.choice(self.name, self.told, f"{self.name} for {architecture}" if architecture else self.name)

    def title(self, value: str) -> str:
        return self.told[value]

    @property
    def largest(self) -> str:
        return tuple(self.told)[-1]

    @property
    def type(self) -> object:
        return Annotated[Literal[tuple(self.told)], Meta(description=self.description)]

    @property
    def note(self) -> str:
        return " | ".join(self.told)


@dataclass(frozen=True)
class Count(Key):
    """A positive integer, such as a rank or a number of heads."""

    def read(self, table: Table, architecture: str | None) -> int | None:
        value = table.data[self.name]
        if type(value) is int and 0 < value <= LARGEST:
            return value
        table.problem(self.name, f"{self.name} must be a positive integer, {LARGEST} at most", self.remedy)
        return None

    @property
    def type(self) -> object:
        return Annotated[int, Meta(ge=1, le=LARGEST, description=self.description)]

    @property
    def note(self) -> str:
        return self.description

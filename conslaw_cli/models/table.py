"""What [model] says beside the architecture: each kind of model owns its keys, their reading, and how they are told."""

from __future__ import annotations

from typing import ClassVar, Protocol

from msgspec import Struct

from conslaw_cli.problems import Table


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of [model] for one kind of model, resolved: plain numbers, texts and tuples of them, with defaults filled in."""


class ModelTable(Protocol):
    """How one architecture's keys of [model] are read and told."""

    keys: ClassVar[tuple[str, ...]]
    """The keys beside ``architecture``, in the order of a report."""
    lists: ClassVar[tuple[str, ...]]
    """Those whose value is a list."""
    example: Options
    """What ``conslaw new`` shows."""

    @property
    def largest(self) -> Options:
        """The example with every block that the architecture can have, for ``conslaw architectures``."""

    @property
    def example_text(self) -> str:
        """The example's sizes as a spec writes them, such as "widths [2, 3, 2]"."""

    def read(self, table: Table, architecture: str | None) -> Options | None:
        """The options, or None after noting what is wrong. Without a known architecture only what any such table needs is asked."""

    def sizes(self, options: Options) -> str:
        """The options in a title, such as "2 → 3 → 2"."""

    def suffix(self, options: Options) -> str:
        """What a title says after the sizes, such as ", hidden biases"; may be empty."""

    def label(self, options: Options) -> str:
        """The options as short as they are in a spec, such as "2 → 3 → 2, bias hidden"."""

    def lines(self) -> list[str]:
        """Lines of [model] in a spec to start from, with their choices in comments."""

    def choices(self) -> dict[str, str]:
        """What keys may be, beside sizes, for a reader: key and choices."""

    def properties(self) -> dict[str, dict[str, object]]:
        """JSON Schema of every key, as for any model of this kind."""

    def restrictions(self) -> dict[str, dict[str, object]]:
        """JSON Schema of what holds for this architecture only."""

    @property
    def required(self) -> tuple[str, ...]:
        """The keys without a default."""

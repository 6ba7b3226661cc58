"""What [model] says beside the architecture: each architecture has keys of its own, read into options of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import msgspec
from msgspec import Struct

from conslaw_cli.models.keys import Key
from conslaw_cli.problems import Table

Fault = tuple[str, str, str]
"""The key, what is wrong with it, and the remedy."""


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of [model] for one kind of model, resolved: plain numbers, texts and tuples of them, with defaults filled in."""

    as_given: ClassVar[bool] = False
    """Whether generators are fields as they are: they have no metric, and no dynamics but their flow."""

    def fault(self) -> Fault | None:
        """What is wrong with values of which each alone is right; None where nothing is."""
        return None


@dataclass(frozen=True)
class ModelTable:
    """The keys of one architecture beside ``architecture``, in the order of a report, and the options they are read into."""

    options: type[Options]
    keys: tuple[Key, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the keys without a default."""
        return tuple(key.name for key in self.keys if key.required)

    @property
    def example(self) -> Options:
        """What ``conslaw new`` shows."""
        return self.options(**{key.name: key.example for key in self.keys})

    @property
    def largest(self) -> Options:
        """The example with every block that the architecture can have."""
        return self.options(**{key.name: key.largest for key in self.keys})

    def read(self, table: Table, architecture: str | None) -> Options | None:
        """The options, or None after noting what is wrong; ``architecture`` is None where it is not known."""
        values = {key.name: key.take(table, architecture) for key in self.keys}
        if None in values.values():
            return None
        options = self.options(**values)
        if fault := options.fault():
            table.problem(*fault)
            return None
        return options

    def title(self, options: Options) -> str:
        """The options in a title, such as " 2 → 3 → 2, hidden biases"."""
        return "".join(key.title(getattr(options, key.name)) for key in self.keys)

    def label(self, options: Options) -> str:
        """The options as short as they are in a spec, such as " 2 → 3 → 2, bias hidden"."""
        return "".join(key.label(getattr(options, key.name)) for key in self.keys)

    def lines(self) -> list[str]:
        """Lines of [model] in a spec to start from, with their choices in comments."""
        return [line for key in self.keys for line in key.lines()]

    def plain(self, options: Options) -> dict[str, object]:
        """The options as plain data, as a spec has them, with every default written out."""
        return {key.name: key.plain(getattr(options, key.name)) for key in self.keys}

    def reported(self, options: Options) -> dict[str, object]:
        """The options as a report has them."""
        return {key.reported or key.name: key.reported_value(getattr(options, key.name)) for key in self.keys}

    def hashed(self, options: Options) -> dict[str, object]:
        """The options as they enter the hash of a spec: by their names there, files by what they hold."""
        return {key.name: key.reported_value(getattr(options, key.name)) for key in self.keys}

    def reported_schemas(self) -> dict[str, dict[str, object]]:
        """The JSON Schema of every key of a report."""
        return {key.reported or key.name: schema for key, schema in zip(self.keys, self.schemas().values())}

    def schemas(self) -> dict[str, dict[str, object]]:
        """The JSON Schema of every key."""
        defaults = {key.name: {"default": key.plain(key.example)} for key in self.keys if not key.required}
        return {key.name: msgspec.json.schema(key.type) | defaults.get(key.name, {}) for key in self.keys}

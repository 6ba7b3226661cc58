"""What is wrong with a spec: problems that name file, key, value and remedy, in text that is safe to print."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from types import MappingProxyType

from conslaw_cli.hints import hint_for

from conslaw_cli.visible import visible

MOST_ALIKE = 50
"""Problems of one kind that are reported for one table: enough to correct it, and no way to keep the tool busy."""

_LONGEST_VALUE = 100


@dataclass(frozen=True)
class Problem:
    """One problem of a spec. Every text is printable: control characters are spelled out on construction.

    ``key`` is written as a reader finds it, ``[model] widths``; it is None for a problem of the whole file. ``value`` is
    the value in TOML's notation, shortened, or None where there is none.
    """

    file: str
    key: str | None
    value: str | None
    message: str
    remedy: str

    def __post_init__(self) -> None:
        for field in fields(self):
            text = getattr(self, field.name)
            if text is not None:
                object.__setattr__(self, field.name, visible(text))

    def __str__(self) -> str:
        place = "" if self.key is None else f" {self.key}" + ("" if self.value is None else f" = {self.value}") + ":"
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.file}:{place} {self.message}{remedy}"


class SpecError(Exception):
    """A spec that cannot be used; ``problems`` holds everything that is wrong with it, ``str()`` one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def shortened(text: str, longest: int = _LONGEST_VALUE) -> str:
    """The text, cut with ``...`` when it is longer than ``longest`` characters."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def as_toml(value: object) -> str:
    """A value as TOML writes it, shortened; for values TOML does not have, the name of their type."""
    return shortened(_as_toml(value, 0))


def _as_toml(value: object, depth: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and len(lines := value.strip("\n").split("\n")) > 1:
        return _as_toml(f"{lines[0].strip()} ...", depth)
    if isinstance(value, str):
        return '"' + shortened(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int):
        return str(value) if value.bit_length() < 1000 else f"(an integer of {value.bit_length()} bits)"
    if isinstance(value, (float, Decimal)):
        return str(value)
    if depth < 3 and isinstance(value, (list, tuple)):
        return "[" + ", ".join(_as_toml(item, depth + 1) for item in _first(value)) + "]"
    if depth < 3 and isinstance(value, Mapping):
        pairs = _first(tuple(value.items()))
        return "{" + ", ".join(f"{_key(pair[0])} = {_as_toml(pair[1], depth + 1)}" for pair in pairs) + "}"
    return f"({type(value).__name__})"


def _key(key: object) -> str:
    return key if isinstance(key, str) else f"({type(key).__name__})"


def _first(items: list | tuple) -> list | tuple:
    """Enough items to fill the shortened text."""
    return items[:_LONGEST_VALUE]


def nearest(name: object, choices: Iterable[str]) -> str | None:
    """The choice a misspelled name most likely means, or None."""
    if not isinstance(name, str):
        return None
    by_lower = {choice.lower(): choice for choice in choices}
    matches = difflib.get_close_matches(shortened(name).lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[matches[0]] if matches else None


def listed(names: Iterable[str]) -> str:
    return "valid: " + shortened(", ".join(names), 300)


def suggestion(name: object, choices: Iterable[str]) -> str:
    """The remedy for an unknown name: the nearest choice where one is near, and the list of choices."""
    names = tuple(choices)
    near = nearest(name, names)
    valid = listed(names) if names else ""
    return " ".join(part for part in (f'did you mean "{near}"?' if near else "", valid) if part)


class Collector:
    """Gathers the problems of one spec while it is converted key by key; ``folder`` is that which paths in it are relative to."""

    def __init__(self, file: str, folder: str = "") -> None:
        self.file, self.folder = file, folder
        self._problems: list[Problem] = []

    def add(self, key: str | None, value: str | None, message: str, remedy: str) -> None:
        self._problems.append(Problem(self.file, None if key is None else shortened(key), value, message, remedy))

    def raise_if_any(self) -> None:
        """Raises SpecError with everything gathered, if anything was."""
        if self._problems:
            raise SpecError(self._problems)


@dataclass(frozen=True)
class Table:
    """One table of a spec while it is read: its name, its keys and where problems go."""

    name: str
    data: Mapping[str, object]
    collector: Collector

    def problem(self, key: str, message: str, remedy: str) -> None:
        """Notes a problem of one key, with the value the table has for it."""
        value = as_toml(self.data[key]) if key in self.data else None
        self.collector.add(f"[{self.name}] {_key(key)}", value, message, remedy)

    def check_keys(self, valid: Iterable[str], meant: Mapping[str, str] = MappingProxyType({})) -> None:
        """Notes the keys that are not valid ones (the first of very many), with the one ``meant``, or else the nearest."""
        choices = dict.fromkeys(valid)
        unknown = [key for key in self.data if key not in choices]
        for key in unknown[:MOST_ALIKE]:
            self.problem(key, "unknown key", suggestion(meant.get(key, key), choices))

    def choice(
        self, key: str, choices: Iterable[str], what: str, hints: Mapping[str, str] = MappingProxyType({})
    ) -> str | None:
        """The key's value when it is one of the choices; otherwise notes the problem and returns None.

        ``hints`` say where names from elsewhere point; the nearest choice is for those misspelled.
        """
        value, names = self.data[key], tuple(choices)
        if isinstance(value, str) and value in names:
            return value
        kind = f"unknown {what}" if isinstance(value, str) else f"{what} must be a string"
        hint = hint_for(value, hints)
        self.problem(key, kind, f"{hint}; {listed(names)}" if hint else suggestion(value, names))
        return None

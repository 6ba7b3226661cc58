"""The zoo: specs of networks that come with the tool, one TOML file each, with three fixed comment lines at the head.

Read as text alone: a list of them takes no engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_HEADS = "# ", "# Source: ", "# Completeness: "
_SCHEMA = "#:schema "
"""A line that names a file of the checkout, of no use elsewhere."""


@dataclass(frozen=True)
class Entry:
    """What the head of a file says: its line, where the network's laws come from, and where completeness was shown."""

    name: str
    line: str
    source: str
    completeness: str


@cache
def zoo() -> dict[str, Entry]:
    """Every entry by name, in alphabetical order."""
    found = sorted(file.name.removesuffix(".toml") for file in files("conslaw_cli").joinpath("zoo").iterdir() if file.name.endswith(".toml"))
    return {name: _entry(name) for name in found}


def zoo_spec(name: str) -> str:
    """The text of an entry's spec. Raises FileNotFoundError for a name that is not in the zoo."""
    text = files("conslaw_cli").joinpath("zoo", f"{name}.toml").read_text(encoding="utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(_SCHEMA))


def _entry(name: str) -> Entry:
    lines = zoo_spec(name).splitlines()[: len(_HEADS)]
    return Entry(name, *(line.removeprefix(head) for line, head in zip(lines, _HEADS, strict=True)))

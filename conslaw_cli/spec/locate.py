"""Where a key stands in the text of a TOML file: tomllib reads values but tells no lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from conslaw_cli.problems import Problem

Path = tuple[str, ...]

_BLANK = re.compile(r"(?:[\s,\ufeff]|#[^\n]*)*+")
_SPACE = re.compile(r"[ \t]*+")
_HEADER = re.compile(r"\[\[?([^\n]*?)\]\]?[ \t]*+(?=\r?\n|#|\Z)")
_STRING = (
    r'"""(?:[^"\\]|\\.|""?(?!"))*+"{3,5}|' + r"'''(?:[^']|''?(?!'))*+'{3,5}|" + r'"(?:[^"\\\n]|\\.)*+"|' + r"'[^'\n]*+'"
)
_KEY_PART = re.compile(r'[ \t]*+("(?:[^"\\\n]|\\.)*+"|' + r"'[^'\n]*+'|[A-Za-z0-9_-]++)[ \t]*+(\.?)")
_VALUE_PART = re.compile(_STRING + r"|[\[{]|[\]}]|#[^\n]*+|[^\[\]{}\"'#\n,]++|[\n,]", re.DOTALL)
_KEY_OF_PROBLEM = re.compile(r"\[(?P<table>[^\]]*)\](?: (?P<key>.*))?", re.DOTALL)
_LINE = re.compile(r"\bline (\d+)")
_AT_END = "(at end of document)"
_SWEEP = "sweep"
_DEEPEST = 4
"""Tables in tables that are looked into: a spec needs three."""


class Entry(NamedTuple):
    """A table's header or a key with its value: where the key begins, and where the value (or the header) does and ends."""

    path: Path
    is_header: bool
    key: int
    start: int
    end: int


def entries(text: str) -> Iterator[Entry]:
    """The headers and keys of a TOML text in order, those of inline tables after the key that holds them.

    Stops at the first place that is not TOML.
    """
    table: Path = ()
    at = _BLANK.match(text, 0).end()
    while at < len(text):
        header = _HEADER.match(text, at)
        if header:
            table = _key_path(header[1])[0]
            yield Entry(table, True, at, at, header.end())
            end = header.end()
        else:
            found = _pair(text, at, table)
            if found is None:
                return
            yield found
            yield from _inline(text, found)
            end = found.end
        at = _BLANK.match(text, end).end()


class Lines:
    """The lines, from 1, of the keys and headers of a TOML text."""

    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {}
        line, counted = 1, 0
        for entry in entries(text):
            line, counted = line + text.count("\n", counted, entry.key), entry.key
            self._found.setdefault(entry.path, line)
        self._last = text.rstrip().count("\n") + 1

    def of(self, table: str, key: str | None = None) -> int | None:
        """The line of a spec's key, in [sweep] or else in its table; else that of the table; None where there is neither."""
        home = tuple(table.split("."))
        keyed = (
            []
            if key is None
            else [(_SWEEP, *home, key), (_SWEEP, f"{table}.{key}"), (*home, key), (table, key), *self._dotted(table, key)]
        )
        return next((self._found[path] for path in [*keyed, home, (table,), (_SWEEP,)] if path in self._found), None)

    def of_problem(self, problem: Problem) -> int | None:
        """The line a problem of this text speaks of, as far as it can be told."""
        if problem.key is None:
            named = _LINE.search(problem.message)
            return int(named[1]) if named else self._last if _AT_END in problem.message else None
        found = _KEY_OF_PROBLEM.fullmatch(problem.key)
        if not found:
            return self._found.get((problem.key,))
        return self.of(found["table"], found["key"])

    def _dotted(self, table: str, key: str) -> list[Path]:
        """A key of [sweep] as its problems name it: with its table before a dot."""
        return [(table, *key.split("."))] if table == _SWEEP else []


def _pair(text: str, at: int, table: Path) -> Entry | None:
    """The key at a position, with the place of its value."""
    key, end = _key_path(text, at)
    if not key or not text.startswith("=", end):
        return None
    start = _SPACE.match(text, end + 1).end()
    stop = _value_end(text, start)
    return None if stop is None else Entry((*table, *key), False, at, start, stop)


def _key_path(text: str, at: int = 0) -> tuple[Path, int]:
    """A dotted key and where it ends."""
    parts: list[str] = []
    while found := _KEY_PART.match(text, at):
        parts.append(_unquoted(found[1]))
        at = found.end()
        if not found[2]:
            break
    return tuple(parts), at


def _unquoted(part: str) -> str:
    if part[0] not in "\"'":
        return part
    try:
        return tomllib.loads(f"key = {part}")["key"]
    except tomllib.TOMLDecodeError:
        return part[1:-1]


def _value_end(text: str, at: int) -> int | None:
    """Where the value that begins here ends; None for an open string or bracket."""
    depth, end = 0, at
    while found := _VALUE_PART.match(text, at):
        part = found[0]
        if not depth and part[0] in "\n,#]}":
            break
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(part, 0)
        at, end = found.end(), found.start() + len(part.rstrip())
        if not depth and part[0] in "\"']}":
            break
    return None if depth else end


def _inline(text: str, pair: Entry) -> Iterator[Entry]:
    """The keys of an inline table."""
    if not text.startswith("{", pair.start) or len(pair.path) > _DEEPEST:
        return
    at = _BLANK.match(text, pair.start + 1).end()
    while at < pair.end - 1 and (found := _pair(text, at, pair.path)) is not None:
        yield found
        yield from _inline(text, found)
        at = _BLANK.match(text, found.end).end()

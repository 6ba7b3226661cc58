"""Rewriting the [expect] table of a TOML text in place: comments, order and layout stay as they are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

TABLE = "expect"
FIRST_KEYS = ("laws", "time_dependent", "complete", "status")
"""What a new [expect] table states."""

_BOM = "\ufeff"
_BEYOND = "the layout of [expect] is beyond what can be rewritten; change its values by hand"

Value = int | bool | str


class UpdateError(ValueError):
    """A text that cannot be rewritten; the message says why, and what to do."""


def updated(text: str, found: Mapping[str, Value | None]) -> str:
    """The text with every key of its [expect] table set to what was found; a table is added where there is none.

    ``found`` holds None where nothing is known: such keys stay as they are. Raises UpdateError.
    """
    before = _values(text)
    given = before.get(TABLE)
    known = {key: value for key, value in found.items() if value is not None}
    wanted = {key: known.get(key, value) for key, value in given.items()} if given else _first(known)
    changes = {key: value for key, value in wanted.items() if not given or given[key] != value}
    result = _rewritten(text, changes)
    if _values(result) != {**before, TABLE: wanted}:
        raise UpdateError(_BEYOND)
    return result


def _first(known: Mapping[str, Value]) -> dict[str, Value]:
    return {key: known[key] for key in FIRST_KEYS if key in known}


def _rewritten(text: str, changes: Mapping[str, Value]) -> str:
    """The text with these keys of [expect] set, and nothing else touched."""
    mark, body = text[: text.startswith(_BOM)], text.removeprefix(_BOM)
    newline = "\r\n" if "\r\n" in body else "\n"
    try:
        document = tomlkit.parse(body)
        if TABLE not in document:
            return text + _gap(body, newline) + _lines({TABLE: changes}, newline)
        _set(document, changes, newline)
        return mark + tomlkit.dumps(document)
    except (TOMLKitError, RecursionError):
        raise UpdateError(_BEYOND) from None


def _set(document: TOMLDocument, changes: Mapping[str, Value], newline: str) -> None:
    """New values in the places of the old ones; an empty table gets its keys right below its header."""
    table = document[TABLE]
    if table:
        table.update(changes)
    elif isinstance(table, InlineTable):
        pairs = _lines(changes, "\n").strip().replace("\n", ", ")
        document[TABLE] = tomlkit.value(f"{{ {pairs} }}")
    else:
        table.value.body[:0] = tomlkit.parse(_lines(changes, newline)).body


def _lines(values: Mapping[str, object], newline: str) -> str:
    return tomlkit.dumps(values).replace("\n", newline)


def _gap(text: str, newline: str) -> str:
    """What sets a new table off from the text before it."""
    return newline if text.endswith("\n") or not text else 2 * newline


def _values(text: str) -> dict:
    try:
        return tomllib.loads(text.removeprefix(_BOM))
    except (ValueError, RecursionError) as error:
        raise UpdateError(f"broken TOML: {error}; correct the file first") from None

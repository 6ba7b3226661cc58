"""Rewriting the [expect] table of a TOML text in place: comments, order and layout stay as they are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from conslaw_cli.spec.locate import Entry, entries

TABLE = "expect"
FIRST_KEYS = ("laws", "time_dependent", "complete", "status")
"""What a new [expect] table states."""

Value = int | bool | str


class UpdateError(ValueError):
    """A text that cannot be rewritten; the message says why, and what to do."""


def updated(text: str, found: Mapping[str, Value | None]) -> str:
    """The text with every key of its [expect] table set to what was found; a table is added where there is none.

    ``found`` holds None where nothing is known: such keys stay as they are. Raises UpdateError.
    """
    known = {key: value for key, value in found.items() if value is not None}
    before = _parsed(text)
    given = before.get(TABLE)
    result = _changed(text, known) if given else _added(text, {key: known[key] for key in FIRST_KEYS if key in known})
    wanted = {key: known.get(key, value) for key, value in given.items()} if given else None
    _check(before, result, wanted)
    return result


def _changed(text: str, known: Mapping[str, Value]) -> str:
    """The text with new values in the places of the old ones."""
    for entry in reversed(list(entries(text))):
        if entry.is_header or len(entry.path) != 2 or entry.path[0] != TABLE or entry.path[1] not in known:
            continue
        value = known[entry.path[1]]
        if _parsed(f"value = {text[entry.start : entry.end]}")["value"] != value:
            text = text[: entry.start] + _written(value) + text[entry.end :]
    return text


def _added(text: str, known: Mapping[str, Value]) -> str:
    """The text with lines for [expect]: below its header where it has one, otherwise at the end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = "".join(f"{key} = {_written(value)}{newline}" for key, value in known.items())
    header = next((entry for entry in entries(text) if entry.path == (TABLE,)), None)
    if header is None:
        gap = newline if text.endswith("\n") or not text else 2 * newline
        return f"{text}{gap}[{TABLE}]{newline}{lines}"
    if not header.is_header:
        return f"{text[: header.start]}{{ {_pairs(known)} }}{text[header.end :]}"
    return _below(text, header, lines, newline)


def _below(text: str, header: Entry, lines: str, newline: str) -> str:
    end = text.find("\n", header.end) + 1
    return text[:end] + lines + text[end:] if end else text + newline + lines


def _pairs(known: Mapping[str, Value]) -> str:
    return ", ".join(f"{key} = {_written(value)}" for key, value in known.items())


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _parsed(text: str) -> dict:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise UpdateError(f"broken TOML: {error}; correct the file first") from None


def _check(before: Mapping, result: str, wanted: Mapping | None) -> None:
    """Nothing but [expect] may differ, and that only as intended."""
    after = _parsed(result)
    others = [{key: value for key, value in tables.items() if key != TABLE} for tables in (before, after)]
    if others[0] != others[1] or (wanted is not None and after.get(TABLE) != wanted):
        raise UpdateError("the layout of [expect] is beyond what can be rewritten; change its values by hand")

"""Reading saved JSON reports: what the file holds, and what shows that it holds none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

LARGEST_FILE = 1 << 28
_KEYS = ("schema", "model", "metric", "dynamics", "trace", "laws", "status")
"""What every report has, and hardly any other JSON."""
_DEEPEST = 40
"""Levels of objects and lists in a report, and more."""
REMEDY = "write a report with `conslaw report --format json`"


class UnreadableError(Exception):
    """A file that holds no reports; the message says why, without the file's name."""


def read_reports(path: str) -> object:
    """The JSON in a file ("-": standard input): UTF-8, UTF-16 or UTF-32, with or without a byte order mark. Raises UnreadableError."""
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise UnreadableError(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > LARGEST_FILE:
        raise UnreadableError(f"is larger than {LARGEST_FILE} bytes")
    if not content.strip():
        raise UnreadableError("is empty")
    try:
        found = json.loads(content)
    except UnicodeDecodeError:
        raise UnreadableError("is neither UTF-8 nor UTF-16") from None
    except RecursionError:
        raise UnreadableError("is no JSON that can be read: nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"is no JSON: {error}") from None
    if found == []:
        raise UnreadableError("holds no report")
    return found


def foreign(report: object) -> str:
    """What shows that this is no report, or but a part of one; empty for a report."""
    if not isinstance(report, dict):
        return "is no report of conslaw: a report is an object"
    if "only" in report and "items" in report:
        return "is an excerpt of a report (--only), with some of the laws and no certificate"
    missing = [key for key in _KEYS if key not in report]
    return f"is no report of conslaw: it has no {', '.join(map(repr, missing))}" if missing else ""


def damaged(report: dict) -> str:
    """Why what a report says cannot be compared: another schema, or tables that are none; empty where it can."""
    from conslaw_cli.report.document import SCHEMA

    schema, items = report["schema"], report["laws"].get("items") if isinstance(report["laws"], dict) else None
    if type(schema) is not int:
        return "is no report of conslaw: its schema is no number"
    if schema != SCHEMA:
        age = "a newer version of conslaw" if schema > SCHEMA else "an older version of conslaw"
        return f"was written by {age}: it has schema {schema}, and this version reads {SCHEMA}"
    tables = [key for key in ("model", "metric", "dynamics", "trace", "laws") if not isinstance(report[key], dict)]
    if tables:
        return f"is no report of conslaw: {tables[0]!r} is no object"
    if not isinstance(items, list) or not all(map(_is_family, items)):
        return "is no report of conslaw: its laws are no families"
    if not isinstance(report.get("notes", []), list):
        return "is no report of conslaw: its notes are no list"
    return "is no report of conslaw: nested too deeply" if _is_deep(report) else ""


def _is_deep(report: dict) -> bool:
    level: list[object] = [report]
    for _ in range(_DEEPEST):
        level = [inner for value in level if isinstance(value, (dict, list)) for inner in (value.values() if isinstance(value, dict) else value)]
    return bool(level)


def _is_family(item: object) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("form"), (str, type(None))):
        return False
    written = item.get("expressions")
    return isinstance(written, list) and all(isinstance(text, str) for text in written)

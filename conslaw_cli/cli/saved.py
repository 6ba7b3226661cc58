"""Reading saved JSON reports: what the file holds, and what shows that it holds none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

LARGEST_FILE = 1 << 28
_KEYS = ("schema", "model", "metric", "dynamics", "trace", "laws", "status")
"""What every report has, and hardly any other JSON."""
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

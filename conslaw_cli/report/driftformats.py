"""Tables of drifts in every format: text, JSON, CSV and Markdown."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO

from conslaw_cli.report.drifttable import DriftTable
from conslaw_cli.report.options import Options

_COLUMNS = ("law", "family", "start", "end", "drift", "predicted", "worst_step", "kept")


def _text(table: DriftTable, options: Options) -> str:
    from conslaw_cli.report import text

    return text.drifts(table, options)


def _json(table: DriftTable, options: Options) -> str:
    from conslaw_cli.report.jsonreport import dumps

    return dumps(table.to_dict()) + "\n"


def _csv(table: DriftTable, options: Options) -> str:
    """A line for each law; what is not finite, or not known, is empty."""
    written = StringIO()
    writer = csv.DictWriter(written, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table.to_dict()["laws"])
    return written.getvalue()


def _markdown(table: DriftTable, options: Options) -> str:
    from conslaw_cli.report import markdown

    return markdown.drifts(table, options)


FORMATS: dict[str, Callable[[DriftTable, Options], str]] = {"text": _text, "json": _json, "csv": _csv, "markdown": _markdown}


def render(table: DriftTable, format: str, *, color: bool = False, width: int | None = None, ascii_only: bool = False) -> str:
    """The whole output. Raises KeyError for an unknown format."""
    return FORMATS[format](table, Options(False, color, width, ascii_only))

"""Tables of drifts in every format: text, JSON, CSV and Markdown."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO

from conslaw_cli.report.drifttable import DriftTable
from conslaw_cli.report.options import Options

_LABEL = 14
_COLUMNS = ("law", "family", "start", "end", "drift", "predicted", "worst_state", "worst_step", "kept")


def _text(table: DriftTable, options: Options) -> str:
    """What was read, the table, and what its numbers mean."""
    from rich.text import Text

    from conslaw_cli.report.outline import without_laws
    from conslaw_cli.report.text import fold, grid, printed, prose_of

    prose, width = prose_of(options), options.width
    lines = [Text(line, "bold") for line in fold(table.title(prose), width, 2)]
    for label, said in table.facts(prose):
        first, *rest = fold(said, width and width - _LABEL, 0)
        lines += [Text.assemble((label.ljust(_LABEL), "dim"), first), *(Text(" " * _LABEL + line) for line in rest)]
    lines += [Text(""), *(grid(table.grid(prose), width) if table.laws else [Text("  " + (without_laws(table.report) or ""))])]
    lines += [Text(line, "dim") for note in table.footnotes() for line in fold("note  " + prose.text(note), width, 6)]
    return printed(lines, options.color)


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
    from conslaw_cli.report.markdown import PROSE, table_lines

    header, *body = table.grid(PROSE)
    facts = [f"- **{label}** {said}" for label, said in table.facts(PROSE)]
    notes = [f"- {PROSE.text(note)}" for note in table.footnotes()]
    return "\n".join([f"## {table.title(PROSE)}", "", *facts, "", *table_lines(header, body), "", *notes, ""])


FORMATS: dict[str, Callable[[DriftTable, Options], str]] = {"text": _text, "json": _json, "csv": _csv, "markdown": _markdown}


def render(table: DriftTable, format: str, *, color: bool = False, width: int | None = None, ascii_only: bool = False) -> str:
    """The whole output. Raises KeyError for an unknown format."""
    return FORMATS[format](table, Options(False, color, width or None, ascii_only))

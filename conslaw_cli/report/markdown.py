"""Reports in Markdown as GitHub renders it. Formulas stand in $`…`$, which it takes as they are, or in math blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conslaw_cli.report import latex, outline
from conslaw_cli.report import prose as say
from conslaw_cli.report.comparison import Comparison
from conslaw_cli.report.escape import markdown as escaped
from conslaw_cli.report.model import Report
from conslaw_cli.report.options import Options
from conslaw_cli.report.outline import Row
from conslaw_cli.report.prose import Prose

PROSE = Prose(latex.NOTATION, lambda formula: f"$`{formula}`$", escaped)


def reports(all_reports: Sequence[Report], options: Options) -> str:
    """Reports one after another, each under a heading."""
    return "\n".join(line for report in all_reports for line in _report(report, len(all_reports) > 1, options))


def comparison(table: Comparison, options: Options) -> str:
    """The grid of counts, its legend and notes."""
    header, *body = table.grid(PROSE)
    lines = [f"## {escaped(table.title)}", "", *table_lines(header, body), ""]
    return "\n".join([*lines, *(f"- {note}" for note in table.footnotes(PROSE)), ""])


def _report(report: Report, named: bool, options: Options) -> Iterator[str]:
    title = " · ".join(say.title(report, PROSE))
    yield f"## {escaped(report.name)}: {title}" if named else f"## {title}"
    yield ""
    for fact in outline.facts(report, PROSE):
        yield f"- **{fact.label}** " + ": ".join(filter(None, (fact.value, fact.text.replace("   ", " · "))))
    yield ""
    rows = list(outline.rows(report, PROSE, options.expand))
    if (instead := outline.without_laws(report)) is not None:
        yield instead
    else:
        body = [(row.law.replace("  ", " &ensp;"), row.number, row.depends_on_time, row.source) for row in rows]
        yield from table_lines(("law", "number", "depends on t", "source"), body)
    yield ""
    for row in rows:
        yield from _members(row)
    for note in outline.footnotes(report, PROSE):
        yield f"> {note}"
        yield ""
    yield f"<sub>{escaped(outline.origin(report))}</sub>"
    yield ""


def _members(row: Row) -> Iterator[str]:
    """Each law in a block of its own, which a page scrolls rather than cuts."""
    for member in row.members:
        rest = "" if member.terms is None else rf" + \ldots \quad \text{{({member.terms} terms)}}"
        yield f"```math\nh_{{{member.number}}} = {member.formula}{rest}\n```"
    if row.more:
        yield f"… and {row.more} more (`--expand`)"
    if row.members:
        yield ""


def table_lines(header: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of cells that are escaped."""
    yield _row(header)
    yield _row(["---"] * len(header))
    yield from map(_row, body)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

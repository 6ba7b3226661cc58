"""Reports as one self-contained page: no scripts, nothing loaded, laws in MathML, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from conslaw_cli.report import mathml, outline
from conslaw_cli.report import prose as say
from conslaw_cli.report.comparison import Comparison
from conslaw_cli.report.escape import html as escaped
from conslaw_cli.report.model import Report
from conslaw_cli.report.options import Options
from conslaw_cli.report.outline import Row
from conslaw_cli.report.prose import Prose

PROSE = Prose(mathml.NOTATION, mathml.inline, escaped)

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --soft: #5d5d66; --line: #d9d9de; --paper: #fdfdfb;
  --good: #1a6b3c; --open: #9a5b00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8ea; --soft: #a5a5ad; --line: #3a3a40; --paper: #17171a; --good: #7bd29b; --open: #e5b567; }
}
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; -webkit-text-size-adjust: 100%; }
h1 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 .25rem; }
section + section { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
.setting, .name, dt, th, footer, .note { color: var(--soft); }
.name { overflow-wrap: anywhere; font-size: .875rem; }
math { font-size: 1.125em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0 1.5rem; }
dt, dd { margin: 0; }
dd { white-space: pre-wrap; min-width: 0; }
dd b { font-weight: 600; margin-right: .75rem; }
.proved, .exact, .theorem { color: var(--good); }
.proved-for-phi, .exact-for-phi, .undecided { color: var(--open); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { font-weight: 500; text-align: left; white-space: nowrap; }
th, td { padding: .5rem 1.25rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
.families td:first-child { white-space: pre-wrap; }
.grid th:first-child, .grid td { white-space: nowrap; }
.laws { list-style: none; padding: 0; }
.laws li { padding: .2rem 0; overflow-x: auto; white-space: nowrap; }
.note { margin: .35rem 0; }
footer { margin-top: 1.5rem; font-size: .85rem; }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  .families thead { display: none; }
  .families tr, .families td { display: block; border: 0; padding: 0; }
  .families tr { border-bottom: 1px solid var(--line); padding: .6rem 0; }
  .families tr:first-child { border-top: 1px solid var(--line); }
  .families td:first-child { overflow-x: auto; padding: .2rem 0 .4rem; }
  .families td + td::before { content: attr(data-label) ": "; color: var(--soft); }
}
""".strip()


def reports(all_reports: Sequence[Report], options: Options) -> str:
    """One page, a section for each report."""
    title = all_reports[0].model.label if len(all_reports) == 1 else f"{len(all_reports)} reports"
    return page(title, (line for report in all_reports for line in _section(report, options)))


def comparison(counts: Comparison, options: Options) -> str:
    """The grid of counts, its legend and notes."""
    header, *body = counts.grid(PROSE)
    notes = [f'<p class="note">{note}</p>' for note in counts.footnotes(PROSE)]
    return page(counts.title, [f"<h1>{escaped(counts.title)}</h1>", *table("grid", header, body), *notes])


def page(title: str, lines: Iterable[str]) -> str:
    """A whole page around the lines of its body."""
    head = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escaped(title)} – conservation laws</title>",
        f"<style>\n{_STYLE}\n</style>",
        "</head>",
        "<body>",
    ]
    return "\n".join([*head, *lines, "</body>", "</html>", ""])


def _section(report: Report, options: Options) -> Iterator[str]:
    model, *setting = say.title(report, PROSE)
    yield "<section>"
    yield f"<h1>{model}</h1>"
    yield f'<div class="setting">{" · ".join(setting)}</div>'
    yield f'<div class="name">{escaped(report.name)}</div>'
    yield "<dl>"
    status = report.status.replace(" ", "-")
    for fact in outline.facts(report, PROSE):
        value = f"<b>{fact.value}</b>" if fact.value is not None else ""
        mark = f' class="{escaped(status)}"' if fact.label == "laws" else ""
        yield f"<dt>{fact.label}</dt><dd{mark}>{value}{fact.text}</dd>"
    yield "</dl>"
    yield from _laws(report, options)
    for note in outline.footnotes(report, PROSE):
        yield f'<p class="note">{note}</p>'
    yield f"<footer>{escaped(outline.origin(report))}</footer>"
    yield "</section>"


def _laws(report: Report, options: Options) -> Iterator[str]:
    if (instead := outline.without_laws(report)) is not None:
        yield f"<p>{instead}</p>"
        return
    rows = list(outline.rows(report, PROSE, options.expand))
    body = [(row.law, row.number, row.depends_on_time, row.source) for row in rows]
    yield from table("families", ("law", "number", "depends on t", "source"), body)
    for row in rows:
        yield from _members(row)


def _members(row: Row) -> Iterator[str]:
    if not row.members:
        return
    yield '<ul class="laws">'
    for member in row.members:
        name = f"<msub><mi>h</mi><mn>{member.number}</mn></msub><mo>=</mo>"
        yield f"<li>{mathml.inline(name + member.formula)}{member.rest}</li>"
    if row.more:
        yield f"<li>… and {row.more} more (--expand)</li>"
    yield "</ul>"


def table(kind: str, header: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table; its cells know their column's name, for where the page is too narrow for columns."""
    yield f'<div class="scroll"><table class="{kind}">'
    yield f"<thead><tr>{''.join(f'<th>{cell}</th>' for cell in header)}</tr></thead>"
    yield "<tbody>"
    for row in body:
        cells = (f'<td data-label="{name}">{cell}</td>' for name, cell in zip(header, row, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"

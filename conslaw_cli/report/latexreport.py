"""Reports as a LaTeX document that compiles as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from conslaw_cli.report import latex, outline
from conslaw_cli.report import prose as say
from conslaw_cli.report.comparison import Comparison
from conslaw_cli.report.escape import latex as escaped
from conslaw_cli.report.model import Report
from conslaw_cli.report.options import Options
from conslaw_cli.report.outline import Row
from conslaw_cli.report.prose import Prose

PROSE = Prose(latex.NOTATION, lambda formula: f"${formula}$", escaped)

_PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath}
\usepackage{array}
\usepackage{booktabs}
\setlength{\parindent}{0pt}
\setlength{\emergencystretch}{4em}
\renewcommand{\arraystretch}{1.2}
\setlength{\parskip}{6pt plus 2pt}
\allowdisplaybreaks
\begin{document}"""

_LAW = r">{\raggedright\arraybackslash}p{0.52\linewidth}"
_SOURCE = r">{\raggedright\arraybackslash}p{0.2\linewidth}"


def reports(all_reports: Sequence[Report], options: Options) -> str:
    """One document, a section for each report."""
    return _document(line for report in all_reports for line in _section(report, len(all_reports) > 1, options))


def report(one: Report) -> str:
    """A document about one report."""
    return reports([one], Options())


def comparison(table: Comparison, options: Options) -> str:
    """The grid of counts, its legend and notes."""
    grid = table.grid(PROSE)
    notes = [f"{note}\n" for note in table.footnotes(PROSE)]
    return _document([rf"\section*{{{escaped(table.title)}}}", *_tabular("l" * len(grid[0]), grid), "", *notes])


def _document(lines: Iterable[str]) -> str:
    return "\n".join([_PREAMBLE, *lines, r"\end{document}", ""])


def _section(one: Report, named: bool, options: Options) -> Iterator[str]:
    model, *setting = say.title(one, PROSE)
    yield rf"\section*{{{model}}}"
    yield ", ".join(setting)
    yield ""
    if named:
        yield rf"{{\small\ttfamily\raggedright {_breakable(escaped(one.name))}\par}}"
        yield ""
    yield from _facts(one)
    yield ""
    rows = list(outline.rows(one, PROSE, options.expand))
    if (instead := outline.without_laws(one)) is not None:
        yield instead
    else:
        body = [(row.law.replace("  ", r"\quad "), row.number, row.depends_on_time, row.source) for row in rows]
        yield from _tabular(f"{_LAW}rl{_SOURCE}", [("law", "number", "time", "source"), *body])
    yield ""
    for row in rows:
        yield from _members(row)
    for note in outline.footnotes(one, PROSE):
        yield f"{note}\n"
    yield rf"{{\small {escaped(outline.origin(one))}}}"


def _breakable(path: str) -> str:
    """A path that may be broken at its separators."""
    return path.replace("/", r"/\allowbreak{}").replace(r"\_", r"\_\allowbreak{}")


def _facts(one: Report) -> Iterator[str]:
    yield r"\begin{tabular}{@{}l>{\raggedright\arraybackslash}p{0.78\linewidth}@{}}"
    for fact in outline.facts(one, PROSE):
        said = ": ".join(filter(None, (fact.value, fact.text))).replace("   ", r"\quad ")
        yield rf"{fact.label} & {said} \\"
    yield r"\end{tabular}"


def _members(row: Row) -> Iterator[str]:
    for member in row.members:
        yield rf"{{\raggedright $h_{{{member.number}}} = {member.formula}${escaped(member.rest)}\par}}" + "\n"
    if row.more:
        yield rf"\ldots{{}} and {row.more} more" + "\n"


def _tabular(columns: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    header, *body = rows
    yield rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
    yield r"\toprule"
    yield rf"{' & '.join(header)} \\"
    yield r"\midrule"
    for row in body:
        yield rf"{' & '.join(row)} \\"
    yield r"\bottomrule"
    yield r"\end{tabular}"

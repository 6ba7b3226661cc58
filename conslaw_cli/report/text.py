"""The report in a terminal. rich carries the styles and reads no markup; where a line folds is decided here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from conslaw_cli.report import ascii, outline, unicode
from conslaw_cli.report import prose as say
from conslaw_cli.report.comparison import Comparison
from conslaw_cli.report.escape import visible
from conslaw_cli.report.model import Report
from conslaw_cli.report.options import Options
from conslaw_cli.report.outline import Fact, Member, Row
from conslaw_cli.report.prose import Prose
from conslaw_cli.report.regions import Regions
from conslaw_cli.report.transliteration import ascii_text

PROSE = Prose(unicode.NOTATION, str, visible, superscripts=False)
ASCII_PROSE = Prose(ascii.NOTATION, str, lambda text: ascii_text(visible(text)), superscripts=False)

_LABEL, _VALUE = 14, 14
_WIDEST_LAW = 72
_NARROWEST = 24
_NARROW = 70
"""Columns of a terminal below which what is said stands under its label, not beside it."""
LAW_BREAKS = r" (?=[+−-] )|  "
"""A law is broken before a term, and before what is said of its form."""
_HEADINGS = ("law", "number", "depends on t", "source")
_STYLES = {
    "proved": "green",
    "proved for phi": "yellow",
    "exact": "green",
    "exact for phi": "yellow",
    "theorem": "yellow",
    "undecided": "red",
}


def reports(all_reports: Sequence[Report], options: Options) -> str:
    """Reports one after another; their names stand above them when there are several."""
    lines: list[Text] = []
    for report in all_reports:
        if len(all_reports) > 1:
            lines += [Text("")] * bool(lines) + [Text(visible(report.name), "bold cyan")]
        lines += report_lines(report, options)
    return printed(lines, options.color)


def comparison(table: Comparison, options: Options) -> str:
    """The grid of counts, its legend and notes."""
    prose = prose_of(options)
    lines = [Text(prose.text(table.title), "bold"), Text(""), *grid(table.grid(prose), options.width)]
    lines += [Text(line, "dim") for note in ("", *table.footnotes(prose)) for line in fold(note, options.width, 0)]
    return printed(lines, options.color)


def regions(tables: Sequence[Regions], others: Sequence[Report], options: Options) -> str:
    """For each network how often each count occurs; then the reports of what has one region."""
    prose, lines = prose_of(options), []
    for table in tables:
        lines += [Text("")] * bool(lines) + [Text(visible(table.name), "bold cyan")] * (len(tables) > 1)
        lines += [Text(line, "bold") for line in fold(table.heading(prose), options.width, 2)]
        lines += [Text(prose.text(table.summary())), Text(""), *grid(table.grid(prose), options.width)]
        lines += [Text(line, "dim") for note in table.notes for line in fold("note  " + prose.text(note), options.width, 6)]
    return "\n".join(filter(None, (printed(lines, options.color), reports(others, options) if others else "")))


def prose_of(options: Options) -> Prose:
    """The terminal's own."""
    return ASCII_PROSE if options.ascii_only else PROSE


def grid(rows: Sequence[Sequence[str]], width: int | None) -> Iterator[Text]:
    """Rows of cells in columns below a header; where these do not fit, each below the label of its row."""
    header, *body = rows
    widths = [max(map(cell_len, column)) for column in zip(header, *body, strict=True)]
    if not _too_wide(widths, width):
        yield from (Text("  " + _cells(row, widths), "dim" if row is header else "") for row in rows)
        return
    label = max(map(cell_len, header)) + 3
    for first, *others in body:
        yield from (Text("  " + line, "dim") for line in fold(first, width and width - 2, 2))
        yield from (Text(f"    {_padded(name, label)}{cell}") for name, cell in zip(header[1:], others, strict=True))


def _too_wide(widths: Sequence[int], width: int | None) -> bool:
    """Whether a table with columns of these widths does not fit."""
    return width is not None and 2 + sum(widths) + 3 * (len(widths) - 1) > width


def printed(lines: Iterable[Text], color: bool) -> str:
    """The lines as rich prints them, in ANSI colours or none, whatever the environment says."""
    console = Console(
        file=StringIO(),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        width=80,
    )
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False, emoji=False)
    return console.file.getvalue()


def report_lines(report: Report, options: Options) -> Iterator[Text]:
    """One report."""
    prose, width = prose_of(options), options.width
    for line in fold(prose.text(" · ").join(say.title(report, prose)), width, 2):
        yield Text(line, "bold")
    facts = list(outline.facts(report, prose))
    value = max(_VALUE, *(cell_len(fact.value or "") + 3 for fact in facts))
    for fact in facts:
        yield from _fact(fact, value, report.status, width)
    yield Text("")
    if (instead := outline.without_laws(report)) is not None:
        yield Text("  " + instead)
    else:
        yield from _table(list(outline.rows(report, prose, options.expand)), width)
    for note in outline.footnotes(report, prose):
        yield from (Text(line, "dim") for line in fold("note  " + note, width, 6))


def _fact(fact: Fact, value: int, status: str, width: int | None) -> Iterator[Text]:
    for line in _under_label(fact, width) if width and width < _NARROW else _beside_label(fact, value, width):
        if fact.label == "laws":
            line.highlight_words([status], _STYLES.get(status, ""))
        yield line


def _beside_label(fact: Fact, value: int, width: int | None) -> Iterator[Text]:
    indent = _LABEL if fact.value is None else _LABEL + value
    first, *others = fold(fact.text, width and width - indent, 0)
    shown = "" if fact.value is None else _padded(fact.value, value)
    yield Text.assemble((fact.label.ljust(_LABEL), "dim"), (shown, "bold"), first)
    yield from (Text(" " * indent + other) for other in others)


def _under_label(fact: Fact, width: int) -> Iterator[Text]:
    yield Text(fact.label, "dim")
    first, *others = fold("   ".join(filter(None, (fact.value, fact.text))), width - 2, 0)
    line = Text("  " + first)
    line.stylize("bold", 2, 2 + len(fact.value or ""))
    yield line
    yield from (Text("  " + other) for other in others)


def _table(rows: list[Row], width: int | None) -> Iterator[Text]:
    others = [max(map(cell_len, column)) for column in zip(_HEADINGS[1:], *map(_others, rows), strict=True)]
    if _too_wide([_NARROWEST, *others], width):
        yield from (line for row in rows for line in (*_stacked(row, width), *_members(row, width)))
        return
    room = width and width - sum(others) - 11
    folded = [fold(row.law, room, 2, LAW_BREAKS) for row in rows]
    widest = max(cell_len(line) for lines in folded for line in lines)
    widths = [widest if width else min(widest, _WIDEST_LAW), *others]
    yield Text("  " + _cells(_HEADINGS, widths, right=1), "dim")
    for row, (first, *rest) in zip(rows, folded, strict=True):
        yield Text("  " + _cells((first, *_others(row)), widths, right=1))
        yield from (Text("  " + line) for line in rest)
        yield from _members(row, width)


def _stacked(row: Row, width: int | None) -> Iterator[Text]:
    """A family whose law has the whole line, and its other cells below, each after its heading."""
    label = max(map(len, _HEADINGS)) + 2
    yield from (Text("  " + line) for line in fold(row.law, width and width - 2, 2, LAW_BREAKS))
    for heading, cell in zip(_HEADINGS[1:], _others(row), strict=True):
        first, *rest = fold(cell, width and width - 4 - label, 0)
        yield Text.assemble(("    " + heading.ljust(label), "dim"), first)
        yield from (Text(" " * (4 + label) + line) for line in rest)


def _members(row: Row, width: int | None) -> Iterator[Text]:
    for member in row.members:
        yield from _member(member, width)
    if row.more:
        yield Text(f"    … and {row.more} more (--expand)", "dim")


def _others(row: Row) -> tuple[str, str, str]:
    return row.number, row.depends_on_time, row.source


def _member(member: Member, width: int | None) -> Iterator[Text]:
    head = f"    h{member.number} = "
    first, *rest = fold(member.formula + member.rest, width and width - len(head), 2, LAW_BREAKS)
    yield Text.assemble((head, "dim"), first)
    yield from (Text(" " * len(head) + line) for line in rest)


def _cells(cells: Sequence[str], widths: Sequence[int], right: int | None = None) -> str:
    """Cells three blanks apart, the column ``right`` aligned to the right; one too wide pushes the others on."""
    padded = [_padded(cell, width, i == right) for i, (cell, width) in enumerate(zip(cells, widths, strict=True))]
    return "   ".join(padded).rstrip()


def _padded(text: str, width: int, right: bool = False) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def fold(text: str, width: int | None, hanging: int, breaks: str = " ") -> list[str]:
    """The text in lines of at most ``width`` cells, later ones indented. What holds no place to break stays whole."""
    if width is None or cell_len(text) <= max(width, _NARROWEST):
        return [text]
    width = max(width, _NARROWEST)
    lines, line = [], ""
    for word in re.split(breaks, text):
        if line.strip() and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line.rstrip())
            line = " " * hanging + word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]

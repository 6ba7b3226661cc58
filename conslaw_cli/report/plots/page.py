"""A plot as one self-contained page: the picture, and its numbers in a table below."""

from __future__ import annotations

from collections.abc import Iterator

from conslaw_cli.report import html
from conslaw_cli.report.drifts import DriftPlot, Line, Panel, drift_text
from conslaw_cli.report.escape import html as escaped
from conslaw_cli.report.lawnames import law_name
from conslaw_cli.report.plots import svg
from conslaw_cli.report.plots.scale import labels

_PAPER = "max-width: 100%; height: auto; background: white"
NOTE = "The largest relative drift (no unit) of each law in each run: its change since the start over the norms of its terms."


def drawn(plot: DriftPlot) -> str:
    """The whole page. All laws stand in the table, also those that have no panel."""
    picture = svg.drawn(plot)
    picture = picture[picture.index("<svg ") :].replace("<svg ", f'<svg style="{_PAPER}" ', 1)
    head = [f"<h1>{escaped(plot.title)}</h1>", f'<figure style="margin: 1rem 0">{picture}</figure>']
    return html.page(plot.title, [*head, *_table(plot)])


def _table(plot: DriftPlot) -> Iterator[str]:
    runs = labels(plot.panels)
    header = ["law", *map(escaped, runs)]
    yield from html.table("grid", header, (_row(panel, runs, plot.x_label) for panel in plot.panels))
    yield f'<p class="note">{escaped(NOTE)}</p>'


def _row(panel: Panel, runs: list[str], x_label: str) -> list[str]:
    lines = {line.label: line for line in panel.lines}
    return [law_name(panel.law, html.PROSE), *(_cell(lines[run], x_label) if run in lines else "–" for run in runs)]


def _cell(line: Line, x_label: str) -> str:
    return f'<span title="{escaped(svg.largest(line, x_label))}">{drift_text(line.worst[1])}</span>'

"""A plot as SVG: Matplotlib's, with a name on every panel and numbers on every line, for pointers and screen readers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conslaw_cli.report.drifts import DriftPlot, Line, drift_text
from conslaw_cli.report.escape import html as escaped
from conslaw_cli.report.lawnames import law_name
from conslaw_cli.report.plots import figure
from conslaw_cli.report.plots.scale import shown_panels
from conslaw_cli.report.text import PROSE


def drawn(plot: DriftPlot) -> str:
    """The whole file."""
    titles = dict(_titles(plot))
    named = lambda found: found[0] + (f"<title>{escaped(titles[found[1]])}</title>" if found[1] in titles else "")
    text = re.sub(r'<g id="([a-z0-9-]+)">', named, figure.drawn(plot, "svg").decode("utf-8"))
    return text.replace("<svg ", f'<svg role="img" aria-label="{escaped(plot.title)}" ', 1)


def _titles(plot: DriftPlot) -> Iterator[tuple[str, str]]:
    """What is said of each element with an id."""
    panels, _ = shown_panels(plot, figure.MOST_PANELS)
    for number, panel in enumerate(panels):
        yield f"panel-{number}", law_name(panel.law, PROSE)
        for i, line in enumerate(panel.lines):
            yield f"line-{number}-{i}", f"{line.label}: {largest(line, plot.x_label)}"


def largest(line: Line, x_label: str) -> str:
    """At most 2.1e-2, at time t = 5. The label's unit, in brackets at its end, is left out."""
    x, drift = line.worst
    place = f"{x_label.partition(' (')[0]} = {x:g}"
    return f"not finite from {place} on" if drift is None else f"at most {drift_text(drift)}, at {place}"

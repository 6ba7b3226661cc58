"""conslaw architectures: what there is, with phi and its domain."""

from __future__ import annotations

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import write
from conslaw_cli.models import ARCHITECTURES, Architecture
from conslaw_cli.problems import as_toml
from conslaw_cli.zoofiles import Entry, zoo

_WIDEST = 31
"""Columns of a name in the zoo; a longer one pushes its line on."""


@click.command(
    epilog="""\b
Example:
  conslaw architectures | less
  conslaw architectures | grep -A1 attention
  conslaw new attention                         prints the spec of an entry
"""
)
def architectures() -> Exit:
    """List the architectures: reparametrization phi, the domain where it holds, parameters, default metric, source.

    Then the zoo: networks written out, with what is conserved, its source, and who showed that this is all.
    """
    entries = list(zoo().values())
    head = f"zoo       {len(entries)} networks written out: `conslaw new NAME` prints the spec of one"
    write("\n\n".join([*map(_described, ARCHITECTURES.values()), "\n".join([head, *map(_listed, entries)])]), None)
    return Exit.OK


def _listed(entry: Entry) -> str:
    """An entry of the zoo: its line, and below it the source and whether completeness is known."""
    return f"  {entry.name:<{_WIDEST}} {entry.line}\n  {'':<{_WIDEST}}   source: {entry.source} · complete: {entry.completeness}"


def _described(architecture: Architecture) -> str:
    table = architecture.table
    blocks = architecture.blocks(table.largest)
    needed = [f"{key.name} {as_toml(key.plain(key.example))}" for key in table.keys if key.required]
    shapes = ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in blocks)
    metrics = dict.fromkeys(architecture.default_metric(name) for name, _ in blocks)
    by_metric = "; ".join(
        f"{metric} on {', '.join(n for n, _ in blocks if architecture.default_metric(n) == metric)}" for metric in metrics
    )
    rows = {
        "": architecture.summary,
        "phi": architecture.phi,
        "domain": architecture.domains,
        **{key.name: key.note for key in table.keys if not key.required},
        "blocks": f"{shapes}   for {', '.join(needed)}",
        "metric": by_metric if len(metrics) > 1 else next(iter(metrics)),
        "source": architecture.source,
    }
    head, *rest = (f"{'  ' + key:<9} {value}" for key, value in rows.items())
    return "\n".join([f"{architecture.name:<10}{head.strip()}", *rest])

"""conslaw zoo: the counts of the networks that come with the tool, as a table."""

from __future__ import annotations

import click

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.new import NameIn
from conslaw_cli.cli.output import write
from conslaw_cli.cli.specs import output_option, seed_option
from conslaw_cli.report.zoo import FORMATS, Count, Row, table
from conslaw_cli.spec import read_cases
from conslaw_cli.zoofiles import Entry, zoo as entries, zoo_spec


@click.command(
    epilog="""\b
Examples:
  conslaw zoo                             all of them, in a minute or two
  conslaw zoo attention rope causal       some of them
  conslaw zoo --format markdown -o zoo.md
"""
)
@click.argument("names", nargs=-1, type=NameIn(entries), metavar="[NAME]...")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="Output format.")
@seed_option
@output_option
def zoo(names: tuple[str, ...], format_: str, seed: int, output: str | None) -> Exit:
    """Count the laws of the networks of the zoo (of `conslaw architectures`), under each dynamics of their specs."""
    with SignOfLife() as life:
        rows = [_row(entries()[name], seed, life) for name in names or entries()]
    write(table(rows, format_), output)
    return worst([Exit.UNDECIDED if count.laws is None else Exit.OK for row in rows for count in row.counts])


def _row(entry: Entry, seed: int, life: SignOfLife) -> Row:
    """The counts of every case of an entry's spec."""
    from conslaw_cli.reporting import report_of

    life.begin(entry.name)
    reports = [report_of(case, seed, life) for case in read_cases(entry.name, zoo_spec(entry.name))]
    counts = tuple(Count(one.dynamics.title, one.laws.independent, one.status) for one in reports)
    return Row(entry.name, entry.line, reports[0].model.parameters, counts)

"""conslaw diff: what differs between two saved JSON reports."""

from __future__ import annotations

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import complain, refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.saved import REMEDY, UnreadableError, damaged, foreign, read_reports
from conslaw_cli.cli.specs import files, force_option, format_option, output_option
from conslaw_cli.visible import visible

FORMATS = ("text", "json")


@click.command(
    epilog="""\b
Examples:
  conslaw report --format json a.toml > a.json
  conslaw diff a.json b.json
  conslaw report --format json specs/*.toml | conslaw diff saved.json -
  conslaw diff --format json a.json b.json
"""
)
@click.argument("a", metavar="A.json", shell_complete=files)
@click.argument("b", metavar="B.json", shell_complete=files)
@click.option("--all", "everything", is_flag=True, help="Also names, certificates, seeds, versions, and how laws of a form are written out.")
@format_option(FORMATS)
@output_option
@force_option
def diff(a: str, b: str, everything: bool, format_: str, output: str | None, force: bool) -> Exit:
    """Show what differs between the reports in two files ("-" reads standard input): model, dynamics, counts, laws, region.

    Laws are the same when they are written the same. Of arrays, reports of one name are compared; where no name is in both, those
    at the same position. Exit code 0 when nothing differs, 1 when something does, 2 when a file holds no reports of this version.
    """
    if a == b == "-":
        raise click.UsageError("standard input can be read once; name a file for A or B")
    refuse_loss([output], [a, b], force)
    found = [_reports(path) for path in (a, b)]
    if None in found:
        return Exit.UNUSABLE
    from conslaw_cli.differing.compare import differences
    from conslaw_cli.report.difference import render
    from conslaw_cli.report.options import Options

    difference = differences(a, b, *found, everything)
    options = Options(color=wants_color(output), width=width(output), ascii_only=wants_ascii(output))
    write(render(difference, format_, options), output)
    return Exit.OK if difference.same else Exit.FAILED


def _reports(path: str) -> list[dict] | None:
    """The reports of a file; None after saying on stderr why there are none."""
    try:
        content = read_reports(path)
    except UnreadableError as error:
        complain(f"{visible(path)}: {error}; {REMEDY}")
        return None
    reports = content if isinstance(content, list) else [content]
    for number, report in enumerate(reports):
        if fault := foreign(report) or damaged(report):
            place = f"{visible(path)}[{number}]" if isinstance(content, list) else visible(path)
            complain(f"{place}: {fault}; {REMEDY}")
            return None
    return reports

"""conslaw report: what is conserved, how many laws there are, and why that is all."""

from __future__ import annotations

import click

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.output import refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.specs import (
    exit_of,
    force_option,
    format_option,
    output_option,
    read_all,
    report_of,
    seed_option,
    specs_argument,
)
from conslaw_cli.report import FORMATS, render


@click.command(
    epilog="""\b
Examples:
  conslaw report model_specs/linear_momentum.toml
  conslaw report --format json spec.toml > report.json
  conslaw new relu | conslaw report -
"""
)
@specs_argument
@format_option(FORMATS)
@click.option("--expand", is_flag=True, help="Write out every law of large families.")
@seed_option
@output_option
@force_option
def report(specs: tuple[str, ...], format_: str, expand: bool, seed: int, output: str | None, force: bool) -> Exit:
    """Print the conservation laws of each SPEC ("-" reads standard input).

    The report lists every law, how many independent ones there are, whether each depends on time, and how all of that is
    known. Exit code 3 when a count stays undecided, 2 for unusable input.
    """
    refuse_loss([output], specs, force)
    reports, codes = [], []
    for _, spec, code in read_all(specs):
        if spec is not None:
            reports.append(report_of(spec, seed))
            code = exit_of(reports[-1])
        codes.append(code)
    if reports:
        options = {"color": wants_color(output), "width": width(output), "ascii_only": wants_ascii(output)}
        write(render(reports, format_, expand=expand, **options), output)
    return worst(codes)

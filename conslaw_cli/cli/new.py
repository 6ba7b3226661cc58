"""conslaw new: a commented spec to start from."""

from __future__ import annotations

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import refuse_existing, write
from conslaw_cli.cli.specs import output_option
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.spec import new_spec


@click.command(
    epilog="""\b
Examples:
  conslaw new relu -o my_relu.toml
  conslaw new linear | conslaw report -
"""
)
@click.argument("architecture", type=click.Choice(list(ARCHITECTURES)), metavar="ARCHITECTURE")
@output_option
@click.option("--force", is_flag=True, help="Replace a FILE that exists.")
def new(architecture: str, output: str | None, force: bool) -> Exit:
    """Print a commented spec of an ARCHITECTURE (see `conslaw architectures`) to start from."""
    refuse_existing(output, force)
    write(new_spec(ARCHITECTURES[architecture]), output)
    return Exit.OK

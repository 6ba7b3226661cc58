"""conslaw completion: what a shell needs to complete commands, options and files."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import write

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog="""\b
Examples:
  conslaw completion bash >> ~/.bashrc
  conslaw completion zsh >> ~/.zshrc        (below the line with compinit)
  conslaw completion fish > ~/.config/fish/completions/conslaw.fish
"""
)
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@click.pass_context
def completion(context: click.Context, shell: str) -> Exit:
    """Print the completion script of a SHELL: bash, zsh or fish."""
    group = context.find_root().command
    write(get_completion_class(shell)(group, {}, "conslaw", "_CONSLAW_COMPLETE").source().lstrip("\n"), None)
    return Exit.OK

"""conslaw new: a commented spec to start from."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from conslaw_cli import hints
from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import refuse_existing, write
from conslaw_cli.cli.specs import output_option
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.problems import nearest, shortened
from conslaw_cli.spec import new_spec
from conslaw_cli.zoofiles import zoo, zoo_spec


class _Name(click.ParamType):
    """An architecture, or an entry of the zoo."""

    name = "NAME"

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> str:
        plain = value.removesuffix(".toml").replace("-", "_")
        if value in ARCHITECTURES or plain in zoo():
            return value if value in ARCHITECTURES else plain
        near = nearest(plain, (*ARCHITECTURES, *zoo()))
        hint = hints.hint_for(value, hints.ARCHITECTURES)
        meant = f" {hint};" if hint else f' did you mean "{near}"?' if near else ""
        self.fail(f"{shortened(value)!r} is not known;{meant} valid: {', '.join(ARCHITECTURES)}, and the zoo of `conslaw architectures`", param, context)

    def shell_complete(self, context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in (*ARCHITECTURES, *zoo()) if name.startswith(incomplete)]


@click.command(
    epilog="""\b
Examples:
  conslaw new relu -o my_relu.toml
  conslaw new attention -o attention.toml       a network of the zoo
  conslaw new linear | conslaw report -
"""
)
@click.argument("name", type=_Name(), metavar="NAME")
@output_option
@click.option("--force", is_flag=True, help="Replace a FILE that exists.")
def new(name: str, output: str | None, force: bool) -> Exit:
    """Print a commented spec to start from: NAME is an architecture or an entry of the zoo (see `conslaw architectures`)."""
    refuse_existing(output, force)
    write(new_spec(ARCHITECTURES[name]) if name in ARCHITECTURES else zoo_spec(name), output)
    return Exit.OK

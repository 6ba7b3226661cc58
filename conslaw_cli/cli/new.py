"""conslaw new: a commented spec to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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


class NameIn(click.ParamType):
    """A name of these groups; one of the zoo also with hyphens, or as its file is called."""

    name = "NAME"

    def __init__(self, *groups: Callable[[], Iterable[str]]) -> None:
        self.groups = groups

    @property
    def names(self) -> list[str]:
        return [name for group in self.groups for name in group()]

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> str:
        names, plain = self.names, value.removesuffix(".toml").replace("-", "_")
        if value in names or plain in names:
            return value if value in names else plain
        near, hint = nearest(plain, names), hints.hint_for(value, hints.ARCHITECTURES)
        meant = f" {hint};" if hint else f' did you mean "{near}"?' if near else ""
        self.fail(f"{shortened(value)!r} is not known;{meant} `conslaw architectures` lists what there is", param, context)

    def shell_complete(self, context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in self.names if name.startswith(incomplete)]


@click.command(
    epilog="""\b
Examples:
  conslaw new relu -o my_relu.toml
  conslaw new attention -o attention.toml       a network of the zoo
  conslaw new linear | conslaw report -
"""
)
@click.argument("name", type=NameIn(lambda: ARCHITECTURES, zoo), metavar="NAME")
@output_option
@click.option("--force", is_flag=True, help="Replace a FILE that exists.")
def new(name: str, output: str | None, force: bool) -> Exit:
    """Print a commented spec to start from: NAME is an architecture or an entry of the zoo (see `conslaw architectures`)."""
    refuse_existing(output, force)
    write(new_spec(ARCHITECTURES[name]) if name in ARCHITECTURES else zoo_spec(name), output)
    return Exit.OK

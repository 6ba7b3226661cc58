"""Where results and diagnostics go: results whole to stdout or a file, everything else to stderr."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from conslaw_cli.files import write_file
from conslaw_cli.spec import visible


class OutputError(click.ClickException):
    """A result that cannot be written."""

    exit_code = 2


def write(text: str, target: str | None) -> None:
    """Write a result to stdout, or to a file that appears whole or not at all. Raises OutputError."""
    if target is None or target == "-":
        click.echo(text, nl=not text.endswith("\n"), color=True)
        return
    try:
        write_file(Path(target), text if text.endswith("\n") else text + "\n")
    except OSError as error:
        name = visible(target)
        raise OutputError(f"{name}: cannot be written: {error.strerror}; name a file in a folder you may write to") from None


def complain(message: str) -> None:
    """A diagnostic on stderr, with control characters made visible."""
    click.echo("\n".join(map(visible, message.splitlines())), err=True)


def wants_color(target: str | None) -> bool:
    """Whether a result is styled: on a terminal, unless NO_COLOR is set."""
    return target in (None, "-") and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def width(target: str | None) -> int | None:
    """Columns of the terminal a result goes to; None elsewhere: lines are never folded in pipes."""
    if target in (None, "-") and sys.stdout.isatty():
        return os.get_terminal_size(sys.stdout.fileno()).columns
    return None

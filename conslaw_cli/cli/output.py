"""Where results and diagnostics go: results whole to stdout or a file, everything else to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import click

from conslaw_cli.cli.streams import OutputError
from conslaw_cli.files import is_special, write_file
from conslaw_cli.visible import visible


def write(text: str, target: str | None) -> None:
    """Write a result to stdout, or to a file that appears whole or not at all; into what is no regular file, straight.

    Raises OutputError.
    """
    if target is None or target == "-":
        click.echo(text, nl=not text.endswith("\n"), color=True)
        return
    try:
        write_file(Path(target), text if text.endswith("\n") else text + "\n")
    except BrokenPipeError:
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"{visible(target)}: cannot be written: {reason}; name a file in a folder you may write to") from None


def refuse_loss(targets: Iterable[str | None], inputs: Iterable[str], force: bool) -> None:
    """Refuse to write onto a file that is read ("-": standard input), by whatever name, onto any spec there is, and one file twice.

    Raises OutputError, before anything is computed for nothing.
    """
    targets = [target for target in targets if target not in (None, "-")]
    twice = next((t for k, t in enumerate(targets) if os.path.realpath(t) in map(os.path.realpath, targets[:k])), None)
    if twice is not None and not is_special(twice):
        raise OutputError(f"{visible(twice)}: is named for two outputs; name a file for each")
    files = [target for target in targets if os.path.isfile(target)]
    if force or not files:
        return
    read = [found for path in inputs if (found := _stat(0 if path == "-" else path)) is not None]
    for file in files:
        if any(os.path.samestat(os.stat(file), one) for one in read):
            raise OutputError(f"{visible(file)}: is what is read; name another file, or use --force to replace it")
        if file.endswith(".toml"):
            refuse_existing(file, force)


def refuse_existing(target: str | None, force: bool) -> None:
    """Refuse to write onto any file that is there. Raises OutputError."""
    if not force and target is not None and os.path.isfile(target):
        raise OutputError(f"{visible(target)}: exists already; name another file, or use --force to replace it")


def _stat(path: str | int) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def complain(message: str) -> None:
    """A diagnostic on stderr, with control characters made visible."""
    click.echo("\n".join(map(visible, message.split("\n"))), err=True)


def is_live(stream: TextIO) -> bool:
    """Whether a stream is a terminal that knows colours and moves its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wants_color(target: str | None) -> bool:
    """Whether a result is styled: on a terminal that can, unless NO_COLOR is set."""
    return target in (None, "-") and is_live(sys.stdout) and not os.environ.get("NO_COLOR")


def wants_ascii(target: str | None) -> bool:
    """Whether a result must be ASCII: on a terminal of another encoding than UTF-8."""
    return target in (None, "-") and getattr(sys.stdout, "ascii_only", False)


def width(target: str | None) -> int | None:
    """Columns of the terminal a result goes to; None elsewhere: lines are never folded in pipes."""
    if target in (None, "-") and sys.stdout.isatty():
        return os.get_terminal_size(sys.stdout.fileno()).columns
    return None

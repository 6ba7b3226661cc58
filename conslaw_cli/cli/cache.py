"""conslaw cache: what the cache of results holds, and emptying it. Also the options of commands that use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from conslaw_cli.batch.cache import LIMIT, Cache, default_folder
from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import OutputError, complain, write
from conslaw_cli.spec import visible

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")

_cache_dir = click.option(
    "--cache-dir", metavar="DIR", help="Where results are kept; default: conslaw in the user's cache folder."
)


def cache_options(command: Callable) -> Callable:
    """--cache-dir and --no-cache."""
    return _cache_dir(click.option("--no-cache", is_flag=True, help="Compute everything, keep nothing.")(command))


def opened_cache(cache_dir: str | None, no_cache: bool) -> Cache | None:
    """The cache that the options ask for; it complains of trouble with writing."""
    return None if no_cache else Cache(Path(cache_dir) if cache_dir else default_folder(), complain)


def shown_size(size: int) -> str:
    """Bytes as people read them: 512 bytes, 1.5 MiB."""
    power = min((max(size, 1).bit_length() - 1) // 10, len(_UNITS) - 1)
    return f"{size} {_UNITS[0]}" if power == 0 else f"{size / 1024**power:.1f} {_UNITS[power]}"


@click.group(
    epilog="""\b
Examples:
  conslaw cache info
  conslaw cache clear --cache-dir kept
"""
)
def cache() -> None:
    """Show or empty the cache of results that `batch` and `check` keep.

    It takes at most 1 GiB: what was not used for longest goes first. Results of another version of conslaw are never used.
    """


@cache.command()
@_cache_dir
def info(cache_dir: str | None) -> Exit:
    """Show the folder, how many results it has, and the bytes they take."""
    found = opened_cache(cache_dir, False)
    try:
        contents = found.contents()
    except OSError as error:
        raise _unusable(found, "read", error) from None
    write(
        f"folder    {visible(str(found.folder))}\nresults   {contents.number}\n"
        f"bytes     {contents.size} ({shown_size(contents.size)} of at most {shown_size(LIMIT)})",
        None,
    )
    return Exit.OK


@cache.command()
@_cache_dir
def clear(cache_dir: str | None) -> Exit:
    """Remove all results, and nothing else that may be in the folder."""
    found = opened_cache(cache_dir, False)
    try:
        removed = found.clear()
    except OSError as error:
        raise _unusable(found, "emptied", error) from None
    number = "1 result" if removed.number == 1 else f"{removed.number} results"
    write(f"{visible(str(found.folder))}: removed {number}, {shown_size(removed.size)}", None)
    return Exit.OK


def _unusable(found: Cache, what: str, error: OSError) -> OutputError:
    return OutputError(f"{visible(str(found.folder))}: cannot be {what} ({error.strerror}); check its permissions")

"""Files that appear whole or not at all, and the temporary names they have until then; devices and pipes are written straight."""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_TEMPORARY = re.compile(r"\.conslaw-[0-9a-f]{32}\.tmp")
_DESCRIPTOR = re.compile(r"/dev/(?:fd/(\d{1,9})|stdout|(stderr))|/proc/self/fd/(\d{1,9})")
_STALE = 3600
"""Seconds after which a temporary file belongs to a process that was killed."""


def write_file(path: Path, content: str | bytes) -> None:
    """Write, text as UTF-8, to a temporary name in the same folder, then rename. Links are followed, modes kept. Raises OSError.

    However it ends short of a kill, nothing but the file itself is left. Into what is no regular file, such as a pipe, it writes straight.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if (number := _descriptor(str(path))) is not None:
        sys.stdout.flush()
        _write_straight(os.dup(number), data)
    elif is_special(path):
        _write_straight(os.open(path, os.O_WRONLY), data)
    else:
        _replace(path.resolve(), data)


def is_special(path: str | Path) -> bool:
    """Whether there is a device, a pipe or a socket of this name, which must be written and never replaced."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _descriptor(path: str) -> int | None:
    """The number of an open file that is named as such: /dev/stdout, or /dev/fd/63 for a process substitution."""
    found = _DESCRIPTOR.fullmatch(path)
    if not found or os.name != "posix":
        return None
    number = found[1] or found[3]
    return int(number) if number else 2 if found[2] else 1


def _write_straight(handle: int, data: bytes) -> None:
    with open(handle, "wb") as file:
        file.write(data)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.parent / f".conslaw-{secrets.token_hex(16)}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that ``write_file`` had not finished."""
    return _TEMPORARY.fullmatch(name) is not None


def files_below(folder: Path) -> Iterator[os.DirEntry]:
    """The regular files in a folder and its folders, links neither followed nor given; nothing where there is no folder."""
    if folder.is_symlink():
        return
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield entry


def remove_leftovers(entries: Iterator[os.DirEntry], age: float = _STALE) -> None:
    """Remove the temporary files of processes that were killed long ago, and nothing else. Raises OSError."""
    for entry in entries:
        try:
            if is_temporary(entry.name) and entry.stat(follow_symlinks=False).st_mtime <= time.time() - age:
                os.unlink(entry.path)
        except FileNotFoundError:
            continue

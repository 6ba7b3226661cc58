"""Files that appear whole or not at all, and the temporary names they have until then."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

_TEMPORARY = re.compile(r"\.conslaw-[0-9a-f]{32}\.tmp")
_STALE = 3600
"""Seconds after which a temporary file belongs to a process that was killed."""


def write_file(path: Path, content: str | bytes) -> None:
    """Write, text as UTF-8, to a temporary name in the same folder, then rename. Links are followed, modes kept. Raises OSError.

    However it ends short of a kill, nothing but the file itself is left.
    """
    path = path.resolve()
    temporary = path.parent / f".conslaw-{secrets.token_hex(16)}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
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

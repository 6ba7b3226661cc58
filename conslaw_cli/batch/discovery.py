"""The specs below files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import PurePath

from conslaw_cli.visible import visible


class DiscoveryError(Exception):
    """Paths that name no specs; ``str()`` has a line for each."""


def discover(paths: Iterable[str], include: Iterable[str] = (), exclude: Iterable[str] = ()) -> list[str]:
    """Every file given, and every ``*.toml`` below the folders given: each once, in the order of paths, sorted in a folder.

    Hidden files and folders in a folder are skipped, as is what is no file (a pipe, a device), and links to folders are
    not followed. ``include`` and ``exclude`` are
    patterns such as ``relu_*`` or ``paper/*`` for a file's name or its path within the folder; files given by name are taken
    whatever they are called. Raises DiscoveryError when a path does not exist or a folder cannot be read or holds no spec.
    """
    chosen, left_out = tuple(include), tuple(exclude)
    found: dict[str, None] = {}
    problems = []
    for path in paths:
        if not os.path.isdir(path):
            if not os.path.exists(path):
                problems.append(f"{visible(path)}: no such file or folder; check the path")
            found[os.path.normpath(path)] = None
            continue
        try:
            files = [file for file in _below(path) if _wanted(os.path.relpath(file, path), chosen, left_out)]
        except OSError as error:
            problems.append(f"{visible(error.filename)}: cannot be read ({error.strerror}); check its permissions")
            continue
        if not files:
            problems.append(f"{visible(path)}: holds no spec (*.toml) that is wanted; check the path and the patterns")
        found.update(dict.fromkeys(files))
    if problems:
        raise DiscoveryError("\n".join(problems))
    return list(found)


def _below(folder: str) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise error

    for root, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.normpath(os.path.join(root, name))
            if name.endswith(".toml") and not name.startswith(".") and not _is_special(path):
                yield path


def _is_special(path: str) -> bool:
    """Whether a path is there and neither a file nor a folder: reading a pipe may never end."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _wanted(relative: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    names = (os.path.basename(relative), PurePath(relative).as_posix())

    def matches(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    return (not include or matches(include)) and not matches(exclude)

"""Results kept by content: a file for each, named by the task's key, written to a temporary name and renamed.

A file has a line with the key, what a summary needs and the hash of the rest, and then the report. What does not fit
together is no result: a damaged file is passed over and written anew. The key holds the version, so results of another
version are never found.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from conslaw_cli.batch.tasks import Result, Task
from conslaw_cli.files import write_file


def default_folder() -> Path:
    """The user's cache folder: $XDG_CACHE_HOME/conslaw, by default ~/.cache/conslaw."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path("~/.cache").expanduser()) / "conslaw"


class Cache:
    """Safe for several processes at once. Trouble with writing is told once through ``warn``; nothing is lost by it."""

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self._folder, self._warn = folder / "results", warn
        self._writable = True

    def get(self, task: Task) -> Result | None:
        """The result of a task, if it is there and whole."""
        try:
            head, _, body = self._path(task.key).read_bytes().partition(b"\n")
            known = json.loads(head)
            if known["key"] == task.key and known["sha256"] == _sha256(known["facts"], body):
                return Result(task.key, known["facts"], body.decode(), known["seconds"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            pass
        return None

    def put(self, result: Result) -> None:
        """Keep a result, unless a limit or a bug ended the analysis."""
        if not self._writable or result.stopped or result.crash:
            return
        body = result.body.encode()
        known = {
            "key": result.key,
            "facts": result.facts,
            "seconds": result.seconds,
            "sha256": _sha256(result.facts, body),
        }
        path = self._path(result.key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, json.dumps(known) + "\n" + result.body)
        except OSError as error:
            self._writable = False
            reason = error.strerror or type(error).__name__
            self._warn(
                f"{self._folder.parent}: results cannot be cached ({reason}); choose another --cache-dir, or --no-cache"
            )

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.json"


def _sha256(facts: dict, body: bytes) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode() + b"\n" + body).hexdigest()

"""Results kept by content: a file for each, named by the task's key, written to a temporary name and renamed.

A file has a line with the key, what a summary needs and the hash of the rest, and then the report. What does not fit
together is no result: a damaged file is passed over and written anew. The key holds the version, so results of another
version are never found. They go when the cache is full: what was not used for longest first.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conslaw_cli.batch.tasks import Result, Task
from conslaw_cli.files import files_below, remove_leftovers, write_file

LIMIT = 1 << 30
"""Bytes that the results of a cache may take."""
_KEPT = 0.75
"""Part of the limit that is left when a cache was too full, so that it is not looked through all the time."""
_RESULTS, _SIZE = "results", ".conslaw-size"
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}\.json")


def default_folder() -> Path:
    """The user's cache folder, such as ~/.cache/conslaw; $XDG_CACHE_HOME, where it is an absolute path, comes first everywhere."""
    from platformdirs import user_cache_path

    base = os.environ.get("XDG_CACHE_HOME", "")
    return Path(base) / "conslaw" if os.path.isabs(base) else user_cache_path("conslaw", appauthor=False)


@dataclass(frozen=True)
class Contents:
    """How many results a cache has, and the bytes they take."""

    number: int
    size: int


class Cache:
    """Safe for several processes at once. Trouble with writing is told once through ``warn``; nothing is lost by it."""

    def __init__(self, folder: Path, warn: Callable[[str], None] = lambda message: None, limit: int = LIMIT) -> None:
        self.folder, self.limit = folder, limit
        self._warn, self._warned = warn, False
        self._written = 0

    def get(self, task: Task) -> Result | None:
        """The result of a task, if it is there and whole."""
        path = self._path(task.key)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            known = json.loads(head)
            if known["key"] == task.key and known["sha256"] == _sha256(known["facts"], body):
                result = Result(task.key, known["facts"], body.decode(), known["seconds"])
                _note_use(path)
                return result
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            pass
        return None

    def put(self, result: Result) -> None:
        """Keep a result, unless a limit or a bug ended the analysis."""
        if result.stopped or result.crash:
            return
        known = {
            "key": result.key,
            "facts": result.facts,
            "seconds": result.seconds,
            "sha256": _sha256(result.facts, result.body.encode()),
        }
        text, path = json.dumps(known) + "\n" + result.body, self._path(result.key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, text)
        except OSError as error:
            self._tell(error)
            return
        self._written += len(text.encode())
        if self._written > self.limit / 16:
            self.settle()

    def settle(self) -> None:
        """Count what was written since the last time; when that makes too much, remove what was not used for longest."""
        if not self._written:
            return
        written, self._written = self._written, 0
        try:
            known = self._known_size()
            size = self.contents().size if known is None else known + written
            if size > self.limit:
                size = self._prune()
            write_file(self.folder / _RESULTS / _SIZE, f"{size}\n")
        except OSError as error:
            self._tell(error)

    def contents(self) -> Contents:
        """What there is now. Raises OSError."""
        sizes = [status.st_size for _, status in self._results()]
        return Contents(len(sizes), sum(sizes))

    def clear(self) -> Contents:
        """Remove every result, and nothing that is not ours; says what was removed. Raises OSError."""
        removed = [status.st_size for path, status in self._results() if _unlinked(path)]
        remove_leftovers(files_below(self.folder / _RESULTS), age=0)
        (self.folder / _RESULTS / _SIZE).unlink(missing_ok=True)
        self._remove_empty_folders()
        return Contents(len(removed), sum(removed))

    def _prune(self) -> int:
        """The bytes that are left."""
        remove_leftovers(files_below(self.folder / _RESULTS))
        by_use = sorted(self._results(), key=lambda found: found[1].st_mtime)
        size = sum(status.st_size for _, status in by_use)
        for path, status in by_use:
            if size <= _KEPT * self.limit:
                break
            size -= status.st_size
            _unlinked(path)
        return size

    def _results(self) -> Iterator[tuple[str, os.stat_result]]:
        """Path and status of every file that holds a result, by its name."""
        for entry in files_below(self.folder / _RESULTS):
            if _NAME.fullmatch(Path(entry.path).relative_to(self.folder / _RESULTS).as_posix()):
                try:
                    yield entry.path, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue

    def _remove_empty_folders(self) -> None:
        results = self.folder / _RESULTS
        if results.is_symlink() or not results.is_dir():
            return
        for path in (*(results / f"{number:02x}" for number in range(256)), results):
            try:
                path.rmdir()
            except OSError:
                continue

    def _known_size(self) -> int | None:
        try:
            return int((self.folder / _RESULTS / _SIZE).read_bytes()[:20])
        except (OSError, ValueError):
            return None

    def _tell(self, error: OSError) -> None:
        if self._warned:
            return
        self._warned = True
        reason = error.strerror or type(error).__name__
        self._warn(f"{self.folder}: results cannot be cached ({reason}); choose another --cache-dir, or --no-cache")

    def _path(self, key: str) -> Path:
        return self.folder / _RESULTS / key[:2] / f"{key[2:]}.json"


def _note_use(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        return


def _unlinked(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _sha256(facts: dict, body: bytes) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode() + b"\n" + body).hexdigest()

"""How far something is, on stderr: a live line in a terminal, otherwise a line now and then so that CI sees a sign of life."""

from __future__ import annotations

import threading
import time
from typing import TextIO

from conslaw_cli.batch.rows import Row

HEARTBEAT = 20.0
"""Seconds between two lines where there is no terminal."""
_REFRESH = 0.25
_BAR = 24


class LiveLine:
    """A context that shows ``text()`` on one line of a terminal, again and again, after some seconds of patience.

    Whoever else writes to the terminal meanwhile first calls ``clear``.
    """

    def __init__(self, stream: TextIO, columns: int, patience: float) -> None:
        self._stream, self._columns, self._patience = stream, columns, patience
        self._start, self._over, self._shown = time.monotonic(), threading.Event(), False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def text(self) -> str:
        """What there is to say now."""
        raise NotImplementedError

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._start

    def __enter__(self) -> LiveLine:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()
        self.clear()

    def clear(self) -> None:
        """Take the line away until it is shown again."""
        with self._lock:
            if self._shown:
                self._show("\r\x1b[K")
                self._shown = False

    def _beat(self) -> None:
        wait = min(self._patience, threading.TIMEOUT_MAX)
        while not self._over.wait(wait):
            wait = _REFRESH
            with self._lock:
                self._show(f"\r{self.text()[: self._columns - 1]}\x1b[K")
                self._shown = True

    def _show(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._over.set()


class Progress(LiveLine):
    """Counts cases that are done; a context manager that shows them while it is entered."""

    def __init__(self, total: int, stream: TextIO, live: bool, columns: int = 80, heartbeat: float = HEARTBEAT) -> None:
        super().__init__(stream, columns, _REFRESH if live else heartbeat)
        self.total, self.done, self.failed, self.computed = total, 0, 0, 0
        self._live, self._heartbeat = live, heartbeat

    def count(self, row: Row, computed: bool) -> None:
        """One more case is done."""
        self.done += 1
        self.computed += computed
        self.failed += row.expect not in ("ok", "unchecked")

    def text(self) -> str:
        filled = _BAR * self.done // max(1, self.total)
        return f"[{'#' * filled}{'.' * (_BAR - filled)}] {self.line()}"

    def line(self) -> str:
        """Specs done, failed and time left, in words."""
        failed = f", {self.failed} not ok" if self.failed else ""
        return f"{self.done} of {self.total} done{failed}{self._left()}"

    def _left(self) -> str:
        """What it should take from here, as long as the rest is like what was computed so far."""
        if not self.computed or self.done >= self.total:
            return ""
        return f", about {duration(self.elapsed / self.computed * (self.total - self.done))} left"

    def _beat(self) -> None:
        if self._live:
            return super()._beat()
        while not self._over.wait(self._heartbeat):
            self._show(f"conslaw batch: {self.line()} after {duration(self.elapsed)}\n")


def duration(seconds: float) -> str:
    """Seconds as people write them: 41 s, 3:07 min, 2:05 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"

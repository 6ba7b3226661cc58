"""How far a batch is, on stderr: a live bar in a terminal, otherwise a line now and then so that CI sees a sign of life."""

from __future__ import annotations

import threading
import time
from typing import TextIO

from conslaw_cli.batch.rows import Row

HEARTBEAT = 20.0
"""Seconds between two lines where there is no terminal."""
_REFRESH = 0.25
_BAR = 24


class Progress:
    """Counts cases that are done; a context manager that shows them while it is entered."""

    def __init__(self, total: int, stream: TextIO, live: bool, columns: int = 80, heartbeat: float = HEARTBEAT) -> None:
        self.total, self.done, self.failed, self.computed = total, 0, 0, 0
        self._stream, self._live, self._columns = stream, live, columns
        self._interval = _REFRESH if live else heartbeat
        self._start, self._over = time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()
        if self._live:
            self._show("\r\x1b[K")

    def count(self, row: Row, computed: bool) -> None:
        """One more case is done."""
        self.done += 1
        self.computed += computed
        self.failed += row.expect not in ("ok", "unchecked")

    def line(self) -> str:
        """Specs done, failed and time left, in words."""
        failed = f", {self.failed} not ok" if self.failed else ""
        return f"{self.done} of {self.total} done{failed}{self._left()}"

    def _left(self) -> str:
        """What it should take from here, as long as the rest is like what was computed so far."""
        if not self.computed or self.done >= self.total:
            return ""
        elapsed = time.monotonic() - self._start
        return f", about {duration(elapsed / self.computed * (self.total - self.done))} left"

    def _beat(self) -> None:
        while not self._over.wait(self._interval):
            if not self._live:
                self._show(f"conslaw batch: {self.line()} after {duration(time.monotonic() - self._start)}\n")
                continue
            filled = _BAR * self.done // max(1, self.total)
            text = f"[{'#' * filled}{'.' * (_BAR - filled)}] {self.line()}"
            self._show(f"\r{text[: self._columns - 1]}\x1b[K")

    def _show(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._over.set()


def duration(seconds: float) -> str:
    """Seconds as people write them: 41 s, 3:07 min, 2:05 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"

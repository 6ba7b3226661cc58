"""A sign of life on a terminal's stderr while one spec takes long: the dimension that the trace has reached."""

from __future__ import annotations

import sys
import time

from conslaw_cli.cli.output import is_live
from conslaw_cli.spec import visible

PATIENCE = 1.0
"""Seconds before the first sign, and between signs."""


class SignOfLife:
    """Used as a context it gives a listener for the engine, and removes its line at the end. Silent without a terminal."""

    def __init__(self, name: str) -> None:
        self._name, self._last, self._shown = visible(name), time.monotonic(), False

    def __enter__(self) -> SignOfLife:
        return self

    def __call__(self, dimension: int) -> None:
        now = time.monotonic()
        if now - self._last >= PATIENCE and is_live(sys.stderr):
            self._last, self._shown = now, True
            sys.stderr.write(f"\r\x1b[K{self._name}: its trace has at least dimension {dimension}")
            sys.stderr.flush()

    def __exit__(self, *exception: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

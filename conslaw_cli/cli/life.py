"""A sign of life on a terminal's stderr while something takes long: what is being done, how far it is, and for how long."""

from __future__ import annotations

import os
import sys
import time

from conslaw_cli.batch.progress import LiveLine, duration
from conslaw_cli.cli.output import is_live
from conslaw_cli.steps import Step
from conslaw_cli.visible import visible

PATIENCE = 2.0
"""Seconds before the first sign."""


def columns_of_stderr() -> int:
    """The width of the terminal that stderr is, 0 where it is none that can rewrite a line."""
    if not is_live(sys.stderr):
        return 0
    return os.get_terminal_size(sys.stderr.fileno()).columns or 80


class SignOfLife(LiveLine):
    """A listener of the engine, and a context that shows what it hears. Silent without a terminal."""

    def __init__(self, name: str = "") -> None:
        columns = columns_of_stderr()
        super().__init__(sys.stderr, columns, PATIENCE if columns else float("inf"))
        self.name, self._step = name, Step("starting")

    def begin(self, name: str) -> None:
        """What follows is about something else."""
        self.name, self._step, self._start = name, Step("starting"), time.monotonic()

    def __call__(self, step: Step) -> None:
        self._step = step

    def text(self) -> str:
        name = f"{visible(self.name)}: " if self.name else ""
        return f"{name}{self._step} · {duration(self.elapsed)}"

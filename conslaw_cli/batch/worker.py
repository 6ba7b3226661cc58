"""A worker process: reads tasks from standard input, a line of JSON each, and writes what comes of them to standard output.

Messages are {"ready": true} once all that an analysis needs is loaded, {"known": {"dimension": d, "laws": q}} as bounds get
better, and a Result. A worker that runs out of memory says {"memory": true} and ends; all end when their standard input
does, also in the middle of a task.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict

from conslaw_cli.batch.tasks import Result, Task, to_line
from conslaw_cli.steps import Known, Listener, Step, nobody

MODEL = {"architecture": "linear", "widths": [2, 2, 2], "bias": "none"}
WARM_UP = {"model": MODEL}
WARM_UP_ALL = {"model": MODEL, "dynamics": {"kind": "momentum", "damping": "3/t"}}
"""The tables of small specs that have laws; only the second one needs SymPy, which takes long to load."""
MEMORY = "--memory"
"""The argument of a worker whose tasks have a limit on memory."""
OFTEN = 0.1
"""Seconds between two messages about what is known."""


class _Channel:
    """The way back to the batch; whatever else is printed goes nowhere."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        self.begin()

    def send(self, message: dict) -> None:
        self._out.write(to_line(message))
        self._out.flush()

    def begin(self) -> None:
        """What follows is about another task."""
        self._known, self._said, self._told = Known(), (0, 0), time.monotonic()

    def hear(self, step: Step) -> None:
        """Passes on now and then what is known."""
        self._known(step)
        known = self._known.dimension, self._known.laws
        if known != self._said and time.monotonic() - self._told >= OFTEN:
            self._said, self._told = known, time.monotonic()
            self.send({"known": {"dimension": known[0], "laws": known[1]}})


def main() -> None:
    """Serve until standard input ends."""
    import json

    channel = _Channel()
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    from conslaw_cli.batch.engine import analysed

    _warm_up(analysed, WARM_UP_ALL if sys.argv[2:] == [MEMORY] else WARM_UP)
    channel.send({"ready": True})
    while True:
        request = json.loads(lines.get())
        task = Task(**request["task"])
        channel.begin()
        try:
            limit_memory(request["memory"])
            result = analysed(task, channel.hear)
            limit_memory(None)
            channel.send(asdict(result))
        except MemoryError:
            limit_memory(None)
            channel.send({"memory": True})
            os._exit(0)


def _warm_up(analysed: Callable[[Task, Listener], Result], tables: dict) -> None:
    """Load what an analysis loads when it needs it (python-flint, the buffers of BLAS), so that no case is charged with it."""
    import flint
    import numpy as np

    np.ones((256, 256)) @ np.ones((256, 256))
    flint.fmpz_mat([[2, 1], [1, 2]]).lll()
    analysed(Task("", tables, 0), nobody)


def _read(lines: queue.SimpleQueue) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(0)


def limit_memory(mebibytes: int | None) -> None:
    """Let this process have so much more address space than it has now; where the system cannot tell, do nothing."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = hard if mebibytes is None else pages * resource.getpagesize() + (mebibytes << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard) if most >= 0 else hard, hard))
    except (ImportError, OSError, ValueError):
        return

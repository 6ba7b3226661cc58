"""A worker process: reads tasks from standard input, a line of JSON each, and writes what comes of them to standard output.

Messages are {"ready": true} once the engine is imported, {"dimension": d} as a trace grows, and a Result. A worker that
runs out of memory says {"memory": true} and ends; all end when their standard input does, also in the middle of a task.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from dataclasses import asdict

from conslaw_cli.batch.tasks import Task, to_line

OFTEN = 0.1
"""Seconds between two messages about a growing trace."""


class _Channel:
    """The way back to the batch; whatever else is printed goes nowhere."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        self._told = time.monotonic()
        self._most = 0

    def send(self, message: dict) -> None:
        self._out.write(to_line(message))
        self._out.flush()

    def begin(self) -> None:
        self._told, self._most = time.monotonic(), 0

    def hear(self, dimension: int) -> None:
        """Passes on a dimension now and then."""
        if dimension > self._most and time.monotonic() - self._told >= OFTEN:
            self._told, self._most = time.monotonic(), dimension
            self.send({"dimension": dimension})


def main() -> None:
    """Serve until standard input ends."""
    import json

    channel = _Channel()
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    from conslaw_cli.batch.engine import analysed, stopped

    channel.send({"ready": True})
    while True:
        request = json.loads(lines.get())
        task = Task(**request["task"])
        if request["stopped"]:
            channel.send(asdict(stopped(task, **request["stopped"])))
            continue
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


def _read(lines: queue.SimpleQueue) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(0)


def limit_memory(megabytes: int | None) -> None:
    """Let this process have so much more address space than it has now; where the system cannot tell, do nothing."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = hard if megabytes is None else pages * resource.getpagesize() + (megabytes << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard) if most >= 0 else hard, hard))
    except (ImportError, OSError, ValueError):
        return

"""One worker process as the batch sees it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from conslaw_cli.batch.tasks import Limits, Task, to_line

Inbox = queue.SimpleQueue
"""Of pairs (worker, message); the message None says that the worker has ended."""

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
_START = "import sys; sys.path.append(sys.argv[1]); from conslaw_cli.batch.worker import main; main()"
"""Finds this package wherever it lies, and nothing in the working directory (-P)."""

WRAP_UP = 10.0
"""Seconds for writing down what is known of a job that was stopped."""


@dataclass(frozen=True)
class Job:
    """A task and how far it came: tries that ended with a worker's death, or the limit that ended it and what was known."""

    task: Task
    tries: int = 0
    stopped: dict | None = None


class Worker:
    """A process that is started once and given one job after another. Its messages arrive in the inbox."""

    def __init__(self, inbox: Inbox, limits: Limits) -> None:
        self.limits, self.job, self.ready, self.dimension = limits, None, False, 0
        self.started = self.deadline = 0.0
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(inbox,), daemon=True).start()

    def give(self, job: Job) -> None:
        """Have a job done; a worker that has died meanwhile is heard of through the inbox."""
        self.job, self.dimension, self.started = job, 0, time.monotonic()
        patience = self.limits.timeout or float("inf")
        self.deadline = self.started + (max(patience, WRAP_UP) if job.stopped else patience)
        request = {"task": asdict(job.task), "memory": self.limits.memory, "stopped": job.stopped}
        try:
            self._process.stdin.write(to_line(request))
            self._process.stdin.flush()
        except OSError:
            pass

    @property
    def idle(self) -> bool:
        return self.ready and self.job is None

    @property
    def overdue(self) -> bool:
        return self.job is not None and time.monotonic() >= self.deadline

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        try:
            self._process.stdin.close()
        except OSError:
            pass

    def _listen(self, inbox: Inbox) -> None:
        with self._process.stdout as lines:
            for line in lines:
                if not line.endswith("\n"):
                    break
                inbox.put((self, json.loads(line)))
        inbox.put((self, None))

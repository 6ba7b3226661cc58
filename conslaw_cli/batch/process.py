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

from conslaw_cli.batch.tasks import RunLimits, Task, to_line
from conslaw_cli.batch.worker import MEMORY

_ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Each worker has one core, whatever library NumPy multiplies with."""

Inbox = queue.SimpleQueue
"""Of pairs (worker, message); the message None says that the worker has ended."""

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
_START = "import sys; sys.path.append(sys.argv[1]); from conslaw_cli.batch.worker import main; main()"
"""Finds this package wherever it lies, and nothing in the working directory (-P)."""


NOTHING = {"dimension": 0, "laws": 0}
"""What is known of a job that was just begun."""


@dataclass(frozen=True)
class Job:
    """A task and how many tries ended with a worker's death."""

    task: Task
    tries: int = 0


class Worker:
    """A process that is started once and given one job after another. Its messages arrive in the inbox."""

    def __init__(self, inbox: Inbox, limits: RunLimits) -> None:
        self.limits, self.job, self.ready, self.known = limits, None, False, NOTHING
        self.started = self.deadline = 0.0
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, _ROOT, *([] if limits.memory is None else [MEMORY])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD},
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(inbox,), daemon=True).start()

    def give(self, job: Job) -> None:
        """Have a job done; a worker that has died meanwhile is heard of through the inbox."""
        self.job, self.known, self.started = job, NOTHING, time.monotonic()
        self.deadline = self.limits.deadline(self.started)
        request = {"task": asdict(job.task), "memory": self.limits.memory}
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

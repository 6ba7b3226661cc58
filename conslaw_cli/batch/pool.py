"""Worker processes that share tasks: started once, reused, replaced when they die or a task is over its limits."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from conslaw_cli.batch.alarm import TimeUp, alarm
from conslaw_cli.batch.process import Inbox, Job, Worker
from conslaw_cli.batch.tasks import NO_LIMITS, RunLimits, PoolError, Result, Task

MOST_TRIES = 2
"""Workers a task may lose before it is given up."""
MOST_STILLBORN = 3
"""Workers that may die before they are ready, one after another."""
WRAP_UP = 2.0
"""Seconds for putting together what is known of a job that was stopped; it takes milliseconds."""


class Pool:
    """At most ``jobs`` worker processes. The result of a task does not depend on how many there are."""

    def __init__(self, jobs: int, limits: RunLimits = NO_LIMITS) -> None:
        self.jobs, self.limits = jobs, limits
        self._inbox: Inbox = queue.SimpleQueue()
        self._workers: list[Worker] = []
        self._waiting: deque[Job] = deque()
        self._stillborn = 0

    def run(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """The results, each as soon as it is there. Raises PoolError. Workers are gone when the iterator is."""
        self._waiting.extend(map(Job, tasks))
        try:
            while self._waiting or any(worker.job for worker in self._workers):
                if self.limits.over:
                    yield from self._stop_all()
                    return
                self._employ()
                yield from self._next()
        finally:
            for worker in self._workers:
                worker.kill()
            self._workers.clear()

    def _employ(self) -> None:
        """Give jobs to idle workers, and start as many more as there is work for."""
        for worker in self._workers:
            if worker.idle and self._waiting:
                worker.give(self._waiting.popleft())
        starting = sum(not worker.ready for worker in self._workers)
        while len(self._workers) < self.jobs and starting < len(self._waiting):
            self._workers.append(Worker(self._inbox, self.limits))
            starting += 1

    def _next(self) -> list[Result]:
        """Wait for a message or a deadline, and for the results it may bring."""
        soonest = min((worker.deadline for worker in self._workers if worker.job), default=self.limits.ends)
        wait = None if soonest == float("inf") else max(0.0, soonest - time.monotonic())
        try:
            worker, message = self._inbox.get(timeout=wait)
        except queue.Empty:
            return self._stop([worker for worker in self._workers if worker.overdue])
        result = self._heard(worker, message) if worker in self._workers else None
        return [] if result is None else [result]

    def _stop(self, workers: list[Worker]) -> list[Result]:
        """The results of workers whose time is up."""
        for worker in workers:
            self._dismiss(worker)
        return [_stopped(worker, self.limits.reason(worker.started)) for worker in workers]

    def _stop_all(self) -> Iterator[Result]:
        """The results of all that was not done when the time of the whole run was up."""
        yield from self._stop([worker for worker in self._workers if worker.job])
        for job in self._waiting:
            yield Result(job.task.key, stopped=self.limits.not_begun())
        self._waiting.clear()

    def _heard(self, worker: Worker, message: dict | None) -> Result | None:
        if message is None:
            return self._lost(worker)
        if "ready" in message:
            worker.ready, self._stillborn = True, 0
        elif "known" in message:
            worker.known = message["known"]
        elif "memory" in message:
            self._dismiss(worker)
            memory = self.limits.memory
            return _stopped(worker, f"more than {memory} MiB needed (--memory)" if memory else "out of memory")
        else:
            worker.job = None
            return Result(**message)
        return None

    def _lost(self, worker: Worker) -> Result | None:
        """A worker died by itself: somebody killed it, or it ran out of memory where Python could not tell."""
        self._dismiss(worker)
        if worker.job is None:
            self._stillborn += not worker.ready
            if self._stillborn >= MOST_STILLBORN:
                raise PoolError(
                    "worker processes end before they are ready; check the installation and the free memory"
                )
            return None
        if worker.job.tries + 1 < MOST_TRIES:
            self._waiting.appendleft(replace(worker.job, tries=worker.job.tries + 1))
            return None
        if self.limits.memory is None:
            return Result(
                worker.job.task.key, crash=f"{MOST_TRIES} worker processes died of it; --memory keeps one within bounds"
            )
        return _stopped(
            worker, f"its worker process died, most likely for want of memory (--memory {self.limits.memory})"
        )

    def _dismiss(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.kill()


def _stopped(worker: Worker, reason: str) -> Result:
    """What is known of a job that came to a limit, put together here."""
    from conslaw_cli.batch.engine import stopped

    task, seconds = worker.job.task, worker.seconds
    try:
        with alarm(WRAP_UP):
            return stopped(task, reason, **worker.known, seconds=seconds)
    except (TimeUp, Exception):
        return Result(task.key, stopped=reason, seconds=seconds)

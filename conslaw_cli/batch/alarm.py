"""A limit on the time that something takes in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_AGAIN = 0.2
"""Seconds between two alarms, for code that swallowed the first."""


class TimeUp(BaseException):
    """The time is up. No ``Exception``: code that catches those must not go on."""


def can_ring() -> bool:
    """Whether there are alarms: on POSIX systems, in the main thread."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raises TimeUp in what runs within it when the seconds are over, as soon as no single call of a library runs."""
    if seconds == float("inf") or not can_ring():
        yield
        return
    active = True

    def ring(number: int, frame: object) -> None:
        if active:
            raise TimeUp

    previous = signal.signal(signal.SIGALRM, ring)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6), _AGAIN)
            yield
        finally:
            active = False
    finally:
        active = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)

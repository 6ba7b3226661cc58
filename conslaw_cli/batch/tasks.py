"""A task, which a worker is given, and what comes back: plain data that travels between processes and machines as JSON."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from conslaw_cli.spec import Spec, normalised
from conslaw_cli.version import __version__


@dataclass(frozen=True)
class Task:
    """One analysis. ``key`` stands for everything the result depends on: normalised spec, seed and version."""

    key: str
    tables: dict
    seed: int


@dataclass(frozen=True)
class Result:
    """What came of a task.

    ``facts`` is what a summary needs of the report, ``body`` the JSON report with an empty name. ``stopped`` says which limit
    ended the analysis, ``crash`` what bug did, with its ``traceback``; without a crash there are facts, unless nothing is known.
    """

    key: str
    facts: dict | None = None
    body: str = ""
    seconds: float = 0.0
    stopped: str | None = None
    crash: str | None = None
    traceback: str = ""


@dataclass(frozen=True)
class RunLimits:
    """For one case: seconds, and MiB of address space beyond what an idle worker has. None is no limit.

    ``total`` is the limit of all cases together; they end at ``ends`` of the monotonic clock of this machine.
    """

    timeout: float | None = None
    memory: int | None = None
    total: float | None = None
    ends: float = float("inf")

    @classmethod
    def from_now(cls, timeout: float | None, memory: int | None, total: float | None) -> RunLimits:
        """Limits of a run that starts now."""
        return cls(timeout, memory, total, float("inf") if total is None else time.monotonic() + total)

    @property
    def timed(self) -> bool:
        """Whether there is a limit on time."""
        return self.timeout is not None or self.total is not None

    @property
    def over(self) -> bool:
        """Whether the whole run is over."""
        return time.monotonic() >= self.ends

    def deadline(self, started: float) -> float:
        """When a case that was begun at a time has to end."""
        return min(self.ends, started + (self.timeout or float("inf")))

    def reason(self, started: float) -> str:
        """Why a case had to end that was begun at a time."""
        if started + (self.timeout or float("inf")) <= self.ends:
            return f"not done after {self.timeout:g} s (--timeout)"
        return f"not done when the whole run had taken {self.total:g} s (--total-timeout)"

    def not_begun(self) -> str:
        """Why a case was not even begun."""
        return f"not begun when the whole run had taken {self.total:g} s (--total-timeout)"


NO_LIMITS = RunLimits()


class PoolError(Exception):
    """Tasks cannot be run at all; the message says why."""


def task_of(spec: Spec, seed: int) -> Task:
    """The task of analysing a spec. Specs that mean the same give the same key, whatever their names and expectations."""
    tables = normalised(spec)
    text = json.dumps([engine_version(), seed, tables], sort_keys=True, separators=(",", ":"))
    return Task(hashlib.sha256(text.encode()).hexdigest(), tables, seed)


@cache
def engine_version() -> str:
    """The version, and a hash of the package's source: results of a changed working copy are not taken for this one's."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:16]}"


def to_line(message: Task | Result | dict) -> str:
    """A message as one line of JSON."""
    return json.dumps(message if isinstance(message, dict) else asdict(message), separators=(",", ":")) + "\n"

"""A task, which a worker is given, and what comes back: plain data that travels between processes and machines as JSON."""

from __future__ import annotations

import hashlib
import json
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
    ended the analysis, ``crash`` what bug did; without a crash there are facts.
    """

    key: str
    facts: dict | None = None
    body: str = ""
    seconds: float = 0.0
    stopped: str | None = None
    crash: str | None = None


@dataclass(frozen=True)
class Limits:
    """For one case: seconds, and megabytes beyond what an idle worker has. None is no limit."""

    timeout: float | None = None
    memory: int | None = None


NO_LIMITS = Limits()


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

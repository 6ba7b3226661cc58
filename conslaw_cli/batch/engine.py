"""Analysing one task in this process: the only module of the batch that imports the engine."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import replace

from msgspec import structs

from conslaw_cli.batch.alarm import TimeUp, alarm
from conslaw_cli.batch.tasks import RunLimits, Result, Task
from conslaw_cli.expectations import facts
from conslaw_cli.report.jsonreport import dumps
from conslaw_cli.report.model import Report
from conslaw_cli.reporting import outline_of, report_of
from conslaw_cli.spec import Spec, parse_spec
from conslaw_cli.steps import Known, Listener, nobody


def analysed(task: Task, listener: Listener = nobody) -> Result:
    """The result of a task; a bug of the engine is a result too. Raises MemoryError."""
    start = time.perf_counter()
    try:
        report = report_of(_spec(task), task.seed, listener)
        return _result(task, report, time.perf_counter() - start)
    except MemoryError:
        raise
    except Exception as error:
        return Result(task.key, crash=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())


def stopped(task: Task, reason: str, dimension: int, laws: int, seconds: float) -> Result:
    """The result of a task that a limit ended, from the dimension of the trace and the laws that were certain by then."""
    report = stopped_report(_spec(task), task.seed, reason, dimension, laws)
    return replace(_result(task, report, seconds), stopped="; ".join(report.notes))


def report_within(
    limits: RunLimits, spec: Spec, seed: int, listener: Listener = nobody, finish: Callable[[Report], object] = id
) -> Report:
    """The report of a spec, in this process; at a limit of time what is known by then. ``finish`` is to be done in time too."""
    if limits.over:
        return stopped_report(spec, seed, limits.not_begun(), 0, 0)
    known, started = Known(listener), time.monotonic()
    try:
        with alarm(limits.deadline(started) - started):
            report = report_of(spec, seed, known)
            finish(report)
            return report
    except TimeUp:
        return stopped_report(spec, seed, limits.reason(started), known.dimension, known.laws)


def stopped_report(spec: Spec, seed: int, reason: str, dimension: int, laws: int) -> Report:
    """What is known of a spec whose analysis came to a limit: how many laws there are at most and at least."""
    report = outline_of(spec, seed, reason)
    notes = [f"stopped: {reason}"]
    if dimension:
        most = report.trace.space - dimension
        notes.append(f"the trace has dimension at least {dimension}: at most {most} laws (proved)")
    if laws:
        notes.append(f"{laws} independent laws were verified: at least {laws} laws")
    if report.theorem:
        notes.append(f"according to theory there are {report.laws.independent} laws ({report.theorem})")
    summary = structs.replace(report.laws, independent=None)
    return structs.replace(report, status="undecided", theorem=None, laws=summary, notes=tuple(notes))


def _spec(task: Task) -> Spec:
    """The spec with no name, so that all cases with this content have the same bytes."""
    return parse_spec(task.tables, "")


def _result(task: Task, report: Report, seconds: float) -> Result:
    return Result(task.key, facts(report), dumps(report.to_dict()) + "\n", seconds)

"""Analysing one task in this process: the only module of the batch that imports the engine."""

from __future__ import annotations

import time
from dataclasses import replace

from conslaw_cli.analysis import run, unanalysed
from conslaw_cli.batch.tasks import Result, Task
from conslaw_cli.expectations import results
from conslaw_cli.lie import Listener, nobody
from conslaw_cli.report.build import build
from conslaw_cli.report.jsonreport import dumps
from conslaw_cli.report.model import Report
from conslaw_cli.spec import Spec, parse_spec


def analysed(task: Task, listener: Listener = nobody) -> Result:
    """The result of a task; a bug of the engine is a result too. Raises MemoryError."""
    start = time.perf_counter()
    try:
        report = build(run(_spec(task), task.seed, listener))
        return _result(task, report, time.perf_counter() - start)
    except MemoryError:
        raise
    except Exception as error:
        return Result(task.key, crash=f"{type(error).__name__}: {error}")


def stopped(task: Task, reason: str, dimension: int, seconds: float) -> Result:
    """What is known of a task that a limit ended when its trace had reached a dimension: how many laws there are at most."""
    report = build(unanalysed(_spec(task), task.seed, reason))
    notes = [f"stopped: {reason}"]
    if dimension:
        notes.append(
            f"the trace has dimension at least {dimension}: at most {report.trace.space - dimension} laws (proved)"
        )
    if report.theorem:
        notes.append(f"according to theory there are {report.laws.independent} laws ({report.theorem})")
    laws = replace(report.laws, independent=None)
    report = replace(report, status="undecided", theorem=None, laws=laws, notes=tuple(notes))
    return replace(_result(task, report, seconds), stopped="; ".join(notes))


def _spec(task: Task) -> Spec:
    """The spec with no name, so that all cases with this content have the same bytes."""
    return parse_spec(task.tables, "")


def _result(task: Task, report: Report, seconds: float) -> Result:
    facts = {**results(report), "parameters": report.model.parameters, "found": report.laws.verified}
    return Result(task.key, facts, dumps(report.to_dict()) + "\n", seconds)

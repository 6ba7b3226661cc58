"""Batches under rough treatment: killed at random moments, thousands of cases, tasks that break workers."""

from __future__ import annotations

import random
import re
import subprocess
import time

import pytest
from batching import check_outputs, conslaw, contents, spec, started

from conslaw_cli.batch.cases import read
from conslaw_cli.batch.pool import Pool
from conslaw_cli.batch.rows import unusable
from conslaw_cli.batch.tasks import RunLimits, PoolError, Task, task_of
from conslaw_cli.spec import parse_spec

MANY = '[model]\narchitecture = "linear"\n[sweep]\nmodel.widths = [[{ from = 2, to = 21 }, { from = 2, to = 5 }, 3]]\n'
SMALL = """[model]
architecture = "relu"
[sweep]
model.widths = [[{ from = 1, to = 25 }, { from = 1, to = 4 }, { from = 1, to = 25 }]]
model.bias = ["none", "hidden"]
"""


def task(*widths, architecture="linear"):
    return task_of(parse_spec({"model": {"architecture": architecture, "widths": list(widths)}}), 0)


def test_a_bug_of_the_engine_is_one_crashed_case():
    broken = Task("key", {"model": {"architecture": "absent", "widths": [1, 1]}}, 0)
    results = {result.key: result for result in Pool(1).run([broken, task(2, 2)])}
    assert "SpecError" in results["key"].crash and results[task(2, 2).key].facts["laws"] == 0


def test_a_bug_of_the_reader_is_one_crashed_case(monkeypatch):
    def broken(file):
        raise KeyError("bug")

    monkeypatch.setattr("conslaw_cli.batch.cases.read_cases", broken)
    (case,) = read(["a.toml"])
    assert unusable(case).expect == "crashed" and "KeyError" in case.problem


def test_workers_that_never_start(monkeypatch):
    monkeypatch.setattr("conslaw_cli.batch.process._START", "raise SystemExit(1)")
    with pytest.raises(PoolError, match="before they are ready"):
        list(Pool(2).run([task(2, 2)]))


def test_a_task_that_kills_its_workers_is_given_up(monkeypatch):
    code = (
        "import sys, os; sys.path.append(sys.argv[1]); import conslaw_cli.batch.engine as engine; true = engine.analysed\n"
        "engine.analysed = lambda task, heard: os._exit(9) if task.tables['model']['widths'] == [7, 7] else true(task, heard)\n"
        "from conslaw_cli.batch.worker import main; main()"
    )
    monkeypatch.setattr("conslaw_cli.batch.process._START", code)
    results = {result.key: result for result in Pool(2).run([task(7, 7), task(2, 2), task(3, 3)])}
    assert "worker processes died" in results[task(7, 7).key].crash
    assert results[task(2, 2).key].crash is None and len(results) == 3


@pytest.mark.heavy
def test_workers_are_replaced_one_timeout_after_another():
    slow = [task(64, 60 + k, 64) for k in range(3)]
    results = {result.key: result for result in Pool(2, RunLimits(timeout=0.6)).run([*slow, task(2, 2)])}
    assert all(results[one.key].stopped and results[one.key].facts["status"] == "undecided" for one in slow)
    assert results[task(2, 2).key].stopped is None


@pytest.mark.heavy
def test_killed_twenty_times_at_random_moments(tmp_path):
    """After each SIGKILL every report is whole; what is done is done, and the last run ends with the bytes of a quiet one."""
    spec(tmp_path, "specs/many.toml", MANY)
    generator = random.Random(0)
    for attempt in range(20):
        process = started("batch", "specs", "-q", "-j", 2, "--output-dir", "out", cwd=tmp_path)
        if attempt % 2:
            _wait_for_another_report(process, tmp_path / "out/reports")
        time.sleep(generator.uniform(0.0, 1.3))
        process.kill()
        process.wait()
        if (tmp_path / "out/manifest.json").exists():
            check_outputs(tmp_path / "out")
    last = conslaw("batch", "specs", "--output-dir", "out", cwd=tmp_path)
    assert last.code == 0 and re.search(r"\d+ computed before", last.err)
    conslaw("batch", "specs", "--no-cache", "--output-dir", "quiet", cwd=tmp_path)
    assert check_outputs(tmp_path / "out") == 80
    assert contents(tmp_path / "out") == contents(tmp_path / "quiet")


def _wait_for_another_report(process, folder):
    """However slow the machine is: half of the kills come after some work was done."""
    before, deadline = len(list(folder.rglob("*.json"))), time.monotonic() + 60
    while process.poll() is None and len(list(folder.rglob("*.json"))) <= before and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.heavy
def test_five_thousand_small_cases_in_bounded_memory(tmp_path):
    """The batch itself and each worker stay below a few hundred megabytes, and do not grow with the number of cases."""
    spec(tmp_path, "specs/small.toml", SMALL)
    process = started("batch", "specs", "-q", "-j", 2, "--output-dir", "out", cwd=tmp_path, stderr=subprocess.PIPE)
    peaks = []
    while process.poll() is None:
        peaks.append(_megabytes(process.pid))
        time.sleep(0.5)
    assert process.returncode == 0
    assert check_outputs(tmp_path / "out") == 5000
    assert max(peaks) < 800
    warm = conslaw("batch", "specs", cwd=tmp_path)
    assert "5000 computed before" in warm.err


def _megabytes(pid):
    """Resident memory of a process and its children, 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            family = [pid, *map(int, file.read().split())]
        total = 0
        for member in family:
            with open(f"/proc/{member}/status", encoding="ascii") as file:
                total += int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])
        return total / 1024
    except (OSError, TypeError):
        return 0

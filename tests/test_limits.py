"""Limits on time and memory of report, check and batch: a case ends at its limit with what is known, and the rest goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from batching import conslaw, environment, linear, small_specs, spec
from helpers import quick

from conslaw_cli.analysis import run
from conslaw_cli.batch import engine
from conslaw_cli.batch.alarm import TimeUp, alarm
from conslaw_cli.batch.pool import Pool
from conslaw_cli.batch.tasks import RunLimits, task_of
from conslaw_cli.report import render
from conslaw_cli.spec import parse_spec
from conslaw_cli.steps import Known, Step

ALWAYS = linear(64, 64, 64, laws=64, rest='[metric]\ndefault = "entropy"\n')
"""Takes far longer than any test."""


def parsed(*widths, **tables):
    return parse_spec({"model": {"architecture": "linear", "widths": list(widths)}, **tables})


def task(*widths, **tables):
    return task_of(parsed(*widths, **tables), 0)


def pooled(limits, *tasks):
    found = {result.key: result for result in Pool(1, limits).run(tasks)}
    assert len(found) == len(tasks)
    return [found[task.key] for task in tasks]


# --- alarms ----------------------------------------------------------------------------------------------------------


def test_an_alarm_ends_what_takes_too_long_even_if_it_swallows_exceptions():
    before = signal.getsignal(signal.SIGALRM)
    caught = []
    with pytest.raises(TimeUp), alarm(0.05):
        while True:
            try:
                time.sleep(30)
            except Exception:
                caught.append("an Exception")
            except BaseException:
                if caught:
                    raise
                caught.append("the first alarm")
    assert caught == ["the first alarm"]
    assert signal.getsignal(signal.SIGALRM) is before and signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_an_alarm_that_is_not_needed_is_silent():
    with alarm(0.3):
        pass
    with alarm(float("inf")):
        time.sleep(0.4)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


# --- what is heard and known -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths, kind", [((3, 3, 3), "momentum"), ((1, 2, 2, 1), "gradient-flow"), ((2, 3, 2), "nesterov")])
def test_an_analysis_says_what_it_does_and_its_bounds_are_true(widths, kind):
    heard = []
    analysis = run(parsed(*widths, dynamics={"kind": kind}), 0, heard.append)
    (part,) = analysis.parts
    whats = [step.what for step in heard]
    assert {"growing the trace", "verifying laws"} <= set(whats)
    assert ("searching laws of degree 1" in whats) == (part.searched_degree > 0)
    assert max(step.dimension for step in heard) == part.trace.dimension
    assert all(step.laws <= part.found for step in heard)
    if not part.proved:
        assert "growing the trace at another point (run 2)" in whats
    assert max(step.laws for step in heard) == part.found


def test_bounds_count_every_copy_of_a_part():
    known = Known()
    relu = parse_spec(
        {"model": {"architecture": "relu", "widths": [2, 3, 2]}, "dynamics": {"kind": "weight-decay"}, "metric": {"W2": "entropy"}}
    )
    analysis = run(relu, 0, known)
    assert len(analysis.parts) == 1 and analysis.parts[0].part.copies == 3
    assert known.dimension == 3 * analysis.parts[0].trace.dimension
    assert known.laws <= 3 * analysis.parts[0].found


def test_what_is_known_at_a_limit():
    report = engine.stopped_report(parsed(2, 3, 2), 0, "not done after 1 s (--timeout)", 5, 4)
    assert report.status == "undecided" and report.laws.independent is None
    notes = "; ".join(report.notes)
    assert "at most 7 laws (proved)" in notes and "at least 4 laws" in notes and "not done after 1 s" in notes
    for format_ in ("text", "json", "markdown", "latex", "html"):
        assert "not done after 1 s" in render([report], format_)


# --- workers ---------------------------------------------------------------------------------------------------------


@pytest.mark.heavy
def test_what_is_known_is_put_together_without_a_second_long_run(monkeypatch):
    monkeypatch.setattr(engine, "stopped_report", lambda *arguments: time.sleep(300))
    slow, small = pooled(RunLimits(timeout=0.5), task(64, 64, 64), task(2, 2))
    assert slow.facts is None and slow.stopped == "not done after 0.5 s (--timeout)"
    assert small.facts["laws"] == 0


@pytest.mark.heavy
def test_at_the_end_of_the_whole_run_all_that_is_left_is_undecided():
    tasks = task(64, 64, 64), task(64, 60, 64), task(3, 3)
    running, *waiting = pooled(RunLimits.from_now(None, None, 2.5), *tasks)
    assert "not done when the whole run had taken 2.5 s" in running.stopped
    assert all("not begun when the whole run had taken 2.5 s" in result.stopped for result in waiting)


def test_a_worker_is_ready_when_all_is_loaded():
    """16 MiB are less than python-flint, SymPy or the buffers of BLAS take, and far more than these cases do."""
    dynamics = {"kind": "momentum", "damping": "3/t"}
    results = pooled(RunLimits(memory=16), task(2, 3, 2), task(2, 3, 2, dynamics=dynamics), task(3, 3, 3))
    assert [result.facts and result.facts["laws"] for result in results] == [6, 3, 6]


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.mark.heavy
def test_report_ends_at_its_limit_with_what_is_known(tmp_path):
    spec(tmp_path, "slow.toml", ALWAYS)
    spec(tmp_path, "small.toml", linear(2, 3, 2))
    result = conslaw("report", "--timeout", 3, "--format", "json", "slow.toml", "small.toml", cwd=tmp_path)
    assert result.code == 3 and result.err == ""
    slow, small = json.loads(result.out)
    assert slow["status"] == "undecided" and "--timeout" in slow["notes"][0] and "(proved)" in " ".join(slow["notes"])
    assert small["status"] == "proved"


@pytest.mark.heavy
def test_report_ends_at_the_limit_of_the_whole_run(tmp_path):
    spec(tmp_path, "slow.toml", ALWAYS)
    spec(tmp_path, "small.toml", linear(2, 3, 2))
    result = conslaw("report", "--total-timeout", 2, "--format", "json", "slow.toml", "small.toml", cwd=tmp_path)
    assert result.code == 3
    first, second = (report["notes"][0] for report in json.loads(result.out))
    assert "not done when the whole run had taken 2 s" in first and "not begun" in second


@pytest.mark.heavy
def test_writing_counts_too():
    report = engine.report_within(RunLimits(timeout=2.0), parsed(2, 3, 2), 0, finish=lambda report: time.sleep(60))
    assert report.status == "undecided" and "at least 6 laws" in " ".join(report.notes)


def test_a_report_within_its_limit_is_the_same(tmp_path):
    spec(tmp_path, "a.toml", linear(2, 3, 2))
    plain = conslaw("report", "a.toml", cwd=tmp_path).out
    assert conslaw("report", "--timeout", 60, "--total-timeout", 60, "a.toml", cwd=tmp_path).out == plain


@pytest.mark.heavy
def test_reports_within_their_limit_are_the_same(tmp_path):
    spec(tmp_path, "a.toml", linear(2, 3, 2))
    assert conslaw("report", "--timeout", 60, "a.toml", "a.toml", cwd=tmp_path).out == conslaw("report", "a.toml", "a.toml", cwd=tmp_path).out


def test_check_ends_at_its_limit(tmp_path):
    spec(tmp_path, "slow.toml", ALWAYS)
    spec(tmp_path, "small.toml", linear(2, 3, 2, laws=6))
    result = conslaw("check", "--timeout", 2, ".", cwd=tmp_path)
    slow, small = result.out.splitlines()
    assert result.code == 3 and slow.startswith("OPEN  slow.toml") and small.startswith("ok    small.toml")
    assert "--timeout" in slow and "at most" in slow
    over = conslaw("check", "--total-timeout", 0.001, "slow.toml", cwd=tmp_path)
    assert over.code == 3 and "not begun" in over.out


@pytest.mark.parametrize("format_", quick(["text"], ["text", "json"]))
def test_check_says_the_same_for_any_number_of_jobs_and_from_the_cache(tmp_path, format_):
    small_specs(tmp_path / "specs")
    spec(tmp_path / "specs", "bad.toml", "[model]\n")
    spec(tmp_path / "specs", "fails.toml", linear(2, 3, 2, laws=5))
    variants = [("--no-cache",), ("--no-cache", "-j", 2), ("-j", 2, "--cache-dir", "kept"), ("--cache-dir", "kept")]
    results = [conslaw("check", "--format", format_, "specs", *options, cwd=tmp_path) for options in variants]
    assert len(set(results)) == 1 and results[0].code == 2
    assert not (tmp_path / "xdg").exists() and list((tmp_path / "kept").rglob("*.json"))
    assert "computed before" in conslaw("batch", "specs/twin.toml", "--cache-dir", "kept", cwd=tmp_path).err


def test_a_second_check_imports_nothing_heavy(tmp_path):
    small_specs(tmp_path)
    conslaw("check", ".", cwd=tmp_path)
    code = (
        "import sys\nfrom conslaw_cli.cli import _run\n"
        "code = _run(['check', '.', '-q'])\n"
        "heavy = {'sympy', 'flint', 'numpy', 'rich', 'conslaw_cli.analysis'} & set(sys.modules)\n"
        "assert not heavy and code == 0, (heavy, code)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(tmp_path / "xdg"), check=True)


def test_a_limit_of_the_whole_run_does_not_reach_a_cluster(tmp_path):
    spec(tmp_path, "a.toml", linear(2, 2))
    result = conslaw("batch", ".", "--total-timeout", 5, "--scheduler", "tcp://127.0.0.1:9", cwd=tmp_path)
    assert result.code == 2 and "--scheduler" in result.err


# --- signs of life ---------------------------------------------------------------------------------------------------


def test_a_report_shows_on_a_terminal_what_it_does(tmp_path):
    """A report that takes longer than the patience with it."""
    from test_cli import on_terminal

    path = spec(tmp_path, "slo\x1bw.toml", linear(16, 16, 16))
    impatient = "from conslaw_cli.batch import progress\nfrom conslaw_cli.cli import life\nlife.PATIENCE = progress._REFRESH = 0.01"
    lines = on_terminal("report", str(path), live=True, before=impatient, NO_COLOR="1", columns=200).split("\r")
    assert any("slo\\x1bw.toml: growing the trace, dimension " in line for line in lines)
    assert all(line.endswith(" s\x1b[K") or line == "" for line in lines[:-1]) and lines[-1].startswith("\x1b[Klinear network")


@pytest.mark.heavy
def test_a_long_report_shows_on_a_terminal_what_it_does(tmp_path):
    from test_cli import on_terminal

    path = spec(tmp_path, "slo\x1bw.toml", ALWAYS)
    seen = on_terminal("report", "--timeout", "6", str(path), code=3, live=True, NO_COLOR="1", columns=200)
    lines = seen.split("\r")
    assert any("slo\\x1bw.toml: growing the trace, dimension " in line and "of at most 8192 · " in line for line in lines)
    assert all(line.endswith(" s\x1b[K") or line == "" for line in lines[:-1]) and lines[-1].startswith("\x1b[Klinear network")
    assert "\x1b" not in on_terminal("report", "--timeout", "3", str(path), code=3, live=True, TERM="dumb", NO_COLOR="1")


def test_a_step_in_words():
    assert str(Step("growing the trace", "dimension 3 of at most 9")) == "growing the trace, dimension 3 of at most 9"
    assert str(Step("writing the report")) == "writing the report"

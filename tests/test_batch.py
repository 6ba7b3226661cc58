"""conslaw batch and merge as a user runs them: summary, outputs, exit codes, cache, shards, interruption, limits."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from batching import START, batch, check_outputs, conslaw, contents, environment, linear, small_specs, spec, started
from helpers import quick

from conslaw_cli.batch.cases import Shard
from conslaw_cli.batch.discovery import DiscoveryError, discover
from conslaw_cli.batch.outputs import report_file

ALWAYS = linear(64, 64, 64, rest='[metric]\ndefault = "entropy"\n')
"""Takes far longer than any test."""


def rows(result):
    return list(csv.DictReader(io.StringIO(result.out)))


def test_discovery(tmp_path):
    for name in ("b.toml", "a.toml", "sub/c.toml", ".hidden.toml", ".git/d.toml", "note.txt", "sub/draft_e.toml"):
        spec(tmp_path, name, "")
    found = [os.path.relpath(path, tmp_path) for path in discover([str(tmp_path)])]
    assert found == ["a.toml", "b.toml", "sub/c.toml", "sub/draft_e.toml"]
    assert len(discover([str(tmp_path)], include=["sub/*"], exclude=["draft_*"])) == 1
    explicit = [str(tmp_path / "note.txt"), str(tmp_path / ".hidden.toml")]
    assert discover(explicit * 2, exclude=["*"]) == explicit
    with pytest.raises(DiscoveryError, match="(?s)no such file.*no spec"):
        discover([str(tmp_path / "absent"), str(tmp_path / ".git"), str(spec(tmp_path, "empty/x.txt", "").parent)])


def test_summary_and_exit_code(tmp_path):
    small_specs(tmp_path / "specs")
    spec(tmp_path / "specs", "bad.toml", '[model]\narchitecture = "lineer"\nwidths = [0]\n')
    result = batch("specs", "--exclude", "bad*", cwd=tmp_path)
    assert result.code == 0
    assert result.out.splitlines()[0].split() == "spec D laws depends on t status expect seconds".split()
    assert "7 cases" not in result.err and "6 cases: 4 unchecked, 2 ok" in result.err
    spec(tmp_path / "specs", "wrong.toml", linear(2, 2, 2, laws=4))
    assert conslaw("batch", "specs", "--exclude", "bad*", cwd=tmp_path).code == 1
    result = conslaw("batch", "specs", "--format", "csv", cwd=tmp_path)
    assert result.code == 2
    verdicts = {row["spec"]: (row["expect"], row["laws"]) for row in rows(result)}
    assert verdicts["specs/twin.toml"] == ("ok", "6")
    assert verdicts["specs/wrong.toml"] == ("failed", "3")
    assert verdicts["specs/bad.toml"] == ("unusable", "")
    assert verdicts["specs/sweep.toml[widths=2-4-2]"] == ("unchecked", "10")
    quiet = conslaw("batch", "specs", "-q", cwd=tmp_path)
    assert "twin" not in quiet.out and "laws: expected 4, found 3" in quiet.out and 'did you mean "linear"' in quiet.out


@pytest.mark.parametrize("arguments", quick([["absent"], ["--shard", "3/2", "x"]], [["absent"], ["."], ["--shard", "3/2", "x"], ["--shard", "0/2", "x"]]))
def test_unusable_arguments(tmp_path, arguments):
    result = conslaw("batch", *arguments, cwd=tmp_path)
    assert (result.code, result.out) == (2, "")


def test_reports_are_those_of_the_report_command(tmp_path):
    small_specs(tmp_path)
    batch(".", "--output-dir", "out", cwd=tmp_path)
    alone = conslaw("report", "--format", "json", "deep/single.toml", cwd=tmp_path).out
    assert (tmp_path / "out/reports/deep/single.json").read_text(encoding="utf-8") == alone
    third = json.loads((tmp_path / "out/reports/sweep[widths=2-3-2].json").read_text(encoding="utf-8"))
    twin = json.loads((tmp_path / "out/reports/twin.json").read_text(encoding="utf-8"))
    assert third.pop("name") == "sweep.toml[widths=2-3-2]" and twin.pop("name") == "twin.toml"
    assert third == twin


def test_the_same_bytes_for_any_number_of_jobs_and_from_the_cache(tmp_path):
    small_specs(tmp_path / "specs")
    one = conslaw("batch", "specs", "-j", 1, "--no-cache", "--output-dir", "one", "--format", "csv", cwd=tmp_path)
    two = conslaw("batch", "specs", "-j", 2, "--output-dir", "two", "--format", "csv", cwd=tmp_path)
    warm = conslaw("batch", "specs", "--output-dir", "warm", "--format", "csv", cwd=tmp_path)
    assert one.out == two.out == warm.out
    assert contents(tmp_path / "one") == contents(tmp_path / "two") == contents(tmp_path / "warm")
    assert check_outputs(tmp_path / "one") == 6
    assert (tmp_path / "one/summary.csv").read_text(encoding="utf-8") == one.out


def test_a_second_run_imports_nothing_heavy(tmp_path):
    small_specs(tmp_path)
    batch(".", cwd=tmp_path)
    code = (
        "import sys\nfrom conslaw_cli.cli import _run\n"
        "code = _run(['batch', '.', '-q'])\n"
        "heavy = {'sympy', 'flint', 'numpy', 'rich', 'conslaw_cli.analysis'} & set(sys.modules)\n"
        "assert not heavy and code == 0, (heavy, code)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(tmp_path / "xdg"), check=True)


@pytest.mark.heavy
def test_one_slow_spec_ends_with_what_is_known(tmp_path):
    spec(tmp_path, "slow.toml", ALWAYS + "[expect]\nlaws = 64\n")
    small_specs(tmp_path)
    result = conslaw("batch", ".", "-j", 2, "--timeout", 3, "--output-dir", "out", "--format", "csv", cwd=tmp_path)
    assert result.code == 3
    found = {row["spec"]: row for row in rows(result)}
    slow = found.pop("slow.toml")
    assert (slow["status"], slow["expect"], slow["laws"]) == ("undecided", "undecided", "")
    assert "--timeout" in slow["detail"] and "laws (proved)" in slow["detail"]
    assert {row["status"] for row in found.values()} == {"proved"}
    report = json.loads((tmp_path / "out/reports/slow.json").read_text(encoding="utf-8"))
    assert report["status"] == "undecided" and report["trace"]["space"] == 8192
    assert "at most" in " ".join(report["notes"])
    again = conslaw("batch", ".", "--timeout", 3, cwd=tmp_path)
    assert "6 computed before" in again.err and again.code == 3


@pytest.mark.heavy
def test_a_case_that_wants_too_much_memory(tmp_path):
    spec(tmp_path, "big.toml", ALWAYS)
    spec(tmp_path, "small.toml", linear(2, 3, 2, laws=6))
    result = conslaw("batch", ".", "-j", 1, "--memory", 100, "--format", "csv", cwd=tmp_path)
    big, small = rows(result)
    assert (big["status"], small["expect"], result.code) == ("undecided", "ok", 3)
    assert "more than 100 MiB needed (--memory)" in big["detail"]


def test_heartbeat_without_a_terminal(tmp_path):
    code = (
        "import conslaw_cli.batch.progress as p\np.Progress.__init__.__defaults__ = (80, 0.05)\n"
        "from conslaw_cli.cli import main; main()"
    )
    spec(tmp_path, "slow.toml", ALWAYS)
    command = [sys.executable, "-c", code, "batch", ".", "--timeout", "0.5", "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert done.stderr.count("conslaw batch: 0 of 1 done after") >= 2
    from conslaw_cli.batch.progress import HEARTBEAT

    assert HEARTBEAT <= 30


def test_interrupting_keeps_what_is_done(tmp_path):
    small_specs(tmp_path)
    spec(tmp_path, "slow.toml", ALWAYS)
    process = started(
        "batch", ".", "--output-dir", "out", "-j", 2, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    while len(list((tmp_path / "out/reports").rglob("*.json"))) < 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "run again to go on" in err and "Traceback" not in err
    assert (tmp_path / "out/summary.csv").read_text(encoding="utf-8").count("proved") == 6
    again = conslaw("batch", ".", "--exclude", "slow*", cwd=tmp_path)
    assert "6 computed before" in again.err


@pytest.mark.heavy
def test_a_killed_worker_is_replaced(tmp_path):
    spec(
        tmp_path,
        "s.toml",
        '[model]\narchitecture = "linear"\n[sweep]\nmodel.widths = [[{ from = 2, to = 24 }, 7, 3]]\n',
    )
    process = started("batch", ".", "-j", 2, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    if not os.path.exists(children):
        pytest.skip("needs Linux's list of child processes")
    for _ in range(2):
        time.sleep(0.7)
        with open(children, encoding="ascii") as file:
            found = file.read().split()
        if found:
            os.kill(int(found[0]), signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "23 cases: 23 unchecked" in err


@pytest.mark.heavy
def test_shards_and_merge(tmp_path):
    small_specs(tmp_path / "specs")
    batch("specs", "--output-dir", "all", cwd=tmp_path)
    for index in (1, 2, 3):
        batch("specs", "--shard", f"{index}/3", "--output-dir", f"part{index}", cwd=tmp_path)
    merged = conslaw("merge", "part1", "part2", "part3", "--output-dir", "whole", cwd=tmp_path)
    assert merged.code == 0 and "6 cases" in merged.err
    assert contents(tmp_path / "whole") == contents(tmp_path / "all")
    missing = conslaw("merge", "part1", "part3", "--output-dir", "none", cwd=tmp_path)
    assert missing.code == 2 and "missing" in missing.err and "--shard 2/3" in missing.err
    assert not (tmp_path / "none").exists() and missing.out == ""
    double = conslaw("merge", "part1", "part2", "part3", "part2", cwd=tmp_path)
    assert double.code == 2 and "duplicate" in double.err
    batch("specs", "--shard", "2/3", "--seed", 1, "--output-dir", "other", cwd=tmp_path)
    other = conslaw("merge", "part1", "other", "part3", cwd=tmp_path)
    assert other.code == 2 and "seed differ (0 and 1)" in other.err
    assert conslaw("merge", "specs", cwd=tmp_path).code == 2
    next((tmp_path / "part1/reports").rglob("*.json")).unlink()
    assert "lost report" in conslaw("merge", "part1", "part2", "part3", cwd=tmp_path).err


def test_merge_gives_the_exit_code_of_the_whole(tmp_path):
    spec(tmp_path, "a.toml", linear(2, 2, laws=1))
    assert conslaw("batch", "a.toml", "--output-dir", "out", cwd=tmp_path).code == 1
    assert conslaw("merge", "out", cwd=tmp_path).code == 1
    (tmp_path / "out/summary.csv").unlink()
    unfinished = conslaw("merge", "out", cwd=tmp_path)
    assert unfinished.code == 2 and "did not end" in unfinished.err


def test_shards_are_stable_and_whole():
    names = [f"s.toml[widths=2-{k}-2]" for k in range(300)]
    shards = [Shard(index, 4) for index in range(1, 5)]
    assert all(sum(shard.holds(name) for shard in shards) == 1 for name in names)
    assert all(sum(map(shard.holds, names)) > 30 for shard in shards)


@pytest.mark.parametrize(
    "case, file",
    [
        ("a/b.toml", "reports/a/b.json"),
        ("a/b.toml[widths=2-3,bias=none#2]", "reports/a/b[widths=2-3,bias=none#2].json"),
        ("/abs/b.toml", "reports/abs/b.json"),
        ("manifest.toml", "reports/manifest.json"),
    ],
)
def test_files_of_reports(case, file):
    assert report_file(case) == file


def test_files_of_strange_names_are_safe_and_different():
    strange = ["../x.toml", "a b.toml", "a_b.toml", "a?b.toml", "x.toml[damping=3/t]", "é.toml", "n" * 300 + ".toml"]
    files = [report_file(name) for name in strange]
    assert len(set(files)) == len(files)
    assert all(".." not in file.split("/") and len(file.split("/")[-1]) < 200 and file.isascii() for file in files)


def test_an_unwritable_output_folder_is_told_at_once(tmp_path):
    spec(tmp_path, "a.toml", linear(2, 2))
    (tmp_path / "file").write_text("")
    result = conslaw("batch", "a.toml", "--output-dir", "file/out", cwd=tmp_path)
    assert result.code == 2 and "cannot be written" in result.err


@pytest.mark.heavy
def test_no_stray_process_outlives_a_killed_batch(tmp_path):
    spec(tmp_path, "slow.toml", ALWAYS)
    process = subprocess.Popen(
        [*START, "batch", ".", "-j", "1"], cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.DEVNULL
    )
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    if not os.path.exists(children):
        process.kill()
        pytest.skip("needs Linux's list of child processes")
    deadline, worker = time.monotonic() + 20, []
    while not worker and time.monotonic() < deadline:
        with open(children, encoding="ascii") as file:
            worker = file.read().split()
    time.sleep(1.5)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while _lives(int(worker[0])) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _lives(int(worker[0]))


def _lives(process):
    """Whether it runs; one that has ended and was not collected does not."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

"""Output folders: nothing that is not ours is deleted, replaced or written through, and nothing half-written stays."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest
from batching import conslaw, contents, environment, linear, spec
from helpers import quick

from conslaw_cli.batch.outputs import Manifest, NotOurs, Outputs
from conslaw_cli.files import is_temporary, write_file

HIDDEN = (".gitlab-ci.yml", ".pre-commit-config.yaml", ".env.local", "reports/deep/.notes.md", "summary.csv")
OURS = ".conslaw-" + "0" * 32 + ".tmp"
LONG_AGO = time.time() - 10**6


def snapshot(folder):
    """Everything below a folder: its kind and, for files and links, what is in it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        target = os.readlink(path) if path.is_symlink() else None
        is_file = stat.S_ISREG(path.lstat().st_mode)
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, target, path.read_bytes() if is_file else None)
    return found


def old(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    spec(folder, "specs/a.toml", linear(2, 2, laws=0))
    spec(folder, "specs/b.toml", linear(2, 2, 2))
    conslaw("batch", "specs", "--output-dir", "part", cwd=folder)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    """A working directory with two specs, and ``part``, which a batch of them wrote."""
    return shutil.copytree(written, tmp_path / "work")


FOREIGN_MANIFESTS = [None, "{}", '{"name": "my web app", "icons": []}', "not JSON", '{"version": "1", "cases": []}']


@pytest.mark.parametrize("command", [("batch", "specs"), ("merge", "part")])
@pytest.mark.parametrize("manifest", quick(FOREIGN_MANIFESTS[1:3], FOREIGN_MANIFESTS))
def test_a_folder_of_others_is_refused_and_stays_as_it_is(folder, command, manifest):
    for name in HIDDEN:
        old(folder / "home" / name)
    if manifest is not None:
        (folder / "home/manifest.json").write_text(manifest, encoding="utf-8")
    before = snapshot(folder)
    result = conslaw(*command, "--output-dir", "home", "--no-cache" if command[0] == "batch" else "-q", cwd=folder)
    assert result.code == 2 and result.out == ""
    assert "no manifest of a batch" in result.err and "choose a new or empty folder" in result.err
    assert snapshot(folder) == before


def test_the_working_directory_is_refused_before_anything_is_computed(folder):
    before = snapshot(folder)
    assert conslaw("batch", "specs", "--output-dir", ".", cwd=folder).code == 2
    assert snapshot(folder) == before


def test_in_a_folder_of_ours_only_our_temporaries_go(folder):
    theirs = [old(folder / "part" / name) for name in (*HIDDEN[:4], ".a.json.x1y2z3", "notes.txt", f"mine/{OURS}")]
    ours = [old(folder / "part" / name) for name in (OURS, f"reports/{OURS}", f"reports/specs/{OURS}")]
    young = folder / "part/reports" / OURS.replace("0", "1")
    young.write_text("another batch is writing this", encoding="utf-8")
    assert conslaw("batch", "specs", "--output-dir", "part", cwd=folder).code == 0
    assert all(path.read_text(encoding="utf-8") == "mine" for path in theirs)
    assert not any(path.exists() for path in ours) and young.exists()


def test_a_folder_with_nothing_but_our_temporaries_is_as_good_as_empty(folder):
    old(folder / "new" / OURS)
    assert conslaw("batch", "specs", "--output-dir", "new", cwd=folder).code == 0
    assert contents(folder / "new") == contents(folder / "part")


def test_reports_of_removed_specs_leave_and_are_named(folder):
    (folder / "specs/b.toml").unlink()
    result = conslaw("batch", "specs", "--output-dir", "part", cwd=folder)
    assert result.code == 0 and "removed 1 report" in result.err and "specs/b.toml" in result.err
    assert sorted(contents(folder / "part")) == ["manifest.json", "reports/specs/a.json", "summary.csv"]
    spec(folder, "other.toml", linear(2, 2))
    assert "specs/a.toml" in conslaw("batch", "other.toml", "--output-dir", "part", cwd=folder).err
    assert not (folder / "part/reports/specs").exists()


def test_a_report_that_is_no_longer_true_leaves(folder):
    (folder / "specs/b.toml").write_text("[model]\n", encoding="utf-8")
    assert conslaw("batch", "specs", "--output-dir", "part", cwd=folder).code == 2
    assert sorted(contents(folder / "part")) == ["manifest.json", "reports/specs/a.json", "summary.csv"]


def test_a_file_that_took_a_reports_place_is_not_removed(folder):
    (folder / "part/reports/specs/b.json").write_text('{"name": "my data"}', encoding="utf-8")
    (folder / "specs/b.toml").unlink()
    result = conslaw("batch", "specs", "--output-dir", "part", cwd=folder)
    assert "removed" not in result.err
    assert (folder / "part/reports/specs/b.json").read_text(encoding="utf-8") == '{"name": "my data"}'


def test_a_file_of_others_where_a_report_should_go_is_refused(folder):
    spec(folder, "specs/c.toml", linear(3, 3))
    old(folder / "part/reports/specs/c.json")
    before = snapshot(folder)
    result = conslaw("batch", "specs", "--output-dir", "part", cwd=folder)
    assert result.code == 2 and "c.json: is no report of the batch" in result.err
    assert snapshot(folder) == before


PLACES = ["reports", "reports/specs", "reports/specs/a.json", "summary.csv", "manifest.json"]


@pytest.mark.heavy
@pytest.mark.parametrize("place", quick(["reports/specs", "summary.csv"], PLACES))
@pytest.mark.parametrize("command", [("batch", "specs"), ("merge", "whole")])
def test_nothing_is_written_or_removed_through_a_link(folder, place, command):
    conslaw("merge", "part", "--output-dir", "whole", cwd=folder)
    (folder / "part" / place).rename(folder / "elsewhere")
    (folder / "part" / place).symlink_to(folder / "elsewhere")
    if (folder / "elsewhere").is_dir():
        old(folder / "elsewhere" / OURS)
    spec(folder, "specs/b.toml", linear(2, 4, 2))
    before = snapshot(folder / "part"), (folder / "elsewhere").is_dir() or (folder / "elsewhere").read_bytes()
    outside = snapshot(folder / "elsewhere")
    result = conslaw(*command, "--output-dir", "part", cwd=folder)
    assert result.code == 2 and "is a link" in result.err
    assert before == (snapshot(folder / "part"), (folder / "elsewhere").is_dir() or (folder / "elsewhere").read_bytes())
    assert snapshot(folder / "elsewhere") == outside


def test_links_below_reports_are_not_followed_to_clean_up(folder):
    (folder / "part/reports/far").symlink_to(folder / "elsewhere")
    kept = old(folder / "elsewhere" / OURS)
    assert conslaw("batch", "specs", "--output-dir", "part", cwd=folder).code == 0
    assert kept.exists()


def test_a_pipe_is_no_manifest_and_no_report(tmp_path):
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out/manifest.json")
    with pytest.raises(NotOurs, match="no manifest"):
        Outputs(tmp_path / "out", Manifest("1", 0, 1, 1, ("a.toml",)))


def test_a_part_is_not_written_over_by_the_whole(folder):
    for target in ("part", "part/../part"):
        assert "one of the parts" in conslaw("merge", "part", "--output-dir", target, cwd=folder).err


def test_what_fails_half_way_leaves_no_temporary(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_file(tmp_path / "a.txt", "x" * 100_000 + "\ud800")
    assert not list(tmp_path.iterdir())
    write_file(tmp_path / "a.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert is_temporary(OURS) and not any(map(is_temporary, ("a.tmp", ".conslaw-notes.tmp", ".conslaw-1.tmp", OURS + "~")))


SLOW_WRITE = """
import os, sys, time
os.replace = lambda *paths: (print("writing", flush=True), time.sleep(60))
from conslaw_cli.cli import main; main()
"""


@pytest.mark.parametrize("number", quick([signal.SIGINT], [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
@pytest.mark.parametrize("command", [("new", "linear", "-o", "new.toml"), ("batch", "specs", "--output-dir", "out")])
def test_an_interrupted_run_leaves_no_temporary(folder, command, number):
    run = [sys.executable, "-c", SLOW_WRITE, *command]
    with subprocess.Popen(run, cwd=folder, env=environment(folder / "xdg"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stdout.readline() == "writing\n"
        assert any(is_temporary(path.name) for path in folder.rglob(".*"))
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert not any(is_temporary(path.name) for path in folder.rglob(".*"))


def test_a_killed_run_leaves_only_what_the_next_one_removes(folder):
    run = [sys.executable, "-c", SLOW_WRITE, "batch", "specs", "--output-dir", "part"]
    with subprocess.Popen(run, cwd=folder, env=environment(folder / "xdg"), stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.kill()
    (left,) = [path for path in (folder / "part").rglob(".*")]
    assert is_temporary(left.name)
    os.utime(left, (LONG_AGO, LONG_AGO))
    conslaw("batch", "specs", "--output-dir", "part", cwd=folder)
    assert not left.exists() and json.loads((folder / "part/manifest.json").read_text(encoding="utf-8"))["cases"]

"""The cache of results: content is the key, damage is survived, trouble with the disk is a warning."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from batching import batch, conslaw, environment, linear, small_specs, spec, started

from conslaw_cli.batch import tasks
from conslaw_cli.batch.cache import Cache, default_folder
from conslaw_cli.batch.engine import analysed
from conslaw_cli.spec import parse_spec

SPEC = parse_spec({"model": {"architecture": "relu", "widths": [2, 2, 1]}})


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def cache(tmp_path, warnings):
    return Cache(tmp_path, warnings.append)


@pytest.fixture(scope="module")
def result():
    return analysed(tasks.task_of(SPEC, 0))


def test_what_was_put_is_found(cache, result, warnings):
    task = tasks.task_of(SPEC, 0)
    assert cache.get(task) is None
    cache.put(result)
    assert cache.get(task) == result
    assert not warnings


def test_the_key_is_the_content(monkeypatch):
    key = tasks.task_of(SPEC, 0).key
    same = {"model": {"widths": [2, 2, 1], "bias": "none", "architecture": "relu"}, "expect": {"laws": 7}}
    assert tasks.task_of(parse_spec(same, "another name"), 0).key == key
    assert tasks.task_of(SPEC, 1).key != key
    other = parse_spec({**same, "dynamics": {"kind": "momentum"}})
    assert tasks.task_of(other, 0).key != key
    monkeypatch.setattr(tasks, "engine_version", lambda: "another version")
    assert tasks.task_of(SPEC, 0).key != key


def test_what_a_limit_or_a_bug_ended_is_not_kept(cache, result):
    for changes in ({"stopped": "not done after 1 s"}, {"crash": "ValueError"}):
        cache.put(dataclasses.replace(result, **changes))
        assert cache.get(tasks.task_of(SPEC, 0)) is None


@pytest.mark.parametrize("how", range(40))
def test_damaged_files_are_no_results_and_are_written_anew(cache, result, tmp_path, how):
    task, generator = tasks.task_of(SPEC, 0), random.Random(how)
    cache.put(result)
    (path,) = (path for path in tmp_path.rglob("*.json"))
    whole = path.read_bytes()
    at = generator.randrange(len(whole))
    damaged = [
        whole[:at],
        whole[:at] + b"\0" + whole[at + 1 :],
        whole + b"x",
        b"",
        b"\xff" * 50,
        b"[" * 5000,
        b"null\n{}",
    ]
    path.write_bytes(damaged[how % len(damaged)])
    found = cache.get(task)
    # the seconds are the only thing that no hash covers
    assert found is None or dataclasses.replace(found, seconds=0.0) == dataclasses.replace(result, seconds=0.0)
    cache.put(result)
    assert path.read_bytes() == whole


def test_a_file_under_another_key_is_not_taken(cache, result, tmp_path):
    cache.put(result)
    (path,) = tmp_path.rglob("*.json")
    other = tasks.task_of(SPEC, 1)
    target = cache._path(other.key)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    assert cache.get(other) is None


def test_trouble_with_writing_is_told_once(result, tmp_path, warnings):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "below", warnings.append)
    for _ in range(3):
        cache.put(result)
    assert len(warnings) == 1 and "--no-cache" in warnings[0]


def test_the_users_cache_folder(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert str(default_folder()) == "/x/conslaw"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert str(default_folder()) == "/home/me/.cache/conslaw"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, appauthor: Path("/Users/me/Library/Caches", name))
    assert str(default_folder()) == "/Users/me/Library/Caches/conslaw"


def test_an_unwritable_cache_is_a_warning_and_no_loss(tmp_path):
    small_specs(tmp_path / "specs")
    (tmp_path / "file").write_text("")
    result = batch("specs", "--cache-dir", "file/cache", "--output-dir", "out", cwd=tmp_path)
    assert result.code == 0 and result.err.count("cannot be cached") == 1
    assert len(list((tmp_path / "out").rglob("*.json"))) == 7


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_a_warning_and_no_loss(tmp_path, result, warnings, monkeypatch):
    def full(path, text):
        with open("/dev/full", "w", encoding="utf-8") as file:
            file.write(text)

    cache = Cache(tmp_path, warnings.append)
    with monkeypatch.context() as patch:
        patch.setattr("conslaw_cli.batch.cache.write_file", full)
        cache.put(result)
        cache.put(result)
    assert len(warnings) == 1 and "No space left" in warnings[0]
    cache.put(result)
    assert cache.get(tasks.task_of(SPEC, 0)) == result and len(warnings) == 1


@pytest.mark.heavy
def test_a_damaged_cache_is_repaired_by_the_next_run(tmp_path):
    spec(tmp_path, "a.toml", linear(2, 3, 2, laws=6))
    conslaw("batch", "a.toml", "--cache-dir", "cache", cwd=tmp_path)
    (path,) = (tmp_path / "cache").rglob("*.json")
    path.write_bytes(path.read_bytes()[:-20])
    assert "computed before" not in conslaw("batch", "a.toml", "--cache-dir", "cache", cwd=tmp_path).err
    assert "1 computed before" in conslaw("batch", "a.toml", "--cache-dir", "cache", cwd=tmp_path).err


@pytest.mark.heavy
def test_several_batches_write_at_once(tmp_path):
    small_specs(tmp_path / "specs")
    running = [
        started("batch", "specs", "-q", "-j", 1, "--output-dir", "out", cwd=tmp_path, stderr=subprocess.PIPE) for _ in range(3)
    ]
    for process in running:
        assert process.communicate(timeout=60)[1] == "" and process.returncode == 0
    assert "6 computed before" in conslaw("batch", "specs", cwd=tmp_path).err


# --- its size --------------------------------------------------------------------------------------------------------


def filled(folder, result, number, limit):
    """A cache in which results 0, 1, … were put one after another."""
    cache = Cache(folder, limit=limit)
    for k in range(number):
        cache.put(dataclasses.replace(result, key=key_of(k)))
        os.utime(cache._path(key_of(k)), (1000 + k, 1000 + k))
    return cache


def key_of(number):
    return hashlib.sha256(bytes([number])).hexdigest()


def keys(folder):
    return {path.parent.name + path.stem for path in folder.rglob("*.json")}


def test_what_was_not_used_for_longest_goes_when_it_is_full(tmp_path, result):
    one = len(result.body) + 1000
    cache = filled(tmp_path, result, 40, limit=10**12)
    assert keys(tmp_path) == set(map(key_of, range(40)))
    assert cache.get(tasks.Task(key_of(3), {}, 0)) is not None
    small = Cache(tmp_path, limit=20 * one)
    small.put(dataclasses.replace(result, key=key_of(40)))
    small.settle()
    left = keys(tmp_path)
    assert {key_of(3), key_of(39), key_of(40)} <= left and key_of(0) not in left
    assert 5 <= len(left) and small.contents().size <= 20 * one
    (size,) = tmp_path.rglob(".conslaw-size")
    assert int(size.read_text(encoding="utf-8")) == small.contents().size


def test_a_cache_is_looked_through_only_when_it_is_full(tmp_path, result, monkeypatch):
    filled(tmp_path, result, 5, limit=10**12).settle()
    monkeypatch.setattr(Cache, "contents", lambda cache: pytest.fail("looked through"))
    monkeypatch.setattr(Cache, "_prune", lambda cache: pytest.fail("looked through"))
    filled(tmp_path, result, 9, limit=10**12).settle()


def test_a_batch_keeps_its_cache_within_the_limit(tmp_path):
    code = "import conslaw_cli.batch.cache as c\nc.Cache.__init__.__defaults__ = (print, 9000)\n"
    spec(tmp_path, "s.toml", '[model]\narchitecture = "linear"\n[sweep]\nmodel.widths = [[2, { from = 1, to = 9 }, 2]]\n')
    command = [sys.executable, "-c", f"{code}from conslaw_cli.cli import main; main()", "batch", ".", "-q"]
    subprocess.run(command, cwd=tmp_path, env=environment(tmp_path / "xdg"), check=True, capture_output=True)
    assert 0 < Cache(tmp_path / "xdg/conslaw").contents().size <= 9000


def test_info_and_clear(tmp_path):
    small_specs(tmp_path / "specs")
    batch("specs", "--cache-dir", "kept", cwd=tmp_path)
    theirs = [spec(tmp_path / "kept", name, "mine") for name in ("a.txt", "results/a.json", "results/00/b.json", ".x.tmp")]
    (tmp_path / "kept/results/ff").mkdir(exist_ok=True)
    (tmp_path / "kept/results/link").symlink_to(tmp_path / "specs")
    temporary = spec(tmp_path / "kept", f"results/.conslaw-{'0' * 32}.tmp", "")
    contents = Cache(tmp_path / "kept").contents()
    out = conslaw("cache", "info", "--cache-dir", "kept", cwd=tmp_path).out.splitlines()
    assert out[0].split() == ["folder", "kept"] and out[1].split() == ["results", "5"]
    assert out[2].split()[1] == str(contents.size) and out[2].endswith("of at most 1.0 GiB)")
    cleared = conslaw("cache", "clear", "--cache-dir", "kept", cwd=tmp_path)
    assert cleared.code == 0 and "removed 5 results" in cleared.out
    assert all(path.read_text(encoding="utf-8") == "mine" for path in theirs) and not temporary.exists()
    left = {str(path.relative_to(tmp_path / "kept")) for path in (tmp_path / "kept").rglob("*") if path.is_file()}
    assert left == {"a.txt", "results/a.json", "results/00/b.json", ".x.tmp"}
    assert (tmp_path / "specs/twin.toml").exists()


def test_a_cleared_cache_leaves_nothing_and_one_that_is_not_there_is_empty(tmp_path):
    spec(tmp_path, "a.toml", linear(2, 2))
    conslaw("batch", "a.toml", cwd=tmp_path)
    assert "removed 1 result," in conslaw("cache", "clear", cwd=tmp_path).out
    assert not list((tmp_path / "xdg/conslaw").iterdir())
    assert "removed 0 results" in conslaw("cache", "clear", "--cache-dir", "absent", cwd=tmp_path).out
    assert not (tmp_path / "absent").exists()
    (tmp_path / "elsewhere/aa").mkdir(parents=True)
    kept = spec(tmp_path, f"elsewhere/aa/{'b' * 62}.json", "not in the cache")
    (tmp_path / "xdg/conslaw/results").symlink_to(tmp_path / "elsewhere")
    assert "removed 0 results" in conslaw("cache", "clear", cwd=tmp_path).out and kept.exists()

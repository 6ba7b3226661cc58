"""The cache of results: content is the key, damage is survived, trouble with the disk is a warning."""

from __future__ import annotations

import dataclasses
import os
import random
import subprocess

import pytest
from batching import conslaw, linear, small_specs, spec, started

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


def test_an_unwritable_cache_is_a_warning_and_no_loss(tmp_path):
    small_specs(tmp_path / "specs")
    (tmp_path / "file").write_text("")
    result = conslaw("batch", "specs", "--cache-dir", "file/cache", "--output-dir", "out", cwd=tmp_path)
    assert result.code == 0 and result.err.count("cannot be cached") == 1
    assert len(list((tmp_path / "out").rglob("*.json"))) == 7


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_a_warning_and_no_loss(tmp_path, result, warnings, monkeypatch):
    def full(path, text):
        with open("/dev/full", "w", encoding="utf-8") as file:
            file.write(text)

    monkeypatch.setattr("conslaw_cli.batch.cache.write_file", full)
    Cache(tmp_path, warnings.append).put(result)
    assert len(warnings) == 1 and "No space left" in warnings[0]


def test_a_damaged_cache_is_repaired_by_the_next_run(tmp_path):
    spec(tmp_path, "a.toml", linear(2, 3, 2, laws=6))
    conslaw("batch", "a.toml", "--cache-dir", "cache", cwd=tmp_path)
    (path,) = (tmp_path / "cache").rglob("*.json")
    path.write_bytes(path.read_bytes()[:-20])
    assert "computed before" not in conslaw("batch", "a.toml", "--cache-dir", "cache", cwd=tmp_path).err
    assert "1 computed before" in conslaw("batch", "a.toml", "--cache-dir", "cache", cwd=tmp_path).err


def test_several_batches_write_at_once(tmp_path):
    small_specs(tmp_path / "specs")
    running = [
        started("batch", "specs", "-q", "--output-dir", "out", cwd=tmp_path, stderr=subprocess.PIPE) for _ in range(3)
    ]
    for process in running:
        assert process.communicate(timeout=60)[1] == "" and process.returncode == 0
    assert "6 computed before" in conslaw("batch", "specs", cwd=tmp_path).err

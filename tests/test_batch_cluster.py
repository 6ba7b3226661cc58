"""The same cases on a real Dask cluster of two workers on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from batching import conslaw, contents, environment, linear, spec, started

distributed = pytest.importorskip("distributed")

CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None)
    print(cluster.scheduler_address, *(worker.pid for worker in cluster.workers.values()), flush=True)
    sys.stdin.read()
    cluster.close()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """(address, process numbers of the workers)."""
    folder = tmp_path_factory.mktemp("cluster")
    script = spec(folder, "cluster.py", CLUSTER)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    address, *workers = process.stdout.readline().split()
    yield address, [int(worker) for worker in workers]
    process.stdin.close()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.mark.heavy
def test_a_limit_is_kept_on_the_cluster(cluster, tmp_path):
    spec(tmp_path, "slow.toml", linear(64, 64, 64))
    result = conslaw("batch", ".", "--no-cache", "--timeout", 1, "--scheduler", cluster[0], cwd=tmp_path)
    assert result.code == 3 and "--timeout" in result.out


def test_reports_of_the_cluster_are_those_of_this_machine(cluster, tmp_path):
    spec(tmp_path, "specs/a.toml", linear(2, 3, 2))
    spec(tmp_path, "specs/b.toml", linear(2, 2, 2))
    for name, options in (("far", ("--scheduler", cluster[0])), ("near", ("-j", 1))):
        assert conslaw("batch", "specs", "--no-cache", "--output-dir", name, *options, cwd=tmp_path).code == 0
    assert contents(tmp_path / "far") == contents(tmp_path / "near")


@pytest.mark.heavy
def test_nothing_is_lost_when_a_worker_is_killed(cluster, tmp_path):
    address, workers = cluster
    sweep = '[model]\narchitecture = "linear"\n[sweep]\nmodel.widths = [[{ from = 2, to = 24 }, 6, 3]]\n'
    spec(tmp_path, "specs/s.toml", sweep)
    arguments = ("batch", "specs", "--no-cache", "--scheduler", address, "--output-dir", "far")
    process = started(*arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "far").rglob("s*.json"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    finished = len(list((tmp_path / "far").rglob("s*.json")))
    os.kill(workers[0], signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert 5 <= finished < 23 and "23 cases: 23 unchecked" in err
    assert conslaw("batch", "specs", "--output-dir", "near", cwd=tmp_path).code == 0
    assert contents(tmp_path / "far") == contents(tmp_path / "near")


def test_a_scheduler_that_is_not_there(tmp_path, monkeypatch):
    from conslaw_cli.batch import cluster as ours
    from conslaw_cli.batch.tasks import RunLimits, PoolError, task_of
    from conslaw_cli.spec import parse_spec

    monkeypatch.setattr(ours, "CONNECT_SECONDS", 0.5)
    task = task_of(parse_spec({"model": {"architecture": "linear", "widths": [1, 1]}}), 0)
    with pytest.raises(PoolError, match="no Dask scheduler answers"):
        list(ours.dask("tcp://127.0.0.1:9", RunLimits())([task]))


def test_a_worker_of_another_version_is_refused():
    from conslaw_cli.batch.cluster import run_task
    from conslaw_cli.batch.tasks import PoolError

    with pytest.raises(PoolError, match="install the same one"):
        run_task({}, {}, "another version")

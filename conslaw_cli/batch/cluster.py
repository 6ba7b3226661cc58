"""The same tasks on an existing Dask cluster (``pip install 'conslaw[dask]'``, here and on its workers).

Dask gives the tasks of a worker that dies to another one. Limits are kept by a worker process of ours below Dask's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from conslaw_cli.batch.pool import Pool
from conslaw_cli.batch.run import Runner
from conslaw_cli.batch.tasks import RunLimits, PoolError, Result, Task, engine_version

CONNECT_SECONDS = 10


def dask(address: str, limits: RunLimits) -> Runner:
    """Runs tasks on the cluster whose scheduler has this address. Raises PoolError where that cannot be done."""
    try:
        import distributed
    except ImportError:
        raise PoolError("--scheduler needs Dask: pip install 'conslaw[dask]'") from None

    def runner(tasks: Sequence[Task]) -> Iterator[Result]:
        try:
            client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise PoolError(f"--scheduler {address}: no Dask scheduler answers there ({error})") from None
        with client:
            yield from _results(client, tasks, limits)

    return runner


def _results(client, tasks: Sequence[Task], limits: RunLimits) -> Iterator[Result]:
    from distributed import as_completed

    futures = client.map(
        run_task, [asdict(task) for task in tasks], limits=asdict(limits), version=engine_version(), pure=False
    )
    key_of = {future.key: task.key for future, task in zip(futures, tasks, strict=True)}
    try:
        for future in as_completed(futures, loop=client.loop):
            yield _result(future, key_of.pop(future.key))
            future.release()
    finally:
        if key_of:
            client.cancel([future for future in futures if future.key in key_of], force=True)


def _result(future, key: str) -> Result:
    """A task that no worker could do crashed."""
    error = future.exception()
    if error is None:
        return Result(**future.result())
    if isinstance(error, PoolError):
        raise error
    return Result(key, crash=f"on the cluster: {type(error).__name__}: {error}")


def run_task(task: dict, limits: dict, version: str) -> dict:
    """One task, on a worker of the cluster. Raises PoolError where that worker has another version installed."""
    if engine_version() != version:
        raise PoolError(
            f"a worker of the cluster has conslaw {engine_version()}, here it is {version}; install the same one"
        )
    if limits["timeout"] is None and limits["memory"] is None:
        from conslaw_cli.batch.engine import analysed

        return asdict(analysed(Task(**task)))
    (result,) = Pool(1, RunLimits(**limits)).run([Task(**task)])
    return asdict(result)

"""conslaw batch: every spec below files and folders, in parallel, from a cache where nothing has changed."""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import click

from conslaw_cli.batch.cases import Case, Shard, read
from conslaw_cli.batch.outputs import Manifest, Outputs, as_csv
from conslaw_cli.batch.progress import Progress
from conslaw_cli.batch.run import Batch, Runner, local
from conslaw_cli.batch.table import table, totals
from conslaw_cli.batch.tasks import RunLimits, PoolError, engine_version
from conslaw_cli.cli.cache import cache_options, opened_cache
from conslaw_cli.cli.exits import Exit, exit_of_verdict, worst
from conslaw_cli.cli.folders import opened
from conslaw_cli.cli.life import columns_of_stderr
from conslaw_cli.cli.output import complain, write
from conslaw_cli.cli.specs import find, jobs_option, paths_argument, seed_option, timeout_option, total_timeout_option


class _ShardType(click.ParamType):
    """I/N."""

    name = "I/N"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> Shard:
        found = value if isinstance(value, Shard) else re.fullmatch(r"(\d{1,6})/(\d{1,6})", str(value))
        if isinstance(found, Shard):
            return found
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"{value!r} is not I/N with I from 1 to N, such as 1/3", param, context)
        return Shard(int(found[1]), int(found[2]))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@click.command(
    epilog="""\b
Examples:
  conslaw batch model_specs                               every *.toml below a folder
  conslaw batch specs --exclude 'draft_*' --output-dir out
  conslaw batch specs --timeout 60 --memory 2000          seconds and MiB per case, with what is known by then
  conslaw batch specs --shard 1/3 --output-dir part1      a third of the cases, see `conslaw merge`
  conslaw batch specs --scheduler tcp://cluster:8786      on a Dask cluster
"""
)
@paths_argument
@click.option(
    "--include", multiple=True, metavar="GLOB", help="In folders, take only files like this; may be repeated."
)
@click.option(
    "--exclude", multiple=True, metavar="GLOB", help="In folders, leave out files like this; may be repeated."
)
@jobs_option("one for each core")
@timeout_option
@total_timeout_option
@click.option(
    "--memory", type=click.IntRange(1), metavar="MIB", help="MiB of address space for one case, beyond an idle worker's."
)
@click.option(
    "--output-dir",
    metavar="DIR",
    help="Write reports/, summary.csv and a manifest here: a folder that is new, empty, or of an earlier batch.",
)
@cache_options
@click.option(
    "--shard", type=_ShardType(), default=Shard(), metavar="I/N", help="Run part I of N, by a hash of the name."
)
@click.option("--scheduler", metavar="ADDRESS", help="Run on the Dask cluster with this scheduler.")
@click.option("--format", "format_", type=click.Choice(["text", "csv"]), default="text", show_default=True,
              help="text: a table with seconds; csv: the same bytes for the same cases.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress, and only rows that are not as expected.")
@seed_option
def batch(
    paths: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    jobs: int | None,
    timeout: float | None,
    total_timeout: float | None,
    memory: int | None,
    output_dir: str | None,
    cache_dir: str | None,
    no_cache: bool,
    shard: Shard,
    scheduler: str | None,
    format_: str,
    quiet: bool,
    seed: int,
) -> Exit:
    """Run every case of every spec in the files and folders PATH, and sum up what came of them.

    A bad or slow spec never stops the others: one over its limits ends as undecided, with what is known by then. Results
    are kept by content, so that a second run computes only what has changed and an interrupted one goes on where it was.
    Exit codes are those of `check`; the worst counts: 4, 2, 1, 3, 0.
    """
    start, limits = time.monotonic(), RunLimits.from_now(timeout, memory, total_timeout)
    if scheduler is not None and total_timeout is not None:
        raise click.UsageError("--total-timeout does not reach the cluster of --scheduler: give --timeout for each case")
    cases = read(find(paths, include, exclude))
    own = [case for case in cases if shard.holds(case.name)]
    if memory is not None and not Path("/proc/self/statm").exists():
        complain("--memory has no effect on this system")
    work = Batch(
        own,
        seed,
        runner=local(jobs or _cores(), limits) if scheduler is None else _cluster(scheduler, limits),
        cache=opened_cache(cache_dir, no_cache),
        outputs=_outputs(output_dir, shard, cases, seed),
        warn=complain,
    )
    ended = _run(work, quiet)
    return _summed_up(work, ended, format_, quiet, time.monotonic() - start)


def _cluster(address: str, limits: RunLimits) -> Runner:
    from conslaw_cli.batch.cluster import dask

    try:
        return dask(address, limits)
    except PoolError as error:
        raise click.UsageError(str(error)) from None


def _outputs(folder: str | None, shard: Shard, cases: list[Case], seed: int) -> Outputs | None:
    if folder is None:
        return None
    manifest = Manifest(engine_version(), seed, shard.index, shard.number, tuple(case.name for case in cases))
    return opened(Path(folder), manifest)


def _run(work: Batch, quiet: bool) -> Exit:
    """Run until all is done, the user interrupts, or there is nothing to run it on."""
    try:
        with nullcontext() if quiet else _progress(len(work.cases)) as progress:
            for done in work.run():
                if progress is not None:
                    progress.count(done.row, done.seconds is not None)
        return Exit.OK
    except KeyboardInterrupt:
        complain(f"interrupted: {'what is done is kept, run again to go on' if work.cache else 'nothing is cached'}")
        return Exit.INTERRUPTED
    except PoolError as error:
        complain(str(error))
        return Exit.UNUSABLE


def _progress(total: int) -> Progress:
    columns = columns_of_stderr()
    return Progress(total, sys.stderr, bool(columns), columns)


def _summed_up(work: Batch, ended: Exit, format_: str, quiet: bool, elapsed: float) -> Exit:
    """Write the summary; the exit code."""
    codes = [ended, *(exit_of_verdict(row.expect) for row in work.rows())]
    if work.outputs is not None:
        try:
            work.outputs.finish(work.rows())
        except OSError as error:
            complain(
                f"{work.outputs.folder}: the summary cannot be written ({error.strerror}); make room and run again"
            )
            codes.append(Exit.UNUSABLE)
    if work.unwritten:
        codes.append(Exit.UNUSABLE)
    done = [work.done[position] for position in sorted(work.done)]
    text = as_csv(work.rows()) if format_ == "csv" else table(done, quiet)
    if text:
        write(text, None)
    if not quiet or worst(codes) != Exit.OK:
        complain(totals(done, len(work.cases), elapsed))
    return worst(codes)

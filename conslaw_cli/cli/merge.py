"""conslaw merge: put the output folders of shards together."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conslaw_cli.cli.exits import Exit, exit_of_verdict, worst
from conslaw_cli.cli.folders import opened
from conslaw_cli.cli.output import OutputError, complain, write

if TYPE_CHECKING:
    from conslaw_cli.batch.merge import Merged


@click.command(
    epilog="""\b
Example, on three machines and then on one:
  conslaw batch specs --shard 1/3 --output-dir part1     (2/3 and part2, 3/3 and part3 elsewhere)
  conslaw merge part1 part2 part3 --output-dir whole
"""
)
@click.argument("folders", nargs=-1, required=True, metavar="DIR...")
@click.option("--output-dir", metavar="DIR", help="Write all reports, summary.csv and the manifest of the whole here.")
@click.option("-q", "--quiet", is_flag=True, help="Show only rows that are not as expected.")
def merge(folders: tuple[str, ...], output_dir: str | None, quiet: bool) -> Exit:
    """Join the output folders of all shards of a batch, each DIR one.

    Complains of cases that are missing or there twice, and of parts that do not belong together: then nothing is written
    and the exit code is 2. Otherwise it is that of the whole batch. The folder of the whole has to be new, empty, or one
    that `conslaw merge` or `conslaw batch` wrote.
    """
    from conslaw_cli.batch.merge import MergeError, merged
    from conslaw_cli.batch.run import Done
    from conslaw_cli.batch.table import table, totals

    start = time.monotonic()
    if output_dir is not None and Path(output_dir).resolve() in {Path(folder).resolve() for folder in folders}:
        raise OutputError(f"{output_dir}: is one of the parts; choose a folder of its own for the whole")
    try:
        whole = merged(folders)
    except MergeError as error:
        complain(str(error))
        return Exit.UNUSABLE
    if output_dir is not None:
        _write(whole, Path(output_dir))
    done = [Done(row) for row in whole.rows]
    if text := table(done, quiet):
        write(text, None)
    complain(totals(done, len(done), time.monotonic() - start))
    return worst(exit_of_verdict(row.expect) for row in whole.rows)


def _write(whole: Merged, target: Path) -> None:
    from conslaw_cli.batch.merge import write_whole

    outputs = opened(target, whole.manifest)
    try:
        write_whole(whole, outputs)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}; name a folder you may write to") from None

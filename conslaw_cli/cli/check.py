"""conslaw check: hold results against what is expected, for CI."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import click

from conslaw_cli.batch.cache import Cache
from conslaw_cli.batch.cases import Case
from conslaw_cli.batch.run import Batch, here, local
from conslaw_cli.batch.tasks import RunLimits, PoolError, Result
from conslaw_cli.checks import FORMATS, Outcome, render
from conslaw_cli.cli.cache import cache_options, opened_cache
from conslaw_cli.cli.exits import Exit, exit_of_verdict, worst
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.output import OutputError, complain, refuse_loss, write
from conslaw_cli.cli.specs import (
    find,
    force_option,
    jobs_option,
    output_option,
    paths_argument,
    seed_option,
    timeout_option,
    total_timeout_option,
)
from conslaw_cli.steps import Step
from conslaw_cli.visible import visible


class _Also(click.ParamType):
    """FORMAT=FILE."""

    name = "FORMAT=FILE"

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> tuple[str, str]:
        format_, separator, file = value.partition("=")
        if format_ not in FORMATS or not separator or not file:
            self.fail(f"{value!r} is not FORMAT=FILE with one of the formats {', '.join(FORMATS)}", param, context)
        return format_, file


@click.command(
    epilog="""\b
Examples:
  conslaw check model_specs                          every *.toml below a folder
  conslaw check --strict -q model_specs              silent when all is well and proved
  conslaw check --format junit -o report.xml specs   for Jenkins and GitLab
  conslaw check --format github --also markdown="$GITHUB_STEP_SUMMARY" specs
  conslaw check --update spec.toml                   write what was found into [expect]
  conslaw check --laws 3 spec.toml
  conslaw check --jobs 4 --timeout 60 --total-timeout 600 specs
"""
)
@paths_argument
@click.option("--laws", type=click.IntRange(0), help="Expect this number of independent laws, whatever [expect] says.")
@click.option("--strict", is_flag=True, help="Take every result short of `proved` for a failure.")
@click.option("--update", is_flag=True, help="Rewrite [expect] to what was found, keeping its keys and all comments.")
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="Output format."
)
@click.option(
    "--also", type=_Also(), multiple=True, help="Write the result in another format, to a file; may be repeated."
)
@click.option(
    "-q", "--quiet", is_flag=True, help="Say nothing of specs that are as expected (no effect on json, jsonl, junit)."
)
@jobs_option("1, in this process")
@timeout_option
@total_timeout_option
@cache_options
@seed_option
@output_option
@force_option
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[str, ...],
    laws: int | None,
    strict: bool,
    update: bool,
    format_: str,
    also: tuple[tuple[str, str], ...],
    quiet: bool,
    jobs: int | None,
    timeout: float | None,
    total_timeout: float | None,
    cache_dir: str | None,
    no_cache: bool,
    seed: int,
    output: str | None,
    force: bool,
) -> Exit:
    """Hold the result of every spec in the files and folders PATH against its [expect] table.

    Exit code 1 when an expectation fails, 3 when one stays undecided, 2 for unusable input, 4 for an internal error; over
    several specs the worst counts: 4, 2, 1, 3, 0. Results are kept by content, as `batch` does: what has not changed is not
    computed again. The output does not depend on the number of jobs.
    """
    limits = RunLimits.from_now(timeout, None, total_timeout)
    if update and laws is not None:
        raise click.UsageError("--update writes what was found, --laws says what to expect: give one of them")
    from conslaw_cli.checks.run import Settings, check_files

    files = _files(paths)
    refuse_loss([output, *(file for _, file in also)], files, force)
    done: list[Outcome] = []
    with SignOfLife() as life:
        work = _Work(seed, jobs or 1, limits, opened_cache(cache_dir, no_cache), life)
        settings = Settings(work.results, laws, strict, update, _on_crash(context))
        try:
            _written(render(_noted(check_files(files, settings), done, life), format_, quiet), output)
        except PoolError as error:
            raise OutputError(str(error)) from None
    for other, file in also:
        write("".join(render(done, other)), file)
    return worst(exit_of_verdict(outcome.verdict) for outcome in done)


@dataclass(frozen=True)
class _Work:
    """How results are come by: from the cache, in this process, or from workers where there are several or a limit."""

    seed: int
    jobs: int
    limits: RunLimits
    cache: Cache | None
    life: SignOfLife

    def results(self, cases: Sequence[Case]) -> Iterator[Result]:
        """Of every case, in order."""
        alone = self.jobs == 1 and not self.limits.timed
        runner = here(self.life) if alone else local(self.jobs, self.limits)
        if not alone:
            self.life(Step("at work"))
        self.life.name = cases[0].name if cases else ""
        for number, done in enumerate(Batch(cases, self.seed, runner, self.cache).in_order(), 1):
            yield done.result
            self.life.name = cases[number].name if number < len(cases) else ""


def _files(paths: tuple[str, ...]) -> list[str]:
    """Folders as the specs below them; what is no folder is taken as it is, each once."""
    return list(dict.fromkeys(file for path in paths for file in (find([path]) if os.path.isdir(path) else [path])))


def _noted(outcomes: Iterator[Outcome], done: list[Outcome], life: SignOfLife) -> Iterator[Outcome]:
    """The outcomes, kept in ``done``; what made a spec unusable goes to stderr too."""
    for outcome in outcomes:
        life.clear()
        done.append(outcome)
        if outcome.verdict in ("unusable", "crashed"):
            for finding in outcome.findings:
                file = visible(outcome.file)
                place = file if finding.line is None else f"{file}:{finding.line}"
                complain(f"{place}: {finding.message}")
        yield outcome


def _written(pieces: Iterator[str], output: str | None) -> None:
    """To stdout piece by piece, as a sign of life; to a file whole or not at all."""
    if output not in (None, "-"):
        write("".join(pieces), output)
        return
    for piece in pieces:
        write(piece, None)


def _on_crash(context: click.Context) -> Callable[[str], None]:
    """Shows the traceback where --debug asks for it."""
    debug = bool(context.obj and context.obj.get("debug"))
    return (lambda traceback: click.echo(traceback, err=True)) if debug else (lambda traceback: None)

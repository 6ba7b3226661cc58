"""conslaw check: hold results against what is expected, for CI."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator

import click

from conslaw_cli.checks import FORMATS, Outcome, render
from conslaw_cli.cli.exits import Exit, exit_of_verdict, worst
from conslaw_cli.cli.output import complain, refuse_loss, write
from conslaw_cli.cli.specs import find, force_option, output_option, paths_argument, report_of, seed_option
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
    seed: int,
    output: str | None,
    force: bool,
) -> Exit:
    """Hold the result of every spec in the files and folders PATH against its [expect] table.

    Exit code 1 when an expectation fails, 3 when one stays undecided, 2 for unusable input, 4 for an internal error; over
    several specs the worst counts: 4, 2, 1, 3, 0.
    """
    if update and laws is not None:
        raise click.UsageError("--update writes what was found, --laws says what to expect: give one of them")
    from conslaw_cli.checks.run import Settings, check_files

    files = _files(paths)
    refuse_loss([output, *(file for _, file in also)], files, force)
    settings = Settings(lambda spec: report_of(spec, seed), laws, strict, update)
    done: list[Outcome] = []
    outcomes = _noted(check_files(files, settings, _on_crash(context)), done)
    _written(render(outcomes, format_, quiet), output)
    for other, file in also:
        write("".join(render(done, other)), file)
    return worst(exit_of_verdict(outcome.verdict) for outcome in done)


def _files(paths: tuple[str, ...]) -> list[str]:
    """Folders as the specs below them; what is no folder is taken as it is, each once."""
    return list(dict.fromkeys(file for path in paths for file in (find([path]) if os.path.isdir(path) else [path])))


def _noted(outcomes: Iterator[Outcome], done: list[Outcome]) -> Iterator[Outcome]:
    """The outcomes, kept in ``done``; what made a spec unusable goes to stderr too."""
    for outcome in outcomes:
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


def _on_crash(context: click.Context) -> Callable[[Exception], None]:
    """Shows the traceback where --debug asks for it."""
    debug = bool(context.obj and context.obj.get("debug"))
    return (lambda error: traceback.print_exception(error)) if debug else (lambda error: None)

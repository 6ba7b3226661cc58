"""Options and loops that commands share: reading specs, analysing each, going on after a bad one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from conslaw_cli.batch.discovery import DiscoveryError, discover
from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import complain
from conslaw_cli.spec import Spec, SpecError, read_cases, read_spec

if TYPE_CHECKING:
    from conslaw_cli.report.model import Report


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell completes a path with."""
    return [CompletionItem(incomplete, type="file")]


specs_argument = click.argument("specs", nargs=-1, required=True, metavar="SPEC...", shell_complete=files)
paths_argument = click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=files)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**53 - 1),
    default=0,
    show_default=True,
    help="Seed of the random points and primes; it never changes a count.",
)
output_option = click.option(
    "-o", "--output", metavar="FILE", shell_complete=files, help="Write to FILE, whole or not at all; default stdout."
)
force_option = click.option("--force", is_flag=True, help="With -o, replace also a spec, or what is read.")


class _Seconds(click.FloatRange):
    """A positive number of seconds."""

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> float:
        seconds = super().convert(value, param, context)
        return self.fail(f"{value} is no number of seconds", param, context) if seconds != seconds else seconds


_seconds = _Seconds(0, min_open=True)
timeout_option = click.option(
    "--timeout", type=_seconds, metavar="S", help="Seconds for one case; then it is undecided, with what is known by then."
)
total_timeout_option = click.option(
    "--total-timeout", type=_seconds, metavar="S", help="Seconds for the whole run; what is not done then is undecided."
)


def jobs_option(default: str) -> Callable:
    return click.option(
        "-j", "--jobs", type=click.IntRange(1, 1024), metavar="N", help=f"Worker processes; default: {default}."
    )


class NoSpecs(click.ClickException):
    """Paths that name no specs."""

    exit_code = 2


def find(paths: Iterable[str], include: Iterable[str] = (), exclude: Iterable[str] = ()) -> list[str]:
    """The specs in files and folders, see ``discover``. Raises NoSpecs, which names every path that is of no use."""
    try:
        return discover(paths, include, exclude)
    except DiscoveryError as error:
        raise NoSpecs(str(error)) from None


def read_all(paths: Iterable[str]) -> Iterator[tuple[str, Spec | None, Exit]]:
    """Read specs one by one, every case of a sweep; problems go to stderr and the next spec has its turn."""
    for path in paths:
        try:
            for case in read_cases(path):
                yield path, case, Exit.OK
        except SpecError as error:
            complain(str(error))
            yield path, None, Exit.UNUSABLE


def read_one(path: str) -> Spec | None:
    """Read a spec that must not be a sweep; problems go to stderr."""
    try:
        return read_spec(path)
    except SpecError as error:
        complain(str(error))
        return None


def exit_of(report: Report) -> Exit:
    """Undecided is an exit code of its own."""
    return Exit.UNDECIDED if report.status == "undecided" else Exit.OK


def format_option(formats: Iterable[str]) -> Callable:
    return click.option(
        "--format",
        "format_",
        type=click.Choice(list(formats)),
        default="text",
        show_default=True,
        help="Output format.",
    )

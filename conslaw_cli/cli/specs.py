"""Options and loops that commands share: reading specs, analysing each, going on after a bad one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import complain
from conslaw_cli.spec import Spec, SpecError, read_spec

if TYPE_CHECKING:
    from conslaw_cli.report.model import Report

specs_argument = click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**53 - 1),
    default=0,
    show_default=True,
    help="Seed of the random points and primes; it never changes a count.",
)
output_option = click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all; default stdout.")


def read_all(paths: Iterable[str]) -> Iterator[tuple[str, Spec | None, Exit]]:
    """Read specs one by one; problems go to stderr and the next spec has its turn."""
    for path in paths:
        try:
            yield path, read_spec(path), Exit.OK
        except SpecError as error:
            complain(str(error))
            yield path, None, Exit.UNUSABLE


def report_of(spec: Spec, seed: int) -> Report:
    """The report of a spec (the engine is imported here, not before)."""
    from conslaw_cli.analysis import run
    from conslaw_cli.report.build import build

    return build(run(spec, seed))


def exit_of(report: Report) -> Exit:
    """Undecided is an exit code of its own."""
    return Exit.UNDECIDED if report.status == "undecided" else Exit.OK


def format_option(formats: Iterable[str]) -> Callable:
    return click.option(
        "--format", "format_", type=click.Choice(list(formats)), default="text", show_default=True, help="Output format."
    )

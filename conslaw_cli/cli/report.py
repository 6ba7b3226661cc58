"""conslaw report: what is conserved, how many laws there are, and why that is all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from conslaw_cli.batch.alarm import can_ring
from conslaw_cli.batch.tasks import RunLimits
from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.output import complain, refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.specs import (
    exit_of,
    force_option,
    format_option,
    output_option,
    read_all,
    seed_option,
    specs_argument,
    timeout_option,
    total_timeout_option,
)
from conslaw_cli.report import FORMATS, render
from conslaw_cli.spec import Spec
from conslaw_cli.steps import Step

if TYPE_CHECKING:
    from conslaw_cli.report.model import Report


@click.command(
    epilog="""\b
Examples:
  conslaw report model_specs/linear_momentum.toml
  conslaw report --format json spec.toml > report.json
  conslaw new relu | conslaw report -
  conslaw report --timeout 60 spec.toml          what is known after a minute
"""
)
@specs_argument
@format_option(FORMATS)
@click.option("--expand", is_flag=True, help="Write out every law of large families.")
@timeout_option
@total_timeout_option
@seed_option
@output_option
@force_option
def report(
    specs: tuple[str, ...],
    format_: str,
    expand: bool,
    timeout: float | None,
    total_timeout: float | None,
    seed: int,
    output: str | None,
    force: bool,
) -> Exit:
    """Print the conservation laws of each SPEC ("-" reads standard input).

    The report lists every law, how many independent ones there are, whether each depends on time, and how all of that is
    known. Exit code 3 when a count stays undecided, 2 for unusable input.
    """
    refuse_loss([output], specs, force)
    limits = RunLimits.from_now(timeout, None, total_timeout)
    if limits.timed and not can_ring():
        complain("--timeout and --total-timeout have no effect on this system")
    look = {"color": wants_color(output), "width": width(output), "ascii_only": wants_ascii(output)}
    with SignOfLife() as life:
        work = _Work(limits, seed, life, lambda reports: render(reports, format_, expand=expand, **look))
        codes = [work.add(spec) if spec is not None else code for _, spec, code in read_all(specs)]
        text = work.text()
    if text:
        write(text, output)
    return worst(codes)


@dataclass
class _Work:
    """Reports that are being made, each within the limits: its text, too."""

    limits: RunLimits
    seed: int
    life: SignOfLife
    rendered: Callable[[Sequence[Report]], str]
    reports: list[Report] = field(default_factory=list)
    written: tuple[Report, str] | None = None
    """The last report that was written in time, and its text by itself."""

    def add(self, spec: Spec) -> Exit:
        """Make the report of a spec (the engine is imported here, not before)."""
        from conslaw_cli.batch.engine import report_within

        self.life.begin(spec.name)
        self.reports.append(report_within(self.limits, spec, self.seed, self.life, self._written_in_time))
        return exit_of(self.reports[-1])

    def text(self) -> str:
        """All of them, written together."""
        if self.written and self.reports == [self.written[0]]:
            return self.written[1]
        self.life(Step("writing the reports"))
        return self.rendered(self.reports) if self.reports else ""

    def _written_in_time(self, report: Report) -> None:
        """One report by itself, so that none is taken whose writing takes longer than the limit."""
        if self.limits.timed:
            self.written = (report, self.rendered([report]))

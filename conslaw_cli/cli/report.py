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
from conslaw_cli.report import FORMATS, render, render_regions
from conslaw_cli.report.places import PlaceError, check_syntax, read_place
from conslaw_cli.report.regions import FORMATS as REGION_FORMATS
from conslaw_cli.spec import Spec, SpecError
from conslaw_cli.steps import Step

if TYPE_CHECKING:
    from conslaw_cli.report.model import Report
    from conslaw_cli.report.regions import Regions


@click.command(
    epilog="""\b
Examples:
  conslaw report model_specs/linear_momentum.toml
  conslaw report --format json spec.toml > report.json
  conslaw new relu | conslaw report -
  conslaw report --timeout 60 spec.toml          what is known after a minute
  conslaw report --only 'W2[:,3]' spec.toml      the laws that hidden neuron 3's outgoing weights take part in
  conslaw report --regions 20 network.toml       how often which count occurs over 20 initializations
"""
)
@specs_argument
@format_option(FORMATS)
@click.option(
    "--regions",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Of networks with branches: the counts around N initializations with their frequencies (text, json).",
)
@click.option(
    "--only",
    multiple=True,
    metavar="PART",
    help="Only laws that PART takes part in: W2, W2[:,3], W1[2:4,1] (2 to 4), b1[3] or W1_2_3; indices from 1. May be given "
    "again: laws that any of them takes part in.",
)
@click.option("--expand", is_flag=True, help="Write out every law of large families.")
@timeout_option
@total_timeout_option
@seed_option
@output_option
@force_option
def report(
    specs: tuple[str, ...],
    format_: str,
    regions: int | None,
    only: tuple[str, ...],
    expand: bool,
    timeout: float | None,
    total_timeout: float | None,
    seed: int,
    output: str | None,
    force: bool,
) -> Exit:
    """Print the conservation laws of each SPEC ("-" reads standard input).

    The report lists every law, how many independent ones there are, whether each depends on time, and how all of that is
    known. Exit code 3 when a count stays undecided, 2 for unusable input. With --only the counts are still those of all laws,
    and JSON is an excerpt without a certificate.
    """
    refuse_loss([output], specs, force)
    limits = RunLimits.from_now(timeout, None, total_timeout)
    if limits.timed and not can_ring():
        complain("--timeout and --total-timeout have no effect on this system")
    if regions and (format_ not in REGION_FORMATS or expand or only):
        raise click.UsageError(f"--regions takes --format {' or '.join(REGION_FORMATS)}, and no --expand or --only")
    _check_parts(only)
    look = {"color": wants_color(output), "width": width(output), "ascii_only": wants_ascii(output)}
    with SignOfLife() as life:
        rendered = lambda reports: render(reports, format_, expand=expand, **look)
        work = _Work(limits, seed, life, rendered, only)
        if regions:
            as_tables = lambda tables, others: render_regions(tables, others, format_, **look)
            work = _Regions(limits, seed, life, rendered, number=regions, as_tables=as_tables)
        codes = [work.add(spec) if spec is not None else code for _, spec, code in read_all(specs)]
        text = work.text()
    if text:
        write(text, output)
    return worst(codes)


def _check_parts(only: Sequence[str]) -> None:
    """Refuses what names no part of any model, before a spec is read."""
    for text in only:
        try:
            check_syntax(text)
        except PlaceError as error:
            raise click.UsageError(f"--only {text}: {error}") from None


@dataclass
class _Work:
    """Reports that are being made, each within the limits: its text, too."""

    limits: RunLimits
    seed: int
    life: SignOfLife
    rendered: Callable[[Sequence[Report]], str]
    only: tuple[str, ...] = ()
    """The parts of the model whose laws are shown; all laws where there are none."""
    reports: list[Report] = field(default_factory=list)
    written: tuple[Report, str] | None = None
    """The last report that was written in time, and its text by itself."""

    def add(self, spec: Spec) -> Exit:
        """Make the report of a spec (the engine is imported here, not before)."""
        from conslaw_cli.batch.engine import report_within

        if not self._has_parts(spec):
            return Exit.UNUSABLE
        self.life.begin(spec.name)
        self.reports.append(self._shown(report_within(self.limits, spec, self.seed, self.life, self._written_in_time)))
        return exit_of(self.reports[-1])

    def _has_parts(self, spec: Spec) -> bool:
        """Whether the spec's model has what is asked for; otherwise stderr says what it lacks, before anything is computed."""
        shapes = spec.model.definition.outline(spec.model.options).index_shapes
        for text in self.only:
            try:
                read_place(text, shapes)
            except PlaceError as error:
                complain(f"{spec.name}: --only {text}: {error}")
                return False
        return True

    def _shown(self, report: Report) -> Report:
        if not self.only:
            return report
        from conslaw_cli.report.only import restricted

        return restricted(report, self.only)

    def text(self) -> str:
        """All of them, written together."""
        if self.written and self.reports == [self.written[0]]:
            return self.written[1]
        self.life(Step("writing the reports"))
        return self.rendered(self.reports) if self.reports else ""

    def _written_in_time(self, report: Report) -> None:
        """One report by itself, so that none is taken whose writing takes longer than the limit."""
        if self.limits.timed:
            shown = self._shown(report)
            self.written = (shown, self.rendered([shown]))


@dataclass
class _Regions(_Work):
    """Counts over many regions; a report of what has but one."""

    number: int = 1
    as_tables: Callable[[Sequence[Regions], Sequence[Report]], str] = lambda tables, others: ""
    tables: list[Regions] = field(default_factory=list)

    def add(self, spec: Spec) -> Exit:
        """Count around every initialization, each within the limits."""
        from conslaw_cli.batch.engine import report_within
        from conslaw_cli.regions import regions_of
        from conslaw_cli.report.model import Report

        self.life.begin(spec.name)
        try:
            found = regions_of(spec, self.number, lambda around: report_within(self.limits, around, self.seed, self.life))
        except SpecError as error:
            complain(str(error))
            return Exit.UNUSABLE
        if not isinstance(found, Report):
            self.tables.append(found)
            return worst([exit_of(report) for _, report in found.reports])
        if found.status != "undecided":
            complain(f"{spec.name}: no branches, so there is one region; this is its report")
        self.reports.append(found)
        return exit_of(found)

    def text(self) -> str:
        """The tables, and the reports of what has one region."""
        self.life(Step("writing the reports"))
        return self.as_tables(self.tables, self.reports) if self.tables or self.reports else ""

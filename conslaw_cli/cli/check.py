"""conslaw check: hold results against what is expected, for CI."""

from __future__ import annotations

import click

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.output import write
from conslaw_cli.cli.specs import exit_of, read_all, report_of, seed_option, specs_argument
from conslaw_cli.expectations import failures
from conslaw_cli.spec import ExpectSpec, Spec


@click.command(
    epilog="""\b
Examples:
  conslaw check model_specs/*.toml
  conslaw check --laws 3 spec.toml
"""
)
@specs_argument
@click.option("--laws", type=click.IntRange(0), help="Expect this number of independent laws, whatever [expect] says.")
@seed_option
def check(specs: tuple[str, ...], laws: int | None, seed: int) -> Exit:
    """Hold each SPEC's result against its [expect] table, one line per spec.

    Exit code 1 when an expectation fails, 3 when a count stays undecided, 2 for unusable input.
    """
    return worst([code if spec is None else _check(spec, laws, seed) for _, spec, code in read_all(specs)])


def _check(spec: Spec, laws: int | None, seed: int) -> Exit:
    report = report_of(spec, seed)
    expect = ExpectSpec(laws=laws) if laws is not None else spec.expect
    failed = failures(report, expect)
    count = "unknown" if report.laws.independent is None else report.laws.independent
    if failed:
        write(f"FAIL  {spec.name}: {'; '.join(failure.message for failure in failed)}", None)
        return Exit.FAILED
    label = "ok" if expect != ExpectSpec() else "--"
    tail = "" if label == "ok" else "   (nothing expected: add an [expect] table or --laws)"
    write(f"{label:<4}  {spec.name}: {count} laws, {report.status}{tail}", None)
    return exit_of(report)

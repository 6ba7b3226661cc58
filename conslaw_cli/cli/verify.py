"""conslaw verify-certificate: re-prove saved reports by a route that shares no code with the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.output import complain, write
from conslaw_cli.cli.saved import REMEDY, UnreadableError, foreign, read_reports
from conslaw_cli.cli.specs import files
from conslaw_cli.visible import visible

if TYPE_CHECKING:
    from conslaw_cli.checker import Check, Verification

@click.command(
    "verify-certificate",
    epilog="""\b
Examples:
  conslaw report --format json spec.toml > report.json
  conslaw verify-certificate report.json
  conslaw verify-certificate -q reports/*.json          silent when all is well
""",
)
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...", shell_complete=files)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of reports that are verified.")
def verify_certificate(reports: tuple[str, ...], quiet: bool) -> Exit:
    """Re-prove each saved JSON REPORT ("-" reads standard input) and say what was checked.

    The checker reads nothing but the report: it evaluates the bracket words with its own arithmetic, and holds every law
    and every sentence against the definition of the flow. verified: all of the statement was proved again (exit code 0).
    confirmed in part: nothing is wrong, and some of it is not a proof (3). REJECTED: something is false, or nothing
    supports it (1). Exit code 2 when a report cannot be read.
    """
    return worst(code for path in reports for code in _verify_file(path, quiet))


def _verify_file(path: str, quiet: bool) -> Iterator[Exit]:
    """The exit code of every report in a file; what cannot be read is one that is unusable."""
    shown = visible(path)
    try:
        content = read_reports(path)
    except UnreadableError as error:
        complain(f"{shown}: {error}; {REMEDY}")
        yield Exit.UNUSABLE
        return
    for number, report in enumerate(content if isinstance(content, list) else [content]):
        place = f"{shown}[{number}]" if isinstance(content, list) else shown
        if fault := foreign(report):
            complain(f"{place}: {fault}; {REMEDY}")
            yield Exit.UNUSABLE
        else:
            yield _verify(f"{place}{_name(report)}", report, quiet)


def _verify(name: str, report: dict, quiet: bool) -> Exit:
    from conslaw_cli.checker import ReportError, verify_report

    try:
        verification = verify_report(report)
    except ReportError as error:
        complain(f"{name}: {error}")
        return Exit.UNUSABLE
    if not (quiet and verification.verified):
        lines = [f"  {_mark(check)}  {check.name}: {visible(check.detail)}" for check in verification.checks]
        write("\n".join([f"{name}: {verification.verdict}", *lines]), None)
    return _code(verification)


def _mark(check: Check) -> str:
    return "FAIL" if not check.passed else "ok  " if check.proved else "part"


def _code(verification: Verification) -> Exit:
    if not verification.passed:
        return Exit.FAILED
    return Exit.OK if verification.verified else Exit.UNDECIDED


def _name(report: dict) -> str:
    """The name of the spec that a report is of, in brackets."""
    name = report.get("name")
    return f" ({visible(name)})" if isinstance(name, str) and name else ""

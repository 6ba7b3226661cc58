"""conslaw verify-certificate: re-prove saved reports by a route that shares no code with the engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.output import complain, write
from conslaw_cli.cli.specs import files
from conslaw_cli.spec import visible

if TYPE_CHECKING:
    from conslaw_cli.checker import Check, Verification


@click.command(
    "verify-certificate",
    epilog="""\b
Example:
  conslaw report --format json spec.toml > report.json
  conslaw verify-certificate report.json
""",
)
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...", shell_complete=files)
def verify_certificate(reports: tuple[str, ...]) -> Exit:
    """Re-prove each saved JSON REPORT and say what was checked.

    The checker reads nothing but the report: it evaluates the bracket words with its own arithmetic, and holds every law
    and every sentence against the definition of the flow. verified: all of the statement was proved again (exit code 0).
    confirmed in part: nothing is wrong, and some of it is not a proof (3). REJECTED: something is false, or nothing
    supports it (1). Exit code 2 when a report cannot be read.
    """
    return worst([_verify(path) for path in reports])


def _verify(path: str) -> Exit:
    from conslaw_cli.checker import ReportError, verify_report

    try:
        content = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        complain(f"{path}: not a readable JSON report: {error}; write one with `conslaw report --format json`")
        return Exit.UNUSABLE
    if content == []:
        complain(f"{path}: holds no report; write one with `conslaw report --format json`")
        return Exit.UNUSABLE
    codes, shown = [], visible(path)
    for number, report in enumerate(content if isinstance(content, list) else [content]):
        name = f"{shown}[{number}]" if isinstance(content, list) else shown
        try:
            verification = verify_report(report)
        except ReportError as error:
            complain(f"{name}: {error}")
            codes.append(Exit.UNUSABLE)
            continue
        lines = [f"  {_mark(check)}  {check.name}: {check.detail}" for check in verification.checks]
        write("\n".join([f"{name}: {verification.verdict}", *lines]), None)
        codes.append(_code(verification))
    return worst(codes)


def _mark(check: Check) -> str:
    return "FAIL" if not check.passed else "ok  " if check.proved else "part"


def _code(verification: Verification) -> Exit:
    if not verification.passed:
        return Exit.FAILED
    return Exit.OK if verification.verified else Exit.UNDECIDED

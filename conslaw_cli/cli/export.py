"""conslaw export: the laws as code."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.output import complain, refuse_loss, write
from conslaw_cli.cli.specs import exit_of, files, force_option, output_option, read_one, seed_option

if TYPE_CHECKING:
    from conslaw_cli.report.model import Report

FORMATS = ("numpy", "torch", "jax", "sympy", "latex", "callback")


@click.command(
    epilog="""\b
Examples:
  conslaw export model_specs/relu_gradient_flow.toml --to numpy -o laws.py
  conslaw export spec.toml --to callback -o lawlogger.py    logs the drift of the laws while a network trains
  conslaw export spec.toml --to latex                       an align environment
"""
)
@click.argument("spec", metavar="SPEC", shell_complete=files)
@click.option("--to", "to", type=click.Choice(FORMATS), required=True, help="What the laws are written in.")
@seed_option
@output_option
@force_option
def export(spec: str, to: str, seed: int, output: str | None, force: bool) -> Exit:
    """Write the laws of SPEC as a file of its own.

    For numpy, torch, jax and sympy a function of arrays (and velocities, the time t, letters such as tau) that gives the laws by name,
    in matrix form. It needs nothing but that library (and NumPy, for sympy). For callback a class that logs how the laws drift as JSON lines, with adapters
    for loops in PyTorch, Lightning and Transformers.
    """
    refuse_loss([output], [spec], force)
    parsed = read_one(spec)
    if parsed is None:
        return Exit.UNUSABLE
    from conslaw_cli.exporting.formats import export_laws
    from conslaw_cli.reporting import report_of

    with SignOfLife(parsed.name) as life:
        report = report_of(parsed, seed, life)
    if not report.laws.families:
        complain(f"{parsed.name}: there is nothing to export: {_why(report)}")
        return Exit.UNUSABLE
    exported = export_laws(report, to, f"conslaw export {shlex.quote(spec)} --to {to}")
    for note in exported.notes:
        complain(f"{parsed.name}: {note}")
    write(exported.text, output)
    return exit_of(report)


def _why(report: Report) -> str:
    return "no law is conserved" if report.laws.independent == 0 else "no law is known in closed form"

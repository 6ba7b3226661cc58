"""conslaw compare: one model under several dynamics and metrics, side by side."""

from __future__ import annotations

import click

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.output import refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.specs import files, force_option, format_option, output_option, read_one, seed_option
from conslaw_cli.report import FORMATS, render_comparison


@click.command(
    epilog="""\b
Examples:
  conslaw compare model_specs/linear_momentum.toml
  conslaw compare --format html spec.toml -o compare.html
  conslaw new nmf | conslaw compare -
"""
)
@click.argument("spec", metavar="SPEC", shell_complete=files)
@format_option(FORMATS)
@seed_option
@output_option
@force_option
def compare(spec: str, format_: str, seed: int, output: str | None, force: bool) -> Exit:
    """Compare SPEC's model under gradient flow, heavy-ball momentum and Nesterov, for the Euclidean and the entropy metric.

    Each cell shows the number of independent laws and how it differs from gradient flow: the conservation loss, or gain. The
    entropy metric has a row for each point it may be taken at, theta and momentum's lookahead point, for that changes the
    count by itself. The spec's own metric has rows of its own where it is neither of the two.
    """
    refuse_loss([output], [spec], force)
    parsed = read_one(spec)
    if parsed is None:
        return Exit.UNUSABLE
    from conslaw_cli.comparing import compare_spec

    comparison = compare_spec(parsed, seed)
    options = {"color": wants_color(output), "width": width(output), "ascii_only": wants_ascii(output)}
    write(render_comparison(comparison, format_, **options), output)
    undecided = any(cell.status == "undecided" for row in comparison.cells for cell in row)
    return worst([Exit.UNDECIDED if undecided else Exit.OK])

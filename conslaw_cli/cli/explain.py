"""conslaw explain: which symmetry each law comes from, and what the metric and the dynamics do to it."""

from __future__ import annotations

import click

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.output import refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.specs import exit_of, files, force_option, format_option, output_option, read_one, seed_option

FORMATS = ("text", "markdown")


@click.command(
    epilog="""\b
Examples:
  conslaw explain model_specs/linear_momentum.toml
  conslaw explain --format markdown spec.toml -o why.md
  conslaw new nmf | conslaw explain -
"""
)
@click.argument("spec", metavar="SPEC", shell_complete=files)
@format_option(FORMATS)
@seed_option
@output_option
@force_option
def explain(spec: str, format_: str, seed: int, output: str | None, force: bool) -> Exit:
    """Explain where the laws of SPEC come from ("-" reads standard input).

    A law of training is a symmetry of the loss: a motion of the parameters that leaves it as it is, whatever the data. The page
    shows that motion for each law, what the metric and momentum or weight decay do to the laws of gradient flow and why, with the
    count under each of them, and says what of it is proved. Exit code 3 when a count stays undecided.
    """
    refuse_loss([output], [spec], force)
    parsed = read_one(spec)
    if parsed is None:
        return Exit.UNUSABLE
    from conslaw_cli.explaining.explain import explain as explained
    from conslaw_cli.report.explanationpage import render
    from conslaw_cli.report.options import Options

    with SignOfLife(parsed.name) as life:
        explanation = explained(parsed, seed, life)
    options = Options(color=wants_color(output), width=width(output), ascii_only=wants_ascii(output))
    write(render(explanation, format_, options), output)
    return worst([exit_of(stage) for stage in explanation.stages])

"""conslaw explain: which symmetry each law comes from, and what the metric and the dynamics do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.output import refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.specs import exit_of, files, force_option, format_option, output_option, read_all, seed_option
from conslaw_cli.spec import Spec

if TYPE_CHECKING:
    from conslaw_cli.report.explanation import Explanation

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
    """Explain where the laws of SPEC come from ("-" reads standard input); of a sweep every case has a page.

    A law of training is a symmetry of the loss: a motion of the parameters that leaves it as it is, whatever the data. The page
    shows that motion for each law, what the metric and momentum or weight decay do to the laws of gradient flow and why, with the
    count under each of them, and says what of it is proved. Exit code 3 when a count stays undecided.
    """
    refuse_loss([output], [spec], force)
    cases = list(read_all([spec]))
    parsed = [case for _, case, _ in cases if case is not None]
    if not parsed:
        return Exit.UNUSABLE
    from conslaw_cli.report.explanationpage import render
    from conslaw_cli.report.options import Options

    explanations = _explained(parsed, seed)
    options = Options(color=wants_color(output), width=width(output), ascii_only=wants_ascii(output))
    write(render(explanations, format_, options), output)
    return worst(exit_of(stage) for explanation in explanations for stage in explanation.stages)


def _explained(specs: list[Spec], seed: int) -> list[Explanation]:
    """With a sign of life for each (the engine is imported here)."""
    from conslaw_cli.explaining.explain import explain as explained

    found = []
    with SignOfLife() as life:
        for spec in specs:
            life.begin(spec.name)
            found.append(explained(spec, seed, life))
    return found

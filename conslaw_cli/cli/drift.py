"""conslaw drift: the laws along the checkpoints of a training run."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.output import complain, refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.specs import files, force_option, format_option, output_option, read_one, seed_option
from conslaw_cli.report.driftformats import FORMATS, render
from conslaw_cli.visible import visible

if TYPE_CHECKING:
    from conslaw_cli.checkpoints.runs import Moment
    from conslaw_cli.drifting.follow import Said
    from conslaw_cli.report.drifttable import DriftTable
    from conslaw_cli.spec import Spec


class _Positive(click.FloatRange):
    """A finite number, over zero or from zero on."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> float:
        number = super().convert(value, param, context)
        return number if isfinite(number) else self.fail(f"{value} is no finite number", param, context)


class _Letter(click.ParamType):
    """LETTER=NUMBER."""

    name = "LETTER=NUMBER"

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> tuple[str, float]:
        letter, equals, text = value.partition("=")
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not letter.strip() or not equals or not isfinite(number):
            self.fail(f"{value!r} is not LETTER=NUMBER, such as tau=0.7", param, context)
        return letter.strip(), number


@click.command(
    epilog="""\b
Examples:
  conslaw drift spec.toml checkpoints/                          a folder, sorted by step
  conslaw drift spec.toml ckpt_0.npz ckpt_100.npz               the step is the last integer in a file's name
  conslaw drift --map W1=fc1.weight --map 'Q=attn.weight.T[0:768]' spec.toml checkpoints/
  conslaw drift --velocity '-momentum.*' --learning-rate 0.1 --momentum 0.9 spec.toml checkpoints/
  conslaw drift --tolerance 1e-3 --format json spec.toml run.npz > drift.json       for CI: exit code 1 beyond it
"""
)
@click.argument("spec", metavar="SPEC", shell_complete=files)
@click.argument("checkpoints", nargs=-1, required=True, metavar="CHECKPOINT...", shell_complete=files)
@click.option("--map", "maps", multiple=True, metavar="W1=KEY", help="Which array a block is; .T, [0:3] and .reshape(3, 4) may follow the key.")
@click.option(
    "--velocity", "velocities", multiple=True, metavar="[-]KEY",
    help="Where velocities are: W1=-momentum.fc1.weight, or for all a pattern in which * is the block's key: '-momentum.*'.",
)  # fmt: skip
@click.option("--learning-rate", "--lr", type=_Positive(0, min_open=True), metavar="X", help="Makes times of steps: t = step × X.")
@click.option("--momentum", type=_Positive(0, 1, min_open=True), metavar="X", help="Of heavy-ball SGD: sets the damping's letter to -log(X)/lr.")
@click.option("--weight-decay", type=_Positive(0), metavar="X", help="Of SGD: sets the decay's letter to -log(1 - lr X)/lr.")
@click.option("--set", "letters", multiple=True, type=_Letter(), metavar="tau=0.7", help="The number of a letter in the laws.")
@click.option("--tolerance", type=_Positive(0), metavar="X", help="Exit with 1 when a law drifts further, relative to its size.")
@click.option("--plot", metavar="FILE", shell_complete=files, help="Draw the drifts into FILE, which ends in .png, .svg or .html.")
@format_option(FORMATS)
@seed_option
@output_option
@force_option
def drift(
    spec: str, checkpoints: tuple[str, ...], format_: str, seed: int, output: str | None, force: bool, plot: str | None, **said: object
) -> Exit:
    """Evaluate the laws of SPEC along checkpoints of a training run, and say how far each drifts.

    CHECKPOINTs are .npz and .safetensors files, folders of them, or one file that holds a run: arrays with a leading axis beside an array
    "step" or "t". Pickles (.pt) are never loaded. Arrays are found by the names of the spec's blocks, else by shape and order, else
    by --map. Exit code 1 when a law drifts further than --tolerance, 2 for unusable input.
    """
    parsed = read_one(spec)
    if parsed is None:
        return Exit.UNUSABLE
    from conslaw_cli.checkpoints.faults import CheckpointError
    from conslaw_cli.checkpoints.runs import moments
    from conslaw_cli.report.plots import PlotError, refuse_plot, write_plot

    try:
        if plot:
            refuse_plot(plot)
        run = moments(checkpoints)
        refuse_loss([output, plot], [spec, *(moment.file for moment in run)], force)
        table = _table(parsed, run, seed, _said(**said))
        if plot:
            write_plot(table.plot(), plot)
    except (CheckpointError, PlotError) as error:
        complain(str(error))
        return Exit.UNUSABLE
    write(render(table, format_, color=wants_color(output), width=width(output), ascii_only=wants_ascii(output)), output)
    return _verdict(table)


def _said(
    maps: tuple[str, ...], velocities: tuple[str, ...], letters: tuple[tuple[str, float], ...], tolerance: float | None,
    learning_rate: float | None, momentum: float | None, weight_decay: float | None,
) -> Said:  # fmt: skip
    from conslaw_cli.drifting.follow import Said
    from conslaw_cli.drifting.numbers import Settings

    return Said(maps, velocities, Settings(dict(letters), learning_rate, momentum, weight_decay), tolerance)


def _table(spec: Spec, run: Sequence[Moment], seed: int, said: Said) -> DriftTable:
    """Analyse the spec, then follow its laws. Raises CheckpointError."""
    from conslaw_cli.drifting.follow import follow
    from conslaw_cli.reporting import report_of

    with SignOfLife(spec.name) as life:
        return follow(spec, report_of(spec, seed, life), run, said, life)


def _verdict(table: DriftTable) -> Exit:
    """Names the laws that drift further than the tolerance."""
    for law in table.beyond:
        drifted = "is not finite" if law.drift is None else f"drifts by {law.drift:.2g}"
        complain(f"{visible(law.key)} {drifted} at step {table.steps[law.worst]}, more than the tolerance {table.tolerance:g}")
    return Exit.FAILED if table.beyond else Exit.OK

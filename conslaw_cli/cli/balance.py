"""conslaw balance: weights moved along symmetries to given values of the laws."""

from __future__ import annotations

import os
from pathlib import Path

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.output import complain, refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.specs import files, force_option, format_option, read_one, seed_option
from conslaw_cli.cli.streams import OutputError
from conslaw_cli.report.balance import FORMATS, render
from conslaw_cli.visible import visible

_ZERO = "0"


@click.command(
    epilog="""\b
Examples:
  conslaw balance spec.toml ckpt.npz -o balanced.npz
  conslaw balance spec.toml ckpt.safetensors --to init.safetensors -o back.safetensors     the law values of another checkpoint
  conslaw balance spec.toml ckpt.npz --map W1=fc1.weight --law 'W2^T*W2 - W1*W1^T' -o out.npz
"""
)
@click.argument("spec", metavar="SPEC", shell_complete=files)
@click.argument("checkpoint", metavar="CHECKPOINT", shell_complete=files)
@click.option("-o", "--output", required=True, metavar="OUT", shell_complete=files, help="The file for the weights, whole or not at all.")
@click.option(
    "--to", default=_ZERO, show_default=True, metavar="0|FILE", shell_complete=files,
    help="Values for the laws: 0, or those of another checkpoint.",
)
@click.option(
    "--law", "laws", multiple=True, metavar="KEY",
    help="Move these laws only, by their ASCII names as --format json has them; default all that can be.",
)  # fmt: skip
@click.option("--map", "maps", multiple=True, metavar="W1=KEY", help="Which array a block is; .T, [0:3] and .reshape(3, 4) may follow the key.")
@format_option(FORMATS)
@seed_option
@force_option
def balance(
    spec: str, checkpoint: str, output: str, to: str, laws: tuple[str, ...], maps: tuple[str, ...], format_: str, seed: int, force: bool
) -> Exit:
    """Move the weights of CHECKPOINT along the symmetries of SPEC's laws until the laws are zero, and write them to OUT.

    The network's function stays as it is: the output before and after is compared on random inputs, and nothing is written if it changed
    by more than rounding. Laws whose symmetry may change the function, or is not linear, are left out, and refused by name. OUT keeps
    everything else that CHECKPOINT holds (.npz, .safetensors), also around the parts that --map names. Exit code 2 for what cannot be
    balanced.
    """
    refuse_loss([output], [spec, checkpoint, *[to] * (to != _ZERO)], force)
    if os.path.isdir(checkpoint):
        raise click.UsageError(f"{visible(checkpoint)} is a folder: name one checkpoint in it")
    if (suffix := os.path.splitext(checkpoint)[1].lower()) != os.path.splitext(output)[1].lower():
        raise click.UsageError(f"OUT is written as CHECKPOINT is: name a file that ends in {suffix}, not {visible(output)}")
    parsed = read_one(spec)
    if parsed is None:
        return Exit.UNUSABLE
    from conslaw_cli.balancing.errors import BalanceError
    from conslaw_cli.balancing.files import balanced_file
    from conslaw_cli.checkpoints.faults import CheckpointError
    from conslaw_cli.language import LanguageError

    try:
        with SignOfLife(parsed.name) as life:
            content, done = balanced_file(parsed, checkpoint, None if to == _ZERO else to, laws, maps, seed, life)
    except (BalanceError, CheckpointError) as error:
        complain(str(error))
        return Exit.UNUSABLE
    except LanguageError as error:
        complain(f"{parsed.name}: {error.located}")
        return Exit.UNUSABLE
    _save(content, output)
    write(render(done, format_, color=wants_color(None), width=width(None), ascii_only=wants_ascii(None)), None)
    return Exit.OK


def _save(content: bytes, output: str) -> None:
    """Raises OutputError."""
    from conslaw_cli.files import write_file

    try:
        write_file(Path(output), content)
    except OSError as error:
        raise OutputError(f"{visible(output)}: cannot be written: {error.strerror}; name a file in a folder you may write to") from None

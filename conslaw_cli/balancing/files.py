"""Checkpoints balanced: one is read, moved, and given back as the file that it becomes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from conslaw_cli.balancing.balance import Balancing
from conslaw_cli.balancing.weights import read_weights
from conslaw_cli.report.balance import Balance
from conslaw_cli.steps import Listener, nobody


def balanced(
    of: Balancing, checkpoint: str, output: str, to: str | None = None, maps: Sequence[str] = (), listener: Listener = nobody
) -> tuple[bytes, Balance]:
    """The content of the file ``output``: the checkpoint with its laws at the values that they have in the file ``to``, or at zero.

    ``maps`` are texts such as "W1=fc1.weight", for both. Raises BalanceError, CheckpointError.
    """
    weights = read_weights(checkpoint, of.symmetries.shapes, maps)
    before = of.theta(weights.arrays)
    target = None if to is None else of.symmetries.values(of.theta(read_weights(to, of.symmetries.shapes, maps).arrays))
    found = of.moved(before, target, listener)
    content, kept = weights.stored(of.arrays(found.theta))
    summary = of.summary(before, target, found, of.theta(kept))
    where = tuple((name, str(one)) for name, one in weights.matching.found.items())
    return content, replace(summary, files=(checkpoint, output), types=tuple(sorted(set(weights.types.values()))), found=where)

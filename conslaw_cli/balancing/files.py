"""Checkpoints balanced: one is read, moved, and given back as the file that it becomes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from conslaw_cli.balancing.balance import Balancing, balancing
from conslaw_cli.balancing.errors import about
from conslaw_cli.balancing.weights import Weights, read_weights
from conslaw_cli.report.balance import Balance
from conslaw_cli.spec import Spec
from conslaw_cli.steps import Listener, nobody


def balanced_file(
    spec: Spec,
    checkpoint: str,
    to: str | None = None,
    laws: Sequence[str] = (),
    maps: Sequence[str] = (),
    seed: int = 0,
    listener: Listener = nobody,
) -> tuple[bytes, Balance]:
    """The content of a file like ``checkpoint`` with the laws at the values that they have in the file ``to``, or at zero.

    ``maps`` are texts such as "W1=fc1.weight", for both files; ``laws`` keys of laws, none for all. Raises BalanceError, CheckpointError,
    LanguageError. The files are read before anything is computed.
    """
    shapes = spec.model.definition.outline(spec.model.options).index_shapes
    weights, other = (None if file is None else read_weights(file, shapes, maps) for file in (checkpoint, to))
    with about(spec.name):
        found = balancing(spec, laws, to is None, seed, listener)
    target = None if other is None else found.symmetries.values(_theta(found, other))
    return _moved(found, weights, target, listener)


def _moved(of: Balancing, weights: Weights, target: np.ndarray | None, listener: Listener) -> tuple[bytes, Balance]:
    before = _theta(of, weights)
    with about(weights.file):
        found = of.moved(before, target, listener)
    content, kept = weights.stored(of.arrays(found.theta))
    summary = of.summary(before, target, found, of.theta(kept))
    where = tuple((name, str(one)) for name, one in weights.matching.found.items())
    return content, replace(summary, file=weights.file, types=tuple(sorted(set(weights.types.values()))), found=where)


def _theta(of: Balancing, weights: Weights) -> np.ndarray:
    with about(weights.file):
        return of.theta(weights.arrays)

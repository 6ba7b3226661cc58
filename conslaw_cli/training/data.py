"""Data of training: seeded random samples, or the arrays of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from conslaw_cli.graph.nodes import ONE_HOT, Coefficient, Shape
from conslaw_cli.models.stored import StoredError, from_file
from conslaw_cli.problems import listed, nearest
from conslaw_cli.rings.gaussian import normal
from conslaw_cli.rings.stream import Stream
from conslaw_cli.training.model import Loss, Trained
from conslaw_cli.training.start import start

TARGETS = "targets"
_SAVE = "write numpy.savez(\"data.npz\", {}=…) with the samples along the first axis"


class DataError(ValueError):
    """Data that cannot be used: what is wrong, and a remedy."""


@dataclass(frozen=True)
class Data:
    """Inputs by the names of their coefficients and targets, (samples, *shape)."""

    inputs: dict[str, np.ndarray]
    targets: np.ndarray
    about: str
    """What they are, in words."""

    @property
    def samples(self) -> int:
        return len(self.targets)

    def chunks(self, size: int) -> Iterator[Data]:
        """At most ``size`` samples at a time."""
        for first in range(0, self.samples, size):
            part = slice(first, first + size)
            yield Data({name: array[part] for name, array in self.inputs.items()}, self.targets[part], self.about)


def random_data(trained: Trained, seed: int, samples: int) -> Data:
    """Gaussian inputs, random one-hot rows; Gaussian targets or random classes; of phi its value at other parameters, drawn as a start is."""
    if not trained.inputs:
        return Data({}, trained.value(start(trained, seed + 1)[0]), "the target is phi at other random parameters")
    stream, ids = Stream(seed), np.arange(samples)
    inputs = {node.name: _drawn(stream, f"data/{node.name}", ids, node.shape, node.values) for node in trained.inputs.values()}
    classes = ONE_HOT if trained.classes else ""
    targets = _drawn(stream, "data/targets", ids, trained.output.shape, classes)
    kinds = {node.values for node in trained.inputs.values()}
    about = " and ".join(["random one-hot"] * (ONE_HOT in kinds) + ["Gaussian"] * (kinds != {ONE_HOT}))
    return Data(inputs, targets, f"{about} inputs, {'random classes' if classes else 'Gaussian targets'}")


def _drawn(stream: Stream, name: str, ids: np.ndarray, shape: Shape, values: str) -> np.ndarray:
    """Samples (len(ids), *shape): Gaussian, or with one-hot rows along the last axis."""
    if values != ONE_HOT:
        return normal(stream, name, ids, shape)
    *rows, classes = shape
    chosen = stream.words(name, ids, int(np.prod(rows))) % np.uint64(classes)
    return np.eye(classes)[chosen.astype(np.int64)].reshape(len(ids), *shape)

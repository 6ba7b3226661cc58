"""Data of training: seeded random samples, or the arrays of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from conslaw_cli.graph.nodes import ONE_HOT, Shape
from conslaw_cli.models.stored import StoredError, from_file
from conslaw_cli.problems import nearest, shortened
from conslaw_cli.rings.gaussian import normal
from conslaw_cli.rings.stream import Stream
from conslaw_cli.training.model import Trained
from conslaw_cli.training.problems import Untrainable
from conslaw_cli.training.start import start

TARGETS = "targets"


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
    """Gaussian inputs or random one-hot rows, Gaussian targets or random classes; for phi its value at other parameters."""
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


def stored_data(trained: Trained, file: str) -> Data:
    """The inputs by their names and ``targets`` of an .npz file. Raises Untrainable."""
    try:
        arrays = {name: array[0] for name, array in from_file(file, "").values.items()}
    except StoredError as error:
        raise Untrainable(f"{file}: {error.message}; {_save(trained)}") from None
    _check_names(trained, file, arrays)
    targets = _targets(trained, file, arrays.pop(TARGETS))
    for name, array in arrays.items():
        _check_input(trained, file, name, array, len(targets))
    return Data({trained.inputs[name].name: array for name, array in arrays.items()}, targets, f"the data of {file}")


def _save(trained: Trained) -> str:
    named = ", ".join(f"{name}=…" for name in (*trained.inputs, TARGETS))
    return f'write numpy.savez("data.npz", {named})' + (" with the samples along the first axis" if trained.inputs else "")


def _check_names(trained: Trained, file: str, arrays: dict[str, np.ndarray]) -> None:
    wanted = [*trained.inputs, TARGETS]
    for name in arrays:
        if name not in wanted:
            near = nearest(name, wanted)
            raise Untrainable(f"{file}: {shortened(name)} is no input: {f'did you mean {near}' if near else _save(trained)}")
    if missing := [name for name in wanted if name not in arrays]:
        raise Untrainable(f"{file}: no {', '.join(missing)}; {_save(trained)}")


def _targets(trained: Trained, file: str, targets: np.ndarray) -> np.ndarray:
    """Targets (samples, *shape); classes may be numbers from 0, or rows that sum to one. Of a model without inputs they have its shape."""
    shape, given = trained.output.shape, targets.shape
    targets = targets if trained.inputs else targets[None]
    if not targets.size:
        raise Untrainable(f"{file}: holds no samples; {_save(trained)}")
    if trained.classes and targets.shape[1:] == shape[:-1]:
        return _classes(file, targets, shape[-1])
    if targets.ndim == 0 or targets.shape[1:] != shape:
        wanted = ", ".join(map(str, ("samples", *shape) if trained.inputs else shape))
        raise Untrainable(f"{file}: {TARGETS} has the shape {given}, not ({wanted})")
    if trained.classes and not (np.allclose(targets.sum(-1), 1) and (targets >= 0).all()):
        raise Untrainable(f"{file}: rows of {TARGETS} are no probabilities; write classes from 0, or rows that sum to one")
    return targets


def _classes(file: str, targets: np.ndarray, classes: int) -> np.ndarray:
    if not ((targets == np.round(targets)) & (targets >= 0) & (targets < classes)).all():
        raise Untrainable(f"{file}: {TARGETS} must be classes from 0 to {classes - 1}")
    return np.eye(classes)[targets.astype(np.int64)]


def _check_input(trained: Trained, file: str, name: str, array: np.ndarray, samples: int) -> None:
    node = trained.inputs[name]
    if array.shape != (samples, *node.shape):
        raise Untrainable(f"{file}: {name} has the shape {array.shape}, not {(samples, *node.shape)}")
    if node.values == ONE_HOT and not (np.isin(array, (0, 1)).all() and (array.sum(-1) == 1).all()):
        raise Untrainable(f"{file}: rows of {name} are not one-hot; write rows of zeros with one 1")

"""Which arrays of checkpoints are which blocks, and their values at each moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conslaw_cli.checkpoints.archives import Archive, Shape
from conslaw_cli.checkpoints.faults import CheckpointError, size
from conslaw_cli.checkpoints.runs import Moment, array_at, shapes_at
from conslaw_cli.checkpoints.selecting import Selection
from conslaw_cli.problems import shortened, suggestion

if TYPE_CHECKING:
    import numpy as np

VELOCITY = "d"
"""Stands before a block's name for its velocity."""


@dataclass(frozen=True)
class Matching:
    """For names of blocks ("W1") and of velocities ("dW1") where they are found, and their shapes."""

    found: Mapping[str, Selection]
    shapes: Mapping[str, Shape]
    file: str
    """The checkpoint that it was made for."""
    others: tuple[str, ...] = ()
    """Its arrays that are neither blocks nor about blocks, as optimizer state is."""

    def arrays(self, moment: Moment, archive: Archive) -> dict[str, np.ndarray]:
        """The arrays at a moment by these names, each array of the file read once. Raises CheckpointError for those that do not fit."""
        shapes, arrays = shapes_at(moment, archive), {}
        for key in dict.fromkeys(one.key for one in self.found.values()):
            names = [name for name, one in self.found.items() if one.key == key]
            if key not in shapes:
                what = f"has no array {shortened(key)} at step {moment.step}, as {self.file} has"
                raise CheckpointError(what, suggestion(key, shapes), moment.file)
            read = array_at(moment, archive, key)
            arrays |= {name: self._part(name, read, moment) for name in names}
        return {name: arrays[name] for name in self.found}

    def _part(self, name: str, array: np.ndarray, moment: Moment) -> np.ndarray:
        with about(moment.file):
            part = self.found[name].of(array)
        if part.shape != self.shapes[name]:
            what = f"{self.found[name]} is {size(part.shape)} at step {moment.step}, and {size(self.shapes[name])} in {self.file}"
            raise CheckpointError(what, "give checkpoints of one network", moment.file)
        return part


@contextmanager
def about(file: str) -> Iterator[None]:
    """A context that says of which file a CheckpointError is."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(error.message, error.remedy, error.file or file) from None

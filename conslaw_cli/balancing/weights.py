"""The weights of a checkpoint: read by the names of blocks, written back into their places, all else kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from conslaw_cli.checkpoints.archives import opened
from conslaw_cli.checkpoints.faults import CheckpointError
from conslaw_cli.checkpoints.matching import Matching
from conslaw_cli.checkpoints.options import maps
from conslaw_cli.checkpoints.runs import Moment
from conslaw_cli.checkpoints.searching import Wanted, match
from conslaw_cli.graph.nodes import Shape


@dataclass(frozen=True)
class Weights:
    """The blocks that a file holds, and where."""

    matching: Matching
    arrays: dict[str, np.ndarray]
    types: dict[str, str]
    """What each array of the file that holds some is stored in, by its key."""

    @property
    def file(self) -> str:
        return self.matching.file

    def stored(self, arrays: Mapping[str, np.ndarray]) -> tuple[bytes, dict[str, np.ndarray]]:
        """The file with other blocks, and these as they are stored there.

        Raises CheckpointError for numbers beyond their type, and for blocks that share entries of the file.
        """
        with opened(self.file) as archive:
            whole = {key: archive.read(key).astype(np.float64) for key in self.types}
            for name, array in arrays.items():
                self._put(whole, name, array)
            self._check_places(whole, arrays)
            whole = {key: archive.rounded(key, array) for key, array in whole.items()}
            kept = {name: selection.of(whole[selection.key]) for name, selection in self.matching.found.items()}
            self._check(kept)
            return archive.replaced(whole), kept

    def _put(self, whole: Mapping[str, np.ndarray], name: str, array: np.ndarray) -> None:
        selection = self.matching.found[name]
        key, negative = selection.key, selection.negative
        numbers = selection.of(np.arange(whole[key].size).reshape(whole[key].shape))
        whole[key].flat[np.abs(numbers).ravel()] = (-array if negative else array).ravel()

    def _check_places(self, whole: Mapping[str, np.ndarray], arrays: Mapping[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            selection = self.matching.found[name]
            if not np.array_equal(selection.of(whole[selection.key]), array):
                raise CheckpointError(f"{selection}, which is {name}, is another block too", "give each block a place of its own", self.file)

    def _check(self, kept: Mapping[str, np.ndarray]) -> None:
        for name, array in kept.items():
            if not np.isfinite(array).all():
                what = f"{name} gets entries that {self.types[self.matching.found[name].key]} does not hold"
                raise CheckpointError(what, "store the weights as float32 or float64", self.file)


def read_weights(path: str, shapes: Mapping[str, Shape], texts: Sequence[str]) -> Weights:
    """All blocks of such shapes; ``texts`` are those of --map. Raises CheckpointError."""
    told = maps(texts, shapes)
    with opened(path) as archive:
        wanted = Wanted(shapes, frozenset(shapes), frozenset(), told, {})
        matching = match(wanted, archive.shapes, path)
        keys = dict.fromkeys(one.key for one in matching.found.values())
        return Weights(matching, matching.arrays(Moment(path, 0), archive), {key: archive.type(key) for key in keys})

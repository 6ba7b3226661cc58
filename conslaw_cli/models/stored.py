"""Real parameters that a user has: arrays by name from an .npz file, or as numbers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from conslaw_cli.checkpoints.faults import CheckpointError
from conslaw_cli.checkpoints.npz import Npz
from conslaw_cli.graph.nodes import Shape
from conslaw_cli.problems import listed, nearest, shortened

if TYPE_CHECKING:
    import numpy as np

LARGEST = 1 << 30
"""Bytes of all arrays of a file."""
_SAVE = 'write numpy.savez("init.npz", W1=…, W2=…)'
_MOST_TOLD = 5


class StoredError(ValueError):
    """Weights that cannot be used: what is wrong, and a remedy."""

    def __init__(self, message: str, remedy: str = _SAVE) -> None:
        self.message, self.remedy = message, remedy
        super().__init__(message)


@dataclass(frozen=True)
class Stored:
    """Arrays in alphabetical order, (name, shape, float64 row by row); ``file`` is their file as a spec names it, "" for none."""

    file: str
    arrays: tuple[tuple[str, Shape, bytes], ...]

    @property
    def name(self) -> str:
        return self.file or "the weights given"

    @cached_property
    def sha256(self) -> str:
        """A digest of names, shapes and numbers."""
        digest = sha256()
        for name, shape, numbers in self.arrays:
            digest.update(f"{name} {shape}\n".encode() + numbers)
        return digest.hexdigest()

    @property
    def values(self) -> dict[str, np.ndarray]:
        """(1, *shape) by name."""
        import numpy as np

        return {name: np.frombuffer(numbers, dtype="<f8").reshape(1, *shape) for name, shape, numbers in self.arrays}

    @property
    def plain(self) -> dict[str, object]:
        """As nested lists of numbers."""
        return {name: array[0].tolist() for name, array in self.values.items()}

    def fault(self, parameters: tuple[tuple[str, Shape], ...]) -> tuple[str, str] | None:
        """What does not fit parameters of these shapes, and the remedy."""
        wanted, given = dict(parameters), {name: shape for name, shape, _ in self.arrays}
        missing, extra = [n for n in wanted if n not in given], [n for n in given if n not in wanted]
        if missing or extra:
            said = [f"no {_near(name, extra)}" for name in missing] + [f"{shortened(name)}, which is no parameter" for name in extra if not _meant(name, missing)]
            return f"{self.name} has {_told(said)}", f"name the arrays as the parameters: {listed(wanted)}"
        wrong = [f"{name} has shape {given[name]} in {self.name}, {shape} in parameters" for name, shape in parameters if given[name] != shape]
        return (_told(wrong), "store arrays of the parameters' shapes") if wrong else None


def _near(name: str, extra: list[str]) -> str:
    found = nearest(name, extra)
    return f"{name} (but {shortened(found)})" if found else name


def _meant(name: str, missing: list[str]) -> bool:
    """Whether a name that is no parameter was told beside one that is missing."""
    return any(nearest(one, [name]) for one in missing)


def _told(said: list[str]) -> str:
    more = f" and {len(said) - _MOST_TOLD} more" if len(said) > _MOST_TOLD else ""
    return ", ".join(said[:_MOST_TOLD]) + more


def from_file(file: str, folder: str) -> Stored:
    """The arrays of an .npz file, whose path is relative to the folder of its spec. Nothing in it is unpickled. Raises StoredError."""
    path = os.path.join(folder, os.path.expanduser(file))
    if not os.path.exists(path):
        raise StoredError("no such file", f"a path is relative to the folder of the spec; {_SAVE}")
    if not os.path.isfile(path):
        raise StoredError("is no file", _SAVE)
    try:
        with Npz(path) as archive:
            if archive.bytes > LARGEST:
                raise StoredError(f"holds more than {LARGEST:,} bytes", "store the parameters only")
            return from_arrays({name: archive.read(name) for name in archive.shapes}, file)
    except CheckpointError as error:
        raise StoredError(error.message) from None


def from_arrays(arrays: Mapping[object, object], file: str = "") -> Stored:
    """Arrays or nested lists of real numbers by name. Raises StoredError."""
    return Stored(file, tuple((str(name), *_numbers(str(name), arrays[name])) for name in sorted(arrays, key=str)))


def _numbers(name: str, given: object) -> tuple[Shape, bytes]:
    import numpy as np

    try:
        array = np.asarray(given)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
        if array.dtype.kind not in "fiub":
            raise StoredError(f"{shortened(name)} holds no real numbers ({array.dtype})")
        array = np.ascontiguousarray(array, dtype="<f8")
    except StoredError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise StoredError(f"{shortened(name)} holds no real numbers ({shortened(str(error))})") from None
    if not np.isfinite(array).all():
        raise StoredError(f"{shortened(name)} has entries that are not finite", "store finite numbers")
    return np.shape(given), array.tobytes()

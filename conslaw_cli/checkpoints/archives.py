"""Files of arrays by name, read one array at a time; nothing in them is unpickled."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from conslaw_cli.checkpoints.faults import CheckpointError
from conslaw_cli.problems import shortened

if TYPE_CHECKING:
    import numpy as np

Shape = tuple[int, ...]
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Where Python's objects are in memory, another place in every run."""
_FORMATS = {".npz": "npz:Npz", ".safetensors": "tensors:Tensors"}
"""Suffixes and the class that reads such a file."""
SUFFIXES = tuple(_FORMATS)
PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".joblib")
"""Suffixes of files that are pickles, as a rule: to load one is to run what it says."""


class Archive(ABC):
    """An open file of arrays; a context that closes it. Every method raises CheckpointError for a damaged file."""

    def __init__(self, file: str) -> None:
        self.file = file

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shapes by name; names in natural order, in which numbers count as such: fc2 before fc10."""
        found = self._shapes()
        return {name: found[name] for name in sorted(found, key=natural)}

    @abstractmethod
    def _shapes(self) -> dict[str, Shape]: ...

    @abstractmethod
    def read(self, name: str) -> np.ndarray:
        """A whole array, in the type it is stored in (bfloat16 as float32)."""

    @abstractmethod
    def frame(self, name: str, k: int) -> np.ndarray:
        """The k-th array along the first axis, from 0; cheap when k grows from call to call."""

    @abstractmethod
    def type(self, name: str) -> str:
        """What an array is stored in: float32, bfloat16."""

    def rounded(self, name: str, array: np.ndarray) -> np.ndarray:
        """An array of float64 as it comes out of the file when it is stored there under this name."""
        return array.astype(self.type(name))

    @abstractmethod
    def replaced(self, arrays: Mapping[str, np.ndarray]) -> bytes:
        """The file with other numbers in some arrays, of the shapes there, which were ``rounded``; all else as it is."""

    @abstractmethod
    def close(self) -> None: ...

    def damaged(self, error: BaseException) -> CheckpointError:
        """What cannot be read, and why."""
        return CheckpointError(reason(error), "write the checkpoint again", self.file)


def opened(path: str) -> Archive:
    """The arrays of a file, by its suffix. Raises CheckpointError."""
    refuse_missing(path)
    suffix = os.path.splitext(path)[1].lower()
    if suffix in PICKLES:
        raise _is_pickle(path)
    if suffix not in _FORMATS:
        raise CheckpointError("is no checkpoint that can be read", 'write numpy.savez("ckpt_100.npz", …), or a .safetensors file', path)
    from importlib import import_module

    module, kind = _FORMATS[suffix].split(":")
    return getattr(import_module(f"conslaw_cli.checkpoints.{module}"), kind)(path)


def refuse_missing(path: str) -> None:
    """Raises CheckpointError where there is no file of this name."""
    if not os.path.exists(path):
        raise CheckpointError("no such file or folder", "name checkpoints (.npz, .safetensors) or a folder of them", path)
    if not os.path.isfile(path) and not os.path.isdir(path):
        raise CheckpointError("is neither a file nor a folder", "name checkpoints (.npz, .safetensors) or a folder of them", path)


def _is_pickle(path: str) -> CheckpointError:
    root = os.path.splitext(path)[0]
    lines = (f'state = torch.load("{path}", weights_only=True)', f'safetensors.torch.save_file(state, "{root}.safetensors")')
    message = "is a pickle, which can run code and is never loaded"
    return CheckpointError(message, "\n".join(["convert it in PyTorch, state being the state_dict:", *(f"    {line}" for line in lines)]), path)


def natural(name: str) -> tuple:
    """Sorts names with numbers as people do."""
    parts = re.split(r"([0-9]+)", name)
    return tuple((1, 0, part) if k % 2 == 0 else (0, len(part.lstrip("0")), part.lstrip("0")) for k, part in enumerate(parts))


def reason(error: BaseException) -> str:
    """Why a file cannot be read, in a few words."""
    said = _ADDRESS.sub("", str(error))
    if "pickle" in said.lower():
        return "holds Python objects, which are never unpickled"
    if isinstance(error, MemoryError):
        return "holds more than there is memory for"
    return f"cannot be read ({shortened(getattr(error, 'strerror', None) or said or type(error).__name__)})"

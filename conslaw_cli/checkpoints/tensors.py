"""Safetensors files. The library checks the header (Hugging Face, github.com/huggingface/safetensors); numbers are read from their offsets,

so that bfloat16, which NumPy does not have, is read as float32.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from conslaw_cli.checkpoints.archives import Archive, Shape
from conslaw_cli.checkpoints.faults import CheckpointError

if TYPE_CHECKING:
    import numpy as np

_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip
"""NumPy's names; of bfloat16 those of the words, which are the upper halves of float32."""


class _Entry(NamedTuple):
    type: str
    shape: Shape
    start: int
    """Offset in the file, in bytes."""


class Tensors(Archive):
    """Arrays of a .safetensors file."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        _check(file)
        self._file = open(file, "rb")

    def close(self) -> None:
        self._file.close()

    @cached_property
    def _entries(self) -> dict[str, _Entry]:
        length = int.from_bytes(self._file.read(8), "little")
        header = json.loads(self._file.read(length))
        header.pop("__metadata__", None)
        return {name: _Entry(one["dtype"], tuple(one["shape"]), 8 + length + one["data_offsets"][0]) for name, one in header.items()}

    def _shapes(self) -> dict[str, Shape]:
        return {name: entry.shape for name, entry in self._entries.items()}

    def read(self, name: str) -> np.ndarray:
        entry = self._entries[name]
        return self._at(name, entry.shape, entry.start)

    def frame(self, name: str, k: int) -> np.ndarray:
        import numpy as np

        entry, shape = self._entries[name], self._entries[name].shape[1:]
        skipped = k * math.prod(shape) * np.dtype(_TYPES.get(entry.type, "u1")).itemsize
        return self._at(name, shape, entry.start + skipped)

    def type(self, name: str) -> str:
        import numpy as np

        kind = self._entries[name].type
        return "bfloat16" if kind == "BF16" else np.dtype(_TYPES[kind]).name

    def rounded(self, name: str, array: np.ndarray) -> np.ndarray:
        """Of bfloat16 to the nearest, ties to even."""
        import numpy as np

        if self._entries[name].type != "BF16":
            return super().rounded(name, array)
        words = array.astype("<f4").view("<u4")
        return ((words + 0x7FFF + ((words >> 16) & 1)) & np.uint32(0xFFFF0000)).view("<f4")

    def replaced(self, arrays: Mapping[str, np.ndarray]) -> bytes:
        self._file.seek(0)
        content = bytearray(self._file.read())
        for name, array in arrays.items():
            entry = self._entries[name]
            numbers = (array.view("<u4") >> 16).astype("<u2") if entry.type == "BF16" else array.astype(_TYPES[entry.type])
            content[entry.start : entry.start + numbers.nbytes] = numbers.tobytes()
        return bytes(content)

    def _at(self, name: str, shape: Shape, start: int) -> np.ndarray:
        import numpy as np

        kind = self._entries[name].type
        if kind not in _TYPES:
            raise CheckpointError(f"{name} holds numbers of the kind {kind}", "save it as float32", self.file)
        self._file.seek(start)
        try:
            array = np.fromfile(self._file, dtype=_TYPES[kind], count=math.prod(shape)).reshape(shape)
        except (ValueError, MemoryError) as error:
            raise self.damaged(error) from None
        return (array.astype("<u4") << 16).view("<f4") if kind == "BF16" else array


def _check(file: str) -> None:
    """The library's own reading of the header: its length, its JSON, and offsets that cover the file. Raises CheckpointError."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise CheckpointError("reading it takes the library safetensors", "pip install 'conslaw[safetensors]'", file) from None
    try:
        with safe_open(file, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        said = str(error).removeprefix("Error while deserializing header: ")
        raise CheckpointError(f"is no .safetensors file, or a damaged one ({said})", "write the checkpoint again", file) from None

"""NumPy's .npz files: their headers are read first, so that nothing is allocated that a file cannot hold."""

from __future__ import annotations

import io
import math
import os
import pickle
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, TypeVar

from conslaw_cli.checkpoints.archives import Archive, Shape
from conslaw_cli.checkpoints.faults import CheckpointError

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
_MOST_DEFLATED = 1032
"""Bytes that one byte of a deflated file can stand for (zlib's technical notes)."""
_BROKEN = (
    OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, NotImplementedError,
    RuntimeError, MemoryError, SyntaxError, TypeError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class _Header:
    """``shape``, whether columns are stored one after another, and the type of the numbers."""

    shape: Shape
    by_columns: bool
    dtype: np.dtype

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class Npz(Archive):
    """Arrays of an .npz file."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._frames: dict[str, _Frames] = {}
        try:
            self._zip = zipfile.ZipFile(file)
        except zipfile.BadZipFile:
            raise CheckpointError("is no .npz file, or a damaged one", 'write numpy.savez("ckpt_100.npz", W1=…, W2=…)', file) from None
        except _BROKEN as error:
            raise self.damaged(error) from None

    def close(self) -> None:
        for frames in self._frames.values():
            frames.close()
        self._zip.close()

    @property
    def bytes(self) -> int:
        """Of all arrays, as the file says."""
        return sum(one.file_size for one in self._zip.infolist())

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        return {one.filename.removesuffix(".npy"): one for one in self._zip.infolist() if one.filename.endswith(".npy")}

    def _shapes(self) -> dict[str, Shape]:
        return {name: self._opened(name, lambda file, header: header.shape) for name in self._members}

    def read(self, name: str) -> np.ndarray:
        return self._opened(name, _checked)

    def frame(self, name: str, k: int) -> np.ndarray:
        try:
            if name not in self._frames:
                member = self._zip.open(self._members[name])
                self._frames[name] = _Frames(member, self._header(name, member))
            return self._frames[name].read(k)
        except _BROKEN as error:
            raise self.damaged(error) from None

    def type(self, name: str) -> str:
        return self._opened(name, lambda file, header: header.dtype).name

    def replaced(self, arrays: Mapping[str, np.ndarray]) -> bytes:
        import numpy as np

        written, changed = io.BytesIO(), {self._members[name].filename: array for name, array in arrays.items()}
        with zipfile.ZipFile(written, "w") as target:
            for member in self._zip.infolist():
                content = io.BytesIO()
                if member.filename in changed:
                    np.save(content, changed[member.filename], allow_pickle=False)
                data = content.getvalue() or self._zip.read(member)
                target.writestr(member, data, member.compress_type)
        return written.getvalue()

    def _opened(self, name: str, use: Callable[[IO[bytes], _Header], T]) -> T:
        try:
            with self._zip.open(self._members[name]) as member:
                return use(member, self._header(name, member))
        except _BROKEN as error:
            raise self.damaged(error) from None

    def _header(self, name: str, member: IO[bytes]) -> _Header:
        """Raises CheckpointError for an array that is larger than what is stored of it."""
        from numpy.lib import format as npy

        version = npy.read_magic(member)
        found = _Header(*(npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(member))
        if found.dtype.hasobject:
            raise ValueError("pickled objects")
        info = self._members[name]
        if found.bytes > min(info.file_size, _MOST_DEFLATED * info.compress_size, _MOST_DEFLATED * os.path.getsize(self.file)):
            raise ValueError(f"{name} is said to have shape {found.shape}, for which the file is too short")
        return found


def _whole(member: IO[bytes], header: _Header) -> np.ndarray:
    """Read in one piece, which is faster than NumPy's own reading of small chunks. Raises EOFError."""
    import numpy as np

    data = member.read(header.bytes) if header.bytes else b""
    if len(data) < header.bytes:
        raise EOFError("the file ends within an array")
    return np.frombuffer(data, dtype=header.dtype).reshape(header.shape, order="F" if header.by_columns else "C")


def _checked(member: IO[bytes], header: _Header) -> np.ndarray:
    """The same, to the end of the member, where its checksum is compared."""
    array = _whole(member, header)
    member.read(1)
    return array


class _Frames:
    """Reads one array after another along the first axis, of which one is held; all of them where columns are stored one after another."""

    def __init__(self, member: IO[bytes], header: _Header) -> None:
        self._member, self._header, self._next = member, header, 0
        self._all = _whole(member, header) if header.by_columns and len(header.shape) > 1 else None

    def read(self, k: int) -> np.ndarray:
        """Seeks where k is not the next one; a deflated file is then read from its beginning."""
        if self._all is not None:
            return self._all[k]
        shape = self._header.shape[1:]
        one = _Header(shape, False, self._header.dtype)
        if k != self._next:
            self._member.seek((k - self._next) * one.bytes, os.SEEK_CUR)
        self._next = k + 1
        return _whole(self._member, one)

    def close(self) -> None:
        self._member.close()

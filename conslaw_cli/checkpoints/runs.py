"""Training runs as the order of their checkpoints: files, folders of them, or one file whose arrays have an axis of steps."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from conslaw_cli.checkpoints.archives import PICKLES, SUFFIXES, Archive, opened
from conslaw_cli.checkpoints.faults import CheckpointError, size

if TYPE_CHECKING:
    import numpy as np

STEP, TIME = "step", "t"
"""Arrays of this name hold the training step and the time; a number each, or a row of them for a run in one file."""
_INTEGER = re.compile(r"\d{1,18}")
_SHARD = re.compile(r"-\d+-of-\d+$")
_SORTED = "give them in order, such as $(ls -v ckpt_*.npz), or their folder, which is sorted by step"
_NAMED = 'put the step into the file\'s name, such as ckpt_100.npz, or save it in it as an array "step"'


@dataclass(frozen=True)
class Moment:
    """One state of a run: its file, its training step and its time."""

    file: str
    step: int
    time: float | None = None
    """None where the file holds none."""
    frame: int | None = None
    """Its place along the first axis, of a file that holds a run."""
    counted: bool = True
    """Whether ``step`` is a training step; otherwise it is the number of the state, from 0."""


def moments(paths: Sequence[str]) -> tuple[Moment, ...]:
    """The states of a run in the order of their steps. A folder is sorted; what is named one by one must be in order.

    Raises CheckpointError for what is no checkpoint, has no step or one that is there already, and for fewer than two.
    """
    found = [moment for path in paths for moment in (_of_folder(path) if os.path.isdir(path) else of_file(path))]
    for before, after in pairwise(found):
        _refuse_unsorted(before, after)
    if len(found) == 1:
        raise CheckpointError("is one checkpoint only, along which nothing can drift", "give those of two steps or more", found[0].file)
    if len({moment.counted for moment in found}) > 1:
        raise CheckpointError("some files have training steps and some only times", f'save an array "{STEP}" in each')
    return tuple(found)


def archives(run: Iterable[Moment]) -> Iterator[tuple[Moment, Archive]]:
    """The states with their files, each of which is open while its states are given. Raises CheckpointError."""
    for file, of_file in groupby(run, key=lambda moment: moment.file):
        with opened(file) as archive:
            yield from ((moment, archive) for moment in of_file)


def shapes_at(moment: Moment, archive: Archive) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays at a moment, without an axis of steps."""
    if moment.frame is None:
        return archive.shapes
    return {name: shape[1:] for name, shape in archive.shapes.items() if shape}


def array_at(moment: Moment, archive: Archive, name: str) -> np.ndarray:
    """An array at a moment, finite real numbers. Raises CheckpointError."""
    import numpy as np

    array = archive.read(name) if moment.frame is None else archive.frame(name, moment.frame)
    if array.dtype.kind not in "fiu":
        raise CheckpointError(f"{name} holds no real numbers ({array.dtype})", "save it as float32 or float64", moment.file)
    if array.dtype.kind == "f" and not (finite := np.isfinite(array)).all():
        number, nan = array.size - int(finite.sum()), int(np.isnan(array).sum())
        kinds = "NaN" if nan == number else "infinite" if nan == 0 else f"{nan} of them NaN, the others infinite"
        entries = "entry that is" if number == 1 else "entries that are"
        what = f"{name} has {number:,} {entries} not finite at step {moment.step} ({kinds})"
        raise CheckpointError(what, "training has diverged there; give the checkpoints before it", moment.file)
    return array


def of_file(path: str) -> list[Moment]:
    """The state of a file, or the states of a run that one file holds. Raises CheckpointError."""
    with opened(path) as archive:
        rows = [shape[0] for name, shape in archive.shapes.items() if name in (STEP, TIME) and len(shape) == 1]
        if rows and max(rows) > 1:
            return _of_run(path, archive, max(rows))
        step, time = (_row(archive, name, 1) for name in (STEP, TIME))
        number = _step_in_name(path) if step is None else _whole(step[0], path)
        if number is None:
            raise CheckpointError("has no step", _NAMED, path)
        return [Moment(path, number, None if time is None else float(time[0]))]


def _of_run(path: str, archive: Archive, length: int) -> list[Moment]:
    for name, shape in archive.shapes.items():
        if shape and shape[0] != length:
            what = f"{name} has shape {size(shape)}, without the leading axis of {length} states that a run in one file has"
            raise CheckpointError(what, f'give every array, and "{STEP}" and "{TIME}", that axis; or write a file for each step', path)
    steps, times = (_row(archive, name, length) for name in (STEP, TIME))
    numbers = range(length) if steps is None else [_whole(step, path) for step in steps]
    at = [None] * length if times is None else map(float, times)
    return [Moment(path, step, time, k, steps is not None) for k, (step, time) in enumerate(zip(numbers, at))]


def _row(archive: Archive, name: str, length: int) -> np.ndarray | None:
    """The numbers in an array of so many, None where there is none."""
    import numpy as np

    if name not in archive.shapes:
        return None
    if (shape := archive.shapes[name]) not in ((length,), ()[: length == 1]):
        raise CheckpointError(f'"{name}" has shape {size(shape)}', f"save {length} number{'s' * (length > 1)} under this name", archive.file)
    found = archive.read(name).reshape(-1)
    if found.dtype.kind not in "fiu" or not np.isfinite(found).all():
        raise CheckpointError(f'"{name}" holds what is no finite number', "save finite numbers under this name", archive.file)
    return found


def _whole(step: np.number, path: str) -> int:
    if step != int(step):
        raise CheckpointError(f'"{STEP}" is {step}, which is no whole number', f'save times as "{TIME}"', path)
    return int(step)


def _step_in_name(path: str) -> int | None:
    """The last integer in the file's name, or else in that of its folder: checkpoint-100/model.safetensors."""
    folder, name = os.path.split(os.path.abspath(path))
    numbers = _INTEGER.findall(_SHARD.sub("", os.path.splitext(name)[0])) or _INTEGER.findall(os.path.basename(folder))
    return int(numbers[-1]) if numbers else None


def _of_folder(folder: str) -> list[Moment]:
    """The states in a folder, by step; where it holds none, those in its folders."""
    files = _files(folder) or [file for one in _entries(folder) if os.path.isdir(one) for file in _files(one)]
    if not files:
        if pickle := next((one for one in _entries(folder) if one.lower().endswith(PICKLES)), None):
            opened(pickle)
        raise CheckpointError("holds no checkpoints", f"name a folder of files that end in {' or '.join(SUFFIXES)}", folder)
    return sorted((moment for file in files for moment in of_file(file)), key=lambda moment: moment.step)


def _files(folder: str) -> list[str]:
    return [path for path in _entries(folder) if path.lower().endswith(SUFFIXES) and os.path.isfile(path)]


def _entries(folder: str) -> list[str]:
    """What is in a folder and not hidden, by name. Raises CheckpointError."""
    try:
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if not name.startswith(".")]
    except OSError as error:
        raise CheckpointError(f"cannot be read ({error.strerror})", "name a folder you may read", folder) from None


def _refuse_unsorted(before: Moment, after: Moment) -> None:
    """Raises CheckpointError unless one state comes before the other, by step and by time."""
    if before.step == after.step:
        who = f"{before.file} has it too" if before.file != after.file else "twice in this file"
        raise CheckpointError(f"step {after.step} is there twice ({who})", "give one of them; " + _NAMED, after.file)
    if before.step > after.step:
        apart = before.file != after.file
        where, remedy = (f" of {before.file}", _SORTED) if apart else ("", "save the states in order")
        raise CheckpointError(f"unsorted steps: step {after.step} comes after step {before.step}{where}", remedy, after.file)
    if before.time is not None and after.time is not None and before.time >= after.time:
        what = f"unsorted times: t = {after.time:g} at step {after.step} comes after t = {before.time:g} at step {before.step}"
        raise CheckpointError(what, f'let "{TIME}" grow from state to state', after.file)
    if (before.time is None) != (after.time is None):
        without = before if before.time is None else after
        raise CheckpointError(f'has no array "{TIME}", which other checkpoints have', "save it in all of them or in none", without.file)

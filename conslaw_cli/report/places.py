"""Parts of a model that a reader asks for, as a report writes them: W2, W2[:,3], W1[2:4,1], b1[3], W1_2_3. Indices count from 1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from conslaw_cli.problems import suggestion

_PLACE = re.compile(r"([^\[\]]+)(?:\[([^\[\]]*)\])?")
_SLOT = re.compile(r"([0-9]{0,9})(:?)([0-9]{0,9})")
FORMS = "write W2, W2[:,3], W2[2:4,1] or W2_1_3; indices count from 1, and 2:4 is 2, 3 and 4"

Range = tuple[int, int]
"""First and last index, from 1."""


class PlaceError(ValueError):
    """A text that names no part of a model; the message says why, and what would be right."""


class Place(Struct, frozen=True):
    """The entries of a block in a range of indices along each of its axes."""

    block: str
    ranges: tuple[Range, ...]
    shape: tuple[int, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """The indices as a report writes them: ":" for all, 3, 2:4; none for a whole block."""
        if all(found == (1, size) for found, size in zip(self.ranges, self.shape)):
            return ()
        return tuple(_slot(found, size) for found, size in zip(self.ranges, self.shape))

    @property
    def slices(self) -> tuple[slice, ...]:
        """The same for arrays that count from 0."""
        return tuple(slice(first - 1, last) for first, last in self.ranges)


def check_syntax(text: str) -> None:
    """Raises PlaceError for what names no part of any model."""
    _split(text)


def read_place(text: str, shapes: Mapping[str, tuple[int, ...]]) -> Place:
    """The part of a model with blocks of such shapes that a text names. Raises PlaceError."""
    name, slots = _split(text)
    if name not in shapes and slots is None:
        name, slots = next(_as_entry(name, shapes), (name, None))
    if name not in shapes:
        raise PlaceError(f"the model has no block {name}; {suggestion(name, shapes)}")
    shape = shapes[name]
    if slots is None:
        return Place(name, tuple((1, size) for size in shape), shape)
    if len(slots) != len(shape):
        raise PlaceError(f"{_described(name, shape)}, not {len(slots)}; {_example(name, shape)}")
    ranges = tuple(_range(slot, axis, name, shape) for axis, slot in enumerate(slots))
    return Place(name, ranges, shape)


def _split(text: str) -> tuple[str, list[str] | None]:
    """The block's name and its slots; None for none."""
    found = _PLACE.fullmatch(text.strip())
    slots = [slot.strip() for slot in found[2].split(",")] if found and found[2] is not None else None
    if not found or any(not slot or not _SLOT.fullmatch(slot) for slot in slots or ()):
        raise PlaceError(f"names no part of a model; {FORMS}")
    return found[1].strip(), slots


def _as_entry(name: str, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, list[str]]]:
    """W1_2_3 as a block and the indices of an entry, the longest name of a block first."""
    for block in sorted(shapes, key=len, reverse=True):
        if re.fullmatch(r"(_[0-9]{1,9})+", rest := name.removeprefix(block)) and rest != name:
            yield block, rest[1:].split("_")


def _range(slot: str, axis: int, name: str, shape: tuple[int, ...]) -> Range:
    start, colon, end = _SLOT.fullmatch(slot).groups()
    size = shape[axis]
    first = int(start or 1)
    last = int(end or size) if colon else first
    for index in (first, last):
        if not 1 <= index <= size:
            raise PlaceError(f"index {index} is out of range: {name} is {_times(shape)}, so index {axis + 1} goes from 1 to {size}")
    if first > last:
        raise PlaceError(f"{slot} is empty; {FORMS}")
    return first, last


def _described(name: str, shape: tuple[int, ...]) -> str:
    """W2 is 2×3, so it has 2 indices."""
    if not shape:
        return f"{name} is a number, so it has no indices"
    return f"{name} is {_times(shape)}, so it has {len(shape)} {'index' if len(shape) == 1 else 'indices'}"


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _example(name: str, shape: tuple[int, ...]) -> str:
    return f"write {name}" + (f" or {name}[{','.join([':'] * (len(shape) - 1) + ['1'])}]" if shape else "")


def _slot(found: Range, size: int) -> str:
    first, last = found
    if found == (1, size):
        return ":"
    return str(first) if first == last else f"{first}:{last}"

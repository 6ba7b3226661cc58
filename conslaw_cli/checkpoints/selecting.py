"""Where in a checkpoint an array is found: a key, then ``.T``, ``[slices]`` and ``.reshape(…)``, as NumPy means them. Parsed, never evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conslaw_cli.checkpoints.faults import CheckpointError, size
from conslaw_cli.problems import shortened, suggestion

if TYPE_CHECKING:
    import numpy as np

_NUMBER = r"-?\d{1,9}"
_INDEX = rf"\s*(?:{_NUMBER}|\.\.\.|(?:{_NUMBER})?\s*:\s*(?:{_NUMBER})?(?:\s*:\s*(?:{_NUMBER})?)?)\s*"
_OPERATION = re.compile(
    rf"\s*(?:(?P<T>\.T)|\[(?P<index>{_INDEX}(?:,{_INDEX})*)\]|\.reshape\((?P<shape>\s*{_NUMBER}(?:\s*,\s*{_NUMBER})*)\s*,?\s*\))\s*"
)
_ALLOWED = "after the key write .T, [0:3, 1] and .reshape(3, 4) as in NumPy"


@dataclass(frozen=True)
class Operation:
    """Something done to an array, and its text."""

    text: str
    apply: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Selection:
    """The array ``key`` of a checkpoint, what is done to it in turn, and whether its negative is meant."""

    key: str
    operations: tuple[Operation, ...] = ()
    negative: bool = False

    @property
    def tail(self) -> str:
        """What stands after the key."""
        return "".join(operation.text for operation in self.operations)

    def __str__(self) -> str:
        return f"{'-' * self.negative}{self.key}{self.tail}"

    def of(self, array: np.ndarray) -> np.ndarray:
        """The part of an array that is meant. Raises CheckpointError for one it does not fit."""
        found = array
        for operation in self.operations:
            try:
                found = operation.apply(found)
            except (IndexError, ValueError) as error:
                what = f"{operation.text} does not fit {self.key}, which is {size(array.shape)}"
                raise CheckpointError(what, shortened(str(error))) from None
        return -found if self.negative else found

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that comes of an array of a shape; nothing is allocated. Raises CheckpointError."""
        import numpy as np

        return self.of(np.broadcast_to(np.int8(0), shape)).shape if self.operations else shape


def selection(text: str, keys: Iterable[str]) -> Selection:
    """Read a selection, of the longest key that the text begins with. Raises CheckpointError for no key, or for what follows it."""
    keys = tuple(keys)
    negative, stripped = text.startswith("-") and text not in keys, text.strip()
    stripped = stripped.removeprefix("-") if negative else stripped
    begun = sorted((key for key in keys if stripped.startswith(key)), key=len, reverse=True)
    for key in begun:
        if (operations := _operations(stripped[len(key) :])) is not None:
            return Selection(key, operations, negative)
    tail = next((stripped[len(key) :] for key in begun if stripped[len(key) :].lstrip()[:1] in ("[", ".")), None)
    if tail and not _KEY_GOES_ON.match(tail):
        raise CheckpointError(f"{shortened(tail)} is no part of an array", _ALLOWED)
    stem = _stem(stripped)
    raise CheckpointError(f"has no array {shortened(stem)}", suggestion(stem, keys))


_KEY_GOES_ON = re.compile(r"\.(?!T\b|reshape\b)\w")


def _operations(text: str) -> tuple[Operation, ...] | None:
    """The operations that a text consists of, None where it does not."""
    found, place = [], 0
    while place < len(text):
        match = _OPERATION.match(text, place)
        if match is None:
            return None
        found.append(_operation(match))
        place = match.end()
    return tuple(found)


def _operation(match: re.Match[str]) -> Operation:
    text = re.sub(r"\s", "", match[0]).replace(",", ", ")
    if match["T"]:
        return Operation(text, lambda array: array.T)
    if match["shape"]:
        shape = tuple(map(int, match["shape"].split(",")))
        return Operation(text, lambda array: array.reshape(shape))
    index = tuple(_index(part.strip()) for part in match["index"].split(","))
    return Operation(text, lambda array: array[index])


def _index(text: str) -> object:
    if text == "...":
        return ...
    if ":" not in text:
        return int(text)
    return slice(*(int(part) if part.strip() else None for part in text.split(":")))


def _stem(text: str) -> str:
    """What is left of a text when operations are taken off its end: the key it means."""
    for place in _places(text):
        if _operations(text[place:]) is not None:
            return text[:place]
    return text


def _places(text: str) -> Iterator[int]:
    return (place for place, letter in enumerate(text) if letter in ".[" and place)

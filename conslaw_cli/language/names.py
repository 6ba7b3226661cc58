"""Names that arrays of a network may have: those of its parameters become names of variables in the laws."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping

from conslaw_cli.graph.nodes import Shape

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LONGEST = 60

Fault = tuple[str, str]
"""What is wrong, and the remedy."""
_OTHER = "choose another name"


def fault_of_name(name: object) -> Fault | None:
    """What is wrong with the name of an array; None where nothing is."""
    from conslaw_cli.functions import FUNCTIONS

    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _LONGEST:
        return "is no name", f"write letters, digits and _, beginning with a letter, {_LONGEST} at most"
    if keyword.iskeyword(name):
        return f"{name} is a word of Python's", _OTHER
    if name in FUNCTIONS:
        return f"{name} is a function", _OTHER
    return None


def clash(shapes: Mapping[str, Shape]) -> tuple[str, Fault] | None:
    """A parameter whose entries or velocities are called as another's, and what is wrong; None where there is none.

    Entries of ``W`` are W_1_2, their velocities dW_1_2.
    """
    for name, shape in shapes.items():
        if (other := name.removeprefix("d")) != name and other in shapes:
            return name, (f"{name} is the velocity of {other}", _OTHER)
        stem, indices = re.fullmatch(r"(.*?)((?:_\d+)*)", name).groups()
        for number in range(1, indices.count("_") + 1):
            parts = indices.split("_")[1:]
            other = "_".join((stem, *parts[: len(parts) - number]))
            if other in shapes and len(shapes[other]) == number + len(shape):
                return name, (f"{name} is an entry of {other}", _OTHER)
    return None

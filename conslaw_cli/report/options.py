"""What a reader of a report chose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """``width`` is the terminal's, None in a pipe: there no line is folded. ``expand`` lists every law in full.

    ``ascii_only``: the terminal shows nothing else.
    """

    expand: bool = False
    color: bool = False
    width: int | None = None
    ascii_only: bool = False

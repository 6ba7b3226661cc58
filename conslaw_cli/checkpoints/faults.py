"""What is wrong with checkpoints, said in one line each: the file, what it holds, and a remedy."""

from __future__ import annotations

from collections.abc import Iterable

from conslaw_cli.visible import visible

_MOST_TOLD = 5


class CheckpointError(ValueError):
    """Checkpoints that cannot be used: what is wrong with ``file`` ("" for none), and a remedy ("" for none)."""

    def __init__(self, message: str, remedy: str = "", file: str = "") -> None:
        self.message, self.remedy, self.file = message, remedy, file
        super().__init__(message)

    def __str__(self) -> str:
        place = f"{visible(self.file)}: " if self.file else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{self.message}{remedy}"


def size(shape: Iterable[int]) -> str:
    """A shape as people write it: 3×2, or "a number" for ()."""
    return "×".join(map(str, shape)) or "a number"


def several(said: list[str], between: str = ", ") -> str:
    """The first things there are to say, and how many more."""
    more = f" and {len(said) - _MOST_TOLD} more" if len(said) > _MOST_TOLD else ""
    return between.join(said[:_MOST_TOLD]) + more

"""What an analysis is doing, told to a listener as it goes, and what is known of a model by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One sign of life. ``what`` is being done and how ``far`` it is, in words; the numbers are proved lower bounds.

    ``dimension`` is a dimension that the trace has, ``laws`` a number of verified laws with independent gradients.
    """

    what: str
    far: str = ""
    dimension: int = 0
    laws: int = 0

    def __str__(self) -> str:
        return f"{self.what}, {self.far}" if self.far else self.what


Listener = Callable[[Step], None]


def nobody(step: Step) -> None:
    """Listens to nothing."""


class Known:
    """A listener that remembers the best bounds it heard, and passes steps on."""

    def __init__(self, listener: Listener = nobody) -> None:
        self.dimension = self.laws = 0
        self._listener = listener

    def __call__(self, step: Step) -> None:
        self.dimension, self.laws = max(self.dimension, step.dimension), max(self.laws, step.laws)
        self._listener(step)

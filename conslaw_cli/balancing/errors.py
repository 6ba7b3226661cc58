"""What stands in the way of balancing, in one line each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from conslaw_cli.visible import visible


class BalanceError(ValueError):
    """Laws that cannot be balanced, or weights that cannot be moved: what is wrong with ``file`` ("" for none), and a remedy."""

    def __init__(self, message: str, file: str = "") -> None:
        self.message, self.file = message, file
        super().__init__(message)

    def __str__(self) -> str:
        return f"{visible(self.file)}: {visible(self.message)}" if self.file else visible(self.message)


@contextmanager
def about(file: str) -> Iterator[None]:
    """Says of which file a BalanceError is."""
    try:
        yield
    except BalanceError as error:
        raise BalanceError(error.message, error.file or file) from None

"""What is wrong with a text, and where."""

from __future__ import annotations

from conslaw_cli.problems import shortened


class LanguageError(ValueError):
    """A text that is no network: the place, from 1, what is wrong there, and a remedy, which may be ""."""

    def __init__(self, message: str, remedy: str = "", line: int | None = None, column: int | None = None) -> None:
        self.message, self.remedy, self.line, self.column = shortened(message, 300), remedy, line, column
        super().__init__(message, remedy, line, column)

    @property
    def located(self) -> str:
        """The message with its place: "line 2, column 5: ..."."""
        return self.message if self.line is None else f"line {self.line}, column {self.column}: {self.message}"

    @property
    def of_size(self) -> TooManyEntries:
        """The same, said of a text that is a network, but a larger one than is held."""
        return TooManyEntries(self.message, self.remedy, self.line, self.column)

    def __str__(self) -> str:
        return "; ".join(filter(None, (self.located, self.remedy)))


class TooManyEntries(LanguageError):
    """A text whose arrays are beyond what is held: nothing is wrong with it otherwise, as far as it was read."""

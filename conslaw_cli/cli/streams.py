"""The standard streams, so that whatever is written to them is readable, and what cannot be written is said once.

Output is UTF-8 whatever the locale says; only on a terminal of another encoding it is ASCII. Where stdout cannot be
written the command ends with an error; where its reader has gone away the rest is dropped, as is what stderr does not take.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import click


class OutputError(click.ClickException):
    """A result that cannot be written."""

    exit_code = 2


class Stream:
    """What stands for stdout or stderr; everything but writing is the stream's own."""

    encoding, errors = "utf-8", "backslashreplace"

    def __init__(self, stream: TextIO, needed: bool) -> None:
        """``needed``: whether it is an error when the stream cannot be written."""
        self._stream, self._needed = stream, needed
        self.ascii_only = stream.isatty() and not codecs.lookup(stream.encoding).name.startswith("utf")
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=self.encoding, errors=self.errors)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Raises OutputError where that is an error; writing nothing, as click does to know a stream, never is."""
        if text == "":
            return 0
        if self.ascii_only:
            from conslaw_cli.report.transliteration import ascii_text

            text = ascii_text(text)
        self._tried(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Raises OutputError where that is an error."""
        self._tried(self._stream.flush)

    def _tried(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            self._drop()
            if self._needed and not isinstance(error, BrokenPipeError):
                closed = error.errno == errno.EBADF
                reason = "it is closed; open it" if closed else f"{error.strerror or type(error).__name__}; give it room"
                raise OutputError(f"standard output cannot be written: {reason}, or send the output elsewhere") from None

    def _drop(self) -> None:
        """Let what is still held back and all that follows go nowhere, also when the interpreter ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


class _ClosedInput(io.RawIOBase):
    """What stands for a standard input that is closed."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise OSError(errno.EBADF, "standard input is closed")


@contextmanager
def standard_streams() -> Iterator[None]:
    """While this is entered, sys.stdout and sys.stderr are such streams, and none of the three is missing."""
    _replace_closed()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Stream(sys.stdout, needed=True), Stream(sys.stderr, needed=False)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _replace_closed() -> None:
    """Give closed streams a file that cannot be read or written, so that no other file takes their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            closed = open(number, "w", encoding="utf-8", closefd=False) if number else _closed_input()
            setattr(sys, name, closed)


def _closed_input() -> TextIO:
    return io.TextIOWrapper(io.BufferedReader(_ClosedInput()), encoding="utf-8")

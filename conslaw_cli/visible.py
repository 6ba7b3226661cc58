"""Text from specs and file systems, made harmless for whoever reads it: a terminal, an editor, a CI system."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"( *)([:#])(?=\2)")
"""How a line begins that a CI system takes for a command: ::error::, ##[error], ##vso[."""


def visible(text: str) -> str:
    """The text with all that is unprintable (control, bidi, line breaks, lone surrogates) written as escapes such as \\x1b.

    So is the first character of a text that a CI system would obey if it stood at the beginning of a line.
    """
    if found := _COMMAND.match(text):
        text = f"{found[1]}{_escaped(found[2])}{text[found.end() :]}"
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

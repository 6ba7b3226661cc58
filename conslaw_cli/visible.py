"""Text from specs and file systems, made harmless for whoever reads it: a terminal, an editor, a CI system."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_COMMAND = re.compile(r"( *)([:#])(?=\2)")
"""How a line begins that a CI system takes for a command: ::error::, ##[error], ##vso[."""


def visible(text: str) -> str:
    """The text with control, formatting and unpaired surrogate characters, and line breaks, written as escapes such as \\x1b.

    So is the first character of a text that a CI system would obey if it stood at the beginning of a line.
    """
    if found := _COMMAND.match(text):
        text = f"{found[1]}{_escaped(found[2])}{text[found.end() :]}"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

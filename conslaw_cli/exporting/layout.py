"""Source text on the page: lines of at most WIDTH characters, and texts from specs that stay inside a docstring."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from textwrap import fill, wrap

from conslaw_cli.visible import visible

WIDTH = 120
_GLUE = "\x00"
_NO_BREAK = re.compile(r" (?=[*/@] )|(?<= [-+*/@]) ")
"""Spaces at which no line ends: one does before a sum's next term, and after a comma."""
_SHORT = re.compile(r"[\[(][^\[\]()]{1,40}[\])]")
"""Brackets that stay on a line."""


def harmless(text: str) -> str:
    """Text that can stand in a docstring: on one line, with nothing that ends it."""
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')


def paragraph(text: str, indent: int = 0, hanging: int = 0) -> str:
    """A paragraph of a docstring."""
    options = {"break_long_words": False, "break_on_hyphens": False}
    return fill(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + hanging), **options)


def folded(text: str, indent: int) -> list[str]:
    """An expression on several lines, which stand in brackets."""
    glued = _SHORT.sub(lambda found: found[0].replace(" ", _GLUE), _NO_BREAK.sub(_GLUE, text))
    lines = wrap(glued, WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return [" " * indent + line.replace(_GLUE, " ") for line in lines]


def statement(head: str, expression: str, tail: str = "", indent: int = 4, brackets: tuple[str, str] = ("", "")) -> list[str]:
    """A statement, or an item of a dict, with its expression in brackets where it is too long, or in any case."""
    line = " " * indent + head + brackets[0] + expression + brackets[1] + tail
    if len(line) <= WIDTH:
        return [line]
    return [" " * indent + head + "(", *folded(expression, indent + 4), " " * indent + ")" + tail]


def import_blocks(lines: Iterable[str]) -> list[str]:
    """Import lines as they are sorted: Python's own modules, and the others."""
    own = [line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    others = [line for line in lines if line not in own]
    return ["\n".join(sorted(block)) for block in (own, others)]


def call(names: Iterable[str], function: str, arguments: Iterable[str]) -> list[str]:
    """``names = function(arguments)``, for several values."""
    left, inside = ", ".join(names), ", ".join(arguments)
    head = f"    {left if ',' in left else f'({left},)'} = {function}("
    if len(head + inside) < WIDTH:
        return [f"{head}{inside})"]
    heads = [head] if len(head) <= WIDTH else ["    (", *folded(left + ",", 8), f"    ) = {function}("]
    return [*heads, *folded(inside + ",", 8), "    )"]

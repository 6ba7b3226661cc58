"""From a text to Python's syntax tree: within bounds, whatever the text is, and with places as the reader of the text counts them."""

from __future__ import annotations

import ast
import textwrap
import warnings
from dataclasses import dataclass

from conslaw_cli.language.errors import LanguageError
from conslaw_cli.problems import shortened

LONGEST = 20_000
"""Characters of a text."""
DEEPEST = 100
"""Brackets, operators and calls inside one another."""
_TOO_DEEP = "is nested too deeply", "name intermediate values on lines of their own"
_SHOWN = 60


@dataclass(frozen=True)
class Source:
    """A text by lines, without the margin that all of them have."""

    lines: tuple[bytes, ...]
    margin: int

    def text(self, tree: ast.AST) -> str:
        """What stands in the text for a part of its tree, on one line and shortened."""
        first, last = tree.lineno - 1, tree.end_lineno - 1
        whole = list(self.lines[first : last + 1])
        whole[-1] = whole[-1][: tree.end_col_offset]
        whole[0] = whole[0][tree.col_offset :]
        return shortened(" ".join(b" ".join(whole).decode().split()), _SHOWN)

    def exact(self, tree: ast.Constant) -> str:
        """A number as it is written."""
        return self.lines[tree.lineno - 1][tree.col_offset : tree.end_col_offset].decode()

    def error(self, tree: ast.AST, message: str, remedy: str = "") -> LanguageError:
        """An error at the place of a part of the tree."""
        before = self.lines[tree.lineno - 1][: tree.col_offset].decode()
        return LanguageError(message, remedy, tree.lineno, self.margin + len(before) + 1)


def parsed(text: str) -> tuple[list[ast.stmt], Source]:
    """The lines of a text as statements. Raises LanguageError for what is no Python, too long or too deep."""
    if len(text) > LONGEST:
        raise LanguageError(f"has {len(text):,} characters, more than {LONGEST:,}", "write a shorter network")
    plain = textwrap.dedent(text.replace("\r\n", "\n").replace("\r", "\n"))
    margin = _margin(text) - _margin(plain)
    _refuse_deep_brackets(plain)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(plain).body
    except SyntaxError as error:
        raise _syntax_error(error, margin) from None
    except (RecursionError, MemoryError):
        raise LanguageError(*_TOO_DEEP) from None
    except ValueError as error:
        raise LanguageError(str(error), "write plain text") from None
    return body, Source(tuple(line.encode() for line in plain.split("\n")), margin)


def _margin(text: str) -> int:
    """Blanks before the first line that has more than blanks."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return len(line) - len(line.lstrip())


def _syntax_error(error: SyntaxError, margin: int) -> LanguageError:
    message = str(error.msg).partition(" (<unknown>")[0].partition("; perhaps")[0].partition(". Perhaps")[0]
    if "nested" in message or "recursion" in message:
        return LanguageError(*_TOO_DEEP)
    return LanguageError(message, "write expressions as in NumPy", error.lineno or 1, margin + max(1, error.offset or 1))


def _refuse_deep_brackets(text: str) -> None:
    """Before the parser sees them: what it makes of very deep ones differs between versions of Python."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > DEEPEST:
            raise LanguageError(*_TOO_DEEP)


def steps(trees: list[ast.stmt]) -> list[ast.stmt]:
    """The statements themselves. Raises LanguageError for trees that are deeper than a text should be."""
    layer: list[ast.AST] = list(trees)
    for _ in range(2 * DEEPEST):
        layer = [child for tree in layer for child in ast.iter_child_nodes(tree)]
        if not layer:
            return trees
    raise LanguageError(*_TOO_DEEP)

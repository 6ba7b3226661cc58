"""The language of networks: a text in Python's syntax for expressions, read to a graph and never executed."""

from conslaw_cli.language.errors import LanguageError
from conslaw_cli.language.reader import read_text

__all__ = ["LanguageError", "read_text"]

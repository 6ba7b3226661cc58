"""The language of networks: a text in Python's syntax for expressions, read to a graph and never executed.

``reader.read_text`` does it. What is here loads fast: the functions of the language come with the reader.
"""

from conslaw_cli.language.errors import LanguageError, TooManyEntries

__all__ = ["LanguageError", "TooManyEntries"]

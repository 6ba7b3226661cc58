"""A network that was not written as a text but made in Python: its graph as a text of JSON, which a spec may hold in a text's place."""

from __future__ import annotations

import json
from collections.abc import Iterable

from conslaw_cli.graph.nodes import Node
from conslaw_cli.graph.serial import from_data, to_data
from conslaw_cli.language.errors import LanguageError


def is_data(text: str) -> bool:
    """Whether a text is a graph: no expression of the language begins so."""
    return text.startswith("{")


def to_text(value: Node, name: str) -> str:
    """A graph with the name that titles give it."""
    return json.dumps({"name": name, **to_data(value, floats=True)}, separators=(",", ":"))


def name_of(text: str) -> str:
    """The name that a graph was given."""
    return str(_loaded(text).get("name", "graph"))


def from_text(text: str, leaves: Iterable[Node]) -> Node:
    """The graph over these parameters, inputs and generic constants. Raises LanguageError."""
    try:
        return from_data(_loaded(text), {leaf.name: leaf for leaf in leaves if hasattr(leaf, "name")})
    except LanguageError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise LanguageError(f"is no graph of these arrays ({error})", "write a network, e.g. W2 @ relu(W1 @ x)") from None


def _loaded(text: str) -> dict:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise LanguageError("begins with { and is no graph as JSON", "write a network, e.g. W2 @ relu(W1 @ x)") from None

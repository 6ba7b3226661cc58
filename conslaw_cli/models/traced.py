"""A network that is a Python function: called once with nodes, its graph is what a spec holds in a text's place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from conslaw_cli.graph.nodes import Node
from conslaw_cli.language.data import to_text
from conslaw_cli.models.network import ARCHITECTURE, Network, leaves
from conslaw_cli.problems import Collector, Table

_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def traced(network: Callable[..., Any], model: Mapping[str, Any], name: str) -> str:
    """The graph of a function of the arrays in the tables of ``model``, which it takes by name, as the text that stands for it.

    Raises SpecError for tables that cannot be used, ValueError for shapes that do not match and for arguments that no table has.
    """
    from conslaw_cli.functions import array

    table = Table("model", model, Collector(name))
    tables = {key.name: key.take(table, ARCHITECTURE.name) for key in ARCHITECTURE.table.keys if key.is_table}
    table.collector.raise_if_any()
    arguments = _arguments(network, leaves(Network(network="", **tables)))
    called = getattr(network, "__name__", type(network).__name__)
    return to_text(array(network(**arguments)), "in Python" if called == "<lambda>" else called)


def _arguments(network: Callable[..., Any], nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Those of the nodes that a function takes."""
    taken = inspect.signature(network).parameters.values()
    missing = [one.name for one in taken if one.name not in nodes and one.default is one.empty and one.kind not in _ANY]
    if missing:
        raise ValueError(f"the network takes {', '.join(missing)}; there are {', '.join(nodes)}")
    if any(one.kind is one.VAR_KEYWORD for one in taken):
        return dict(nodes)
    return {one.name: nodes[one.name] for one in taken if one.name in nodes}

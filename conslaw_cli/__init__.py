"""Conservation laws of training dynamics, counted exactly and proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING

from conslaw_cli.version import __version__

if TYPE_CHECKING:
    from conslaw_cli.report.model import Report

__all__ = ["__version__", "analyze"]


def analyze(
    spec: str | PathLike[str] | Mapping[str, object] | None = None,
    seed: int = 0,
    *,
    network: Callable[..., object] | str | None = None,
    parameters: Mapping[str, object] | None = None,
    inputs: Mapping[str, object] | None = None,
    constants: Mapping[str, object] | None = None,
    loss: str = "any",
    at: Mapping[str, object] | None = None,
    metric: Mapping[str, object] | str | None = None,
    dynamics: Mapping[str, object] | str | None = None,
) -> Report:
    """The report of one spec: a path to a TOML file, or a mapping with the spec's tables.

    Or of a ``network`` g(theta, x): a function of arrays, called by their names, that uses conslaw_cli.functions, or a text as in a spec.
    ``parameters`` and ``inputs`` map names to shapes ({"x": {"one-hot": (3, 5)}} for one-hot rows), ``constants`` to NumPy arrays, or to
    shapes of generic numbers; ``loss``, ``at``, ``metric`` and ``dynamics`` are those of a spec, the latter two a name or a table::

        analyze(network=lambda W1, W2, x: W2 @ relu(W1 @ x), parameters={"W1": (3, 2), "W2": (2, 3)}, inputs={"x": 2})

    Raises conslaw_cli.spec.SpecError, holding every problem of an unusable spec, ValueError for shapes that do not match in a function.
    """
    from conslaw_cli.reporting import report_of
    from conslaw_cli.spec import parse_spec, read_spec

    if (spec is None) == (network is None):
        raise TypeError("analyze takes a spec or a network")
    if network is not None:
        spec = _tables(network, {"parameters": parameters, "inputs": inputs, "constants": constants, "at": at, "loss": loss}, metric, dynamics)
    parsed = parse_spec(spec) if isinstance(spec, Mapping) else read_spec(spec)
    return report_of(parsed, seed)


def _tables(network: Callable[..., object] | str, model: dict[str, object], metric: object, dynamics: object) -> dict[str, object]:
    """The tables of the spec that stands for a network."""
    from conslaw_cli.models.traced import traced

    given = {key: value for key, value in model.items() if value is not None}
    text = network if isinstance(network, str) else traced(network, given, "<network>")
    tables = {"model": {"network": text, **given}, "metric": metric, "dynamics": dynamics}
    for key, only in (("metric", "default"), ("dynamics", "kind")):
        if isinstance(tables[key], str):
            tables[key] = {only: tables[key]}
    return {key: table for key, table in tables.items() if table is not None}

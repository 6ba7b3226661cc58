"""Conservation laws of training dynamics, counted exactly and proved."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING

from conslaw_cli.version import __version__

if TYPE_CHECKING:
    from conslaw_cli.report.model import Report

__all__ = ["__version__", "analyze"]


def analyze(spec: str | PathLike[str] | Mapping[str, object], seed: int = 0) -> Report:
    """The report of one spec: a path to a TOML file, or a mapping with the spec's tables.

    Raises conslaw_cli.spec.SpecError, holding every problem of an unusable spec.
    """
    from conslaw_cli.reporting import report_of
    from conslaw_cli.spec import parse_spec, read_spec

    parsed = parse_spec(spec) if isinstance(spec, Mapping) else read_spec(spec)
    return report_of(parsed, seed)

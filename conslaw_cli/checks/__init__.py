"""Specs held against what they expect: findings as plain data, and one renderer for each format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module

from conslaw_cli.checks.outcome import Finding, Outcome, Verdict

__all__ = ["FORMATS", "Finding", "Outcome", "Verdict", "render"]


@dataclass(frozen=True)
class Renderer:
    """A format: a module with ``render(outcomes, quiet) -> iterator of texts``, each written as soon as it is there.

    ``quiet`` leaves out what is well; formats that programs read are complete either way.
    """

    module: str

    def render(self, outcomes: Iterable[Outcome], quiet: bool) -> Iterator[str]:
        return import_module(self.module).render(outcomes, quiet)


FORMATS = {
    "text": Renderer("conslaw_cli.checks.text"),
    "json": Renderer("conslaw_cli.checks.jsonformat"),
    "jsonl": Renderer("conslaw_cli.checks.jsonlines"),
    "junit": Renderer("conslaw_cli.checks.junit"),
    "github": Renderer("conslaw_cli.checks.github"),
    "markdown": Renderer("conslaw_cli.checks.markdown"),
}
"""Every output format of ``check``, named here once."""


def render(outcomes: Iterable[Outcome], format: str, quiet: bool = False) -> Iterator[str]:
    """The output, piece by piece. Raises KeyError for an unknown format."""
    return FORMATS[format].render(outcomes, quiet)

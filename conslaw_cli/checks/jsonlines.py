"""Outcomes as JSON Lines: an object for each spec, as soon as it is checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import msgspec

from conslaw_cli.checks.outcome import Outcome


def render(outcomes: Iterable[Outcome], quiet: bool) -> Iterator[str]:
    """One line for each spec, complete whether ``quiet`` or not."""
    for outcome in outcomes:
        yield json.dumps(msgspec.to_builtins(outcome), allow_nan=False) + "\n"

"""The canonical plain-data form of a spec, and its hash."""

from __future__ import annotations

import hashlib
import json

from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.spec.schema import Spec


def normalised(spec: Spec) -> dict[str, dict[str, object]]:
    """The spec as plain data with every default written out, without [expect] and name; ``parse_spec`` reads it back."""
    return {
        "model": spec.model.plain,
        "metric": {**{block: metric.name for block, metric in spec.metric.blocks}, "at": spec.metric.at},
        "dynamics": DYNAMICS[spec.dynamics.kind].settings(spec.dynamics),
    }


def spec_sha256(spec: Spec) -> str:
    """SHA-256 of the canonical form: independent of comments, key order, spelled-out defaults, [expect] and file name."""
    model = {"architecture": spec.model.architecture, **spec.model.definition.table.hashed(spec.model.options)}
    text = json.dumps({**normalised(spec), "model": model}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""The canonical plain-data form of a spec, and its hash."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction

from conslaw_cli.spec.schema import RATE_KEYS, DynamicsSpec, Spec


def normalised(spec: Spec) -> dict[str, dict[str, object]]:
    """The spec as plain data with every default written out, without [expect] and name; ``parse_spec`` reads it back."""
    return {
        "model": spec.model.plain,
        "metric": {**{block: metric.name for block, metric in spec.metric.blocks}, "at": spec.metric.at},
        "dynamics": _dynamics(spec.dynamics),
    }


def _dynamics(dynamics: DynamicsSpec) -> dict[str, object]:
    data: dict[str, object] = {"kind": dynamics.kind}
    if dynamics.kind in RATE_KEYS:
        data[RATE_KEYS[dynamics.kind][0]] = dynamics.rate.text
    if dynamics.kind != "gradient-flow" and dynamics.start is not None:
        data["start"] = _plain(dynamics.start)
    return data


def _plain(value: Fraction) -> int | str:
    return int(value) if value.denominator == 1 else str(value)


def spec_sha256(spec: Spec) -> str:
    """SHA-256 of the canonical form: independent of comments, key order, spelled-out defaults, [expect] and file name."""
    text = json.dumps(normalised(spec), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

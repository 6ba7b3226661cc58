"""The JSON Schema of a spec as written in TOML, made from the types and lists of names that the reader itself uses.

What a schema can say is said: keys, types, names, and how they depend on the architecture and the dynamics. The reader
checks more (expressions, names of parameter blocks, poles), so a spec that fits the schema may still be refused.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from conslaw_cli import metrics
from conslaw_cli.dynamics import DYNAMICS, Kind
from conslaw_cli.models import ARCHITECTURES, Architecture
from conslaw_cli.spec.schema import ExpectSpec, ModelSpec
from conslaw_cli.vocabulary import POINTS, STATUSES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The name of the dialect; nothing is loaded from there."""

Schema = dict[str, object]

_VALUE = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "minLength": 1}]}
_RATE_TEXT = 'a number >= 0, a symbol such as "tau", or an expression in t such as "3/t" or "1/(1+t)"'
_SWEEP = """\
Turns the spec into many cases: every key is a key of the spec by its dotted name (model.widths, "model.widths[1]",
dynamics.damping, expect.laws) with the list of values it takes, or a range { from = 1, to = 9, step = 2 }."""


def schema() -> Schema:
    """The JSON Schema of a spec."""
    return {
        "title": "conslaw spec",
        "description": "A model under a metric and a dynamics, and what its conservation laws are expected to be.",
        "type": "object",
        "properties": {
            "model": _model(),
            "metric": _metric(),
            "dynamics": _dynamics(),
            "expect": _expect(),
            "sweep": _sweep(),
        },
        "additionalProperties": False,
        "if": {"required": ["sweep"]},
        "else": {"required": ["model"], "properties": {"model": _complete()}},
    }


def _fields(type_: type, description: str, **names: tuple[str, ...]) -> Schema:
    """A table's schema from its type; TOML has no null. ``names`` gives the choices of keys that take one."""
    table = msgspec.json.schema(type_)["$defs"][type_.__name__]
    properties = {key: _without_null(field) for key, field in table["properties"].items()}
    for key, choices in names.items():
        properties[key] = {**properties[key], "enum": list(choices)}
    return {"description": description, "type": "object", "properties": properties, "additionalProperties": False}


def _without_null(field: Schema) -> Schema:
    kept = {key: value for key, value in field.items() if key != "anyOf" and not (key == "default" and value is None)}
    choices = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
    return {**kept, **(choices[0] if choices else {})}


def _model() -> Schema:
    table = msgspec.json.schema(ModelSpec, schema_hook=lambda kind: {})["$defs"]["ModelSpec"]
    name, own = {**table["properties"]["architecture"], "enum": list(ARCHITECTURES)}, _by_key()
    return {
        "description": "The model.",
        "type": "object",
        "properties": {"architecture": name, **{key: _any(schemas) for key, schemas in own.items()}},
        "additionalProperties": False,
        "allOf": [
            *(_when("architecture", name, _restricted(found, own)) for name, found in ARCHITECTURES.items()),
            *(_where(key, _restricted(found, own)) for key, found in _implying()),
        ],
    }


def _complete() -> Schema:
    """A model that no sweep completes: with the keys that its architecture has no default for."""
    named = [_when("architecture", name, required=list(found.table.required)) for name, found in ARCHITECTURES.items()]
    implied = [_where(key, required=list(found.table.required)) for key, found in _implying()]
    return {"anyOf": [{"required": [key]} for key in ("architecture", *(key for key, _ in _implying()))], "allOf": [*named, *implied]}


def _implying() -> list[tuple[str, Architecture]]:
    """Keys that stand for an architecture, each with it."""
    return [(key, found) for found in ARCHITECTURES.values() for key in found.implied_by]


def _by_key() -> dict[str, list[Schema]]:
    """The keys of [model] beside ``architecture``, each with the different schemas that architectures have for it."""
    found: dict[str, list[Schema]] = {}
    for architecture in ARCHITECTURES.values():
        for key, schema in architecture.table.schemas().items():
            known = found.setdefault(key, [])
            known.extend([schema] if schema not in known else [])
    return found


def _any(schemas: list[Schema]) -> Schema:
    """One of several schemas, whose descriptions are alike."""
    return schemas[0] if len(schemas) == 1 else {"description": schemas[0]["description"], "anyOf": schemas}


def _restricted(architecture: Architecture, keys: Iterable[str]) -> Schema:
    """The keys of one architecture; those of others are none of its."""
    return {key: architecture.table.schemas().get(key, False) for key in keys}


def _metric() -> Schema:
    default = "The metric of all parameter blocks that have none of their own: euclidean, entropy, theta^a, natural-gradient or an expression in theta."
    at = "Where the metric is evaluated; by default lookahead for momentum with constant damping unless M is constant."
    return {
        "description": "The metric M; without it, what the architecture calls for.",
        "type": "object",
        "properties": {
            "default": {"description": default, "anyOf": metrics.default_schemas()},
            "at": {"description": at, "enum": list(POINTS)},
            metrics.full.KEY: {"description": metrics.full.ABOUT, **metrics.rationals.schema(".")},
        },
        "additionalProperties": {"description": "The metric of one parameter block.", **metrics.schema()},
    }


def _dynamics() -> Schema:
    start = "Time from which the laws are claimed; 0 by default where the rate is finite there."
    rates = {
        kind.rate_key: {
            "description": f"{kind.rate_key.capitalize()} under {kind.name}: {_RATE_TEXT}.",
            "default": kind.default_rate,
            **_VALUE,
        }
        for kind in DYNAMICS.values()
        if kind.rate_key
    }
    return {
        "description": "How the model is trained.",
        "type": "object",
        "properties": {
            "kind": {"description": "The dynamics.", "enum": list(DYNAMICS), "default": next(iter(DYNAMICS))},
            **rates,
            "start": {"description": start, **_VALUE},
        },
        "additionalProperties": False,
        "allOf": [_when("kind", kind.name, _misplaced(kind)) for kind in DYNAMICS.values()],
    }


def _misplaced(kind: Kind) -> Schema:
    """Keys that belong to other dynamics."""
    others = [other.rate_key for other in DYNAMICS.values() if other.rate_key not in (None, kind.rate_key)]
    return dict.fromkeys(others if kind.drifts else [*others, "start"], False)


def _expect() -> Schema:
    return _fields(ExpectSpec, "What `conslaw check` holds the result against.", status=STATUSES)


def _sweep() -> Schema:
    zipped = "Keys that vary together: a list of lists of keys, or one list."
    cases = "Single cases, each a partial spec with a name if it wants one."
    return {
        "description": " ".join(_SWEEP.split()),
        "type": "object",
        "minProperties": 1,
        "properties": {
            "zip": {"description": zipped, "type": "array"},
            "cases": {"description": cases, "type": "array", "items": {"type": "object"}},
        },
    }


def _when(key: str, value: str, properties: Schema | None = None, required: list[str] | None = None) -> Schema:
    """What holds for other keys where a key has a value."""
    return {**_where(key, properties, required), "if": {"properties": {key: {"const": value}}, "required": [key]}}


def _where(key: str, properties: Schema | None = None, required: list[str] | None = None) -> Schema:
    """What holds for other keys where there is a key."""
    then = {"properties": properties, "required": required}
    return {"if": {"required": [key]}, "then": {keyword: said for keyword, said in then.items() if said is not None}}

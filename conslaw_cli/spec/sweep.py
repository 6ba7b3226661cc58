"""The table [sweep]: one spec that stands for many cases.

Every key in it is a key of the spec, by its dotted name (quoted or not), with the values it takes; by default all of them
are combined, the last key varying fastest::

    [sweep]
    model.widths = [[2, 3, 5], [2, { from = 1, to = 9 }, 2]]     # a range stands for its numbers, 10 widths here
    "model.widths[1]" = { from = 1, to = 9, step = 2 }           # one entry, counted from 0, of the widths in [model]
    model.parameters.W1 = [[3, 2], [4, 2]]                       # the sizes of an array
    dynamics.damping = ["0", "tau", "3/t"]
    expect.laws = [3, 1, 1]
    zip = [["dynamics.damping", "expect.laws"]]                  # these vary together

``cases`` lists single cases instead, each a partial spec, with a name if it wants one::

    [sweep]
    cases = [
        { model.widths = [2, 3, 5], expect.laws = 6 },
        { name = "deep", model.widths = [2, 4, 3, 5], expect.laws = 16 },
    ]

Both may be used at once: every case is then combined with all values. What the sweep does not mention is as the rest of the
spec says. A case is named by the values it was given, ``file.toml[widths=2-3-5,bias=none]``, whatever its position; one that
occurs again ends in ``#2``. Values of [expect] are no part of the name.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import product
from math import prod

from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.problems import MOST_ALIKE, Table, suggestion, visible
from conslaw_cli.spec.sweep_values import SweepError, check_lists, count, values_of

MOST_CASES = 100_000
TABLES = ("model", "metric", "dynamics", "expect")
_LONGEST_NAME = 120
_PATH = re.compile(
    r"(?P<table>model|metric|dynamics|expect)\.(?P<key>[A-Za-z0-9_-]+)(?:\.(?P<inner>[A-Za-z0-9_-]+))?(?:\[(?P<index>\d{1,4})\])?"
)

Changes = dict[str, object]
"""What a case changes: dotted names and their values."""


def expand(tables: Mapping[str, object], sweep: Table) -> Iterator[tuple[str, dict[str, object]]]:
    """(name of the case, its tables) for every case, in order. What is wrong with the sweep itself is noted in ``sweep``."""
    axes = _flat(sweep.data, sweep, skip=("zip", "cases"))
    groups = _groups(axes, sweep)
    listed = _listed(sweep)
    varied = [*axes, *dict.fromkeys(key for _, changes in listed for key in changes)]
    base = {key: value for key, value in tables.items() if key != "sweep"}
    if not any(any(value) if key == "cases" and isinstance(value, list) else value for key, value in sweep.data.items()):
        sweep.problem("cases", "the sweep varies nothing", "write e.g. model.widths = [[2, 3, 2], [2, 4, 2]]")
    if not _usable(varied, base, sweep) or not _few(axes, groups, listed, sweep):
        return
    named = [listed] if listed else []
    named += [[("", dict(zip(group, row, strict=True))) for row in _rows(axes, group)] for group in groups]
    names = Counter()
    label = _labels(varied)
    for position, parts in enumerate(product(*named), start=1):
        changes = {key: value for _, part in parts for key, value in part.items()}
        name = ",".join(filter(None, (_name(own, part, label) for own, part in parts))) or str(position)
        names[name] += 1
        yield _short(name if names[name] == 1 else f"{name}#{names[name]}"), _changed(base, changes)


def _flat(data: Mapping, sweep: Table, skip: tuple[str, ...]) -> Changes:
    """Tables in tables as dotted names; noted are those that a spec does not have."""
    flat: Changes = {}
    for key, value in data.items():
        if key in (*TABLES, *_inner_tables()) and isinstance(value, Mapping):
            flat.update(_flat({f"{key}.{inner}": item for inner, item in value.items()}, sweep, ()))
        elif key not in skip:
            flat[key] = value
    unknown = [key for key in flat if not isinstance(key, str) or not _is_key(key)]
    for key in unknown[:MOST_ALIKE]:
        remedy = f"write the key with its table, such as model.widths; {suggestion(str(key).split('.')[0], (*TABLES, *skip))}"
        sweep.problem(str(key), "a sweep varies keys of the spec, this is none", remedy)
    return {key: flat[key] for key in flat.keys() - set(unknown)} if unknown else flat


def _inner_tables() -> set[str]:
    """Tables in tables by their dotted names, such as model.parameters."""
    return {f"model.{key.name}" for architecture in ARCHITECTURES.values() for key in architecture.table.keys if key.is_table}


def _is_key(path: str) -> bool:
    """Whether this is the dotted name of a key."""
    found = _PATH.fullmatch(path)
    return bool(found) and (found["inner"] is None or f"{found['table']}.{found['key']}" in _inner_tables())


def _groups(axes: Changes, sweep: Table) -> list[tuple[str, ...]]:
    """The keys that vary together, in the order of the sweep; a key of its own is a group of one."""
    zipped = sweep.data.get("zip", [])
    if isinstance(zipped, list) and zipped and all(isinstance(key, str) for key in zipped):
        zipped = [zipped]
    if not isinstance(zipped, list) or not all(map(_is_group, zipped)):
        sweep.problem(
            "zip", "zip must be a list of lists of keys", 'write e.g. zip = [["model.widths", "expect.laws"]]'
        )
        return []
    times = Counter(key for group in zipped for key in group)
    for key in [key for key in times if key not in axes or times[key] > 1][:MOST_ALIKE]:
        what = "is given twice" if key in axes else "is no key of the sweep"
        remedy = "; ".join(filter(None, ("name keys of [sweep], each once", suggestion(key, axes))))
        sweep.problem("zip", f"{key!r} {what}", remedy)
    together = {key: tuple(group) for group in zipped for key in group}
    return list(dict.fromkeys(together.get(key, (key,)) for key in axes))


def _is_group(group: object) -> bool:
    return isinstance(group, list) and bool(group) and all(isinstance(key, str) for key in group)


def _listed(sweep: Table) -> list[tuple[str, Changes]]:
    """(name or "", changes) of the cases that are listed."""
    cases = sweep.data.get("cases", [])
    if not isinstance(cases, list) or not all(isinstance(case, Mapping) for case in cases):
        sweep.problem("cases", "cases must be a list of tables", "write e.g. cases = [{ model.widths = [2, 3, 2] }]")
        return []
    names = [case.get("name", "") for case in cases]
    for name in [name for name in names if not isinstance(name, str)][:MOST_ALIKE]:
        sweep.problem("cases", f"the name of a case must be a string, not {name!r}", 'write e.g. name = "deep"')
    return [(str(name), _flat(case, sweep, skip=("name",))) for name, case in zip(names, cases, strict=True)]


def _usable(varied: list[str], base: Mapping, sweep: Table) -> bool:
    """Whether every key is varied in one place only, and entries of lists exist."""
    usable, times = bool(varied), Counter(varied)
    for key in times:
        whole, _, index = key.removesuffix("]").partition("[")
        if times[key] > 1 or (index and whole in times):
            sweep.problem(key, "is varied in two places", "vary it in one of them")
            usable = False
        elif index and not _has_entry(base, whole, int(index)):
            sweep.problem(
                key, f"{whole} has no entry {index}", "give the list in its own table; its entries count from 0"
            )
            usable = False
    return usable


def _has_entry(base: Mapping, whole: str, index: int) -> bool:
    found: object = base
    for key in whole.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return isinstance(found, list) and index < len(found)


def _few(axes: Changes, groups: list[tuple[str, ...]], listed: list, sweep: Table) -> bool:
    """Whether the values are usable, as many where keys vary together, and not too many cases in all."""
    counts: dict[str, int] = {}
    for key, values in axes.items():
        try:
            found = count(values)
            if _takes_lists(key):
                check_lists(values)
            counts[key] = found
        except SweepError as error:
            sweep.problem(key, error.message, error.remedy)
    if len(counts) < len(axes) or any(key not in counts for group in groups for key in group):
        return False
    uneven = [group for group in groups if len({counts[key] for key in group}) > 1]
    for group in uneven:
        listing = ", ".join(f"{key} has {counts[key]}" for key in group)
        sweep.problem("zip", f"keys that vary together need as many values: {listing}", "make the lists equally long")
    number = prod((counts[group[0]] for group in groups), start=max(1, len(listed)))
    if number > MOST_CASES:
        sweep.problem("cases", f"the sweep has {number} cases, more than {MOST_CASES}", "split it into several specs")
    return not uneven and number <= MOST_CASES


def _takes_lists(key: str) -> bool:
    """Whether every value of a key is a list."""
    tables = [architecture.table for architecture in ARCHITECTURES.values()]
    known = [own.is_list for table in tables for own in table.keys if f"model.{own.name}" == key]
    return bool(known) and all(known)


def _rows(axes: Changes, group: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    return zip(*(values_of(axes[key]) for key in group), strict=True)


def _labels(varied: list[str]) -> dict[str, str]:
    """How a name calls each key: by its last part where that is enough."""
    last = Counter(key.rpartition(".")[2] for key in varied)
    return {key: key.rpartition(".")[2] if last[key.rpartition(".")[2]] == 1 else key for key in varied}


def _name(own: str, changes: Changes, label: dict[str, str]) -> str:
    told = (f"{label[key]}={_text(value)}" for key, value in changes.items() if not key.startswith("expect."))
    return visible(own or ",".join(told))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "-".join(map(_text, value))
    return str(value) if isinstance(value, (str, int, float, Decimal)) else type(value).__name__


def _short(name: str) -> str:
    """Names of bounded length that stay different."""
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 17]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _changed(base: Mapping[str, object], changes: Changes) -> dict[str, object]:
    """The tables of a case."""
    tables = {name: dict(table) if isinstance(table, Mapping) else table for name, table in base.items()}
    for path, value in changes.items():
        name, key, inner, index = _PATH.fullmatch(path).groups()
        table = tables.setdefault(name, {})
        if inner is not None and isinstance(table, dict):
            held = table.get(key, {})
            table[key] = table = dict(held) if isinstance(held, Mapping) else held
            key = inner
        if not isinstance(table, dict):
            continue
        if index is None:
            table[key] = value
        else:
            table[key] = [*table[key][: int(index)], value, *table[key][int(index) + 1 :]]
    return tables

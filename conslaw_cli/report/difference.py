"""What differs between saved reports, as plain data, and how it is written: text, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from conslaw_cli.report.document import SCHEMA
from conslaw_cli.report.escape import visible
from conslaw_cli.report.jsonreport import dumps
from conslaw_cli.report.options import Options
from conslaw_cli.report.text import printed
from conslaw_cli.report.transliteration import ascii_text

FORMATS = ("text", "json")
NONE = "no difference"
_LONGEST_VALUE = 60


class Change(Struct, frozen=True):
    """A value that is not the same; ``key`` as in the JSON report, such as laws.independent. None where a report lacks it."""

    key: str
    a: object
    b: object


class Saved(Struct, frozen=True):
    """A law or a sentence that one of two reports has and the other has not: its kind, itself, and for laws how many it stands for."""

    kind: str
    text: str
    number: int | None = None


class Pair(Struct, frozen=True):
    """Two reports, by their names: what changed, and what only one of them has."""

    a: str
    b: str
    changes: tuple[Change, ...]
    only_a: tuple[Saved, ...]
    only_b: tuple[Saved, ...]

    @property
    def same(self) -> bool:
        return not (self.changes or self.only_a or self.only_b)


class Difference(Struct, frozen=True):
    """Two files of reports: their pairs, and the names of reports that have no counterpart."""

    a: str
    b: str
    pairs: tuple[Pair, ...]
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return not (self.only_a or self.only_b) and all(pair.same for pair in self.pairs)

    def to_dict(self) -> dict:
        """The JSON form; pairs that are the same are left out of ``differences``."""
        return {
            "schema": SCHEMA,
            "a": self.a,
            "b": self.b,
            "same": self.same,
            "compared": len(self.pairs),
            "differences": [_pair(pair) for pair in self.pairs if not pair.same],
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
        }


def _pair(pair: Pair) -> dict:
    return {
        "a": pair.a,
        "b": pair.b,
        "changes": [{"key": change.key, "a": change.a, "b": change.b} for change in pair.changes],
        "only_a": [_saved(one) for one in pair.only_a],
        "only_b": [_saved(one) for one in pair.only_b],
    }


def _saved(one: Saved) -> dict:
    return {"kind": one.kind, "text": one.text} | ({} if one.number is None else {"number": one.number})


def render(difference: Difference, format: str, options: Options) -> str:
    """The whole output in one of ``FORMATS``."""
    return dumps(difference.to_dict()) + "\n" if format == "json" else _text(difference, options)


def _text(difference: Difference, options: Options) -> str:
    """One line where all is the same; otherwise A and B, and what differs report by report."""
    if difference.same:
        return NONE + "\n"
    lines = [Text(f"A  {visible(difference.a)}", "dim"), Text(f"B  {visible(difference.b)}", "dim")]
    for pair in difference.pairs:
        if not pair.same:
            lines += [Text(""), *_pair_lines(pair)]
    for side, names in (("A", difference.only_a), ("B", difference.only_b)):
        lines += [Text("")] * bool(names) + [Text(f"only in {side}   {visible(name)}") for name in names]
    written = printed(lines, options.color)
    return "".join(map(ascii_text, written.splitlines(keepends=True))) if options.ascii_only else written


def _pair_lines(pair: Pair) -> Iterator[Text]:
    yield Text(visible(pair.a if pair.a == pair.b else f"{pair.a} → {pair.b}"), "bold")
    width = max(map(cell_len, (change.key for change in pair.changes)), default=0)
    for change in pair.changes:
        yield Text(f"  {visible(change.key).ljust(width)}   {_value(change.a)} → {_value(change.b)}")
    for side, style, found in (("A", "red", pair.only_a), ("B", "green", pair.only_b)):
        for one in found:
            number = "" if one.number is None else f"   {one.number} {'law' if one.number == 1 else 'laws'}"
            yield Text.assemble(f"  {one.kind} only in ", (side, style), f"   {visible(one.text)}{number}")


def _value(value: object) -> str:
    """A value in a line, of a long one the beginning; – for none."""
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return visible(text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…")

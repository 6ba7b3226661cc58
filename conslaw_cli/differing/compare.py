"""Holding two files of saved reports against each other: what they say of the laws, not how it was found out."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence

from conslaw_cli.report.difference import Change, Difference, Pair, Saved

_ASIDE = ("name", "certificate", "reproduce")
"""Which file it was, what was proved along the way, and by which version and seed: no part of what is said of the laws."""
_OF_ITEMS = ("depends_on_time", "source", "everywhere")
"""What is said of a law beside what it is."""


def differences(a: str, b: str, reports_a: Sequence[Mapping], reports_b: Sequence[Mapping], everything: bool = False) -> Difference:
    """What differs between the reports of two files of these names; with ``everything`` also what is set aside otherwise.

    Reports of the same name are held against each other, or those at the same position where no name is in both files.
    """
    pairs, only_a, only_b = _matched(reports_a, reports_b)
    found = tuple(_pair(one, other, everything) for one, other in pairs)
    return Difference(a, b, found, tuple(map(_name, only_a)), tuple(map(_name, only_b)))


def _matched(reports_a: Sequence[Mapping], reports_b: Sequence[Mapping]) -> tuple[list, list, list]:
    """Pairs, and what is left in either file; several of one name are taken in order."""
    if not {_name(report) for report in reports_a} & {_name(report) for report in reports_b}:
        number = min(len(reports_a), len(reports_b))
        return list(zip(reports_a, reports_b)), list(reports_a[number:]), list(reports_b[number:])
    pairs, only_a, left = [], [], defaultdict(deque)
    for report in reports_b:
        left[_name(report)].append(report)
    for report in reports_a:
        if same := left[_name(report)]:
            pairs.append((report, same.popleft()))
        else:
            only_a.append(report)
    return pairs, only_a, [report for others in left.values() for report in others]


def _name(report: Mapping) -> str:
    return str(report.get("name", ""))


def _pair(a: Mapping, b: Mapping, everything: bool) -> Pair:
    laws_a, laws_b = _laws(a, everything), _laws(b, everything)
    notes_a, notes_b = Counter(map(str, a.get("notes", ()))), Counter(map(str, b.get("notes", ())))
    return Pair(
        _name(a),
        _name(b),
        tuple(_changes(_said(a, everything), _said(b, everything))) + tuple(_changed_laws(laws_a, laws_b)),
        (*_lacking(laws_a, laws_b), *_sentences(notes_a - notes_b)),
        (*_lacking(laws_b, laws_a), *_sentences(notes_b - notes_a)),
    )


def _said(report: Mapping, everything: bool) -> dict[str, object]:
    """Values by their keys with dots, but laws and notes, which are held against each other one by one."""
    aside = ("notes",) if everything else ("notes", *_ASIDE)
    return {key: value for key, value in _flat(report, "") if key != "laws.items" and key.split(".")[0] not in aside}


def _flat(value: Mapping, prefix: str) -> Iterator[tuple[str, object]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from _flat(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", item


def _changes(a: Mapping[str, object], b: Mapping[str, object], prefix: str = "") -> Iterator[Change]:
    """In the order of the first report."""
    for key in dict.fromkeys((*a, *b)):
        if a.get(key) != b.get(key):
            yield Change(prefix + key, a.get(key), b.get(key))


def _laws(report: Mapping, everything: bool) -> dict[tuple[str, int], dict[str, object]]:
    """What is said of each family with a form, and of each law of the others; the number tells equal texts apart."""
    found: dict[tuple[str, int], dict[str, object]] = {}
    seen: Counter[str] = Counter()
    for item in report["laws"]["items"]:
        said = {key: item.get(key) for key in (*_OF_ITEMS, *(("expressions", "latex", "truncated") if everything else ()))}
        texts = [item["form"]] if item.get("form") else item.get("expressions", [])
        number = item.get("number") if item.get("form") else 1
        for text in texts:
            found[text, seen[text]] = {"number": number, **said}
            seen[text] += 1
    return found


def _changed_laws(a: Mapping, b: Mapping) -> Iterator[Change]:
    for key in a:
        if key in b:
            yield from _changes(a[key], b[key], f"law {key[0]}: ")


def _lacking(laws: Mapping, others: Mapping) -> Iterator[Saved]:
    """The laws that are not among the others."""
    for key, said in laws.items():
        if key not in others:
            yield Saved("law", key[0], said["number"])


def _sentences(notes: Counter) -> Iterator[Saved]:
    return (Saved("note", note) for note in notes.elements())

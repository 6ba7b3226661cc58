"""Counts of a network with branches over many initializations: how often each occurs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from conslaw_cli.report import prose as say
from conslaw_cli.report.model import Report
from conslaw_cli.report.prose import Prose
from conslaw_cli.report.tables import Region

FORMATS = ("text", "json")
HEADINGS = ("laws", "regions", "for all branches", "branch patterns", "dead units", "always active", "seeds")
_SEEDS_SHOWN = 6
Range = tuple[int, int]


class Group(Struct, frozen=True):
    """The regions with one count, known in one way: seeds, and the least and largest numbers of what is in them."""

    laws: int | None
    status: str
    seeds: tuple[int, ...]
    everywhere: Range
    patterns: Range
    units: Range
    dead: Range
    linear: Range


class Regions(Struct, frozen=True):
    """``reports`` of one network by the seed of its initialization; ``notes`` say of which seeds there is none, and why."""

    name: str
    reports: tuple[tuple[int, Report], ...]
    notes: tuple[str, ...] = ()

    @property
    def groups(self) -> list[Group]:
        """The counts, the most frequent first."""
        found: dict[tuple[int | None, str], list[tuple[int, Report]]] = {}
        for seed, report in self.reports:
            found.setdefault((report.laws.independent, report.status), []).append((seed, report))
        groups = [_group(*key, members) for key, members in found.items()]
        return sorted(groups, key=lambda one: (-len(one.seeds), one.laws is None, one.laws or 0))

    def heading(self, prose: Prose) -> str:
        """Model, metric and dynamics."""
        return prose.text(" · ").join(say.title(self.reports[0][1], prose))

    def summary(self) -> str:
        """3 different counts in 20 regions, around Gaussian initializations."""
        number, counts = len(self.reports), len(self.groups)
        what = "the same count" if counts == 1 else f"{counts} different counts"
        return f"{what} in {number} {'region' if number == 1 else 'regions'}, around Gaussian initializations"

    def grid(self, prose: Prose) -> list[tuple[str, ...]]:
        """The table as text: the header, then a row for each count."""
        return [HEADINGS, *(tuple(map(prose.text, self._cells(group))) for group in self.groups)]

    def _cells(self, group: Group) -> Iterator[str]:
        number = len(group.seeds)
        yield f"{'?' if group.laws is None else group.laws} {group.status}"
        yield f"{number} of {len(self.reports)} ({100 * number / len(self.reports):.0f}%)"
        yield from map(_span, (group.everywhere, group.patterns))
        yield from (f"{_span(part)} of {_span(group.units)}" for part in (group.dead, group.linear))
        yield ", ".join(map(str, group.seeds[:_SEEDS_SHOWN])) + (", …" if number > _SEEDS_SHOWN else "")

    def to_dict(self) -> dict:
        """The JSON form."""
        from conslaw_cli.report.document import SCHEMA

        first, number = self.reports[0][1], len(self.reports)
        return {
            "schema": SCHEMA,
            "name": self.name,
            "model": {"architecture": first.model.architecture, "title": first.model.title, "parameters": first.model.parameters},
            "regions": number,
            "counts": [
                {"laws": group.laws, "status": group.status, "regions": len(group.seeds), "frequency": len(group.seeds) / number}
                | {key: list(getattr(group, key)) for key in ("everywhere", "patterns", "units", "dead", "linear", "seeds")}
                for group in self.groups
            ],
            "notes": list(self.notes),
        }


def _group(laws: int | None, status: str, members: Sequence[tuple[int, Report]]) -> Group:
    def of_region(count: Callable[[Region], int]) -> Range:
        return _range([count(report.region) if report.region else 0 for _, report in members])

    return Group(
        laws,
        status,
        tuple(seed for seed, _ in members),
        _range([report.laws.everywhere for _, report in members]),
        of_region(lambda region: region.patterns),
        of_region(lambda region: region.units),
        of_region(lambda region: region.dead),
        of_region(lambda region: region.linear),
    )


def _range(numbers: Sequence[int]) -> Range:
    return min(numbers), max(numbers)


def _span(numbers: Range) -> str:
    return str(numbers[0]) if numbers[0] == numbers[1] else f"{numbers[0]} to {numbers[1]}"

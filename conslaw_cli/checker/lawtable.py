"""The report's table of laws, read with suspicion."""

from __future__ import annotations

from dataclasses import dataclass

from conslaw_cli.checker.result import Check, ReportError, count, entry
from conslaw_cli.checker.statement import SPECIAL, UNVERIFIED

LISTED_AT_LEAST = 1000
"""A report lists every law up to this number of them."""
TIME_FREE_STATUSES = (None, "proved", "exact")


@dataclass(frozen=True)
class Item:
    family: str
    number: int
    expressions: tuple[str, ...]
    form: str | None
    latex: str
    depends_on_time: bool
    source: str
    truncated: bool
    definitions: dict[str, str]
    """What letters stand for that are no names of entries."""
    everywhere: bool
    """Whether they hold for all branches of a network."""

    @property
    def by_theory(self) -> bool:
        """Whether only its form is given, as theory has it."""
        return self.source == UNVERIFIED


@dataclass(frozen=True)
class Laws:
    """The report's table of laws."""

    items: tuple[Item, ...]
    found: int
    independent: int | None
    time_dependent: bool | None
    time_free: int | None
    time_free_status: str | None
    searched_degree: int
    everywhere: int
    special: tuple[Item, ...]
    """Items whose laws are no sums of monomials and logarithms; ``items`` holds the others."""

    @property
    def listed(self) -> int:
        return sum(len(item.expressions) for item in (*self.items, *self.special))

    @property
    def truncated(self) -> bool:
        return any(item.truncated for item in self.items)

    @property
    def by_theory(self) -> int:
        """How many are known from theory and were not verified."""
        return sum(item.number for item in self.items if item.by_theory)

    @property
    def complete(self) -> bool:
        return self.found == self.independent


def read_laws(report: dict) -> Laws:
    """Raises ReportError."""
    table = entry(report, "laws", dict)
    items = tuple(_item(item, f"laws.items[{i}]") for i, item in enumerate(entry(table, "items", list, "laws")))
    null = type(None)
    status = entry(table, "time_free_status", (str, null), "laws")
    if status not in TIME_FREE_STATUSES:
        raise ReportError("laws.time_free_status must be proved, exact or null")
    found, independent = count(table, "found", "laws"), entry(table, "independent", (int, null), "laws")
    if entry(table, "complete", bool, "laws") != (found == independent):
        raise ReportError(f"laws.complete is {table['complete']} with {found} of {independent} laws found")
    return Laws(
        tuple(item for item in items if item.family not in SPECIAL),
        found,
        independent,
        entry(table, "time_dependent", (bool, null), "laws"),
        entry(table, "time_free", (int, null), "laws"),
        status,
        count(table, "searched_degree", "laws"),
        count(table, "everywhere", "laws"),
        tuple(item for item in items if item.family in SPECIAL),
    )


def _item(item: object, where: str) -> Item:
    expressions = entry(item, "expressions", list, where)
    if not all(isinstance(text, str) for text in expressions):
        raise ReportError(f"{where}.expressions must hold strings")
    return Item(
        entry(item, "family", str, where),
        count(item, "number", where),
        tuple(expressions),
        entry(item, "form", (str, type(None)), where),
        entry(item, "latex", str, where),
        entry(item, "depends_on_time", bool, where),
        entry(item, "source", str, where),
        entry(item, "truncated", bool, where) if "truncated" in item else False,
        entry(item, "definitions", dict, where) if "definitions" in item else {},
        entry(item, "everywhere", bool, where),
    )


def numbers(laws: Laws) -> Check:
    """Whether the numbers of laws agree with each other and with the lists."""
    every = (*laws.items, *laws.special)
    if any(item.definitions for item in laws.items):
        return Check("laws: numbers", False, "definitions of letters that are in no law")
    for item in every:
        listed = len(item.expressions)
        if item.number < 1 or not (listed < item.number if item.truncated else listed == item.number):
            return Check("laws: numbers", False, f"{item.family}: {item.number} laws announced, {listed} listed")
    total, everywhere = sum(item.number for item in every), sum(item.number for item in every if item.everywhere)
    if everywhere != laws.everywhere:
        return Check("laws: numbers", False, f"{laws.everywhere} laws are announced to hold everywhere, {everywhere} are said to")
    if total != laws.found:
        return Check("laws: numbers", False, f"the families have {total} laws together, {laws.found} found are announced")
    if any(item.by_theory and item.expressions for item in laws.items):
        return Check("laws: numbers", False, "laws that were not verified are not listed")
    if any(item.truncated and not item.by_theory for item in laws.items) and laws.found <= LISTED_AT_LEAST:
        return Check("laws: numbers", False, f"a list of {laws.found} laws must not be truncated")
    rest = f", {laws.found - laws.listed} given by their form" if laws.truncated else ""
    return Check("laws: numbers", True, f"{laws.found} laws in {len(every)} families, {laws.listed} listed{rest}")

"""The report's table of laws, read with suspicion."""

from __future__ import annotations

from dataclasses import dataclass

from conslaw_cli.checker.result import ReportError, count, entry


@dataclass(frozen=True)
class Item:
    family: str
    number: int
    expressions: tuple[str, ...]
    depends_on_time: bool
    truncated: bool


@dataclass(frozen=True)
class Laws:
    """The report's table of laws."""

    items: tuple[Item, ...]
    found: int
    independent: int | None
    time_dependent: bool | None
    time_free: int | None

    @property
    def listed(self) -> int:
        return sum(len(item.expressions) for item in self.items)

    @property
    def truncated(self) -> bool:
        return any(item.truncated for item in self.items)


def read_laws(report: dict) -> Laws:
    """Raises ReportError."""
    table = entry(report, "laws", dict)
    items = tuple(_item(item, f"laws.items[{i}]") for i, item in enumerate(entry(table, "items", list, "laws")))
    null = type(None)
    found, independent = count(table, "found", "laws"), entry(table, "independent", (int, type(None)), "laws")
    if "complete" in table and table["complete"] != (found == independent):
        raise ReportError(f"laws.complete is {table['complete']} with {found} of {independent} laws found")
    return Laws(
        items,
        found,
        independent,
        entry(table, "time_dependent", (bool, null), "laws"),
        entry(table, "time_free", (int, null), "laws"),
    )


def _item(item: object, where: str) -> Item:
    expressions = entry(item, "expressions", list, where)
    if not all(isinstance(text, str) for text in expressions):
        raise ReportError(f"{where}.expressions must hold strings")
    truncated = entry(item, "truncated", bool, where) if "truncated" in item else False
    name, number = entry(item, "family", str, where), count(item, "number", where)
    return Item(name, number, tuple(expressions), entry(item, "depends_on_time", bool, where), truncated)

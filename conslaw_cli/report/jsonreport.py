"""Reports as JSON: indented, lists of numbers and words on one line, the same bytes for the same data."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from conslaw_cli.report.comparison import Comparison
from conslaw_cli.report.model import Report
from conslaw_cli.report.options import Options
from conslaw_cli.report.regions import Regions

_LONGEST_LINE = 100
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def reports(all_reports: Sequence[Report], options: Options) -> str:
    """An object for one report, an array for several."""
    found = [report.to_dict(options.expand) for report in all_reports]
    return dumps(found[0] if len(found) == 1 else found) + "\n"


def comparison(table: Comparison, options: Options) -> str:
    return dumps(table.to_dict()) + "\n"


def regions(tables: Sequence[Regions], others: Sequence[Report], options: Options) -> str:
    """An object for one network, an array for several, in which reports of what has one region come last."""
    found = [*(table.to_dict() for table in tables), *(report.to_dict(options.expand) for report in others)]
    return dumps(found[0] if len(found) == 1 else found) + "\n"


def dumps(value: list | dict) -> str:
    """Raises ValueError for a number that JSON lacks, TypeError for an object it lacks."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", _written(value, ""))


def _written(value: object, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        items = [f"{json.dumps(str(key), ensure_ascii=False)}: {_written(item, inner)}" for key, item in value.items()]
        return _block("{", items, "}", indent)
    if isinstance(value, (list, tuple)) and value:
        if (line := _one_line(value)) is not None:
            return line
        return _block("[", [_written(item, inner) for item in value], "]", indent)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _block(start: str, items: list[str], end: str, indent: str) -> str:
    inner = f"\n{indent}  "
    return f"{start}{inner}{f',{inner}'.join(items)}\n{indent}{end}"


def _one_line(values: list | tuple) -> str | None:
    """Numbers, in lists or lists of lists, as one line; so is any short list without objects."""
    numbers = _only_numbers(values)
    if not numbers and (len(values) > _LONGEST_LINE or _holds_object(values)):
        return None
    line = json.dumps(values, ensure_ascii=False, allow_nan=False)
    return line if numbers or len(line) <= _LONGEST_LINE else None


def _only_numbers(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_only_numbers, value))
    return isinstance(value, (int, float))


def _holds_object(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_object, value))
    return isinstance(value, dict)

"""What a report says of time: which laws depend on it, and how many combinations of them need not."""

from __future__ import annotations

from conslaw_cli.checker.independence import depends_on_time, translations
from conslaw_cli.checker.laws import Evaluation, Formulas
from conslaw_cli.checker.lawtable import Laws
from conslaw_cli.checker.result import Check, Undecided


def time_checks(formulas: Formulas, found: Evaluation, laws: Laws) -> tuple[list[Check], int | None]:
    """(checks, rank of the translations of time on the laws, None where it could not be decided)."""
    try:
        checks = [_dependence(formulas, found, laws)]
    except Undecided as error:
        checks = [Check("laws: time", True, f"not decided by this checker: {error}", proved=False)]
    try:
        return checks, translations(formulas, found)
    except Undecided as error:
        return [*checks, Check("laws: translations", True, f"not decided by this checker: {error}", proved=False)], None


def _dependence(formulas: Formulas, found: Evaluation, laws: Laws) -> Check:
    """Whether the announced dependence on time is the one found."""
    evaluated = iter(found.laws)
    for item, members in zip(laws.items, formulas.items):
        by_time = [depends_on_time(formulas, found, law, next(evaluated)) for law in members]
        if item.depends_on_time != any(by_time):
            wrong = "depends on time" if any(by_time) else "is free of time"
            return Check("laws: time", False, f"{item.family} {wrong}, the report says otherwise")
    some = any(item.depends_on_time for item in (*laws.items, *laws.special))
    if laws.time_dependent is None:
        known = some or laws.time_free is not None
        return Check("laws: time", not known, "no statement about time" + (" although it is known" if known else ""))
    unlisted = None not in (laws.time_free, laws.independent) and laws.time_free < laws.independent
    if laws.time_dependent != (some or unlisted):
        return Check("laws: time", False, f"laws.time_dependent is {laws.time_dependent}, the laws say otherwise")
    return Check("laws: time", True, "dependence on time is as announced")

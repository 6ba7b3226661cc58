"""What a law is called where it stands beside numbers: as the report writes it, a long formula by its first terms."""

from __future__ import annotations

from msgspec.structs import replace

from conslaw_cli.report import outline, unicode
from conslaw_cli.report import prose as say
from conslaw_cli.report.drifts import LawName
from conslaw_cli.report.formula import Formula, IntegralSum
from conslaw_cli.report.model import Report
from conslaw_cli.report.prose import Prose
from conslaw_cli.report.untimed import untimed

LONGEST = 90
"""Characters of a formula in the terminal's notation beyond which only its first terms are a name."""
TIMELESS = "no law: without its time factor"


def run_title(report: Report) -> str:
    """Model, metric and dynamics, above a plot of a run."""
    return " · ".join(say.title(report, Prose(unicode.NOTATION, str, str, superscripts=False)))


def law_name(law: LawName, prose: Prose) -> str:
    """The form of a family with its size, or the formula of a member; of a law without its time factor that it is none."""
    family = law.family
    alone = family.form is None and len(family.members) == 1
    if law.member is not None or alone:
        member = family.members[law.member or 0]
        written = _formula(untimed(member) if law.timeless else member, prose)
    else:
        form = untimed(family.form) if law.timeless and family.form else family.form
        written = outline.law_of(replace(family, form=form), prose)
    return written + (prose.text(f"  {TIMELESS}") if law.timeless else "")


def _formula(law: Formula | IntegralSum, prose: Prose) -> str:
    shown, terms = outline.cut(law, LONGEST)
    return prose.math(prose.notation.formula(shown)) + prose.text(outline.rest(terms))

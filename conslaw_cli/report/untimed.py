"""Laws without their functions of time: expressions that are no laws, and move, which is what a function of time makes up for."""

from __future__ import annotations

import re

from msgspec.structs import replace

from conslaw_cli.report import ascii, timefunctions
from conslaw_cli.report.formula import Formula, Group, IntegralSum, MatrixForm, NeuronForm, TravelForm
from conslaw_cli.report.model import Family

Form = MatrixForm | NeuronForm | TravelForm | IntegralSum


def untimed_family(family: Family) -> Family:
    """All expressions of a family, which has either a form or members that say what they are."""
    alone = family.form is None or isinstance(family.form, IntegralSum)
    members = tuple(map(untimed, family.members)) if alone else family.members
    return replace(family, form=family.form and untimed(family.form), members=members)


def untimed(law: Form | Formula) -> Form | Formula:
    """The law's expression with 1 in place of each function of t, or -1 where it is written with a minus sign."""
    if isinstance(law, TravelForm):
        return law
    if isinstance(law, IntegralSum):
        return replace(law, time=_held(law.time)[1])
    if isinstance(law, Formula):
        return Formula(tuple(map(_group, law.groups)), _held(law.log_scale)[1])
    sign, time = _held(law.time)
    if isinstance(law, MatrixForm):
        return replace(law, time=time, terms=tuple(replace(term, coefficient=sign * term.coefficient) for term in law.terms))
    held = [_held(term.time) for term in law.terms]
    terms = (replace(term, time=inner, coefficient=sign * own * term.coefficient) for term, (own, inner) in zip(law.terms, held))
    return replace(law, time=time, log_scale=_held(law.log_scale)[1], terms=tuple(terms))


def _group(group: Group) -> Group:
    sign, time = _held(group.time)
    return Group(time, tuple(replace(term, coefficient=sign * term.coefficient) for term in group.terms))


def _held(time: str) -> tuple[int, str]:
    """The sign that a function of t is written with, and 1; a number or letters, which do not move, are left."""
    if not re.search(r"\bt\b", time):
        return 1, time
    return (-1 if timefunctions.piece(time, ascii.NOTATION).negative else 1), "1"

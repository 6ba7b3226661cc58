"""The items of a report's table: listed laws, the forms that stand for all of them, their LaTeX, names and sources."""

from __future__ import annotations

from dataclasses import dataclass

from conslaw_cli.checker.forms import Form
from conslaw_cli.checker.latexread import ascii_of
from conslaw_cli.checker.laws import Evaluation, Formulas
from conslaw_cli.checker.lawtable import Item, Laws
from conslaw_cli.checker.parse import ExpressionError, parse
from conslaw_cli.checker.polynomials import values
from conslaw_cli.checker.result import Check, ReportError
from conslaw_cli.checker.statement import FURTHER, SOURCES, family_fits
from conslaw_cli.checker.system import System
from conslaw_cli.checker.terms import Law, Part

LATEX_SHOWN = 20
_SEPARATOR = r",\quad "
_AND_SO_ON = r"\ldots"
Parts = dict[int, Part]


@dataclass
class Family:
    """An item with its laws, those that only the form gives, and the readings of form and LaTeX."""

    item: Item
    listed: list[Law]
    form: Form | None
    members: list[Parts]
    """What the form holds, in order; representatives of it for laws known from theory."""
    size: int
    """Number of laws that the form has."""
    latex_form: Form | None
    latex_laws: list[Law]


def read_families(system: System, laws: Laws) -> tuple[Formulas, list[Family]]:
    """Raises ReportError."""
    formulas, families = Formulas(system), []
    for item in laws.items:
        formulas.add(list(item.expressions))
        try:
            families.append(_family(system, formulas, item))
        except ExpressionError as error:
            raise ReportError(f"{item.family}: {error}") from None
    return formulas, families


def _family(system: System, formulas: Formulas, item: Item) -> Family:
    listed, letters = formulas.items[-1], system.rate.letters
    blocks = frozenset(name for name, _ in system.blocks) if system.model.composed else None
    if item.form is None:
        numbering, names = system.numbering(), letters | {"t"}
        texts = item.latex.split(_SEPARATOR)
        if len(listed) > LATEX_SHOWN and texts[-1] == _AND_SO_ON:
            texts.pop()
        readings = [parse(_plain(ascii_of(text, letters, blocks)), numbering.__getitem__, names) for text in texts]
        return Family(item, listed, None, [], 0, None, [Law.read(tree, formulas.times) for tree in readings])
    form = Form(item.form, system, formulas.times)
    again = Form(ascii_of(item.latex, letters, blocks), system, formulas.times)
    if item.by_theory:
        return Family(item, listed, form, *form.representatives(), again, [])
    members = [parts for _, parts in form.members()]
    return Family(item, listed, form, members, len(members), again, [])


def _plain(text: str) -> str:
    return text.replace("^", "**")


def complete_truncated(formulas: Formulas, families: list[Family], found: Evaluation) -> None:
    """Adds the laws of truncated families that only their form gives to the formulas. Raises ReportError."""
    for family, laws, texts in zip(families, formulas.items, formulas.texts):
        if family.item.truncated:
            if family.form is None:
                raise ReportError(f"{family.item.family}: laws that neither a list nor a form gives")
            listed = {abs_value(_value(found, law.parts), found) for law in laws}
            for parts in family.members:
                if abs_value(_value(found, parts), found) not in listed:
                    laws.append(Law(parts))
                    texts.append(f"an unlisted member of {family.item.family}")


def _value(found: Evaluation, parts: Parts) -> int:
    """A fingerprint: the value at the point, in which every monomial takes part."""
    p, total = found.world.p, 0
    for number, part in parts.items():
        total += found.times[number][0] * values(part, found.point, found.logarithms, 0, p, found.root).value
    return total % p


def abs_value(value: int, found: Evaluation) -> int:
    """The same for a law and its negative."""
    return min(value, found.world.p - value)


def check_families(system: System, families: list[Family], found: Evaluation, by_paths: bool) -> list[Check]:
    """Whether forms, LaTeX, names and sources say what the lists say."""
    for family in families:
        fault = (
            _fault_of_form(family, found) if family.form else _fault_of_latex(family, found)
        ) or _fault_of_names(system, family, by_paths)
        if fault:
            return [Check("laws: forms", False, f"{family.item.family}: {fault}")]
    forms = sum(family.form is not None for family in families)
    return [Check("laws: forms", True, f"{forms} forms written out give the laws listed; the LaTeX says the same")]


def _fault_of_form(family: Family, found: Evaluation) -> str | None:
    members = {abs_value(_value(found, parts), found) for parts in family.members}
    listed = [abs_value(_value(found, law.parts), found) for law in family.listed[: len(family.item.expressions)]]
    if len(set(listed)) != len(listed) or not set(listed) <= members:
        return "a law listed is not one that the form gives"
    if family.size < family.item.number:
        return f"the form has {family.size} laws, {family.item.number} are announced"
    if not _same_form(family.form, family.latex_form, found):
        return "the LaTeX differs from the form"
    return None


def _same_form(form: Form, other: Form, found: Evaluation) -> bool:
    """Whether two forms have the same pieces and put them together in the same way."""
    if form.pieces != other.pieces:
        return False
    return _value(found, form.law.parts) == _value(found, other.law.parts)


def _fault_of_latex(family: Family, found: Evaluation) -> str | None:
    shown = family.listed[:LATEX_SHOWN]
    same = len(shown) == len(family.latex_laws) and all(
        _value(found, a.parts) == _value(found, b.parts) for a, b in zip(shown, family.latex_laws)
    )
    return None if same else "the LaTeX differs from the laws listed"


def _fault_of_names(system: System, family: Family, by_paths: bool) -> str | None:
    item, form = family.item, family.form
    if form is None and item.family != FURTHER:
        return "a family of that name has a form"
    if form is not None and not family_fits(item.family, form.is_matrix, set(form.velocities)):
        return "the form is not one of a family of that name"
    match = SOURCES.fullmatch(item.source)
    if not match or (match[0] == "integer kernel of the path exponents") != by_paths:
        return f"{item.source[:60]!r} is not where such laws come from"
    if match[1] and int(match[1]) != _degree(family):
        return f"laws of degree {_degree(family)}, not {match[1]}"
    for law in family.listed:
        for part in law.parts.values():
            fault = _fault_of_shape(system, part)
            if fault:
                return fault
    return None


def _degree(family: Family) -> int:
    """The largest degree of the polynomials."""
    degrees = [
        sum(e for _, e in monomial) for law in family.listed for part in law.parts.values() for _, monomial in part.monomials
    ]
    return max(degrees, default=0)


def _fault_of_shape(system: System, part: Part) -> str | None:
    """Logarithms and negative powers occur where the metric calls for them only: entries are positive there."""
    whole = all(e > 0 and e == int(e) for _, monomial in part.monomials for _, e in monomial)
    if not part.logarithms and whole:
        return None
    places = {v for _, v in part.logarithms} | {v for _, m in part.monomials for v, e in m if e < 0 or e != int(e)}
    starts = sorted((start, name) for name, start in system.offsets().items())
    for place in places:
        name = max((start, name) for start, name in starts if start <= place)[1] if place < system.size else None
        if name is None or (system.exponents[name] < 2 and system.exponents[name].denominator == 1):
            return "a logarithm, a root or a negative power of an entry whose metric does not call for it"
    return None

"""What a report consists of in every format: facts, families of laws with their members, footnotes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import structs

from conslaw_cli.report import integrals, unicode
from conslaw_cli.report import prose as say
from conslaw_cli.report.formula import FormEntry, Formula, Group, IntegralSum, MatrixForm, TravelForm
from conslaw_cli.report.model import Chosen, Family, Report
from conslaw_cli.report.prose import Prose

MEMBERS_SHOWN = 12
LONGEST_FORMULA = 300
"""Characters of a formula in the terminal's notation beyond which only its first terms are shown."""
_TERMS_TRIED = 40
INDICES = "klmn"
NO_LAW = "No law is conserved."


@dataclass(frozen=True)
class Fact:
    """A line above the table; without ``value``, the text stands alone."""

    label: str
    value: str | None
    text: str


@dataclass(frozen=True)
class Member:
    """A scalar law, written out: all of it, or its first terms when ``terms`` says how many there are.

    ``number`` is its number in the report, or its indices in the family's form.
    """

    number: int | str
    formula: str
    terms: int | None

    @property
    def rest(self) -> str:
        """What follows a law that is cut."""
        return rest(self.terms)


@dataclass(frozen=True)
class Row:
    """A family in the table, and its members with their numbers in the report."""

    law: str
    number: str
    depends_on_time: str
    source: str
    members: tuple[Member, ...]
    more: int


def facts(report: Report, prose: Prose) -> Iterator[Fact]:
    """Parameters, Lie algebra, laws, time, domain; of networks their region, or their own count beside that of phi."""
    yield Fact("parameters", str(report.model.parameters), _blocks(report, prose))
    yield _lie_algebra(report, prose)
    yield Fact("laws", say.count(report, prose), say.accounting(report, prose))
    if (time := say.time(report)) is not None:
        yield Fact("time", None, time)
    yield Fact("valid where", None, say.domain(report, prose))
    if report.region:
        yield Fact("region", None, say.region(report.region, prose))
    if report.network:
        yield Fact("network", None, say.network(report.network, prose))
    if report.only and report.only.total:
        yield Fact("only", *say.only(report, prose))


def _blocks(report: Report, prose: Prose) -> str:
    return ", ".join(prose.listed([prose.block(name, shape) for name, shape in report.model.blocks]))


def _lie_algebra(report: Report, prose: Prose) -> Fact:
    trace = report.trace
    where = "drift coordinates" if report.dynamics.drifts else "parameters"
    space = f"{trace.space} {where}"
    if trace.dimension is None and not trace.filtration:
        return Fact("Lie algebra", prose.text("–"), f"its trace was not computed, in {space}")
    if trace.dimension is None:
        reached = prose.text(" → ".join([*map(str, trace.filtration), "…"]))
        return Fact("Lie algebra", reached, f"dimension of its trace not computed to the end, in {space}")
    filtration = trace.filtration or (trace.dimension,)
    return Fact("Lie algebra", prose.chain(filtration), f"dimension of its trace at a generic point, in {space}")


def rows(report: Report, prose: Prose, expand: bool) -> Iterator[Row]:
    """One row for each family. Members are listed where there is no form, all of them with ``expand``."""
    chosen = iter(report.only.families if report.only else ())
    start = 1
    for family in report.laws.families:
        found = next(chosen, None)
        if found and not found.whole:
            yield from _some(found, report, prose, expand)
            start += len(family.members)
            continue
        total, alone = len(family.members), family.form is None and len(family.members) == 1
        listed = 0 if alone else total if expand else 0 if family.form else min(total, MEMBERS_SHOWN)
        members = tuple(_member(start + i, law, prose, expand) for i, law in enumerate(family.members[:listed]))
        law = _only(family, prose, expand) if alone else law_of(family, prose)
        time = "yes" if family.depends_on_time else "no"
        more = 0 if alone or family.form else total - listed
        yield Row(law, _number(family), time, _source(family, prose), members, more)
        start += total


def _some(chosen: Chosen, report: Report, prose: Prose, expand: bool) -> Iterator[Row]:
    """The row of a family of which some laws are shown: one by itself; no row for none."""
    family, shapes = chosen.family, dict(report.model.blocks)
    shown = chosen.laws if expand else chosen.laws[:MEMBERS_SHOWN]
    members = tuple(_member(label, _spelled(law, shapes, expand), prose, expand) for label, law in shown)
    law = _chosen_law(chosen, prose)
    if len(members) == 1:
        (only,), members = members, ()
        law = prose.math(only.formula) + prose.text(only.rest)
    if chosen.laws:
        time, source = "yes" if family.depends_on_time else "no", _source(family, prose)
        yield Row(law, f"{len(chosen.laws)} of {chosen.total}", time, source, members, len(chosen.laws) - len(shown))


def _spelled(law: FormEntry | Formula | IntegralSum, shapes: dict, expand: bool) -> FormEntry | Formula | IntegralSum:
    """A law of a form in single entries, where all is to be written out or its blocks have no rows and columns."""
    if not isinstance(law, FormEntry) or not (expand or law.unfolds):
        return law
    from conslaw_cli.report.written import formula_of

    return formula_of(law, shapes)


def _chosen_law(chosen: Chosen, prose: Prose) -> str:
    """The form, and which rows or neurons of it are meant."""
    form = chosen.family.form
    if form is None or not chosen.rows:
        return law_of(chosen.family, prose)
    written, which = prose.math(prose.notation.form(form)), prose.text(_runs(chosen.rows))
    if isinstance(form, MatrixForm) and form.symmetry != "diagonal":
        places = ", row and column " if len(chosen.rows) == 1 else ", rows and columns "
        return f"{written}  {prose.text(form.symmetry)}{prose.text(_extent(form))}{prose.text(places)}{which}"
    return f"{written}  {prose.math(prose.notation.letter('k'))}{prose.text(' = ')}{which}"


def _runs(numbers: tuple[int, ...]) -> str:
    """2 … 4, 7."""
    starts = [n for n in numbers if n - 1 not in (known := set(numbers))]
    ends = [n for n in numbers if n + 1 not in known]
    return ", ".join(str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a} … {b}" for a, b in zip(starts, ends))


def law_of(family: Family, prose: Prose) -> str:
    """The form of a family with its size, or its name."""
    form = family.form
    if form is None:
        return prose.text(family.name)
    written = prose.math(prose.notation.form(form))
    if isinstance(form, MatrixForm) and form.symmetry != "diagonal":
        return f"{written}  {prose.text(form.symmetry)}{prose.text(_extent(form))}"
    if isinstance(form, IntegralSum):
        numbers = prose.math(prose.notation.letter("j")) + prose.text(f" = 0 … {family.number - 1}")
        return f"{written}  {numbers}" if form.power is None else written
    index = prose.math(prose.notation.letter("k"))
    if isinstance(form, TravelForm):
        return f"{written}  {index} = 2" + (prose.text(f" … {form.size}") if form.size > 2 else "")
    ranges = (form.size,) if isinstance(form, MatrixForm) or form.ranges is None else form.ranges
    letters = [f"{prose.math(prose.notation.letter(name))} = 1" + (prose.text(f" … {n}") if n > 1 else "") for name, n in zip(INDICES, ranges)]
    return "  ".join([written, *filter(None, [", ".join(letters)])])


def _extent(form: MatrixForm) -> str:
    """The size of a matrix of laws, or the number and size of the blocks that are."""
    side = form.size // form.blocks
    return f" {side}×{side}" if form.blocks == 1 else f", {form.blocks} diagonal blocks {side}×{side}"


def _source(family: Family, prose: Prose) -> str:
    return prose.text(family.source if family.everywhere else f"{family.source}, in this region")


def _number(family: Family) -> str:
    return f"{family.number} of {family.entries}" if _redundant(family) else str(family.number)


def _how_many(report: Report, family: Family) -> str:
    """What theory knows is a lower bound, unless a theorem says that there are no more."""
    return str(family.number) if family.verified or report.complete else f"at least {family.number}"


def _redundant(family: Family) -> bool:
    """Whether the form has more entries than the family has independent laws."""
    return family.entries is not None and family.entries > family.number


def _member(number: int | str, law: Formula | FormEntry | IntegralSum, prose: Prose, expand: bool) -> Member:
    shown, terms = (law, None) if expand else cut(law)
    return Member(number, prose.notation.formula(shown), terms)


def _only(family: Family, prose: Prose, expand: bool) -> str:
    member = _member(1, family.members[0], prose, expand)
    return prose.math(member.formula) + prose.text(member.rest)


def cut(law: Formula | IntegralSum, longest: int = LONGEST_FORMULA) -> tuple[Formula | IntegralSum, int | None]:
    """The law, or as many of its first terms as are shown and the number of all."""
    if not isinstance(law, Formula):
        return law, None
    total = sum(len(group.terms) for group in law.groups)
    kept = min(total, _TERMS_TRIED)
    shown = first_terms(law, kept)
    while kept > 1 and (length := len(unicode.formula(shown))) > longest:
        kept = max(1, min(kept - 1, kept * longest // length))
        shown = first_terms(law, kept)
    return (law, None) if kept == total else (shown, total)


def rest(terms: int | None) -> str:
    """What follows a law that is cut, and nothing (None) where it is whole."""
    return "" if terms is None else f" + … ({terms} terms)"


def first_terms(law: Formula, number: int) -> Formula:
    groups: list[Group] = []
    for group in law.groups:
        if number > 0:
            groups.append(Group(group.time, group.terms[:number]))
        number -= len(group.terms)
    return structs.replace(law, groups=tuple(groups))


def footnotes(report: Report, prose: Prose) -> list[str]:
    """What the numbers of the table mean where they do not speak for themselves, and the report's notes."""
    families = [chosen.family for chosen in report.only.families if chosen.laws] if report.only else report.laws.families
    meaning = [
        f"{_number(family)}: the matrix has {family.entries} different entries, "
        f"{_how_many(report, family)} of them independent."
        for family in families
        if _redundant(family)
    ]
    letters = integrals.footnotes(families, prose)
    return [*map(prose.text, meaning), *letters, *map(prose.text, report.notes)]


def without_laws(report: Report) -> str | None:
    """The sentence in place of an empty table."""
    if report.only and not report.only.laws and report.laws.families:
        return "It takes part in none of the laws that are written down." if len(report.only.places) == 1 else "None of them takes part in a law that is written down."
    if report.laws.families:
        return None
    return NO_LAW if report.laws.independent == 0 else "No law is known in closed form."


def origin(report: Report) -> str:
    """How to get the same result again: version and seed."""
    return f"conslaw, version {report.reproduce.version}, seed {report.reproduce.seed}"

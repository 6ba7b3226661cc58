"""The report's side of laws that are no sums of monomials: their members and forms in the original variables."""

from __future__ import annotations

from collections.abc import Callable

from conslaw_cli.analysis import LawGroup
from conslaw_cli.assembling.forms import Shapes, side
from conslaw_cli.assembling.original import Members
from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.laws.mirror import MIRROR, MirrorLaw
from conslaw_cli.laws.special import SpecialFamily
from conslaw_cli.laws.travel import TRAVEL, TravelLaw
from conslaw_cli.report.formula import Entry, Formula, Group, MirrorTerm, NeuronForm, NeuronTerm, Term, TravelForm, TravelTerm
from conslaw_cli.report.model import Family

Naming = Callable[[int, int], Entry]
"""The entry at a position of a copy of the part."""


def special_family(group: LawGroup, dynamics: Dynamics, copies: int, name_of: Naming, shapes: Shapes) -> Family:
    """A group of laws of one kind."""
    build, form = _BUILDERS[group.family.name]

    def member(number: int) -> Formula:
        copy, law = divmod(number, len(group.laws))
        return build(group.laws[law], dynamics, lambda place: name_of(copy, place))

    complete = len(group.laws) == len(group.family.laws)
    return Family(
        name=group.family.name,
        number=len(group.laws) * copies,
        members=Members(len(group.laws) * copies, member),
        depends_on_time=any(law.moves(dynamics) for law in group.laws),
        source=group.source,
        form=form(group.family, dynamics, shapes) if complete else None,
    )


def _mirror(law: MirrorLaw, dynamics: Dynamics, name_of: Callable[[int], Entry]) -> Formula:
    """s (sum_out theta'/y - sum_in theta'/y), and for tau = 0 sum_out theta/theta' - sum_in theta/theta' - t (out - in)."""
    rate = _rate(law, dynamics)
    terms = tuple(MirrorTerm(sign, name_of(place), rate) for sign, place in law.places)
    if law.rate:
        return Formula((Group(dynamics.scale.text, terms),))
    drift = (Group("t", (Term(-law.surplus, ()),)),) if law.surplus else ()
    return Formula((Group("1", terms), *drift))


def _mirror_form(family: SpecialFamily, dynamics: Dynamics, shapes: Shapes) -> NeuronForm:
    (law, *_), layer = family.laws, family.layer
    rate = _rate(law, dynamics)
    terms = tuple(NeuronTerm(sign, block.name, side(block, shapes), "mirror", rate=rate) for sign, block in family.sides)
    if law.rate:
        return NeuronForm(dynamics.scale.text, terms, layer.width)
    drift = (NeuronTerm(-law.surplus, "", "", "one", time="t"),) if law.surplus else ()
    return NeuronForm("1", (*terms, *drift), layer.width)


def _rate(law: MirrorLaw, dynamics: Dynamics) -> str:
    """The damping; a number stands in brackets among the letters of a dynamics."""
    return dynamics.rate_letter.removeprefix("(").removesuffix(")") if law.rate else "0"


def _travel(law: TravelLaw, dynamics: Dynamics, name_of: Callable[[int], Entry]) -> Formula:
    """T of a neuron less T of the first."""
    pairs = ((1, law.neuron), (-1, law.first))
    return Formula((Group("1", tuple(TravelTerm(sign, name_of(u), name_of(v), law.powers) for sign, (u, v) in pairs)),))


def _travel_form(family: SpecialFamily, dynamics: Dynamics, shapes: Shapes) -> TravelForm:
    layer = family.layer
    return TravelForm(*layer.outgoing, *layer.incoming, family.laws[0].powers, layer.width)


_BUILDERS = {MIRROR: (_mirror, _mirror_form), TRAVEL: (_travel, _travel_form)}

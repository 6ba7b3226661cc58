"""The field xi of a law that is a sum of products of entries: M times its derivatives by parameters or by velocities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from msgspec.structs import replace

from conslaw_cli.metrics import Metric
from conslaw_cli.report.explanation import FieldAction, Symmetry
from conslaw_cli.report.formula import Entry, Formula, Group, Term

MOST_TERMS = 40
"""Of a law whose motion is written down."""


def field_of(law: Formula, metrics: Mapping[str, Metric], order: int) -> Symmetry | None:
    """The motion of a law; None where it is long, or not of such a kind."""
    terms = [term for group in law.groups for term in group.terms]
    if len(terms) > MOST_TERMS or not all(_is_monomial(term, metrics) for term in terms):
        return None
    entries = dict.fromkeys(base for term in terms for base, _ in term.factors if base.velocity == (order == 2))
    times = {group.time for group in law.groups if any(_powers(term).keys() & entries.keys() for term in group.terms)}
    if not entries or len(times) > 1:
        return None
    actions = (FieldAction(replace(entry, velocity=False), _speed(law, entry, metrics[entry.block])) for entry in entries)
    return Symmetry("field", tuple(action for action in actions if action.speed.groups))


def _is_monomial(term: object, metrics: Mapping[str, Metric]) -> bool:
    """Whether a term is a product of powers, or a logarithm, of entries of which M multiplies each by a power of itself."""
    return isinstance(term, Term) and all(isinstance(base, Entry) and metrics[base.block].power is not None for base, _ in term.factors)


def _powers(term: Term) -> dict[Entry, int | Fraction]:
    return dict(term.factors)


def _speed(law: Formula, entry: Entry, metric: Metric) -> Formula:
    """M times the derivative, without the function of time that multiplies all of it."""
    terms = tuple(found for group in law.groups for term in group.terms for found in _derivative(term, entry, metric.power))
    return Formula((Group("1", terms),) if terms else ())


def _derivative(term: Term, entry: Entry, power: int | Fraction) -> Iterator[Term]:
    powers = _powers(term)
    if not (exponent := powers.get(entry)):
        return
    coefficient = term.coefficient if term.log else term.coefficient * exponent
    powers[entry] = 0 if term.log else exponent
    powers[entry] -= 1
    position = replace(entry, velocity=False)
    powers[position] = powers.get(position, 0) + power
    yield Term(coefficient, tuple((base, e) for base, e in powers.items() if e))

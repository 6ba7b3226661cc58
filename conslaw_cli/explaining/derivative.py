"""The field xi of a law that is a sum of products of entries: M times its derivatives by parameters or by velocities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

from msgspec.structs import replace

from conslaw_cli.metrics import Metric
from conslaw_cli.metrics.base import Place
from conslaw_cli.report.explanation import FieldAction, Symmetry
from conslaw_cli.report.formula import Entry, Formula, Group, Term
from conslaw_cli.rings.polynomials import Polynomial

Shapes = Mapping[str, tuple[int, ...]]
MOST_TERMS = 40
"""Of a law whose motion is written down."""
_SYMBOL = -1
"""The variable of a value of M that is no polynomial."""


def field_of(law: Formula, metrics: Mapping[str, Metric], shapes: Shapes, order: int) -> Symmetry | None:
    """The motion of a law; None where it is long, no polynomial (or logarithms), or has several functions of time."""
    groups = [group for group in law.groups if any(_moves(base, order) for term in group.terms for base, _ in _factors(term))]
    if sum(len(group.terms) for group in law.groups) > MOST_TERMS or len({group.time for group in groups}) != 1:
        return None
    letters, partials = _Letters(shapes), defaultdict(lambda: defaultdict(lambda: Polynomial({})))
    for term in (term for group in groups for term in group.terms):
        if not isinstance(term, Term) or not all(isinstance(base, Entry) for base, _ in term.factors):
            return None
        for entry, derivative in letters.derivatives(term, order):
            partials[entry.block][letters.place(entry)] += derivative
    actions = tuple(action for block, found in partials.items() for action in letters.actions(block, found, metrics[block]) if action.speed.groups)
    unknown = any(metrics[block].of_all and not metrics[block].separate for block in partials) or _SYMBOL in letters.met
    return None if unknown else Symmetry("field", actions)


def _factors(term: object) -> tuple:
    return term.factors if isinstance(term, Term) else ()


def _moves(base: object, order: int) -> bool:
    """Whether the field is made of derivatives by this entry."""
    return isinstance(base, Entry) and base.velocity == (order == 2)


@dataclass
class _Letters:
    """Entries as variables, numbered as they are met."""

    shapes: Shapes
    entries: list[Entry] = field(default_factory=list)
    met: set[int] = field(default_factory=set)
    """Variables in the speeds."""

    def variable(self, entry: Entry) -> int:
        if entry not in self.entries:
            self.entries.append(entry)
        return self.entries.index(entry)

    def derivatives(self, term: Term, order: int) -> Iterator[tuple[Entry, Polynomial]]:
        """Those of a term by the entries that count; of a logarithm too, its entry to the power -1."""
        monomial = tuple(sorted((self.variable(base), exponent) for base, exponent in term.factors))
        for base, exponent in term.factors:
            if _moves(base, order):
                by, number = self.variable(base), term.coefficient * (1 if term.log else exponent)
                left = tuple((v, 0 if term.log else e) for v, e in monomial)
                lowered = tuple((v, e - (v == by)) for v, e in left if e - (v == by))
                yield replace(base, velocity=False), Polynomial({lowered: number})

    def place(self, entry: Entry) -> Place:
        """Row and column of an entry in its block, the first axis being that of the rows."""
        number = 0
        for index, size in zip(entry.indices, self.shapes[entry.block]):
            number = number * size + index - 1
        return divmod(number, self._columns(entry.block))

    def _columns(self, block: str) -> int:
        return prod(self.shapes[block][1:])

    def entry(self, block: str, place: Place) -> Entry:
        number, indices = place[0] * self._columns(block) + place[1], []
        for size in reversed(self.shapes[block]):
            number, index = divmod(number, size)
            indices.append(index + 1)
        return Entry(block, tuple(reversed(indices)))

    def actions(self, block: str, partials: Mapping[Place, Polynomial], metric: Metric) -> Iterator[FieldAction]:
        """How the entries of a block move."""
        point = lambda place: Polynomial.variable(self.variable(self.entry(block, place)))
        for place, speed in metric.covector(partials, point, lambda place: Polynomial.variable(_SYMBOL)).items():
            self.met |= speed.variables
            terms = tuple(Term(c, tuple((self.entries[v], e) for v, e in monomial)) for monomial, c in speed.terms.items())
            yield FieldAction(self.entry(block, place), Formula((Group("1", terms),) if terms else ()))

"""Scalar laws as graphs: sums of terms in single entries, one law by itself or many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import reduce
from math import prod
from operator import add, mul

import numpy as np

from conslaw_cli.evaluation.leaves import Leaves, number, raised, scaled
from conslaw_cli.functions import concatenate, log
from conslaw_cli.graph.nodes import Constant, Node, constant
from conslaw_cli.report.formula import Entry, Formula, MirrorTerm, Shifted, Term, TravelTerm

AnyTerm = Term | MirrorTerm | TravelTerm
Timed = tuple[str, Node]
"""A function of time and what it multiplies."""


def alone(formula: Formula, leaves: Leaves) -> list[Timed]:
    """A law as terms of one number each: for every function of time those with positive and those with negative coefficients."""
    at = lambda entry: leaves.block(entry.block, entry.velocity)[tuple(k - 1 for k in entry.indices)]
    found: dict[tuple[str, bool], list[Node]] = {}
    for time, term in _terms(formula):
        made = kind(term).value([at(entry) for entry in _entries(term)])
        found.setdefault((time, term.coefficient > 0), []).append(scaled(term.coefficient, made))
    return [(time, reduce(add, nodes)) for (time, _), nodes in found.items()]


def together(formulas: Sequence[Formula], leaves: Leaves) -> list[Timed]:
    """Many laws as vectors, one entry for each: terms of one kind are computed at once from all entries in a row."""
    found: dict[tuple[str, bool, Kind], list[tuple[int, AnyTerm]]] = {}
    for law, formula in enumerate(formulas):
        for time, term in _terms(formula):
            found.setdefault((time, term.coefficient > 0, kind(term)), []).append((law, term))
    row = _Row({(entry.block, entry.velocity) for terms in found.values() for _, term in terms for entry in _entries(term)}, leaves)
    return [(time, _summed(terms, kind, row, len(formulas))) for (time, _, kind), terms in found.items()]


def _summed(terms: list[tuple[int, AnyTerm]], kind: Kind, row: _Row, size: int) -> Node:
    """The terms of one kind, added to the laws that they belong to."""
    entries = zip(*(_entries(term) for _, term in terms))
    values = kind.value([row.entries(column) for column in entries])
    coefficients = Constant((len(terms),), tuple(term.coefficient for _, term in terms))
    return (coefficients * values).scatter(np.array([law for law, _ in terms]), (size,))


class _Row:
    """All entries of some blocks, and of velocities, one after another."""

    def __init__(self, used: set[tuple[str, bool]], leaves: Leaves) -> None:
        self.shapes, self.starts, size = leaves.shapes, {}, 0
        for name, velocity in sorted(used, key=lambda one: (one[1], list(leaves.shapes).index(one[0]))):
            self.starts[name, velocity] = size
            size += prod(leaves.shapes[name])
        self.node = concatenate([leaves.block(*one).reshape((prod(leaves.shapes[one[0]]),)) for one in self.starts])

    def entries(self, column: Iterable[Entry]) -> Node:
        """The values of entries, in this order."""
        return self.node.gather(np.array([self._number(entry) for entry in column]))

    def _number(self, entry: Entry) -> int:
        inside = np.ravel_multi_index([k - 1 for k in entry.indices], self.shapes[entry.block]) if entry.indices else 0
        return self.starts[entry.block, entry.velocity] + int(inside)


def _terms(formula: Formula) -> Iterable[tuple[str, AnyTerm]]:
    """Each term with its function of time; log(c x) is log c + log x."""
    surplus = Fraction(0)
    for group in formula.groups:
        for term in group.terms:
            yield group.time, term
            surplus += term.coefficient if isinstance(term, Term) and term.log else 0
    if formula.log_scale != "1" and surplus:
        yield f"log({formula.log_scale})", Term(surplus, ())


class Kind(tuple):
    """What is computed of the entries of a term: its coefficient and the entries apart."""

    __slots__ = ()

    def value(self, entries: Sequence[Node]) -> Node:
        name, *details = self
        return _VALUES[name](entries, *details)


def kind(term: AnyTerm) -> Kind:
    """The kind of a term."""
    if isinstance(term, MirrorTerm):
        return Kind(("mirror", term.rate))
    if isinstance(term, TravelTerm):
        return Kind(("travel", term.powers))
    powers = tuple((exponent, base.constant if isinstance(base, Shifted) else None) for base, exponent in term.factors)
    return Kind(("logarithm", powers[0][1])) if term.log else Kind(("product", powers))


def _entries(term: AnyTerm) -> tuple[Entry, ...]:
    if isinstance(term, MirrorTerm):
        return term.entry, Entry(term.entry.block, term.entry.indices, True)
    if isinstance(term, TravelTerm):
        return term.outgoing, term.incoming
    return tuple(base.entry if isinstance(base, Shifted) else base for base, _ in term.factors)


def shifted(x: Node, of: Fraction | None) -> Node:
    """x, or its square plus a constant."""
    return x if of is None else x**2 + of


def _product(entries: Sequence[Node], powers: tuple[tuple[int | Fraction, Fraction | None], ...]) -> Node:
    factors = (raised(shifted(x, of), exponent) for x, (exponent, of) in zip(entries, powers))
    return reduce(mul, factors) if powers else constant(1)


def mirrored(entries: Sequence[Node], rate: str) -> Node:
    """theta'/(rate theta + theta'), or theta/theta' where the rate is "0"."""
    position, velocity = entries
    return position / velocity if rate == "0" else velocity / (number(rate) * position + velocity)


def travelled(entries: Sequence[Node], powers: tuple[int, int]) -> Node:
    """T(u, v) of :class:`conslaw_cli.report.formula.TravelTerm`."""
    u, v = entries
    if powers == (1, 1):
        return log(v / u) / (u - v)
    x, y = (u, v) if powers == (1, 3) else (v, u)
    return (x + 1 / y) * log(x) - x


_VALUES: dict[str, Callable[..., Node]] = {
    "product": _product,
    "logarithm": lambda entries, of: log(shifted(entries[0], of)),
    "mirror": mirrored,
    "travel": travelled,
}

"""That laws are independent, depend on time, and how many combinations of them need not: everything that rests on "not zero".

Gradients at one point with rational entries and one rational time t1 prove independence. A law T(t) P(w) with T(t1) certainly not
zero may be replaced by P, which is rational: the rank modulo a prime bounds the rank from below. So it does for laws of several
functions of time whose values at t1 are rational. If other values occur, a square part of the matrix of gradients is enclosed by
balls, and its determinant must exclude zero.

Time-free laws: a translation of time d/dt at fixed (theta, theta') acts on laws as a combination of X1 = theta' . d/dtheta and
X2 = theta' . d/dtheta' (drift: d/dt + X1 - tau X2 annihilates laws). Both normalise the generators, and [X1, X2] is a multiple of
X1. If tau moves, the ratio of the two terms does (it is constant only where tau' = 0), so a combination F(h) of laws is free of time just if
both annihilate it; if tau is constant, if -X1 + tau X2 does; for weight decay, if theta . d/dtheta does. By Frobenius the number of
such F is the number of laws minus the generic rank of the matrix (X_i h_j), when the list of laws is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_mat, ctx, nmod_mat

from conslaw_cli.checker.balls import PRECISIONS, ball_of, certain, free_of_choice
from conslaw_cli.checker.laws import Evaluation, Formulas, buckets
from conslaw_cli.checker.polynomials import exact_values
from conslaw_cli.checker.result import Check, Undecided
from conslaw_cli.checker.terms import Law

LARGEST_DETERMINANT = 160


@dataclass
class Real:
    """Laws at a real point: the report's moment and small whole entries."""

    formulas: Formulas
    found: Evaluation

    def factor(self, law: Law) -> int | None:
        """The one function of time a law has, if it is certainly not zero; None if there are several. Raises Undecided."""
        numbers = [g for g, part in law.parts.items() if part.logarithms or any(m for _, m in part.monomials)]
        if len(numbers) != 1:
            return None
        node = self.formulas.times.nodes[numbers[0]]
        if numbers[0] and not (free_of_choice(node) and self.moment.is_nonzero(node)):
            raise Undecided("a law is multiplied by something that is not certainly different from zero")
        return numbers[0]

    @property
    def moment(self):
        return self.formulas.system.rate.moment

    def exact(self, law: Law, factor: int | None) -> dict[int, Fraction] | None:
        """What to multiply the parts of a law with so that only rational numbers occur; None where there is no such thing."""
        if factor is not None:
            return {factor: Fraction(1)}
        nodes = self.formulas.times.nodes
        if not all(free_of_choice(nodes[g]) for g in law.parts):
            raise Undecided("a law holds an integral whose constant matters")
        values = {g: self.moment.exact(nodes[g]) for g in law.parts}
        return None if None in values.values() else values

    def ball(self, g: int, bits: int) -> tuple[arb, arb]:
        return self.moment.ball(self.formulas.times.nodes[g], bits)

    def entries(self) -> list[int]:
        """Small positive whole numbers in place of the entries, told apart by their place."""
        return [2 + (x >> 7) % 997 for x in self.found.point]


def independence(formulas: Formulas, found: Evaluation, needed: int) -> Check:
    """Whether ``needed`` of the laws are independent. Raises Undecided."""
    real, laws = Real(formulas, found), formulas.laws
    scales = [real.exact(law, real.factor(law)) for law in laws]
    total = len(laws)
    if None in scales:
        rank = _rank_by_balls(real, laws, needed)
    else:
        rank = _rank(formulas, found, scales)
    return Check("laws: independence", rank == needed, f"the gradients of {total} laws have rank {rank}, {needed} is claimed")


def _rank(formulas: Formulas, found: Evaluation, scales: list) -> int:
    """The rank modulo p of the gradients times a sparse random matrix, which cannot raise a rank."""
    if not scales:
        return 0
    p = found.world.p
    columns, factors, width = buckets(formulas.system.space, 2 * len(scales) + 64, p)
    flat: list[int] = []
    for law, scale in zip(found.laws, scales):
        row = [0] * width
        for g, factor in scale.items():
            number = factor.numerator * pow(factor.denominator, -1, p)
            for k, partial in law[g].gradient.items():
                for column, entry in zip(columns[k], factors[k]):
                    row[column] += number * partial % p * entry
        flat += [x % p for x in row]
    return nmod_mat(len(scales), width, flat, p).rank()


def _rank_by_balls(real: Real, laws: list[Law], needed: int) -> int:
    """``needed`` if a determinant of gradients excludes zero. Raises Undecided."""
    if not needed == len(laws) <= LARGEST_DETERMINANT:
        raise Undecided(f"the independence of {len(laws)} laws in which functions of time mix is beyond this checker")
    point, found = real.entries(), real.found
    gradients = [{g: exact_values(part, point, real.found.root) for g, part in law.parts.items()} for law in laws]
    rows = [
        {k: sum(found.times[g][0] * partial for g, part in law.items() for k2, partial in part.gradient.items() if k2 == k)
         for k in {k for part in law.values() for k in part.gradient}}
        for law in found.laws
    ]  # fmt: skip
    chosen = _pivots(rows, found.world.p)
    if len(chosen) < needed:
        return len(chosen)
    for bits in PRECISIONS:
        times = {g: real.ball(g, bits)[0] for law in laws for g in law.parts}
        before, ctx.prec = ctx.prec, bits
        try:
            matrix = [
                [sum((times[g] * ball_of(Fraction(e.gradient.get(k, 0))) for g, e in law.items()), arb(0)) for k in chosen]
                for law in gradients
            ]
            if certain(arb_mat(matrix).det()):
                return needed
        finally:
            ctx.prec = before
    raise Undecided("whether the laws are independent")


def _pivots(rows: list[dict[int, int]], p: int) -> list[int]:
    """Variables whose columns are independent modulo p."""
    variables = sorted({k for row in rows for k in row})
    flat = [row.get(k, 0) % p for row in rows for k in variables]
    if not flat:
        return []
    reduced, rank = nmod_mat(len(rows), len(variables), flat, p).rref()
    table = [[int(x) for x in row] for row in reduced.table()[:rank]]
    return [variables[next(i for i, x in enumerate(row) if x)] for row in table]


def depends_on_time(formulas: Formulas, found: Evaluation, law: Law, values: dict) -> bool:
    """Whether a law does, either way shown. Raises Undecided."""
    if not sum(found.times[g][1] * part.value for g, part in values.items()) % found.world.p:
        return False
    real, nodes = Real(formulas, found), formulas.times.nodes
    if len(values) == 1:
        ((g, part),) = values.items()
        if part.value and free_of_choice(nodes[g]) and real.moment.is_moving(nodes[g]):
            return True
    point = real.entries()
    exact = {g: exact_values(part, point, found.root) for g, part in law.parts.items()}
    total = sum((real.ball(g, PRECISIONS[-1])[1] * value.ball() for g, value in exact.items()), arb(0))
    if not certain(total):
        raise Undecided("whether a law depends on time")
    return True


def translations(formulas: Formulas, found: Evaluation) -> int:
    """The generic rank of what the translations of time do to the laws, bounded from both sides. Raises Undecided."""
    system, p = formulas.system, found.world.p
    if system.rate.zero and not system.second_order:
        return 0
    actions = [_action(system, found, law) for law in found.laws]
    pair = _independent(actions, p)
    if pair:
        _confirm(Real(formulas, found), [formulas.laws[j] for j in pair])
    return len(pair)


def _action(system, found: Evaluation, law: dict) -> tuple[int, ...]:
    """(X1 h, X2 h), or the one combination for a constant rate, in the world."""
    first = sum(found.times[g][0] * part.by_position for g, part in law.items())
    second = sum(found.times[g][0] * part.by_velocity for g, part in law.items())
    if not system.second_order:
        return (second,)
    return (first, second) if system.rate.moves else (found.rate[0] * second - first,)


def _independent(actions: list[tuple[int, ...]], p: int) -> list[int]:
    """Numbers of laws on which the translations act independently."""
    chosen: list[int] = []
    for j, action in enumerate(actions):
        if not chosen:
            chosen = [j] if any(x % p for x in action) else []
        elif len(action) == 2 and len(chosen) == 1:
            (a, b), (c, d) = actions[chosen[0]], action
            if (a * d - b * c) % p:
                chosen.append(j)
    return chosen


def _confirm(real: Real, laws: list[Law]) -> None:
    """By balls that the translations act independently on these one or two laws."""
    system, point = real.formulas.system, real.entries()
    size = system.size if system.second_order else 0
    rate = system.rate.moment.ball(system.rate.tree)[0]
    actions = []
    for law in laws:
        times = {g: real.ball(g, PRECISIONS[-1])[0] for g in law.parts}
        pairs = {g: exact_values(part, point, real.found.root).directions(point, size) for g, part in law.parts.items()}
        first = sum((times[g] * ball_of(pair[0]) for g, pair in pairs.items()), arb(0))
        second = sum((times[g] * ball_of(pair[1]) for g, pair in pairs.items()), arb(0))
        actions.append((first, second))
    if len(actions) == 2:
        (a, b), (c, d) = actions
        shown = certain(a * d - b * c)
    elif system.second_order and not system.rate.moves:
        shown = certain(rate * actions[0][1] - actions[0][0])
    else:
        shown = any(map(certain, actions[0]))
    if not shown:
        raise Undecided("what translations of time do to the laws")

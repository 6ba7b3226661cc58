"""Choosing among candidate laws: those that are verified and whose gradients are independent of those kept before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING

import numpy as np

from conslaw_cli.rings.echelon import Echelon
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream
from conslaw_cli.dynamics.base import Symbol
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.verify import Verdict, Verification, pairings, verifications
from conslaw_cli.limits import LIMITS
from conslaw_cli.steps import Listener, Step, nobody

if TYPE_CHECKING:
    from conslaw_cli.laws.abelian import AbelianLaw
    from conslaw_cli.laws.special import SpecialLaw

CHUNK = 512
"""Candidates that are looked at together: the unit of :attr:`conslaw_cli.limits.Limits.barren_chunks`."""


class View:
    """Gradients of laws at a random point modulo a random prime, both drawn from a stream by name and counter."""

    def __init__(self, flow: PartFlow, stream: Stream, name: str, counter: int) -> None:
        self.field: Field = flow.field(stream, f"{name} prime")
        point = flow.points(self.field, stream, "point", np.array([counter]))[0]
        self._values = {k: int(x) for k, x in enumerate(self.field.integers(point))}
        self._values[Symbol.RATE] = sum(self._values.values()) % self.field.p or 1
        self.gradients = Echelon(self.field, flow.dimension)

    def rows(self, laws: list[Law]) -> np.ndarray:
        """Gradients modulo p, (laws, dimension)."""
        return _gradients(self.field, self._values, self.gradients.columns, laws)

    def differentials(self, laws: Sequence[SpecialLaw]) -> np.ndarray:
        """The same of laws that are no sums of monomials. Raises ValueError where one has no value."""
        return self._residues([law.differential(self._values, self.field.p) for law in laws])

    def knows(self, law: SpecialLaw) -> bool:
        """Whether what a law's differential is taken modulo is spanned by the gradients kept."""
        return not self.gradients.reduced(self._residues(law.known(self._values, self.field.p))).any()

    def _residues(self, entries: list[dict[int, int]]) -> np.ndarray:
        rows = np.zeros((len(entries), self.gradients.columns), dtype=np.int64)
        for row, numbers in zip(rows, entries):
            row[list(numbers)] = list(numbers.values())
        return self.field.residues(rows)


def gradient_rows(field: Field, state: np.ndarray, laws: Sequence[Law]) -> np.ndarray:
    """Gradients of laws without constants at a state modulo p, (laws, dimension)."""
    values = {k: int(x) for k, x in enumerate(field.integers(state))}
    return _gradients(field, values, len(state), laws)


def _gradients(field: Field, values: dict[int, int], dimension: int, laws: Sequence[Law]) -> np.ndarray:
    rows = np.zeros((len(laws), dimension), dtype=np.int64)
    for row, law in enumerate(laws):
        for variable, slope in law.polynomial.slopes(values, field.p).items():
            if variable >= 0:
                rows[row, variable] = slope
        for variable, coefficient in law.logs:
            slope = Polynomial.variable(variable, -1).scaled(coefficient).value(values, field.p)
            rows[row, variable] = (int(rows[row, variable]) + slope) % field.p
        for variable, coefficient, primitive in law.functions:
            slope = coefficient * primitive.slope(values[variable], field.p)
            rows[row, variable] = (int(rows[row, variable]) + slope) % field.p
    return field.residues(rows)


class Selection:
    """Keeps verified laws with independent gradients at a point modulo p, up to ``most`` of them, where no more can exist.

    A second view, at another point and prime, tells whether laws were refused only because they met at the first.
    """

    def __init__(self, flow: PartFlow, stream: Stream, most: int, listener: Listener = nobody) -> None:
        self.flow, self.most, self.kept, self._listener = flow, most, [], listener
        self.verifications: dict[Law, Verification] = {}
        """How each law that is kept was verified."""
        self.special: list[SpecialLaw] = []
        """Laws that are no sums of monomials, independent of each other and of those kept."""
        self.integrals: list[AbelianLaw] = []
        """Integrals that complete a part's laws."""
        self._first, self._second = View(flow, stream, "selection", 1), View(flow, stream, "second selection", 2)

    @property
    def missing(self) -> int:
        """Number of laws there may be beyond those kept."""
        return self.most - self.found

    @property
    def found(self) -> int:
        return len(self.kept) + len(self.special) + len(self.integrals)

    def tell(self, step: Step) -> None:
        """Pass a step on, with the number of laws kept by then."""
        self._listener(replace(step, laws=self.found))

    def keep(self, candidates: list[Law]) -> list[Law]:
        """The candidates that are new and hold, in order; those that a refused one shadowed get their turn."""
        kept: list[Law] = []
        while candidates and self.missing > len(kept):
            rows = self._first.rows(candidates)
            gradients = self._first.gradients.copy()
            mask = gradients.add(rows)
            chosen = [law for law, new in zip(candidates, mask) if new]
            found = verifications(self.flow, chosen, self.tell)
            holds = [one.holds for one in found]
            kept.extend(law for law, fine in zip(chosen, holds) if fine)
            self.verifications |= {law: one for law, one in zip(chosen, found) if one.holds}
            if all(holds):
                self._first.gradients = gradients
                break
            self._first.gradients.add(rows[mask][np.array(holds)])
            candidates = [law for law, new in zip(candidates, mask) if not new]
        self.kept.extend(kept)
        return kept

    def add(self, laws: list[Law], found: list[Verification]) -> list[Law]:
        """Those of some laws, verified as ``found`` says, that are new."""
        if not laws:
            return []
        mask = self._first.gradients.add(self._first.rows(laws))
        new = [law for law, is_new in zip(laws, mask) if is_new]
        self.kept.extend(new)
        self.verifications |= dict(zip(laws, found))
        return new

    @property
    def everywhere(self) -> int:
        """Number of laws kept that hold whatever branches are taken."""
        return sum(self.verifications[law].everywhere for law in self.kept)

    def spans(self, laws: list[Law]) -> bool:
        """Whether gradients of some candidates lie in the span of those kept, at the first view."""
        return not self._first.gradients.reduced(self._first.rows(laws)).any()

    def keep_special(self, candidates: Sequence[SpecialLaw]) -> list[SpecialLaw]:
        """The candidates that hold and are new; none where the view happens to lie where one has no value."""
        conditions = [(law, covector) for law in candidates for covector in law.conditions()]
        found = pairings(self.flow, [covector for _, covector in conditions], self.tell)
        failing = {id(law) for (law, _), verdict in zip(conditions, found) if verdict is not Verdict.HOLDS}
        try:
            holding = [law for law in candidates if id(law) not in failing and self._first.knows(law)]
            rows = self._first.differentials(holding)
        except ValueError:
            return []
        new = [law for law, is_new in zip(holding, self._first.gradients.add(rows)) if is_new][: self.missing]
        self.special += new
        return new

    def keep_families(self, families: list[Iterator[Law]]) -> list[list[Law]]:
        """For each family the laws kept of it: as many as are missing, unless nothing new has come of one for a while."""
        kept: list[list[Law]] = [[] for _ in families]
        barren = [0] * len(families)
        members = (
            (number, law)
            for number, family in enumerate(families)
            for law in takewhile(lambda _: barren[number] < LIMITS.barren_chunks, family)
        )
        while self.missing and (chunk := list(islice(members, CHUNK))):
            new = {id(law) for law in self.keep([law for _, law in chunk])}
            for number, law in chunk:
                kept[number].extend([law] if id(law) in new else [])
            for number in {number for number, _ in chunk}:
                barren[number] = 0 if any(id(law) in new for n, law in chunk if n == number) else barren[number] + 1
        return kept

    def settled(self, laws: list[Law]) -> bool:
        """Whether some verified laws depend on those kept at the second view too: then they do generically.

        The gradients of k laws of degree at most d that are independent generically are dependent at one random view with a
        probability of at most k (d - 1) / (p - 1) and that of a bad prime, at both with its square.
        """
        gradients = Echelon(self._second.field, self.flow.dimension)
        gradients.add(self._second.rows(self.kept))
        gradients.add(self._second.differentials(self.special))
        return gradients.rank == len(self.kept) + len(self.special) and not gradients.add(self._second.rows(laws)).any()

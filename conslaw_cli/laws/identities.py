"""Whether laws of a network hold as identities: for every pattern of branches, or in the cases of a region.

Masks are free: an identity in them holds for every pattern of branches. Where that fails, the masks that are the same in all cases of the
region, and then each case's masks, are filled in.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from conslaw_cli.flows.cases import Cases
from conslaw_cli.graph.functions import COS, SIN
from conslaw_cli.graph.nodes import (
    Apply,
)
from conslaw_cli.graph.program import Program
from conslaw_cli.laws.tangents import Tangents
from conslaw_cli.laws.verification import FAILS, TOO_LARGE, Verdict, Verification
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.tower import Sample
from conslaw_cli.rings.tower import Sum as Terms

SAMPLES, SEEDS = 3, 64


class Identities:
    """Whether laws of a network hold, as identities. Raises TooLarge for a graph of too many terms."""

    def __init__(self, program: Program, cases: Cases) -> None:
        self._tangents = Tangents(program)
        self._tower, self._values, self._cases = self._tangents.values.tower, self._tangents.values, cases
        self._samples: dict[tuple, list[Sample]] = {}

    def verified(self, direction: dict[int, Polynomial], most: int) -> Verification:
        """Whether the network is unchanged along a direction, polynomials by parameter number: for every pattern of branches, or only in the
        region's cases. TOO_LARGE where neither is shown nor refuted. Raises TooLarge where more than ``most`` terms are needed."""
        self._tower.most = most
        outputs = self._by_output(self._tangents.along(direction))
        left = [terms for terms in outputs if not self._vanishes(terms, {})]
        if not left:
            return Verification(Verdict.HOLDS)
        for patterns in self._patterns():
            if all(self._vanishes(terms, values) for values in patterns for terms in left):
                return Verification(Verdict.HOLDS, self._cases.exhaustive)
        return TOO_LARGE if self._trigonometric or not any(self._refuted(terms) for terms in left) else FAILS

    @cached_property
    def _trigonometric(self) -> bool:
        """Whether sin^2 + cos^2 = 1 is a relation that the tower does not know."""
        return any(isinstance(node, Apply) and node.function in (SIN, COS) for node in self._values.program.nodes)

    def _refuted(self, terms: Terms) -> bool:
        """Whether a polynomial is not zero at a random point of some case."""
        free = not self._values.branches and not self._values.one_hot
        patterns = [{}] if free else (list(self._patterns())[-1] if self._cases.mixed else [])
        return any(self._value(terms, values) for values in patterns)

    def _by_output(self, tangent: Terms) -> list[Terms]:
        """The coefficients of the cotangent's entries."""
        cotangent, named = self._values.cotangents
        found: dict[Any, Terms] = {}
        for monomial, factor in self._tower.expanded(tangent, named).items():
            key = tuple(pair for pair in monomial if pair[0] in cotangent)
            rest = tuple(pair for pair in monomial if pair[0] not in cotangent)
            found.setdefault(key, {})[rest] = factor
        return list(found.values())

    def _vanishes(self, terms: Terms, values: dict[int, int]) -> bool:
        """First at random points, where most of what is not zero shows it."""
        return not self._value(terms, values) and self._tower.vanishes(terms, values)

    def _value(self, terms: Terms, values: dict[int, int]) -> int:
        """A value that is not zero if there is one at a few random points; those at which roots have no value are passed over."""
        samples, defined = self._samples.setdefault(tuple(sorted(values.items())), []), 0
        for seed in range(SEEDS):
            if seed == len(samples):
                samples.append(Sample(self._tower, seed, values))
            value = samples[seed].value(terms)
            if value:
                return value
            defined += value == 0
            if defined == SAMPLES:
                break
        return 0

    def _patterns(self) -> Iterator[list[dict[int, int]]]:
        """Values of masks and one-hot inputs that cover the region: what all cases share, then each case by itself."""
        if not self._values.branches and not self._values.one_hot:
            return
        cases = self._cases
        table = lambda array: array.reshape(cases.number, -1)
        columns = {
            number: table(cases.branches[node])[:, k] != flipped
            for number, (node, k, flipped) in self._values.branches.items()
        }
        columns |= {number: table(cases.one_hot[name])[:, k] != 0 for number, (name, k) in self._values.one_hot.items()}
        shared = {number: int(column[0]) for number, column in columns.items() if (column == column[0]).all()}
        if shared:
            yield [shared]
        if cases.mixed:
            yield [{number: int(column[case]) for number, column in columns.items()} for case in range(cases.number)]

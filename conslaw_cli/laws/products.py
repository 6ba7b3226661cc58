"""Which solutions a search meets again: products of laws known already are laws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from conslaw_cli.rings.echelon import Echelon
from conslaw_cli.rings.polynomials import Monomial, Number, Polynomial
from conslaw_cli.rings.stream import mix
from conslaw_cli.laws.ansatz import Grading
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.sampling import Sampler
from conslaw_cli.limits import LIMITS


@dataclass(frozen=True)
class _Component:
    """The part of a law in one class, a law itself: its sign word, its weight, its degree."""

    sign: int
    weight: int
    degree: int
    polynomial: Polynomial


@dataclass
class Products:
    """Products of the components of known laws, by class: of those in the variables coordinate**power."""

    grading: Grading
    powers: tuple[int, ...]
    components: list[_Component] = field(default_factory=list)
    _tables: dict[int, dict[int, list[tuple[int, ...]]]] = field(default_factory=dict)

    def learn(self, laws: Iterable[Law]) -> None:
        """Laws that are polynomials in the variables from now on count as known."""
        for law in laws:
            factors = [factor for monomial in law.polynomial.terms for factor in monomial if factor[0] >= 0]
            if not law.logs and not law.functions and law.polynomial.whole_in(law.variables) and all(exponent * self.powers[v] > 0 for v, exponent in factors):
                self.components.extend(self._split(law.polynomial))
                self._tables.clear()

    def count(self, key: int, degree: int) -> int:
        """Number of the products of at most this degree in one class."""
        return len(self._table(degree).get(key, []))

    def rows(self, key: int, degree: int, sampler: Sampler, count: int) -> Echelon:
        """The span of the products of at most this degree in one class, by their values at ``count`` points."""
        span = Echelon(sampler.field, count)
        chosen = self._table(degree).get(key, [])
        values = {i: sampler.polynomial(self.components[i].polynomial, count) for i in {i for c in chosen for i in c}}
        if chosen:
            span.add(np.array([_product(sampler, [values[i] for i in choice]) for choice in chosen]))
        return span

    def _split(self, polynomial: Polynomial) -> list[_Component]:
        parts: dict[tuple[int, int], dict[Monomial, Number]] = {}
        for monomial, coefficient in polynomial.terms.items():
            repeated = [v for v, exponent in monomial if v >= 0 for _ in range(abs(exponent))]
            sign = int(np.bitwise_xor.reduce(self.grading.signs[repeated])) if repeated else 0
            weight = int(self.grading.weights[repeated].sum())
            parts.setdefault((sign, weight), {})[monomial] = coefficient
        return [_Component(*key, abs(_degree(terms)), Polynomial(terms)) for key, terms in parts.items()]

    def _table(self, degree: int) -> dict[int, list[tuple[int, ...]]]:
        """Products as ascending component numbers by class key; nothing where there are too many."""
        if degree not in self._tables:
            found: dict[int, list[tuple[int, ...]]] = {}
            stack = [((), 0, 0, 0)]
            total = 0
            while stack and total <= LIMITS.products:
                choice, sign, weight, used = stack.pop()
                for i in range(choice[-1] if choice else 0, len(self.components)):
                    component = self.components[i]
                    if 0 < component.degree <= degree - used:
                        item = (*choice, i), sign ^ component.sign, weight + component.weight, used + component.degree
                        stack.append(item)
                        found.setdefault(_key(item[1], item[2]), []).append(item[0])
                        total += 1
            self._tables[degree] = found if total <= LIMITS.products else {}
        return self._tables[degree]


def _degree(terms: dict[Monomial, Number]) -> int:
    return max(sum(abs(exponent) for v, exponent in monomial if v >= 0) for monomial in terms)


def _key(sign: int, weight: int) -> int:
    """A class's key as :meth:`Grading.keys` has it."""
    return sign ^ int(mix(np.array([weight], dtype=np.int64).astype(np.uint64))[0])


def _product(sampler: Sampler, factors: list[np.ndarray]) -> np.ndarray:
    product = factors[0]
    for factor in factors[1:]:
        product = sampler.field.multiply(product, factor)
    return product

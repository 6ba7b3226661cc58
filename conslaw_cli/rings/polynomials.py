"""Sparse Laurent polynomials over Q in variables numbered by integers: small, exact, hashable monomials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

Number = int | Fraction
Monomial = tuple[tuple[int, int], ...]
"""Pairs (variable, exponent), variables ascending, exponents not zero."""


_ONE: dict[Monomial, Number] = {(): 1}


def times(a: Monomial, b: Monomial) -> Monomial:
    """Product of two monomials."""
    if not a or not b:
        return a or b
    exponents = dict(a)
    for variable, exponent in b:
        exponents[variable] = exponents.get(variable, 0) + exponent
    return tuple(sorted((v, e) for v, e in exponents.items() if e))


@dataclass(frozen=True)
class Polynomial:
    """A Laurent polynomial; ``terms`` maps monomials to coefficients that are not zero. Do not mutate it."""

    terms: dict[Monomial, Number]

    @staticmethod
    def of(terms: Iterable[tuple[Monomial, Number]]) -> Polynomial:
        """Collect terms, dropping zeros."""
        found: dict[Monomial, Number] = {}
        for monomial, coefficient in terms:
            found[monomial] = found.get(monomial, 0) + coefficient
        return Polynomial({m: c for m, c in found.items() if c})

    @staticmethod
    def constant(value: Number) -> Polynomial:
        return Polynomial({(): value} if value else {})

    @staticmethod
    def variable(number: int, exponent: int = 1) -> Polynomial:
        return Polynomial({((number, exponent),): 1})

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __add__(self, other: Polynomial) -> Polynomial:
        return Polynomial.of([*self.terms.items(), *other.terms.items()])

    def __mul__(self, other: Polynomial) -> Polynomial:
        if other.terms == _ONE:
            return self
        return Polynomial.of((times(a, b), x * y) for a, x in self.terms.items() for b, y in other.terms.items())

    def __pow__(self, exponent: int | Fraction) -> Polynomial:
        """Raises ValueError for a negative power of anything but a monomial, and for a fractional one unless it :attr:`has_powers`."""
        if Fraction(exponent).denominator > 1:
            return self._root_power(Fraction(exponent))
        if exponent < 0:
            return self._inverse() ** -exponent
        result = Polynomial.constant(1)
        for _ in range(exponent):
            result = result * self
        return result

    @property
    def has_powers(self) -> bool:
        """Whether it is a product of powers of variables: then it has fractional powers."""
        return list(self.terms.values()) == [1]

    def whole_in(self, variables: Set[int]) -> Polynomial | None:
        """The same if all exponents of these variables are integers, else None."""
        if any(v in variables and Fraction(e).denominator > 1 for monomial in self.terms for v, e in monomial):
            return None
        whole = lambda e: int(e) if Fraction(e).denominator == 1 else e
        return Polynomial({tuple((v, whole(e)) for v, e in monomial): c for monomial, c in self.terms.items()})

    def _root_power(self, exponent: Fraction) -> Polynomial:
        if not self.has_powers:
            raise ValueError("a fractional power of what is no product of powers")
        (monomial,) = self.terms
        return Polynomial({tuple((v, e * exponent) for v, e in monomial): 1})

    def _inverse(self) -> Polynomial:
        if len(self.terms) != 1:
            raise ValueError("a negative power of a sum is not a Laurent polynomial")
        ((monomial, coefficient),) = self.terms.items()
        return Polynomial({tuple((v, -e) for v, e in monomial): 1 / Fraction(coefficient)})

    def scaled(self, factor: Number) -> Polynomial:
        return Polynomial({m: c * factor for m, c in self.terms.items()} if factor else {})

    def derivative(self, variable: int) -> Polynomial:
        return self.derivatives().get(variable, Polynomial({}))

    def derivatives(self) -> dict[int, Polynomial]:
        """All partial derivatives that are not zero, by variable, in one pass."""
        found: dict[int, list[tuple[Monomial, Number]]] = {}
        for monomial, coefficient in self.terms.items():
            for position, (variable, exponent) in enumerate(monomial):
                kept = ((variable, exponent - 1),) if exponent != 1 else ()
                rest = monomial[:position] + kept + monomial[position + 1 :]
                found.setdefault(variable, []).append((rest, coefficient * exponent))
        return {variable: Polynomial(dict(terms)) for variable, terms in found.items()}

    def slopes(self, values: dict[int, int], p: int) -> dict[int, int]:
        """The values of :meth:`derivatives` modulo p, where :meth:`value` is one; no polynomial is made for them."""
        found: dict[int, int] = {}
        for monomial, coefficient in self.terms.items():
            scale = _residue(coefficient, p)
            for position, (variable, exponent) in enumerate(monomial):
                slope = scale * _residue(exponent, p) * _power(values[variable], exponent - 1, p) % p
                for other, power in monomial[:position] + monomial[position + 1 :]:
                    slope = slope * _power(values[other], power, p) % p
                found[variable] = (found.get(variable, 0) + slope) % p
        return found

    def substitute(self, image: Callable[[int], Polynomial | None]) -> Polynomial:
        """Replace variables by polynomials (None keeps one). Raises ValueError for a negative power of a sum."""
        powers: dict[tuple[int, int], list[tuple[Monomial, Number]]] = {}
        total: dict[Monomial, Number] = {}
        for monomial, coefficient in self.terms.items():
            product = [((), coefficient)]
            for factor in monomial:
                if factor not in powers:
                    powers[factor] = _image_terms(image(factor[0]), factor)
                product = [(times(a, b), x * y) for a, x in product for b, y in powers[factor]]
            for term, value in product:
                total[term] = total.get(term, 0) + value
        return Polynomial({m: c for m, c in total.items() if c})

    def value(self, values: dict[int, int], p: int) -> int:
        """The value modulo p at integers that are not zero modulo p, squares where they have fractional exponents."""
        total = 0
        for monomial, coefficient in self.terms.items():
            term = _residue(coefficient, p)
            for variable, exponent in monomial:
                term = term * _power(values[variable], exponent, p) % p
            total += term
        return total % p

    @property
    def variables(self) -> set[int]:
        return {variable for monomial in self.terms for variable, _ in monomial}

    @property
    def degree(self) -> int:
        """Largest total degree of a term."""
        return max((sum(e for _, e in m) for m in self.terms), default=0)

    def primitive(self) -> Polynomial:
        """Integer coefficients without a common factor, the first monomial's coefficient positive."""
        if not self.terms:
            return self
        denominator = lcm(*(Fraction(c).denominator for c in self.terms.values()))
        content = gcd(*(int(c * denominator) for c in self.terms.values()))
        sign = 1 if self.terms[min(self.terms, key=display_order)] > 0 else -1
        return Polynomial({m: int(c * denominator) // content * sign for m, c in self.terms.items()})


def display_order(monomial: Monomial) -> tuple:
    """Terms by variables from the last block to the first, as laws are usually written (outgoing minus incoming)."""
    return tuple((-v, e) for v, e in monomial)


def _residue(number: Number, p: int) -> int:
    return number % p if isinstance(number, int) else number.numerator * pow(number.denominator, -1, p) % p


def _power(base: int, exponent: Number, p: int) -> int:
    """A power modulo p of what is not zero there, and a square where the exponent is a fraction."""
    if exponent == 1:
        return base
    if exponent.denominator > 1:
        half = (p - 1) // 2
        exponent = exponent.numerator * pow(exponent.denominator, -1, half) % half
    return pow(base, int(exponent), p)


def _image_terms(image: Polynomial | None, factor: tuple[int, int]) -> list[tuple[Monomial, Number]]:
    return [((factor,), 1)] if image is None else list((image ** factor[1]).terms.items())

"""Quantities of a network as monomials in variables of a tower: every sum is a variable of its own, defined by what is
summed.

A variable is free (a parameter, an input, a value of exp at some argument), a mask (0 or 1), or *named*: its definition
is a Laurent polynomial in earlier variables. So products, quotients and roots of quantities are monomials with integer
and half exponents, and nothing is multiplied out before it has to be.

Whether a polynomial in these variables is zero (:meth:`Tower.vanishes`): take its last named variable Y, of definition
D. Times a power of Y it is sum_i Y^i A_i + Y^(1/2) sum_i Y^i B_i with A and B free of Y, and it is zero if sum_i D^i
A_i and sum_i D^i B_i are: polynomials with one named variable less. This is sound: an identity in free variables holds
for whatever they stand for (wherever nothing is divided by zero and no root is taken of a negative number, on an open
dense set of the network's domain). It is necessary too, but for relations that the variables have beyond their
definitions: values of a function at dependent arguments, one-hot rows, D a square.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from fractions import Fraction
from random import Random

from conslaw_cli.rings.polynomials import Monomial, Number, times

Sum = dict[Monomial, Number]
"""A Laurent polynomial with integer and fractional exponents; no coefficient is zero."""
Entry = tuple[Monomial, Number] | None
"""One term, or None for zero."""

PRIME = 2305843009213691579
"""(PRIME - 1)/2 is a prime too: squares have powers with any fractional exponents."""
HALF = (PRIME - 1) // 2
WINDOW = 4
"""Levels of definitions that are replaced at once, at most, where all others are left."""
WINDOW_TERMS = 3_000


class TooLarge(Exception):
    """A polynomial would exceed the number of terms allowed."""


def ratio(a: Number, b: Number) -> Number:
    """a/b, an integer where it is one."""
    quotient = Fraction(a) / b
    return quotient.numerator if quotient.denominator == 1 else quotient


def accumulate(total: Sum, terms: Sum, monomial: Monomial, factor: Number) -> None:
    """total += terms * factor * monomial."""
    for m, c in terms.items():
        product = times(m, monomial)
        value = total.get(product, 0) + c * factor
        if value:
            total[product] = value
        else:
            total.pop(product, None)


def raised(monomial: Monomial, exponent: Number) -> Monomial:
    """A power of a monomial."""
    return tuple((v, e * exponent) for v, e in monomial)


def product(a: Sum, b: Sum, most: int) -> Sum:
    """a * b. Raises TooLarge beyond ``most`` terms, or products of terms of 4 times as many."""
    if len(a) * len(b) > 4 * most:
        raise TooLarge(f"{len(a)} times {len(b)} terms")
    total: Sum = {}
    for monomial, factor in b.items():
        accumulate(total, a, monomial, factor)
    if len(total) > most:
        raise TooLarge(f"{len(total)} terms")
    return total


class Tower:
    """The variables of a program: numbers below ``size`` are its parameters."""

    def __init__(self, size: int) -> None:
        self.most = 1_000_000
        """Bounds the number of terms of a polynomial."""
        self.definitions: dict[int, Sum] = {}
        self.masks: set[int] = set()
        self._next = size
        self._keys: dict[Hashable, int] = {}
        self._levels: dict[int, int] = {}

    def variable(self, key: Hashable, mask: bool = False) -> int:
        """The free variable, or mask, with this key: the same for equal keys."""
        if key not in self._keys:
            self._keys[key] = self._fresh()
            if mask:
                self.masks.add(self._keys[key])
        return self._keys[key]

    def named(self, terms: Sum, always: bool = False) -> Entry:
        """A sum as an entry: a multiple of the variable that it defines, the same for all its multiples; a single term as it is, unless
        ``always``."""
        if not terms:
            return None
        if len(terms) == 1 and not always:
            return next(iter(terms.items()))
        scale = 1 if always else terms[min(terms)]
        definition = terms if scale == 1 else {m: ratio(c, scale) for m, c in terms.items()}
        key = ("sum", frozenset(definition.items()))
        number = self.variable(key)
        self.definitions.setdefault(number, definition)
        return ((number, 1),), scale

    def vanishes(self, terms: Sum, values: Mapping[int, int] = {}) -> bool:
        """Whether a polynomial is zero identically, some variables having these values of 0 or 1. Raises TooLarge.

        What makes it zero is mostly one layer's: a few levels of definitions are tried, all other variables being free, before all are
        replaced from the last on.
        """
        highest = max((self.level(v) for m in terms for v, _ in m), default=0)
        for width in range(1, min(WINDOW, highest) + 1):
            for low in range(highest - width + 1, 0, -1):
                if self._vanishes_within(terms, values, range(low, low + width), WINDOW_TERMS):
                    return True
        return self._vanishes_by(terms, values, self.definitions.keys(), self.most)

    def level(self, variable: int) -> int:
        """0 of a variable that is not named, else one more than the highest in its definition."""
        if variable not in self._levels:
            below = [self.level(v) for m in self.definitions.get(variable, {}) for v, _ in m]
            self._levels[variable] = 1 + max(below, default=0) if variable in self.definitions else 0
        return self._levels[variable]

    def _vanishes_within(self, terms: Sum, values: Mapping[int, int], levels: range, most: int) -> bool:
        try:
            named = {v for v in self.definitions if self.level(v) in levels}
            return self._vanishes_by(terms, values, named, min(most, self.most))
        except TooLarge:
            return False

    def _vanishes_by(self, terms: Sum, values: Mapping[int, int], chosen: Collection[int], most: int) -> bool:
        """Whether a polynomial is zero identically by the definitions of some variables, the others being free."""
        pending = [terms]
        while pending:
            current = self._reduced(pending.pop(), values)
            if not current:
                continue
            top = max((v for m in current for v, _ in m if v in chosen), default=None)
            if top is None:
                return False
            definition = self._reduced(self.definitions[top], values)
            if not definition and any(v == top and e < 0 for m in current for v, e in m):
                return False
            pending.extend(self._eliminated(current, top, definition, most))
        return True

    def expanded(self, terms: Sum, chosen: Iterable[int]) -> Sum:
        """The same with some named variables replaced, of which it has whole powers that are not negative. Raises TooLarge."""
        for top in sorted(chosen, reverse=True):
            if any(v == top for m in terms for v, _ in m):
                (terms,) = self._eliminated(terms, top, self.definitions[top], self.most)
        return terms

    def _eliminated(self, terms: Sum, top: int, definition: Sum, most: int) -> list[Sum]:
        """The polynomials without ``top`` that must vanish: one for whole powers of it, one for half ones."""
        groups: dict[Number, dict[int, Sum]] = {}
        for monomial, coefficient in terms.items():
            exponent = next((e for v, e in monomial if v == top), 0)
            rest = tuple(pair for pair in monomial if pair[0] != top)
            whole = exponent.__floor__()
            groups.setdefault(exponent - whole, {}).setdefault(whole, {})[rest] = coefficient
        return [self._horner(by_power, definition, most) for by_power in groups.values()]

    def _horner(self, by_power: dict[int, Sum], definition: Sum, most: int) -> Sum:
        """sum_i definition^i by_power[i], times a power of the definition that makes all exponents whole."""
        low, high = min(0, *by_power), max(by_power)
        total: Sum = {}
        for power in range(high, low - 1, -1):
            total = product(total, definition, most) if total else {}
            accumulate(total, by_power.get(power, {}), (), 1)
        return total

    def _reduced(self, terms: Sum, values: Mapping[int, int]) -> Sum:
        """Masks have no powers, and variables with a value that value."""
        fixed = self.masks | values.keys()
        if not fixed or not any(v in fixed for m in terms for v, _ in m):
            return terms
        total: Sum = {}
        for monomial, coefficient in terms.items():
            if any(values.get(v, 1) == 0 for v, _ in monomial):
                continue
            kept = tuple((v, 1 if v in self.masks else e) for v, e in monomial if v not in values)
            accumulate(total, {kept: coefficient}, (), 1)
        return total

    def _fresh(self) -> int:
        self._next += 1
        return self._next - 1


class Sample:
    """Values of a tower's variables modulo PRIME at a random point: squares, so that free variables have all powers; masks are 0 or 1."""

    def __init__(self, tower: Tower, seed: int, values: Mapping[int, int]) -> None:
        self._tower, self._random = tower, Random(seed)
        self._values: dict[int, int | None] = dict(values)

    def value(self, terms: Sum) -> int | None:
        """The value of a polynomial; None where some power in it has none."""
        total = 0
        for monomial, coefficient in terms.items():
            term = coefficient.numerator * pow(coefficient.denominator, -1, PRIME)
            for variable, exponent in monomial:
                factor = self._power(variable, exponent)
                if factor is None:
                    return None
                term = term * factor % PRIME
            total += term
        return total % PRIME

    def _power(self, variable: int, exponent: Number) -> int | None:
        base = self._of(variable)
        if base is None or exponent == 1:
            return base
        if exponent.denominator > 1:
            if pow(base, HALF, PRIME) != 1:
                return None
            exponent = exponent.numerator * pow(exponent.denominator, -1, HALF) % HALF
        elif base == 0 and exponent < 0:
            return None
        return pow(base, int(exponent), PRIME)

    def _of(self, variable: int) -> int | None:
        if variable not in self._values:
            definition = self._tower.definitions.get(variable)
            if definition is not None:
                self._values[variable] = self.value(definition)
            elif variable in self._tower.masks:
                self._values[variable] = self._random.randrange(2)
            else:
                self._values[variable] = pow(self._random.randrange(1, PRIME), 2, PRIME)
        return self._values[variable]


def quotient(terms: Sum, divisor: Sum, most: int) -> Sum | None:
    """The Laurent polynomial q of at most ``most`` terms with terms = q * divisor, if there is one: by the leading terms of an order of
    monomials that products respect (lexicographic in the exponents)."""
    variables = sorted({v for m in (*terms, *divisor) for v, _ in m}, reverse=True)
    place = {v: k for k, v in enumerate(variables)}

    def order(monomial: Monomial) -> tuple:
        exponents = [0] * len(variables)
        for v, e in monomial:
            exponents[place[v]] = e
        return tuple(exponents)

    leader = max(divisor, key=order)
    inverse, rest, found = raised(leader, -1), dict(terms), {}
    for _ in range(most):
        if not rest:
            return found
        lead = max(rest, key=order)
        monomial, factor = times(lead, inverse), ratio(rest[lead], divisor[leader])
        found[monomial] = factor
        accumulate(rest, divisor, monomial, -factor)
    return None if rest else found

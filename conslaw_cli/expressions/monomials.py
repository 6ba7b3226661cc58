"""Monomials in kernels, sums of them with rational coefficients, and what they say: the stuff of normal forms."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from flint import fmpq_poly, fmpz_poly

from conslaw_cli.expressions.tree import Apply, Name, Node, Number

Monomial = tuple[tuple[str, Fraction], ...]
"""Kernels with their exponents, sorted by name."""
Sum = dict[Monomial, Fraction]

UNIT: Monomial = ()
TURN = "turn"  # e^(i pi)
_LARGEST_PRIME = 1000
_MOST_TURNS = 120


class Undecided(ArithmeticError):
    """The form cannot be found, or not within the bound on work."""


def no_root(turns: dict[Fraction, Fraction]) -> bool:
    """Whether a combination of roots of unity e^(i pi q) is zero: whether the cyclotomic polynomial divides it."""
    order = lcm(*(turn.denominator for turn in turns))
    if order > _MOST_TURNS:
        raise Undecided("an angle too fine")
    scale = lcm(*(coefficient.denominator for coefficient in turns.values()))
    coefficients = [0] * (2 * order)
    for turn, coefficient in turns.items():
        coefficients[int(turn * order) % (2 * order)] += int(coefficient * scale)
    return not fmpq_poly(coefficients) % fmpq_poly(fmpz_poly.cyclotomic(2 * order))


def positive(kernel: str) -> bool:
    """Whether a kernel is a positive number, so that all its rational powers are real and multiply as they should."""
    return kernel in ("t", "pi") or kernel.startswith(("name", "prime", "abs")) or (
        kernel.startswith("exp ") and "circle" not in kernel and TURN not in kernel
    )  # fmt: skip


def scaled_exponents(monomial: Monomial, q: Fraction) -> Monomial:
    return tuple((kernel, exponent * q) for kernel, exponent in monomial)


def divided(monomial: Monomial, shared: dict[str, Fraction]) -> Monomial:
    exponents = dict(monomial)
    for kernel, exponent in shared.items():
        exponents[kernel] = exponents.get(kernel, Fraction(0)) - exponent
    return tuple(sorted((k, e) for k, e in exponents.items() if e))


def monic(polynomial: fmpz_poly, kernel: str) -> Sum:
    lead = int(polynomial[polynomial.degree()])
    return {
        ((kernel, Fraction(k)),) if k else UNIT: Fraction(int(polynomial[k]), lead)
        for k in range(polynomial.degree() + 1)
        if int(polynomial[k])
    }


def as_text(form: Sum) -> str:
    terms = (f"{coefficient}" + "".join(f"*({k})^{e}" for k, e in monomial) for monomial, coefficient in sorted(form.items()))
    return "[" + " + ".join(terms) + "]"


def as_tree(form: Sum) -> Node | None:
    """A sum in t and free constants as a tree; None for any other."""
    total: Node = Number(Fraction(0))
    for monomial, coefficient in form.items():
        term: Node = Number(coefficient)
        for kernel, exponent in monomial:
            if kernel != "t" and not kernel.startswith("name "):
                return None
            term = Apply("*", (term, Apply("**", (Name(kernel.removeprefix("name ")), Number(exponent)))))
        total = Apply("+", (total, term))
    return total


def primes(value: Fraction) -> list[tuple[int, Fraction]]:
    """Small primes of a positive rational with their exponents; what is left of numerator and denominator counts as prime."""
    found = []
    for number, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime in range(2, _LARGEST_PRIME):
            exponent = 0
            while number % prime == 0:
                number, exponent = number // prime, exponent + 1
            if exponent:
                found.append((prime, Fraction(sign * exponent)))
            if number == 1:
                break
        if number > 1:
            found.append((number, Fraction(sign)))
    return found

"""The positive factors of what stands under a root: primes, irreducible polynomials with the sign they have, single functions."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from flint import fmpq_poly, fmpz, fmpz_poly

from conslaw_cli.checker.parse import Node, names_in
from conslaw_cli.checker.result import Undecided

ROOTED = frozenset("log sin cos tan sinh cosh tanh atan".split())
"""Functions that may stand under a root as they are."""
MOST_DEGREE = 40
LARGEST_FACTORED = 2**64
Factor = tuple[Node, int]


def factors(node: Node, at: Mapping[str, Fraction]) -> list[Factor]:
    """Factors of a positive function with their multiplicities, each positive at ``at``. Raises Undecided."""
    names = names_in(node) - {"pi", "E"}
    if node[0] == "call" and node[1] in ROOTED | {"exp"} or node in (("name", "pi"), ("name", "E")):
        return [(node, 1)]
    if names_in(node) == names <= {"t"} and (polynomial := _polynomial(node)) is not None:
        return _of_polynomial(polynomial, at)
    if node[0] == "name" or _is_affine(node):
        return [(node, 1)]
    if node[0] == "mul":
        return [factor for part in node[1] for factor in factors(part, at)]
    if node[0] == "pow" and node[2].denominator == 1:
        return [(part, multiplicity * int(node[2])) for part, multiplicity in factors(node[1], at)]
    raise Undecided("a root of something that is neither a polynomial nor a single function")


def _is_affine(node: Node) -> bool:
    """A sum of different names, at most one of them t, and at most one number: irreducible."""
    if node[0] != "add" or not all(part[0] in ("name", "num") for part in node[1]):
        return False
    names = [part[1] for part in node[1] if part[0] == "name"]
    return bool(names) and "pi" not in names and "E" not in names and len(set(names)) == len(names) >= len(node[1]) - 1


def _polynomial(node: Node) -> fmpq_poly | None:
    """The polynomial in t that a tree without other names is; None where it is none, or one of high degree."""
    kind = node[0]
    if kind == "num":
        return fmpq_poly([fmpz(node[1].numerator)]) / fmpz(node[1].denominator)
    if kind == "name":
        return fmpq_poly([0, 1])
    if kind in ("add", "mul"):
        total = fmpq_poly([int(kind == "mul")])
        for part in node[1]:
            found = _polynomial(part)
            if found is None or found.degree() + total.degree() > MOST_DEGREE:
                return None
            total = total + found if kind == "add" else total * found
        return total
    if kind == "pow" and node[2].denominator == 1 and 0 <= node[2] <= MOST_DEGREE:
        base = _polynomial(node[1])
        return base ** int(node[2]) if base is not None and max(0, base.degree()) * node[2] <= MOST_DEGREE else None
    return _polynomial_over_number(node)


def _polynomial_over_number(node: Node) -> fmpq_poly | None:
    """The reciprocal of a constant that is not zero."""
    if node[0] == "pow" and node[2] == -1:
        base = _polynomial(node[1])
        if base is not None and base.degree() == 0:
            return 1 / base[0] * fmpq_poly([1])
    return None


def _of_polynomial(polynomial: fmpq_poly, at: Mapping[str, Fraction]) -> list[Factor]:
    content, found = fmpz_poly([int(c) for c in polynomial.numer().coeffs()]).factor()
    found_factors: list[Factor] = []
    value = Fraction(int(content), int(polynomial.denom()))
    for factor, multiplicity in found:
        coefficients = [int(c) for c in factor.coeffs()]
        here = sum(c * at["t"] ** k for k, c in enumerate(coefficients))
        sign = 1 if here > 0 else -1
        if not here:
            raise Undecided("a root of something that is zero")
        value *= sign**multiplicity
        found_factors.append((_tree([sign * c for c in coefficients]), multiplicity))
    if value <= 0:
        raise Undecided("a root of something that is not positive")
    return found_factors + _primes(value.numerator, 1) + _primes(value.denominator, -1)


def _tree(coefficients: list[int]) -> Node:
    terms = [
        ("mul", [("num", Fraction(c)), ("pow", ("name", "t"), Fraction(k))]) for k, c in enumerate(coefficients) if c
    ]
    return ("add", terms)


def _primes(number: int, sign: int) -> list[Factor]:
    if number > LARGEST_FACTORED:
        raise Undecided("a root of a large number")
    return [(("num", Fraction(int(prime))), sign * multiplicity) for prime, multiplicity in fmpz(number).factor()]

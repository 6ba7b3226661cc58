"""Exact verification: <grad h, X> = 0 as an identity of polynomials, for every generator X at once.

In the coordinates (theta, P) the identity reads sum_k c_k(theta, P, symbols) * d_k f(theta, lambda) = 0, where the
covector c holds the law's derivatives along the lift, times the metric. For a polynomial phi the derivatives of f are
expanded with everything outside the law's blocks abstract, so the cost does not grow with depth. For a network the
identity says that its value is unchanged along c (:mod:`conslaw_cli.laws.tangents`); what that cannot decide is
evaluated at random residues (:mod:`conslaw_cli.laws.chance`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np

from conslaw_cli.dynamics.base import Symbol
from conslaw_cli.flows.cases import Cases
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.graph.program import Program
from conslaw_cli.laws.chance import error_bits, refuted
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.identities import Identities
from conslaw_cli.laws.verification import FAILS, TOO_LARGE, Verdict, Verification
from conslaw_cli.limits import LIMITS
from conslaw_cli.rings.polynomials import Monomial, Polynomial
from conslaw_cli.rings.tensors import Expansion, Terms, TooLarge, collect, join, merge, pad, term_count
from conslaw_cli.rings.tower import TooLarge as TowerTooLarge
from conslaw_cli.steps import Listener, Step, nobody

CHUNK = 64
LARGEST_COEFFICIENT = 2**31


def verdicts(flow: PartFlow, laws: list[Law], listener: Listener = nobody) -> list[Verdict]:
    """For each candidate whether its identity holds, fails, or is too large to expand."""
    return [found.verdict for found in verifications(flow, laws, listener)]


def verifications(flow: PartFlow, laws: list[Law], listener: Listener = nobody) -> list[Verification]:
    """For each candidate whether its identity holds, and how that is known."""
    return verified(flow, [covector(flow, law) for law in laws], listener)


def pairings(flow: PartFlow, covectors: list[dict[int, Polynomial]], listener: Listener = nobody) -> list[Verdict]:
    """For each covector, polynomials in (theta, P) by parameter, whether it annihilates grad f for all coefficients."""
    return [found.verdict for found in verified(flow, covectors, listener)]


def verified(flow: PartFlow, covectors: list[dict[int, Polynomial]], listener: Listener = nobody) -> list[Verification]:
    """For each covector whether it annihilates grad f for all coefficients, and how that is known."""
    if flow.program.output is None and flow.program.polynomial and not flow.program.branches:
        return [Verification(verdict) for verdict in _expansions(flow, covectors, listener)]
    found = []
    for number, entries in enumerate(covectors):
        if number % CHUNK == 0:
            listener(Step("verifying laws", f"{number} of {len(covectors)} candidates done"))
        found.append(_identity(flow, entries, LIMITS.tangent_terms))
    left = [number for number, one in enumerate(found) if one is TOO_LARGE]
    for number, fails in zip(left, refuted(flow, [covectors[number] for number in left])):
        found[number] = FAILS if fails else _identity(flow, covectors[number], LIMITS.most_tangent_terms)
    left = [number for number, one in enumerate(found) if one is TOO_LARGE]
    for number, bits in zip(left, error_bits(flow, [covectors[number] for number in left])):
        if bits is not None:
            found[number] = Verification(Verdict.HOLDS, flow.cases.exhaustive, bits) if bits else FAILS
    return found


def _identity(flow: PartFlow, entries: dict[int, Polynomial], most: int) -> Verification:
    """Whether a network's value is unchanged along a covector; TOO_LARGE where ``most`` terms do not tell."""
    identities = _identities_of(flow.program, flow.cases)
    try:
        return identities.verified(entries, most) if identities else TOO_LARGE
    except TowerTooLarge:
        return TOO_LARGE


@lru_cache(maxsize=2)
def _identities_of(program: Program, cases: Cases) -> Identities | None:
    """The values that all laws of a network share; None for a graph of too many terms."""
    try:
        return Identities(program, cases)
    except TowerTooLarge:
        return None


def _expansions(flow: PartFlow, covectors: list[dict[int, Polynomial]], listener: Listener) -> list[Verdict]:
    """The verdicts on the covectors of a polynomial phi."""
    groups: dict[frozenset[str] | None, list[int]] = {}
    small = _terms(flow.program) <= LIMITS.expanded_terms
    for number, entries in enumerate(covectors):
        groups.setdefault(None if small else _blocks(flow, entries), []).append(number)
    result, done = [Verdict.FAILS] * len(covectors), 0
    for active, numbers in groups.items():
        for start in range(0, len(numbers), CHUNK):
            chunk = numbers[start : start + CHUNK]
            listener(Step("verifying laws", f"{done} of {len(covectors)} candidates done"))
            done += len(chunk)
            for number, verdict in zip(chunk, _identities(flow, [covectors[n] for n in chunk], active)):
                result[number] = verdict
    return result


@lru_cache(maxsize=2)
def _terms(program: Program) -> int:
    """Number of terms of grad f, nothing abstract."""
    return len(program.blocks) * term_count(program)


def covector(flow: PartFlow, law: Law) -> dict[int, Polynomial]:
    """c_k by parameter k: derivatives of the law along the lift in (theta, P), times the metric.

    M times the derivative of a primitive of theta/M is theta: functions of the kind occur under gradient flow, where they belong to M.
    """
    n, dynamics = flow.program.size, flow.dynamics
    combined: dict[int, Polynomial] = {}
    for variable, partial in law.gradient.items():
        vector, k = divmod(variable, n)
        term = partial * dynamics.lift[vector]
        combined[k] = combined[k] + term if k in combined else term
    found = flow.covector(_in_position(flow, combined), lambda k: _combination(dynamics.metric_from_position, k, n))
    for variable, coefficient, primitive in law.functions:
        term = Polynomial.variable(variable).scaled(Fraction(coefficient) / primitive.coefficient)
        found[variable] = found[variable] + term if variable in found else term
    return {k: polynomial for k, polynomial in found.items() if polynomial}


def _in_position(flow: PartFlow, polynomials: dict[int, Polynomial]) -> dict[int, Polynomial]:
    """Replace Q by its expression in (theta, P); theta takes Q's numbers."""
    n, factors = flow.program.size, flow.dynamics.first_from_position
    if len(factors) == 1 and factors[0] == Polynomial.constant(1):
        return polynomials

    def image(variable: int) -> Polynomial | None:
        return _combination(factors, variable, n) if 0 <= variable < n else None

    return {k: polynomial.substitute(image) for k, polynomial in polynomials.items()}


def _combination(factors: Iterable[Polynomial], k: int, n: int) -> Polynomial:
    return sum(
        (factor * Polynomial.variable(k + vector * n) for vector, factor in enumerate(factors) if factor),
        Polynomial({}),
    )


def _blocks(flow: PartFlow, entries: dict[int, Polynomial]) -> frozenset[str]:
    """Names of the blocks whose parameters a covector involves, as component or as variable."""
    n = flow.program.size
    variables = {v for polynomial in entries.values() for monomial in polynomial.terms for v, _ in monomial if v >= 0}
    touched = entries.keys() | {variable % n for variable in variables}
    return frozenset(flow.program.blocks[bisect_right(flow.program.starts, k) - 1][0] for k in touched)


def _identities(
    flow: PartFlow, covectors: list[dict[int, Polynomial]], active: frozenset[str] | None
) -> list[Verdict]:
    """The verdict on each covector's pairing: first with the rest abstract, then, where that is not zero, expanded in full."""
    found = _expanded(flow, covectors, active)
    if active is None or len(active) == len(flow.program.blocks):
        return found
    open_ones = [i for i, verdict in enumerate(found) if verdict is not Verdict.HOLDS]
    for i, verdict in zip(open_ones, _expanded(flow, [covectors[i] for i in open_ones], None)):
        found[i] = verdict
    return found


def _expanded(flow: PartFlow, covectors: list[dict[int, Polynomial]], active: frozenset[str] | None) -> list[Verdict]:
    """Verdicts of one expansion; where all together are too large, half of them at a time."""
    if not covectors:
        return []
    if active is None and _terms(flow.program) > LIMITS.most_expanded_terms:
        return [Verdict.TOO_LARGE] * len(covectors)
    try:
        return [Verdict.HOLDS if zero else Verdict.FAILS for zero in _pair(flow, covectors, active)]
    except TooLarge:
        half = len(covectors) // 2
        if not half:
            return [Verdict.TOO_LARGE]
        return _expanded(flow, covectors[:half], active) + _expanded(flow, covectors[half:], active)


def _pair(flow: PartFlow, covectors: list[dict[int, Polynomial]], active: frozenset[str] | None) -> list[bool]:
    gradient_index, gradient, velocities = _gradient(flow.program, active)
    owners, components, monomials, coefficients = _rows(flow, covectors, velocities)
    i, j = join(components, gradient_index)
    keys = merge(monomials[i], gradient.monomials[j])
    keys = np.concatenate([keys, owners[i][:, None]], axis=1)
    left, _ = collect(keys, coefficients[i] * gradient.coefficients[j])
    failed = set(left[:, -1].tolist())
    return [number not in failed for number in range(len(covectors))]


@lru_cache(maxsize=2)
def _gradient(program: Program, active: frozenset[str] | None) -> tuple[np.ndarray, Terms, int]:
    """Terms of grad f on the active blocks with the parameter each belongs to, and the first variable number left free."""
    expansion = Expansion(program, active)
    pieces, starts = [], []
    for number, (name, _) in enumerate(program.blocks):
        if active is None or name in active:
            piece = expansion.gradient(number)
            pieces.append(piece)
            starts.append(program.starts[number] + piece.entries)
    width = max(piece.monomials.shape[1] for piece in pieces)
    empty = np.zeros(0, dtype=np.int64)
    joined = np.concatenate([pad(piece.monomials, width) for piece in pieces])
    weights = np.concatenate([piece.coefficients for piece in pieces])
    return np.concatenate(starts), Terms((0,), empty, joined, weights), expansion.fresh


def _rows(flow: PartFlow, covectors: list[dict[int, Polynomial]], velocities: int) -> tuple[np.ndarray, ...]:
    """Terms of the covectors as arrays: law, parameter, monomial (parameters, then velocities and symbols as fresh variables)."""
    n = flow.program.size
    number = {Symbol.FREE: velocities + n, Symbol.RATE: velocities + n + 1}
    owners, components, monomials, coefficients = [], [], [], []
    for owner, entries in enumerate(covectors):
        terms = _whole_powers([(k, m, c) for k, polynomial in entries.items() for m, c in polynomial.terms.items()], n)
        shift = _lowest_exponents(terms)
        scale = lcm(*(c.denominator for _, _, c in terms))
        for k, monomial, coefficient in terms:
            raised = _raised(monomial, shift) if shift else monomial
            monomials.append([v if 0 <= v < n else number.get(v, v - n + velocities) for v, e in raised for _ in range(e)])
            coefficients.append(int(coefficient * scale))
        owners.extend([owner] * len(terms))
        components.extend(k for k, _, _ in terms)
    width = max(map(len, monomials), default=0)
    table = np.array([ids + [-1] * (width - len(ids)) for ids in monomials], dtype=np.int64).reshape(len(monomials), width)
    small = all(abs(c) < LARGEST_COEFFICIENT for c in coefficients)
    weights = np.array(coefficients, dtype=np.int64 if small else object)
    return np.array(owners, dtype=np.int64), np.array(components, dtype=np.int64), table, weights


def _whole_powers(terms: list, n: int) -> list:
    """Terms in which a symbol with fractional exponents is a power of another one. Raises ValueError if one of n parameters has some."""
    roots: dict[int, int] = {}
    for _, monomial, _ in terms:
        for variable, exponent in monomial:
            if not isinstance(exponent, int):
                if 0 <= variable < n:
                    raise ValueError("a parameter with a fractional exponent")
                roots[variable] = lcm(roots.get(variable, 1), exponent.denominator)
    if not roots:
        return terms
    return [(k, tuple((v, int(e * roots.get(v, 1))) for v, e in monomial), c) for k, monomial, c in terms]


def _raised(monomial: Monomial, shift: dict[int, int]) -> Monomial:
    """A monomial divided by that of the lowest exponents."""
    exponents = dict(monomial)
    return tuple((v, exponents.get(v, 0) - shift.get(v, 0)) for v in exponents.keys() | shift.keys())


def _lowest_exponents(terms: list) -> dict[int, int]:
    """Negative exponents to clear by multiplying the whole identity with a monomial."""
    lowest: dict[int, int] = {}
    for _, monomial, _ in terms:
        for variable, exponent in monomial:
            if exponent < lowest.get(variable, 0):
                lowest[variable] = exponent
    return lowest

"""The identity of a law at random residues: what refutes wrong candidates at once, and decides where nothing else can.

At a point theta, inputs and values of functions modulo p the gradient of f is a row of residues for each case of the
region, and a law's covector a residue for each parameter; where their product is not zero, the law fails. Where all
products are zero, at several points modulo several primes, the law holds but for an error that is bounded by degrees
(:func:`conslaw_cli.rings.bounds.cover_bound`).
"""

from __future__ import annotations

from math import ceil, log2
from random import Random

import numpy as np

from conslaw_cli.flows.part import PartFlow
from conslaw_cli.rings import jets
from conslaw_cli.rings.bounds import cover_bound
from conslaw_cli.rings.field import PRIMES, Field
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream

Covector = dict[int, Polynomial]
LOOK = 64
"""Rows that a look at candidates takes."""
LOOKS = 3
"""Points that are asked: at some of them parts of the output have no value modulo p."""
ROWS = 4_096
BITS = 100.0
PRIME_BITS = 22


def refuted(flow: PartFlow, covectors: list[Covector]) -> list[bool]:
    """For each covector whether its product with grad f is not zero at some random point of some case."""
    zero = [True] * len(covectors)
    for look in range(LOOKS):
        left = [number for number, fine in enumerate(zero) if fine]
        if not left:
            break
        for number, vanishes in zip(
            left, _vanish(flow, [covectors[k] for k in left], Stream(look), min(flow.cases.number, LOOK))
        ):
            zero[number] = vanishes
    return [not vanishes for vanishes in zero]


def error_bits(flow: PartFlow, covectors: list[Covector]) -> list[float | None]:
    """For each covector b if it annihilates grad f but for an error of 2^-b, b >= 100, and 0 if it does not; None where no bound is known."""
    if not covectors:
        return []
    bits = [_bits_per_prime(flow, entries) for entries in covectors]
    primes = [ceil(BITS / each) if each > 0 else 0 for each in bits]
    zero = [True] * len(covectors)
    for number in range(max(primes)):
        chosen = [k for k, count in enumerate(primes) if count > number and zero[k]]
        for k, vanishes in zip(
            chosen, _vanish(flow, [covectors[k] for k in chosen], Stream(number + 1), flow.cases.number)
        ):
            zero[k] = vanishes
    return [None if not count else count * each if fine else 0.0 for count, each, fine in zip(primes, bits, zero)]


def _bits_per_prime(flow: PartFlow, entries: Covector) -> float:
    """-log2 of the error of one draw at one random prime: of the prime being bad, or of the point being a zero; 0 or less for none known."""
    whole = all(e >= 0 and e == int(e) for p in entries.values() for m in p.terms for _, e in m)
    discrete = flow.cases.number > 1 and not flow.program.defined_everywhere
    if not whole or discrete or flow.cases.number > ROWS:
        return 0.0
    degree, height, roots = cover_bound(flow.program, max((p.degree for p in entries.values()), default=0), len(entries))
    if roots:
        return 0.0  # a draw at which a root has no value says nothing, and is not told from one that vanishes
    error = 2.0 ** min(500.0, degree - PRIME_BITS) + 2.0 ** min(500.0, height - log2(PRIME_BITS * PRIMES))
    return -log2(error * flow.cases.number)


def _vanish(flow: PartFlow, covectors: list[Covector], stream: Stream, cases: int) -> list[bool]:
    """Whether the products of covectors with grad f are zero at one random point for each of some cases."""
    field = flow.field(stream, "identity prime")
    ids = np.arange(1 if flow.cases.mixed else cases)
    points, rows = _rows(flow, field, stream, ids)
    found = [True] * len(covectors)
    for point, row in zip(points, rows):
        values = _Residues(field.p, {k: int(x) for k, x in enumerate(point)})
        for number, entries in enumerate(covectors):
            if found[number]:
                total = sum(polynomial.value(values, field.p) * int(row[k]) for k, polynomial in entries.items())
                found[number] = total % field.p == 0
    return found


def _rows(flow: PartFlow, field: Field, stream: Stream, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Random theta and grad f there, (draws, parameters) each; without rows that are undefined."""
    draw = flow.draw(field, stream, ids)
    points = flow.points(field, stream, "identity", np.arange(draw.count))[:, : flow.program.size]
    parameters = flow.blocks_of(points[None])
    draw.settle(lambda symbols, chosen: {name: value[:, chosen] for name, value in parameters.items()})
    gradients = jets.evaluate(field, flow.program.gradients, draw.values(parameters))
    flat = [np.broadcast_to(g, (1, draw.count, *g.shape[2:])).reshape(draw.count, -1) for g in gradients]
    return field.integers(points), field.integers(np.concatenate(flat, axis=1))


class _Residues(dict):
    """Values of theta; those of everything else are drawn when they are asked for, squares, which have all powers."""

    def __init__(self, p: int, known: dict[int, int]) -> None:
        super().__init__(known)
        self._p, self._random = p, Random(p)

    def __missing__(self, variable: int) -> int:
        self[variable] = pow(self._random.randrange(1, self._p), 2, self._p)
        return self[variable]

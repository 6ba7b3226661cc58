"""The search for laws: linear algebra over F_p class by class, rational reconstruction, exact verification.

It knows no architecture. Candidates come from rows evaluated at random points; what is returned is verified as an
identity and has independent gradients at a point, so nothing here can produce a false law.
"""

from __future__ import annotations

from dataclasses import dataclass, field as dataclass_field
from math import lcm

import numpy as np

from conslaw_cli.exact.echelon import Echelon
from conslaw_cli.exact.field import Field
from conslaw_cli.exact.polynomials import Polynomial
from conslaw_cli.exact.stream import Stream
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws import ansatz
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.selection import Selection
from conslaw_cli.steps import Listener, Step, nobody

LARGEST_DEGREE = 6
QUADRATIC_MONOMIALS = 4_500_000
MONOMIALS = 60_000
LARGEST_CLASS = 4_500
HIGHER_DEGREE_WORK = 5e9
SURPLUS_ROWS = 12
LEAST_CLASSES = 64
BATCHED_SIZE = 48
BATCH_ENTRIES = 8_000_000
REDUCED_BASIS = 200


@dataclass(frozen=True)
class Found:
    """Verified laws with independent gradients, and the largest degree whose ansatz was searched in full.

    ``candidates`` spans the solutions modulo p that were looked at, dependent ones too.
    """

    laws: tuple[Law, ...]
    degree: int
    candidates: tuple[Law, ...]


def search(flow: PartFlow, count: int, seed: int, listener: Listener = nobody) -> Found:
    """Look for ``count`` independent laws, raising the degree until they are found or the ansatz grows too large."""
    session = _Session(flow, seed, count, listener)
    steep = not flow.dynamics.second_order and max(flow.exponents) >= 2
    if count and steep:
        session.separable()
    degree = 0
    while len(session.laws) < count and degree < LARGEST_DEGREE:
        size = ansatz.monomial_count(flow.dimension, degree + 1)
        if size > (QUADRATIC_MONOMIALS if degree < 2 else MONOMIALS):
            break
        degree += 1
        if not all([session.polynomial(degree, power) for power in ((1, -1) if steep else (1,))]):
            degree -= 1
            break
    return Found(tuple(session.laws), degree, tuple(session.candidates))


@dataclass
class _Session:
    """One search: its prime, samples of (point, generator), and the laws kept so far."""

    flow: PartFlow
    seed: int
    count: int
    """How many independent laws there are to find."""
    listener: Listener = nobody
    laws: list[Law] = dataclass_field(default_factory=list)
    candidates: list[Law] = dataclass_field(default_factory=list)
    unresolved: bool = False
    """Whether some solution modulo p was no rational vector with small entries: its degree does not count as searched."""

    def __post_init__(self) -> None:
        self.stream = Stream(self.seed)
        self.field = self.flow.field(self.stream, "search prime")
        self.grading = ansatz.grading(self.flow, self.stream)
        self.selection = Selection(self.flow, self.field, self.flow.point(self.field, self.stream, 1), (), self.listener)
        self.points = np.zeros((0, self.flow.dimension + 1))
        self.ratios = np.zeros((0, self.flow.dimension + 1))

    def separable(self) -> None:
        """Search sums of one function per coordinate: the primitive of theta/g(theta) for g = theta^a (log for a = 2)."""
        exponents = np.repeat(self.flow.exponents, [r * c for _, (r, c) in self.flow.program.blocks])
        size = self.flow.dimension
        self._sample(size + SURPLUS_ROWS)
        points, ratios = self.points[: size + SURPLUS_ROWS, :size], self.ratios[: size + SURPLUS_ROWS, :size]
        rows = np.empty_like(points)
        for a in set(exponents.tolist()):
            columns = exponents == a
            values = self.field.power(points[:, columns], abs(2 - a))
            values = self.field.inverses(values) if a > 2 else values
            rows[:, columns] = self.field.multiply(values, ratios[:, columns])
            rows[:, columns] = self.field.reduce(rows[:, columns] * ((2 - a) or 1))
        self.keep([_separable_law(vector, exponents) for vector in self._kernel(rows)])

    def polynomial(self, degree: int, power: int) -> bool:
        """Search monomials of one degree, or (power -1) their inverses; False when some class was too much to solve.

        Inverses appear for M = diag(theta^a), a >= 2: for a = 2 the coordinates 1/theta move by -grad f.
        """
        self._tell(degree, "setting up")
        classes = ansatz.classes(self.flow, self.grading, degree)
        if degree > 2 and (classes.sizes.astype(float) ** 3).sum() > HIGHER_DEGREE_WORK:
            return False
        sizes = np.unique(classes.sizes)
        for size in sizes[sizes <= LARGEST_CLASS]:
            rows = classes.order[classes.starts[:-1][classes.sizes == size][:, None] + np.arange(size)]
            if size <= BATCHED_SIZE:
                rows = rows[self._singular(classes, rows, power)]
            while len(rows) and len(self.laws) < self.count:
                chunk = 2 * (self.count - len(self.laws)) + LEAST_CLASSES
                self._tell(degree, f"{len(rows)} classes of size {size} left")
                self._solve(classes.monomials[rows[:chunk]], power)
                rows = rows[chunk:]
        return bool(sizes[-1] <= LARGEST_CLASS) and not self.unresolved

    def _tell(self, degree: int, far: str) -> None:
        found = len(self.laws)
        text = f"{found} of {self.count} found, {far}"
        self.listener(Step(f"searching laws of degree {degree}", text, laws=found))

    def _solve(self, classes: np.ndarray, power: int) -> None:
        """Keep the laws in classes of one size, (classes, size, degree)."""
        found, size = [], classes.shape[1]
        chunk = max(1, BATCH_ENTRIES // (size * (size + SURPLUS_ROWS)))
        for start in range(0, len(classes), chunk):
            batch = classes[start : start + chunk]
            rows = self._evaluate(batch, size + SURPLUS_ROWS, power)
            for number, monomials in enumerate(batch):
                kernel = self._kernel(rows[:, number])
                found.extend(_polynomial_law(vector, monomials, power, self.flow.dimension) for vector in kernel)
        self.keep(found)

    def keep(self, candidates: list[Law]) -> None:
        """Keep the candidates whose gradients are new and that are verified."""
        self.candidates.extend(candidates)
        self.laws.extend(self.selection.keep(candidates))

    def _sample(self, count: int) -> None:
        """At least ``count`` samples: points and generator/point, entry by entry, with a column (1, 0) for padding."""
        missing = count - len(self.points)
        if missing <= 0:
            return
        ids = np.arange(len(self.points), len(self.points) + missing)
        points = self.field.residues(self.stream.nonzero(self.field.p, "sample", ids, self.flow.dimension))
        values = self.flow.generators(self.field, self.stream, ids)(points[None])[0]
        ratios = self.field.multiply(values, self.field.inverses(points))
        self.points = np.concatenate([self.points, np.pad(points, ((0, 0), (0, 1)), constant_values=1.0)])
        self.ratios = np.concatenate([self.ratios, np.pad(ratios, ((0, 0), (0, 1)))])

    def _evaluate(self, monomials: np.ndarray, count: int, power: int) -> np.ndarray:
        """Derivatives of monomials**power along sampled generators, (count, *monomials.shape[:-1])."""
        self._sample(count)
        points, ratios = self.points[:count], self.ratios[:count]
        product, total = points[:, monomials[..., 0]], ratios[:, monomials[..., 0]]
        for position in range(1, monomials.shape[-1]):
            product = self.field.multiply(product, points[:, monomials[..., position]])
            total = total + ratios[:, monomials[..., position]]
        if power < 0:
            product = -self.field.inverses(product)
        return self.field.multiply(product, self.field.reduce(total))

    def _singular(self, classes: ansatz.Classes, rows: np.ndarray, power: int) -> np.ndarray:
        """Mask of the classes (rows of equal size) whose square system may be singular: Gauss without row exchanges."""
        size = rows.shape[1]
        chunk = max(1, BATCH_ENTRIES // (size * size))
        masks = []
        for start in range(0, len(rows), chunk):
            matrix = self._evaluate(classes.monomials[rows[start : start + chunk]], size, power)
            matrix = np.moveaxis(matrix, 0, 1).copy()
            masks.append(_zero_pivot(self.field, matrix))
        return np.concatenate(masks)

    def _kernel(self, rows: np.ndarray) -> list[list[int]]:
        """A short integer basis of the kernel, as far as it has one with small entries."""
        echelon = Echelon(self.field, rows.shape[1])
        echelon.add(rows)
        _, basis = echelon.nullspace()
        vectors = [_integers(self.field.integers(vector), self.field.p) for vector in basis]
        self.unresolved |= None in vectors
        return _shortened([vector for vector in vectors if vector is not None])


def _zero_pivot(field: Field, matrix: np.ndarray) -> np.ndarray:
    suspect = np.zeros(len(matrix), dtype=bool)
    for j in range(matrix.shape[1]):
        pivot = matrix[:, j, j]
        suspect |= pivot == 0
        factors = field.multiply(matrix[:, j + 1 :, j], field.inverses(np.where(suspect, 1.0, pivot))[:, None])
        matrix[:, j + 1 :, j + 1 :] = field.subtract(
            matrix[:, j + 1 :, j + 1 :], field.multiply(factors[:, :, None], matrix[:, None, j, j + 1 :])
        )
    return suspect


def _integers(vector: np.ndarray, p: int) -> list[int] | None:
    """A residue vector as coprime integers by rational reconstruction, or None."""
    entries = [int(x) for x in vector]
    fractions = {x: _fraction(x, p) for x in set(entries)}
    if None in fractions.values():
        return None
    scale = lcm(*(denominator for _, denominator in fractions.values()))
    return [fractions[x][0] * (scale // fractions[x][1]) for x in entries]


def _fraction(x: int, p: int) -> tuple[int, int] | None:
    """(numerator, denominator) of absolute values below sqrt(p/2) congruent to x (Wang's algorithm)."""
    bound = int((p / 2) ** 0.5)
    a, b, u, v = p, x, 0, 1
    while b > bound:
        quotient = a // b
        a, b, u, v = b, a - quotient * b, v, u - quotient * v
    if abs(v) > bound:
        return None
    return (b, v) if v > 0 else (-b, -v)


def _shortened(vectors: list[list[int]]) -> list[list[int]]:
    """An LLL-reduced basis where supports overlap and the size allows."""
    if len(vectors) < 2 or len(vectors[0]) > REDUCED_BASIS:
        return vectors
    overlap = np.count_nonzero(np.array([[x != 0 for x in v] for v in vectors]), axis=0).max()
    if overlap < 2:
        return vectors
    from flint import fmpz_mat

    reduced = fmpz_mat(vectors).lll()
    return [[int(x) for x in row] for row in reduced.tolist()]


def _polynomial_law(vector: list[int], monomials: np.ndarray, power: int, padding: int) -> Law:
    terms = []
    for coefficient, row in zip(vector, monomials.tolist()):
        if coefficient:
            exponents: dict[int, int] = {}
            for variable in row:
                if variable != padding:
                    exponents[variable] = exponents.get(variable, 0) + power
            terms.append((tuple(sorted(exponents.items())), coefficient))
    return Law(Polynomial.of(terms).primitive())


def _separable_law(vector: list[int], exponents: np.ndarray) -> Law:
    terms, logs = [], []
    for variable, (coefficient, a) in enumerate(zip(vector, exponents.tolist())):
        if coefficient and a == 2:
            logs.append((variable, coefficient))
        elif coefficient:
            terms.append((((variable, 2 - a),), coefficient))
    return Law(Polynomial.of(terms), tuple(logs))

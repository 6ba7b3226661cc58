"""The search for laws: linear algebra over F_p class by class, rational reconstruction, exact verification.

It knows no architecture. Candidates come from rows evaluated at random points; what is kept is verified as an identity and has
independent gradients at a point, so nothing here can produce a false law. It starts with small ansatzes that are nearly always enough:
sums of one function per coordinate, or of Gram entries (:mod:`conslaw_cli.laws.gram`); all monomials come after.

That there is *no further* polynomial law up to a degree is shown class by class, a class being the monomials that the gradings
do not tell apart (every law is a sum of laws in one class each, see :mod:`conslaw_cli.rings.gradings`). The conditions on the
coefficients at sampled points modulo p hold for every rational law there, made primitive, modulo p; so the laws of a class have at most
the dimension of the kernel modulo p, whatever the points and the prime. A kernel of dimension 0 proves that there are none, and one
that products of known laws and verified ones fill proves that there are no others. A class with a kernel vector that is not
accounted for in one of these ways - it lifts to no rational vector from several primes, fails, or is too large to verify - does not
count as searched, nor does its degree. Nothing here is left to chance but that a law that depends on the others at two random points
does so generically (:meth:`Selection.settled`).
"""

from __future__ import annotations

from dataclasses import dataclass, field as dataclass_field
from fractions import Fraction
from math import prod

import numpy as np

from conslaw_cli.rings.echelon import Echelon
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.metrics import Primitive
from conslaw_cli.laws import ansatz, gram
from conslaw_cli.laws.ansatz import Functions
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.lifting import lifted
from conslaw_cli.laws.products import Products
from conslaw_cli.laws.sampling import Sampler
from conslaw_cli.laws.selection import Selection
from conslaw_cli.laws.verify import verifications
from conslaw_cli.limits import LIMITS
from conslaw_cli.steps import Step

SURPLUS_ROWS = 12
BATCHED_SIZE = 48
BATCH_ENTRIES = 8_000_000
LIFTING_PRIMES = 4


def search(flow: PartFlow, selection: Selection, seed: int) -> int:
    """Look for the laws that a selection misses, raising the degree until they are found or the ansatz grows too large.

    What is found is added to the selection; the result is the largest degree that was searched in full.
    """
    session = _Session(flow, selection, Stream(seed))
    if selection.missing and None not in flow.primitives and (len(session.known) > 1 or flow.root > 1 or any(p.symbolic for p in flow.primitives)):
        session.separable()
    if selection.missing and gram.suits(flow):
        session.gram()
    degree = 0
    while selection.missing and degree < LIMITS.degree:
        size = ansatz.monomial_count(flow.dimension, degree + 1)
        if size > (LIMITS.quadratic_monomials if degree < 2 else LIMITS.monomials):
            break
        if not all([session.polynomial(degree + 1, powers) for powers in session.known]):
            break
        degree += 1
    return degree if not selection.missing or selection.settled(session.dependent) else 0


@dataclass
class _Session:
    """One search: its samples, the laws it may build on, and those that turned out to depend on others."""

    flow: PartFlow
    selection: Selection
    stream: Stream
    dependent: list[Law] = dataclass_field(default_factory=list)

    def __post_init__(self) -> None:
        self.grading = ansatz.grading(self.flow, self.stream)
        self.samplers = [Sampler(self.flow, self.stream, number) for number in range(LIFTING_PRIMES)]
        self.known = {powers: Products(self.grading.of(powers), powers) for powers in _variables(self.flow)}
        self._learn(self.selection.kept)

    def separable(self) -> None:
        """Search sums of one function per coordinate: the primitive of theta/M."""
        primitives = self.flow.primitives
        kernels = [(s.field.p, *s.kernel(_separable_rows(s, primitives))) for s in self.samplers]
        self._offer([_separable_law(vector, primitives) for vector in self._lift(kernels) or []])

    def gram(self) -> None:
        """Search sums of coordinates and Gram entries; it says nothing about other polynomials of degree 2."""
        self._tell(2, "Gram entries")
        for _, functions in gram.classes(self.flow, self.grading):
            if not self.selection.missing:
                return
            if len(functions) <= LIMITS.monomials_in_class:
                self._offer(self._candidates(functions))

    def _candidates(self, functions: Functions) -> list[Law]:
        """A basis of the laws among the sums of Gram entries; products of known laws are not all such sums, so they take nothing away."""
        plain, kernels = (1,) * self.flow.dimension, []
        for sampler in self.samplers:
            kernels.append((sampler.field.p, *self._kernel(sampler, functions, plain)))
            if self._accounted(sampler, functions, kernels[-1][2]):
                return []
        return [_polynomial_law(vector, functions, plain, self.flow.dimension) for vector in self._lift(kernels) or []]

    def _accounted(self, sampler: Sampler, functions: Functions, basis: np.ndarray) -> bool:
        """Whether the laws kept that are such sums fill a kernel."""
        count = len(basis) + SURPLUS_ROWS
        values = sampler.sums(functions, sampler.values(functions.monomials, count, (1,) * self.flow.dimension))
        kernel, own = Echelon(sampler.field, count), Echelon(sampler.field, count)
        kernel.add(sampler.field.matmul(basis, values.T))
        polynomials = [law.polynomial for law in self.selection.kept if not law.logs and not law.functions]
        if len(basis) and polynomials:
            rows = np.array([sampler.polynomial(polynomial, count) for polynomial in polynomials])
            own.add(rows[~kernel.reduced(rows).any(axis=1)])
        return own.rank == len(basis)

    def polynomial(self, degree: int, powers: tuple[int, ...]) -> bool:
        """Search monomials of one degree in the variables coordinate**power; False when some class was not searched in full."""
        self._tell(degree, "setting up")
        classes = ansatz.classes(self.flow, self.grading.of(powers), degree)
        if (classes.sizes.astype(float) ** 3).sum() > LIMITS.degree_work:
            return False
        complete = bool(classes.sizes.max() <= LIMITS.monomials_in_class)
        for size in np.unique(classes.sizes[classes.sizes <= LIMITS.monomials_in_class]):
            numbers = np.flatnonzero(classes.sizes == size)
            if size <= BATCHED_SIZE:
                numbers = numbers[self._singular(classes, numbers, powers)]
            self._tell(degree, f"{len(numbers)} classes of size {size}")
            for number in numbers:
                if not self.selection.missing:
                    return False
                complete &= self._solve(Functions.single(classes.members(number)), int(classes.keys[number]), degree, powers)
        return complete

    def _tell(self, degree: int, far: str) -> None:
        missing = self.selection.missing
        self.selection.tell(Step(f"searching laws of degree {degree}", f"{missing} not found yet, {far}"))

    def _solve(self, functions: Functions, key: int, degree: int, powers: tuple[int, ...]) -> bool:
        """Keep the laws among the sums of functions of one class; whether all of its kernel is accounted for."""
        sampler = self.samplers[0]
        _, basis = kernel = self._kernel(sampler, functions, powers)
        if not len(basis):
            return True
        count = len(basis) + SURPLUS_ROWS + (0 if functions.alone else self.known[powers].count(key, degree))
        values = sampler.sums(functions, sampler.values(functions.monomials, count, powers))
        span = self.known[powers].rows(key, degree, sampler, count)
        if functions.alone and span.rank == len(basis):
            return True
        kernels = [(s.field.p, *self._kernel(s, functions, powers)) for s in self.samplers[1:]]
        least = min(len(basis), *(len(k[2]) for k in kernels))
        if functions.alone and span.rank == least:
            return True
        vectors = self._lift([(sampler.field.p, *kernel), *kernels])
        if vectors is None:
            return False
        rows = np.array([sampler.field.residues(np.array(vector, dtype=object)) for vector in vectors])
        fresh = np.flatnonzero(span.add(sampler.field.matmul(rows, values.T)))
        laws = [_polynomial_law(vectors[i], functions, powers, self.flow.dimension) for i in fresh]
        return self._offer(laws) and span.rank >= least

    def _kernel(self, sampler: Sampler, functions: Functions, powers: tuple[int, ...]) -> tuple[tuple[int, ...], np.ndarray]:
        terms = sampler.derivatives(functions.monomials, len(functions) + SURPLUS_ROWS, powers)
        return sampler.kernel(sampler.sums(functions, terms))

    def _lift(self, kernels: list) -> list[list[int]] | None:
        """Integer vectors for kernels (prime, free columns, basis) at several primes; None where they do not fit together."""
        if len({free for _, free, _ in kernels}) > 1:
            return None
        return lifted([(p, s.field.integers(basis)) for (p, _, basis), s in zip(kernels, self.samplers)])

    def _offer(self, laws: list[Law]) -> bool:
        """Verify candidates and keep those that are new; whether all hold."""
        found = verifications(self.flow, laws, self.selection.tell)
        holding = [law for law, one in zip(laws, found) if one.holds]
        new = self.selection.add(holding, [one for one in found if one.holds])
        self.dependent.extend(law for law in holding if law not in new)
        self._learn(holding)
        return len(holding) == len(laws)

    def _learn(self, laws: list[Law]) -> None:
        for known in self.known.values():
            known.learn(laws)

    def _singular(self, classes: ansatz.Classes, numbers: np.ndarray, powers: tuple[int, ...]) -> np.ndarray:
        """Mask of the classes (of equal size) whose square system may be singular: Gauss without row exchanges."""
        size, sampler = int(classes.sizes[numbers[0]]), self.samplers[0]
        chunk = max(1, BATCH_ENTRIES // (size * size))
        masks = []
        for start in range(0, len(numbers), chunk):
            monomials = np.array([classes.members(number) for number in numbers[start : start + chunk]])
            matrix = np.moveaxis(sampler.derivatives(monomials, size, powers), 0, 1).copy()
            masks.append(_zero_pivot(sampler.field, matrix))
        return np.concatenate(masks)


def _variables(flow: PartFlow) -> list[tuple[int, ...]]:
    """Powers 1 or -1 of the coordinates in which laws are searched: all 1, and -1 for M = diag(theta^a), a >= 2, where there is some.

    For a = 2 the coordinates 1/theta move by -grad f, for a = 3 theta/M has the primitive -1/theta; beside blocks of other metrics
    both kinds of variables meet in one law.
    """
    plain = (1,) * flow.dimension
    if flow.dynamics.second_order:
        return [plain]
    sizes = [prod(shape) for _, shape in flow.program.blocks]
    inverted = [-1 if (metric.power or 0) >= 2 else 1 for metric, size in zip(flow.metrics, sizes) for _ in range(size)]
    return list(dict.fromkeys([plain, tuple(inverted)]))


def _separable_rows(sampler: Sampler, primitives: tuple[Primitive, ...]) -> np.ndarray:
    """Derivatives of the separable functions along generators."""
    kinds = [(primitive.exponent, primitive.constant) for primitive in primitives]
    size, field = len(kinds), sampler.field
    points, ratios = (array[:, :size] for array in sampler.samples(size + SURPLUS_ROWS))
    rows = np.empty_like(points)
    for exponent in set(kinds):
        columns = np.array([other == exponent for other in kinds])
        rows[:, columns] = field.multiply(_scaled_slope(field, points[:, columns], *exponent), ratios[:, columns])
    return rows


def _scaled_slope(field: Field, points: np.ndarray, exponent: int | Fraction, constant: Fraction | None) -> np.ndarray:
    """theta times the derivative of theta^exponent, or of (theta^2 + constant)^exponent; of the logarithm for exponent 0."""
    factor = field.rationals(((Fraction(exponent or 1),),))
    if constant is None:
        return field.multiply(field.power(points, exponent), factor)
    square = field.multiply(points, points)
    outer = field.power(field.add(square, field.rationals(((constant,),))), exponent - 1)
    return field.multiply(field.multiply(outer, field.reduce(2 * square)), factor)


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


def _polynomial_law(vector: list[int], functions: Functions, powers: tuple[int, ...], padding: int) -> Law:
    terms = []
    for number, weight, row in zip(functions.function_of.tolist(), functions.weights.tolist(), functions.monomials.tolist()):
        if vector[number]:
            exponents: dict[int, int] = {}
            for variable in row:
                if variable != padding:
                    exponents[variable] = exponents.get(variable, 0) + powers[variable]
            terms.append((tuple(sorted(exponents.items())), vector[number] * weight))
    return Law(Polynomial.of(terms).primitive())


def _separable_law(vector: list[int], primitives: tuple[Primitive, ...]) -> Law:
    terms, logs, functions = [], [], []
    for variable, (coefficient, primitive) in enumerate(zip(vector, primitives)):
        if coefficient and primitive.symbolic:
            functions.append((variable, coefficient, primitive))
        elif coefficient and primitive.logarithm:
            logs.append((variable, coefficient))
        elif coefficient:
            terms.append((((variable, primitive.exponent),), coefficient))
    return Law(Polynomial.of(terms), tuple(logs), tuple(functions))

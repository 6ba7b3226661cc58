"""Values of monomials and their derivatives along generators, at random points modulo a random prime."""

from __future__ import annotations

import numpy as np

from conslaw_cli.rings.echelon import Echelon
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.ansatz import Functions


class Sampler:
    """Samples (point, generator) modulo the prime of this number; a column of ones at the end pads monomials."""

    def __init__(self, flow: PartFlow, stream: Stream, number: int) -> None:
        self.flow, self._stream = flow, Stream(stream.derive("sampler", number))
        self.field = flow.field(self._stream, "prime")
        self._points = np.zeros((0, flow.dimension + 1))
        self._ratios = np.zeros((0, flow.dimension + 1))

    def samples(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(points, generator/point entry by entry), each (count, dimension + 1)."""
        missing = count - len(self._points)
        if missing > 0:
            ids = np.arange(len(self._points), count)
            points, values = self.flow.samples(self.field, self._stream, ids)
            ratios = self.field.multiply(values, self.field.inverses(points))
            self._points = np.concatenate([self._points, np.pad(points, ((0, 0), (0, 1)), constant_values=1.0)])
            self._ratios = np.concatenate([self._ratios, np.pad(ratios, ((0, 0), (0, 1)))])
        return self._points[:count], self._ratios[:count]

    def variables(self, count: int, powers: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """(coordinates**powers, generator/coordinate * powers), each (count, dimension + 1), for powers 1 and -1."""
        points, ratios = self.samples(count)
        if -1 not in powers:
            return points, ratios
        signs = np.array([*powers, 1])
        return np.where(signs < 0, self.field.inverses(points), points), ratios * signs

    def derivatives(self, monomials: np.ndarray, count: int, powers: tuple[int, ...]) -> np.ndarray:
        """Derivatives of monomials in the variables along sampled generators, (count, *monomials.shape[:-1])."""
        ratios = self.variables(count, powers)[1]
        total = ratios[:, monomials[..., 0]]
        for position in range(1, monomials.shape[-1]):
            total = total + ratios[:, monomials[..., position]]
        return self.field.multiply(self.values(monomials, count, powers), self.field.reduce(total))

    def values(self, monomials: np.ndarray, count: int, powers: tuple[int, ...]) -> np.ndarray:
        """Values of monomials in the variables, (count, *monomials.shape[:-1])."""
        variables = self.variables(count, powers)[0]
        product = variables[:, monomials[..., 0]]
        for position in range(1, monomials.shape[-1]):
            product = self.field.multiply(product, variables[:, monomials[..., position]])
        return product

    def sums(self, functions: Functions, terms: np.ndarray) -> np.ndarray:
        """Sums over the terms of each function, (count, functions), of an array (count, terms)."""
        if len(functions) == len(functions.monomials):
            return terms
        weighted = self.field.multiply(terms, self.field.residues(functions.weights))
        return self.field.reduce(np.add.reduceat(weighted, functions.starts, axis=1))

    def polynomial(self, polynomial: Polynomial, count: int) -> np.ndarray:
        """Values of a Laurent polynomial, (count,); its constants are those of the generators."""
        points, field = self.samples(count)[0], self.field
        constants = {v: value[0, 0, 0] for v, value in self.flow.constants(field, self._stream).items()}
        total = np.zeros(count)
        for monomial, coefficient in polynomial.terms.items():
            scale = coefficient.numerator * pow(coefficient.denominator, -1, field.p)
            term = np.full(count, field.residue(scale))
            for variable, exponent in monomial:
                base = points[:, variable] if variable >= 0 else np.full(count, constants[variable])
                term = field.multiply(term, field.power(base, exponent))
            total = field.add(total, term)
        return total

    def kernel(self, rows: np.ndarray) -> tuple[tuple[int, ...], np.ndarray]:
        """(free columns, basis of the kernel with the identity on them)."""
        echelon = Echelon(self.field, rows.shape[1])
        echelon.add(rows)
        free, basis = echelon.nullspace()
        return tuple(free.tolist()), basis

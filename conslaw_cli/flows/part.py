"""The generators of one model part under a metric and a dynamics, as jets over F_p."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import count
from math import prod

import numpy as np

from conslaw_cli.rings import jets
from conslaw_cli.rings.jets import Jets
from conslaw_cli.rings.bounds import NOTHING, VARIABLE, Bound, gradient_bounds
from conslaw_cli.rings.field import Field, random_prime
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream, coefficient
from conslaw_cli.dynamics.base import RATE, SYMBOL, Dynamics
from conslaw_cli.metrics import Metric, Primitive
from conslaw_cli.metrics.base import Shape
from conslaw_cli.graph.program import Program

VectorField = Callable[[np.ndarray], np.ndarray]
"""Maps jets of states, (2^j, batch or 1, dimension), to jets of vectors, (2^j, batch, dimension)."""


@dataclass(frozen=True)
class PartFlow:
    """A part's program under a metric for each of its blocks, and a dynamics."""

    program: Program
    metrics: tuple[Metric, ...]
    dynamics: Dynamics

    @property
    def dimension(self) -> int:
        """Dimension of the part's drift coordinates."""
        return self.program.size * len(self.dynamics.coordinates)

    @property
    def numbers(self) -> set[int]:
        """Numbers that the primes worked with must not divide."""
        return self.dynamics.numbers.union(self.program.numbers, *(metric.numbers for metric in self.metrics))

    def field(self, stream: Stream, name: str) -> Field:
        """A field of a random prime that divides no number of the dynamics and the metric."""
        draws = (stream.derive(name, attempt) for attempt in count())
        while True:
            prime = random_prime(draws)
            if all(number % prime for number in self.numbers):
                return Field(prime)

    @property
    def euclidean(self) -> bool:
        """Whether the metric is Euclidean on every block."""
        return all(metric.euclidean for metric in self.metrics)

    @cached_property
    def primitives(self) -> tuple[Primitive | None, ...]:
        """The primitive of theta/M for every parameter in state order."""
        sizes = [rows * columns for _, (rows, columns) in self.program.blocks]
        return tuple(metric.primitive for metric, size in zip(self.metrics, sizes) for _ in range(size))

    @cached_property
    def metric_blocks(self) -> tuple[tuple[Metric, int, Shape], ...]:
        """(metric, first parameter, shape) of each block; a metric that mixes all parameters takes them as one block of a single row."""
        first = self.metrics[0]
        if first.of_all and not first.separate:
            return ((first, 0, (1, self.program.size)),)
        return tuple((metric, start, shape) for metric, start, (_, shape) in zip(self.metrics, self.program.starts, self.program.blocks))

    @property
    def same_signs(self) -> Iterator[tuple[int, ...]]:
        """Parameters of which an even number must change sign under a symmetry of the metric."""
        for metric, start, shape in self.metric_blocks:
            for places in metric.same_signs(shape):
                yield tuple(start + i * shape[1] + j for i, j in places)

    def covector(self, partials: dict[int, Polynomial], point: Callable[[int], Polynomial]) -> dict[int, Polynomial]:
        """M times the derivatives of a law by parameter number; ``point(k)`` is entry k of the point the metric is taken at."""
        blocks, by_block = self.metric_blocks, {}
        starts = [start for _, start, _ in blocks]
        for k, partial in partials.items():
            number = bisect_right(starts, k) - 1
            by_block.setdefault(number, {})[divmod(k - starts[number], blocks[number][2][1])] = partial
        found = {}
        for number, entries in by_block.items():
            metric, start, (_, columns) = blocks[number]
            image = metric.covector(entries, lambda place: point(start + place[0] * columns + place[1]))
            found |= {start + i * columns + j: entry for (i, j), entry in image.items()}
        return found

    @cached_property
    def bound(self) -> Bound:
        """Bound of one component of a generator, as a polynomial in the state, the coefficients and the free symbols."""
        dynamics = self.dynamics
        position, at = (_combined_bound(scalars) for scalars in (dynamics.position, dynamics.metric_point))
        gradients = gradient_bounds(self.program, position)
        if len(self.metric_blocks) < len(gradients):
            gradients = [reduce(Bound.joined, gradients)]
        components = [metric.bound(gradient, at, shape) for (metric, _, shape), gradient in zip(self.metric_blocks, gradients)]
        lifted = [w * Bound.of(factor) for w in set(components) for factor in dynamics.lift]
        return reduce(Bound.joined, lifted)

    def generators(self, field: Field, stream: Stream, ids: np.ndarray) -> VectorField:
        """A batch of generators, one for each id: coefficients and free symbol are drawn from the stream by id."""
        coefficients = {
            node.name: _draw(field, stream, coefficient(node.name), ids, prod(node.shape)).reshape(
                1, len(ids), *node.shape
            )
            for node in self.program.coefficients
        }
        symbols = {SYMBOL: _draw(field, stream, "symbol", ids, 1)[None], **self.constants(field, stream)}

        def apply(state: np.ndarray) -> np.ndarray:
            return self._apply(field, state, coefficients, symbols, len(ids))

        return apply

    def constants(self, field: Field, stream: Stream) -> dict[int, np.ndarray]:
        """A random value for a rate that is a letter."""
        return {RATE: _draw(field, stream, "rate", np.array([0]), 1)[None]}

    def point(self, field: Field, stream: Stream, counter: int = 0) -> np.ndarray:
        """A random state without zero coordinates, shape (dimension,)."""
        return _draw(field, stream, "point", np.array([counter]), self.dimension)[0]

    def _apply(self, field: Field, state: np.ndarray, coefficients: dict, symbols: dict, batch: int) -> np.ndarray:
        pieces = np.split(state, len(self.dynamics.coordinates), axis=-1)
        position = _combine(field, self.dynamics.position, pieces, symbols)
        gradients = jets.evaluate(field, self.program.gradients, self._blocks(position), coefficients)
        control = _flatten(gradients, len(state), batch)
        if not self.euclidean:
            control = self._times_metric(field, control, _combine(field, self.dynamics.metric_point, pieces, symbols))
        lifted = [jets.multiply(field, scalar(field, factor, symbols), control) for factor in self.dynamics.lift]
        return lifted[0] if len(lifted) == 1 else np.concatenate(lifted, axis=-1)

    def _times_metric(self, field: Field, control: np.ndarray, point: np.ndarray) -> np.ndarray:
        """M(point) times a gradient, both of shape (2^j, batch or 1, size)."""
        found = []
        for metric, start, shape in self.metric_blocks:
            stop = start + shape[0] * shape[1]
            gradient, at = (x[..., start:stop].reshape(*x.shape[:-1], *shape) for x in (control, point))
            moved = metric.apply(Jets(field), gradient, at)
            found.append(moved.reshape(*moved.shape[:-2], stop - start))
        return found[0] if len(found) == 1 else np.concatenate(found, axis=-1)

    def _blocks(self, state: np.ndarray) -> dict[str, np.ndarray]:
        blocks, start = {}, 0
        for name, (rows, columns) in self.program.blocks:
            stop = start + rows * columns
            blocks[name] = state[..., start:stop].reshape(*state.shape[:-1], rows, columns)
            start = stop
        return blocks


def _combined_bound(scalars: tuple) -> Bound:
    """Bound of the combination of the coordinates with these scalars."""
    return sum((Bound.of(scalar) * VARIABLE for scalar in scalars), NOTHING)


def _draw(field: Field, stream: Stream, name: str, ids: np.ndarray, size: int) -> np.ndarray:
    return field.residues(stream.nonzero(field.p, name, ids, size))


def scalar(field: Field, polynomial: Polynomial, symbols: dict[int, np.ndarray]) -> np.ndarray:
    """A scalar of the dynamics at values of its symbols, shape (1, batch or 1, 1)."""
    total = np.zeros((1, 1, 1))
    for monomial, coefficient in polynomial.terms.items():
        numerator, denominator = coefficient.numerator, coefficient.denominator
        term = np.full((1, 1, 1), field.residue(numerator * pow(denominator, -1, field.p)))
        for variable, exponent in monomial:
            term = field.multiply(term, field.power(symbols[variable], exponent))
        total = field.add(total, term)
    return total


def _combine(field: Field, scalars: tuple, pieces: list[np.ndarray], symbols: dict) -> np.ndarray:
    total = None
    for coefficient, piece in zip(scalars, pieces):
        if coefficient:
            term = piece if coefficient.terms == {(): 1} else field.multiply(scalar(field, coefficient, symbols), piece)
            total = term if total is None else field.add(total, term)
    return total


def _flatten(gradients: list[np.ndarray], size: int, batch: int) -> np.ndarray:
    parts = []
    for gradient in gradients:
        wide = np.zeros((size, batch, gradient.shape[-2] * gradient.shape[-1]))
        wide[: len(gradient)] = gradient.reshape(*gradient.shape[:2], -1)
        parts.append(wide)
    return np.concatenate(parts, axis=-1)

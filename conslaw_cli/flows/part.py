"""The generators of one model part under a metric and a dynamics, as jets over F_p."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import count
from math import gcd, lcm, prod
from operator import mul

import numpy as np

from conslaw_cli.rings import jets
from conslaw_cli.rings.jets import Jets
from conslaw_cli.rings.residues import Checked
from conslaw_cli.rings.bounds import NOTHING, VARIABLE, Bound, gradient_bounds
from conslaw_cli.rings.field import Field, random_prime
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream
from conslaw_cli.dynamics.base import ONE, Dynamics, Symbol
from conslaw_cli.flows.cases import ALONE, Cases
from conslaw_cli.flows.draws import Draw, Positions
from conslaw_cli.flows.pointsearch import best_point, rooted_points
from conslaw_cli.metrics import Metric, Primitive
from conslaw_cli.metrics.base import Divisor, Shape
from conslaw_cli.graph.program import Program

SAMPLES_TRIED = 40

VectorField = Callable[[np.ndarray], np.ndarray]
"""Maps jets of states, (2^j, batch or 1, dimension), to jets of vectors, (2^j, batch, dimension)."""


@dataclass(frozen=True)
class PartFlow:
    """A part's program under a metric for each of its blocks, and a dynamics."""

    program: Program
    metrics: tuple[Metric, ...]
    dynamics: Dynamics
    cases: Cases = ALONE

    @property
    def dimension(self) -> int:
        """Dimension of the part's drift coordinates."""
        return self.program.size * len(self.dynamics.coordinates)

    @property
    def numbers(self) -> set[int]:
        """Numbers that the primes worked with must not divide."""
        return self.dynamics.numbers.union(self.program.numbers, *(metric.numbers for metric in self.metrics))

    def field(self, stream: Stream, name: str) -> Field:
        """A field of a random prime that divides no number of the dynamics and the metric, and has the roots that the metric needs."""
        draws = (stream.derive(name, attempt) for attempt in count())
        while True:
            prime = random_prime(draws)
            if all(number % prime for number in self.numbers) and gcd((prime - 1) // 2, self.root) == 1:
                field = Field(prime)
                if field.is_square(field.rationals((tuple(self.program.radicands),))).all():
                    return field

    @cached_property
    def root(self) -> int:
        """The least common multiple of the roots in the metric and in the program."""
        return lcm(self.program.root, *(metric.root for metric in self.metrics))

    @property
    def varied(self) -> bool:
        """Whether a generator may have less in it than others: one case of many, or a row of the output that its roots leave."""
        return not self.cases.mixed or self.program.output is not None and not self.program.defined_everywhere

    @property
    def euclidean(self) -> bool:
        """Whether the metric is Euclidean on every block."""
        return all(metric.euclidean for metric in self.metrics)

    @cached_property
    def primitives(self) -> tuple[Primitive | None, ...]:
        """The primitive of theta/M for every parameter in state order."""
        return tuple(metric.primitive for metric, (_, shape) in zip(self.metrics, self.program.blocks) for _ in range(prod(shape)))

    @cached_property
    def metric_blocks(self) -> tuple[tuple[Metric, int, Shape], ...]:
        """(metric, first parameter, rows and columns) of each block; a metric that mixes all parameters takes them as one of a single row."""
        first = self.metrics[0]
        if first.of_all and not first.separate:
            return ((first, 0, (1, self.program.size)),)
        return tuple(zip(self.metrics, self.program.starts, self.program.matrices))

    @property
    def metric_of(self) -> dict[str, Metric]:
        """By name, the metric of each block by itself, where one of all parameters is made of such."""
        names = [name for name, _ in self.program.blocks]
        return dict(zip(names, self.metrics[0].on_blocks(self.program.matrices) if self.metrics[0].of_all else self.metrics))

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
            number_of = lambda place: start + place[0] * columns + place[1]
            symbol = lambda place: Polynomial.variable(4 * self.program.size + number_of(place))
            image = metric.covector(entries, lambda place: point(number_of(place)), symbol)
            found |= {start + i * columns + j: entry for (i, j), entry in image.items()}
        return found

    @cached_property
    def bound(self) -> Bound:
        """Bound of one component of a generator, or of its product with the divisor, as a polynomial in the state, the coefficients and the
        free symbols."""
        dynamics = self.dynamics
        position, at = (_combined_bound(scalars) for scalars in (dynamics.position, dynamics.metric_point))
        gradients = gradient_bounds(self.program, position)
        if len(self.metric_blocks) < len(gradients):
            gradients = [reduce(Bound.joined, gradients)]
        components = [metric.bound(gradient, at, shape) for (metric, _, shape), gradient in zip(self.metric_blocks, gradients)]
        lifted = [w * Bound.of(factor) for w in set(components) for factor in dynamics.lift]
        component = reduce(Bound.joined, lifted).summed(self.cases.per_generator)
        return component if self.divisor.bound is None else component * self.divisor.bound

    @cached_property
    def divisor(self) -> Divisor:
        """What makes all components of generators and their derivatives polynomials at once."""
        at = _combined_bound(self.dynamics.metric_point)
        found = [(metric.divisor(at), rows * columns) for metric, _, (rows, columns) in self.metric_blocks]
        bounds = [divisor.bound ** entries for divisor, entries in found if divisor.bound is not None]
        stretch, reduction = (max(getattr(divisor, name) for divisor, _ in found) for name in ("stretch", "reduction"))
        return Divisor(reduce(mul, bounds) if bounds else None, stretch, reduction)

    def generators(self, field: Field, stream: Stream, ids: np.ndarray) -> VectorField:
        """A batch of generators, one for each id: coefficients and free symbol are drawn from the stream by id."""
        return Generators(self, field, self.draw(field, stream, ids), self.constants(field, stream))

    def draw(self, field: Field, stream: Stream, ids: np.ndarray) -> Draw:
        """What such a batch is drawn from; values of the free symbol are squares where the metric has roots, for a root of c theta is one
        of c times one of theta."""
        return Draw(self.program, self.cases, field, stream, ids, self.root > 1, self.dynamics.position != (ONE,))

    def constants(self, field: Field, stream: Stream) -> dict[int, np.ndarray]:
        """A random value for a rate that is a letter."""
        return {Symbol.RATE: _draw(field, stream, "rate", np.array([0]), 1)[None]}

    def point(self, field: Field, stream: Stream, counter: int = 0) -> np.ndarray:
        """A random state without zero coordinates at which metric and program are defined, shape (dimension,)."""
        if self.program.output is None or self.program.defined_everywhere:
            return self.points(field, stream, "point", np.array([counter]))[0]
        return best_point(self, field, stream, counter)

    def samples(self, field: Field, stream: Stream, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States by number, and at each one generator's value, both (len(ids), dimension); zero at those where no output is defined."""
        points = rooted_points(self, field, stream, "sample", ids)
        values = self.generators(field, stream, ids)(points[None])[0]
        for attempt in range(1, SAMPLES_TRIED):
            empty = np.flatnonzero(~values.any(axis=1))
            if self.program.output is None or self.program.defined_everywhere or not len(empty):
                break
            points[empty] = rooted_points(self, field, stream, f"sample {attempt}", ids[empty])
            values[empty] = self.generators(field, stream, ids[empty])(points[None, empty])[0]
        return points, values

    def points(self, field: Field, stream: Stream, name: str, ids: np.ndarray) -> np.ndarray:
        """Such states by number, (len(ids), dimension): each coordinate is drawn again until the metric is defined there."""
        state, constants = _draw(field, stream, name, ids, self.dimension), self.constants(field, stream)
        for attempt in count(1):
            undefined = self._undefined(field, state, constants)
            if undefined is None or not undefined.any():
                return state
            fresh = _draw(field, stream, f"{name}, attempt {attempt}", ids, self.dimension)
            state = np.where(np.tile(undefined, len(self.dynamics.coordinates)), fresh, state)

    def _undefined(self, field: Field, state: np.ndarray, constants: dict[int, np.ndarray]) -> np.ndarray | None:
        """At which parameters of which states the metric is not defined; None if it is defined everywhere."""
        if all(metric.everywhere for metric in self.metrics):
            return None
        one = {Symbol.FREE: np.ones((1, 1, 1)), **constants}
        point = _combine(field, self.dynamics.metric_point, np.split(state[None], len(self.dynamics.coordinates), axis=-1), one)[0]
        found = []
        for metric, start, (rows, columns) in self.metric_blocks:
            at = point[:, start : start + rows * columns]
            ring = Checked(field, np.zeros(at.shape, dtype=bool))
            metric.defined(ring, at)
            found.append(ring.undefined)
        return np.concatenate(found, axis=-1)

    def times_metric(self, field: Field, control: np.ndarray, point: np.ndarray) -> np.ndarray:
        """M(point) times a gradient, both of shape (2^j, batch or 1, size)."""
        found = []
        for metric, start, shape in self.metric_blocks:
            stop = start + shape[0] * shape[1]
            gradient, at = (x[..., start:stop].reshape(*x.shape[:-1], *shape) for x in (control, point))
            moved = metric.apply(Jets(field), gradient, at)
            found.append(moved.reshape(*moved.shape[:-2], stop - start))
        return found[0] if len(found) == 1 else np.concatenate(found, axis=-1)

    def blocks_of(self, state: np.ndarray) -> dict[str, np.ndarray]:
        blocks = {}
        for (name, shape), start in zip(self.program.blocks, self.program.starts):
            blocks[name] = state[..., start : start + prod(shape)].reshape(*state.shape[:-1], *shape)
        return blocks


@dataclass
class Generators:
    """A batch of generators of a flow, as a map from jets of states, (2^j, batch or 1, n), to jets of vectors, (2^j, batch, n)."""

    flow: PartFlow
    field: Field
    draw: Draw
    constants: dict[int, np.ndarray]

    def __call__(self, state: np.ndarray) -> np.ndarray:
        flow, field, draw = self.flow, self.field, self.draw
        each = flow.cases.per_generator
        if each > 1 and state.shape[1] > 1:
            state = np.repeat(state, each, axis=1)
        draw.settle(self._positions(state[:1]))
        symbols = {Symbol.FREE: draw.symbols, **self.constants}
        pieces = np.split(state, len(flow.dynamics.coordinates), axis=-1)
        gradients = jets.evaluate(field, flow.program.gradients, draw.values(self._parameters(state, draw.symbols)))
        control = _flatten(gradients, flow.program.blocks, len(state), draw.count)
        if not flow.euclidean:
            control = flow.times_metric(field, control, _combine(field, flow.dynamics.metric_point, pieces, symbols))
        lifted = [_multiple(field, factor, control, symbols) for factor in flow.dynamics.lift]
        whole = lifted[0] if len(lifted) == 1 else np.concatenate(lifted, axis=-1)
        if each == 1:
            return whole
        return field.reduce(whole.reshape(len(whole), len(draw.ids), each, -1).sum(axis=2))

    def defined(self, states: np.ndarray) -> np.ndarray:
        """The share of each generator's outputs that are defined at states (1, batch, n)."""
        each = self.flow.cases.per_generator
        states = np.repeat(states, each, axis=1)
        shares = self.draw.settle(self._positions(states))
        return shares.reshape(-1, each).mean(axis=1)

    def _positions(self, state: np.ndarray) -> Positions:
        """theta by block, for draws at states (1, batch or 1, n)."""
        return lambda symbols, chosen: self._parameters(state if state.shape[1] == 1 else state[:, chosen], symbols)

    def _parameters(self, state: np.ndarray, symbols: np.ndarray) -> dict[str, np.ndarray]:
        """theta by block, at values of the free symbol."""
        pieces = np.split(state, len(self.flow.dynamics.coordinates), axis=-1)
        position = _combine(self.field, self.flow.dynamics.position, pieces, {Symbol.FREE: symbols, **self.constants})
        return self.flow.blocks_of(position)


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
            term = _multiple(field, coefficient, piece, symbols)
            total = term if total is None else field.add(total, term)
    return total


def _multiple(field: Field, factor: Polynomial, jet: np.ndarray, symbols: dict) -> np.ndarray:
    """A scalar of the dynamics times a jet, which stays itself where that is one."""
    return jet if factor.terms == {(): 1} else field.multiply(scalar(field, factor, symbols), jet)


def _flatten(gradients: list[np.ndarray], blocks: tuple[tuple[str, Shape], ...], size: int, batch: int) -> np.ndarray:
    """The jets of blocks, (2^j, batch or 1, *shape) each, as those of a vector, (size, batch, entries): shorter ones end in zeros."""
    ends = np.cumsum([prod(shape) for _, shape in blocks])
    flat = np.zeros((size, batch, ends[-1]))
    for gradient, (_, shape), end in zip(gradients, blocks, ends):
        flat[: len(gradient), :, end - prod(shape) : end] = gradient.reshape(*gradient.shape[:2], -1)
    return flat

"""Graphs of functionals, evaluated and differentiated in reverse over truncated dual numbers modulo a prime (graphread.py reads them)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from conslaw_cli.checker import duals
from conslaw_cli.checker.draws import LARGEST_SMALL
from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.functions import Functions
from conslaw_cli.checker.result import ReportError, Undecided
from conslaw_cli.checker.zeros import zeros_of

Shape = tuple[int, ...]
Block = tuple[str, Shape]


@dataclass(frozen=True)
class Surroundings:
    """What a network's graph needs beside parameters and coefficients: generic constants by name, branches by step, values of functions."""

    generics: dict[str, np.ndarray]
    """(1, *shape)."""
    branches: dict[int, np.ndarray]
    """(batch or 1, *shape)."""
    functions: Functions
    rule: Callable[[Chosen, np.ndarray], np.ndarray] | None = None
    """The value of a branch at an argument, where that says it."""


@dataclass(frozen=True)
class Taken:
    """The row-major numbers of the entries that are taken, or of the places that are added to."""

    index: np.ndarray


@dataclass(frozen=True)
class Chosen:
    """Which entries a branch marks: the positive ones, or the ``count`` largest along the last axis."""

    kind: str
    count: int


@dataclass(frozen=True)
class Step:
    """One node: what is done to the arguments, and the shape of the result."""

    operation: str
    arguments: tuple[int, ...]
    shape: Shape
    detail: object = None
    """A name, the entries of a constant, axes, an exponent, numbers of entries, or the kind of a branch."""
    degrees: tuple[int, int] = (0, 0)
    """In the parameters and in the coefficients."""
    size: float = 0.0
    """log2 of the sum of the absolute values of the coefficients of an entry."""
    work: int = 0
    polynomial: bool = True
    """Whether its entries are polynomials in parameters and coefficients; else the degrees are those of a fraction."""


@dataclass(frozen=True)
class Graph:
    """A functional of the blocks, in the order of the state, and of its coefficients."""

    blocks: tuple[Block, ...]
    steps: tuple[Step, ...]
    output: int | None = None
    """Of a network the step that is its value."""
    one_hot: frozenset[str] = frozenset()
    """The coefficients whose rows are one-hot vectors."""

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(prod(shape) for _, shape in self.blocks)

    @cached_property
    def coefficients(self) -> dict[str, Shape]:
        return {step.detail: step.shape for step in self.steps if step.operation == "coefficient"}

    @cached_property
    def generics(self) -> dict[str, Shape]:
        return {step.detail: step.shape for step in self.steps if step.operation == "generic"}

    @cached_property
    def branches(self) -> tuple[int, ...]:
        """The steps that are branches."""
        return tuple(number for number, step in enumerate(self.steps) if step.operation == "branch")

    @cached_property
    def steered(self) -> bool:
        """Whether coefficients that are not one-hot decide on branches: then no cases are known to be all there are."""
        below = set(self.branches)
        for number in range(len(self.steps) - 1, -1, -1):
            if number in below:
                below.update(self.steps[number].arguments)
        return any(self.steps[number].operation == "coefficient" and self.steps[number].detail not in self.one_hot for number in below)

    @cached_property
    def zeros(self) -> list[np.ndarray]:
        """Entries of each step that are zero whatever the leaves are."""
        return zeros_of(self.steps)

    @cached_property
    def partial(self) -> bool:
        """Whether some operation has no value for some arguments."""
        return any(_is_partial(step) or (step.operation == "apply" and step.detail == "log") for step in self.steps)

    @cached_property
    def rooted(self) -> bool:
        """Whether there are square roots, or sines, which take a prime modulo which -1 is no square."""
        halves = any(step.operation == "power" and step.detail.denominator > 1 for step in self.steps)
        return halves or any(step.operation == "apply" and step.detail in ("sin", "cos") for step in self.steps)

    @cached_property
    def radicands(self) -> frozenset:
        """Constants under roots."""
        roots = (self.steps[step.arguments[0]] for step in self.steps if step.operation == "power" and step.detail.denominator > 1)
        return frozenset(value for of in roots if of.operation == "constant" for value in of.detail)

    @property
    def holds(self) -> bool:
        """Whether something is held, so that the fields are not those of the functional's values."""
        return any(step.operation == "held" for step in self.steps)

    @property
    def functions(self) -> set[object]:
        """Names of the scalar functions in it."""
        return {step.detail for step in self.steps if step.operation == "apply"}

    @property
    def degrees(self) -> tuple[int, int]:
        """Of the functional, in the parameters and in the coefficients."""
        return self.steps[-1].degrees

    @cached_property
    def work(self) -> int:
        """Products and entries that an evaluation takes."""
        return sum(step.work for step in self.steps)

    def value(self, theta: dict[str, Dual], coefficients: dict[str, Dual], p: int, around: Surroundings | None = None) -> Dual:
        """The functional, of shape (batch,)."""
        return {mask: v.reshape(len(v)) for mask, v in self.values(theta, coefficients, p, around)[-1].items()}

    def gradient(
        self,
        theta: dict[str, Dual],
        coefficients: dict[str, Dual],
        p: int,
        by: str = "parameter",
        around: Surroundings | None = None,
    ) -> dict[str, Dual]:
        """The gradient by each block of parameters, or by each coefficient; arrays have a leading batch axis."""
        values = self.values(theta, coefficients, p, around)
        live = self._depends_on(by)
        adjoints: dict[int, Dual] = {len(self.steps) - 1: {0: np.ones((1, *self.steps[-1].shape), dtype=np.int64 if p < LARGEST_SMALL else object)}}
        found: dict[str, Dual] = {}
        for number in reversed(range(len(self.steps))):
            adjoint, step = adjoints.pop(number, None), self.steps[number]
            if adjoint is None or not live[number]:
                continue
            if step.operation == by:
                found[step.detail] = duals.add(found[step.detail], adjoint, p) if step.detail in found else adjoint
            for place, argument in enumerate(step.arguments):
                if live[argument]:
                    part = _pulled_back(step, place, adjoint, [values[a] for a in (*step.arguments, number)], p, around)
                    adjoints[argument] = duals.add(adjoints[argument], part, p) if argument in adjoints else part
        return found

    def values(
        self, theta: dict[str, Dual], coefficients: dict[str, Dual], p: int, around: Surroundings | None = None, last: int | None = None
    ) -> list[Dual]:
        """The values of the steps up to ``last``."""
        found: list[Dual] = []
        for number, step in enumerate(self.steps if last is None else self.steps[: last + 1]):
            match step.operation:
                case "parameter":
                    found.append(theta[step.detail])
                case "coefficient":
                    found.append(coefficients[step.detail])
                case "constant":
                    found.append({0: self.constant(step, p)})
                case "generic" | "branch" if around is None:
                    raise Undecided("branches or generic constants in a graph")
                case "generic":
                    found.append({0: around.generics[step.detail]})
                case "branch" if around.rule:
                    found.append({0: around.rule(step.detail, found[step.arguments[0]][0])})
                case "branch":
                    found.append({0: around.branches[number]})
                case _:
                    found.append(_value(step, [found[argument] for argument in step.arguments], p, around))
        return found

    def constant(self, step: Step, p: int) -> np.ndarray:
        if (id(step), p) not in self._constants:
            self._constants[id(step), p] = _residues(step, p)
        return self._constants[id(step), p]

    @cached_property
    def _constants(self) -> dict[tuple[int, int], np.ndarray]:
        """Residues of constants, once they were asked for."""
        return {}

    def _depends_on(self, kind: str) -> list[bool]:
        """Which steps an adjoint is pulled back through: branches are constant, and what is held is taken for constant."""
        found: list[bool] = []
        for step in self.steps:
            carries = step.operation not in ("branch", "held")
            found.append(step.operation == kind or (carries and any(found[argument] for argument in step.arguments)))
        return found


def _value(step: Step, of: list[Dual], p: int, around: Surroundings | None) -> Dual:
    match step.operation:
        case "add":
            return duals.add(*of, p)
        case "multiply":
            return duals.product(*of, p)
        case "matmul":
            return duals.product(*of, p, _matmul)
        case "power" if not _is_partial(step):
            return duals.power(of[0], step.detail, p)
        case "permute":
            return _each(of[0], lambda v: v.transpose(0, *(axis + 1 for axis in step.detail)))
        case "sum":
            return _each(of[0], lambda v: v.sum(axis=tuple(axis + 1 for axis in step.detail)) % p)
        case "broadcast":
            return _each(of[0], lambda v: np.broadcast_to(v, (len(v), *step.shape)))
        case "reshape":
            return _each(of[0], lambda v: v.reshape(len(v), *step.shape))
        case "held":
            return of[0]
        case "gather":
            return _each(of[0], lambda v: v.reshape(len(v), -1)[:, step.detail.index].reshape(len(v), *step.shape))
        case "scatter":
            return _each(of[0], lambda v: _scattered(v, step.detail.index, step.shape) % p)
    if around is None:
        raise Undecided(f"{'the function ' if step.operation == 'apply' else ''}{step.detail} in a graph")
    return around.functions.power(of[0], step.detail) if step.operation == "power" else around.functions.value(step.detail, of[0])


def _pulled_back(step: Step, place: int, adjoint: Dual, of: list[Dual], p: int, around: Surroundings | None) -> Dual:
    """What an adjoint adds to that of the argument at a place; ``of`` holds the arguments and last the value."""
    before = next(iter(of[place].values())).shape[1:]
    match step.operation:
        case "add":
            return adjoint
        case "multiply":
            return duals.product(adjoint, of[1 - place], p)
        case "matmul" if place == 0:
            return duals.product(adjoint, _each(of[1], _turned), p, _matmul)
        case "matmul":
            return duals.product(_each(of[0], _turned), adjoint, p, _matmul)
        case "power" if step.detail == 1:
            return adjoint
        case "power" if not _is_partial(step):
            slope = duals.scaled(duals.power(of[0], step.detail - 1, p), step.detail.numerator % p, p)
            return duals.product(adjoint, slope, p)
        case "power":
            return duals.product(adjoint, around.functions.slope_of_power(step.detail, of[0], of[-1]), p)
        case "apply":
            return duals.product(adjoint, around.functions.slope(step.detail, of[0], of[-1]), p)
    return _each(adjoint, lambda v: _moved_back(step, v, before) % p)


def _moved_back(step: Step, v: np.ndarray, before: Shape) -> np.ndarray:
    """The transpose of an operation that only moves entries, or adds them up."""
    match step.operation:
        case "permute":
            back = sorted(range(len(step.detail)), key=step.detail.__getitem__)
            return v.transpose(0, *(axis + 1 for axis in back))
        case "sum":
            kept = tuple(1 if axis in step.detail else size for axis, size in enumerate(before))
            return np.broadcast_to(v.reshape(len(v), *kept), (len(v), *before))
        case "broadcast":
            repeated = tuple(axis + 1 for axis, (a, b) in enumerate(zip(before, step.shape)) if a != b)
            return v.sum(axis=repeated, keepdims=True)
        case "reshape":
            return v.reshape(len(v), *before)
        case "gather":
            return _scattered(v, step.detail.index, before)
        case "scatter":
            return v.reshape(len(v), -1)[:, step.detail.index].reshape(len(v), *before)
    raise Undecided(f"the operation {step.operation} in a graph")


def _is_partial(step: Step) -> bool:
    """Whether it is a power that not every number has."""
    return step.operation == "power" and (step.detail < 1 or step.detail.denominator > 1)


def _scattered(v: np.ndarray, index: np.ndarray, shape: Shape) -> np.ndarray:
    """Each entry added to its place, not reduced."""
    total = np.zeros((len(v), prod(shape)), dtype=v.dtype)
    np.add.at(total, (slice(None), index), v.reshape(len(v), -1))
    return total.reshape(len(v), *shape)


def _each(a: Dual, act) -> Dual:
    return {mask: act(v) for mask, v in a.items()}


def _turned(array: np.ndarray) -> np.ndarray:
    return np.swapaxes(array, -1, -2)


def _matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sums of very many products of int64 would overflow."""
    return np.matmul(a.astype(object), b) if a.shape[-1] > 2**15 else np.matmul(a, b)


def _residues(step: Step, p: int) -> np.ndarray:
    if any(not value.denominator % p for value in step.detail):
        raise ReportError(f"the prime {p} divides a denominator in the graph")
    numbers = [value.numerator * pow(value.denominator, -1, p) % p for value in step.detail]
    return np.array(numbers, dtype=np.int64 if p < LARGEST_SMALL else object).reshape(1, *step.shape)

"""Graphs of functionals, evaluated and differentiated in reverse over truncated dual numbers modulo a prime (graphread.py reads them)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from conslaw_cli.checker import duals
from conslaw_cli.checker.draws import LARGEST_SMALL
from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.result import ReportError, Undecided

Shape = tuple[int, ...]
Block = tuple[str, tuple[int, int]]


@dataclass(frozen=True)
class Step:
    """One node: what is done to the arguments, and the shape of the result."""

    operation: str
    arguments: tuple[int, ...]
    shape: Shape
    detail: object = None
    """A name, the entries of a constant, axes, or an exponent."""
    degrees: tuple[int, int] = (0, 0)
    """In the parameters and in the coefficients."""
    size: float = 0.0
    """log2 of the sum of the absolute values of the coefficients of an entry."""
    work: int = 0


@dataclass(frozen=True)
class Graph:
    """A functional of the blocks, in the order of the state, and of its coefficients."""

    blocks: tuple[Block, ...]
    steps: tuple[Step, ...]

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(prod(shape) for _, shape in self.blocks)

    @cached_property
    def coefficients(self) -> dict[str, Shape]:
        return {step.detail: step.shape for step in self.steps if step.operation == "coefficient"}

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

    def value(self, theta: dict[str, Dual], coefficients: dict[str, Dual], p: int) -> Dual:
        """The functional, of shape (batch,)."""
        return {mask: v.reshape(len(v)) for mask, v in self._values(theta, coefficients, p)[-1].items()}

    def gradient(
        self, theta: dict[str, Dual], coefficients: dict[str, Dual], p: int, by: str = "parameter"
    ) -> dict[str, Dual]:
        """The gradient by each block of parameters, or by each coefficient; arrays have a leading batch axis."""
        values = self._values(theta, coefficients, p)
        live = self._depends_on(by)
        adjoints: dict[int, Dual] = {len(self.steps) - 1: {0: np.ones((1, *self.steps[-1].shape), dtype=np.int64)}}
        found: dict[str, Dual] = {}
        for number in reversed(range(len(self.steps))):
            adjoint, step = adjoints.pop(number, None), self.steps[number]
            if adjoint is None or not live[number]:
                continue
            if step.operation == by:
                found[step.detail] = duals.add(found[step.detail], adjoint, p) if step.detail in found else adjoint
            for place, argument in enumerate(step.arguments):
                if live[argument]:
                    part = _pulled_back(step, place, adjoint, [values[a] for a in step.arguments], p)
                    adjoints[argument] = duals.add(adjoints[argument], part, p) if argument in adjoints else part
        return found

    def _values(self, theta: dict[str, Dual], coefficients: dict[str, Dual], p: int) -> list[Dual]:
        found: list[Dual] = []
        for step in self.steps:
            if step.operation in ("parameter", "coefficient"):
                found.append((theta if step.operation == "parameter" else coefficients)[step.detail])
            elif step.operation == "constant":
                found.append({0: self._constant(step, p)})
            else:
                found.append(_value(step, [found[argument] for argument in step.arguments], p))
        return found

    def _constant(self, step: Step, p: int) -> np.ndarray:
        if (id(step), p) not in self._constants:
            self._constants[id(step), p] = _residues(step, p)
        return self._constants[id(step), p]

    @cached_property
    def _constants(self) -> dict[tuple[int, int], np.ndarray]:
        """Residues of constants, once they were asked for."""
        return {}

    def _depends_on(self, kind: str) -> list[bool]:
        found: list[bool] = []
        for step in self.steps:
            found.append(step.operation == kind or any(found[argument] for argument in step.arguments))
        return found


def _value(step: Step, of: list[Dual], p: int) -> Dual:
    match step.operation:
        case "add":
            return duals.add(*of, p)
        case "multiply":
            return duals.product(*of, p)
        case "matmul":
            return duals.product(*of, p, _matmul)
        case "power":
            return duals.power(of[0], step.detail, p)
        case "permute":
            return _each(of[0], lambda v: v.transpose(0, *(axis + 1 for axis in step.detail)))
        case "sum":
            return _each(of[0], lambda v: v.sum(axis=tuple(axis + 1 for axis in step.detail)) % p)
        case "broadcast":
            return _each(of[0], lambda v: np.broadcast_to(v, (len(v), *step.shape)))
        case "reshape":
            return _each(of[0], lambda v: v.reshape(len(v), *step.shape))
    raise Undecided(f"the function {step.detail} in a graph")


def _pulled_back(step: Step, place: int, adjoint: Dual, of: list[Dual], p: int) -> Dual:
    """What an adjoint adds to that of the argument at a place."""
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
        case "power":
            slope = duals.scaled(duals.power(of[0], step.detail - 1, p), step.detail % p, p)
            return duals.product(adjoint, slope, p)
        case "permute":
            back = sorted(range(len(step.detail)), key=step.detail.__getitem__)
            return _each(adjoint, lambda v: v.transpose(0, *(axis + 1 for axis in back)))
        case "sum":
            kept = tuple(1 if axis in step.detail else size for axis, size in enumerate(before))
            return _each(adjoint, lambda v: np.broadcast_to(v.reshape(len(v), *kept), (len(v), *before)))
        case "broadcast":
            repeated = tuple(axis + 1 for axis, (a, b) in enumerate(zip(before, step.shape)) if a != b)
            return _each(adjoint, lambda v: v.sum(axis=repeated, keepdims=True) % p)
        case "reshape":
            return _each(adjoint, lambda v: v.reshape(len(v), *before))
    raise Undecided(f"the function {step.detail} in a graph")


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

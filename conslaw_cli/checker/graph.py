"""The graph in a certificate: read with suspicion, evaluated and differentiated over truncated dual numbers modulo a prime.

An entry is ``[operation, ...]``, its arguments are numbers of earlier entries: parameter and coefficient: name, shape; constant: shape,
entries in row-major order (integers, or fractions as "p/q"); add, multiply, matmul: two arguments; permute, sum: argument, axes;
broadcast, reshape: argument, shape; power: argument, exponent; apply: function, argument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import log2, prod

import numpy as np

from conslaw_cli.checker import duals
from conslaw_cli.checker.draws import LARGEST_SMALL
from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.result import ReportError, Undecided, entry

Shape = tuple[int, ...]
Block = tuple[str, tuple[int, int]]
MOST_NODES = 20_000
MOST_AXES = 8
MOST_WORK = 2**26
"""Products and entries that one evaluation of a graph may take."""
LARGEST_DEGREE = 10_000
FUNCTIONS = frozenset({"exp", "tanh", "sigmoid"})
_NUMBER = re.compile(r"-?\d{1,40}/[1-9]\d{0,40}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")


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
    def degrees(self) -> tuple[int, int]:
        """Of the functional, in the parameters and in the coefficients."""
        return self.steps[-1].degrees

    @cached_property
    def work(self) -> int:
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
            else:
                found.append(_value(step, [found[argument] for argument in step.arguments], p))
        return found

    def _depends_on(self, kind: str) -> list[bool]:
        found: list[bool] = []
        for step in self.steps:
            found.append(step.operation == kind or any(found[argument] for argument in step.arguments))
        return found


def _value(step: Step, of: list[Dual], p: int) -> Dual:
    match step.operation:
        case "constant":
            return {0: _residues(step, p)}
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


def read_graph(data: object, blocks: tuple[Block, ...], where: str, most_work: int = MOST_WORK) -> Graph:
    """The graph of a functional of exactly these blocks. Raises ReportError."""
    nodes = entry(data, "nodes", list, where)
    if set(data) != {"nodes", "functional"}:
        raise ReportError(f"{where} must have nodes and functional, and nothing else")
    if not 0 < len(nodes) <= MOST_NODES:
        raise ReportError(f"{where}.nodes must hold from 1 to {MOST_NODES} nodes")
    if entry(data, "functional", int, where) != len(nodes) - 1:
        raise ReportError(f"{where}.functional must be {len(nodes) - 1}, the number of the last node")
    reader = _Reader(dict(blocks), most_work)
    for number, node in enumerate(nodes):
        try:
            reader.read(node)
        except _Fault as fault:
            raise ReportError(f"{where}.nodes[{number}]: {fault}") from None
    if prod(reader.steps[-1].shape) != 1:
        raise ReportError(f"{where}.functional must have one entry, not the shape {list(reader.steps[-1].shape)}")
    if unused := [name for name, _ in blocks if name not in reader.seen["parameter"]]:
        raise ReportError(f"{where} does not depend on the block {unused[0]!r}")
    if idle := set(range(len(nodes) - 1)) - {argument for step in reader.steps for argument in step.arguments}:
        raise ReportError(f"{where}.nodes[{min(idle)}] is used by no other node")
    return Graph(blocks, tuple(reader.steps))


class _Fault(ValueError):
    """What is wrong with a node."""


class _Reader:
    """Nodes one after another, each of earlier ones."""

    def __init__(self, blocks: dict[str, tuple[int, int]], most_work: int) -> None:
        self.blocks, self.left, self.steps = blocks, most_work, []
        self.seen: dict[str, dict[str, Shape]] = {"parameter": {}, "coefficient": {}}

    def read(self, node: object) -> None:
        """Raises _Fault."""
        if not isinstance(node, list) or len(node) != 3 or not isinstance(node[0], str):
            raise _Fault("a node must be [operation, ...] of three entries")
        rule = getattr(self, f"_{node[0]}", None) if node[0] in OPERATIONS else None
        if rule is None:
            raise _Fault(f"the operation {node[0][:40]!r} is none of {', '.join(OPERATIONS)}")
        step = rule(*node)
        self.left -= step.work
        if self.left < 0:
            raise _Fault("the graph is too large for this checker")
        if max(step.degrees) > LARGEST_DEGREE:
            raise _Fault(f"a polynomial of a degree above {LARGEST_DEGREE}")
        self.steps.append(step)

    def _parameter(self, operation: str, name: object, shape: object) -> Step:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _Fault("a name must be made of letters, digits and _")
        own = self._shape(shape)
        if operation == "parameter" and self.blocks.get(name) != own:
            raise _Fault(f"the part has no block {name!r} of shape {list(own)}")
        if self.seen[operation].setdefault(name, own) != own:
            raise _Fault(f"{name!r} has another shape in an earlier node")
        return Step(operation, (), own, name, (1, 0) if operation == "parameter" else (0, 1), 0.0, prod(own))

    _coefficient = _parameter

    def _constant(self, operation: str, shape: object, entries: object) -> Step:
        own = self._shape(shape)
        if not isinstance(entries, list) or len(entries) != prod(own) or not all(map(_exact, entries)):
            raise _Fault(f'a constant of shape {list(own)} has {prod(own)} entries, whole numbers or fractions as "p/q"')
        values = tuple(map(Fraction, entries))
        size = log2(max([1, *(abs(v.numerator) * v.denominator for v in values)]))
        return Step(operation, (), own, values, (0, 0), size, prod(own))

    def _add(self, operation: str, left: object, right: object) -> Step:
        a, b = self._argument(left), self._argument(right)
        if a.shape != b.shape:
            raise _Fault(f"the arguments have the shapes {list(a.shape)} and {list(b.shape)}")
        degrees, size = tuple(map(max, a.degrees, b.degrees)), max(a.size, b.size) + 1
        if operation == "multiply":
            degrees, size = tuple(map(sum, zip(a.degrees, b.degrees))), a.size + b.size
        return Step(operation, (left, right), a.shape, None, degrees, size, prod(a.shape))

    _multiply = _add

    def _matmul(self, operation: str, left: object, right: object) -> Step:
        a, b = self._argument(left), self._argument(right)
        matrices = min(len(a.shape), len(b.shape)) > 1
        if not matrices or a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
            raise _Fault(f"matrices of the shapes {list(a.shape)} and {list(b.shape)} have no product")
        degrees, shape = tuple(map(sum, zip(a.degrees, b.degrees))), (*a.shape[:-1], b.shape[-1])
        size = a.size + b.size + log2(a.shape[-1])
        return Step(operation, (left, right), shape, None, degrees, size, prod(shape) * a.shape[-1])

    def _permute(self, operation: str, of: object, axes: object) -> Step:
        a = self._argument(of)
        if not isinstance(axes, list) or not all(type(axis) is int for axis in axes) or sorted(axes) != list(range(len(a.shape))):
            raise _Fault(f"axes must be the numbers from 0 to {len(a.shape) - 1} in some order")
        return Step(operation, (of,), tuple(a.shape[axis] for axis in axes), tuple(axes), a.degrees, a.size, prod(a.shape))

    def _sum(self, operation: str, of: object, axes: object) -> Step:
        a = self._argument(of)
        valid = isinstance(axes, list) and axes and all(type(axis) is int and 0 <= axis < len(a.shape) for axis in axes)
        if not valid or sorted(set(axes)) != axes:
            raise _Fault(f"axes must be different numbers from 0 to {len(a.shape) - 1}, in order")
        shape = tuple(size for axis, size in enumerate(a.shape) if axis not in axes)
        size = a.size + log2(prod(a.shape[axis] for axis in axes))
        return Step(operation, (of,), shape, tuple(axes), a.degrees, size, prod(a.shape))

    def _broadcast(self, operation: str, of: object, shape: object) -> Step:
        a, own = self._argument(of), self._shape(shape)
        if len(a.shape) != len(own) or any(x not in (1, y) for x, y in zip(a.shape, own)):
            raise _Fault(f"the shape {list(a.shape)} cannot be broadcast to {list(own)}")
        return Step(operation, (of,), own, None, a.degrees, a.size, prod(own))

    def _reshape(self, operation: str, of: object, shape: object) -> Step:
        a, own = self._argument(of), self._shape(shape)
        if prod(a.shape) != prod(own):
            raise _Fault(f"the shape {list(a.shape)} cannot be made {list(own)}")
        return Step(operation, (of,), own, None, a.degrees, a.size, prod(own))

    def _power(self, operation: str, of: object, exponent: object) -> Step:
        a = self._argument(of)
        if type(exponent) is not int or not 1 <= exponent <= LARGEST_DEGREE:
            raise _Fault(f"an exponent must be a whole number from 1 to {LARGEST_DEGREE}")
        degrees = tuple(exponent * degree for degree in a.degrees)
        return Step(operation, (of,), a.shape, exponent, degrees, a.size * exponent, prod(a.shape) * exponent.bit_length())

    def _apply(self, operation: str, function: object, of: object) -> Step:
        a = self._argument(of)
        if not isinstance(function, str) or function not in FUNCTIONS:
            raise _Fault(f"the function must be one of {', '.join(sorted(FUNCTIONS))}")
        return Step(operation, (of,), a.shape, function, a.degrees, a.size, prod(a.shape))

    def _argument(self, number: object) -> Step:
        if type(number) is not int or not 0 <= number < len(self.steps):
            raise _Fault(f"an argument must be the number of an earlier node, from 0 to {len(self.steps) - 1}")
        return self.steps[number]

    def _shape(self, shape: object) -> Shape:
        valid = isinstance(shape, list) and len(shape) <= MOST_AXES
        if not valid or not all(type(size) is int and 0 < size <= self.left for size in shape):
            raise _Fault(f"a shape must be a list of at most {MOST_AXES} positive whole numbers, not too large for this checker")
        return tuple(shape)


OPERATIONS = tuple("parameter coefficient constant add multiply matmul permute sum broadcast reshape power apply".split())


def _exact(value: object) -> bool:
    return (type(value) is int and abs(value) < 10**40) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value)))

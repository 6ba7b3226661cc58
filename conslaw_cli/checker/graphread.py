"""The graph in a certificate, read with suspicion: every node, shape and number is checked, and the work that it may cause is bounded.

A node is ``[operation, ...]``, its arguments are numbers of earlier nodes: parameter and coefficient: name, shape, and for a coefficient
with one-hot rows "one-hot"; generic: name, shape; constant: shape, entries in row-major order (integers, or fractions as "p/q"); add,
multiply, matmul: two arguments; permute, sum: argument, axes; broadcast, reshape: argument, shape; gather, scatter: argument, shape,
numbers of the entries taken or of the places added to; power: argument, exponent (an integer, or half of one as "p/2"); apply:
function, argument; branch: argument, kind, count; held: an argument, a constant where the functional is differentiated.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil, log2, prod

import numpy as np

from conslaw_cli.checker.functions import NAMES
from conslaw_cli.checker.graph import Block, Chosen, Graph, Shape, Step, Taken
from conslaw_cli.checker.result import ReportError, entry

MOST_NODES = 20_000
MOST_AXES = 14
MOST_WORK = 2**22
"""Products and entries that one evaluation of a graph may take."""
LARGEST_DEGREE = 10_000
LARGEST_FRACTION = 2**200
"""The degree of a fraction is not followed further."""
OPERATIONS = tuple(
    "parameter coefficient generic constant add multiply matmul permute sum broadcast reshape gather scatter power apply branch held".split()
)
LENGTHS = {"coefficient": (3, 4), "gather": (4,), "scatter": (4,), "branch": (4,), "held": (2,)}
"""Entries of a node that has not three."""
KINDS = ("positive", "top")
_NUMBER = re.compile(r"-?\d{1,40}/[1-9]\d{0,40}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}'?")
_GENERIC = re.compile(r"[A-Za-z][A-Za-z0-9_()/.+-]{0,80}")
_HALF = re.compile(r"-?\d{1,4}/2")


def read_graph(data: object, blocks: tuple[Block, ...], where: str, most_work: int = MOST_WORK) -> Graph:
    """The graph of a functional of exactly these blocks. Raises ReportError."""
    nodes = entry(data, "nodes", list, where)
    if not {"nodes", "functional"} <= set(data) <= {"nodes", "functional", "output"}:
        raise ReportError(f"{where} must have nodes and functional, of a network its output, and nothing else")
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
    output = entry(data, "output", int, where) if "output" in data else None
    if output is not None and not 0 <= output < len(nodes):
        raise ReportError(f"{where}.output must be the number of a node")
    if prod(reader.steps[-1].shape) != 1:
        raise ReportError(f"{where}.functional must have one entry, not the shape {list(reader.steps[-1].shape)}")
    if unused := [name for name, _ in blocks if name not in reader.seen["parameter"]]:
        raise ReportError(f"{where} does not depend on the block {unused[0]!r}")
    if idle := set(range(len(nodes) - 1)) - {argument for step in reader.steps for argument in step.arguments}:
        raise ReportError(f"{where}.nodes[{min(idle)}] is used by no other node")
    return Graph(blocks, tuple(reader.steps), output, frozenset(reader.one_hot))


class _Fault(ValueError):
    """What is wrong with a node."""


class _Reader:
    """Nodes one after another, each of earlier ones."""

    def __init__(self, blocks: dict[str, Shape], most_work: int) -> None:
        self.blocks, self.left, self.steps = blocks, most_work, []
        self.seen: dict[str, dict[str, Shape]] = {"parameter": {}, "coefficient": {}, "generic": {}}
        self.one_hot: set[str] = set()

    def read(self, node: object) -> None:
        """Raises _Fault."""
        if not isinstance(node, list) or not node or not isinstance(node[0], str) or len(node) not in LENGTHS.get(node[0], (3,)):
            raise _Fault("a node must be [operation, ...], for most operations of three entries")
        rule = getattr(self, f"_{node[0]}", None) if node[0] in OPERATIONS else None
        if rule is None:
            raise _Fault(f"the operation {node[0][:40]!r} is none of {', '.join(OPERATIONS)}")
        step = rule(*node)
        self.left -= step.work
        if self.left < 0:
            raise _Fault("the graph is too large for this checker")
        if step.polynomial and max(step.degrees) > LARGEST_DEGREE:
            raise _Fault(f"a polynomial of a degree above {LARGEST_DEGREE}")
        self.steps.append(step)

    def _parameter(self, operation: str, name: object, shape: object) -> Step:
        pattern = _GENERIC if operation == "generic" else _NAME
        if not isinstance(name, str) or not pattern.fullmatch(name):
            raise _Fault("a name must be made of letters, digits and _")
        own = self._shape(shape)
        if operation == "parameter" and self.blocks.get(name) != own:
            raise _Fault(f"the part has no block {name!r} of shape {list(own)}")
        if self.seen[operation].setdefault(name, own) != own:
            raise _Fault(f"{name!r} has another shape in an earlier node")
        degrees = {"parameter": (1, 0), "coefficient": (0, 1), "generic": (0, 0)}[operation]
        return Step(operation, (), own, name, degrees, 0.0, prod(own))

    _generic = _parameter

    def _coefficient(self, operation: str, name: object, shape: object, values: object = "free") -> Step:
        if values not in ("free", "one-hot"):
            raise _Fault('a coefficient is free, or "one-hot"')
        step = self._parameter(operation, name, shape)
        if any(other.detail == name for other in self.steps if other.operation == operation) and (name in self.one_hot) != (values != "free"):
            raise _Fault(f"{name!r} is not the same in an earlier node")
        if values != "free":
            if not step.shape:
                raise _Fault("one-hot vectors have an axis")
            self.one_hot.add(name)
        return step

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
        polynomial, size = a.polynomial and b.polynomial, max(a.size, b.size) + 1
        degrees = tuple(map(max if polynomial else _capped, a.degrees, b.degrees))
        if operation == "multiply":
            degrees, size = tuple(map(_capped, a.degrees, b.degrees)), a.size + b.size
        return Step(operation, (left, right), a.shape, None, degrees, size, prod(a.shape), polynomial)

    _multiply = _add

    def _matmul(self, operation: str, left: object, right: object) -> Step:
        a, b = self._argument(left), self._argument(right)
        matrices = min(len(a.shape), len(b.shape)) > 1
        if not matrices or a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
            raise _Fault(f"matrices of the shapes {list(a.shape)} and {list(b.shape)} have no product")
        degrees, shape = tuple(map(_capped, a.degrees, b.degrees)), (*a.shape[:-1], b.shape[-1])
        polynomial, size = a.polynomial and b.polynomial, a.size + b.size + log2(a.shape[-1])
        degrees = degrees if polynomial else _times(degrees, a.shape[-1])
        return Step(operation, (left, right), shape, None, degrees, size, prod(shape) * a.shape[-1], polynomial)

    def _permute(self, operation: str, of: object, axes: object) -> Step:
        a = self._argument(of)
        if not isinstance(axes, list) or not all(type(axis) is int for axis in axes) or sorted(axes) != list(range(len(a.shape))):
            raise _Fault(f"axes must be the numbers from 0 to {len(a.shape) - 1} in some order")
        return self._same(operation, of, a, tuple(a.shape[axis] for axis in axes), tuple(axes))

    def _sum(self, operation: str, of: object, axes: object) -> Step:
        a = self._argument(of)
        valid = isinstance(axes, list) and axes and all(type(axis) is int and 0 <= axis < len(a.shape) for axis in axes)
        if not valid or sorted(set(axes)) != axes:
            raise _Fault(f"axes must be different numbers from 0 to {len(a.shape) - 1}, in order")
        shape = tuple(size for axis, size in enumerate(a.shape) if axis not in axes)
        added = prod(a.shape[axis] for axis in axes)
        degrees = a.degrees if a.polynomial else _times(a.degrees, added)
        return Step(operation, (of,), shape, tuple(axes), degrees, a.size + log2(added), prod(a.shape), a.polynomial)

    def _broadcast(self, operation: str, of: object, shape: object) -> Step:
        a, own = self._argument(of), self._shape(shape)
        if len(a.shape) != len(own) or any(x not in (1, y) for x, y in zip(a.shape, own)):
            raise _Fault(f"the shape {list(a.shape)} cannot be broadcast to {list(own)}")
        return self._same(operation, of, a, own, None)

    def _reshape(self, operation: str, of: object, shape: object) -> Step:
        a, own = self._argument(of), self._shape(shape)
        if prod(a.shape) != prod(own):
            raise _Fault(f"the shape {list(a.shape)} cannot be made {list(own)}")
        return self._same(operation, of, a, own, None)

    def _held(self, operation: str, of: object) -> Step:
        a = self._argument(of)
        return self._same(operation, of, a, a.shape, None)

    def _gather(self, operation: str, of: object, shape: object, numbers: object) -> Step:
        a, own = self._argument(of), self._shape(shape)
        index = self._numbers(numbers, prod(own), prod(a.shape))
        return self._same(operation, of, a, own, Taken(index))

    def _scatter(self, operation: str, of: object, shape: object, numbers: object) -> Step:
        a, own = self._argument(of), self._shape(shape)
        index = self._numbers(numbers, prod(a.shape), prod(own))
        most = int(np.bincount(index).max()) if len(index) else 1
        degrees = a.degrees if a.polynomial else _times(a.degrees, most)
        return Step(operation, (of,), own, Taken(index), degrees, a.size + log2(most), prod(own) + prod(a.shape), a.polynomial)

    def _numbers(self, numbers: object, many: int, below: int) -> np.ndarray:
        if not isinstance(numbers, list) or len(numbers) != many or not all(type(k) is int and 0 <= k < below for k in numbers):
            raise _Fault(f"there must be {many} numbers of entries, from 0 to {below - 1}")
        return np.array(numbers, dtype=np.int64)

    def _power(self, operation: str, of: object, exponent: object) -> Step:
        a = self._argument(of)
        half = isinstance(exponent, str) and _HALF.fullmatch(exponent) and int(exponent[:-2]) % 2
        if not half and (type(exponent) is not int or not 1 <= abs(exponent) <= LARGEST_DEGREE):
            raise _Fault(f'an exponent must be a whole number other than 0, up to {LARGEST_DEGREE}, or half of one as "1/2"')
        power = Fraction(exponent)
        polynomial = a.polynomial and power >= 1 and not half
        degrees = _times(a.degrees, ceil(abs(power)) * (2 if half else 1))
        work = prod(a.shape) * (abs(power.numerator).bit_length() if power >= 1 and not half else 48)
        return Step(operation, (of,), a.shape, power, degrees, a.size * float(abs(power)), work, polynomial)

    def _apply(self, operation: str, function: object, of: object) -> Step:
        a = self._argument(of)
        if not isinstance(function, str) or function not in NAMES:
            raise _Fault(f"the function must be one of {', '.join(sorted(NAMES))}")
        return Step(operation, (of,), a.shape, function, _capped_all(a.degrees, 1), a.size, 30 * prod(a.shape), False)

    def _branch(self, operation: str, of: object, kind: object, number: object) -> Step:
        a = self._argument(of)
        if kind not in KINDS or type(number) is not int or (kind == "positive" and number != 1):
            raise _Fault(f"a branch must be one of {', '.join(KINDS)}, with a number")
        if kind == "top" and not (a.shape and 1 <= number < a.shape[-1]):
            raise _Fault("a branch must choose some of the entries along the last axis")
        return Step(operation, (of,), a.shape, Chosen(kind, number), (0, 0), 0.0, prod(a.shape))

    def _same(self, operation: str, of: int, a: Step, shape: Shape, detail: object) -> Step:
        """The same entries in other places."""
        return Step(operation, (of,), shape, detail, a.degrees, a.size, max(prod(shape), prod(a.shape)), a.polynomial)

    def _argument(self, number: object) -> Step:
        if type(number) is not int or not 0 <= number < len(self.steps):
            raise _Fault(f"an argument must be the number of an earlier node, from 0 to {len(self.steps) - 1}")
        return self.steps[number]

    def _shape(self, shape: object) -> Shape:
        valid = isinstance(shape, list) and len(shape) <= MOST_AXES
        if not valid or not all(type(size) is int and 0 < size <= self.left for size in shape):
            raise _Fault(f"a shape must be a list of at most {MOST_AXES} positive whole numbers, not too large for this checker")
        return tuple(shape)


def _capped(a: int, b: int) -> int:
    return min(a + b, LARGEST_FRACTION)


def _capped_all(degrees: tuple[int, int], more: int) -> tuple[int, int]:
    return tuple(min(degree + more, LARGEST_FRACTION) for degree in degrees)


def _times(degrees: tuple[int, int], factor: int) -> tuple[int, int]:
    return tuple(min(degree * factor, LARGEST_FRACTION) for degree in degrees)


def _exact(value: object) -> bool:
    return (type(value) is int and abs(value) < 10**40) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value)))

"""The graph in a certificate, read with suspicion: every node, shape and number is checked, and the work that it may cause is bounded.

A node is ``[operation, ...]``, its arguments are numbers of earlier nodes: parameter and coefficient: name, shape; constant: shape,
entries in row-major order (integers, or fractions as "p/q"); add, multiply, matmul: two arguments; permute, sum: argument, axes;
broadcast, reshape: argument, shape; power: argument, exponent; apply: function, argument.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import log2, prod

from conslaw_cli.checker.graph import Block, Graph, Shape, Step
from conslaw_cli.checker.result import ReportError, entry

MOST_NODES = 20_000
MOST_AXES = 8
MOST_WORK = 2**22
"""Products and entries that one evaluation of a graph may take."""
LARGEST_DEGREE = 10_000
FUNCTIONS = frozenset({"exp", "tanh", "sigmoid"})
OPERATIONS = tuple("parameter coefficient constant add multiply matmul permute sum broadcast reshape power apply".split())
_NUMBER = re.compile(r"-?\d{1,40}/[1-9]\d{0,40}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")


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


def _exact(value: object) -> bool:
    return (type(value) is int and abs(value) < 10**40) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value)))

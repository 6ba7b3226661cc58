"""A graph as a flat list of NumPy calls on numbered slots: what depends on data alone is computed once, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import IntEnum
from math import prod

import numpy as np

from conslaw_cli.graph.nodes import Broadcast, Constant, Generic, MatMul, Node, Parameter, Shape, topological_order
from conslaw_cli.training.operations import Operation, columns_of, constant, operation, rows_of
from conslaw_cli.training.summing import of_samples


class Stage(IntEnum):
    """When a value can be computed: with the data, at parameters, or when the cotangents of the output are known."""

    DATA, FORWARD, BACKWARD = range(3)


@dataclass(frozen=True)
class Call:
    """One step: the function of the values in ``arguments`` is put into ``slot``."""

    function: Operation
    arguments: tuple[int, ...]
    slot: int


@dataclass(frozen=True)
class Compiled:
    """The calls of each stage, and where leaves, the output and its pulled back cotangents are.

    Arrays are (runs or 1, samples or 1, *shape).
    """

    leaves: tuple[dict[str, int], ...]
    """For each stage the slots of its leaves by name: inputs, parameters, cotangents."""
    known: dict[int, np.ndarray]
    """Constants by slots."""
    calls: tuple[tuple[Call, ...], ...]
    """Those of each stage."""
    output: int
    gradients: tuple[int, ...]
    entries: int
    """Entries of the largest value that each sample has its own of, for one run."""

    def with_data(self, inputs: Mapping[str, np.ndarray]) -> dict[int, np.ndarray]:
        """Slots with all that depends on inputs (samples, *shape) alone."""
        return self._run(Stage.DATA, dict(self.known), {name: array[None] for name, array in inputs.items()})

    def value(self, slots: dict[int, np.ndarray], parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """The output at parameters (runs, *shape); its values on the way stay in the slots."""
        return self._run(Stage.FORWARD, slots, {name: array[:, None] for name, array in parameters.items()})[self.output]

    def pulled(self, slots: dict[int, np.ndarray], cotangents: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """After :meth:`value`, the gradients of <cotangents, output> by each block."""
        self._run(Stage.BACKWARD, slots, cotangents)
        return [slots[slot] for slot in self.gradients]

    def _run(self, stage: Stage, slots: dict[int, np.ndarray], leaves: Mapping[str, np.ndarray]) -> dict[int, np.ndarray]:
        for name, slot in self.leaves[stage].items():
            slots[slot] = leaves[name]
        for call in self.calls[stage]:
            slots[call.slot] = call.function(*[slots[argument] for argument in call.arguments])
        return slots


def compiled(output: Node, gradients: Sequence[Node], cotangent: str, generics: Mapping[str, np.ndarray]) -> Compiled:
    """The calls of an output and of gradients that hold coefficients named ``cotangent``; ``generics`` (1, *shape) by name."""
    order = topological_order(output, *gradients)
    compiler = _Compiler(cotangent, generics, of_samples(order))
    for node in _used(order, (output, *gradients)):
        compiler.add(node)
    slots = compiler.slots
    calls = tuple(tuple(call for call in compiler.calls if compiler.stages[call.slot] == stage) for stage in Stage)
    found = (slots[id(output)], tuple(slots[id(node)] for node in gradients))
    largest = max((prod(node.shape) for node in order if id(node) in compiler.varying), default=1)
    return Compiled(tuple(compiler.leaves), compiler.known, calls, *found, largest)


def _used(order: Sequence[Node], roots: Sequence[Node]) -> list[Node]:
    """The nodes without those that repeat entries for an operation that does it by itself."""
    used = {id(root) for root in roots}
    for node in reversed(order):
        if id(node) in used:
            used.update(id(argument) for argument in _operands(node))
    return [node for node in order if id(node) in used]


def _operands(node: Node) -> tuple[Node, ...]:
    """The arguments, or what they repeat where NumPy's broadcasting gives the node's shape."""
    if node.operation not in ("add", "multiply"):
        return node.arguments
    within = tuple(argument.of if isinstance(argument, Broadcast) else argument for argument in node.arguments)
    return within if np.broadcast_shapes(*(one.shape for one in within)) == node.shape else node.arguments


@dataclass
class _Compiler:
    cotangent: str
    generics: Mapping[str, np.ndarray]
    varying: frozenset[int]
    """Ids of the nodes that differ from sample to sample."""
    leaves: list[dict[str, int]] = field(default_factory=lambda: [{} for _ in Stage])
    known: dict[int, np.ndarray] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    """Of each slot."""
    slots: dict[int, int] = field(default_factory=dict)
    """Of each node by its id."""
    found: dict[tuple, int] = field(default_factory=dict)
    """Slots of calls by what they compute."""

    def add(self, node: Node) -> None:
        """A node whose arguments were added."""
        self.slots[id(node)] = self._call(node) if node.arguments else self._leaf(node)

    def _leaf(self, node: Node) -> int:
        if isinstance(node, Constant):
            return self._known(constant(node))
        if isinstance(node, Generic):
            return self._known(self.generics[node.name][None])
        stage = Stage.FORWARD if isinstance(node, Parameter) else Stage.BACKWARD if node.name == self.cotangent else Stage.DATA
        if node.name not in self.leaves[stage]:
            self.leaves[stage][node.name] = self._slot(stage)
        return self.leaves[stage][node.name]

    def _known(self, array: np.ndarray) -> int:
        slot = self._slot(Stage.DATA)
        self.known[slot] = array
        return slot

    def _call(self, node: Node) -> int:
        arguments = tuple(self.slots[id(argument)] for argument in _operands(node))
        key = (node.operation, arguments, node.shape, *_details(node))
        if key not in self.found:
            self.found[key] = self._slot(max(self.stages[argument] for argument in arguments))
            self.calls.append(Call(self._function(node), arguments, self.found[key]))
        return self.found[key]

    def _slot(self, stage: Stage) -> int:
        self.stages.append(stage)
        return len(self.stages) - 1

    def _function(self, node: Node) -> Operation:
        if isinstance(node, MatMul):
            left, right = (id(argument) in self.varying for argument in node.arguments)
            if right and not left and _is_column(node.right.shape):
                return columns_of
            if left and not right and len(node.shape) == 2:
                return rows_of
        return operation(node)


def _is_column(shape: Shape) -> bool:
    return len(shape) == 2 and shape[1] == 1


def _details(node: Node) -> Iterable[object]:
    """What a node says beside its arguments; arrays by their identity."""
    for one in fields(node):
        value = getattr(node, one.name)
        if not isinstance(value, Node):
            yield id(value) if isinstance(value, np.ndarray) else value

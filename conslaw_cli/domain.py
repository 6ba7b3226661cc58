"""Whether a network has a value at its real parameters: evaluated once in floating point, over random inputs.

A root or logarithm of a negative number for some inputs is a fault, and so is what is finite for no input at all. That a norm divides by
zero where all units of a relu are off is none: the network is analytic elsewhere. A root of a square is one, whatever the parameters are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod

import numpy as np

from conslaw_cli.graph.nodes import ONE_HOT, Apply, Coefficient, Generic, Node, Power, topological_order
from conslaw_cli.model import Weights
from conslaw_cli.rings.floats import Floats
from conslaw_cli.rings.gaussian import generic_values, normal
from conslaw_cli.rings.squares import root_of_square
from conslaw_cli.rings.stream import Stream

INPUTS = 64
_ENTRIES = 20_000_000
"""Entries of all arrays over all inputs; of larger networks no value is taken here."""
_ROUNDING = 1e-9
"""What a number that is 0 may be below 0."""
_INSIDE = 'take other parameters, at = { weights = "init.npz" }, or write what stays positive as exp(…) or a sum of squares'


@dataclass(frozen=True)
class Outside:
    """The node whose value there is not, why, and what to do."""

    node: Node
    message: str
    remedy: str = _INSIDE


def outside(output: Node, weights: Weights) -> Outside | None:
    """The first operation that has no value at the parameters, for some input or for all; None where there is none."""
    nodes = topological_order(output)
    count = min(INPUTS, _ENTRIES // max(1, sum(prod(node.shape) for node in nodes)))
    if not count or not any(map(_partial, nodes)):
        return None
    ids, stream = np.arange(count), Stream(0)
    inputs = {node.name: _drawn(node, stream, ids) for node in nodes if isinstance(node, Coefficient)}
    watching = _Watching(weights.arrays, inputs, generic_values({node.name: node for node in nodes if isinstance(node, Generic)}))
    with np.errstate(all="ignore"):
        watching.evaluate(output)
    return watching.told(count, weights.name) or _root_of_square(output)


def _root_of_square(output: Node) -> Outside | None:
    if not (node := root_of_square(output)):
        return None
    why = "root of a square: it is an absolute value, whose sign is a branch; a norm over one entry, a layer norm over two and a batch norm of two are signs"
    return Outside(node, why, "write abs(…) for the root of a square, and eps=… in such a norm")


def place(node: Node, made: Iterable[tuple[str, Node]]) -> str | None:
    """Of places in a text and the values made there, in the order in which they were made, the first that holds a node."""
    return next((where for where, value in made if any(one is node for one in topological_order(value))), None)


def _partial(node: Node) -> bool:
    """Whether an operation may have no value."""
    return (isinstance(node, Power) and (node.exponent < 0 or node.exponent.denominator > 1)) or isinstance(node, Apply)


def _drawn(node: Coefficient, stream: Stream, ids: np.ndarray) -> np.ndarray:
    """Gaussian inputs, or random one-hot rows."""
    values = normal(stream, f"input/{node.name}", ids, node.shape)
    return (values == values.max(axis=-1, keepdims=True)).astype(float) if node.values == ONE_HOT else values


@dataclass(frozen=True)
class _Watching(Floats):
    """Notes the first operation without a value: (node, what is wrong, for how many inputs)."""

    found: list[tuple[Node, str, int]] = field(default_factory=list)

    def value(self, node: Node, arguments: list[np.ndarray]) -> np.ndarray:
        result = super().value(node, arguments)
        if not self.found and (fault := _fault(node, arguments, result)):
            self.found.append((node, *fault))
        return result

    def told(self, inputs: int, around: str) -> Outside | None:
        if not self.found:
            return None
        (node, why, times), = self.found
        often = "" if times < 0 else f", for {times} of {inputs} random inputs"
        return Outside(node, f"{why} at theta* ({around}){often}")


def _fault(node: Node, arguments: list[np.ndarray], result: np.ndarray) -> tuple[str, int] | None:
    """What is wrong with a value, and for how many of its samples; -1 where it does not depend on the inputs."""
    if not arguments:
        return None
    below = _rows(_below(node, arguments[0]))
    if below.any():
        said = "log of a number that is not positive" if _name(node) == "log" else "root of a negative number"
        return said, int(below.sum()) if len(below) > 1 else -1
    lost = _rows(~np.isfinite(result))
    if lost.all():
        why = "division by zero" if isinstance(node, Power) else "a value that is not finite"
        return why, len(lost) if len(lost) > 1 else -1
    return None


def _below(node: Node, a: np.ndarray) -> np.ndarray:
    """Where the argument of a root or logarithm has no real value."""
    return a <= 0 if _name(node) == "log" else a < -_ROUNDING if _name(node) == "sqrt" else np.zeros(1, dtype=bool)


def _rows(flags: np.ndarray) -> np.ndarray:
    """For each sample whether any entry is flagged."""
    return flags.reshape(len(flags), -1).any(axis=1)


def _name(node: Node) -> str:
    if isinstance(node, Power):
        return "sqrt" if node.exponent.denominator > 1 else "power"
    return node.function.name if isinstance(node, Apply) else ""

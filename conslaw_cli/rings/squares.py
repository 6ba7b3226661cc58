"""Roots of squares: sqrt(v^2) is |v|, which modulo p has either sign, so the flows of both signs would be taken for one.

v^2 is a square at every point, any other function at half of them: what is a square, or a constant times one, is told by residues.
A root of a function that is constant is none of these, and products of two different roots are not looked at.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from math import gcd, prod

import numpy as np

from conslaw_cli.graph.nodes import ONE_HOT, Branch, Coefficient, Generic, Node, Parameter, Power, topological_order
from conslaw_cli.rings.defined import Definedness
from conslaw_cli.rings.field import Field, random_prime
from conslaw_cli.rings.jets import Values
from conslaw_cli.rings.keyed import Keyed
from conslaw_cli.rings.stream import Stream
from conslaw_cli.rings.zeros import zeros_of

POINTS = 256
LEAST = 60
"""Points at which a function that is no square is one by chance with 2^-60; with fewer nothing is said."""
_ENTRIES = 20_000_000
"""Entries of all arrays over all points; larger networks are not looked at."""


def root_of_square(output: Node) -> Power | None:
    """The first root of a network in which an entry is the root of a square; None where none is known."""
    nodes = topological_order(output)
    roots = [node for node in nodes if isinstance(node, Power) and isinstance(node.exponent, Fraction) and node.exponent.denominator == 2]
    if not roots or POINTS * sum(prod(node.shape) for node in nodes) > _ENTRIES:
        return None
    field, stream = _field(Stream(0)), Stream(1)
    reader = Definedness(field, _leaves(field, stream, nodes), zeros_of(output))
    found = zip(roots, reader.evaluate(*(node.of for node in roots)))
    return next((node for node, (values, mask) in found if _has_square(field, node.of, values, mask)), None)


def _has_square(field: Field, of: Node, values: np.ndarray, mask: np.ndarray | None) -> bool:
    """Whether some entry that varies is a square wherever it is defined, or nowhere."""
    values, mask = (_flat(one, of) for one in (values, np.zeros(1) if mask is None else mask))
    counted = (mask == 0) & (values != 0)
    number = counted.sum(axis=0)
    squares = (field.is_square(values) & counted).sum(axis=0)
    varies = (values != values[np.argmax(counted, axis=0), np.arange(values.shape[1])]) & counted
    return bool(((number >= LEAST) & varies.any(axis=0) & ((squares == 0) | (squares == number))).any())


def _flat(array: np.ndarray, of: Node) -> np.ndarray:
    """(points, entries)."""
    return np.broadcast_to(array[0] if array.ndim > 1 else array, (POINTS, *of.shape)).reshape(POINTS, -1)


def _field(stream: Stream) -> Field:
    """A field in which -1 is no square."""
    draws = (stream.derive("prime", attempt) for attempt in count())
    return Field(next(prime for prime in iter(lambda: random_prime(draws), 0) if gcd((prime - 1) // 2, 2) == 1))


def _leaves(field: Field, stream: Stream, nodes: list[Node]) -> Values:
    """Random residues for all leaves, for generic constants the same at all points, and for slopes of branches."""
    parameters = {node.name: _drawn(field, stream, f"theta/{node.name}", node.shape) for node in nodes if isinstance(node, Parameter)}
    inputs = {node.name: _input(field, stream, node) for node in nodes if isinstance(node, Coefficient)}
    generics = {node.name: _drawn(field, stream, f"generic/{node.name}", node.shape)[:, :1] for node in nodes if isinstance(node, Generic)}
    branches = {id(node): _drawn(field, stream, f"branch/{number}", node.shape) for number, node in enumerate(nodes) if isinstance(node, Branch)}
    return Values(parameters, inputs, generics, branches, Keyed(field, stream))


def _input(field: Field, stream: Stream, node: Coefficient) -> np.ndarray:
    drawn = _drawn(field, stream, f"x/{node.name}", node.shape)
    return (drawn == drawn.max(axis=-1, keepdims=True)).astype(np.float64) if node.values == ONE_HOT else drawn


def _drawn(field: Field, stream: Stream, name: str, shape: tuple[int, ...]) -> np.ndarray:
    return field.residues(stream.nonzero(field.p, name, np.arange(POINTS), prod(shape))).reshape(1, POINTS, *shape)

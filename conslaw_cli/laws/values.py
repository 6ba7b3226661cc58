"""Values of a network's nodes as monomials in the variables of a :class:`Tower`, every sum being a variable of its own.

Values of functions are free variables by their argument, exp(c u) being the power c of exp(u); masks are free too.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import (
    POSITIVE,
    Apply,
    Branch,
    Coefficient,
    Constant,
    Gather,
    MatMul,
    Node,
    Parameter,
    Permute,
    Power,
    Reshape,
    Scatter,
    Sum,
    topological_order,
)
from conslaw_cli.graph.program import COTANGENT, Program
from conslaw_cli.limits import LIMITS
from conslaw_cli.rings.polynomials import times
from conslaw_cli.rings.tower import Entry, TooLarge, Tower, accumulate, raised, ratio
from conslaw_cli.rings.tower import Sum as Terms

Definition = tuple[Terms, Entry]
"""A sum as it stands, and as an entry."""
ONE: Entry = ((), 1)


class Values(Interpreter):
    """Every entry of every node as a monomial of a tower, nodes as lists of entries in row-major order."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tower = Tower(program.size)
        self.sums: dict[int, dict[int, Definition]] = {}
        """By a node's id the sums among its entries, by row-major number."""
        self.bases: set[int] = set()
        """Named variables that powers are taken of: their tangents are tried as multiples of themselves."""
        self.additive: set[int] = set()
        """Named variables that are sums of entries as they are: a bias and what it is added to, parts of a stream, means."""
        self.branches: dict[int, tuple[int, int, bool]] = {}
        """For a mask the number of its branch node, of the entry there, and whether it is one minus that entry."""
        self.one_hot: dict[int, tuple[str, int]] = {}
        self._starts = dict(zip((name for name, _ in program.blocks), program.starts))
        self._numbers = {id(node): number for number, node in enumerate(program.branches)}
        self._terms = 0
        self.of: dict[int, list[Entry]] = {}
        for node in topological_order(program.functional):
            self.of[id(node)] = self.value(node, [self.of[id(argument)] for argument in node.arguments])

    def parameter(self, node: Parameter) -> list[Entry]:
        start = self._starts[node.name]
        return [(((start + k, 1),), 1) for k in range(prod(node.shape))]

    def coefficient(self, node: Coefficient) -> list[Entry]:
        numbers = [self.tower.variable((node.operation, node.name, k)) for k in range(prod(node.shape))]
        if isinstance(node, Coefficient) and node.values != "free":
            self.one_hot |= {number: (node.name, k) for k, number in enumerate(numbers)}
        return [(((number, 1),), 1) for number in numbers]

    generic = coefficient

    def constant(self, node: Constant) -> list[Entry]:
        return [((), entry) if entry else None for entry in node.entries]

    def branch(self, node: Branch, a: list[Entry]) -> list[Entry]:
        if node.kind == POSITIVE:
            return [self._positive(node, k, entry) for k, entry in enumerate(a)]
        length = node.shape[-1]
        rows = [tuple(a[k - k % length : k - k % length + length]) for k in range(len(a))]
        return [self._mask(node, k, (node.kind, node.count, row, k % length), False) for k, row in enumerate(rows)]

    def _positive(self, node: Branch, k: int, entry: Entry) -> Entry:
        """The same mask for positive multiples, one minus it for negative ones."""
        if entry is None or entry[0] == ():
            return ONE if entry and entry[1] > 0 else None
        monomial, factor = entry
        mask = self._mask(node, k, (node.kind, monomial), factor < 0)
        return mask if factor > 0 else self.tower.named({(): 1, mask[0]: -1})

    def _mask(self, node: Branch, k: int, key: Hashable, flipped: bool) -> Entry:
        number = self.tower.variable(("branch", key), mask=True)
        self.branches.setdefault(number, (self._numbers[id(node)], k, flipped))
        return ((number, 1),), 1

    def add(self, node: Node, a: list[Entry], b: list[Entry]) -> list[Entry]:
        return self._summed(node, zip(a, b))

    def multiply(self, node: Node, a: list[Entry], b: list[Entry]) -> list[Entry]:
        return [_times(x, y) for x, y in zip(a, b)]

    def matmul(self, node: MatMul, a: list[Entry], b: list[Entry]) -> list[Entry]:
        rows, inner, columns = *node.left.shape[-2:], node.right.shape[-1]
        self._count(len(a) * columns)
        return self._summed(
            node,
            (
                [_times(a[r * inner + k], b[(r // rows * inner + k) * columns + c]) for k in range(inner)]
                for r in range(len(a) // inner if inner else 0)
                for c in range(columns)
            ),
        )

    def sum(self, node: Sum | Scatter, a: list[Entry]) -> list[Entry]:
        gathered: list[list[Entry]] = [[] for _ in range(prod(node.shape))]
        for entry, place in zip(a, targets(node)):
            gathered[place].append(entry)
        return self._summed(node, gathered)

    scatter = sum

    def permute(self, node: Node, a: list[Entry]) -> list[Entry]:
        return [a[source] for source in sources(node)]

    broadcast = reshape = gather = permute

    def held(self, node: Node, a: list[Entry]) -> list[Entry]:
        return a

    def power(self, node: Power, a: list[Entry]) -> list[Entry]:
        return [self._power(entry, node.exponent) for entry in a]

    def _power(self, entry: Entry, exponent: int | Fraction) -> Entry:
        """Half powers are of one variable, the sign of a product's factors being unknown. Raises TooLarge for a negative power of zero."""
        if entry is None:
            if exponent < 0:
                raise TooLarge("a reciprocal of zero")
            return None
        monomial, factor = entry
        if not isinstance(exponent, int) and not (factor == 1 and len(monomial) == 1 and monomial[0][1] == 1):
            monomial, factor = self.tower.named({monomial: factor}, always=True)
        if not (isinstance(exponent, int) and exponent > 0):
            self.bases |= {v for v, _ in monomial}
            self.bases |= {v for v, _ in entry[0]}
        return raised(monomial, exponent), ratio(Fraction(factor) ** exponent, 1) if isinstance(exponent, int) else 1

    def apply(self, node: Apply, a: list[Entry]) -> list[Entry]:
        return [self.function(node.function.name, entry) for entry in a]

    def function(self, name: str, entry: Entry) -> Entry:
        """A function at an entry, what is known of its symmetry used."""
        monomial, factor = entry or ((), 0)
        rule = getattr(self, f"_{name}", None)
        return rule(monomial, factor) if rule else self._free(name, monomial, factor)

    def _exp(self, monomial: Any, factor: Any) -> Entry:
        return (((self.tower.variable(("exp", monomial)), factor),), 1) if factor else ONE

    def _normal_pdf(self, monomial: Any, factor: Any) -> Entry:
        return self._free("normal_pdf", monomial, abs(factor))

    def _normal_cdf(self, monomial: Any, factor: Any) -> Entry:
        positive = self._free("normal_cdf", monomial, abs(factor))
        if not factor:
            return (), Fraction(1, 2)
        return positive if factor > 0 else self.tower.named({(): 1, positive[0]: -1})

    def _sin(self, monomial: Any, factor: Any) -> Entry:
        found, _ = self._free("sin", monomial, abs(factor))
        return (found, 1 if factor > 0 else -1) if factor else None

    def _cos(self, monomial: Any, factor: Any) -> Entry:
        return self._free("cos", monomial, abs(factor)) if factor else ONE

    def _free(self, name: str, monomial: Any, factor: Any) -> Entry:
        return ((self.tower.variable(("function", name, monomial, factor)), 1),), 1

    def _summed(self, node: Node, rows: Any) -> list[Entry]:
        """Sums of entries; those of several terms are recorded."""
        found, sums = [], {}
        for place, row in enumerate(rows):
            terms: Terms = {}
            for entry in row:
                if entry is not None:
                    accumulate(terms, {entry[0]: entry[1]}, (), 1)
            found.append(self.tower.named(terms))
            if len(terms) > 1:
                self._count(len(terms))
                sums[place] = terms, found[-1]
                if not isinstance(node, MatMul):
                    self.additive |= {v for v, _ in found[-1][0]}
        self.sums[id(node)] = sums
        return found

    def _count(self, terms: int) -> None:
        self._terms += terms
        if self._terms > LIMITS.tangent_entries:
            raise TooLarge(f"{self._terms} terms")

    @cached_property
    def cotangents(self) -> tuple[set[int], list[int]]:
        """Variables of the cotangent, and the named ones that depend on it."""
        sizes = (prod(node.shape) for node in self.program.coefficients if node.name == COTANGENT)
        names = {self.tower.variable(("coefficient", COTANGENT, k)) for size in sizes for k in range(size)}
        depend, named = set(names), []
        for number in sorted(self.tower.definitions):
            if any(v in depend for m in self.tower.definitions[number] for v, _ in m):
                depend.add(number)
                named.append(number)
        return names, named


def _times(a: Entry, b: Entry) -> Entry:
    return None if a is None or b is None else (times(a[0], b[0]), a[1] * b[1])


def sources(node: Node) -> list[int]:
    """For each entry of a node that only moves entries the one it comes from."""
    numbers = np.arange(prod(node.of.shape)).reshape(node.of.shape)
    if isinstance(node, Gather):
        return node.index.ravel().tolist()
    if isinstance(node, Permute):
        return numbers.transpose(node.axes).ravel().tolist()
    return (
        numbers.ravel().tolist() if isinstance(node, Reshape) else np.broadcast_to(numbers, node.shape).ravel().tolist()
    )


def targets(node: Sum | Scatter) -> list[int]:
    """For each entry of the argument of a sum the place it goes to."""
    if isinstance(node, Scatter):
        return node.index.ravel().tolist()
    kept = tuple(1 if axis in node.axes else size for axis, size in enumerate(node.of.shape))
    return np.broadcast_to(np.arange(prod(node.shape)).reshape(kept), node.of.shape).ravel().tolist()

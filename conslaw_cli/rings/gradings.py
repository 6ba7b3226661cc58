"""Gradings of a program: sign symmetries over GF(2), and weighted homogeneity.

If f(s*theta, s'*lambda) = f(theta, lambda) for signs s, s', laws composed with s are laws, so every law is a sum of laws
homogeneous for the grading. Both are found by running the program over linear forms, where a sum of terms demands that
the terms' forms be equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm, prod
from operator import xor

import numpy as np

from conslaw_cli.rings.stream import Stream
from conslaw_cli.rings.zeros import zeros_of
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import FREE, Add, Coefficient, Gather, Node, Parameter, Permute, Power, Scatter, Shape, Sum
from conslaw_cli.graph.program import Program


def sign_words(program: Program, together: Iterable[tuple[int, ...]], stream: Stream) -> np.ndarray:
    """64 random sign symmetries at once: uint64 of shape (parameters,), bit i the exponent of the i-th symmetry.

    ``together`` lists parameters of which an even number must change sign: one alone must not. Monomials whose words have
    different XOR lie in different classes.
    """
    unknowns, constraints = _parity_forms(program)
    constraints.extend(reduce(xor, (1 << k for k in parameters)) for parameters in together)
    pivots = _eliminate(constraints)
    words = [int(w) for w in stream.words("signs", np.array([0]), unknowns)[0]]
    for bit in sorted(pivots):
        row, word = pivots[bit] ^ (1 << bit), 0
        while row:
            lowest = row & -row
            word ^= words[lowest.bit_length() - 1]
            row ^= lowest
        words[bit] = word
    return np.array(words[: program.size], dtype=np.uint64)


def _parity_forms(program: Program) -> tuple[int, list[int]]:
    """(number of unknown parities, constraints as bit masks), parameters first among the unknowns."""
    parities = _Parities(program)
    parities.evaluate(program.functional)
    return parities.unknowns, [constraint for constraint in parities.constraints if constraint]


class _Parities(Interpreter):
    """Nodes as arrays of parities: bit masks over the unknown parities of the parameters' and coefficients' entries.

    A constant has the parity 0, also where it is zero: that can only ask for too much.
    """

    def __init__(self, program: Program) -> None:
        self._starts = dict(zip((name for name, _ in program.blocks), program.starts))
        self._zeros = zeros_of(program.functional)
        self.unknowns = program.size
        self.constraints: list[int] = []

    def parameter(self, node: Parameter) -> np.ndarray:
        return _fresh(node.shape, self._starts[node.name])

    def coefficient(self, node: Coefficient) -> np.ndarray:
        if node.values != FREE:
            return self.constant(node)
        start, self.unknowns = self.unknowns, self.unknowns + prod(node.shape)
        return _fresh(node.shape, start)

    def constant(self, node: Node) -> np.ndarray:
        return np.zeros(node.shape, dtype=object)

    generic = constant

    def branch(self, node: Node, a: np.ndarray) -> np.ndarray:
        """Branches are those of a case, whatever sign their arguments have (:mod:`conslaw_cli.flows.cases`)."""
        return self.constant(node)

    def add(self, node: Add, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Summands must have one parity, but for those that are zero whatever the leaves are: parts of stacks and concatenations."""
        left, right = self._zeros.get(id(node.left)), self._zeros.get(id(node.right))
        if left is not None or right is not None:
            a, b = (a if left is None else np.where(left, b, a)), (b if right is None else np.where(right, a, b))
        self.constraints.extend(np.asarray(a ^ b, dtype=object).ravel())
        return a

    def multiply(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a ^ b, dtype=object)

    def matmul(self, node: Node, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self._equal(a[..., :, :, None] ^ b[..., None, :, :], (len(node.shape) - 1,))

    def permute(self, node: Permute, a: np.ndarray) -> np.ndarray:
        return a.transpose(node.axes)

    def sum(self, node: Sum, a: np.ndarray) -> np.ndarray:
        return self._equal(a, node.axes)

    def broadcast(self, node: Node, a: np.ndarray) -> np.ndarray:
        return np.broadcast_to(a, node.shape)

    def reshape(self, node: Node, a: np.ndarray) -> np.ndarray:
        return a.reshape(node.shape)

    def held(self, node: Node, a: np.ndarray) -> np.ndarray:
        """Each theta_k X_k(theta) has one parity then, which is what makes signs a symmetry of the field X."""
        return a

    def gather(self, node: Gather, a: np.ndarray) -> np.ndarray:
        return np.asarray(a.ravel()[node.index], dtype=object)

    def scatter(self, node: Scatter, a: np.ndarray) -> np.ndarray:
        """Entries that are added to one place must have one parity; nothing is added to some."""
        total, first = np.zeros(prod(node.shape), dtype=object), {}
        for place, form in zip(node.index.ravel().tolist(), a.ravel()):
            self.constraints.append(form ^ first.setdefault(place, form))
            total[place] = first[place]
        return total.reshape(node.shape)

    def power(self, node: Power, a: np.ndarray) -> np.ndarray:
        if not isinstance(node.exponent, int):
            return self.apply(node, a)
        return a if node.exponent % 2 else np.zeros(node.shape, dtype=object)

    def apply(self, node: Node, a: np.ndarray) -> np.ndarray:
        """The argument of a function must not change at all."""
        self.constraints.extend(a.ravel())
        return np.zeros(node.shape, dtype=object)

    def _equal(self, terms: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        """The parity of sums over some axes, whose terms must have one parity."""
        terms = np.moveaxis(terms, axes, range(len(axes)))
        terms = terms.reshape(-1, *terms.shape[len(axes) :])
        self.constraints.extend((terms[1:] ^ terms[0]).ravel())
        return np.asarray(terms[0], dtype=object)


def _fresh(shape: Shape, start: int) -> np.ndarray:
    entries = np.empty(prod(shape), dtype=object)
    entries[:] = [1 << (start + k) for k in range(len(entries))]
    return entries.reshape(shape)


def _eliminate(rows: list[int]) -> dict[int, int]:
    """Echelon form over GF(2): highest bit -> row."""
    pivots: dict[int, int] = {}
    for row in rows:
        while row:
            bit = row.bit_length() - 1
            if bit not in pivots:
                pivots[bit] = row
                break
            row ^= pivots[bit]
    return pivots


def weights(program: Program, of_metrics: tuple[Fraction | None, ...]) -> tuple[int, ...] | None:
    """Integer weights of the blocks under which every generator M grad f is homogeneous, or None.

    ``of_metrics`` are the weights that make M grad f scale as theta for f of weight 0, None where no weight does; f must be weighted
    homogeneous under their multiples for some weights of the coefficients.
    """
    if None in of_metrics:
        return None
    scale = lcm(*(weight.denominator for weight in of_metrics))
    block_weights = tuple(int(scale * weight) for weight in of_metrics)
    return block_weights if _homogeneous(program, block_weights) else None


def _homogeneous(program: Program, block_weights: tuple[int, ...]) -> bool:
    forms = _Weights(dict(zip((name for name, _ in program.blocks), block_weights)), [])
    forms.evaluate(program.functional)
    return _solvable(forms.equations)


Form = dict[str, Fraction]
"""A linear form in the coefficients' weights, the constant under the key ""."""


@dataclass(frozen=True)
class _Weights(Interpreter):
    """The weight of a node's entries, one for all of them, and the ``equations`` form = 0 that it takes."""

    of_block: dict[str, int]
    equations: list[Form]

    def parameter(self, node: Parameter) -> Form:
        return {"": Fraction(self.of_block[node.name])}

    def coefficient(self, node: Coefficient) -> Form:
        return {node.name: Fraction(1)} if node.values == FREE else {}

    def constant(self, node: Node) -> Form:
        return {}

    generic = constant

    def branch(self, node: Node, a: Form) -> Form:
        return {}

    def add(self, node: Node, a: Form, b: Form) -> Form:
        self.equations.append(_combine(a, b, -1))
        return a

    def multiply(self, node: Node, a: Form, b: Form) -> Form:
        return _combine(a, b, 1)

    matmul = multiply

    def _same(self, node: Node, a: Form) -> Form:
        return a

    permute = sum = broadcast = reshape = gather = scatter = held = _same

    def power(self, node: Power, a: Form) -> Form:
        return {key: value * node.exponent for key, value in a.items()}

    def apply(self, node: Node, a: Form) -> Form:
        self.equations.append(a)
        return {}


def _combine(a: dict[str, Fraction], b: dict[str, Fraction], factor: int | Fraction) -> dict[str, Fraction]:
    total = {key: a.get(key, Fraction(0)) + factor * b.get(key, Fraction(0)) for key in {*a, *b}}
    return {key: value for key, value in total.items() if value}


def _solvable(equations: list[dict[str, Fraction]]) -> bool:
    """Whether the affine equations form = 0 have a common solution."""
    pivots: dict[str, dict[str, Fraction]] = {}
    for equation in equations:
        for name, row in pivots.items():
            if name in equation:
                equation = _combine(equation, row, -equation[name])
        names = sorted(name for name in equation if name)
        if names:
            lead = equation[names[0]]
            pivots[names[0]] = {key: value / lead for key, value in equation.items()}
        elif equation:
            return False
    return True

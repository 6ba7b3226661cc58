"""Gradings of a program: sign symmetries over GF(2), and weighted homogeneity.

If f(s*theta, s'*lambda) = f(theta, lambda) for signs s, s', laws composed with s are laws, so every law is a sum of laws
homogeneous for the grading. Both are found by running the program over linear forms, where a sum of terms demands that
the terms' forms be equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import reduce
from math import lcm
from operator import xor

import numpy as np

from conslaw_cli.rings.stream import Stream
from conslaw_cli.graph.program import (
    Add,
    Coefficient,
    MatMul,
    Mul,
    Node,
    One,
    Parameter,
    Program,
    Transpose,
    topological_order,
)


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
    constraints: list[int] = []
    values: dict[int, np.ndarray] = {}
    starts, unknowns = {}, 0
    for name, (rows, columns) in program.blocks:
        starts[name] = unknowns
        unknowns += rows * columns
    for node in topological_order(program.functional):
        match node:
            case Parameter(name=name):
                value = _fresh(node.shape, starts[name])
            case Coefficient():
                value = _fresh(node.shape, unknowns)
                unknowns += node.shape[0] * node.shape[1]
            case One():
                value = np.zeros((1, 1), dtype=object)
            case Transpose(of=a):
                value = values[id(a)].T
            case Mul(left=a, right=b):
                value = values[id(a)] ^ values[id(b)]
            case Add(left=a, right=b):
                value = values[id(a)]
                constraints.extend((value ^ values[id(b)]).ravel())
            case MatMul(left=a, right=b):
                terms = values[id(a)][:, :, None] ^ values[id(b)][None, :, :]
                value = terms[:, 0, :]
                constraints.extend((terms[:, 1:, :] ^ value[:, None, :]).ravel())
            case _:
                raise TypeError(f"no rule for {type(node).__name__}")
        values[id(node)] = value
    return unknowns, [c for c in constraints if c]


def _fresh(shape: tuple[int, int], start: int) -> np.ndarray:
    count = shape[0] * shape[1]
    return np.array([1 << (start + k) for k in range(count)], dtype=object).reshape(shape)


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
    weight = dict(zip((name for name, _ in program.blocks), block_weights))
    forms: dict[int, dict[str, Fraction]] = {}
    equations: list[dict[str, Fraction]] = []
    for node in topological_order(program.functional):
        forms[id(node)] = _weight_form(node, forms, weight, equations)
    return _solvable(equations)


def _weight_form(node: Node, forms: dict, weight: dict[str, int], equations: list) -> dict[str, Fraction]:
    """Weight of a node's entries: a linear form in the coefficients' weights, the constant under the key ""."""
    match node:
        case Parameter(name=name):
            return {"": Fraction(weight[name])}
        case Coefficient(name=name):
            return {name: Fraction(1)}
        case Transpose(of=a):
            return forms[id(a)]
        case Add(left=a, right=b):
            equations.append(_combine(forms[id(a)], forms[id(b)], -1))
            return forms[id(a)]
        case Mul(left=a, right=b) | MatMul(left=a, right=b):
            return _combine(forms[id(a)], forms[id(b)], 1)
        case One():
            return {}
    raise TypeError(f"no rule for {type(node).__name__}")


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

"""The parts that the engine finds in a functional: disjoint variables, the same span as the whole, copies computed once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from helpers import parts_of, spec
from test_exact import flow_of, symbolic, symbols_of

from conslaw_cli.flows.parts import parts
from conslaw_cli.graph.functions import FUNCTIONS
from conslaw_cli.graph.nodes import Apply, Coefficient, Constant, Parameter, topological_order
from conslaw_cli.graph.program import Program
from conslaw_cli.metrics import EUCLIDEAN


def rows():
    """Rows of W with an entry of b each."""
    w, b = Parameter((3, 2), "W"), Parameter((3,), "b")
    return (w * Coefficient((3, 2), "x")).sum(1) ** 2 + (b * Coefficient((3,), "c")) * (w.sum(1) + 2)


def columns():
    """Columns of W, by the inner index of a matrix product, three times."""
    product = Coefficient((1, 2), "a") @ (Parameter((3, 2), "W") ** 2 * Coefficient((3, 2), "c")).T
    return product.broadcast((3, 3)).sum(0)


def heads():
    """Batches of matrix products behind reshaped and permuted parameters."""
    q, k = Parameter((2, 2), "q"), Parameter((4,), "k")
    scores = q.reshape((2, 1, 2)) @ k.reshape((2, 2)).T.reshape((2, 2, 1))
    return scores * Coefficient((2, 1, 1), "c")


def weighted():
    """Entries that differ by a constant: those with the same one are copies."""
    u = Parameter((4,), "u")
    return (u**2 + u * Constant((4,), (1, 2, 1, Fraction(1, 2)))) * Coefficient((4,), "c")


def applied():
    """A function of two entries, and a bias of its own that occurs twice."""
    u, v, b = Parameter((2,), "u"), Parameter((2,), "v"), Parameter((1,), "b")
    bias = b**3 * Coefficient((1,), "d")
    return (Apply((2,), u * v, FUNCTIONS["exp"]) * Coefficient((2,), "c")).sum(0) + bias + bias


def no_grid():
    """Pairs of entries in row-major order of a 2 x 3 block: the second pair lies in two rows and two columns."""
    return (Parameter((2, 3), "W").reshape((3, 2)) * Coefficient((3, 2), "c")).sum(1) ** 2


def shared():
    """A coefficient that is in every term joins them."""
    return Parameter((3,), "u") * Coefficient((1,), "c")


def not_linear():
    """Without coefficients a term belongs to every generator."""
    u = Parameter((3,), "u")
    return u**2 + u * Coefficient((3,), "c")


def program(build):
    node = build()
    blocks = {n.name: n.shape for n in topological_order(node) if isinstance(n, Parameter)}
    return Program(tuple(blocks.items()), node.sum(range(len(node.shape))))


def split(build):
    made = program(build)
    return parts(made, (EUCLIDEAN,) * len(made.blocks))


def components_of_phi(made, indices):
    """What multiplies the monomials in the coefficients, the parameters being named by their positions in the model."""
    named = {
        symbol: sp.Symbol(f"t{position}")
        for (name, shape), positions in zip(made.blocks, indices, strict=True)
        for symbol, position in zip(symbols_of(name, shape).ravel(), positions, strict=True)
    }
    expanded = sp.expand(np.asarray(symbolic(made.functional), dtype=object).item())
    free = [symbol for node in made.coefficients for symbol in symbols_of(node.name, node.shape).ravel()]
    return [sp.expand(term).xreplace(named) for term in sp.Poly(expanded, *free).coeffs()]


COPIES = {
    rows: [[[[0, 1], [6]], [[2, 3], [7]], [[4, 5], [8]]]],
    columns: [[[[0, 2, 4]], [[1, 3, 5]]]],
    heads: [[[[0, 1], [4, 6]], [[2, 3], [5, 7]]]],
    weighted: [[[[0]], [[2]]], [[[1]]], [[[3]]]],
    applied: [[[[0], [2]], [[1], [3]]], [[[4]]]],
}


@pytest.mark.parametrize("build", COPIES, ids=lambda build: build.__name__)
def test_components_and_their_copies(build):
    """Their positions, and that they span what the whole does."""
    found = split(build)
    assert [[[sorted(block) for block in copy] for copy in part.indices] for part in found] == COPIES[build]
    whole = program(build)
    everything = [range(start, start + int(np.prod(shape))) for start, (_, shape) in zip(whole.starts, whole.blocks)]
    expected = components_of_phi(whole, everything)
    assert sorted(map(str, expected)) == sorted(
        str(term) for part in found for copy in part.indices for term in components_of_phi(part.program, copy)
    )


@pytest.mark.parametrize("build", [no_grid, shared, not_linear], ids=lambda build: build.__name__)
def test_what_does_not_separate_is_one_part(build):
    (part,) = split(build)
    assert part.copies == 1
    assert part.program.blocks == program(build).blocks


MODELS = [
    (spec("relu", [2, 3, 2], "all", kind="momentum", rate="tau"), [3, 2]),
    (spec("relu", [2, 2, 3, 2], "all", kind="momentum", rate="tau"), [1, 2]),
    (spec("icnn", [2, 3, 1], "hidden", kind="momentum", rate="tau"), [3]),
    (spec("linear", [2, 3, 2], "all"), [1]),
    (spec("nmf", [2, 3, 2]), [1]),
]


@pytest.mark.parametrize("tables, copies", MODELS, ids=str)
def test_parts_of_architectures(tables, copies):
    """Two-layer networks fall into neurons and output biases, deeper ones into the paths and output biases."""
    parsed, model, _ = flow_of(tables)
    found = parts_of(parsed, model)
    assert [part.copies for part in found] == copies
    positions = sorted(k for part in found for copy in part.indices for block in copy for k in block)
    assert positions == list(range(model.size))


@pytest.mark.parametrize(
    "metric, copies",
    [
        ({"W1": {"left": [[2, 1, 0], [1, 3, 1], [0, 1, 5]]}}, [1]),
        ({"W1": {"left": [[2, 0, 0], [0, 3, 0], [0, 0, 5]]}}, [1]),
        ({"W1": {"left": [[2, 0, 0], [0, 2, 0], [0, 0, 2]]}}, [3, 2]),
        ({"W1": {"right": [[2, 1], [1, 3]]}, "W2": {"left": [[2, 1], [1, 3]]}}, [3, 2]),
        ({"b2": {"left": [[2, 1], [1, 3]]}}, [1]),
        ({"default": "natural-gradient"}, [3, 2]),
    ],
    ids=str,
)
def test_parts_follow_the_metric(metric, copies):
    """Neurons that the metric mixes, or to which it is not the same, are computed together."""
    parsed, model, _ = flow_of({**spec("relu", [2, 3, 2], "all"), "metric": metric})
    assert [part.copies for part in parts_of(parsed, model)] == copies


def test_hundreds_of_neurons_share_one_program():
    parsed, model, _ = flow_of(spec("relu", [784, 512, 10], "all", kind="momentum", rate="tau"))
    neurons, biases = parts_of(parsed, model)
    assert (neurons.copies, biases.copies) == (512, 10)
    assert neurons.program.blocks == (("W1", (1, 784)), ("b1", (1, 1)), ("W2", (10, 1)))
    assert neurons.indices[1] == (range(784, 1568), range(784 * 512 + 1, 784 * 512 + 2), range(784 * 512 + 513, 784 * 512 + 512 * 11, 512))

"""conslaw_cli/rings, brackets, exact verification and path bases, each against a slow computation of another kind."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from itertools import product
from math import gcd
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
from flint import nmod_mat
from helpers import name_of, parts_of, quick, spec
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import phi

from conslaw_cli.analysis import part_result
from conslaw_cli.rings import gradings, jets
from conslaw_cli.rings.jets import Values
from conslaw_cli.rings.echelon import Echelon, rank
from conslaw_cli.rings.field import BOUND, INNER, LARGEST_PRIME_BELOW, Field, random_prime
from conslaw_cli.rings.field import PRIMES as DRAWN_FROM
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream, coefficient, mix
from conslaw_cli.rings.bounds import VARIABLE, gradient_bounds
from conslaw_cli.rings.tensors import Expansion, term_count
from conslaw_cli.dynamics import build_dynamics
from conslaw_cli.dynamics.base import Symbol
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.paths import Edges, edges, independent_paths
from conslaw_cli.laws.verify import Verdict, verdicts
from conslaw_cli.lie import left_normed, trace
from conslaw_cli.metrics import EUCLIDEAN
from conslaw_cli.metrics.power import Power
from conslaw_cli.models.chain import Chain
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.graph import serial
from conslaw_cli.graph.functions import FUNCTIONS
from conslaw_cli.graph.gradient import gradient
from conslaw_cli.graph.nodes import Apply, Coefficient, Constant, Node, Parameter, constant, topological_order
from conslaw_cli.graph.program import Program
from conslaw_cli.spec import parse_spec

P = 8388593
PRIMES = (3, 5, 257, 4194319, P)
SEEDS = st.integers(0, 2**32 - 1)


# --- the field -------------------------------------------------------------------------------------------------------


def exact(array) -> np.ndarray:
    """Integer-valued floats as Python integers."""
    return np.vectorize(int, otypes=[object])(array)


def same(field, floats, integers) -> bool:
    """Whether floats are residues of the integers, within the bound."""
    return bool((np.abs(floats) <= BOUND).all() and ((exact(floats) - integers) % field.p == 0).all())


@given(p=st.sampled_from(PRIMES), values=st.lists(st.integers(-(2**53) + 1, 2**53 - 1), min_size=1))
def test_reduce_is_exact_up_to_the_largest_integer_of_a_float(p, values):
    field = Field(p)
    assert same(field, field.reduce(np.array(values, dtype=np.float64)), np.array(values, dtype=object))


@given(p=st.sampled_from(PRIMES), values=st.lists(st.integers(-(10**40), 10**40), min_size=1))
def test_residues_of_integers_of_any_size(p, values):
    field = Field(p)
    residues = field.residues(np.array(values, dtype=object))
    assert same(field, residues, np.array(values, dtype=object))
    assert field.integers(residues).tolist() == [value % p for value in values]
    assert [field.residue(value) % p for value in values] == [value % p for value in values]


def test_residues_of_the_largest_unsigned_words():
    words = np.array([2**64 - 1, 2**63, 0, P], dtype=np.uint64)
    assert Field(P).integers(Field(P).residues(words)).tolist() == [(2**64 - 1) % P, 2**63 % P, 0, 0]


@pytest.mark.parametrize("inner", [1, 2, INNER - 1, INNER, INNER + 1, 3 * INNER + 7])
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, -1)])
def test_inner_products_at_the_bound_are_exact(inner, signs):
    """Every entry +-2^22: 256 products stay below 2^53, longer ones are cut."""
    field = Field(P)
    a, b = np.full((2, inner), signs[0] * float(BOUND)), np.full((inner, 3), signs[1] * float(BOUND))
    a[0, 0], b[0, 0] = a[0, 0] - signs[0], b[0, 0] - signs[1]
    assert same(field, field.matmul(a, b), exact(a) @ exact(b))


@given(seed=SEEDS, p=st.sampled_from(PRIMES), inner=st.sampled_from([1, 3, 256, 300, 513]))
@settings(max_examples=25)
def test_operations_against_python_integers(seed, p, inner):
    field, rng = Field(p), np.random.default_rng(seed)
    a, b = (field.residues(rng.integers(0, p, shape)) for shape in ((2, 3, inner), (inner, 4)))
    assert same(field, field.matmul(a, b), exact(a) @ exact(b))
    x, y = a[0], a[1]
    assert same(field, field.add(x, y), exact(x) + exact(y))
    assert same(field, field.subtract(x, y), exact(x) - exact(y))
    assert same(field, field.multiply(x, y), exact(x) * exact(y))
    assert same(field, field.power(x, 5), exact(x) ** 5)


@given(p=st.sampled_from(PRIMES), value=st.integers(1, 10**9))
def test_inverses(p, value):
    field = Field(p)
    value = value % (p - 1) + 1
    assert int(field.inverse(value)) * value % p == 1
    inverse = field.inverses(field.residues([value, p - 1]))
    assert (field.integers(inverse) * np.array([value, p - 1]) % p).tolist() == [1, 1]


@pytest.mark.parametrize("value", [2.0**53, -(2.0**53), 2.0**80, np.inf])
def test_values_that_may_have_been_rounded_are_refused(value):
    with pytest.raises(OverflowError):
        Field(P).reduce(np.array([1.0, value]))


@pytest.mark.parametrize("side", [0, 1])
def test_matrix_products_of_unreduced_values_are_refused(side):
    """The sum itself would be exact, so only the factor tells."""
    factors = [np.ones((2, 2)), np.ones((2, 2))]
    factors[side][1, 1] = BOUND + 1.0
    with pytest.raises(OverflowError):
        Field(P).matmul(*factors)


def test_zero_has_no_inverse():
    field = Field(P)
    for refused in (
        lambda: field.inverse(0.0),
        lambda: field.inverses(np.array([2.0, 0.0])),
        lambda: field.power(np.array([2.0, 0.0]), -1),
    ):
        with pytest.raises(ValueError):
            refused()


@given(p=st.sampled_from(PRIMES), value=st.integers(1, 10**9), exponent=st.integers(-9, 9))
def test_powers_of_any_sign(p, value, exponent):
    field, value = Field(p), value % (p - 1) + 1
    power = field.power(field.residues([value]), exponent)
    assert field.integers(power).tolist() == [pow(value, exponent, p)]


def test_powers_that_a_ring_does_not_have_are_refused():
    for base, exponent in ((0.0, -1), (0.0, Fraction(1, 2)), (2.0, Fraction(1, 3))):
        with pytest.raises(ValueError):
            jets.power(Field(1019), np.array([[base], [1.0]]), exponent)
    with pytest.raises(ValueError):
        Polynomial.of([((), 1), (((0, 1),), 1)]) ** -1
    assert (Polynomial({((0, 2),): 2}) ** -1).terms == {((0, -2),): Fraction(1, 2)}


@pytest.mark.parametrize("values", [[0.5], [1.0, 2.0], [True], ["1"], [1j]])
def test_residues_of_anything_but_integers_are_refused(values):
    with pytest.raises(TypeError, match="integers wanted"):
        Field(P).residues(values)


@pytest.mark.parametrize("p", [-7, 0, 1, 2, LARGEST_PRIME_BELOW, 2**23 + 9, 2**61 - 1])
def test_primes_out_of_range_are_refused(p):
    with pytest.raises(ValueError, match="not be exact"):
        Field(p)


@given(draw=st.integers(0, 2**64 - 1))
def test_random_primes_are_the_first_primes_of_23_bits_drawn(draw):
    p = random_prime(range(draw, 2**64 + 10**6))
    assert 2**22 <= p < LARGEST_PRIME_BELOW and sp.isprime(p)
    skipped = range(draw, draw + next(k for k in range(10**6) if 2**22 + (draw + k) % (LARGEST_PRIME_BELOW - 2**22) == p))
    assert not any(sp.isprime(2**22 + x % (LARGEST_PRIME_BELOW - 2**22)) for x in skipped)


def test_the_number_of_primes_that_are_drawn_from():
    sieve = np.ones(LARGEST_PRIME_BELOW, dtype=bool)
    for k in range(2, int(LARGEST_PRIME_BELOW**0.5) + 1):
        sieve[k * k :: k] = False
    assert sieve[2**22 :].sum() == DRAWN_FROM and sieve[P]


# --- rank ------------------------------------------------------------------------------------------------------------


def flint_rank(rows, p):
    return nmod_mat(len(rows), len(rows[0]), [int(v) % p for row in rows for v in row], p).rank()


def random_rows(rng, p, count, columns, inner, density):
    """A matrix of rank at most ``inner``, sparse, with repeated, scaled and zero rows."""
    left = rng.integers(0, p, (count, inner))
    right = rng.integers(1, p, (inner, columns)) * (rng.random((inner, columns)) < density)
    assert inner * p**2 < 2**63
    rows = (left @ right) % p
    rows[rng.integers(0, count)] = 0
    rows[rng.integers(0, count)] = rows[rng.integers(0, count)] * 2 % p
    return rows


@given(seed=SEEDS, p=st.sampled_from((3, 257, P)), shape=st.tuples(st.integers(1, 12), st.integers(1, 9)))
@settings(max_examples=60)
def test_the_mask_names_the_rows_independent_of_those_before(seed, p, shape):
    rng, field = np.random.default_rng(seed), Field(p)
    rows = random_rows(rng, p, *shape, inner=min(shape[1], 4), density=0.6)
    ranks = [0, *(flint_rank(rows[: k + 1], p) for k in range(len(rows)))]
    echelon, cut = Echelon(field, shape[1]), rng.integers(0, len(rows) + 1)
    mask = np.concatenate([echelon.add(field.residues(rows[:cut])), echelon.add(field.residues(rows[cut:]))])
    assert mask.tolist() == [a < b for a, b in zip(ranks, ranks[1:], strict=False)]
    assert echelon.rank == ranks[-1]


BIG = [(40, 700, 30, 0.01), (300, 350, 290, 0.5), (600, 400, 310, 0.02), (330, 330, 330, 1.0), (70, 900, 70, 0.004)]


@pytest.mark.parametrize("count, columns, inner, density", BIG)
@pytest.mark.parametrize("p", quick([P], [5, P]))
def test_rank_of_blocks_and_panels_against_flint(count, columns, inner, density, p):
    rows = random_rows(np.random.default_rng(count), p, count, columns, inner, density)
    assert rank(Field(p), Field(p).residues(rows)) == flint_rank(rows, p)


@pytest.mark.parametrize(
    "count, columns, inner, density", [(9, 6, 4, 0.7), (5, 9, 5, 1.0), (90, 70, 40, 0.1), pytest.param(600, 400, 310, 0.02, marks=pytest.mark.heavy)]
)
@pytest.mark.parametrize("p", [7, P])
def test_nullspace_and_span(count, columns, inner, density, p):
    field, rng = Field(p), np.random.default_rng(inner)
    rows = random_rows(rng, p, count, columns, inner, density)
    echelon = Echelon(field, columns)
    echelon.add(field.residues(rows))
    free, basis = echelon.nullspace()
    assert basis.shape == (columns - flint_rank(rows, p), columns)
    assert (basis[:, free] == np.eye(len(free))).all()
    assert not (rows @ basis.T.astype(np.int64) % p).any()
    inside = rng.integers(0, p, (3, count)) @ rows
    assert not echelon.reduced(field.residues(inside)).any()
    outside = np.eye(columns)[free]
    assert echelon.reduced(outside).any(axis=1).all()


def test_rank_of_nothing():
    echelon = Echelon(Field(P), 3)
    assert echelon.add(np.zeros((0, 3))).shape == (0,)
    assert echelon.add(np.zeros((2, 3))).tolist() == [False, False]
    assert echelon.rank == 0
    assert (echelon.nullspace()[1] == np.eye(3)).all()


# --- programs, jets, expansions: against SymPy -----------------------------------------------------------------------


MODELS = [
    ("linear", (2, 2, 1), "none"),
    ("linear", (1, 2, 1), "all"),
    ("linear", (1, 2, 1, 1), "hidden"),
    ("relu", (2, 1, 2), "hidden"),
    ("relu", (1, 2, 2, 1), "all"),
    ("nmf", (1, 2, 2), "none"),
]


def program_of(architecture, widths, bias):
    return ARCHITECTURES[architecture].build(Chain(widths, bias)).program


def batched_heads():
    """Two heads by batched matrix products, summed: (2, 2, 1) @ (2, 1, 2) of parameters, permuted and reshaped."""
    q, k = Parameter((2, 2), "q"), Parameter((2, 2, 1), "k")
    heads = q.reshape((2, 1, 2)).mT @ k.permute((0, 2, 1))
    return Program((("q", (2, 2)), ("k", (2, 2, 1))), (heads * Coefficient((2, 1, 2), "c")).sum((0, 1, 2)))


def broadcast_powers():
    """Broadcasting over new axes and axes of size 1, constants, an integer power, and differences."""
    u, v = Parameter((2, 1), "u"), Parameter((3,), "v")
    both = (u * v - Constant((3,), (Fraction(1, 2), 0, -3))) ** 2 + v**3
    return Program((("u", (2, 1)), ("v", (3,))), Coefficient((2,), "a") @ (both @ Coefficient((3,), "b")) * 5)


def shared_square():
    """A block used twice, on both sides of a product."""
    e = Parameter((2, 2), "e")
    return Program((("e", (2, 2)),), (Coefficient((2, 2), "c") * (e @ e.T)).sum((0, 1)))


GRAPHS = [batched_heads, broadcast_powers, shared_square]
PROGRAMS = [pytest.param(lambda m=m: program_of(*m), id=name_of(m)) for m in MODELS] + [
    pytest.param(graph, id=graph.__name__) for graph in GRAPHS
]


def symbols_of(name, shape):
    """An array of symbols named after a block and the index of an entry."""
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        array[index] = sp.Symbol(f"{name}{list(index)}".replace(" ", ""))
    return array


def symbolic(node):
    """A node as an array of SymPy expressions in symbols named after its blocks."""
    values = [np.asarray(symbolic(argument), dtype=object) for argument in node.arguments]
    match type(node).__name__, values:
        case "Parameter" | "Coefficient", []:
            return symbols_of(node.name, node.shape)
        case "Constant", []:
            return np.array([sp.Rational(f.numerator, f.denominator) for f in node.fractions], dtype=object).reshape(node.shape)
        case "Add", [a, b]:
            return a + b
        case "Multiply", [a, b]:
            return a * b
        case "MatMul", [a, b]:
            return np.einsum("...ij,...jk->...ik", a, b)
        case "Permute", [a]:
            return np.transpose(a, node.axes)
        case "Sum", [a]:
            return np.asarray(a.sum(axis=node.axes), dtype=object)
        case "Broadcast", [a]:
            return np.broadcast_to(a, node.shape)
        case "Reshape", [a]:
            return a.reshape(node.shape)
        case "Power", [a]:
            return a**node.exponent
        case "Apply", [a]:
            return np.vectorize(SYMBOLIC_FUNCTIONS[node.function.name])(a)
    raise TypeError(type(node))


SYMBOLIC_FUNCTIONS = {
    "exp": sp.exp,
    "log": sp.log,
    "sin": sp.sin,
    "cos": sp.cos,
    "normal_pdf": lambda x: sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi),
    "normal_cdf": lambda x: (1 + sp.erf(x / sp.sqrt(2))) / 2,
    "smooth": sp.Function("s"),
    "smooth'1": lambda x: sp.Function("s")(x).diff(x),
}


def parameter_symbols(program):
    return [symbol for name, shape in program.blocks for symbol in symbols_of(name, shape).ravel()]


def functional(program):
    return sp.expand(np.asarray(symbolic(program.functional), dtype=object).item())


@pytest.mark.parametrize("build", PROGRAMS)
def test_reverse_mode_against_sympy(build):
    program = build()
    assert [node.shape for node in program.gradients] == [shape for _, shape in program.blocks]
    found = [entry for node in program.gradients for entry in symbolic(node).ravel()]
    expected = [functional(program).diff(s) for s in parameter_symbols(program)]
    assert all(sp.expand(a - b) == 0 for a, b in zip(found, expected, strict=True))


def truncated(expression, count):
    """Coefficients of an expression by subsets of e_1 ... e_count, e_i^2 = 0, as in a jet's first axis."""
    infinitesimals = sp.symbols(f"e1:{count + 1}")
    terms = sp.Poly(expression, *infinitesimals, sp.Symbol("unused")).as_dict()
    return [Fraction(str(terms.get((*(k >> i & 1 for i in range(count)), 0), 0))) for k in range(2**count)]


@pytest.mark.parametrize("build", PROGRAMS)
@pytest.mark.parametrize("count", quick([0, 2], [0, 1, 2, 3]))
def test_jets_against_sympy(build, count):
    """grad f at theta = sum of random vectors times products of infinitesimals, in F_p[e]/(e_i^2)."""
    program, rng, field = build(), np.random.default_rng(count), Field(10007)
    infinitesimals = sp.symbols(f"e1:{count + 1}")
    products = [sp.Mul(*(e for i, e in enumerate(infinitesimals) if k >> i & 1)) for k in range(2**count)]
    values, substitution = {}, {}
    for name, shape in [*program.blocks, *((node.name, node.shape) for node in program.coefficients)]:
        constant = (name, shape) not in program.blocks
        values[name] = rng.integers(-50, 50, (1 if constant else 2**count, 1, *shape))
        for index, symbol in np.ndenumerate(symbols_of(name, shape)):
            jet = sum(int(v) * e for v, e in zip(values[name][(slice(None), 0, *index)], products, strict=False))
            substitution[symbol] = jet
    residues = {name: field.residues(value) for name, value in values.items()}
    found = jets.evaluate(field, program.gradients, Values(residues, residues))
    rows = [np.pad(g.reshape(len(g), -1), ((0, 2**count - len(g)), (0, 0))) for g in found]
    flat = np.concatenate(rows, axis=1)
    for column, symbol in enumerate(parameter_symbols(program)):
        expected = truncated(functional(program).diff(symbol).subs(substitution), count)
        assert field.integers(flat[:, column]).tolist() == [v.numerator * pow(v.denominator, -1, field.p) % field.p for v in expected]


def test_jet_arithmetic_with_fewer_infinitesimals():
    """(a + b e1)(c) and sums where one side lacks e1, and a cube."""
    field = Field(P)
    a, c = (np.array(x, dtype=float).reshape(-1, 1, 1, 1) for x in ([2, 3], [5]))
    assert jets.multiply(field, a, c).ravel().tolist() == [10, 15]
    assert jets.add(field, c, a).ravel().tolist() == [7, 3]
    assert jets.power(field, a, 3).ravel().tolist() == [8, 36]


def as_array(terms, value):
    """Terms as an array of SymPy expressions, with a SymPy value for every variable number."""
    flat = [sp.Integer(0)] * int(np.prod(terms.shape))
    for entry, monomial, c in zip(terms.entries, terms.monomials, terms.coefficients, strict=True):
        flat[int(entry)] += sp.Rational(str(c)) * sp.Mul(*(value[k] for k in monomial.tolist() if k >= 0))
    return np.array(flat, dtype=object).reshape(terms.shape)


def meanings(expansion, program):
    """What every variable of an expansion stands for: entries of parameters, coefficients and abstracted nodes."""
    value = dict(enumerate(parameter_symbols(program)))
    for node in topological_order(*program.gradients):
        terms = expansion._values.get(id(node))
        if terms is not None and len(terms.coefficients) == np.prod(node.shape):
            plain = terms.monomials.shape[1] == 1 and (terms.coefficients == 1).all()
            fresh = plain and (terms.monomials[:, 0] >= program.size).all()
            if fresh and len(set(terms.monomials[:, 0].tolist())) == len(terms.entries):
                entries = symbolic(node).ravel()
                value.update({int(k): entries[int(i)] for i, k in zip(terms.entries, terms.monomials[:, 0], strict=True)})
    return value


@pytest.mark.parametrize("build", PROGRAMS)
@pytest.mark.parametrize("abstract", [False, True])
def test_expansions_against_sympy(build, abstract):
    """Gradients by an active block, in full or with everything outside the block abstract."""
    program = build()
    for number, (name, _) in enumerate(program.blocks):
        expansion = Expansion(program, frozenset([name]) if abstract else None)
        terms = expansion.gradient(number)
        difference = as_array(terms, meanings(expansion, program)) - symbolic(program.gradients[number])
        assert all(sp.expand(entry) == 0 for entry in difference.ravel())


@pytest.mark.parametrize("build", PROGRAMS)
def test_the_number_of_terms_is_at_least_that_of_the_expanded_functional(build):
    """Nothing cancels in a model; in the other graphs terms meet."""
    program = build()
    terms = len(sp.Add.make_args(functional(program)))
    assert term_count(program) >= terms
    assert build in GRAPHS or term_count(program) == terms


@pytest.mark.parametrize("build", PROGRAMS)
def test_bounds_hold_for_the_expanded_gradient(build):
    program = build()
    variables = [*parameter_symbols(program), *(s for c in program.coefficients for s in symbols_of(c.name, c.shape).ravel())]
    for bound, node in zip(gradient_bounds(program, VARIABLE), program.gradients, strict=True):
        for entry in symbolic(node).ravel():
            polynomial = sp.Poly(entry, *variables)
            numbers = [coefficient * bound.denominator for coefficient in polynomial.coeffs()]
            assert polynomial.total_degree() <= bound.degree
            assert all(number.is_Integer for number in numbers) and sum(map(abs, numbers)) <= bound.norm


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_their_derivatives_against_sympy(name):
    """Reverse mode through a function; a ring without a rule for it says so, and its argument must not change."""
    w, c = Parameter((2,), "w"), Coefficient((2,), "c")
    program = Program((("w", (2,)),), (Apply((2,), w, FUNCTIONS[name]) * c).sum(0))
    found = [entry for node in program.gradients for entry in symbolic(node).ravel()]
    expected = [symbolic(program.functional).item().diff(symbol) for symbol in parameter_symbols(program)]
    assert all(sp.simplify(a - b) == 0 for a, b in zip(found, expected, strict=True))
    assert not gradings.sign_words(program, (), Stream(0)).any()
    assert gradings.weights(program, (Fraction(1, 2),)) is None
    with pytest.raises(TypeError, match="Apply|no bound"):
        gradient_bounds(program, VARIABLE)


@pytest.mark.parametrize(
    "operation, message",
    [
        (lambda a, b: a + b, r"cannot add \(2, 3\) and \(2,\)"),
        (lambda a, b: a * b, r"cannot multiply \(2, 3\) and \(2,\)"),
        (lambda a, b: a @ b, r"cannot contract \(2, 3\) with \(2,\)"),
        (lambda a, b: constant(1) @ b, "a number has no matrix product"),
        (lambda a, b: a.reshape((5,)), r"cannot reshape \(2, 3\) to \(5,\)"),
        (lambda a, b: a.broadcast((2,)), "cannot broadcast"),
        (lambda a, b: a.permute((0, 0)), "no permutation"),
        (lambda a, b: a.sum(2), "no axes"),
        (lambda a, b: b.mT, "no matrices to transpose"),
        (lambda a, b: a**0, "no integer or half of one"),
        (lambda a, b: Constant((2,), (1,)), "1 entries for a constant"),
        (lambda a, b: Program((("a", (2, 3)),), a), "a functional has one entry"),
        (lambda a, b: Program((("a", (2, 3)), ("z", (1,))), a.sum((0, 1))), "does not depend on"),
    ],
)
def test_a_graph_is_checked_where_it_is_built(operation, message):
    with pytest.raises(ValueError, match=message):
        operation(Parameter((2, 3), "a"), Parameter((2,), "b"))


@pytest.mark.parametrize("a, b", [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 1, 2, 3), (5, 3, 2)), ((2, 3), (5, 3, 1))])
def test_shapes_are_those_of_numpy(a, b):
    left, right = Parameter(a, "a"), Parameter(b, "b")
    assert (left @ right).shape == (np.ones(a) @ np.ones(b)).shape


def evaluated(data, functions):
    """A graph as plain data, read as its description says, with arrays of SymPy expressions."""
    values = []
    for operation, *rest in data["nodes"]:
        match operation, rest:
            case "parameter" | "coefficient", [name, shape]:
                value = symbols_of(name, shape)
            case "constant", [shape, entries]:
                value = np.array([sp.Rational(entry) for entry in entries], dtype=object).reshape(shape)
            case "add" | "multiply" | "matmul", [i, j]:
                value = {"add": np.add, "multiply": np.multiply, "matmul": np.matmul}[operation](values[i], values[j])
            case "permute", [i, axes]:
                value = np.transpose(values[i], axes)
            case "sum", [i, axes]:
                value = values[i].sum(axis=tuple(axes))
            case "broadcast" | "reshape", [i, shape]:
                value = {"broadcast": np.broadcast_to, "reshape": np.reshape}[operation](values[i], shape)
            case "power", [i, exponent]:
                value = values[i] ** exponent
            case "apply", [name, i]:
                value = np.vectorize(functions[name])(values[i])
        values.append(np.asarray(value, dtype=object))
    return values[data["functional"]].item()


@pytest.mark.parametrize("build", PROGRAMS)
def test_a_graph_as_plain_data_means_the_same(build):
    program = build()
    data = serial.to_data(program.functional)
    assert json.loads(json.dumps(data)) == data
    assert len(data["nodes"]) == len(topological_order(program.functional))
    assert sp.expand(evaluated(data, {}) - functional(program)) == 0


def test_a_function_as_plain_data():
    applied = Apply((2,), Parameter((2,), "w"), FUNCTIONS["exp"]) @ Coefficient((2,), "c")
    data = serial.to_data(applied)
    assert ["apply", "exp", 0] in data["nodes"]
    assert evaluated(data, {"exp": sp.exp}) == symbolic(applied).item()


def test_abstraction_hides_what_is_outside_the_active_block():
    program = program_of("linear", (2, 2, 2, 2), "none")
    whole, part = (Expansion(program, active).gradient(0) for active in (None, frozenset(["W1"])))
    assert len(part.coefficients) < len(whole.coefficients)


@dataclass(frozen=True, eq=False)
class Unknown(Node):
    """An operation that no interpreter was told of."""

    of: Node

    @property
    def arguments(self):
        return (self.of,)


INTERPRETERS = {
    "reverse mode": lambda program: gradient(program.functional, program.blocks),
    "parities": lambda program: gradings.sign_words(program, (), Stream(0)),
    "weights": lambda program: gradings.weights(program, (Fraction(1, 2),)),
    "number of terms": term_count,
    "bounds": lambda program: gradient_bounds(program, VARIABLE),
    "expansions": lambda program: Expansion(program, None).gradient(0),
    "jets": lambda program: jets.evaluate(Field(P), program.gradients, Values({"w": np.ones((1, 1, 1, 1))}, {"c": np.ones((1, 1, 1, 1))})),
}


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_an_operation_that_an_interpreter_does_not_know_is_an_error(interpreter):
    w, c = Parameter((1, 1), "w"), Coefficient((1, 1), "c")
    functional = Unknown((1, 1), w) @ c
    program = SimpleNamespace(
        blocks=(("w", (1, 1)),), functional=functional, gradients=(functional,), size=1, starts=(0,), dependence=defaultdict(lambda: 1)
    )
    with pytest.raises(TypeError, match="Unknown"):
        INTERPRETERS[interpreter](program)


# --- gradings --------------------------------------------------------------------------------------------------------


def exponent_rows(program):
    """(exponents of the parameters, exponents of the coefficients) for every monomial of the functional."""
    theta = parameter_symbols(program)
    rest = sorted(functional(program).free_symbols - set(theta), key=str)
    monomials = sp.Poly(functional(program), *theta, *rest).monoms()
    return [(m[: len(theta)], m[len(theta) :]) for m in monomials]


def sign_group(program, kept):
    """All parities of the parameters that some parities of the coefficients undo, by trying every one."""
    rows = exponent_rows(program)
    n, k = len(rows[0][0]), len(rows[0][1])
    masks = [tuple(sum((e & 1) << i for i, e in enumerate(part)) for part in row) for row in rows]
    group = set()
    for coefficients in range(2**k):
        for parameters in range(2**n):
            if not parameters & kept and all(
                ((a & parameters).bit_count() + (b & coefficients).bit_count()) % 2 == 0 for a, b in masks
            ):
                group.add(parameters)
    return group


def gf2_rank(words):
    """Rank over GF(2) of integers as bit vectors."""
    basis = []
    for word in words:
        for row in basis:
            word = min(word, word ^ row)
        if word:
            basis.append(word)
    return len(basis)


SIGNED = [("linear", (1, 2, 1), "none"), ("linear", (1, 2, 1), "hidden"), ("relu", (2, 1, 2), "hidden")]


@pytest.mark.parametrize("model", [*SIGNED, ("nmf", (1, 2, 1), "none"), ("relu", (1, 2, 2, 1), "none")], ids=name_of)
@pytest.mark.parametrize("fix_last", [False, True])
def test_sign_words_are_exactly_the_sign_symmetries(model, fix_last):
    program = program_of(*model)
    rows, columns = program.blocks[-1][1]
    fixed = [(k,) for k in range(program.size - rows * columns, program.size)] if fix_last else []
    words = gradings.sign_words(program, fixed, Stream(1)).tolist()
    found = {sum((word >> bit & 1) << k for k, word in enumerate(words)) for bit in range(64)}
    kept = (2**program.size - 2 ** (program.size - rows * columns)) * fix_last
    group = sign_group(program, kept)
    assert found <= group
    assert 2 ** gf2_rank(found) == len(group) > 1


def balanced(program, exponents, block_weights):
    """Whether f is homogeneous for some weights of the coefficients, and every component of the field scales alike."""
    per_block = zip(program.blocks, block_weights, strict=True)
    weights = [w for (_, (r, c)), w in per_block for _ in range(r * c)]
    rows = exponent_rows(program)
    unknowns = sp.symbols(f"v0:{len(rows[0][1])} total")
    sums = [
        sum(w * e for w, e in zip(weights, a, strict=True)) + sum(v * e for v, e in zip(unknowns, b)) for a, b in rows
    ]
    solvable = sp.linsolve([s - unknowns[-1] for s in sums], unknowns) != sp.S.EmptySet
    return solvable and len({(2 - a) * w for a, w in zip(exponents, block_weights, strict=True)}) == 1


@pytest.mark.parametrize("exponents", [(0, 0), (1, 1), (0, 1), (3, 0), (1, 3)])
@pytest.mark.parametrize("model", [m for m in MODELS if len(program_of(*m).blocks) == 2], ids=name_of)
def test_weights_make_the_generators_homogeneous(model, exponents):
    program = program_of(*model)
    assert balanced(program, exponents, gradings.weights(program, tuple(Power(a).weight for a in exponents)))


def test_no_weights_where_there_are_none():
    assert gradings.weights(program_of("linear", (2, 2, 1), "none"), (Power(2).weight, Power(0).weight)) is None
    biased = program_of("linear", (1, 2, 1), "hidden")
    for exponents in product((0, 1), repeat=3):
        scale = [Fraction(1, 2 - a) for a in exponents]
        of_metrics = tuple(Power(a).weight for a in exponents)
        assert (gradings.weights(biased, of_metrics) is not None) == balanced(biased, exponents, scale)


# --- brackets --------------------------------------------------------------------------------------------------------


def flow_of(tables):
    """(spec, model, dynamics) of a spec's tables."""
    parsed = parse_spec(tables)
    model = ARCHITECTURES[parsed.model.architecture].build(parsed.model.options)
    return parsed, model, build_dynamics(parsed.dynamics, parsed.metric.lookahead)


def part_flow(tables):
    parsed, model, dynamics = flow_of(tables)
    program, metrics = parts_of(parsed, model)[0].program, dict(parsed.metric.blocks)
    return PartFlow(program, tuple(metrics[name] for name, _ in program.blocks), dynamics)


def scalar_value(polynomial, values):
    return sum(c * sp.Mul(*(values[v] ** e for v, e in m)) for m, c in polynomial.terms.items())


def generator(flow, field, stream, number, state):
    """One generator as SymPy polynomials in the state, from the stream's draws."""

    def draw(name, size, counter=number):
        return [int(v) for v in stream.nonzero(field.p, name, np.array([counter]), size)[0]]

    values = {Symbol.FREE: draw("symbol", 1)[0], Symbol.RATE: draw("rate", 1, 0)[0]}
    pieces = np.split(np.array(state), len(flow.dynamics.coordinates))
    at, metric_at = (
        sum(scalar_value(s, values) * piece for s, piece in zip(scalars, pieces, strict=True))
        for scalars in (flow.dynamics.position, flow.dynamics.metric_point)
    )
    theta = parameter_symbols(flow.program)
    chosen = {
        s: v
        for node in flow.program.coefficients
        for s, v in zip(symbolic(node).ravel(), draw(coefficient(node.name), int(np.prod(node.shape))))
    }
    powers = [of.power for of, (_, (r, c)) in zip(flow.metrics, flow.program.blocks, strict=True) for _ in range(r * c)]
    f = functional(flow.program).subs(chosen)
    moved = [
        f.diff(s).subs(dict(zip(theta, at)), simultaneous=True) * m**a for s, m, a in zip(theta, metric_at, powers)
    ]
    return sp.Matrix([sp.expand(scalar_value(lift, values) * w) for lift in flow.dynamics.lift for w in moved])


BRACKETS = [
    spec("linear", [1, 2, 1]),
    spec("linear", [1, 2, 1], metric={"W1": 1}),
    spec("relu", [1, 1, 1], "hidden", metric={"W1": 2, "W2": 1}),
    spec("linear", [1, 1, 1], kind="momentum"),
    spec("nmf", [1, 1, 1], kind="momentum"),
    spec("linear", [1, 1, 1], kind="weight-decay"),
]


@pytest.mark.parametrize("tables", BRACKETS, ids=lambda t: name_of([*t["model"].values(), t["dynamics"]["kind"]]))
@pytest.mark.parametrize("length", [1, 2, 3])
def test_left_normed_brackets_against_sympy(tables, length):
    flow, field, stream = part_flow(tables), Field(P), Stream(5)
    point = flow.point(field, stream)
    slots = [flow.generators(field, stream, np.array([k])) for k in range(length)]
    found = field.integers(left_normed(field, slots, point[None, None, :])[0, 0])
    state = sp.symbols(f"z0:{flow.dimension}")
    total, *rest = [generator(flow, field, stream, k, state) for k in reversed(range(length))]
    for x in rest:
        total = total.jacobian(state) * x - x.jacobian(state) * total
    values = dict(zip(state, field.integers(point).tolist(), strict=True))
    assert found.tolist() == [int(entry.subs(values)) % P for entry in total]


# --- polynomials -----------------------------------------------------------------------------------------------------


monomials = st.dictionaries(st.integers(0, 3), st.integers(-2, 3).filter(bool), max_size=3)
numbers = st.one_of(st.integers(-9, 9), st.fractions(max_denominator=5)).filter(bool)
polynomials = st.lists(st.tuples(monomials.map(lambda m: tuple(sorted(m.items()))), numbers), max_size=4).map(
    Polynomial.of
)
X = sp.symbols("x0:8")


def as_sympy(polynomial):
    return sp.Add(*(sp.Rational(c) * sp.Mul(*(X[v] ** e for v, e in m)) for m, c in polynomial.terms.items()))


def equal(polynomial, expression):
    return all(polynomial.terms.values()) and sp.expand(as_sympy(polynomial) - expression) == 0


@given(a=polynomials, b=polynomials, exponent=st.integers(0, 3), factor=numbers)
@settings(deadline=None, max_examples=50)
def test_polynomial_arithmetic_against_sympy(a, b, exponent, factor):
    assert equal(a + b, as_sympy(a) + as_sympy(b))
    assert equal(a * b, as_sympy(a) * as_sympy(b))
    assert equal(a**exponent, as_sympy(a) ** exponent)
    assert equal(a.scaled(factor), as_sympy(a) * sp.Rational(factor))
    assert a + b == b + a and hash(a + b) == hash(b + a)
    assert not a + a.scaled(-1)


@given(a=polynomials)
@settings(deadline=None, max_examples=50)
def test_derivatives_against_sympy(a):
    found = a.derivatives()
    assert all(equal(a.derivative(v), as_sympy(a).diff(X[v])) for v in range(4))
    assert all(equal(partial, as_sympy(a).diff(X[v])) for v, partial in found.items())
    assert {v for v in range(4) if as_sympy(a).diff(X[v]) != 0} <= set(found) <= a.variables


@given(a=polynomials, b=polynomials)
@settings(deadline=None, max_examples=50)
def test_substitution_against_sympy(a, b):
    """x0 by a monomial, x1 by a polynomial where its powers are positive, the rest kept."""
    image = {0: Polynomial({((2, 1), (3, -1)): Fraction(2, 3)}), 1: b}
    negative = any(v == 1 and e < 0 for m in a.terms for v, e in m)
    if negative and len(b.terms) != 1:
        if b.terms:
            with pytest.raises(ValueError, match="negative power"):
                a.substitute(image.get)
        return
    expected = as_sympy(a).subs({X[0]: as_sympy(image[0]), X[1]: as_sympy(b)}, simultaneous=True)
    assert equal(a.substitute(image.get), expected)


@given(a=polynomials.filter(bool), factor=numbers)
def test_primitive_is_the_same_for_all_multiples(a, factor):
    primitive = a.primitive()
    coefficients = list(primitive.terms.values())
    assert all(type(c) is int for c in coefficients) and gcd(*coefficients) == 1
    assert a.scaled(factor).primitive() == primitive
    ratios = {Fraction(primitive.terms[m]) / c for m, c in a.terms.items()}
    assert len(ratios) == 1 and primitive.terms.keys() == a.terms.keys()


# --- randomness that certificates rest on ----------------------------------------------------------------------------


def splitmix(x):
    """The published algorithm on Python integers."""
    mask = 2**64 - 1
    x = (x + 0x9E3779B97F4A7C15) & mask
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & mask
    return x ^ x >> 31


def word(seed, name, counter, entry):
    label = int.from_bytes(sha256(name.encode()).digest()[:8], "big")
    return splitmix(splitmix(splitmix(splitmix(seed) ^ label) ^ counter) ^ entry)


def test_the_published_first_outputs():
    """splitmix64 from state 0, as published (Vigna)."""
    states = np.array([k * 0x9E3779B97F4A7C15 % 2**64 for k in range(3)], dtype=np.uint64)
    assert mix(states).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


@given(
    seed=st.integers(0, 2**64 - 1), name=st.sampled_from(["point", "x", "C2", "symbol"]), counter=st.integers(0, 2**40)
)
def test_the_stream_is_a_function_of_seed_name_counter_and_entry(seed, name, counter):
    counters = np.array([counter, counter + 1])
    words = Stream(seed).words(name, counters, 3)
    assert words.tolist() == [[word(seed, name, c, entry) for entry in range(3)] for c in counters.tolist()]
    assert Stream(seed).nonzero(P, name, counters, 3).tolist() == [[int(w) % (P - 1) + 1 for w in row] for row in words]
    assert Stream(seed).derive(name, counter) == words[0, 0]


def test_golden_values_of_the_stream():
    """To change with the certificate's format only: certificates of earlier versions are checked with them."""
    assert Stream(0).words("point", np.array([0]), 2).tolist() == GOLDEN_WORDS
    assert Stream(7).nonzero(P, "a", np.array([3, 4]), 2).tolist() == GOLDEN_NONZERO
    assert Stream(2**53 - 1).derive("trace", 1) == GOLDEN_DERIVED


GOLDEN_WORDS = [[15388544435562382482, 15359121300619119329]]
GOLDEN_NONZERO = [[2023068, 5948838], [4173064, 7844647]]
GOLDEN_DERIVED = 8548619421836634608


# --- verification ----------------------------------------------------------------------------------------------------


def verified(flow, laws):
    return [verdict is Verdict.HOLDS for verdict in verdicts(flow, laws)]


VERIFIED = [
    ("linear", [2, 3, 2], "none", None, "gradient-flow", None),
    ("linear", [2, 2, 2, 1], "hidden", None, "gradient-flow", None),
    ("linear", [2, 3, 2], "none", {"W1": 1, "W2": 1}, "gradient-flow", None),
    ("linear", [2, 2, 1], "none", {"W1": 2, "W2": 2}, "gradient-flow", None),
    ("linear", [2, 2, 1], "none", {"W1": 3, "W2": 1}, "gradient-flow", None),
    ("relu", [2, 2, 2], "all", None, "gradient-flow", None),
    ("icnn", [2, 2, 2, 1], "hidden", None, "gradient-flow", None),
    ("nmf", [2, 2, 3], "none", None, "gradient-flow", None),
    ("linear", [2, 3, 2], "none", None, "momentum", "tau"),
    ("linear", [2, 3, 2], "none", None, "momentum", 0),
    ("linear", [2, 2, 1], "none", None, "momentum", "1/(1+t)"),
    ("linear", [1, 3, 1], "none", None, "nesterov", None),
    ("nmf", [2, 2, 2], "none", {"U": 1, "V": 1, "at": "theta"}, "momentum", "tau"),
    ("nmf", [2, 2, 2], "none", None, "nesterov", None),
    ("linear", [2, 3, 2], "none", None, "weight-decay", "lambda"),
    ("nmf", [2, 2, 3], "none", None, "weight-decay", "lambda"),
]


def verified_laws(case):
    """A flow and the laws found for it, those of one scalar term left out (every multiple of them is a law)."""
    parsed, model, dynamics = flow_of(spec(*case))
    result = part_result(parts_of(parsed, model)[0], model, dynamics, seed=3)
    laws = [law for group in result.groups for law in group.laws if len(law.coordinates) > 1]
    return SimpleNamespace(flow=result.flow, laws=laws)


def changed_coefficient(law):
    """One coefficient one higher: the difference is a monomial, or one logarithm, and no law."""
    if law.logs:
        (variable, coefficient), *rest = law.logs
        return Law(law.polynomial, ((variable, coefficient + 1), *rest))
    monomial = min(law.polynomial.terms)
    return Law(law.polynomial + Polynomial({monomial: 1}))


def swapped_index(law, other):
    """One variable of one term replaced by ``other``."""
    if law.logs:
        return Law(law.polynomial, ((other, law.logs[0][1]), *law.logs[1:]))
    monomial = max(law.polynomial.terms)
    images = {monomial[0][0]: Polynomial.variable(other)}
    moved = Polynomial({monomial: law.polynomial.terms[monomial]}).substitute(images.get)
    rest = Polynomial({m: c for m, c in law.polynomial.terms.items() if m != monomial})
    return Law(rest + moved)


@pytest.mark.parametrize("case", VERIFIED, ids=name_of)
def test_right_laws_are_accepted_and_wrong_ones_refused(case):
    found = verified_laws(case)
    assert found.laws and all(verified(found.flow, found.laws))
    assert not any(verified(found.flow, [changed_coefficient(law) for law in found.laws]))
    for law in found.laws:
        foreign = sorted(set(range(found.flow.dimension)) - law.variables)
        if foreign:
            assert verified(found.flow, [swapped_index(law, foreign[0])]) == [False]


@pytest.mark.parametrize("case", VERIFIED, ids=name_of)
def test_verification_tells_laws_apart_within_one_call(case):
    found = verified_laws(case)
    mixed = [law for pair in zip(found.laws, map(changed_coefficient, found.laws), strict=True) for law in pair]
    assert verified(found.flow, mixed) == [True, False] * len(found.laws)


# --- path bases ------------------------------------------------------------------------------------------------------


PATH_MODELS = [
    (w, b) for w in ([2, 1], [1, 1, 1], [2, 3, 2], [2, 2, 3, 1], [1, 2, 1, 3, 2]) for b in ("none", "hidden", "all")
]


@pytest.mark.parametrize("widths, bias", PATH_MODELS)
def test_path_bases_against_the_rank_of_all_paths(widths, bias):
    symbols, paths = phi("relu", widths, bias)
    matrix = np.array([[path.has(s) for s in symbols] for path in paths], dtype=float)
    model = ARCHITECTURES["relu"].build(Chain(tuple(widths), bias))
    assert independent_paths(edges(model.paths, model.blocks)) == np.linalg.matrix_rank(matrix)


def test_a_path_basis_that_is_not_triangular_is_refused():
    model = ARCHITECTURES["relu"].build(Chain((2, 3, 2)))
    graph = edges(model.paths, model.blocks)
    with pytest.raises(ArithmeticError, match="triangular"):
        independent_paths(Edges(graph.tail, graph.head, np.zeros_like(graph.order), graph.neurons))


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("coefficients_in", "coefficients_out"), ("symbol", "rate"), ("prime", "point")])
def test_blocks_of_coefficients_may_be_called_anything(names):
    """Linear 3-2-3 has 3 laws; with equal draws on both sides of the product it would have 4."""
    blocks = (("W1", (2, 3)), ("W2", (3, 2)))
    first, last = (Parameter(shape, name) for name, shape in blocks)
    functional = Coefficient((1, 3), names[1]) @ (last @ (first @ Coefficient((3, 1), names[0])))
    flow = PartFlow(Program(blocks, functional), (EUCLIDEAN, EUCLIDEAN), flow_of(spec("linear", [3, 2, 3]))[2])
    found = trace(flow, seed=1)
    assert found.closed and flow.dimension - found.dimension == 3


def test_slopes_are_the_values_of_the_derivatives():
    """One pass over the terms, with powers of both signs, fractions and constants of the dynamics, and what making polynomials gives."""
    half = Fraction(1, 2)
    terms = [(((-2, 1), (0, 3)), 5), (((0, 1), (1, -2)), Fraction(2, 7)), (((1, half), (2, 1)), 3), (((2, 2),), -1), ((), 4)]
    polynomial, p = Polynomial.of(terms), 10007
    values = {-2: 17, 0: 1234, 1: 678**2 % p, 2: p - 9}
    expected = {v: partial.value(values, p) for v, partial in polynomial.derivatives().items()}
    assert polynomial.slopes(values, p) == expected and set(expected) == {-2, 0, 1, 2}

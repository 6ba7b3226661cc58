"""conslaw_cli/rings/keyed.py, defined.py and floats.py: values of functions modulo p, where they exist, and in floating point."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import norm

from conslaw_cli.graph.functions import FUNCTIONS
from conslaw_cli.graph.nodes import POSITIVE, TOP, Branch, Constant, Parameter
from conslaw_cli.rings.zeros import zeros_of
from conslaw_cli.rings import jets
from conslaw_cli.rings.defined import Definedness
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.floats import Floats
from conslaw_cli.rings.jets import Evaluation, Values
from conslaw_cli.rings.keyed import Keyed
from conslaw_cli.rings.stream import Stream

P = 8388587
"""3 modulo 4, as the primes are that roots, sine and cosine are evaluated at."""
FIELD = Field(P)
SMALL = Field(1019)
residues = st.lists(st.integers(0, P - 1), min_size=1, max_size=8)


def keyed(seed=5, field=FIELD):
    return Keyed(field, Stream(seed))


def value(name, integers, seed=5):
    """The values of a function at residues of integers, as integers in [0, p)."""
    return FIELD.integers(keyed(seed).value(name, FIELD.residues(np.array(integers)))).tolist()


# --- values modulo p ----------------------------------------------------------------------------------------------


@given(u=residues)
def test_exp_of_minus_u_is_one_over_exp_of_u(u):
    assert [a * b % P for a, b in zip(value("exp", u), value("exp", [-v for v in u]), strict=True)] == [1] * len(u)
    assert value("exp", [0]) == [1]


@given(u=residues)
def test_normal_cdf_of_minus_u_is_one_minus_that_of_u(u):
    pairs = zip(value("normal_cdf", u), value("normal_cdf", [-v for v in u]), strict=True)
    assert [(a + b) % P for a, b in pairs] == [1] * len(u)
    assert value("normal_cdf", [0]) == [(P + 1) // 2]
    assert value("normal_pdf", u) == value("normal_pdf", [-v for v in u])


@given(u=residues)
def test_sine_and_cosine_are_on_one_circle(u):
    sines, cosines = value("sin", u), value("cos", u)
    assert [(s * s + c * c) % P for s, c in zip(sines, cosines, strict=True)] == [1] * len(u)
    assert value("sin", [-v for v in u]) == [-s % P for s in sines]
    assert value("cos", [-v for v in u]) == cosines
    assert (value("sin", [0]), value("cos", [0])) == ([0], [1])


def test_a_logarithm_of_one_is_zero():
    assert value("log", [1]) == [0] and value("log", [2]) != [0]


@pytest.mark.parametrize("name", [*FUNCTIONS, "smooth'1", "smooth'2"])
def test_same_argument_same_value_whatever_stands_beside_it(name):
    rng = np.random.default_rng(1)
    u = rng.integers(1, P, 50)
    found = value(name, u)
    assert found == value(name, u) == value(name, u[::-1])[::-1] == [value(name, [v])[0] for v in u]
    assert value(name, u + P) == found
    assert len(set(found)) > 45, "values at different arguments are drawn independently"
    assert sum(a == b for a, b in zip(found, value(name, u, seed=6), strict=True)) < 5


def test_functions_have_values_of_their_own():
    names = ["exp", "log", "normal_cdf", "normal_pdf", "sin", "cos", "smooth", "smooth'1", "smooth'2"]
    assert len({value(name, [12345])[0] for name in names}) == len(names)


def test_residues_that_stand_for_one_number_are_one_argument():
    """A residue is allowed to lie beyond p/2 by two; then it and its other representative are the same argument."""
    half = (P + 1) // 2
    both = np.array([float(half), float(half - P)])
    for name in FUNCTIONS:
        first, second = FIELD.integers(keyed().value(name, both)).tolist()
        assert first == second, name


def test_keyed_values_of_a_whole_array_have_its_shape():
    u = FIELD.residues(np.arange(24).reshape(2, 3, 4))
    for name in FUNCTIONS:
        assert keyed().value(name, u).shape == (2, 3, 4)


# --- jets of functions against sums of derivatives ----------------------------------------------------------------


def partitions(items):
    """All partitions of a tuple into blocks."""
    if not items:
        yield []
        return
    first, *rest = items
    for smaller in partitions(tuple(rest)):
        for i, block in enumerate(smaller):
            yield [*smaller[:i], [first, *block], *smaller[i + 1 :]]
        yield [[first], *smaller]


def derivatives(name, u, count):
    """f(u), f'(u), ... as integers modulo p, written out for each function."""
    at = lambda f: value(f, [u])[0]
    pdf = at("normal_pdf")
    hermite = [pdf, -u * pdf, (u * u - 1) * pdf, (3 * u - u**3) * pdf, (u**4 - 6 * u * u + 3) * pdf]
    inverse = pow(u, -1, P)
    table = {
        "exp": [at("exp")] * 5,
        "log": [at("log"), inverse, -(inverse**2), 2 * inverse**3, -6 * inverse**4],
        "sin": [at("sin"), at("cos"), -at("sin"), -at("cos"), at("sin")],
        "cos": [at("cos"), -at("sin"), -at("cos"), at("sin"), at("cos")],
        "normal_pdf": hermite,
        "normal_cdf": [at("normal_cdf"), *hermite[:4]],
        "smooth": [at("smooth"), *(at(f"smooth'{k}") for k in range(1, 5))],
    }
    return table[name][: count + 1]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_jets_of_functions_are_faa_di_brunos_sums(name, count):
    """The coefficient of e_S in f(u) is the sum over the partitions of S of f^(k)(u_0) and the product of the blocks' coefficients."""
    jet = np.random.default_rng(count).integers(1, P, 2**count)
    node = Parameter((), "u").applied(FUNCTIONS[name])
    parameters = {"u": FIELD.residues(jet).reshape(-1, 1)}
    (found,) = jets.evaluate(FIELD, (node,), Values(parameters, {}, functions=keyed()))
    of = derivatives(name, int(jet[0]), count)
    for subset in range(2**count):
        members = tuple(i for i in range(count) if subset >> i & 1)
        expected = 0
        for blocks in partitions(members):
            term = of[len(blocks)]
            for block in blocks:
                term = term * int(jet[sum(1 << i for i in block)]) % P
            expected += term
        assert int(found[subset, 0]) % P == expected % P, members


@pytest.mark.parametrize("exponent", [-1, -2, Fraction(1, 2), Fraction(-1, 2), Fraction(-3, 2)])
def test_jets_of_partial_powers_solve_their_equation(exponent):
    """(u^e)^n = u^(e n) as jets, where the value is a square."""
    rng = np.random.default_rng(3)
    jet = FIELD.residues(rng.integers(1, P, (8, 1)))
    jet[0] = FIELD.multiply(jet[:1], jet[:1])[0]
    (found,) = jets.evaluate(FIELD, (Parameter((), "u") ** exponent,), Values({"u": jet}, {}))
    denominator, numerator = Fraction(exponent).denominator, -Fraction(exponent).numerator
    left = jets.power(FIELD, found, denominator) if denominator > 1 else found
    if numerator < 0:
        assert FIELD.integers(left).tolist() == FIELD.integers(jets.power(FIELD, jet, -numerator)).tolist()
    else:
        one = jets.multiply(FIELD, left, jets.power(FIELD, jet, numerator))
        assert FIELD.integers(one).ravel().tolist() == [1] + [0] * 7


# --- where nodes have a value -------------------------------------------------------------------------------------


def branch_of(x, kind, count=1):
    return Branch(x.shape, x, kind, count)


def undefined(node, jet, field=SMALL, **branches):
    """Which entries of a node are undefined for parameters u, of shape (batch, *shape)."""
    values = Values({"u": field.residues(jet)[None]}, {}, {}, dict(branches), keyed(field=field))
    ((_, mask),) = Definedness(field, values, zeros_of(node)).evaluate(node)
    return np.zeros((len(jet), *node.shape), dtype=bool) if mask is None else np.broadcast_to(mask[0], (len(jet), *node.shape))


def has_root(x):
    return x % SMALL.p != 0 and pow(int(x), (SMALL.p - 1) // 2, SMALL.p) == 1


ENTRIES = np.arange(-20, 40).reshape(15, 4)
U = Parameter((4,), "u")


@pytest.mark.parametrize("exponent", [-1, -2, Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2)])
def test_powers_are_undefined_where_there_is_no_such_residue(exponent):
    fine = np.vectorize((lambda x: x % SMALL.p != 0) if isinstance(exponent, int) else has_root)(ENTRIES)
    assert (undefined(U**exponent, ENTRIES) == ~fine).all()


def test_logarithms_are_undefined_at_zero_only():
    assert (undefined(U.applied(FUNCTIONS["log"]), ENTRIES) == (ENTRIES == 0)).all()
    assert not undefined(U.applied(FUNCTIONS["exp"]), ENTRIES).any()


def test_what_is_made_of_something_undefined_is_undefined():
    zero = ENTRIES == 0
    inverse = U**-1
    assert (undefined(inverse + 1, ENTRIES) == zero).all()
    assert (undefined(inverse * U, ENTRIES) == zero).all(), "0/0 has no value, though 1 is its limit"
    assert (undefined(inverse.sum(0), ENTRIES) == zero.any(axis=1)).all()
    assert (undefined(inverse.reshape((2, 2)).T, ENTRIES) == zero.reshape(-1, 2, 2).swapaxes(1, 2)).all()
    matrices = zero.reshape(-1, 2, 2)
    rows = matrices.any(axis=2)[:, :, None]
    assert (undefined(inverse.reshape((2, 2)) @ Constant((2, 2), (1, 2, 3, 1)), ENTRIES) == np.broadcast_to(rows, (15, 2, 2))).all()
    assert (undefined(inverse.reshape((2, 2)) @ Constant((2, 2), (1, 0, 0, 1)), ENTRIES) == matrices).all(), "a constant's zeros take it away"
    assert (undefined(inverse.gather(np.array([3, 3, 0])), ENTRIES) == zero[:, [3, 3, 0]]).all()
    assert (undefined(inverse.scatter(np.array([1, 1, 0, 0]), (3,)), ENTRIES)[:, 1] == zero[:, :2].any(axis=1)).all()
    assert not undefined(inverse.scatter(np.array([1, 1, 0, 0]), (3,)), ENTRIES)[:, 2].any()
    assert (undefined(inverse[0].broadcast((4,)), ENTRIES) == zero[:, :1]).all()


def test_a_branch_is_defined_whatever_it_is_taken_by():
    node = branch_of(U**-1, POSITIVE)
    values = Values({"u": SMALL.residues(ENTRIES)[None]}, {}, {}, {id(node): np.ones((1, 1, 4))}, keyed(field=SMALL))
    ((_, mask),) = Definedness(SMALL, values, zeros_of(node)).evaluate(node)
    assert mask is None


def test_defined_values_are_those_of_the_jets():
    """And what is undefined goes on as one, so that nothing raises."""
    node = (U**-1 + U ** Fraction(1, 2)).applied(FUNCTIONS["exp"])
    values = Values({"u": SMALL.residues(ENTRIES)[None]}, {}, {}, {}, keyed(field=SMALL))
    ((found, mask),) = Definedness(SMALL, values, zeros_of(node)).evaluate(node)
    assert (found == Evaluation(SMALL, values).evaluate(node)[0]).all()
    for entry, gone, got in zip(ENTRIES.ravel(), mask.ravel(), found.ravel(), strict=True):
        if not gone:
            root = next(r for r in range(SMALL.p) if r * r % SMALL.p == entry % SMALL.p and has_root(r))
            argument = SMALL.residues(np.array([root + pow(int(entry), -1, SMALL.p)]))
            assert got == keyed(field=SMALL).value("exp", argument)[0]


# --- floating point -----------------------------------------------------------------------------------------------

REAL = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "normal_cdf": ndtr, "normal_pdf": norm.pdf,
}  # fmt: skip


def floats(node, **arrays):
    (found,) = Floats(arrays, {}, {}).evaluate(node)
    return found


@pytest.mark.parametrize("name", REAL)
def test_functions_of_floats_against_numpy_and_scipy(name):
    u = np.random.default_rng(2).uniform(0.1, 4, (7, 3, 2))
    assert floats(Parameter((3, 2), "u").applied(FUNCTIONS[name]), u=u) == pytest.approx(REAL[name](u), rel=1e-12)


def test_operations_on_floats_against_numpy():
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0.5, 2, (5, 2, 3, 4)), rng.normal(size=(5, 2, 4, 3))
    x, y = Parameter((2, 3, 4), "a"), Parameter((2, 4, 3), "b")
    index, places = np.array([[5, 0], [23, 5]]), np.arange(24).reshape(2, 3, 4) % 5
    scattered = np.zeros((5, 5))
    for sample in range(5):
        np.add.at(scattered[sample], places.ravel(), a[sample].ravel())
    table = {
        "add": (x + y.mT, a + b.swapaxes(-1, -2)),
        "multiply": (x * y.mT * Fraction(1, 2), a * b.swapaxes(-1, -2) / 2),
        "matmul": (x @ y, a @ b),
        "permute": (x.permute((2, 0, 1)), a.transpose(0, 3, 1, 2)),
        "sum": (x.sum((0, 2)), a.sum((1, 3))),
        "reshape": (x.reshape((6, 4)), a.reshape(5, 6, 4)),
        "broadcast": (x.reshape((1, 2, 3, 4)).broadcast((3, 2, 3, 4)), np.broadcast_to(a[:, None], (5, 3, 2, 3, 4))),
        "gather": (x.gather(index), a.reshape(5, -1)[:, index]),
        "scatter": (x.scatter(places, (5,)), scattered),
        "power": (x ** Fraction(-3, 2), a**-1.5),
        "slice": (x[1, ::2], a[:, 1, ::2]),
    }
    for name, (node, expected) in table.items():
        assert floats(node, a=a, b=b) == pytest.approx(expected, rel=1e-13), name


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 4))
def test_branches_of_floats_against_sorting(seed, count):
    """The largest along the last axis, the first of equal ones; positive entries."""
    a = np.random.default_rng(seed).integers(-2, 3, (6, 3, 4)).astype(float)
    x = Parameter((3, 4), "a")
    assert (floats(branch_of(x, POSITIVE), a=a) == (a > 0)).all()
    found = floats(branch_of(x, TOP, count), a=a)
    for row, mask in zip(a.reshape(-1, 4), found.reshape(-1, 4), strict=True):
        order = sorted(range(4), key=lambda k: (-row[k], k))
        assert set(np.flatnonzero(mask)) == set(order[:count])


def test_branches_are_collected_by_their_node():
    x = Parameter((2,), "a")
    first, second = branch_of(x, POSITIVE), branch_of(x * -1, POSITIVE)
    interpreter = Floats({"a": np.array([[1.0, -1.0]])}, {}, {})
    interpreter.evaluate(first + second)
    assert {key: mask.tolist() for key, mask in interpreter.branches.items()} == {id(first): [[1, 0]], id(second): [[0, 1]]}

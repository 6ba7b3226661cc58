"""The search for laws: what it finds by itself, and when a degree counts as searched."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest
from helpers import name_of, parts_of, quick, spec
from test_exact import flow_of, part_flow

from conslaw_cli import analysis
from conslaw_cli.analysis import part_result
from conslaw_cli.limits import Limits
from conslaw_cli.laws import ansatz, gram, search, verify
from conslaw_cli.laws.ansatz import Grading
from conslaw_cli.laws.lifting import lifted
from conslaw_cli.laws.products import Products
from conslaw_cli.laws.sampling import Sampler
from conslaw_cli.laws.verify import Verdict, Verification
from conslaw_cli.rings.echelon import Echelon
from conslaw_cli.rings.stream import Stream

PRIMES = (8388593, 8388587, 8388581, 8388571)
FULL = spec("linear", [1, 2, 2, 2, 1])
"""A part whose sum does not close: there is always something left to search for."""


def analysed(tables):
    parsed, model, dynamics = flow_of(tables)
    return part_result(parts_of(parsed, model)[0], model, dynamics, seed=5)


@pytest.fixture
def alone(monkeypatch):
    """The search has to find every law by itself."""
    monkeypatch.setattr(analysis, "candidates", lambda *_: [])


@pytest.fixture
def two_degrees(monkeypatch):
    monkeypatch.setattr(search, "LIMITS", Limits(degree=2))


# --- what it finds ---------------------------------------------------------------------------------------------------


SMALL = [
    ("linear", [2, 3, 2]),
    ("linear", [2, 2, 2, 1]),
    ("linear", [2, 2, 1], "hidden"),
    ("relu", [2, 2, 2], "hidden", None, "weight-decay", "lambda"),
    ("nmf", [2, 2, 3]),
    ("nmf", [2, 2, 2], "none", None, "nesterov"),
    ("linear", [2, 2, 2], "none", None, "momentum", "tau"),
    ("linear", [2, 2, 1], "none", {"W1": 2, "W2": 2}),
]


@pytest.mark.parametrize("case", SMALL, ids=name_of)
def test_the_search_alone_finds_what_the_families_do(case, monkeypatch):
    known = analysed(spec(*case))
    monkeypatch.setattr(analysis, "candidates", lambda *_: [])
    found = analysed(spec(*case))
    assert known.found and (found.found, found.proved) == (known.found, known.proved)


def without(flow, stream, grading):
    found = grading(flow, stream)
    return Grading(np.zeros_like(found.signs), np.zeros_like(found.weights), by_degree=False)


@pytest.mark.parametrize("case", [("linear", [1, 2, 1]), ("linear", [2, 2, 1]), ("linear", [1, 2, 2, 2, 1]), ("nmf", [1, 2, 1])], ids=name_of)
def test_gradings_change_nothing_but_the_work(case, alone, two_degrees, monkeypatch):
    graded = analysed(spec(*case))
    monkeypatch.setattr(search.ansatz, "grading", partial(without, grading=ansatz.grading))
    plain = analysed(spec(*case))
    assert graded.found and (plain.found, plain.searched_degree) == (graded.found, graded.searched_degree)


GRAM = [
    ("linear", [2, 3, 2]),
    ("linear", [2, 2, 2, 1]),
    ("linear", [8, 8, 8]),
    ("relu", [2, 2, 2], "hidden", None, "weight-decay", "lambda"),
    ("linear", [2, 2, 2], "none", None, "momentum", "tau"),
    ("linear", [3, 4, 3], "none", None, "momentum", 0),
]


@pytest.fixture
def no_monomials(monkeypatch):
    monkeypatch.setattr(search._Session, "polynomial", lambda *_: False)


@pytest.mark.parametrize("case", quick([case for case in GRAM if case[1] != [8, 8, 8]], GRAM, name_of))
def test_gram_entries_are_enough_for_the_euclidean_metric(case, alone, no_monomials):
    assert analysed(spec(*case)).proved


@pytest.mark.parametrize(("metric", "laws"), [({"W1": {"left": [[2, 1, 0], [1, 3, 1], [0, 1, 5]]}}, 3), ({"W1": {"right": [[2, 1], [1, 3]]}}, 6)])
def test_gram_entries_are_enough_for_matrix_metrics(metric, laws, alone, no_monomials):
    result = analysed({**spec("linear", [2, 3, 2]), "metric": metric})
    assert result.proved and result.found == laws


def test_a_degree_is_not_searched_by_gram_entries(two_degrees, alone, monkeypatch):
    asked = []
    original = search._Session.polynomial
    monkeypatch.setattr(search._Session, "polynomial", lambda session, degree, powers: asked.append(degree) or original(session, degree, powers))
    assert analysed(FULL).searched_degree == 2
    assert asked == [1, 2]


@pytest.mark.parametrize("case", [("linear", [1, 2, 2]), ("relu", [2, 1, 3], "hidden"), ("linear", [2, 1, 2], "none", None, "momentum", 0)], ids=name_of)
def test_gram_entries_are_independent_and_each_in_one_class(case):
    flow = part_flow(spec(*case))
    grading, sampler = ansatz.grading(flow, Stream(3)), Sampler(flow, Stream(4), 0)
    classes = list(gram.classes(flow, grading))
    assert gram.suits(flow) and sum(len(functions.monomials) for _, functions in classes) <= gram._size(flow)
    for key, functions in classes:
        rows = [[v for v in row if v != flow.dimension] for row in functions.monomials.tolist()]
        assert {int(grading.keys(np.array([row]))[0]) for row in rows} == {key}
        values = sampler.sums(functions, sampler.values(functions.monomials, len(functions), (1,) * flow.dimension))
        assert Echelon(sampler.field, len(functions)).add(values).all()


# --- when a degree counts as searched --------------------------------------------------------------------------------


def test_a_degree_without_gaps_is_searched(alone, two_degrees):
    assert analysed(FULL).searched_degree == 2


def test_a_kernel_vector_that_does_not_lift_leaves_its_degree_open(alone, two_degrees, monkeypatch):
    monkeypatch.setattr(search, "lifted", lambda kernels: None)
    result = analysed(FULL)
    assert (result.searched_degree, result.found) == (1, 0)


@pytest.mark.parametrize("verdict", [Verdict.FAILS, Verdict.TOO_LARGE])
def test_a_candidate_that_is_not_verified_leaves_its_degree_open(verdict, alone, two_degrees, monkeypatch):
    monkeypatch.setattr(search, "verifications", lambda flow, laws, listener: [Verification(verdict)] * len(laws))
    result = analysed(FULL)
    assert (result.searched_degree, result.found) == (1, 0)


def test_an_expansion_over_its_limit_leaves_the_degree_open(alone, two_degrees, monkeypatch):
    monkeypatch.setattr(verify, "LIMITS", Limits(expanded_terms=0, most_expanded_terms=0))
    monkeypatch.setattr("conslaw_cli.rings.tensors.LIMITS", Limits(joined_terms=0))
    assert analysed(FULL).searched_degree == 1


def test_products_of_known_laws_account_for_a_kernel(two_degrees, monkeypatch):
    """The balancedness laws fill the kernels of degree 2; without products of them each has to be lifted again."""
    lifts = []
    monkeypatch.setattr(search, "lifted", lambda kernels: lifts.append(kernels))
    assert analysed(FULL).searched_degree == 2 and not lifts
    monkeypatch.setattr(Products, "learn", lambda *_: None)
    assert analysed(FULL).searched_degree == 1 and lifts


# --- rational reconstruction -----------------------------------------------------------------------------------------


def residues(values):
    """Kernels of one row: the values (numerator, denominator) modulo each prime."""
    return [(p, np.array([[a * pow(b, -1, p) % p for a, b in values]], dtype=object)) for p in PRIMES]


def test_random_residues_lift_to_nothing():
    draw = random.Random(1)
    assert not any(lifted([(p, np.array([[1, draw.randrange(p)]])) for p in PRIMES]) for _ in range(5000))


def test_fractions_of_moderate_size_lift():
    draw = random.Random(2)
    for _ in range(200):
        a, b = draw.randrange(-(2**33), 2**33), draw.randrange(1, 2**33)
        (vector,) = lifted(residues([(1, 1), (a, b)]))
        assert vector[1] * b == vector[0] * a and vector[0] > 0

"""Values of laws at arrays against the printed expressions, read by SymPy; drifts against their definition."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from helpers import FAST_SPECS, ZOO_SAMPLE, quick, quick_paths
from helpers import report as json_report
from sympy.parsing.sympy_parser import parse_expr
from test_abelian import value as integral_value
from test_model_specs import FOLDER, SPECS, ZOO

from conslaw_cli import analyze
from conslaw_cli.evaluation.drift import Follower
from conslaw_cli.evaluation.leaves import Leaves
from conslaw_cli.evaluation.sums import alone, together
from conslaw_cli.evaluation.times import time_values
from conslaw_cli.report import ascii
from conslaw_cli.report.formula import IntegralSum
from conslaw_cli.reporting import report_of
from conslaw_cli.rings.floats import Floats
from conslaw_cli.spec import read_cases

TIME = 1.3
SMALL = [path for path in SPECS if path.stem != "relu_mnist"]
SHOWN = 40
"""Laws of a family that are compared."""


def drawn(found, seed=0):
    """Positive arrays and velocities by block."""
    rng = np.random.default_rng(seed)
    both = ({name: rng.uniform(0.3, 1.5, shape) for name, shape in found.model.blocks} for _ in range(2))
    return tuple(both)


def numbers(arrays, velocities, constants):
    """Values of all names in a printed law."""
    known = {"t": TIME, **constants}
    for prefix, blocks in (("", arrays), ("d", velocities)):
        for name, array in blocks.items():
            known |= {prefix + name + "".join(f"_{i + 1}" for i in index): float(x) for index, x in np.ndenumerate(array)}
    return known


def printed(expression, known):
    """The value of a printed law; an integral over t is taken from 1, where no spec has another start."""
    parsed = parse_expr(expression, local_dict={name: sp.Symbol(name) for name in known} | {"lamda": sp.Symbol("lamda")})
    t = sp.Symbol("t")
    fixed = parsed.replace(lambda node: isinstance(node, sp.Integral), lambda node: sp.Integral(node.function, (t, 1, t)))
    return float(fixed.subs({name: value for name, value in known.items()}).evalf())


def check(path):
    for spec in read_cases(str(path)):
        found = report_of(spec)
        arrays, velocities = drawn(found)
        evaluator = found.laws.evaluator()
        constants = dict.fromkeys(evaluator.letters, 0.7)
        values, known = found.laws(arrays, velocities, TIME, constants), numbers(arrays, velocities, constants)
        assert len(values) == len(evaluator.laws)
        for law in evaluator.laws:
            family, number = law.name.family, law.name.member
            if isinstance(family.form, IntegralSum):
                continue
            members = list(family.members)[:SHOWN] if number is None else [family.members[number]]
            expected = np.array([printed(ascii.formula(member), known) for member in members])
            entries = np.atleast_1d(values[law.key]).ravel()
            if family.form:  # what is printed of a family are some of the form's entries, up to a sign
                near = np.isclose(np.abs(entries)[None], np.abs(expected)[:, None], rtol=1e-9).any(axis=1)
                assert near.all(), (spec.name, law.key)
            else:
                assert np.allclose(entries[: len(expected)], expected, rtol=1e-9), (spec.name, law.key)


@pytest.mark.parametrize("path", quick_paths(SMALL))
def test_values_are_those_of_the_printed_laws(path):
    check(path)


@pytest.mark.parametrize("path", quick_paths([path for path in ZOO if path.stem in ZOO_SAMPLE], ("attention", "exp_bias", "prelu")))
def test_values_are_those_of_the_printed_laws_of_networks(path):
    check(path)


@pytest.mark.heavy
@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_values_are_those_of_the_printed_laws_of_all_networks(path):
    check(path)


@pytest.mark.parametrize("stem", quick(FAST_SPECS, ["linear_not_all_written_down", "linear_mixed_powers", "phi_gradient_flow", "nmf_momentum_at_theta", "relu_mirror_momentum"]))
def test_laws_together_are_those_one_by_one(stem):
    (found, *_) = map(report_of, read_cases(str(FOLDER / f"{stem}.toml")))
    arrays, velocities = drawn(found)
    known = {**arrays, **{"d" + name: array for name, array in velocities.items()}}
    batched, constants = {name: array[None] for name, array in known.items()}, {"tau": np.full(1, 0.7)}

    def summed(terms):
        nodes = [node for _, node in terms]
        return sum(time_values(time, np.array([TIME]), {"tau": 0.7}, 1.0) * value[0] for (time, _), value in zip(terms, Floats(batched, {}, constants).evaluate(*nodes)))

    for family in found.laws.families:
        leaves = Leaves(dict(found.model.blocks))
        single = [float(np.squeeze(summed(alone(law, leaves)))) for law in family.members]
        assert np.allclose(summed(together(family.members, leaves)), single, rtol=1e-12)


def test_integrals_are_those_that_are_printed():
    widths = [1, 3, 2, 1]
    found, text = analyze({"model": {"architecture": "linear", "widths": widths}}), json_report("linear", widths)
    arrays, _ = drawn(found, 3)
    (law,) = [law for law in found.laws.evaluator().laws if law.integrals]
    (item,) = [item for item in text["laws"]["items"] if item["family"] == "Abelian integrals"]
    with mp.workdps(30):
        weights = tuple(mp.matrix(arrays[name].tolist()) for name in ("W1", "W2", "W3"))
        expected = [float(mp.re(integral_value(expression, item["definitions"], weights))) for expression in item["expressions"]]
    assert np.allclose(found.laws(arrays)[law.key], expected, rtol=1e-8) and abs(expected[0]) > 1e-3


def test_a_primitive_in_time_vanishes_at_the_start():
    times = np.array([1.0, 2.0, 5.0])
    assert np.allclose(time_values("Integral(1/t, t)", times, {}, 1.0), np.log(times), rtol=1e-12)
    assert np.allclose(time_values("exp(-a*Integral(sin(t)**2, t))", times, {"a": 0.0}, 1.0), 1)


# --- drifts -----------------------------------------------------------------------------------------------------------


def balanced():
    return analyze({"model": {"architecture": "linear", "widths": [2, 3, 2]}})


def test_a_drift_is_relative_to_the_sizes_of_the_terms():
    found = balanced()
    states = [drawn(found, seed)[0] for seed in range(3)]
    gram = [(s["W2"].T @ s["W2"], s["W1"] @ s["W1"].T) for s in states]
    norms = np.array([[np.linalg.norm(part) for part in pair] for pair in gram])
    sizes = np.maximum.accumulate(norms).sum(axis=1)
    expected = [np.linalg.norm((a - b) - (gram[0][0] - gram[0][1])) / at for (a, b), at in zip(gram, sizes)]
    (drift,) = found.drift(states).values()
    assert np.allclose(drift.drifts, expected) and drift.drifts[0] == 0
    assert (drift.growth, drift.worst, drift.largest) == (1, int(np.argmax(expected)), pytest.approx(max(expected)))


def test_states_in_a_row_are_followed_as_one_by_one():
    found = analyze({"model": {"architecture": "linear", "widths": [2, 3, 2]}, "dynamics": {"kind": "momentum"}})
    pairs = [drawn(found, seed) for seed in range(4)]
    times, constants = [0.0, 0.5, 1.0, 1.5], {"tau": 0.3}
    single = found.drift([a for a, _ in pairs], [v for _, v in pairs], times, constants)
    follower = Follower(found.laws.evaluator(constants))
    stacked = [{name: np.stack([pair[k][name] for pair in pairs]) for name in pairs[0][0]} for k in (0, 1)]
    follower.extend(*stacked, np.array(times))
    assert [np.allclose(a.drifts, b.drifts) for a, b in zip(single.values(), follower.drifts())] == [True]


def test_a_function_of_time_that_is_0_at_the_start_counts_as_it_is():
    """Under Nesterov's t^3 the law is 0 at the start, whatever the state, and is what it is of its terms later."""
    found = analyze({"model": {"architecture": "linear", "widths": [2, 3, 2]}, "dynamics": {"kind": "nesterov"}})
    (first, still), (last, moving) = drawn(found, 0), drawn(found, 1)
    (drift,) = found.drift([first, last], [{name: 0 * array for name, array in still.items()}, moving], [0.0, 2.0]).values()
    parts = [part for a, da, turned in ((last["W2"], moving["W2"], False), (last["W1"], moving["W1"], True)) for part in _wedge(a, da, turned)]
    assert drift.largest == pytest.approx(np.linalg.norm(sum(parts)) / sum(map(np.linalg.norm, parts)))


def _wedge(a, da, turned):
    """The two terms of a^T da - da^T a, or of a da^T - da a^T."""
    return (a @ da.T, -da @ a.T) if turned else (a.T @ da, -da.T @ a)


def test_a_value_that_is_not_finite_drifts_without_end():
    found = balanced()
    state = drawn(found)[0]
    (drift,) = found.drift([state, {**state, "W1": np.full((3, 2), np.nan)}]).values()
    assert drift.largest == np.inf and drift.worst == 1


def test_a_function_of_time_may_grow_beyond_all_numbers():
    """What is left of the start is then nothing, so a law that is not zero by then is none."""
    found, (arrays, velocities) = analyze(MOMENTUM), drawn(analyze(MOMENTUM))
    still = {name: 0 * array for name, array in velocities.items()}
    (kept,) = found.drift([arrays, arrays], [velocities, still], [0.0, 1e6], {"tau": 1.0}).values()
    (lost,) = found.drift([arrays, arrays], [velocities, velocities], [0.0, 1e6], {"tau": 1.0}).values()
    (early,) = found.drift([arrays, arrays], [velocities, velocities], [0.0, 20.0], {"tau": 1.0}).values()
    assert kept.drifts[1] == 0 and lost.growth == np.inf
    assert lost.drifts[1] == pytest.approx(early.drifts[1], rel=1e-6) and lost.drifts[1] > 1e-3


def test_nothing_at_all_has_no_drift():
    zeros = {"W1": np.zeros((3, 2)), "W2": np.zeros((2, 3))}
    (drift,) = balanced().drift([zeros, zeros]).values()
    assert drift.largest == 0


MOMENTUM = {"model": {"architecture": "linear", "widths": [2, 3, 2]}, "dynamics": {"kind": "momentum"}}
GOOD = {"W1": np.ones((3, 2)), "W2": np.ones((2, 3))}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (({"W1": np.ones((3, 2))}, GOOD, 0.0, {"tau": 1}), r"no array W2: .*W1"),
        (({**GOOD, "W1": np.ones((2, 3))}, GOOD, 0.0, {"tau": 1}), r"the array W1 has the shape \(2, 3\), not \(3, 2\)"),
        ((GOOD, None, 0.0, {"tau": 1}), "the laws are of velocities: give those of W1, W2"),
        ((GOOD, {"W1": np.ones((3, 2))}, 0.0, {"tau": 1}), "no velocity W2"),
        ((GOOD, GOOD, None, {"tau": 1}), "give t"),
        ((GOOD, GOOD, 0.0), "give a number for tau"),
    ],
)
def test_what_is_missing_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        analyze(MOMENTUM).laws(*arguments)


def test_a_run_has_states_and_as_many_times():
    with pytest.raises(ValueError, match="a list of states, one at least"):
        balanced().drift([])
    with pytest.raises(ValueError):
        analyze(MOMENTUM).drift([GOOD, GOOD], [GOOD, GOOD], [0.0], {"tau": 1})

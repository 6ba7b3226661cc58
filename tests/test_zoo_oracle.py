"""The counts in model_specs/zoo against the float oracle, which shares nothing with the engine or the specs' texts."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers import quick
from oracle import (
    Dual,
    Entry,
    Generators,
    NoGap,
    along,
    bracket,
    count,
    exp,
    gelu,
    layer_norm,
    log,
    pairing_gradient,
    sigmoid,
    sin,
    softmax,
    softplus,
    span,
    tanh,
)
from zoo import ZOO

FOLDER = Path(__file__).parent.parent / "model_specs" / "zoo"
QUICK = 30
"""Parameters up to which a count takes no time worth mentioning."""
KNOWN = "first shown by this tool", "proved there", "claimed there"


def spec(name):
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def expected(name):
    """{kind of dynamics: number of laws} of a spec, which sweeps over the kinds."""
    sweep = spec(name)["sweep"]
    return dict(zip(sweep["dynamics"]["kind"], sweep["expect"]["laws"], strict=True))


def cases(heavy):
    return sorted(name for name, entry in ZOO.items() if (entry.size > QUICK) == heavy)


# --- the specs ----------------------------------------------------------------------------------------------------


def test_every_spec_has_its_network_by_hand():
    assert {path.stem for path in FOLDER.glob("*")} == set(ZOO)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_spec_and_oracle_are_about_the_same_sizes(name):
    model, entry = spec(name)["model"], ZOO[name]
    assert {k: tuple(v) for k, v in model["parameters"].items()} == dict(entry.parameters)
    one_hot = {k: tuple(v["one-hot"]) for k, v in model["inputs"].items() if isinstance(v, dict)}
    inputs = {k: tuple(v) for k, v in model["inputs"].items() if not isinstance(v, dict)}
    assert (inputs | one_hot, tuple(one_hot)) == (dict(entry.inputs), entry.one_hot)
    assert model["loss"] == ("cross-entropy" if entry.classes else "any")


@pytest.mark.parametrize("name", sorted(ZOO))
def test_head_of_a_spec(name):
    """What `conslaw architectures` reads: one line, a source, and what is known of completeness."""
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    line, source, completeness = text.splitlines()[:3]
    assert line.startswith("# ") and 10 < len(line) < 120 and not line.endswith(".")
    assert source.startswith("# Source: ") and len(source) > 15
    assert completeness.startswith("# Completeness: ") and any(word in completeness for word in KNOWN)
    assert expected(name)["gradient-flow"] == spec(name)["expect"]["laws"]


# --- the counts ---------------------------------------------------------------------------------------------------


SMALL = ["attention", *(name for name in cases(heavy=False) if ZOO[name].size <= 18)]


@pytest.mark.parametrize("name", quick(SMALL, cases(heavy=False)))
def test_gradient_flow(name):
    assert count(ZOO[name]).laws == expected(name)["gradient-flow"]


SMALLEST = ["attention", "moe_softmax", *(name for name in cases(heavy=False) if ZOO[name].size <= 12)]


@pytest.mark.parametrize("name", quick(SMALLEST, cases(heavy=False)))
def test_momentum(name):
    assert count(ZOO[name], momentum=True).laws == expected(name)["momentum"]


@pytest.mark.heavy
@pytest.mark.parametrize("name", cases(heavy=True))
def test_gradient_flow_of_larger_ones(name):
    assert count(ZOO[name]).laws == expected(name)["gradient-flow"]


@pytest.mark.heavy
@pytest.mark.parametrize("name", cases(heavy=True))
def test_momentum_of_larger_ones(name):
    assert count(ZOO[name], momentum=True).laws == expected(name)["momentum"]


BRANCHED = ("relu", "reglu", "pool", "conv", "top", "gat", "residual", "depthwise")
SMOOTH = [name for name in cases(heavy=False) if not any(word in name for word in BRANCHED)]


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [101, 102])
@pytest.mark.parametrize("name", SMOOTH)
def test_the_count_without_branches_is_that_of_any_other_point(name, seed):
    first, other = count(ZOO[name]), count(ZOO[name], seed=seed)
    assert first.filtration == other.filtration


FILTRATIONS = {
    "polynomial": (6, 9), "bilinear": (6, 12), "attention": (16, 18), "rope": (18, 20), "latent_attention": (14, 17),
    "normalised_qk": (17, 19), "lora_frozen": (8, 9), "lora_trained": (9, 15, 18), "linear_rnn": (6, 7),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTRATIONS)
def test_dimension_after_brackets_of_each_length(name):
    assert count(ZOO[name]).filtration == FILTRATIONS[name]


def test_two_networks_side_by_side_have_the_laws_of_both():
    """A network twice, on parameters of its own: the laws add up."""
    once = ZOO["moe_softmax"]
    names = {f"{k}{n}": shape for n in (1, 2) for k, shape in once.parameters.items()}

    def network(p, i):
        parts = [type(p)(**{k: getattr(p, f"{k}{n}") for k in once.parameters}) for n in (1, 2)]
        first, second = (once.network(q, type(i)(x=x)) for q, x in zip(parts, (i.x, i.y), strict=True))
        return first + second

    twice = Entry(network, names, {"x": (2,), "y": (2,)})
    assert count(twice).laws == 2 * count(once).laws


# --- the oracle itself --------------------------------------------------------------------------------------------

FUNCTIONS = {
    "exp": exp, "log": log, "tanh": tanh, "sigmoid": sigmoid, "softplus": softplus, "sin": sin, "gelu": gelu,
    "softmax": softmax, "layer norm": layer_norm, "quotient": lambda u: (1 - u) / (2 + u * u),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_third_derivatives_against_differences(name):
    rng = np.random.default_rng(5)
    point, directions = rng.uniform(0.5, 1.5, (1, 4)), 0.4 * rng.normal(size=(3, 1, 4))
    f = FUNCTIONS[name]

    def difference(g, direction, h=1e-2):
        shifts = {-2: 1, -1: -8, 1: 8, 2: -1}
        return lambda u: sum(c * g(u + k * h * direction) for k, c in shifts.items()) / (12 * h)

    expected = difference(difference(difference(f, directions[0]), directions[1]), directions[2])(point)
    nested = Dual(3, Dual(2, Dual(1, point, directions[0]), directions[1]), directions[2])
    assert f(nested).slope.slope.slope == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_a_bracket_of_linear_fields_is_a_commutator():
    rng = np.random.default_rng(6)
    a, b, z = rng.normal(size=(1, 3, 3)), rng.normal(size=(1, 3, 3)), rng.normal(size=(1, 3))

    def field(m):
        return lambda u: (m @ u[..., None])[..., 0]

    assert bracket(field(a), field(b))(z) == pytest.approx(field(b @ a - a @ b)(z))
    assert along(field(a), z, z) == pytest.approx(field(a)(z))


def test_no_gap_is_an_error():
    with pytest.raises(NoGap):
        span(np.diag(0.5 ** np.arange(60)))


def test_missing_brackets_show():
    with pytest.raises(NoGap, match="still growing"):
        count(ZOO["lora_trained"], most=2)


# --- the published theorem that is wrong --------------------------------------------------------------------------


def rate_of_the_gates_sum():
    """d/dt of G_1_1 + G_2_1 + G_3_1 at the point named in moe_normalised_sigmoid.toml, in rational numbers."""
    gates = [Fraction(1, 2), Fraction(2, 3), Fraction(3, 4)]
    outputs = [1, 0, 0]
    mixed = sum(g * y for g, y in zip(gates, outputs, strict=True)) / sum(gates)
    return -sum(g * (1 - g) * (y - mixed) for g, y in zip(gates, outputs, strict=True)) / sum(gates)


def test_normalised_sigmoid_gates_do_not_keep_their_sum():
    rate = rate_of_the_gates_sum()
    assert rate == Fraction(-43, 1058)
    assert "= −43/1058" in (FOLDER / "moe_normalised_sigmoid.toml").read_text(encoding="utf-8")
    experts = np.concatenate([np.eye(2).ravel(), np.zeros(8)])
    theta = np.concatenate([experts, np.stack([np.log([1, 2, 3]), [0.3, -0.7, 0.2]], 1).ravel()])
    entry, at = ZOO["moe_normalised_sigmoid"], Generators({"x": np.array([[1.0, 0.0]])}, np.array([[1.0, 0.0]]), None)
    gradient = pairing_gradient(entry, at, theta[None])[0]
    assert -gradient[12::2].sum() == pytest.approx(float(rate), abs=1e-14)
    softened = pairing_gradient(ZOO["moe_softmax"], at, theta[None])[0]
    assert softened[12::2].sum() == pytest.approx(0, abs=1e-14)

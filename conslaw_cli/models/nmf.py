"""Non-negative matrix factorization X = U V with multiplicative updates (the entropy metric)."""

from __future__ import annotations

from conslaw_cli.models.base import Architecture, HiddenLayer, Model
from conslaw_cli.models.layers import Blocks, parameters, whole
from conslaw_cli.graph.nodes import Coefficient


def blocks(widths: tuple[int, ...], bias: str) -> Blocks:
    """U (n x r) and V (r x m) for widths [m, r, n]."""
    m, r, n = widths
    return (("U", (n, r)), ("V", (r, m)))


def build(widths: tuple[int, ...], bias: str) -> Model:
    """Rank-one functionals a^T U V x."""
    m, r, n = widths
    shapes = blocks(widths, bias)
    theta = parameters(shapes)
    functional = Coefficient((1, n), "a") @ (theta["U"] @ (theta["V"] @ Coefficient((m, 1), "x")))
    return Model(shapes, (whole(shapes, functional),), hidden(widths, bias))


def hidden(widths: tuple[int, ...], bias: str) -> tuple[HiddenLayer, ...]:
    """Every invertible matrix acts between the two factors."""
    return (HiddenLayer(("V",), ("U",), widths[1], "linear"),)


ARCHITECTURE = Architecture(
    name="nmf",
    summary="non-negative matrix factorization",
    phi="the product U V, X ≈ U V",
    domain=lambda depth: "",
    positive="U, V > 0",
    source="Marcotte et al., ICML 2024",
    biases=("none",),
    min_widths=3,
    max_widths=3,
    blocks=blocks,
    hidden=hidden,
    build=build,
    default_metric=lambda block: "entropy",
    example_widths=(3, 2, 3),
)

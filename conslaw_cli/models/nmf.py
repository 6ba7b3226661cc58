"""Non-negative matrix factorization X = U V with multiplicative updates (the entropy metric)."""

from __future__ import annotations

from conslaw_cli.models.base import Architecture, HiddenLayer, Model
from conslaw_cli.models.chain import Chain, chain_table
from conslaw_cli.models.layers import Blocks, parameters
from conslaw_cli.graph.nodes import Coefficient


def blocks(chain: Chain) -> Blocks:
    """U (n x r) and V (r x m) for widths [m, r, n]."""
    m, r, n = chain.widths
    return (("U", (n, r)), ("V", (r, m)))


def build(chain: Chain) -> Model:
    """Rank-one functionals a^T U V x."""
    m, _, n = chain.widths
    shapes = blocks(chain)
    theta = parameters(shapes)
    functional = Coefficient((1, n), "a") @ (theta["U"] @ (theta["V"] @ Coefficient((m, 1), "x")))
    return Model(shapes, functional, hidden(chain))


def hidden(chain: Chain) -> tuple[HiddenLayer, ...]:
    """Every invertible matrix acts between the two factors."""
    return (HiddenLayer(("V",), ("U",), chain.widths[1], "linear"),)


def network(chain: Chain) -> dict[str, object]:
    """[model] of phi as a text."""
    return {"phi": "U @ V", "parameters": {name: list(shape) for name, shape in blocks(chain)}}


ARCHITECTURE = Architecture(
    name="nmf",
    summary="non-negative matrix factorization",
    phi="the product U V, X ≈ U V",
    positive="U, V > 0",
    source="Marcotte et al., ICML 2024",
    table=chain_table((3, 2, 3), least=3, most=3, biases=("none",)),
    blocks=blocks,
    hidden=hidden,
    build=build,
    place=2,
    default_metric=lambda block: "entropy",
    network=network,
)

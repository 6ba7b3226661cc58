"""Linear networks g(x) = W_q(... (W_1 x + b_1) ...) + b_q: phi is the product of the layers."""

from __future__ import annotations

from conslaw_cli.models.base import Architecture, HiddenLayer, Model
from conslaw_cli.models.chain import Chain, chain_table
from conslaw_cli.models.layers import chain_blocks, chain_vectors, hidden_layers, parameters, written
from conslaw_cli.graph.nodes import Coefficient

DOMAIN = "generic rank (open dense)"


def build(chain: Chain) -> Model:
    """Rank-one functionals a^T g(x) with input (x, c): they span all entries of (product, coefficient of 1)."""
    blocks = chain_blocks(chain)
    theta = parameters(blocks)
    one = Coefficient((1, 1), "c")
    signal = Coefficient((chain.widths[0], 1), "x")
    for layer in range(1, chain.depth + 1):
        signal = theta[f"W{layer}"] @ signal
        if f"b{layer}" in theta:
            signal = signal + theta[f"b{layer}"] @ one
    functional = Coefficient((1, chain.widths[-1]), "a") @ signal
    return Model(blocks, functional, hidden(chain), vectors=chain_vectors(chain))


def hidden(chain: Chain) -> tuple[HiddenLayer, ...]:
    """Every invertible matrix acts between two layers."""
    return hidden_layers(chain, "linear")


def network(chain: Chain) -> dict[str, object]:
    """[model] of the network itself: W2 @ (W1 @ x + b1) + b2."""
    return written(chain, "({})")


def known_count(chain: Chain) -> tuple[int, str] | None:
    """Two layers, no bias, Euclidean gradient flow: Marcotte et al., NeurIPS 2023."""
    if chain.depth != 2 or chain.bias != "none":
        return None
    m, r, n = chain.widths
    k = n + m
    count = r * (r + 1) // 2 if r <= k else k * (2 * r + 1 - k) // 2
    return count, "Marcotte, Gribonval, Peyré, NeurIPS 2023, two-layer linear networks"


ARCHITECTURE = Architecture(
    name="linear",
    summary="linear network of any depth",
    phi="the product W_q ... W_1, and W_q ... W_2 b_1 + ... + b_q with biases",
    domain=lambda chain: DOMAIN,
    any_domain=DOMAIN,
    source="Marcotte et al., NeurIPS 2023",
    table=chain_table((2, 3, 2)),
    blocks=chain_blocks,
    hidden=hidden,
    build=build,
    place=0,
    vectors=chain_vectors,
    known_count=known_count,
    network=network,
)

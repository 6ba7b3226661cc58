"""Linear networks g(x) = W_q(... (W_1 x + b_1) ...) + b_q: phi is the product of the layers."""

from __future__ import annotations

from conslaw_cli.models.base import Architecture, HiddenLayer, Model
from conslaw_cli.models.layers import chain_blocks, hidden_layers, parameters, whole
from conslaw_cli.graph.nodes import Coefficient


def build(widths: tuple[int, ...], bias: str) -> Model:
    """Rank-one functionals a^T g(x) with input (x, c): they span all entries of (product, coefficient of 1)."""
    blocks = chain_blocks(widths, bias)
    theta, depth = parameters(blocks), len(widths) - 1
    one = Coefficient((1, 1), "c")
    signal = Coefficient((widths[0], 1), "x")
    for layer in range(1, depth + 1):
        signal = theta[f"W{layer}"] @ signal
        if f"b{layer}" in theta:
            signal = signal + theta[f"b{layer}"] @ one
    functional = Coefficient((1, widths[-1]), "a") @ signal
    return Model(blocks, (whole(blocks, functional),), hidden(widths, bias))


def hidden(widths: tuple[int, ...], bias: str) -> tuple[HiddenLayer, ...]:
    """Every invertible matrix acts between two layers."""
    return hidden_layers(chain_blocks(widths, bias), len(widths) - 1, "linear")


def known_count(widths: tuple[int, ...], bias: str, metric: str, dynamics: str) -> tuple[int, str] | None:
    """Two layers, no bias, Euclidean gradient flow: Marcotte et al., NeurIPS 2023."""
    if len(widths) != 3 or bias != "none" or metric != "euclidean" or dynamics != "gradient-flow":
        return None
    (m, r, n) = widths
    k = n + m
    count = r * (r + 1) // 2 if r <= k else k * (2 * r + 1 - k) // 2
    return count, "Marcotte, Gribonval, Peyré, NeurIPS 2023, two-layer linear networks"


ARCHITECTURE = Architecture(
    name="linear",
    summary="linear network of any depth",
    phi="the product W_q ... W_1, and W_q ... W_2 b_1 + ... + b_q with biases",
    domain=lambda depth: "generic rank (open dense)",
    source="Marcotte et al., NeurIPS 2023",
    biases=("none", "hidden", "all"),
    min_widths=2,
    max_widths=None,
    blocks=chain_blocks,
    hidden=hidden,
    build=build,
    default_metric=lambda block: "euclidean",
    example_widths=(2, 3, 2),
    known_count=known_count,
)

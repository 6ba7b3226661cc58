"""Input-convex networks: ReLU networks whose weights behind the first layer stay positive under the entropy metric."""

from __future__ import annotations

from conslaw_cli.models import relu
from conslaw_cli.models.base import Architecture
from conslaw_cli.models.layers import chain_blocks


def default_metric(block: str) -> str:
    """Entropy on the weights that must stay positive (W2, W3, ...), Euclidean on the first layer and the biases."""
    return "entropy" if block.startswith("W") and block != "W1" else "euclidean"


ARCHITECTURE = Architecture(
    name="icnn",
    summary="input-convex ReLU network of any depth, W2, W3, … > 0",
    phi="as relu",
    domain="W2, W3, … > 0 and distinct hyperplanes",
    source="Marcotte et al., ICML 2024",
    biases=("none", "hidden", "all"),
    min_widths=3,
    max_widths=None,
    blocks=chain_blocks,
    build=relu.build,
    default_metric=default_metric,
    example_widths=(2, 3, 1),
)

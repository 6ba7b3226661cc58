"""Input-convex networks: ReLU networks whose weights behind the first layer stay positive under the entropy metric.

phi and where it stands for the network are those of ReLU networks: with three weight layers or more on some open set only.
"""

from __future__ import annotations

from conslaw_cli.models import relu
from conslaw_cli.models.base import Architecture
from conslaw_cli.models.chain import Chain, chain_table
from conslaw_cli.models.layers import chain_blocks, chain_vectors


def default_metric(block: str) -> str:
    """Entropy on the weights that must stay positive (W2, W3, ...), Euclidean on the first layer and the biases."""
    return "entropy" if block.startswith("W") and block != "W1" else "euclidean"


def caveat(chain: Chain) -> str | None:
    """Positive weights keep signals positive: without biases, two neurons behind the first layer act linearly together."""
    if chain.bias == "none" and any(width > 1 for width in chain.widths[2:-1]):
        return (
            "without biases, hidden layers behind the first act linearly on positive signals: the network's gradients span less "
            "than phi's; the laws hold, but the count is that of phi and further laws may exist"
        )
    return relu.caveat(chain)


def network(chain: Chain) -> dict[str, object]:
    """[model] of the network itself, around a Gaussian initialization with the signs that it keeps."""
    from conslaw_cli.rings.gaussian import initial_weights

    table = relu.network(chain)
    drawn = initial_weights(tuple((name, tuple(shape)) for name, shape in table["parameters"].items()), 0)
    kept = {name: abs(array[0]) if default_metric(name) == "entropy" else array[0] for name, array in drawn.items()}
    positive = ", ".join(name for name in kept if default_metric(name) == "entropy")
    return {**table, "at": {"weights": f"a Gaussian initialization, seed 0, made positive on {positive}", "arrays": kept}}


ARCHITECTURE = Architecture(
    name="icnn",
    summary="input-convex ReLU network of any depth, W2, W3, … > 0",
    phi="as relu",
    domain=relu.domain,
    any_domain=relu.ANY_DOMAIN,
    positive="W2, W3, … > 0",
    source="Marcotte et al., ICML 2024",
    table=chain_table((2, 3, 1), least=3),
    blocks=chain_blocks,
    hidden=relu.hidden,
    build=relu.build,
    place=3,
    default_metric=default_metric,
    caveat=caveat,
    network=network,
    vectors=chain_vectors,
)

"""ReLU networks: phi holds the products of weights along paths, and from each hidden bias to the output.

With two weight layers, phi stands for the network wherever the neurons define distinct hyperplanes (Marcotte et al. 2023). With
three or more that is not enough, even if every path is active for some input: two neurons that are both active wherever the
output depends on them act linearly together, and the network 1-2-2-1 with hidden biases has a law more than phi on an open set
of such parameters (``tests/test_relu_domain.py`` has the point). So there phi's count holds on some open set, not everywhere.
"""

from __future__ import annotations

from conslaw_cli.models.base import Architecture, HiddenLayer, Model, PathNetwork
from conslaw_cli.models.chain import Chain, chain_table
from conslaw_cli.models.layers import Blocks, chain_blocks, chain_vectors, hidden_layers, parameters, written
from conslaw_cli.graph.nodes import Coefficient, Node, Parameter

_SHALLOW = "open set where the neurons define distinct hyperplanes and every path is active for some input"
_DEEP = "some open set, not everywhere: distinct hyperplanes and active paths are not enough"
ANY_DOMAIN = f"{_SHALLOW}; three weight layers or more: {_DEEP}"


def build(chain: Chain) -> Model:
    """Path products of a functional; each output bias is a component of phi by itself."""
    blocks, depth = chain_blocks(chain), chain.depth
    theta = parameters(blocks)
    functional = _neurons(theta) if depth == 2 else _paths_through(theta, depth)
    if f"b{depth}" in theta:
        bias = theta[f"b{depth}"]
        functional = functional + (Coefficient(bias.shape, "c") * bias).sum((0, 1))
    return Model(blocks, functional, hidden(chain), _paths(blocks), chain_vectors(chain))


def hidden(chain: Chain) -> tuple[HiddenLayer, ...]:
    """Every neuron can be scaled."""
    return hidden_layers(chain, "scaling")


def _paths_through(theta: dict[str, Parameter], depth: int) -> Node:
    """Random edge weights C: the coefficients of the paths are distinct monomials in C, so they span all paths."""
    signal = Coefficient((theta["W1"].shape[1], 1), "x")
    for layer in range(1, depth + 1):
        weight = theta[f"W{layer}"]
        edges = weight if layer == 1 else Coefficient(weight.shape, f"C{layer}") * weight
        signal = edges @ signal
        if layer < depth and f"b{layer}" in theta:
            signal = signal + theta[f"b{layer}"] @ Coefficient((1, 1), f"c{layer}")
    return Coefficient((1, signal.shape[0]), "a") @ signal


def _neurons(theta: dict[str, Parameter]) -> Node:
    """Sum over neurons k of (sum_i a_ki W2_ik) (sum_j W1_kj x_kj + b1_k c_k): the span of u_k (v_k, b_k)^T, neuron by neuron."""
    incoming, outgoing = theta["W1"], theta["W2"].T
    signal = (incoming * Coefficient(incoming.shape, "x")).sum(1)
    if "b1" in theta:
        signal = signal + (theta["b1"] * Coefficient(theta["b1"].shape, "c1")).sum(1)
    return ((outgoing * Coefficient(outgoing.shape, "a")).sum(1) * signal).sum(0)


def _paths(blocks: Blocks) -> PathNetwork:
    weights = tuple(name for name, _ in blocks if name.startswith("W"))
    biases = tuple((name, int(name[1:])) for name, _ in blocks if name.startswith("b"))
    return PathNetwork(weights, biases)


def domain(chain: Chain) -> str:
    """Distinct hyperplanes, for two weight layers; a condition that is enough is not known for more."""
    return _SHALLOW if chain.depth <= 2 else _DEEP


def known_count(chain: Chain) -> tuple[int, str] | None:
    """Two layers, Euclidean gradient flow: one law for each hidden neuron ([A] Marcotte et al. 2023)."""
    if chain.depth != 2 or caveat(chain):
        return None
    return chain.widths[1], "Marcotte, Gribonval, Peyré, NeurIPS 2023, two-layer ReLU networks"


def caveat(chain: Chain) -> str | None:
    """Without biases, neurons that are active for the same inputs act linearly together, and phi does not stand for the network.

    Two such neurons of one layer can be mixed by any 2 x 2 matrix near the identity, which phi does not allow. They exist in
    every layer of two or more behind a hidden layer of width 1, whose signal is positive; and with one input, which has two
    signs, among three neurons of the first layer and two of a later one. A neuron never active is in no gradient at all.
    """
    widths = chain.widths
    first, *later = widths[1:-1] or (0,)
    behind_one = any(width > 1 and before == 1 for before, width in zip(widths[1:-1], later))
    if chain.bias != "none" or not (behind_one or (widths[0] == 1 and (first > 2 or any(width > 1 for width in later)))):
        return None
    return (
        "without biases, neurons behind a layer of width 1 share their hyperplane: the network's gradients span less than phi's; "
        "the laws hold, but the count is that of phi and further laws may exist"
    )


def network(chain: Chain) -> dict[str, object]:
    """[model] of the network itself: W2 @ relu(W1 @ x + b1) + b2."""
    return written(chain, "relu({})")


ARCHITECTURE = Architecture(
    name="relu",
    summary="ReLU network of any depth",
    phi="products of weights along the paths from input to output, and from each hidden bias to the output",
    domain=domain,
    any_domain=ANY_DOMAIN,
    source="Marcotte et al., NeurIPS 2023",
    table=chain_table((2, 3, 2)),
    blocks=chain_blocks,
    hidden=hidden,
    build=build,
    place=1,
    vectors=chain_vectors,
    known_count=known_count,
    caveat=caveat,
    network=network,
)

"""Statements of architectures: the one place that says what the function of a named architecture is, to hold a certificate's graph against.

An entry of ARCHITECTURES is all that a further architecture takes. A report of an architecture without one is checked against the
graph in its certificate, and confirmed in part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conslaw_cli.checker.graph import Block, Graph
from conslaw_cli.checker.graphread import read_graph
from conslaw_cli.checker.result import ReportError, entry

LARGEST_WIDTH = 10**30
FIELDS = "fields"
"""Vector fields as they are: of their functional the fields are held, so that they are its gradient."""
COMPOSED = frozenset({"network", "phi", FIELDS})
ANY_WORK = 10**100


class Draft:
    """A graph written node by node; every method gives the number of its node."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self.blocks, self.nodes, self.shapes = blocks, [], dict(blocks)

    def parameter(self, name: str) -> int:
        return self._add("parameter", name, list(self.shapes[name]))

    def coefficient(self, name: str, *shape: int) -> int:
        return self._add("coefficient", name, list(shape))

    def add(self, left: int, right: int) -> int:
        return self._add("add", left, right)

    def multiply(self, left: int, right: int) -> int:
        return self._add("multiply", left, right)

    def matmul(self, left: int, right: int) -> int:
        return self._add("matmul", left, right)

    def sum(self, of: int, *axes: int) -> int:
        return self._add("sum", of, list(axes))

    def transpose(self, of: int) -> int:
        return self._add("permute", of, [1, 0])

    def reshape(self, of: int, *shape: int) -> int:
        return self._add("reshape", of, list(shape))

    def graph(self, functional: int) -> Graph:
        return read_graph({"nodes": self.nodes, "functional": functional}, self.blocks, "statement", ANY_WORK)

    def _add(self, *node: object) -> int:
        self.nodes.append(list(node))
        return len(self.nodes) - 1


@dataclass(frozen=True)
class Chain:
    """Widths of the layers from input to output, and the layers with a bias."""

    widths: tuple[int, ...]
    bias: str

    @property
    def depth(self) -> int:
        return len(self.widths) - 1

    def has_bias(self, layer: int) -> bool:
        return self.bias == "all" or (self.bias == "hidden" and layer < self.depth)


@dataclass(frozen=True)
class Architecture:
    """What the checker states of an architecture, as functions of its options.

    ``read`` makes the options of the keys of the report's model, and raises ReportError for others. ``functional`` writes the functional
    with the coefficients named as in the certificate.
    """

    read: Callable[[dict], object]
    blocks: Callable[[object], tuple[Block, ...]]
    functional: Callable[[Draft, object], int]
    phi: str
    vectors: Callable[[object], frozenset[str]] = lambda options: frozenset()
    """The blocks whose entries have one index."""
    where: Callable[[object], str] = lambda options: ""
    """Where phi stands for the model; "" for everywhere."""
    caveat: Callable[[object], str | None] = lambda options: None
    positive: Callable[[str], bool] = lambda block: False
    """Whether the entries of a block stay positive."""
    hidden: Callable[[object], tuple[tuple[str, tuple[str, ...], int], ...]] = lambda options: ()
    """(block out of, blocks into, number of neurons) of each hidden layer."""

    def graph(self, options: object) -> Graph:
        """The functional of all parameters."""
        draft = Draft(self.blocks(options))
        return draft.graph(self.functional(draft, options))


def _read_chain(model: dict, least: int, most: int, biases: tuple[str, ...]) -> Chain:
    widths, bias = entry(model, "widths", list, "model"), entry(model, "bias", str, "model")
    if set(model) != {"widths", "bias"}:
        raise ReportError("model must have widths and bias as its own keys")
    if not least <= len(widths) <= most or not all(type(w) is int and 1 <= w <= LARGEST_WIDTH for w in widths):
        raise ReportError(f"model.widths must hold from {least} to {most} positive whole numbers")
    if bias not in biases:
        raise ReportError(f"model.bias must be one of {', '.join(biases)}")
    return Chain(tuple(widths), bias)


def _network(model: dict) -> Chain:
    return _read_chain(model, 2, 1000, ("none", "hidden", "all"))


def _blocks(chain: Chain) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for layer, (inputs, outputs) in enumerate(zip(chain.widths, chain.widths[1:]), 1):
        blocks.append((f"W{layer}", (outputs, inputs)))
        if chain.has_bias(layer):
            blocks.append((f"b{layer}", (outputs, 1)))
    return tuple(blocks)


def _vectors(chain: Chain) -> frozenset[str]:
    return frozenset(f"b{layer}" for layer in range(1, chain.depth + 1) if chain.has_bias(layer))


def _hidden(chain: Chain) -> tuple[tuple[str, tuple[str, ...], int], ...]:
    into = [(f"W{k}", f"b{k}") if chain.has_bias(k) else (f"W{k}",) for k in range(1, chain.depth)]
    return tuple((f"W{k + 1}", names, chain.widths[k]) for k, names in enumerate(into, 1))


def _linear(draft: Draft, chain: Chain) -> int:
    """a (W_q (... (W_1 x + b_1 c) ...) + b_q c)."""
    signal, one = draft.coefficient("x", chain.widths[0], 1), None
    for layer in range(1, chain.depth + 1):
        signal = draft.matmul(draft.parameter(f"W{layer}"), signal)
        if chain.has_bias(layer):
            one = draft.coefficient("c", 1, 1) if one is None else one
            signal = draft.add(signal, draft.matmul(draft.parameter(f"b{layer}"), one))
    return draft.matmul(draft.coefficient("a", 1, chain.widths[-1]), signal)


def _product(draft: Draft, chain: Chain) -> int:
    """a U V x."""
    signal = draft.matmul(draft.parameter("V"), draft.coefficient("x", chain.widths[0], 1))
    signal = draft.matmul(draft.parameter("U"), signal)
    return draft.matmul(draft.coefficient("a", 1, chain.widths[-1]), signal)


def _relu(draft: Draft, chain: Chain) -> int:
    """A functional of all path products, and of each output bias by itself."""
    functional = draft.reshape(_neurons(draft, chain) if chain.depth == 2 else _paths(draft, chain))
    if not chain.has_bias(chain.depth):
        return functional
    bias = draft.multiply(draft.coefficient("c", chain.widths[-1], 1), draft.parameter(f"b{chain.depth}"))
    return draft.add(functional, draft.sum(bias, 0, 1))


def _neurons(draft: Draft, chain: Chain) -> int:
    """sum_k (sum_i a_ki W2_ik) (sum_j x_kj W1_kj + c1_k b1_k)."""
    m, h, n = chain.widths
    signal = draft.sum(draft.multiply(draft.coefficient("x", h, m), draft.parameter("W1")), 1)
    if chain.has_bias(1):
        signal = draft.add(signal, draft.sum(draft.multiply(draft.coefficient("c1", h, 1), draft.parameter("b1")), 1))
    outgoing = draft.multiply(draft.coefficient("a", h, n), draft.transpose(draft.parameter("W2")))
    return draft.sum(draft.multiply(draft.sum(outgoing, 1), signal), 0)


def _paths(draft: Draft, chain: Chain) -> int:
    """a ((C_q * W_q) (... (W_1 x + b_1 c_1) ...)): the coefficients of paths are distinct monomials."""
    signal = draft.coefficient("x", chain.widths[0], 1)
    for layer in range(1, chain.depth + 1):
        weight = draft.parameter(f"W{layer}")
        if layer > 1:
            weight = draft.multiply(draft.coefficient(f"C{layer}", chain.widths[layer], chain.widths[layer - 1]), weight)
        signal = draft.matmul(weight, signal)
        if layer < chain.depth and chain.has_bias(layer):
            signal = draft.add(signal, draft.matmul(draft.parameter(f"b{layer}"), draft.coefficient(f"c{layer}", 1, 1)))
    return draft.matmul(draft.coefficient("a", 1, chain.widths[-1]), signal)


GENERIC = "generic rank (open dense)"
SHALLOW = "open set where the neurons define distinct hyperplanes and every path is active for some input"
DEEP = "some open set, not everywhere: distinct hyperplanes and active paths are not enough"
SHARED_HYPERPLANE = (
    "without biases, neurons behind a layer of width 1 share their hyperplane: the network's gradients span less than phi's; "
    "the laws hold, but the count is that of phi and further laws may exist"
)
LINEAR_BEHIND = (
    "without biases, hidden layers behind the first act linearly on positive signals: the network's gradients span less "
    "than phi's; the laws hold, but the count is that of phi and further laws may exist"
)


def _shared(chain: Chain) -> str | None:
    """The note of a ReLU network whose phi stands for it nowhere.

    Without biases, two neurons of a layer that are active for the same inputs can be mixed by any 2 x 2 matrix near the identity.
    There are such neurons behind a hidden layer of width 1; with one input, among three neurons of the first layer, and in every later
    layer of two or more; and in input-convex networks in every layer but the first, whose signals are positive.
    """
    first, *later = chain.widths[1:-1] or (0,)
    wide = any(width > 1 for width in later)
    behind_one = any(width > 1 and before == 1 for before, width in zip((first, *later), later))
    shared = behind_one or (chain.widths[0] == 1 and (first > 2 or wide))
    return SHARED_HYPERPLANE if chain.bias == "none" and shared else None


def _convex(chain: Chain) -> str | None:
    wide = chain.bias == "none" and any(width > 1 for width in chain.widths[2:-1])
    return LINEAR_BEHIND if wide else _shared(chain)


def _relu_where(chain: Chain) -> str:
    return SHALLOW if chain.depth <= 2 else DEEP


ARCHITECTURES = {
    "linear": Architecture(
        _network,
        _blocks,
        _linear,
        "the product W_q ... W_1, and W_q ... W_2 b_1 + ... + b_q with biases",
        _vectors,
        where=lambda chain: GENERIC,
        hidden=_hidden,
    ),
    "relu": Architecture(
        _network,
        _blocks,
        _relu,
        "products of weights along the paths from input to output, and from each hidden bias to the output",
        _vectors,
        where=_relu_where,
        caveat=_shared,
        hidden=_hidden,
    ),
    "icnn": Architecture(
        _network,
        _blocks,
        _relu,
        "as relu",
        _vectors,
        where=_relu_where,
        caveat=_convex,
        positive=lambda block: block.startswith("W") and block != "W1",
        hidden=_hidden,
    ),
    "nmf": Architecture(
        lambda model: _read_chain(model, 3, 3, ("none",)),
        lambda chain: (("U", (chain.widths[2], chain.widths[1])), ("V", (chain.widths[1], chain.widths[0]))),
        _product,
        "the product U V, X ≈ U V",
        positive=lambda block: True,
        hidden=lambda chain: (("U", ("V",), chain.widths[1]),),
    ),
}


@dataclass(frozen=True)
class Model:
    """A report's architecture with its options: what it states of itself, and the statement where there is one."""

    architecture: str
    keys: dict[str, object]
    """Its own keys of [model]."""
    statement: Architecture | None
    options: object = None

    def chain(self, *architectures: str) -> Chain | None:
        """Widths and biases, where this is one of these architectures."""
        return self.options if self.architecture in architectures else None

    @property
    def composed(self) -> bool:
        """Whether it is a text, a network's, that of a phi or of fields, whose blocks have any number of axes."""
        return self.architecture in COMPOSED

    @property
    def caveat(self) -> str | None:
        return self.statement and self.statement.caveat(self.options)

    @property
    def hidden(self) -> tuple[tuple[str, tuple[str, ...], int], ...]:
        return self.statement.hidden(self.options) if self.statement else ()

    @property
    def title(self) -> str:
        return " ".join([self.architecture, *(f"{key} {value}" for key, value in self.keys.items())])


def read_model(report: dict) -> Model:
    """Raises ReportError."""
    model = entry(report, "model", dict)
    name = entry(model, "architecture", str, "model")
    keys = {key: value for key, value in model.items() if key not in ("architecture", "parameters", "phi", "domain")}
    statement = ARCHITECTURES.get(name)
    return Model(name, keys, statement, statement and statement.read(keys))

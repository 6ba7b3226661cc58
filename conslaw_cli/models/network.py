"""Networks of one's own: g(theta, x) as a text, as one would write it in NumPy."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

from conslaw_cli.graph.nodes import FREE, Coefficient, Node, Shape
from conslaw_cli.language import LanguageError, TooManyEntries
from conslaw_cli.models.arrays import SEED, At, Constants, Inputs, Parameters, Text
from conslaw_cli.models.base import Architecture, Model
from conslaw_cli.models.composed import AROUND, GENERIC, TAKEN, Composed, composed, domain, fault_at, known_arrays, paired, unused_names
from conslaw_cli.models.keys import Choice
from conslaw_cli.models.stored import Stored
from conslaw_cli.models.table import Fault, ModelTable

ANY, CROSS_ENTROPY = "any", "cross-entropy"
_COTANGENT = "v"


class Network(Composed, frozen=True):
    """A network's text, the loss, and what its names stand for."""

    network: str
    parameters: tuple[tuple[str, Shape], ...]
    inputs: tuple[tuple[str, Shape, str], ...]
    constants: tuple[tuple, ...] = ()
    loss: str = ANY
    at: tuple[str, int | Stored] = (SEED, 0)

    def fault(self) -> Fault | None:
        return self.fault_of_names() or _fault(self)


@lru_cache(maxsize=64)
def _fault(network: Network) -> Fault | None:
    try:
        output = value(network)
    except TooManyEntries:
        return None
    except LanguageError as error:
        return "network", error.located, error.remedy or "correct the text there"
    inputs = [name for name, *_ in network.inputs]
    if inputs and set(unused_names(output, inputs)) == set(inputs):
        return "network", f"the network does not depend on {', '.join(inputs)}", "use the inputs, or write phi = … for a value without them"
    if network.loss == CROSS_ENTROPY and (not output.shape or output.shape[-1] < 2):
        return "loss", f"cross-entropy needs classes on the last axis, the network's value has shape {output.shape}", 'write loss = "any"'
    return fault_at("network", network, output, _inputs(network))


@lru_cache(maxsize=64)
def value(network: Network) -> Node:
    """The graph of g. Raises LanguageError."""
    return composed(network.network, network, _inputs(network))


def leaves(network: Network) -> dict[str, Node]:
    """What the names of a network stand for."""
    return known_arrays(network) | _inputs(network)


def _inputs(network: Network) -> dict[str, Node]:
    """The inputs; one called as the cotangents has another name in the graph."""
    return {name: Coefficient(shape, f"{name}'" if name == _COTANGENT else name, values) for name, shape, values in network.inputs}


@lru_cache(maxsize=64)
def build(network: Network) -> Model:
    """<v, g> for the cotangents v that the loss has: any, or of cross-entropy those that sum to zero over the classes."""
    output = value(network)
    cotangent = _centred(output.shape) if network.loss == CROSS_ENTROPY else Coefficient(output.shape, _COTANGENT)
    unused = unused_names(output, [name for name, *_ in network.inputs])
    notes = tuple(f"the network does not depend on the input {name}" for name in unused)
    return paired(network, (cotangent * output).sum(range(len(output.shape))), output, notes)


def _centred(shape: Shape) -> Node:
    """Free numbers for all classes but the last, which has minus their sum."""
    from conslaw_cli.functions.arrays import numbered

    free = Coefficient((*shape[:-1], shape[-1] - 1), _COTANGENT)
    places = numbered(shape)
    return free.scatter(places[..., :-1], shape) + (-free.sum(-1)).scatter(places[..., -1], shape)


ARCHITECTURE = Architecture(
    name="network",
    summary="network of any kind, written as in NumPy",
    phi="the network itself",
    source="Marcotte et al., NeurIPS 2023, for the method",
    table=ModelTable(
        Network,
        (
            Text("network", "Lines name = expression, and last the network's value.", "W2 @ relu(W1 @ x)"),
            Choice("loss", "The loss: any, or cross-entropy with the classes on the last axis.", ANY, False, MappingProxyType({ANY: "", CROSS_ENTROPY: ", cross-entropy"})),
            At("at", 'Parameters around which branches are taken: { seed = 3 } or { weights = "init.npz" }.', (SEED, 0), False),
            Parameters("parameters", "Trained arrays with their sizes.", (("W1", (3, 2)), ("W2", (2, 3))), taken=TAKEN, reported="shapes"),
            Inputs("inputs", "One sample: arrays with their sizes, or { one-hot = [3, 5] }.", (("x", (2,), FREE),)),
            Constants("constants", "Arrays that are not trained: sizes for generic numbers, or { value = [[1, 0], [0, 1]] }.", (), False),
        ),
    ),
    blocks=lambda network: network.parameters,
    build=build,
    domain=lambda options: domain(value, options),
    any_domain=f"{GENERIC}; with branches {AROUND}",
    implied_by=("network",),
    value=value,
    place=10,
)

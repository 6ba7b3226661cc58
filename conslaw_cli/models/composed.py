"""What networks and phi given as a text have in common: the names that the text may use, and a functional of every parameter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from conslaw_cli.expressions.sympynames import SYMPY_NAMES
from conslaw_cli.graph.nodes import Apply, Branch, Coefficient, Constant, Generic, Node, Parameter, Power, as_node, topological_order
from conslaw_cli.language import LanguageError, TooManyEntries
from conslaw_cli.language.data import from_text, is_data
from conslaw_cli.language.names import clash
from conslaw_cli.model import Model
from conslaw_cli.models.arrays import WEIGHTS, weights_of
from conslaw_cli.models.table import Fault, Options

TAKEN = frozenset({"t", "default", "at", "full"})
"""Names that mean time, or are keys of [metric]."""

GENERIC = "generic parameters (open dense)"
AROUND = "around theta* (see region); laws hold for all branches unless said"
"""Where a count holds without branches, and with them."""


class Composed(Options, frozen=True):
    """Options with ``parameters`` and ``at``, and perhaps ``inputs`` and ``constants``."""

    def fault_of_names(self) -> Fault | None:
        """Names that two arrays share, and parameters whose entries are called as something else."""
        tables = {key: [name for name, *_ in getattr(self, key, ())] for key in ("parameters", "inputs", "constants")}
        twice = [name for name, times in Counter(name for names in tables.values() for name in names).items() if times > 1]
        if twice:
            both = " and ".join(key for key, names in tables.items() if twice[0] in names)
            return both.split()[-1], f"{twice[0]} is in {both}", "name each array once"
        if found := clash(dict(self.parameters)):
            return "parameters", *found[1]
        key, of = self.at
        if key == WEIGHTS and (found := of.fault(self.parameters)):
            return "at", *found
        scalars = [name for name, shape in self.parameters if not shape and name in SYMPY_NAMES]
        return ("parameters", f"the name {scalars[0]} has another meaning in SymPy's formulas", "choose another name") if scalars else None


def known_arrays(options: Composed) -> dict[str, Node]:
    """What the names of parameters and constants stand for."""
    trained = {name: Parameter(shape, name) for name, shape in options.parameters}
    fixed = {name: Generic(shape, name) if entries is None else Constant(shape, entries) for name, shape, entries in options.constants}
    return {**trained, **fixed}


def composed(text: str, options: Composed, inputs: Mapping[str, Node]) -> Node:
    """The value of a text, or of a graph as data. Raises LanguageError."""
    from conslaw_cli.language.reader import read_text

    known = known_arrays(options)
    names = {**known, **inputs}
    value = from_text(text, names.values()) if is_data(text) else read_text(text, names, known)
    trained = [name for name, _ in options.parameters]
    if unused_names(value, trained) == trained:
        raise LanguageError("the value depends on no parameter", "use the parameters")
    return value


def fault_at(key: str, options: Composed, output: Node, inputs: Mapping[str, Node]) -> Fault | None:
    """An operation of a text that has no value at the real parameters, with its place."""
    from conslaw_cli.language.reader import read_places
    from conslaw_cli.domain import outside, place

    text, weights, known = getattr(options, key), weights_of(options.at, options.parameters), known_arrays(options)
    if not (found := outside(output, weights)):
        return None
    where = None
    if not is_data(text):
        again, made = read_places(text, {**known, **inputs}, known)
        found = outside(again, weights) or found
        where = place(found.node, made)
    return key, f"{where}: {found.message}" if where else found.message, found.remedy


def domain(value: Callable[[Composed], Node], options: Composed) -> str:
    """Where the count of a network or phi with this value holds."""
    try:
        nodes = topological_order(value(options))
    except TooManyEntries:
        return GENERIC
    return AROUND if any(isinstance(node, Branch) for node in nodes) else GENERIC


def is_polynomial(value: Node) -> bool:
    """Whether a value is made of polynomials alone, without branches."""
    nodes = topological_order(value)
    return not any(isinstance(node, Apply | Branch) or isinstance(node, Power) and not node.total for node in nodes)


def unused_names(value: Node, names: Iterable[str]) -> list[str]:
    """The names of parameters and inputs that a value does not depend on."""
    used = {node.name.removesuffix("'") for node in topological_order(value) if isinstance(node, Parameter | Coefficient)}
    return [name for name in names if name not in used]


def paired(options: Composed, functional: Node, output: Node | None, notes: tuple[str, ...] = ()) -> Model:
    """The model of a functional, in which parameters that nothing depends on have the gradient zero."""
    unused = unused_names(functional, [name for name, _ in options.parameters])
    for name, shape in options.parameters:
        if name in unused:
            functional = functional + as_node(0) * Parameter(shape, name).sum(range(len(shape)))
    told = tuple(f"{name} is not used: its entries are conserved, one by one" for name in unused)
    weights = weights_of(options.at, options.parameters)
    return Model(options.parameters, functional, output=output, weights=weights, notes=(*told, *notes))

"""A reparametrization phi of one's own: the laws of the span of its gradients."""

from __future__ import annotations

from functools import lru_cache

from conslaw_cli.graph.nodes import Coefficient, Node, Shape
from conslaw_cli.language import LanguageError, TooManyEntries
from conslaw_cli.models.arrays import SEED, At, Constants, Parameters, Text
from conslaw_cli.models.base import Architecture, Model
from conslaw_cli.models.composed import AROUND, GENERIC, TAKEN, Composed, composed, domain, fault_at, is_polynomial, paired
from conslaw_cli.models.stored import Stored
from conslaw_cli.models.table import Fault, ModelTable


class Phi(Composed, frozen=True):
    """The text of phi and what its names stand for."""

    phi: str
    parameters: tuple[tuple[str, Shape], ...]
    constants: tuple[tuple, ...] = ()
    at: tuple[str, int | Stored] = (SEED, 0)

    def fault(self) -> Fault | None:
        if found := self.fault_of_names():
            return found
        return _fault(self)


@lru_cache(maxsize=64)
def _fault(phi: Phi) -> Fault | None:
    try:
        found = value(phi)
    except TooManyEntries:
        return None
    except LanguageError as error:
        return "phi", error.located, error.remedy or "correct the text there"
    return fault_at("phi", phi, found, {})


@lru_cache(maxsize=64)
def value(phi: Phi) -> Node:
    """The graph of phi. Raises LanguageError."""
    return composed(phi.phi, phi, {})


@lru_cache(maxsize=64)
def build(phi: Phi) -> Model:
    """<v, phi> for all v."""
    found = value(phi)
    functional = (Coefficient(found.shape, "v") * found).sum(range(len(found.shape)))
    return paired(phi, functional, None if is_polynomial(found) else found)


ARCHITECTURE = Architecture(
    name="phi",
    summary="phi of any kind, written as in NumPy",
    phi="as given",
    source="Marcotte et al., NeurIPS 2023, for the method",
    table=ModelTable(
        Phi,
        (
            Text("phi", "Lines name = expression, and last the value of phi.", "U @ V", reported="expression"),
            At("at", 'Parameters around which branches are taken: { seed = 3 } or { weights = "init.npz" }.', (SEED, 0), False),
            Parameters("parameters", "Trained arrays with their sizes.", (("U", (3, 2)), ("V", (2, 3))), taken=TAKEN, reported="shapes"),
            Constants("constants", "Arrays that are not trained: sizes for generic numbers, or { value = [[1, 0], [0, 1]] }.", (), False),
        ),
    ),
    blocks=lambda phi: phi.parameters,
    build=build,
    domain=lambda options: domain(value, options),
    any_domain=f"{GENERIC}; with branches {AROUND}",
    implied_by=("phi",),
    value=value,
    place=11,
)

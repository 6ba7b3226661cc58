"""What is trained: the graph of a spec's model with the gradient of its output, whatever architecture it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from conslaw_cli.graph.nodes import Coefficient, Node, Shape
from conslaw_cli.graph.program import COTANGENT, Program
from conslaw_cli.language import LanguageError
from conslaw_cli.model import Weights
from conslaw_cli.models.arrays import SEED
from conslaw_cli.models.network import CROSS_ENTROPY
from conslaw_cli.rings.gaussian import generic_values
from conslaw_cli.spec import Spec, normalised, parse_spec
from conslaw_cli.spec.schema import ModelSpec
from conslaw_cli.training.compiled import Compiled, compiled
from conslaw_cli.training.problems import Untrainable
from conslaw_cli.training.summing import summed

if TYPE_CHECKING:
    import numpy as np


class Loss(StrEnum):
    """What is descended: a loss of the output, or, of vector fields, nothing: they are followed under controls."""

    SQUARED = "squared error"
    CROSS_ENTROPY = "cross-entropy"
    NONE = "none"


@dataclass(frozen=True)
class Trained:
    """A model with parameter blocks (name, shape) in state order. ``output`` is a network's value, phi, or vector fields (fields, D)."""

    blocks: tuple[tuple[str, Shape], ...]
    output: Node
    program: Program
    loss: Loss
    positive: frozenset[str] = frozenset()
    """Blocks whose entries stay positive: for the metric, or for the architecture."""
    around: Weights | None = None
    """Parameters that the spec names, or around which branches are what laws of a region are about: where training starts."""

    @cached_property
    def inputs(self) -> dict[str, Coefficient]:
        """The inputs of one sample, by their names in a spec."""
        free = (node for node in self.program.coefficients if node.name != COTANGENT)
        return {node.name.removesuffix("'"): node for node in free}

    @cached_property
    def places(self) -> dict[str, slice]:
        """The places of each block in the state vector."""
        found, start = {}, 0
        for name, shape in self.blocks:
            found[name] = slice(start, start + prod(shape))
            start += prod(shape)
        return found

    @property
    def size(self) -> int:
        """Number of scalar parameters D."""
        return sum(prod(shape) for _, shape in self.blocks)

    @cached_property
    def classes(self) -> bool:
        """Whether the targets are classes."""
        return self.loss == Loss.CROSS_ENTROPY

    def compiled(self, over_samples: bool = True) -> Compiled:
        """The output and the gradients of <v, output>, summed over the samples or one for each."""
        gradients = self.program.gradients
        return compiled(self.output, summed(gradients) if over_samples else gradients, COTANGENT, self._generics)

    @cached_property
    def _generics(self) -> dict[str, np.ndarray]:
        return generic_values(self.program.generics)

    def value(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """The output of a model without inputs at blocks (runs, *shape): (runs, *shape)."""
        graph = self.compiled()
        return graph.value(graph.with_data({}), arrays)[:, 0]

    def split(self, states: np.ndarray) -> dict[str, np.ndarray]:
        """State vectors (…, D) as blocks (…, *shape), views of them."""
        leading = states.shape[:-1]
        return {name: states[..., self.places[name]].reshape(*leading, *shape) for name, shape in self.blocks}

    def joined(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Blocks (runs, *shape) as state vectors (runs, D)."""
        import numpy as np

        return np.concatenate([arrays[name].reshape(len(arrays[name]), -1) for name, _ in self.blocks], axis=1)


def trained(spec: Spec, in_region: bool = False) -> Trained:
    """The model of a spec, to start where its branches are taken if ``in_region``. Raises Untrainable for arrays beyond what is held."""
    model = written_model(spec)
    definition, options = model.definition, model.options
    try:
        output, built = definition.value(options), definition.build(options)
    except LanguageError as error:
        raise Untrainable(str(error)) from None
    loss = Loss.NONE if options.as_given else Loss.CROSS_ENTROPY if getattr(options, "loss", None) == CROSS_ENTROPY else Loss.SQUARED
    positive = {name for name, metric in spec.metric.blocks if metric.positive or spec.model.definition.stays_positive(name)}
    named = model is spec.model and (in_region or options.at != (SEED, 0))
    return Trained(built.blocks, output, built.program, loss, frozenset(positive), built.weights if named else None)


def written_model(spec: Spec) -> ModelSpec:
    """The model as a text: the spec's own, or what its architecture writes for it. Raises Untrainable for one that writes nothing."""
    architecture, options = spec.model.definition, spec.model.options
    if architecture.value:
        return spec.model
    if not architecture.network:
        raise Untrainable(f"{architecture.name} does not say what is trained: write the model as a network")
    table = {key: value for key, value in architecture.network(options).items() if key != "at"}
    return parse_spec({**normalised(spec), "model": table}).model

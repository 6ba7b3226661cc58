"""What an architecture is: its keys of [model], and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conslaw_cli.graph.nodes import Node, Shape
from conslaw_cli.model import HiddenLayer, Model, PathNetwork
from conslaw_cli.models.table import ModelTable, Options

__all__ = ["Architecture", "HiddenLayer", "Model", "PathNetwork"]


@dataclass(frozen=True)
class Architecture:
    """One entry of the list of architectures; everything here is cheap to read, models are built on demand."""

    name: str
    summary: str
    phi: str
    source: str
    table: ModelTable
    """Its keys of [model]; the functions below take the options read from them."""
    blocks: Callable[[Any], tuple[tuple[str, Shape], ...]]
    build: Callable[[Any], Model]
    implied_by: tuple[str, ...] = ()
    """Keys of its table that name the architecture where a spec has them and no ``architecture``."""
    place: int = 100
    """Where it stands in lists: lower ones come first, equal ones by name."""
    domain: Callable[[Any], str] = lambda options: ""
    """Where phi stands for the model, beside the signs of its parameters; "" for everywhere."""
    any_domain: str = ""
    """The same for all options at once, in words."""
    hidden: Callable[[Any], tuple[HiddenLayer, ...]] = lambda options: ()
    vectors: Callable[[Any], frozenset[str]] = lambda options: frozenset()
    """The blocks that are columns: their entries have one index."""
    default_metric: Callable[[str], str] = lambda block: "euclidean"
    """Metric of a parameter block by its name when the spec has none: "euclidean", "entropy" or "theta^a"."""
    positive: str = ""
    """The blocks whose entries stay positive, those of a metric of their own, as "U, V > 0"."""
    known_count: Callable[[Any], tuple[int, str] | None] = lambda options: None
    """A theorem's count under Euclidean gradient flow and its source, where there is one; never called a computation."""
    caveat: Callable[[Any], str | None] = lambda options: None
    """What a reader must know where phi does not stand for the model anywhere at these options."""
    network: Callable[[Any], dict[str, Any]] | None = None
    """[model] of what is trained, as a text: the network that phi stands for, or phi itself where that is the model."""
    value: Callable[[Any], Node] | None = None
    """The graph of a text: of a network g(theta, x), of phi, or of vector fields (fields, D). None for what ``network`` writes as one."""

    def outline(self, options: Options) -> Model:
        """Blocks and symmetries, nothing built."""
        return Model(self.blocks(options), None, self.hidden(options), vectors=self.vectors(options))

    def title(self, options: Options) -> str:
        """The model in words, "linear network 2 → 3 → 2, hidden biases": without "of any ...", a report is about one."""
        name = self.summary.partition(" of any ")[0]
        return name + self.table.title(options)

    def label(self, options: Options) -> str:
        """The model as a spec calls it, "linear 2 → 3 → 2, bias hidden"."""
        return self.name + self.table.label(options)

    @property
    def domains(self) -> str:
        """Where phi holds at any options, in words."""
        return ", ".join(filter(None, (self.positive, self.any_domain))) or "everywhere"

    def stays_positive(self, block: str) -> bool:
        """Whether the architecture keeps a block's entries positive, which is what a metric of its own is for."""
        return self.default_metric(block) != "euclidean"

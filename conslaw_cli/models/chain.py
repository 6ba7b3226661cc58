"""The keys of a chain of layers: ``widths`` from input to output, and which layers have a ``bias``."""

from __future__ import annotations

from types import MappingProxyType

from conslaw_cli.models.keys import Choice, Widths
from conslaw_cli.models.table import ModelTable, Options

BIASES = {"none": "", "hidden": ", hidden biases", "all": ", biases"}
"""The layers that may have a bias, and what a title says of it."""


class Chain(Options, frozen=True):
    """Widths of the layers from input to output, and the layers with a bias: none, hidden or all."""

    widths: tuple[int, ...]
    bias: str = "none"

    @property
    def depth(self) -> int:
        """Number of weight layers."""
        return len(self.widths) - 1


def chain_table(
    example: tuple[int, ...], least: int = 2, most: int | None = None, biases: tuple[str, ...] = tuple(BIASES)
) -> ModelTable:
    """[model] of a chain with so many widths, and the biases that it may have."""
    told = MappingProxyType({bias: BIASES[bias] for bias in biases})
    widths = Widths("widths", "Widths of the layers from input to output.", example, least=least, most=most)
    return ModelTable(Chain, (widths, Choice("bias", "Layers with a bias: none, hidden or all.", "none", False, told)))

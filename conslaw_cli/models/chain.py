"""The keys of a chain of layers: ``widths`` from input to output, and which layers have a ``bias``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from conslaw_cli.models.table import Options
from conslaw_cli.problems import Table

MOST_WIDTHS = 10_000
LARGEST_WIDTH = 10**9
BIASES = ("none", "hidden", "all")
_TOLD = {"none": "", "hidden": ", hidden biases", "all": ", biases"}


class Chain(Options, frozen=True):
    """Widths of the layers from input to output, and the layers with a bias: none, hidden or all."""

    widths: tuple[int, ...]
    bias: str = "none"

    @property
    def depth(self) -> int:
        """Number of weight layers."""
        return len(self.widths) - 1


@dataclass(frozen=True)
class ChainTable:
    """[model] of a chain with so many widths, and the biases that it may have."""

    example: Chain
    least: int = 2
    most: int | None = None
    biases: tuple[str, ...] = BIASES

    keys: ClassVar[tuple[str, ...]] = ("widths", "bias")
    lists: ClassVar[tuple[str, ...]] = ("widths",)
    required: ClassVar[tuple[str, ...]] = ("widths",)

    @property
    def largest(self) -> Chain:
        return Chain(self.example.widths, self.biases[-1])

    @property
    def example_text(self) -> str:
        return f"widths {list(self.example.widths)}"

    def read(self, table: Table, architecture: str | None) -> Chain | None:
        widths, bias = self._widths(table, architecture), self._bias(table, architecture)
        return None if widths is None or bias is None else Chain(widths, bias)

    def sizes(self, options: Chain) -> str:
        return " → ".join(map(str, options.widths))

    def suffix(self, options: Chain) -> str:
        return _TOLD[options.bias]

    def label(self, options: Chain) -> str:
        return self.sizes(options) + (f", bias {options.bias}" if options.bias != "none" else "")

    def lines(self) -> list[str]:
        biases = " | ".join(self.biases)
        return [
            f"widths = {list(self.example.widths)}  # input, hidden ..., output; {self._number()}",
            f'bias = "{self.example.bias}"  # {biases}',
        ]

    def choices(self) -> dict[str, str]:
        return {"bias": " | ".join(self.biases)}

    def properties(self) -> dict[str, dict[str, object]]:
        width = {"type": "integer", "minimum": 1, "maximum": LARGEST_WIDTH}
        widths = {"type": "array", "items": width, "description": "Widths of the layers from input to output."}
        bias = {"type": "string", "description": "Layers with a bias: none, hidden or all.", "default": "none"}
        return {"widths": {**widths, "maxItems": MOST_WIDTHS}, "bias": {**bias, "enum": list(BIASES)}}

    def restrictions(self) -> dict[str, dict[str, object]]:
        most = {} if self.most is None else {"maxItems": self.most}
        return {"widths": {"minItems": self.least, **most}, "bias": {"enum": list(self.biases)}}

    def _widths(self, table: Table, architecture: str | None) -> tuple[int, ...] | None:
        widths = (2, 3, 2) if architecture is None else self.example.widths
        example = f"write e.g. widths = {list(widths)}"
        if "widths" not in table.data:
            table.problem("widths", "missing key", example)
            return None
        given = table.data["widths"]
        fault = _fault_of_widths(given) or (self._fault_of_length(len(given), architecture) if architecture else None)
        if fault:
            table.problem("widths", fault, example)
            return None
        return tuple(given)

    def _fault_of_length(self, length: int, architecture: str) -> str | None:
        if self.least <= length and (self.most is None or length <= self.most):
            return None
        if self.least == self.most:
            bound = f"exactly {self.least}"
        else:
            bound = f"at least {self.least}" if length < self.least else f"at most {self.most}"
        return f"{architecture} takes {bound} widths, not {length}"

    def _bias(self, table: Table, architecture: str | None) -> str | None:
        if "bias" not in table.data:
            return "none"
        offered = BIASES if architecture is None else self.biases
        return table.choice("bias", offered, "bias" if architecture is None else f"bias for {architecture}")

    def _number(self) -> str:
        if self.least == self.most:
            return f"exactly {self.least}"
        return f"at least {self.least}" if self.most is None else f"{self.least} to {self.most}"


def _fault_of_widths(widths: object) -> str | None:
    if not isinstance(widths, (list, tuple)):
        return "widths must be an array of positive integers"
    if len(widths) > MOST_WIDTHS:
        return f"has {len(widths)} widths, more than {MOST_WIDTHS}"
    if not all(type(width) is int and width > 0 for width in widths):
        return "widths must be positive integers"
    if any(width > LARGEST_WIDTH for width in widths):
        return f"widths must not exceed {LARGEST_WIDTH}"
    return None

"""A spec as typed, frozen objects with everything resolved: defaults filled in, metrics as objects, rates as expressions."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from conslaw_cli.dynamics.settings import DynamicsSpec
from conslaw_cli.metrics import Metric
from conslaw_cli.models import ARCHITECTURES, Architecture, Options

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class ModelSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The table [model]."""

    architecture: Annotated[str, Meta(description="Name of an architecture, such as linear, relu, nmf or icnn.")]
    options: Annotated[Options, Meta(description="The architecture's own keys, such as widths and bias.")]

    @property
    def definition(self) -> Architecture:
        """The architecture itself."""
        return ARCHITECTURES[self.architecture]

    @property
    def plain(self) -> dict[str, object]:
        """The table as plain data, with every default written out."""
        return {"architecture": self.architecture, **self.definition.table.plain(self.options)}


class MetricSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The table [metric], resolved: a metric for every parameter block."""

    blocks: Annotated[
        tuple[tuple[str, Metric], ...],
        Meta(description="The metric M of each parameter block, such as diag(theta^a): a = 0 is Euclidean, a = 1 is entropy."),
    ]
    at: Annotated[str, Meta(description="Where the metric is evaluated: theta, or lookahead (tau theta + theta').")] = "theta"

    @property
    def euclidean(self) -> bool:
        """Whether the metric is Euclidean on every block."""
        return all(metric.euclidean for _, metric in self.blocks)

    @property
    def constant(self) -> bool:
        """Whether the metric is the same at every point."""
        return all(metric.constant for _, metric in self.blocks)

    @property
    def lookahead(self) -> bool:
        """Whether it matters that the metric is taken at the lookahead point."""
        return self.at == "lookahead" and not self.constant


class ExpectSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The table [expect]: what ``check`` holds the result against. None is no expectation."""

    laws: Annotated[Count | None, Meta(description="Number of independent laws.")] = None
    time_dependent: Annotated[bool | None, Meta(description="Whether some law depends on time.")] = None
    complete: Annotated[bool | None, Meta(description="Whether all laws are found in closed form.")] = None
    time_free: Annotated[Count | None, Meta(description="Number of independent laws free of time.")] = None
    dimension: Annotated[Count | None, Meta(description="Dimension of the trace of the Lie algebra.")] = None
    status: Annotated[str | None, Meta(description="proved, exact (either of them for phi), theorem or undecided.")] = None


class Spec(Struct, frozen=True, forbid_unknown_fields=True):
    """One spec. ``name`` is the file's path as given, "-" for standard input, "<mapping>" for a mapping."""

    name: str
    model: ModelSpec
    metric: MetricSpec
    dynamics: DynamicsSpec
    expect: ExpectSpec = ExpectSpec()

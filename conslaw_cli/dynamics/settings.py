"""The table [dynamics] of a spec, resolved."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from msgspec import Meta, Struct

from conslaw_cli.expressions.parsing import Expression


class DynamicsSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The table [dynamics], resolved."""

    kind: Annotated[str, Meta(description="Name of a dynamics, such as momentum.")]
    rate: Annotated[
        Expression | None,
        Meta(description="Damping or decay: a number, or an expression in t and positive constants. Null under gradient-flow."),
    ]
    start: Annotated[
        Fraction | None,
        Meta(description="Time from which the laws are claimed. Null where they hold for t > 0 only."),
    ]
    until: Annotated[
        Fraction | None, Meta(description="End of the interval on which the rate is shown to be real and finite. Null: no end.")
    ] = None
    located: Annotated[bool, Meta(description="Whether the rate stops being real and finite exactly at that end.")] = True
    assumptions: Annotated[tuple[str, ...], Meta(description="What is assumed of free constants, such as alpha > 0.")] = ()

    @property
    def varies_in_time(self) -> bool:
        """Whether the rate is an expression in t."""
        return self.rate is not None and "t" in self.rate.names

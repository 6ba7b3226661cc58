"""The natural gradient: M = (J^T J)^+ with J = dphi, one metric of all parameters.

M J^T = (J^T J)^+ J^T is the pseudoinverse of J, and its range is that of J^T. So at every point the fields M grad phi_i span what the
fields grad phi_i span. A function is a law if its gradient in theta (in theta' under momentum, M being taken at theta) is orthogonal to that
span and the drift leaves it as it is: neither sees the difference, so the laws are those of the Euclidean metric, and the engine computes
with its fields. At a lookahead point M and J belong to different points, and nothing of this holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from conslaw_cli.metrics.base import Shape
from conslaw_cli.metrics.power import Power

NAME = "natural-gradient"


@dataclass(frozen=True)
class Natural(Power):
    """The Euclidean metric in all that the engine computes, by another name."""

    exponent: int = 0

    @property
    def name(self) -> str:
        return NAME

    @property
    def of_all(self) -> bool:
        return True

    @property
    def of_gradients(self) -> bool:
        return True

    @property
    def only_at_theta(self) -> bool:
        return True

    @property
    def note(self) -> str:
        return (
            "the natural gradient has M = (J^T J)^+, J = dphi/dtheta: M J^T is the pseudoinverse of J and has the range of J^T, so at "
            "every point its fields span what those of the Euclidean metric span, and the laws are the same"
        )


def read(value: object, shape: Shape | None) -> Natural | None:
    """The natural gradient by its name; None for any other value."""
    return Natural() if value == NAME else None


def schemas() -> list[dict[str, object]]:
    """JSON Schemas of the values that :func:`read` takes."""
    return [{"const": NAME}]

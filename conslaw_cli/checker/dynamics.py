"""The dynamics that the checker states: one line each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dynamics:
    """theta' + rate theta = -M grad E, or, in second order, theta'' + rate theta' = -M grad E."""

    second_order: bool = False
    rate_key: str | None = None
    """The key of [dynamics] by which a spec gives the rate."""
    fixed_rate: str | None = None
    """The rate where no spec gives it."""
    lookahead: bool = False
    """Whether a metric may be taken at rate * theta + theta', for a constant rate."""

    @property
    def drifts(self) -> bool:
        """Whether there is a rate at all."""
        return bool(self.rate_key or self.fixed_rate)


DYNAMICS = {
    "gradient-flow": Dynamics(),
    "momentum": Dynamics(second_order=True, rate_key="damping", lookahead=True),
    "nesterov": Dynamics(second_order=True, fixed_rate="3/t"),
    "weight-decay": Dynamics(rate_key="decay"),
}

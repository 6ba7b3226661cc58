"""The continuous flow, integrated by SciPy's DOP853 (Hairer, Norsett, Wanner 1993) at a tight tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conslaw_cli.training.motion import Motion

RTOL, ATOL = 1e-10, 1e-12
_MOST_EVALUATIONS = 20_000
"""Evaluations of the field after which an integration is given up: where a flow slides along a kink of relu, steps become tiny."""


class NoScipy(Exception):
    """SciPy is not installed."""


class _TooMany(Exception):
    """The field was evaluated too often."""


@dataclass(frozen=True)
class Path:
    """States (K, D or 2 D) at times (K,), in order; ``fault`` says why it ends early, "" where it does not."""

    times: np.ndarray
    states: np.ndarray
    fault: str = ""


def flow(motion: Motion, state: np.ndarray, times: np.ndarray) -> Path:
    """From a state (D or 2 D,) at the first of the times to the last. Raises NoScipy."""
    try:
        from scipy.integrate import DOP853
    except ImportError:
        raise NoScipy from None
    found = [state]
    with np.errstate(all="ignore"):
        solver = DOP853(_field(motion), times[0], state, times[-1], rtol=RTOL, atol=ATOL)
        fault = _integrate(solver, times, found)
    return Path(times[: len(found)], np.array(found), fault)


def _field(motion: Motion):
    """The right-hand side for one state."""
    count = 0

    def field(t: float, state: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        if count > _MOST_EVALUATIONS:
            raise _TooMany
        return motion.derivative(state[None], np.array([t]))[0]

    return field


def _integrate(solver, times: np.ndarray, found: list[np.ndarray]) -> str:
    """Steps to the end, the states at the times added; why it ended early."""
    try:
        while len(found) < len(times):
            solver.step()
            if solver.status == "failed":
                return f"the integrator's step became too small at t = {solver.t:.4g}"
            within = solver.dense_output()
            while len(found) < len(times) and times[len(found)] <= solver.t:
                found.append(within(times[len(found)]))
    except _TooMany:
        return f"after {_MOST_EVALUATIONS:,} evaluations the integrator was at t = {solver.t:.4g} only, as it is where a flow slides along a kink of relu or max"
    return ""

"""The continuous flow, integrated by SciPy's DOP853 (Hairer, Norsett, Wanner 1993) at a tight tolerance."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from conslaw_cli.limits import LIMITS
from conslaw_cli.training.motion import Motion

if TYPE_CHECKING:
    from scipy.integrate import DOP853

RTOL, ATOL = 1e-10, 1e-12
_WATCHED, _LEAST = 100, 1e-3
"""Steps in which an integration must come on by this part of the time; it does not where a flow slides along a kink of relu."""


class NoScipy(Exception):
    """SciPy is not installed."""


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
        return _inside(motion, Path(times[: len(found)], np.array(found), fault))


def _inside(motion: Motion, path: Path) -> Path:
    """The path up to where the metric is one."""
    theta, *velocity = np.split(path.states, 2, axis=1) if motion.second_order else (path.states,)
    outside = np.flatnonzero(~motion.inside(theta, *(velocity or [None]), path.times))
    if not len(outside):
        return path
    end = int(outside[0])
    return Path(path.times[:end], path.states[:end], f"by t = {path.times[end]:.4g} it left the entries for which the metric is positive")


def _field(motion: Motion) -> Callable[[float, np.ndarray], np.ndarray]:
    """The right-hand side for one state."""
    return lambda t, state: motion.derivative(state[None], np.array([t]))[0]


def _integrate(solver: DOP853, times: np.ndarray, found: list[np.ndarray]) -> str:
    """Steps to the end, the states at the times added; why it ended early."""
    reached = deque([solver.t], maxlen=_WATCHED)
    while len(found) < len(times):
        solver.step()
        if solver.status == "failed":
            return f"the steps of the integrator became too small at t = {solver.t:.4g}, where the flow may end"
        due = times[len(found) :][times[len(found) :] <= solver.t]
        if len(due):
            found.extend(solver.dense_output()(due).T)
        if solver.nfev * solver.n > LIMITS.flow_work and len(found) < len(times):
            return f"the integrator was stopped at t = {solver.t:.4g}, after {solver.nfev:,} gradients; --no-flow leaves it out"
        if len(reached) == _WATCHED and solver.t - reached[0] < _LEAST * (times[-1] - times[0]):
            return f"the integrator does not come on at t = {solver.t:.4g}, as where a flow slides along a kink of relu or max; --no-flow leaves it out"
        reached.append(solver.t)
    return ""

"""Weights moved along the symmetries of laws until the laws have given values: Newton's method in the coordinates of the laws.

At theta the step x solves J M J^T x = c - h(theta), J = dh, by conjugate gradients; theta moves to exp(t sum_j x_j S_j) theta, t halved
until ||c - h|| falls. For c = 0 under the Euclidean metric this minimises ||theta||^2 along the orbit, which is geodesically convex
(Kempf and Ness 1979). A minimum that no point of the orbit has, that of a dead neuron, shows in steps that never get small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conslaw_cli.balancing.exponential import exponential
from conslaw_cli.balancing.symmetries import Field, Symmetries
from conslaw_cli.steps import Listener, Step, nobody

_MOST_STEPS = 50
_MOST_HALVINGS = 40
_MOST_PRODUCTS = 2000
_REGULAR = 0.1
"""Weight of the diagonal that makes A regular, times the distance: steps shrink as they should where some x leave theta as it is (Levenberg 1944)."""
_CALM = 1e-3
"""Steps x get as small as this before rounding sets in where there is a point to come to: they shrink quadratically there."""
_ROUNDING = 1e-13
"""Nearer to the target than this, relative to the laws' sizes, steps say nothing: they are made of rounding."""
_REACHED = 1e-9
"""Distance from the target relative to the laws' sizes that counts as rounding where a step cannot make it smaller."""


@dataclass(frozen=True)
class Moved:
    """Where the weights came to, after so many steps."""

    theta: np.ndarray
    steps: int


class Unreachable(Exception):
    """Values that laws do not get to: ``number`` is that of the law which is farthest, ``endless`` whether steps never got small."""

    def __init__(self, number: int, endless: bool) -> None:
        self.number, self.endless = number, endless
        super().__init__(number)


def move(laws: Symmetries, theta: np.ndarray, target: np.ndarray, listener: Listener = nobody) -> Moved:
    """Weights (D,) with h = target (n,) to rounding. Raises Unreachable."""
    calm = False
    for steps in range(_MOST_STEPS):
        missing, sizes = target - laws.values(theta), laws.sizes(theta)
        far = _norm(missing, sizes)
        listener(Step("moving the weights", f"step {steps + 1}, {far:.0e} to go"))
        if not far and (calm or not steps):
            return Moved(theta, steps)
        x = solve(_regular(laws.gram(theta), _REGULAR * far * sizes), missing, sizes, min(0.1, far))
        calm = calm or bool(np.abs(x).max() <= _CALM * max(1, np.abs(theta).max()) and (far > _ROUNDING or not steps))
        found = _search(laws, theta, x, target, sizes) if calm or far > _ROUNDING else None
        done = calm and far <= _REACHED
        if found is None or done and _norm(target - laws.values(found), sizes) > far / 4:
            return Moved(theta, steps) if done else _fail(missing / sizes, calm)
        theta = found
    return _fail(missing / sizes, calm)


def _regular(product: Field, diagonal: np.ndarray) -> Field:
    """The product with the sum of a matrix and a diagonal one."""
    return lambda x: product(x) + diagonal * x


def _fail(missing: np.ndarray, calm: bool) -> Moved:
    """Raises Unreachable for the law that is farthest from its value."""
    raise Unreachable(int(np.argmax(np.abs(missing))), not calm)


def _search(laws: Symmetries, theta: np.ndarray, x: np.ndarray, target: np.ndarray, sizes: np.ndarray) -> np.ndarray | None:
    """The point after the longest step t x, t = 1, 1/2, …, that comes nearer to the target; None where none does."""
    far, blocks = _norm(target - laws.values(theta), sizes), list(laws.slices.values())
    for halvings in range(_MOST_HALVINGS):
        length = 0.5**halvings
        found = exponential(laws.field(length * x), theta, blocks)
        if _norm(target - laws.values(found), sizes) <= (1 - length / 10) * far:
            return found
    return None


def _norm(missing: np.ndarray, sizes: np.ndarray) -> float:
    return float(np.linalg.norm(missing / sizes) / np.sqrt(len(sizes)))


def solve(product: Field, right: np.ndarray, sizes: np.ndarray, tolerance: float) -> np.ndarray:
    """A x = right for a positive semidefinite A: conjugate gradients, with ``sizes`` (n,) for the diagonal.

    Ends where the residual has shrunk to ``tolerance`` times what it was, or where A has nothing more to say on it.
    """
    x, residual = np.zeros_like(right), right
    direction = scaled = residual / sizes
    strength = first = residual @ scaled
    for _ in range(_MOST_PRODUCTS):
        image = product(direction)
        curvature = direction @ image
        if not curvature > 0:
            break
        x = x + strength / curvature * direction
        residual = residual - strength / curvature * image
        scaled = residual / sizes
        strength, before = residual @ scaled, strength
        if strength <= tolerance**2 * first:
            break
        direction = scaled + strength / before * direction
    return x

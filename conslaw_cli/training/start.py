"""Where training starts: the parameters that a spec names, or a seeded Gaussian initialization; velocities likewise."""

from __future__ import annotations

import numpy as np

from conslaw_cli.models.arrays import SEED, WEIGHTS, weights_of
from conslaw_cli.rings.gaussian import initial_weights
from conslaw_cli.training.model import Trained
from conslaw_cli.training.problems import Untrainable

_SPREAD = 0.5
"""Standard deviation of velocities, and of the logarithms of positive entries."""


def start(trained: Trained, seed: int) -> tuple[dict[str, np.ndarray], str]:
    """Blocks (1, *shape) and what they are, in words. Raises Untrainable where entries of given weights should be positive."""
    key, of = getattr(trained.model.options, "at", (SEED, 0))
    if key == WEIGHTS:
        weights = weights_of((key, of), trained.blocks)
        return _checked(weights.arrays, trained.positive, weights.name), weights.name
    drawn, seed = initial_weights(trained.blocks, of or seed), of or seed
    arrays = {name: np.exp(_SPREAD * array) if name in trained.positive else array for name, array in drawn.items()}
    about = f"a Gaussian initialization, seed {seed}"
    return arrays, about + (f", exponentials on {', '.join(sorted(trained.positive))}" if trained.positive else "")


def velocities(trained: Trained, arrays: dict[str, np.ndarray], seed: int, lookahead: float | None) -> dict[str, np.ndarray]:
    """Gaussian velocities (1, *shape); where the metric is taken at tau theta + theta', those that keep it positive."""
    drawn = initial_weights(tuple((f"d{name}", shape) for name, shape in trained.blocks), seed)
    found = {name: _SPREAD * drawn[f"d{name}"] for name in arrays}
    if lookahead is not None:
        found |= {name: np.exp(found[name]) - lookahead * arrays[name] for name in trained.positive}
    return found


def _checked(arrays: dict[str, np.ndarray], positive: frozenset[str], name: str) -> dict[str, np.ndarray]:
    wrong = sorted(block for block in positive if not (arrays[block] > 0).all())
    if wrong:
        raise Untrainable(f"{name}: {', '.join(wrong)} must have positive entries for the metric; name weights that are positive there")
    return arrays

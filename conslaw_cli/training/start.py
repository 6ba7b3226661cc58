"""Where training starts: the parameters that a spec names, or a seeded Gaussian initialization; velocities likewise."""

from __future__ import annotations

from math import prod

import numpy as np

from conslaw_cli.rings.gaussian import initial_weights
from conslaw_cli.training.model import Trained
from conslaw_cli.training.problems import Untrainable

_SPREAD = 0.5
"""Standard deviation of velocities, and of the logarithms of positive entries."""


def start(trained: Trained, seed: int) -> tuple[dict[str, np.ndarray], str]:
    """Blocks (1, *shape) and what they are, in words: those that the spec names, or its region is about; else Gaussian ones.

    These are scaled as Glorot and Bengio (2010) do. Raises Untrainable where entries of given weights should be positive.
    """
    if trained.around:
        return _checked(trained.around.arrays, trained.positive, trained.around.name), trained.around.name
    drawn = initial_weights(trained.blocks, seed)
    drawn |= {name: np.exp(_SPREAD * drawn[name]) for name in trained.positive}
    arrays = {name: _scale(array.shape[1:]) * array for name, array in drawn.items()}
    about = f"Gaussian, of variance 2/(rows + columns), seed {seed}"
    return arrays, about + (f"; positive on {', '.join(sorted(trained.positive))}: exponentials" if trained.positive else "")


def _scale(shape: tuple[int, ...]) -> float:
    """The root of 2/(fan in + fan out); 1 for vectors."""
    return np.sqrt(2 / (prod(shape[1:]) + prod(shape[:-1]))) if len(shape) > 1 else 1.0


def velocities(trained: Trained, arrays: dict[str, np.ndarray], seed: int, lookahead: float | None) -> dict[str, np.ndarray]:
    """Gaussian velocities (1, *shape), scaled alike; where the metric is taken at tau theta + theta', those that keep it positive."""
    drawn = initial_weights(tuple((f"d{name}", shape) for name, shape in trained.blocks), seed)
    scales = {name: _scale(shape) for name, shape in trained.blocks}
    found = {name: scales[name] * _SPREAD * drawn[f"d{name}"] for name in arrays}
    if lookahead is not None:
        ahead = {name: scales[name] * np.exp(_SPREAD * drawn[f"d{name}"]) for name in trained.positive}
        found |= {name: ahead[name] - lookahead * arrays[name] for name in trained.positive}
    return found


def _checked(arrays: dict[str, np.ndarray], positive: frozenset[str], name: str) -> dict[str, np.ndarray]:
    wrong = sorted(block for block in positive if not (arrays[block] > 0).all())
    if wrong:
        raise Untrainable(f"{name}: {', '.join(wrong)} must have positive entries for the metric; name weights that are positive there")
    return arrays

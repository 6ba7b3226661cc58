"""The flow of an affine field for unit time, exp(S) theta: its Taylor series, in so many steps that terms at least halve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from conslaw_cli.balancing.symmetries import Field, derivative

_TERMS = 60
_HALVINGS = 6


def exponential(field: Field, theta: np.ndarray, blocks: Sequence[slice]) -> np.ndarray:
    """The point that an affine field takes theta (D,) to; not finite where that takes more than 2^6 steps.

    Terms shrink on every block by itself, so that one of small weights is as exact as others.
    """
    for halvings in range(_HALVINGS + 1):
        steps = 2**halvings
        found = _series(field, theta, steps, blocks)
        for _ in range(steps - 1):
            found = found if found is None else _series(field, found, steps, blocks)
        if found is not None:
            return found
    return np.full_like(theta, np.nan)


def _series(field: Field, theta: np.ndarray, steps: int, blocks: Sequence[slice]) -> np.ndarray | None:
    """theta + X + S X/2! + S^2 X/3! + …, X = field(theta) and its derivative S over ``steps``; None where terms do not halve."""
    term = field(theta) / steps
    total = theta + term
    for order in range(2, _TERMS):
        term, before = derivative(field, theta, term) / (steps * order), term
        if not all(_halves(term, before, place) for place in blocks):
            return None
        total, last = total + term, total
        if np.array_equal(total, last):
            return total
    return total


def _halves(term: np.ndarray, before: np.ndarray, block: slice) -> bool:
    """Whether a term is at most half of the one before on a block, or of all of it where that one is zero; False for what is not finite."""
    size = np.linalg.norm(before[block])
    return bool(np.linalg.norm(term[block]) <= (size if size else np.linalg.norm(before)) / 2)

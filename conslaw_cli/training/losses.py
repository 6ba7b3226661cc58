"""Losses of outputs (runs, samples, *shape), and their derivatives by the outputs: half the squared error, and cross-entropy."""

from __future__ import annotations

import numpy as np

from conslaw_cli.training.model import Loss


def loss(kind: Loss, outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The loss of each sample, (runs, samples): summed over the entries of an output, of cross-entropy over its rows."""
    axes = tuple(range(2, outputs.ndim))
    if kind == Loss.CROSS_ENTROPY:
        return -(targets * _log_softmax(outputs)).sum(axes)
    return ((outputs - targets) ** 2).sum(axes) / 2


def slope(kind: Loss, outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The derivative of each sample's loss by its output."""
    if kind == Loss.CROSS_ENTROPY:
        return np.exp(_log_softmax(outputs)) - targets
    return outputs - targets


def _log_softmax(outputs: np.ndarray) -> np.ndarray:
    shifted = outputs - outputs.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))

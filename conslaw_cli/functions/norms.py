"""Softmax and the norms of networks: over which axes they go, and with which gains."""

from __future__ import annotations

from fractions import Fraction

from conslaw_cli.functions.arrays import array, axes_of, mean, sum
from conslaw_cli.functions.pointwise import exp, log
from conslaw_cli.graph.nodes import Node, Number

Axes = int | tuple[int, ...]


def softmax(x: Number, axis: Axes = -1) -> Node:
    """exp(x)/sum exp(x) along an axis."""
    raised = exp(x)
    return raised / sum(raised, axis, keepdims=True)


def log_softmax(x: Number, axis: Axes = -1) -> Node:
    """x - log sum exp(x) along an axis."""
    x = array(x)
    return x - log(sum(exp(x), axis, keepdims=True))


def layer_norm(x: Number, weight: Number | None = None, bias: Number | None = None, eps: Number = 0, axis: Axes = -1) -> Node:
    """(x - mean)/sqrt(variance + eps) along an axis, times ``weight``, plus ``bias``, which broadcast to x."""
    x = array(x)
    return _affine(_standardised(x, axis, eps), weight, bias)


def rms_norm(x: Number, weight: Number | None = None, eps: Number = 0, axis: Axes = -1) -> Node:
    """x/sqrt(mean of squares + eps) along an axis, times ``weight``, which broadcasts to x."""
    return _affine(_scaled(array(x), axis, eps), weight, None)


def batch_norm(x: Number, weight: Number | None = None, bias: Number | None = None, eps: Number = 0) -> Node:
    """Each channel of a batch (batch, channels, ...) standardised over the batch and the places, times ``weight``, plus ``bias``.

    ``weight`` and ``bias`` are (channels,); x is the whole batch, and its mean and variance are those of the batch.
    """
    x = array(x)
    if not x.shape or x.shape[0] < 2:
        raise ValueError(f"batch_norm needs a batch of two or more on axis 0, not {x.shape}")
    places = len(x.shape) - 2
    over = axes_of(tuple(one for one in range(len(x.shape)) if one != 1), x.shape)
    weight, bias = (one if one is None or places < 1 else _per_channel(array(one), x, places) for one in (weight, bias))
    return _affine(_standardised(x, over, eps), weight, bias)


def _per_channel(gains: Node, x: Node, places: int) -> Node:
    if gains.shape not in ((), x.shape[1:2]):
        raise ValueError(f"{gains.shape} is not one number for each of the {x.shape[1]} channels of {x.shape}")
    return gains.reshape(gains.shape + (1,) * places) if gains.shape else gains


def _standardised(x: Node, axis: Axes, eps: Number) -> Node:
    return _scaled(x - mean(x, axis, keepdims=True), axis, eps)


def _scaled(x: Node, axis: Axes, eps: Number) -> Node:
    """x/sqrt(mean of squares + eps)."""
    squares = mean(x * x, axis, keepdims=True)
    return x * (squares if isinstance(eps, int) and eps == 0 else squares + eps) ** Fraction(-1, 2)


def _affine(x: Node, weight: Number | None, bias: Number | None) -> Node:
    """x times gains plus shifts, which may not make it larger."""
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None:
            given = array(value)
            try:
                given.broadcast(x.shape)
            except ValueError:
                raise ValueError(f"the {name} {given.shape} does not broadcast to {x.shape}") from None
            x = x * given if name == "weight" else x + given
    return x

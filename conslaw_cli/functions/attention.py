"""Attention and rotary positions."""

from __future__ import annotations

import math

import numpy as np

from conslaw_cli.functions.arrays import array, concatenate, fitting, stack, sum, tril
from conslaw_cli.functions.pointwise import exp, sqrt
from conslaw_cli.graph.nodes import Generic, Node, Number


def attention(q: Number, k: Number, v: Number, causal: bool = False) -> Node:
    """softmax(q k^T/sqrt(d)) v with q (..., tokens, d), k (..., others, d), v (..., others, e); causal: no token sees later ones."""
    q, k, v = array(q), array(k), array(v)
    shapes = f"q {q.shape}, k {k.shape}, v {v.shape}"
    if any(len(one.shape) < 2 for one in (q, k, v)) or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(f"{shapes} are not (tokens, d), (others, d), (others, e)")
    if not isinstance(causal, bool):
        raise ValueError("causal is True or False")
    raised = exp(q @ k.mT / sqrt(q.shape[-1]))
    weights = tril(raised) if causal else raised
    return (weights @ v) / sum(weights, -1, keepdims=True)


def rope(x: Number, base: float = 10000) -> Node:
    """Rotary positions for x (..., tokens, dim): at token t = 0, 1, ... the pair (x_2i, x_2i+1) is turned by t base^(-2i/dim).

    cos and sin of a frequency are rational in a generic number, tan of half the angle; equal frequencies share theirs.
    """
    x = array(x)
    if len(x.shape) < 2 or x.shape[-1] % 2:
        raise ValueError(f"rope needs (tokens, an even dimension), not {x.shape}")
    if isinstance(base, Node | bool) or not base > 0:
        raise ValueError("base is a positive number")
    tokens, dim = x.shape[-2:]
    frequencies = [float(base) ** (-2 * i / dim) for i in range(dim // 2)]
    distinct = list(dict.fromkeys(frequencies))
    place = np.array([distinct.index(frequency) for frequency in frequencies])
    cos, sin = (turned[:, place] for turned in _multiples(*_rotation(distinct), tokens))
    even, odd = x[..., 0::2], x[..., 1::2]
    return stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)


def _rotation(angles: list[float]) -> tuple[Node, Node]:
    """cos and sin of angles, each (1, angles)."""
    half = stack([Generic((), f"tan({angle!r}/2)", (math.tan(angle / 2),)) for angle in angles]).reshape((1, len(angles)))
    inverse = 1 / (1 + half * half)
    return (1 - half * half) * inverse, 2 * half * inverse


def _multiples(cos: Node, sin: Node, number: int) -> tuple[Node, Node]:
    """cos and sin of 0, 1, ..., number - 1 times the angles, (number, angles), by doubling."""
    fitting((number, cos.shape[-1]))
    every_cos, every_sin = 0 * cos + 1, 0 * sin
    while every_cos.shape[0] < number:
        every_cos, every_sin = (
            concatenate([every_cos, every_cos * cos - every_sin * sin]),
            concatenate([every_sin, every_sin * cos + every_cos * sin]),
        )
        cos, sin = cos * cos - sin * sin, 2 * sin * cos
    return every_cos[:number], every_sin[:number]

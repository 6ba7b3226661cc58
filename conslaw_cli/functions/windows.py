"""Convolutions and pooling as torch.nn.functional has them: windows are gathered, then multiplied or pooled.

x is (channels, length) or (channels, height, width), with any axes before them. A convolution is a cross-correlation.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from conslaw_cli.functions.arrays import array, fitting, integer, max, mean, numbered
from conslaw_cli.graph.nodes import Node, Number, Shape

Sizes = int | tuple[int, ...]


def conv1d(x: Number, weight: Number, bias: Number | None = None, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, groups: int = 1) -> Node:
    """x (..., in, length) with weight (out, in/groups, kernel) and bias (out,): (..., out, length')."""
    return _convolution(1, array(x), array(weight), bias, stride, padding, dilation, groups)


def conv2d(x: Number, weight: Number, bias: Number | None = None, stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, groups: int = 1) -> Node:
    """x (..., in, height, width) with weight (out, in/groups, rows, columns) and bias (out,): (..., out, height', width')."""
    return _convolution(2, array(x), array(weight), bias, stride, padding, dilation, groups)


def max_pool1d(x: Number, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Node:
    """The largest of each window of (..., length); the stride is the kernel's size by default, padding never counts."""
    return _max_pool(1, array(x), kernel_size, stride, padding)


def max_pool2d(x: Number, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Node:
    """The largest of each window of (..., height, width); the stride is the kernel's size by default, padding never counts."""
    return _max_pool(2, array(x), kernel_size, stride, padding)


def avg_pool1d(x: Number, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Node:
    """The mean of each window of (..., length); the stride is the kernel's size by default, padding counts as zeros."""
    return _avg_pool(1, array(x), kernel_size, stride, padding)


def avg_pool2d(x: Number, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Node:
    """The mean of each window of (..., height, width); the stride is the kernel's size by default, padding counts as zeros."""
    return _avg_pool(2, array(x), kernel_size, stride, padding)


def _convolution(n: int, x: Node, weight: Node, bias: Number | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Node:
    if len(x.shape) <= n or len(weight.shape) != n + 2:
        raise ValueError(f"x {x.shape} and the weight {weight.shape} are not (channels, {'places' if n == 1 else 'rows, columns'}) and (out, in, kernel)")
    channels, out = x.shape[-n - 1], weight.shape[0]
    if channels % integer(groups, "groups", 1) or out % groups or weight.shape[1] * groups != channels:
        raise ValueError(f"x {x.shape} has {channels} channels, the weight {weight.shape} with groups={groups} does not fit them")
    padded = _padded(x, _each(padding, n, "padding", 0))
    index = _windows(padded.shape, weight.shape[2:], _each(stride, n, "stride", 1), _each(dilation, n, "dilation", 1))
    places, batch = index.shape[-2 * n : -n], x.shape[: -n - 1]
    per_channel = np.moveaxis(index, range(-n, 0), range(-2 * n, -n))
    gathered = padded.gather(per_channel.reshape((*batch, groups, prod(weight.shape[1:]), prod(places))))
    result = (weight.reshape((groups, out // groups, prod(weight.shape[1:]))) @ gathered).reshape((*batch, out, *places))
    return result if bias is None else result + _bias(array(bias), out, n)


def _bias(bias: Node, out: int, n: int) -> Node:
    if bias.shape != (out,):
        raise ValueError(f"the bias {bias.shape} is not one number for each of {out} channels")
    return bias.reshape((out,) + (1,) * n)


def _max_pool(n: int, x: Node, kernel: Sizes, stride: Sizes | None, padding: Sizes) -> Node:
    """Padding repeats entries that the windows hold anyway."""
    sizes, steps, margins = _pooling(n, x, kernel, stride, padding)
    index = np.pad(numbered(x.shape), _margins(x.shape, margins), mode="edge").ravel()
    found = index[_windows(_grown(x.shape, margins), sizes, steps, (1,) * n)]
    return max(x.gather(found), tuple(range(-n, 0)))


def _avg_pool(n: int, x: Node, kernel: Sizes, stride: Sizes | None, padding: Sizes) -> Node:
    sizes, steps, margins = _pooling(n, x, kernel, stride, padding)
    padded = _padded(x, margins)
    return mean(padded.gather(_windows(padded.shape, sizes, steps, (1,) * n)), tuple(range(-n, 0)))


def _pooling(n: int, x: Node, kernel: Sizes, stride: Sizes | None, padding: Sizes) -> tuple[Shape, Shape, Shape]:
    if len(x.shape) < n:
        raise ValueError(f"{x.shape} has no {n} axes to pool over")
    sizes = _each(kernel, n, "kernel_size", 1)
    margins = _each(padding, n, "padding", 0)
    if any(2 * margin > size for margin, size in zip(margins, sizes)):
        raise ValueError(f"padding {margins} is more than half of the kernel {sizes}")
    return sizes, sizes if stride is None else _each(stride, n, "stride", 1), margins


def _each(value: Sizes, n: int, name: str, least: int) -> tuple[int, ...]:
    """One integer for each of n axes."""
    given = tuple(value) if isinstance(value, list | tuple) else (value,) * n
    if len(given) != n:
        raise ValueError(f"{name} is an integer or {n} of them, not {given}")
    return tuple(integer(one, name, least) for one in given)


def _margins(shape: Shape, padding: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(0, 0)] * (len(shape) - len(padding)) + [(one, one) for one in padding]


def _grown(shape: Shape, padding: tuple[int, ...]) -> Shape:
    return fitting(tuple(size + before + after for size, (before, after) in zip(shape, _margins(shape, padding))))


def _padded(x: Node, padding: tuple[int, ...]) -> Node:
    """Zeros around the last axes."""
    if not any(padding):
        return x
    numbers = numbered(_grown(x.shape, padding))
    inside = tuple(slice(before, before + size) for size, (before, _) in zip(x.shape, _margins(x.shape, padding)))
    return x.scatter(numbers[inside], numbers.shape)


def _windows(shape: Shape, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> np.ndarray:
    """Row-major numbers of the entries of every window over the last axes: (..., places, kernel)."""
    n = len(kernel)
    spans = tuple((size - 1) * step + 1 for size, step in zip(kernel, dilation))
    if any(span > size for span, size in zip(spans, shape[-n:])):
        raise ValueError(f"the kernel {kernel} is larger than {shape[-n:]}" + (f" with dilation {dilation}" if set(dilation) != {1} else ""))
    places = tuple((size - span) // step + 1 for size, span, step in zip(shape[-n:], spans, stride))
    fitting((*shape[:-n], *places, *kernel))
    every = sliding_window_view(numbered(shape), spans, tuple(range(-n, 0)))
    taken = (slice(None, None, step) for step in (*stride, *dilation))
    return np.ascontiguousarray(every[(..., *taken)])

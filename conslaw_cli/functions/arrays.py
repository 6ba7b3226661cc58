"""Arrays as NumPy has them: made of numbers, put together, reshaped, summed, and their largest entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import prod

import numpy as np

from conslaw_cli.graph.nodes import TOP, Branch, Constant, Node, Number, Shape, as_node

MOST_ENTRIES = 10_000_000
"""Entries of the largest array that a function makes."""


def array(value: Number | Sequence) -> Node:
    """Numbers, arrays and (nested) lists of nodes as a node. Raises ValueError, TypeError for what is none of these."""
    if isinstance(value, list | tuple) and any(isinstance(entry, Node | list | tuple) for entry in value):
        return stack(value)
    if isinstance(value, list | tuple) and not value:
        raise ValueError("an array has at least one entry")
    return as_node(value)


def fitting(shape: Shape) -> Shape:
    """The shape itself. Raises ValueError for one of no entries or of too many."""
    if not 0 < prod(shape) <= MOST_ENTRIES:
        raise ValueError(f"an array of shape {shape} has no entries" if 0 in shape else f"an array of shape {shape} has more than {MOST_ENTRIES:,} entries")
    return shape


def numbered(shape: Shape) -> np.ndarray:
    """The row-major numbers of the entries of an array, in its shape."""
    return np.arange(prod(fitting(shape))).reshape(shape)


def integer(value: object, name: str, least: int | None = None) -> int:
    """An integer, at least ``least``. Raises ValueError."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or (least is not None and value < least):
        wanted = "an integer" if least is None else f"an integer, {least} or more"
        raise ValueError(f"{name} is {wanted}, not {_said(value)}")
    return int(value)


def _said(value: object) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, Node | np.ndarray) else str(value)[:40]


def axes_of(axis: int | Iterable[int] | None, shape: Shape) -> tuple[int, ...]:
    """The axes that ``axis`` names, counted from 0; None names all. Raises ValueError for what is no axis of the shape."""
    if axis is None:
        return tuple(range(len(shape)))
    named = tuple(integer(one, "an axis") for one in (axis if isinstance(axis, list | tuple) else (axis,)))
    if wrong := [one for one in named if not -len(shape) <= one < len(shape)]:
        raise ValueError(f"there is no axis {wrong[0]} in {shape}")
    found = tuple(one % len(shape) for one in named)
    if len(set(found)) < len(found):
        raise ValueError(f"the axes {named} of {shape} are not different")
    return found


def kept(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape with these axes of size 1."""
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


def sum(x: Number, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
    """The sum over axes, over all by default."""
    x = array(x)
    axes = axes_of(axis, x.shape)
    total = x.sum(axes)
    return total.reshape(kept(x.shape, axes)) if keepdims else total


def mean(x: Number, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
    """The mean over axes, over all by default."""
    x = array(x)
    return sum(x, axis, keepdims) * Fraction(1, prod(x.shape[one] for one in axes_of(axis, x.shape)))


def max(x: Number, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
    """The largest entry over axes, over all by default; linear where the place of the largest entry stays."""
    x = array(x)
    axes = axes_of(axis, x.shape)
    rest = [one for one in range(len(x.shape)) if one not in axes]
    together = x.permute((*rest, *axes)).reshape((*(x.shape[one] for one in rest), prod(x.shape[one] for one in axes)))
    largest = (together * top_k(together, 1)).sum(-1)
    return largest.reshape(kept(x.shape, axes)) if keepdims else largest


def min(x: Number, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
    """The smallest entry over axes, over all by default."""
    return -max(-array(x), axis, keepdims)


def top_k(x: Number, k: int, axis: int = -1) -> Node:
    """1 at the ``k`` largest entries along an axis, 0 elsewhere; a mask of the shape of ``x``."""
    x = array(x)
    (along,) = axes_of((axis,), x.shape)
    if integer(k, "k", 1) > x.shape[along]:
        raise ValueError(f"k is {k}, and axis {axis} of {x.shape} has {x.shape[along]} entries")
    if k == x.shape[along]:
        return as_node(1).broadcast(x.shape)
    order = [one for one in range(len(x.shape)) if one != along] + [along]
    last = x.permute(order)
    return Branch(last.shape, last, TOP, k).permute(np.argsort(order).tolist())


def concatenate(arrays: Sequence[Number], axis: int = 0) -> Node:
    """Arrays one after the other along an axis, their other axes alike."""
    parts = [array(part) for part in _listed(arrays, "concatenate")]
    (along,) = axes_of((axis,), parts[0].shape)
    shapes = [part.shape for part in parts]
    if len({(len(shape), kept(shape, (along,))) for shape in shapes}) > 1:
        raise ValueError(f"shapes {', '.join(map(str, shapes))} differ in another axis than {axis}")
    if all(isinstance(part, Constant) for part in parts):
        entries = [np.array(part.entries, dtype=object).reshape(part.shape) for part in parts]
        return as_node(np.concatenate(entries, along))
    ends = np.cumsum([shape[along] for shape in shapes]).tolist()
    numbers = numbered((*shapes[0][:along], ends[-1], *shapes[0][along + 1 :]))
    places = np.split(numbers, ends[:-1], along)
    first, *others = (part.scatter(place, numbers.shape) for part, place in zip(parts, places))
    for other in others:
        first = first + other
    return first


def stack(arrays: Sequence[Number], axis: int = 0) -> Node:
    """Arrays of one shape along a new axis."""
    parts = [array(part) for part in _listed(arrays, "stack")]
    if len({part.shape for part in parts}) > 1:
        raise ValueError(f"shapes {', '.join(str(part.shape) for part in parts)} are not the same")
    (along,) = axes_of((axis,), (1, *parts[0].shape))
    return concatenate([part.reshape((*part.shape[:along], 1, *part.shape[along:])) for part in parts], along)


def _listed(arrays: Sequence[Number], name: str) -> list[Number]:
    if isinstance(arrays, list | tuple) and arrays:
        return list(arrays)
    if isinstance(arrays, Node | np.ndarray) and arrays.shape:
        return [array(arrays)[number] for number in range(arrays.shape[0])]
    raise ValueError(f"{name} takes a list of arrays, such as {name}([a, b])")


def reshape(x: Number, shape: int | tuple[int, ...]) -> Node:
    """The entries in row-major order in another shape; one size may be -1, for what is left."""
    x, sizes = array(x), _sizes(shape, -1)
    if -1 in sizes:
        known = -prod(sizes)
        if sizes.count(-1) > 1 or known == 0 or prod(x.shape) % known:
            raise ValueError(f"cannot reshape {x.shape} to {sizes}")
        sizes = tuple(prod(x.shape) // known if size == -1 else size for size in sizes)
    return x.reshape(sizes)


def _sizes(shape: int | Sequence[int], least: int = 1) -> Shape:
    return tuple(integer(size, "a size", least) for size in (shape if isinstance(shape, list | tuple) else (shape,)))


def transpose(x: Number, axes: tuple[int, ...] | None = None) -> Node:
    """The axes in another order, reversed by default."""
    x = array(x)
    return x.T if axes is None else x.permute(axes_of(axes, x.shape))


def eye(n: int) -> Node:
    """The identity matrix (n, n)."""
    return _constant(np.eye(fitting((integer(n, "n", 1),) * 2)[0], dtype=int))


def ones(shape: int | tuple[int, ...]) -> Node:
    """An array of ones."""
    return as_node(1).broadcast(fitting(_sizes(shape)))


def zeros(shape: int | tuple[int, ...]) -> Node:
    """An array of zeros."""
    return as_node(0).broadcast(fitting(_sizes(shape)))


def tril(x: Number) -> Node:
    """The entries of (..., rows, columns) on the diagonal and below, zero above."""
    x = array(x)
    if len(x.shape) < 2:
        raise ValueError(f"{x.shape} has no matrices")
    return x * _constant(np.tri(*fitting(x.shape[-2:]), dtype=int))


def _constant(numbers: np.ndarray) -> Constant:
    return Constant(numbers.shape, tuple(numbers.ravel().tolist()))

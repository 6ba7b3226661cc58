"""What the functions of a network's text mean, on arrays of residues: the checker's own statement of each, named as in NumPy and torch.

exp, log, Phi, sin, cos and the unknown smooth function have random values by argument, roots are formal, and branches (where an entry is
positive, which entries are largest) are random residues by argument too: whatever a graph writes for the same function takes the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from itertools import product as cartesian

import numpy as np

from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.functions import Functions, raised


MOST_WORK = 4_000_000
"""Entries of an array, and products of one."""


class Unknown(Exception):
    """A text that this checker does not read; the message says what of it."""


@dataclass(frozen=True)
class Formal(Functions):
    """Functions with formal roots: u^((p + 1)/4), a root of u or of -u, is multiplicative."""

    @property
    def top(self) -> int:
        """The modulus that values are compared by."""
        return self.p

    def drawn(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The values of leaves."""
        return residues(self.p, self.seed, name, np.array([0]), math.prod(shape)).reshape(shape)

    def power_at(self, x: np.ndarray, exponent: Fraction) -> tuple[np.ndarray, np.ndarray]:
        if exponent.denominator == 1:
            return super().power_at(x, exponent)
        return raised(x, exponent.numerator * (self.p + 1) // 4 % (self.p - 1), self.p), x != 0

    def branch(self, kind: str, count: int, x: np.ndarray) -> np.ndarray:
        """Random residues in place of zeros and ones: 1 - m(-u) = m(u), and by row for the largest along the last axis."""
        if kind == "positive":
            negative = x > self.p // 2
            drawn = self._drawn("branch", np.where(negative, self.p - x, x))
            return np.where(x == 0, 0, np.where(negative, (1 - drawn) % self.p, drawn))
        found = np.empty(x.shape, dtype=object)
        for place in np.ndindex(x.shape[:-1]):
            row = [int(entry) for entry in x[place]]
            key = f"{self.seed} {count} {sorted(row)}".encode()
            found[place] = [int.from_bytes(blake2b(key + b" %d" % entry, digest_size=8).digest(), "big") % self.p for entry in row]
        return found


class Language:
    """The functions by name, modulo a prime; generic constants by their names."""

    def __init__(self, functions: Formal) -> None:
        self.functions, self.p = functions, functions.p

    def named(self, name: str) -> Callable:
        found = getattr(self, f"f_{name}", None)
        if found is None:
            raise Unknown(f"the function {name[:40]}")
        return found

    def array(self, value: object) -> np.ndarray:
        """A number, an array or a nested list of these as an array of residues."""
        if isinstance(value, np.ndarray):
            return value
        if isinstance(value, list | tuple):
            return np.stack([self.array(one) for one in value])
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            raise Unknown(f"{str(value)[:40]} as an array")
        exact = Fraction(value)
        return np.array(exact.numerator * pow(exact.denominator, -1, self.p) % self.p, dtype=object)

    def together(self, *values: object) -> list[np.ndarray]:
        """Arrays that broadcast to one of moderate size."""
        arrays = [self.array(value) for value in values]
        _fitting(np.broadcast_shapes(*(one.shape for one in arrays)))
        return arrays

    def generic(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        return self.functions.drawn(f"generic/{name}", shape)

    def inverse(self, x: object) -> np.ndarray:
        return self.power(x, Fraction(-1))

    def power(self, x: object, exponent: Fraction) -> np.ndarray:
        x = self.array(x)
        if exponent >= 1 and exponent.denominator == 1:
            return raised(x.reshape(-1), int(exponent), self.p).reshape(x.shape)
        return self.functions.power_at(x.reshape(-1), exponent)[0].reshape(x.shape)

    def applied(self, name: str, x: object) -> np.ndarray:
        x = self.array(x)
        return self.functions.at(name, x.reshape(-1)).reshape(x.shape)

    def positive(self, x: np.ndarray) -> np.ndarray:
        return self.functions.branch("positive", 1, x.reshape(-1)).reshape(x.shape)

    # Entry by entry.

    def f_exp(self, x):
        return self.applied("exp", x)

    def f_log(self, x):
        return self.applied("log", x)

    def f_sin(self, x):
        return self.applied("sin", x)

    def f_cos(self, x):
        return self.applied("cos", x)

    def f_smooth(self, x):
        return self.applied("smooth", x)

    def f_sqrt(self, x):
        return self.power(x, Fraction(1, 2))

    def f_square(self, x):
        return self.power(x, Fraction(2))

    def f_tanh(self, x):
        up = self.f_exp(x)
        down = self.inverse(up)
        return (up - down) * self.inverse((up + down) % self.p) % self.p

    def f_sigmoid(self, x):
        up = self.f_exp(x)
        return up * self.inverse((1 + up) % self.p) % self.p

    def f_softplus(self, x):
        return self.f_log((1 + self.f_exp(x)) % self.p)

    def f_silu(self, x):
        return self.array(x) * self.f_sigmoid(x) % self.p

    def f_gelu(self, x):
        return self.array(x) * self.applied("normal_cdf", x) % self.p

    def f_gelu_tanh(self, x):
        x = self.array(x)
        inner = (x + self.array(Fraction(44715, 1000000)) * self.power(x, Fraction(3))) * self.generic("sqrt(2/pi)", ()) % self.p
        return x * self.array(Fraction(1, 2)) * (1 + self.f_tanh(inner)) % self.p

    def f_relu(self, x):
        x = self.array(x)
        return x * self.positive(x) % self.p

    def f_abs(self, x):
        x = self.array(x)
        return x * (2 * self.positive(x) - 1) % self.p

    def f_leaky_relu(self, x, negative_slope=Fraction(1, 100)):
        return self.f_prelu(x, negative_slope)

    def f_prelu(self, x, weight):
        x, weight = self.together(x, weight)
        mask = self.positive(x)
        return (x * mask + weight * (x * (1 - mask))) % self.p

    def f_elu(self, x, alpha=1):
        x, alpha = self.together(x, alpha)
        mask = self.positive(x)
        return (x * mask + alpha * (1 - mask) * (self.f_exp(x) - 1)) % self.p

    def f_relu6(self, x):
        return self.f_clip(x, 0, 6)

    def f_clip(self, x, min, max):
        x, low, high = self.together(x, min, max)
        return (low + self.f_relu((x - low) % self.p) - self.f_relu((x - high) % self.p)) % self.p

    def f_maximum(self, x, y):
        x, y = self.together(x, y)
        return (y + self.f_relu((x - y) % self.p)) % self.p

    def f_minimum(self, x, y):
        x, y = self.together(x, y)
        return (x + y - self.f_maximum(x, y)) % self.p

    # Axes.

    def f_sum(self, x, axis=None, keepdims=False):
        x = self.array(x)
        axes = _axes(axis, x.ndim)
        return np.asarray(x.sum(axis=axes, keepdims=keepdims), dtype=object) % self.p if axes else x

    def f_mean(self, x, axis=None, keepdims=False):
        x = self.array(x)
        count = math.prod(x.shape[one] for one in _axes(axis, x.ndim))
        return self.f_sum(x, axis, keepdims) * pow(count, -1, self.p) % self.p

    def f_max(self, x, axis=None, keepdims=False):
        x = self.array(x)
        axes = _axes(axis, x.ndim)
        rest = [one for one in range(x.ndim) if one not in axes]
        flat = x.transpose(*rest, *axes).reshape(*(x.shape[one] for one in rest), -1)
        found = (flat * self.f_top_k(flat, 1)).sum(axis=-1) % self.p
        kept = tuple(1 if one in axes else size for one, size in enumerate(x.shape))
        return np.asarray(found, dtype=object).reshape(kept if keepdims else tuple(x.shape[one] for one in rest))

    def f_min(self, x, axis=None, keepdims=False):
        return -self.f_max(-self.array(x) % self.p, axis, keepdims) % self.p

    def f_top_k(self, x, k, axis=-1):
        x = np.moveaxis(self.array(x), axis, -1)
        found = np.ones(x.shape, dtype=object) if k == x.shape[-1] else self.functions.branch("top", k, x)
        return np.moveaxis(found, -1, axis)

    def f_concatenate(self, arrays, axis=0):
        return np.concatenate([self.array(one) for one in arrays], axis)

    def f_stack(self, arrays, axis=0):
        return np.stack([self.array(one) for one in arrays], axis)

    def f_reshape(self, x, shape):
        return self.array(x).reshape(shape)

    def f_transpose(self, x, axes=None):
        return self.array(x).transpose(axes)

    def f_eye(self, n):
        _fitting((n, n))
        return np.eye(n, dtype=np.int64).astype(object)

    def f_ones(self, shape):
        return np.ones(_fitting(shape), dtype=object)

    def f_zeros(self, shape):
        return np.zeros(_fitting(shape), dtype=np.int64).astype(object)

    def f_tril(self, x):
        x = self.array(x)
        return x * np.tri(*x.shape[-2:], dtype=np.int64).astype(object)

    def f_einsum(self, subscripts, *operands):
        arrays = [self.array(one) for one in operands]
        left, _, output = subscripts.replace(" ", "").partition("->")
        terms = left.split(",")
        if "->" not in subscripts:
            output = "".join(sorted(one for one in set(left) - {","} if left.count(one) == 1))
        letters = sorted(set(left) - {","})
        sizes = {letter: size for term, array in zip(terms, arrays) for letter, size in zip(term, array.shape)}
        if math.prod(sizes.values()) > 2_000_000:
            raise Unknown("an einsum of this size")
        total = np.array(1, dtype=object)
        for term, array in zip(terms, arrays):
            for letter in dict.fromkeys(one for one in term if term.count(one) > 1):
                while term.count(letter) > 1:
                    first, second = [k for k, one in enumerate(term) if one == letter][:2]
                    array = np.moveaxis(np.diagonal(array, axis1=first, axis2=second), -1, 0)
                    term = letter + "".join(one for k, one in enumerate(term) if k not in (first, second))
            ordered = array.transpose([term.index(letter) for letter in letters if letter in term])
            total = total * ordered.reshape([sizes[letter] if letter in term else 1 for letter in letters]) % self.p
        summed = tuple(k for k, letter in enumerate(letters) if letter not in output)
        total = np.broadcast_to(total, [sizes[letter] for letter in letters])
        kept = [letter for letter in letters if letter in output]
        total = np.asarray(total.sum(axis=summed), dtype=object) % self.p if summed else total
        return total.transpose([kept.index(letter) for letter in output])

    # Norms and attention.

    def f_softmax(self, x, axis=-1):
        up = self.f_exp(x)
        return up * self.inverse(self.f_sum(up, axis, True)) % self.p

    def f_log_softmax(self, x, axis=-1):
        return (self.array(x) - self.f_log(self.f_sum(self.f_exp(x), axis, True))) % self.p

    def f_layer_norm(self, x, weight=None, bias=None, eps=0, axis=-1):
        x = self.array(x)
        return self.f_rms_norm((x - self.f_mean(x, axis, True)) % self.p, weight, eps, axis, bias)

    def f_rms_norm(self, x, weight=None, eps=0, axis=-1, bias=None):
        x, *_ = self.together(x, *(one for one in (weight, bias) if one is not None))
        squares = (self.f_mean(x * x % self.p, axis, True) + self.array(eps)) % self.p
        scaled = x * self.inverse(self.f_sqrt(squares)) % self.p
        scaled = scaled if weight is None else scaled * self.array(weight) % self.p
        return scaled if bias is None else (scaled + self.array(bias)) % self.p

    def f_batch_norm(self, x, weight=None, bias=None, eps=0):
        x = self.array(x)
        over, places = tuple(one for one in range(x.ndim) if one != 1), (1,) * max(0, x.ndim - 2)
        gains, shifts = (one if one is None or not self.array(one).ndim else self.array(one).reshape(*self.array(one).shape, *places) for one in (weight, bias))
        return self.f_layer_norm(x, gains, shifts, eps, over)

    def f_attention(self, q, k, v, causal=False):
        q, k, v = self.array(q), self.array(k), self.array(v)
        _fitting((*np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2]), q.shape[-2], k.shape[-2], max(q.shape[-1], v.shape[-1])))
        scale = self.inverse(self.f_sqrt(q.shape[-1]))
        up = self.f_exp(np.matmul(q, np.swapaxes(k, -1, -2)) % self.p * scale % self.p)
        up = self.f_tril(up) if causal else up
        return np.matmul(up, v) % self.p * self.inverse(self.f_sum(up, -1, True)) % self.p

    def f_rope(self, x, base=10000):
        x = self.array(x)
        *_, tokens, dim = x.shape
        found = x.copy()
        for pair in range(dim // 2):
            angle = float(base) ** (-2 * pair / dim)
            half = self.generic(f"tan({angle!r}/2)", ())
            scale = self.inverse((1 + half * half) % self.p)
            cosine, sine = (1 - half * half) * scale % self.p, 2 * half * scale % self.p
            c, s = self.array(1), self.array(0)
            for token in range(tokens):
                even, odd = x[..., token, 2 * pair], x[..., token, 2 * pair + 1]
                found[..., token, 2 * pair] = (even * c - odd * s) % self.p
                found[..., token, 2 * pair + 1] = (even * s + odd * c) % self.p
                c, s = (c * cosine - s * sine) % self.p, (s * cosine + c * sine) % self.p
        return found

    # Windows.

    def f_conv1d(self, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        return self._convolution(1, x, weight, bias, stride, padding, dilation, groups)

    def f_conv2d(self, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        return self._convolution(2, x, weight, bias, stride, padding, dilation, groups)

    def _convolution(self, n, x, weight, bias, stride, padding, dilation, groups):
        x, weight = self.array(x), self.array(weight)
        steps, margins, gaps = (_each(one, n) for one in (stride, padding, dilation))
        x, kernel = _padded(x, margins), weight.shape[2:]
        places = _places(x.shape[-n:], kernel, steps, gaps)
        inside, out = weight.shape[1], weight.shape[0] // groups
        _fitting((math.prod(x.shape[: -n - 1]), weight.size, *places))
        found = np.zeros((*x.shape[: -n - 1], weight.shape[0], *places), dtype=np.int64).astype(object)
        for group in range(groups):
            for o, i in cartesian(range(group * out, (group + 1) * out), range(inside)):
                channel = x[(..., group * inside + i, *(slice(None),) * n)]
                for offset in np.ndindex(*kernel):
                    found[(..., o, *(slice(None),) * n)] += weight[(o, i, *offset)] * channel[_window(offset, places, steps, gaps)]
        found = found % self.p
        return found if bias is None else (found + self.array(bias).reshape(-1, *(1,) * n)) % self.p

    def f_avg_pool1d(self, x, kernel_size, stride=None, padding=0):
        return self._windows(1, x, kernel_size, stride, padding, self.f_mean)

    def f_avg_pool2d(self, x, kernel_size, stride=None, padding=0):
        return self._windows(2, x, kernel_size, stride, padding, self.f_mean)

    def f_max_pool1d(self, x, kernel_size, stride=None, padding=0):
        return self._max_pool(1, x, kernel_size, stride, padding)

    def f_max_pool2d(self, x, kernel_size, stride=None, padding=0):
        return self._max_pool(2, x, kernel_size, stride, padding)

    def _max_pool(self, n, x, kernel, stride, padding):
        if any(_each(padding, n)):
            raise Unknown("max pooling with padding")
        return self._windows(n, x, kernel, stride, padding, self.f_max)

    def _windows(self, n, x, kernel, stride, padding, pooled):
        sizes = _each(kernel, n)
        steps = sizes if stride is None else _each(stride, n)
        x = _padded(self.array(x), _each(padding, n))
        places = _places(x.shape[-n:], sizes, steps, (1,) * n)
        _fitting((*x.shape[: x.ndim - n], *places, *sizes))
        pieces = [x[_window(offset, places, steps, (1,) * n)] for offset in np.ndindex(*sizes)]
        return pooled(np.stack(pieces, -1), -1)


def _fitting(shape: object) -> object:
    """A shape of moderate size. Raises Unknown."""
    if math.prod(shape if isinstance(shape, list | tuple) else (shape,)) > MOST_WORK:
        raise Unknown("arrays of this size")
    return shape


def _axes(axis: object, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(one % ndim for one in (axis if isinstance(axis, list | tuple) else (axis,)))


def _each(value: object, n: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,) * n


def _padded(x: np.ndarray, margins: tuple[int, ...]) -> np.ndarray:
    """Zeros around the last axes."""
    first = x.ndim - len(margins)
    found = np.full(_fitting([size + 2 * (margins[k - first] if k >= first else 0) for k, size in enumerate(x.shape)]), 0, dtype=object)
    inside = tuple(slice(margin, margin + size) for margin, size in zip(margins, x.shape[first:]))
    found[(..., *inside)] = x
    return found


def _places(shape: tuple[int, ...], kernel: tuple[int, ...], steps: tuple[int, ...], gaps: tuple[int, ...]) -> tuple[int, ...]:
    return tuple((size - (k - 1) * gap - 1) // step + 1 for size, k, step, gap in zip(shape, kernel, steps, gaps))


def _window(offset: tuple[int, ...], places: tuple[int, ...], steps: tuple[int, ...], gaps: tuple[int, ...]) -> tuple:
    """The entries that are the same place of every window."""
    starts = [o * gap for o, gap in zip(offset, gaps)]
    return (..., *(slice(a, a + (count - 1) * step + 1, step) for a, count, step in zip(starts, places, steps)))

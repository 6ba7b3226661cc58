"""A float oracle: dimensions of generated Lie algebras of networks written by hand in NumPy, without the engine.

A law is conserved for every data set and loss, so its gradient is orthogonal to the fields grad_theta <v, g(theta, x)>
for all inputs x and cotangents v, and to all their brackets [X, Y] = DY X - DX Y. Here these are evaluated at one
Gaussian point by nested dual numbers over float64 (exact derivatives, no differences), and their rank is read off a gap
in the singular values, which is checked. Under momentum the state is (Q, P) and the fields are (S w, -w),
w = grad f(Q + S P), for random S.

Missing inputs or brackets make a dimension too small and a number of laws too large, never the other way; hence many of
both.

A network is a function of (p, i): parameters and inputs as attributes, every array with one batch axis in front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import prod, sqrt
from types import SimpleNamespace

import numpy as np
from scipy.special import ndtr

# --- nested dual numbers over arrays ------------------------------------------------------------------------------


class Dual:
    """value + slope * e with e**2 = 0; both are arrays or duals of a lower level."""

    __slots__ = ("level", "slope", "value")
    __array_ufunc__ = None

    def __init__(self, level, value, slope):
        self.level, self.value, self.slope = level, value, slope

    shape = property(lambda self: primal(self).shape)
    ndim = property(lambda self: primal(self).ndim)
    mT = property(lambda self: linear(lambda a: np.swapaxes(a, -1, -2), self))

    def __getitem__(self, index):
        return linear(lambda a: a[index], self)

    def __add__(self, other):
        return add(self, other)

    def __radd__(self, other):
        return add(other, self)

    def __sub__(self, other):
        return add(self, -other)

    def __rsub__(self, other):
        return add(other, -self)

    def __neg__(self):
        return linear(np.negative, self)

    def __mul__(self, other):
        return bilinear(np.multiply, self, other)

    def __rmul__(self, other):
        return bilinear(np.multiply, other, self)

    def __truediv__(self, other):
        return self * reciprocal(other)

    def __rtruediv__(self, other):
        return other * reciprocal(self)

    def __matmul__(self, other):
        return bilinear(np.matmul, self, other)

    def __rmatmul__(self, other):
        return bilinear(np.matmul, other, self)


def level_of(a):
    return a.level if isinstance(a, Dual) else 0


def parts(a, level):
    """(value, slope) of a at a level; the slope of what does not depend on that level is None."""
    return (a.value, a.slope) if level_of(a) == level else (a, None)


def primal(a):
    """The array without any infinitesimal part."""
    while isinstance(a, Dual):
        a = a.value
    return np.asarray(a)


def linear(f, a):
    """f applied to every component."""
    return Dual(a.level, linear(f, a.value), linear(f, a.slope)) if isinstance(a, Dual) else f(np.asarray(a))


def like(slope, value):
    """The slope in the shape of its value."""
    shape = primal(value).shape
    return slope if primal(slope).shape == shape else linear(lambda a: np.broadcast_to(a, shape), slope)


def add(a, b):
    level = max(level_of(a), level_of(b))
    if level == 0:
        return a + b
    (a0, a1), (b0, b1) = parts(a, level), parts(b, level)
    value = add(a0, b0)
    slope = a1 if b1 is None else b1 if a1 is None else add(a1, b1)
    return Dual(level, value, like(slope, value))


def bilinear(op, a, b):
    level = max(level_of(a), level_of(b))
    if level == 0:
        return op(a, b)
    (a0, a1), (b0, b1) = parts(a, level), parts(b, level)
    terms = [bilinear(op, x, y) for x, y in ((a1, b0), (a0, b1)) if x is not None and y is not None]
    return Dual(level, bilinear(op, a0, b0), terms[0] if len(terms) == 1 else add(*terms))


def scalar(f, derivative):
    """An entrywise function; its derivative is a function of the argument u and of the value y = f(u)."""

    def apply(u):
        if not isinstance(u, Dual):
            return f(u)
        y = apply(u.value)
        return Dual(u.level, y, derivative(u.value, y) * u.slope)

    return apply


reciprocal = scalar(lambda u: 1 / u, lambda u, y: -(y * y))
exp = scalar(np.exp, lambda u, y: y)
log = scalar(np.log, lambda u, y: reciprocal(u))
root = scalar(np.sqrt, lambda u, y: 0.5 * reciprocal(y))
tanh = scalar(np.tanh, lambda u, y: 1 - y * y)
sigmoid = scalar(lambda u: 1 / (1 + np.exp(-u)), lambda u, y: y * (1 - y))
softplus = scalar(lambda u: np.log1p(np.exp(u)), lambda u, y: sigmoid(u))
normal_cdf = scalar(ndtr, lambda u, y: exp(-0.5 * u * u) * (1 / sqrt(2 * np.pi)))
sin = scalar(np.sin, lambda u, y: cos(u))
cos = scalar(np.cos, lambda u, y: -sin(u))


_DECISIONS: ContextVar[Iterator | list | None] = ContextVar("decisions", default=None)


@contextmanager
def branches(decisions):
    """Within it, branches are appended to a list, or taken from an iterator over one."""
    token = _DECISIONS.set(decisions)
    try:
        yield decisions
    finally:
        _DECISIONS.reset(token)


def decided(mask):
    """The branch to take: that of the real numbers, unless one is prescribed for each member of a (repeated) batch."""
    decisions = _DECISIONS.get()
    if decisions is None:
        return mask
    if isinstance(decisions, list):
        decisions.append(mask)
        return mask
    prescribed = next(decisions)
    return np.repeat(prescribed, len(mask) // len(prescribed), axis=0)


def positive(u):
    """1 where u is positive, else 0."""
    return decided((primal(u) > 0).astype(float))


def relu(u):
    return u * positive(u)


def leaky_relu(u, slope=0.01):
    return u * (slope + (1 - slope) * positive(u))


def silu(u):
    return u * sigmoid(u)


def gelu(u):
    return u * normal_cdf(u)


def smooth(u):
    """Stands for an unknown smooth function: no differential or functional equation of low order that matters."""
    return sin(1.3 * u + 0.4) * exp(0.3 * u) + 0.2 * tanh(u - 0.3)


def total(a, axis=-1, keepdims=False):
    return linear(lambda c: c.sum(axis=axis, keepdims=keepdims), a)


def average(a, axis=-1, keepdims=False):
    return linear(lambda c: c.mean(axis=axis, keepdims=keepdims), a)


def shaped(a, *shape):
    """The same entries in another shape behind the batch axis."""
    return linear(lambda c: c.reshape(len(c), *shape), a)


def moved(a, *axes):
    return linear(lambda c: np.transpose(c, axes), a)


def largest(a, axis=-1):
    """The maximum along an axis, by the branch of the real numbers."""
    values = primal(a)
    chosen = np.arange(values.shape[axis]) == np.expand_dims(np.argmax(values, axis), -1)
    return total(a * decided(np.moveaxis(chosen, -1, axis)), axis)


def top(a, k):
    """1 at the k largest along the last axis, else 0."""
    values = primal(a)
    return decided((values >= np.sort(values, -1)[..., -k, None]).astype(float))


def softmax(a, axis=-1):
    weights = exp(a)
    return weights / total(weights, axis, keepdims=True)


def stack(arrays, axis):
    """New axis, joined componentwise."""
    level = max(map(level_of, arrays))
    if level == 0:
        return np.stack(np.broadcast_arrays(*arrays), axis)
    pairs = [parts(a, level) for a in arrays]
    slopes = [like(0 * primal(value) if slope is None else slope, value) for value, slope in pairs]
    return Dual(level, stack([value for value, _ in pairs], axis), stack(slopes, axis))


def rms_norm(a, axis=-1, eps=0.0):
    return a / root(average(a * a, axis, keepdims=True) + eps)


def layer_norm(a, axis=-1, eps=0.0):
    return rms_norm(a - average(a, axis, keepdims=True), axis, eps)


def mv(matrix, vector):
    """Matrix times vector, for every member of the batch."""
    return (matrix @ vector[..., None])[..., 0]


def row(vector):
    """A vector for every token."""
    return vector[..., None, :]


# --- entries ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """A network by hand, the shapes of its parameters and inputs, and which inputs have one-hot rows.

    Where the outputs are logits of ``classes``, cotangents sum to 0 over the last axis.
    """

    network: Callable
    parameters: Mapping[str, tuple[int, ...]]
    inputs: Mapping[str, tuple[int, ...]]
    one_hot: tuple[str, ...] = ()
    classes: bool = False
    seed: int = 0
    parameter_scale: Mapping[str, float] = field(default_factory=dict)

    @property
    def size(self):
        return sum(prod(shape) for shape in self.parameters.values())

    def point(self, rng):
        """A Gaussian point as one vector."""
        blocks = [self.parameter_scale.get(k, 1.0) * rng.normal(size=prod(s)) for k, s in self.parameters.items()]
        return np.concatenate(blocks)

    def split(self, theta):
        """{name: array} of a batch of vectors (batch axis in front)."""
        result, position = SimpleNamespace(), 0
        for name, shape in self.parameters.items():
            block = theta[:, position : position + prod(shape)]
            setattr(result, name, shaped(block, *shape))
            position += prod(shape)
        return result

    def draw(self, rng, number):
        """Inputs of a batch: Gaussian, or one-hot rows."""
        return {name: self._draw(rng, number, name) for name in self.inputs}

    def _draw(self, rng, number, name):
        shape = (number, *self.inputs[name])
        if name not in self.one_hot:
            return 1.2 * rng.normal(size=shape)
        return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]

    def value(self, theta, inputs):
        """g for a batch of parameter vectors and a batch of inputs."""
        return self.network(self.split(theta), SimpleNamespace(**inputs))

    def cotangents(self, rng, shape):
        v = rng.normal(size=shape)
        return v - v.mean(-1, keepdims=True) if self.classes else v


# --- fields and brackets ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Generators:
    """A batch of fields: one input, one cotangent and (under momentum) one value of S for each."""

    inputs: Mapping[str, np.ndarray]
    v: np.ndarray
    s: np.ndarray | None

    def __getitem__(self, index):
        return Generators(
            {k: a[index] for k, a in self.inputs.items()}, self.v[index], None if self.s is None else self.s[index]
        )


def pairing_gradient(entry, generators, theta):
    """grad_theta <v, g(theta, x)> for each member of the batch, by one more infinitesimal in each direction."""
    number, size = theta.shape
    level = level_of(theta) + 1
    many = linear(lambda a: np.repeat(a, size, axis=0), theta)
    inputs = {k: np.repeat(a, size, axis=0) for k, a in generators.inputs.items()}
    out = entry.value(Dual(level, many, np.tile(np.eye(size), (number, 1))), inputs)
    v = np.repeat(generators.v, size, axis=0)
    pairing = total(shaped(out * v, -1))
    return linear(lambda a: a.reshape(number, size), parts(pairing, level)[1])


def joined(a, b):
    return linear(lambda c: c.reshape(len(c), -1), stack([a, b], 1))


def generator_field(entry, generators):
    """The field of a batch of generators on the state space."""
    if generators.s is None:
        return lambda z: pairing_gradient(entry, generators, z)

    def lifted(z):
        s = generators.s[:, None]
        w = pairing_gradient(entry, generators, z[:, : entry.size] + s * z[:, entry.size :])
        return joined(s * w, -w)

    return lifted


def along(f, z, direction):
    """The derivative of a field at z in a direction."""
    level = 1 + max(level_of(z), level_of(direction))
    value, slope = parts(f(Dual(level, z, direction)), level)
    return 0 * value if slope is None else slope


def bracket(x, y):
    """[X, Y] = DY X - DX Y as a field."""
    return lambda z: along(y, z, x(z)) - along(x, z, y(z))


# --- counting -----------------------------------------------------------------------------------------------------

GAP = 1e3
CHUNK = 40_000


class NoGap(AssertionError):
    """The singular values do not tell the rank."""


@dataclass(frozen=True)
class Count:
    """What the oracle found: n, the dimensions of the filtration, the laws, and the smallest gap it relied on."""

    size: int
    filtration: tuple[int, ...]
    gap: float

    @property
    def laws(self):
        return self.size - self.filtration[-1]


def span(rows):
    """(an orthonormal basis of the rows, the gap after its last singular value)."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    _, s, basis = np.linalg.svd(rows / np.maximum(norms, 1e-6), full_matrices=False)
    s = np.append(s, 0.0)
    floor = 3e-15 * s[0]
    ratios = s[:-1] / np.maximum(s[1:], floor)
    ratios[s[:-1] <= 10 * floor] = 0
    rank = int(np.argmax(ratios)) + 1
    if ratios[rank - 1] < GAP:
        raise NoGap(f"largest gap {ratios[rank - 1]:.1e} after {rank} of {s}")
    return basis[:rank], ratios[rank - 1]


def draw_generators(entry, rng, number, theta, momentum):
    """Random fields, scaled to have gradient of norm about 1 at the point."""
    inputs = entry.draw(rng, number)
    shape = primal(entry.value(np.repeat(theta[None], number, axis=0), inputs)).shape
    v = entry.cotangents(rng, shape)
    norms = np.linalg.norm(
        pairing_gradient(entry, Generators(inputs, v, None), np.repeat(theta[None], number, axis=0)), axis=1
    )
    v = v / np.where(norms > 1e-9, norms, 1.0).reshape(-1, *[1] * (v.ndim - 1))
    return Generators(inputs, v, rng.uniform(-0.6, 0.6, size=number) if momentum else None)


def words(entry, rng, number, length, z, momentum):
    """Values at z of random left-normed brackets [X1, [X2, ... Xk]] of a length."""
    chunk = max(1, min(number, CHUNK // (entry.size * 2 ** (length - 1))))
    rows = []
    for start in range(0, number, chunk):
        size = min(chunk, number - start)
        fields = [
            generator_field(entry, draw_generators(entry, rng, size, z[: entry.size], momentum)) for _ in range(length)
        ]
        word = fields[0]
        for x in fields[1:]:
            word = bracket(x, word)
        rows.append(word(np.repeat(z[None], size, axis=0)))
    return np.concatenate(rows)


def count(entry, momentum=False, seed=None, most=7, enough=1.0):
    """The dimension of the generated Lie algebra of an entry, level by level."""
    rng = np.random.default_rng(entry.seed if seed is None else seed)
    z = entry.point(rng)
    z = np.concatenate([z, entry.point(rng)]) if momentum else z
    n = len(z)
    basis, gap = span(words(entry, rng, int((6 * n + 200) * enough), 1, z, momentum))
    filtration = [len(basis)]
    for length in range(2, most + 1):
        if filtration[-1] == n:
            break
        rows = words(entry, rng, int(1.5 * (n - filtration[-1]) * enough) + 8, length, z, momentum)
        basis, new = span(np.concatenate([basis, rows]))
        gap = min(gap, new)
        if len(basis) == filtration[-1]:
            return Count(n, tuple(filtration), gap)
        filtration.append(len(basis))
    if filtration[-1] < n:
        raise NoGap(f"still growing after brackets of length {most}: {filtration}")
    return Count(n, tuple(filtration), gap)

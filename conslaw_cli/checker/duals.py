"""Sparse truncated dual numbers: {set of infinitesimals as a bit mask: array of residues}, absent entries are zero.

An array is int64 for small primes, object for large ones; the leading axis of an array is a batch (or of length one).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from conslaw_cli.checker.metrics import Metric
from conslaw_cli.checker.models import Chain

Dual = dict[int, np.ndarray]


def add(a: Dual, b: Dual, p: int) -> Dual:
    total = dict(a)
    for mask, value in b.items():
        total[mask] = (total[mask] + value) % p if mask in total else value
    return total


def product(a: Dual, b: Dual, p: int, times=np.multiply) -> Dual:
    """The bilinear product ``times``, reduced; squares of infinitesimals vanish."""
    total: Dual = {}
    for i, left in a.items():
        for j, right in b.items():
            if not i & j:
                term = times(left, right) % p
                total[i | j] = (total[i | j] + term) % p if i | j in total else term
    return total


def power(a: Dual, exponent: Fraction | int, p: int) -> Dual:
    """a^exponent for exponent > 0, entrywise; fractional ones of squares, of which they are squares."""
    if Fraction(exponent).denominator > 1:
        return _series(a, Fraction(exponent), p)
    result = a
    for bit in bin(int(exponent))[3:]:
        result = product(result, result, p)
        if bit == "1":
            result = product(result, a, p)
    return result


def _series(a: Dual, exponent: Fraction, p: int) -> Dual:
    """The binomial series in the infinitesimals."""
    order, start = (p - 1) // 2, a[0]
    inside = exponent.numerator * pow(exponent.denominator, -1, order) % order
    ratio = product({mask: v for mask, v in a.items() if mask}, {0: raised(start, p - 2, p)}, p)
    term, factor, total = {0: np.ones_like(start)}, Fraction(1), {0: np.ones_like(start)}
    for i in range(1, max(a).bit_length() + 1):
        term, factor = product(term, ratio, p), factor * (exponent - i + 1) / i
        total = add(total, scaled(term, factor.numerator * pow(factor.denominator, -1, p) % p, p), p)
    return product(total, {0: raised(start, inside, p)}, p)


def raised(array: np.ndarray, exponent: int, p: int) -> np.ndarray:
    """Entrywise powers modulo p."""
    return np.array([pow(int(x), exponent, p) for x in array.ravel()], dtype=array.dtype).reshape(array.shape)


def scaled(a: Dual, factor, p: int) -> Dual:
    return {mask: value * factor % p for mask, value in a.items()}


def gradient(chain: Chain, theta: dict[str, Dual], coefficients: dict[str, np.ndarray], p: int) -> dict[str, Dual]:
    """Gradient of the chain's functional by block; blocks and coefficients have shapes (batch or 1, rows, columns)."""
    found = {chain.output: {0: coefficients["c"]}} if chain.output else {}
    if chain.layers:
        found |= (_of_neurons if chain.neurons else _of_layers)(chain, theta, coefficients, p)
    return found


def _of_neurons(chain: Chain, theta: dict[str, Dual], coefficients: dict[str, np.ndarray], p: int) -> dict[str, Dual]:
    """Of a sum over hidden neurons of (outgoing weights times a) (incoming weights and bias times x and c)."""
    first, last = chain.layers
    x, a = coefficients["x"], coefficients["a"]
    signal = _row_sums(scaled(theta[first.weight], x, p), p)
    if first.bias:
        signal = add(signal, scaled(theta[first.bias], coefficients[first.scale], p), p)
    outgoing = _row_sums({mask: _turned(v) * a % p for mask, v in theta[last.weight].items()}, p)
    found = {first.weight: scaled(outgoing, x, p), last.weight: {mask: _turned(v * a % p) for mask, v in signal.items()}}
    if first.bias:
        found[first.bias] = scaled(outgoing, coefficients[first.scale], p)
    return found


def _row_sums(a: Dual, p: int) -> Dual:
    return {mask: v.sum(axis=-1, keepdims=True) % p for mask, v in a.items()}


def _of_layers(chain: Chain, theta: dict[str, Dual], coefficients: dict[str, np.ndarray], p: int) -> dict[str, Dual]:
    """Of a (layer_q (... layer_1(x)))."""
    masked = {
        layer.weight: scaled(theta[layer.weight], coefficients[layer.mask], p) if layer.mask else theta[layer.weight]
        for layer in chain.layers
    }
    signals: list[Dual] = [{0: coefficients["x"]}]
    for layer in chain.layers:
        signal = product(masked[layer.weight], signals[-1], p, np.matmul)
        if layer.bias:
            signal = add(signal, scaled(theta[layer.bias], coefficients[layer.scale], p), p)
        signals.append(signal)
    back: Dual = {0: coefficients["a"]}
    found: dict[str, Dual] = {}
    for layer, signal in zip(reversed(chain.layers), reversed(signals[:-1])):
        if layer.bias:
            found[layer.bias] = {mask: _turned(v) * coefficients[layer.scale] % p for mask, v in back.items()}
        outer = product(back, signal, p, lambda b, s: _turned(b) * _turned(s))
        found[layer.weight] = scaled(outer, coefficients[layer.mask], p) if layer.mask else outer
        back = product(back, masked[layer.weight], p, np.matmul)
    return found


def _turned(array: np.ndarray) -> np.ndarray:
    return np.swapaxes(array, -1, -2)


def split(vector: Dual, chain: Chain) -> dict[str, Dual]:
    """The chain's blocks of a vector of shape (batch, size)."""
    found, start = {}, 0
    for name, (rows, columns) in chain.blocks:
        stop = start + rows * columns
        found[name] = {mask: v[:, start:stop].reshape(-1, rows, columns) for mask, v in vector.items()}
        start = stop
    return found


def control(
    chain: Chain, metrics: dict[str, Metric], theta: Dual, at: Dual, coefficients: dict[str, np.ndarray], p: int, root: int = 1
) -> Dual:
    """w = M(at^root) grad f(theta) as a vector of shape (batch, size)."""
    pieces = gradient(chain, split(theta, chain), coefficients, p)
    points = split(at, chain)
    for name, shape in chain.blocks:
        if metrics[name].exponent:
            pieces[name] = product(pieces[name], power(points[name], metrics[name].exponent * root, p), p)
        for matrix, on_the_right in metrics[name].applied(p, shape):
            pieces[name] = {mask: (v @ matrix if on_the_right else matrix @ v) % p for mask, v in pieces[name].items()}
    found = _joined([pieces[name] for name, _ in chain.blocks], chain)
    full = metrics[chain.blocks[0][0]].all_applied(p)
    return found if full is None else {mask: v @ full % p for mask, v in found.items()}


def _joined(pieces: list[Dual], chain: Chain) -> Dual:
    batch = max((v.shape[0] for piece in pieces for v in piece.values()), default=1)
    found: Dual = {}
    for mask in sorted({mask for piece in pieces for mask in piece}):
        columns = []
        for piece, (_, (rows, width)) in zip(pieces, chain.blocks):
            value = piece.get(mask)
            size = rows * width
            flat = np.zeros((1, size), dtype=np.int64) if value is None else value.reshape(value.shape[0], size)
            columns.append(np.broadcast_to(flat, (batch, size)))
        found[mask] = np.concatenate(columns, axis=1)
    return found

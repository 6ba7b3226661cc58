"""The Abelian integrals of linear networks 1-n-m-1 in floating point (definitions: conslaw_cli.laws.abelian).

All roots of R are real: eigenvalues of the symmetric -F and G, and zero. Between the root e below s_k and the next one f above it,
s = e + (f - e) sin^2 x takes both square roots out of the integrand; where there is none above, s = e + x^2 does.
"""

from __future__ import annotations

import numpy as np

from conslaw_cli.report.formula import Curve

_POINTS = 128


def integrals(curve: Curve, first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> np.ndarray:
    """I_j for j = 0 … r - 2 at weights (n, 1), (m, n), (1, m)."""
    _, sigma, right = np.linalg.svd(middle)
    squares, roots = sigma[: curve.rank] ** 2, _roots(curve, first, middle, last)
    total = np.zeros(curve.rank - 1)
    for k, s in enumerate(squares):
        side = np.sign((last @ middle @ right[k]) * (right[k] @ first)).item() * (-1) ** k
        total += side * _integral(roots, s, np.arange(curve.rank - 1))
    return total


def _roots(curve: Curve, first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The 2 r + 1 roots of R, ascending: of s^(1 - |m - n|) det(s + F) det(s - G)."""
    one = np.linalg.eigvalsh(middle.T @ middle - first @ first.T)
    other = np.linalg.eigvalsh(middle @ middle.T - last.T @ last)
    found = np.concatenate([one, other, np.zeros(max(0, 1 - curve.excess))])
    surplus = max(0, curve.excess - 1)
    return np.sort(found[np.argsort(np.abs(found))[surplus:]])


def _integral(roots: np.ndarray, s: float, powers: np.ndarray) -> np.ndarray:
    """The integral of x^power / sqrt(R(x)) from the largest root below s to s."""
    below, above = roots[roots < s], roots[roots >= s]
    if not len(below):
        return np.zeros(len(powers))
    lower, others = below[-1], np.concatenate([below[:-1], above[1:]])
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    if len(above):
        end = np.arcsin(np.sqrt((s - lower) / (above[0] - lower)))
        x = lower + (above[0] - lower) * np.sin(end * (points + 1) / 2) ** 2
    else:
        end = np.sqrt(s - lower)
        x = lower + (end * (points + 1) / 2) ** 2
    smooth = np.sqrt(np.abs(np.prod(x[:, None] - others, axis=1)))
    return (x[:, None] ** powers / smooth[:, None]).T @ weights * end

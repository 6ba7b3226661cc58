"""The number of independent laws that can be chosen free of time.

Translations of time map generators to generators, so they map laws to laws: on the q functions that the laws are functions of, they act
as vector fields, and the laws free of time are the functions that these annihilate. There are q less the generic rank of the
matrix (T_i h_j), as the translations span a Lie algebra (one field, or T_1 = P d/dQ and T_2 = P d/dP with [T_1, T_2] = -T_1).

Why two for a rate that varies: h(Q, P) with Q = theta - S s theta', P = s theta', s' = tau s, S' = 1/s is free of time if at every t
(-(1/s + S tau) T_1 + tau T_2) h = 0 at all (Q, P). The ratio of the coefficients, 1/(s tau) + S up to its sign, has the derivative
-tau'/(s tau^2), whatever the constant in S: it is constant only if tau' = 0. Otherwise two times give T_1 h = 0 and T_2 h = 0.

With all laws of a part verified the rank is decided by polynomial identities, and the count is proved. Where some are not written
down, it is that of the translations modulo the trace at the growth's points, exact up to the error bound of the dimension.
"""

from __future__ import annotations

import numpy as np

from conslaw_cli.analysis import Analysis


def time_free(analysis: Analysis) -> tuple[int, str]:
    """(number of independent laws free of time, how it is known: proved or exact)."""
    if analysis.paths:
        return analysis.paths.laws - _moves_paths(analysis), "proved"
    laws = sum(part.independent * part.part.copies for part in analysis.parts)
    return laws - _rank(analysis), "proved" if all(part.proved for part in analysis.parts) else "exact"


def _rank(analysis: Analysis) -> int:
    """Rank of the translations on the laws of all parts: they move every part at once.

    Where two translations have rank 1 on one copy but neither is zero, T_1 + c T_2 annihilates its laws for a function c of its state.
    The scaling P -> a P maps laws to laws (such metrics are taken at theta), T_1 to T_1/a and T_2 to itself, so c is not constant, and
    the functions of two copies, or of two parts, agree nowhere: the rank is 2.
    """
    moved, mixed = set(), 0
    for part in analysis.parts:
        outside = {number for number, is_outside in enumerate(part.time.outside) if is_outside}
        if part.time.rank == 2 or (part.time.rank and part.part.copies > 1 and len(outside) == 2):
            return 2
        if len(outside) == 2:
            mixed += 1
        else:
            moved |= outside
    return min(2, len(moved) + mixed) if mixed else len(moved)


def _moves_paths(analysis: Analysis) -> int:
    """Whether the dilation Q d/dQ of weight decay changes a law of the paths: 1 or 0.

    A law is a sum of (2 - a)-th powers, which is multiplied with 2 - a; or, for a = 2, of logarithms, which gains edges out less edges in.
    """
    graph, primitive = analysis.paths.graph, analysis.paths.metric.primitive
    if not analysis.dynamics.time_fields or not graph.neurons:
        return 0
    if not primitive.logarithm:
        return 1
    out, into = (np.bincount(ends[ends >= 0], minlength=graph.neurons) for ends in (graph.tail, graph.head))
    return int((out != into).any())

"""The number of independent laws that can be chosen free of time.

Time translations map generators to generators, so together with the trace they span the trace of the Lie algebra with the
drift kept: the time-free laws are those of the trace and the translations' values at the point (THEORY section 4).
"""

from __future__ import annotations

from conslaw_cli.analysis import Analysis


def time_free_count(analysis: Analysis) -> int:
    """Dimension of the state space minus the rank of trace and time translations together."""
    if analysis.paths:
        return analysis.paths.laws - _moves_paths(analysis)
    laws = sum(part.independent * part.part.copies for part in analysis.parts)
    return laws - _rank(analysis)


def _rank(analysis: Analysis) -> int:
    """Rank of the translations modulo the trace, over all parts: they move every part at once.

    A combination of two translations lies in a part's trace at its own point only, so combinations of different copies are
    independent.
    """
    moved, mixed = set(), 0
    for part in analysis.parts:
        outside = {number for number, is_outside in enumerate(part.trace.time_outside) if is_outside}
        if part.trace.time_rank == 2 or (part.trace.time_rank and part.part.copies > 1 and len(outside) == 2):
            return 2
        if len(outside) == 2:
            mixed += 1
        else:
            moved |= outside
    return min(2, len(moved) + mixed) if mixed else len(moved)


def _moves_paths(analysis: Analysis) -> int:
    """Whether the dilation Q d/dQ of weight decay leaves the span of the paths: 1 or 0.

    In z it is (2 - a) z, generic, or for a = 2 the vector of ones; a law applied to the latter counts edges out minus edges in.
    """
    graph, (exponent, *_) = analysis.paths.graph, analysis.paths.exponents
    if not analysis.dynamics.time_fields or not graph.neurons:
        return 0
    if exponent != 2:
        return 1
    return int(any(len(out) != len(into) for out, into in map(graph.around, range(graph.neurons))))

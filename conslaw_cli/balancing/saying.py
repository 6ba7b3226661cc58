"""Why values cannot be reached, in one line that names the law."""

from __future__ import annotations

import numpy as np

from conslaw_cli.balancing.newton import Unreachable
from conslaw_cli.balancing.symmetries import Symmetries, is_matrix
from conslaw_cli.evaluation.graphs import LawGraph

_INDICES = "klmn"
_CHOOSE = "choose laws by --law, or give values by --to"

Place = tuple[int, ...]


def unreachable(laws: Symmetries, theta: np.ndarray, target: np.ndarray, reason: Unreachable) -> str:
    """The law that does not get to its value from theta (D,), and why."""
    number = int(np.searchsorted(laws.ends, reason.number, side="right")) - 1
    law, inside = laws.laws[number], reason.number - laws.ends[number]
    place = tuple(int(k) for k in np.unravel_index(inside, law.shape)) if law.shape else ()
    what, value = law.key + _where(law, place), f"{target[reason.number]:.3g}"
    if not is_matrix(law) and _is_dead([float(term[0][place]) for term in laws.terms(theta, law)]):
        zero = "all weights on one side are zero (a dead neuron), which no rescaling changes"
        return f"{what} cannot be brought to {value}: {zero}; remove the neuron, or {_CHOOSE}"
    if reason.endless:
        when = "as where weights on one side of it have no effect on the output"
        return f"{what} comes nearer and nearer to {value} and does not get there, {when}; {_CHOOSE}"
    return f"{what} cannot be brought to {value}: no step along the symmetries comes nearer to the values asked for; {_CHOOSE}"


def _is_dead(terms: list[float]) -> bool:
    """Whether some terms of an entry are zero and all others have one sign."""
    others = [term for term in terms if term]
    return len(others) < len(terms) and bool(others) and (min(others) > 0 or max(others) < 0)


def _where(law: LawGraph, place: Place) -> str:
    """Which entry of a law, from 1."""
    if not place:
        return ""
    numbers = [k + 1 for k in place]
    if is_matrix(law):
        return f" at ({', '.join(map(str, numbers))})"
    return " at " + ", ".join(f"{letter} = {k}" for letter, k in zip(_INDICES, numbers))

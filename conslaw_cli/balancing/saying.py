"""Why values cannot be reached, in one line that names the law."""

from __future__ import annotations

import numpy as np

from conslaw_cli.balancing.newton import Unreachable
from conslaw_cli.balancing.symmetries import Symmetries
from conslaw_cli.report.formula import MatrixForm

_INDICES = "klmn"


def unreachable(laws: Symmetries, theta: np.ndarray, target: np.ndarray, reason: Unreachable) -> str:
    """The law that does not get to its value from theta (D,), and why."""
    number = int(np.searchsorted(laws.ends, reason.number, side="right")) - 1
    law, inside = laws.laws[number], reason.number - laws.ends[number]
    place = tuple(int(k) for k in np.unravel_index(inside, law.shape)) if law.shape else ()
    value, what = f"{target[reason.number]:.3g}", f"{law.key}{_where(law.name.family.form, place)}"
    if any(not term[0][place] for term in laws.terms(theta, law)):
        return f"{what} cannot be brought to {value}: on one side all weights are zero (a dead neuron), which no symmetry changes; leave the law out by --law"
    if reason.endless:
        return f"{what} only approaches {value} and never gets there: one side of it has no effect on the output, or it has one sign; leave it out by --law, or give values by --to"
    return f"{what} cannot be brought to {value}: no weights along the symmetries have all the values asked for; choose laws by --law"


def _where(form: object, place: tuple[int, ...]) -> str:
    """Which entry of a law, from 1."""
    if not place:
        return ""
    numbers = [k + 1 for k in place]
    if isinstance(form, MatrixForm) and form.symmetry != "diagonal":
        return f", entry ({', '.join(map(str, numbers))}),"
    return ", " + ", ".join(f"{letter} = {k}" for letter, k in zip(_INDICES, numbers)) + ","

"""Which laws of a report can be balanced: those of symmetries that are linear, and that keep the network's function everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from conslaw_cli.balancing.errors import BalanceError
from conslaw_cli.balancing.symmetries import Symmetries, derivative, is_matrix
from conslaw_cli.evaluation.graphs import LawGraph, LawTerm
from conslaw_cli.graph.nodes import Parameter, topological_order
from conslaw_cli.problems import suggestion
from conslaw_cli.report.model import Report
from conslaw_cli.spec import Spec
from conslaw_cli.training.metrics import Preconditioner

KINDS = ("gradient-flow", "weight-decay")
"""Dynamics whose laws are of symmetries of the weights alone."""
_PROBES = 3
_ROUNDING = 1e-9


def refuse_model(spec: Spec) -> None:
    """Raises BalanceError for dynamics and models whose laws say nothing of a network's symmetries.

    A law h(e^Lambda theta) of weight decay satisfies <grad h(Q), M(cQ) grad f(cQ)> = 0 for all c > 0, with c = 1 that of gradient flow: at
    one time it is a law of gradient flow times its function of time.
    """
    if spec.dynamics.kind not in KINDS:
        remedy = 'balance the laws of gradient flow, [dynamics] kind = "gradient-flow"'
        raise BalanceError(f"laws under {spec.dynamics.kind} involve velocities: {remedy}")
    if spec.model.options.as_given:
        raise BalanceError("vector fields are no network, whose function could be kept: write the network, or phi")


def named(laws: Sequence[LawGraph], keys: Sequence[str]) -> tuple[LawGraph, ...]:
    """The laws with these keys, all for none. Raises BalanceError for a key that there is not."""
    known = {law.key: law for law in laws}
    for key in keys:
        if key not in known:
            raise BalanceError(f"there is no law {key}: {suggestion(key, known)}")
    return tuple(known[key] for key in dict.fromkeys(keys)) if keys else tuple(laws)


def obstacle(law: LawGraph, report: Report, metric: Preconditioner, zero: bool) -> str | None:
    """Why a law cannot be moved along its symmetry, or not to ``zero``, in words; None where it can."""
    family = law.name.family
    if not family.verified:
        return "it is known from theory and was not verified"
    if not family.everywhere:
        return "it holds for the branches around theta* only, so its symmetry may change the network elsewhere"
    if not law.terms:
        return "it is an integral, of no linear symmetry"
    if len(law.times) > 1:
        return "it has several functions of time, and is of no symmetry at one time"
    alone = Symmetries((law,), dict(report.model.blocks), metric)
    if not _is_linear(alone, report.model.positive):
        return "its symmetry is not linear in the weights"
    if zero and _has_one_sign(alone, report.model.positive):
        return "its terms have one sign, so no weights but zero ones make it zero: give values by --to FILE"
    return None


def at_one_time(law: LawGraph) -> LawGraph:
    """The law without its function of time and what that adds to it."""
    of_weights = (term for term in law.terms if any(isinstance(node, Parameter) for node in topological_order(term.node)))
    return replace(law, terms=tuple(LawTerm("1", term.node) for term in of_weights))


def _is_linear(laws: Symmetries, positive: Sequence[str]) -> bool:
    """Whether the fields are affine, at random points: X(b) = X(a) + dX(a) (b - a), which for other analytic fields has probability 0."""
    rng = np.random.default_rng(0)
    for _ in range(_PROBES):
        a, b = (_point(laws, positive, rng) for _ in range(2))
        field = laws.field(rng.normal(size=laws.ends[-1]))
        at_a, at_b, slope = field(a), field(b), derivative(field, a, b - a)
        size = np.linalg.norm(at_a) + np.linalg.norm(at_b) + np.linalg.norm(slope)
        if not np.linalg.norm(at_a + slope - at_b) <= _ROUNDING * size:
            return False
    return True


def _has_one_sign(laws: Symmetries, positive: Sequence[str]) -> bool:
    """Whether some entry, of matrices one on the diagonal, is its size at random points and their negatives, or minus it at all of them."""
    (law,), rng = laws.laws, np.random.default_rng(0)
    points = [_point(laws, positive, rng) for _ in range(_PROBES)]
    points += [_negated(laws, positive, point) for point in points]
    shares = np.array([laws.values(point) / laws.sizes(point) for point in points]).reshape(len(points), *law.shape)
    entries = np.diagonal(shares, axis1=-2, axis2=-1) if is_matrix(law) else shares
    return bool((np.abs(entries.mean(0)) > 1 - _ROUNDING).any())


def _point(laws: Symmetries, positive: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    point = rng.normal(size=sum(part.stop - part.start for part in laws.slices.values()))
    for name in positive:
        point[laws.slices[name]] = np.exp(point[laws.slices[name]] / 2)
    return point


def _negated(laws: Symmetries, positive: Sequence[str], point: np.ndarray) -> np.ndarray:
    """The point with other signs where these are free."""
    found = -point
    for name in positive:
        found[laws.slices[name]] *= -1
    return found

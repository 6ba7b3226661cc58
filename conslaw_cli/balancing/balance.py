"""From weights to balanced weights: which laws, the way along their symmetries, and the output before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from conslaw_cli.balancing.choosing import at_one_time, named, obstacle, refuse_model
from conslaw_cli.balancing.errors import BalanceError
from conslaw_cli.balancing.newton import Moved, Unreachable, move
from conslaw_cli.balancing.outputs import Probe
from conslaw_cli.balancing.saying import unreachable
from conslaw_cli.balancing.symmetries import Symmetries
from conslaw_cli.evaluation.graphs import LawGraph, law_graphs
from conslaw_cli.problems import suggestion
from conslaw_cli.report.balance import Balance, BalancedLaw
from conslaw_cli.report.model import Report
from conslaw_cli.reporting import report_of
from conslaw_cli.spec import Spec
from conslaw_cli.steps import Listener, nobody
from conslaw_cli.training.metrics import by_blocks
from conslaw_cli.training.model import Trained, trained

_ROUNDING = 1e-8
"""A relative change of the output that is no more than rounding in float64."""

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Balancing:
    """The laws of a spec that can be balanced, and those that cannot, with the reason: (key, why)."""

    report: Report
    trained: Trained
    symmetries: Symmetries
    skipped: tuple[tuple[str, str], ...]
    seed: int = 0

    @cached_property
    def probe(self) -> Probe:
        """The network at random inputs."""
        return Probe(self.trained, self.seed)

    @property
    def laws(self) -> tuple[LawGraph, ...]:
        return self.symmetries.laws

    def theta(self, arrays: Arrays) -> np.ndarray:
        """Arrays by the names of blocks as a vector (D,) of float64. Raises BalanceError for those that do not fit."""
        return np.concatenate([_fitting(name, shape, arrays).ravel() for name, shape in self.symmetries.shapes.items()])

    def arrays(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """The blocks of a vector, in the shapes of the report."""
        return {name: theta[place].reshape(self.symmetries.shapes[name]) for name, place in self.symmetries.slices.items()}

    def moved(self, theta: np.ndarray, target: np.ndarray | None, listener: Listener = nobody) -> Moved:
        """Weights on which the laws have the values ``target`` (n,), 0 for None. Raises BalanceError, also where the output changes."""
        self._check_signs(theta)
        wanted = self._zero if target is None else target
        try:
            found = move(self.symmetries, theta, wanted, listener)
        except Unreachable as reason:
            raise BalanceError(unreachable(self.symmetries, theta, wanted, reason)) from None
        self._check_signs(found.theta)
        if not (change := self.probe.change(theta, found.theta)) <= _ROUNDING:
            other = f"other by {change:.0e} of its size on random inputs, more than rounding"
            told = "not finite on random inputs" if change == np.inf else other
            raise BalanceError(f"the network's output would be {told}: the weights stay as they are")
        return found

    def summary(self, before: np.ndarray, target: np.ndarray | None, found: Moved, stored: np.ndarray) -> Balance:
        """What became of the weights, which are kept as ``stored`` (D,)."""
        wanted = self._zero if target is None else target
        numbers = (self.symmetries.values(before), wanted, self.symmetries.values(stored))
        laws = tuple(map(_row, self.laws, *(np.split(each, self.symmetries.ends[1:-1]) for each in numbers)))
        distance = float(np.linalg.norm(found.theta - before) / (np.linalg.norm(before) or 1))
        change, kept = (self.probe.change(before, theta) for theta in (found.theta, stored))
        return Balance(self.report, laws, self.skipped, found.steps, distance, change, self.probe.samples, kept)

    @property
    def _zero(self) -> np.ndarray:
        return np.zeros(self.symmetries.ends[-1])

    def _check_signs(self, theta: np.ndarray) -> None:
        for name in self.report.model.positive:
            if not (theta[self.symmetries.slices[name]] > 0).all():
                raise BalanceError(f"{name} has entries that are not positive, where its metric is none: give positive weights")


@dataclass(frozen=True)
class Balanced:
    """Weights by the names of blocks, in float64, and what became of them."""

    arrays: dict[str, np.ndarray]
    table: Balance


def balanced(of: Balancing, arrays: Arrays, to: Arrays | None = None, listener: Listener = nobody) -> Balanced:
    """Weights on which the laws have the values that they have on ``to``, or are zero. Raises BalanceError."""
    before = of.theta(arrays)
    target = None if to is None else of.symmetries.values(of.theta(to))
    found = of.moved(before, target, listener)
    return Balanced(of.arrays(found.theta), of.summary(before, target, found, found.theta))


def balancing(spec: Spec, keys: Sequence[str] = (), zero: bool = True, seed: int = 0, listener: Listener = nobody) -> Balancing:
    """The laws of a spec that can be moved, to ``zero``, or those with such keys.

    Raises BalanceError, also for such a key of a law that cannot; LanguageError for networks beyond what is held.
    """
    refuse_model(spec)
    report, model = report_of(spec, seed, listener), trained(spec)
    metric, laws = by_blocks(spec.metric, model), law_graphs(report)
    chosen, skipped = [], []
    for law in named(laws, keys):
        if why := obstacle(law, report, metric, zero):
            skipped.append((law.key, why))
        else:
            chosen.append(at_one_time(law))
    if skipped and (keys or not chosen):
        raise BalanceError("; ".join(f"{key}: {why}" for key, why in skipped))
    if not chosen:
        why = "; ".join(report.notes) if report.status == "undecided" else "there is none"
        raise BalanceError(f"the report lists no law, so there is nothing to balance: {why}")
    return Balancing(report, model, Symmetries(tuple(chosen), dict(report.model.blocks), metric), tuple(skipped), seed)


def _row(law: LawGraph, before: np.ndarray, target: np.ndarray, after: np.ndarray) -> BalancedLaw:
    norms = [float(np.linalg.norm(values)) for values in (before, target, after, after - target)]
    return BalancedLaw(law.name, law.key, *norms)


def _fitting(name: str, shape: tuple[int, ...], arrays: Arrays) -> np.ndarray:
    if name not in arrays:
        raise BalanceError(f"there is no array {name}: {suggestion(name, arrays)}")
    array = np.asarray(arrays[name])
    if array.shape != shape:
        raise BalanceError(f"{name} has the shape {array.shape}, not {shape}")
    if array.dtype.kind != "f":
        raise BalanceError(f"{name} holds {array.dtype}, not floating point: weights that cannot be moved")
    if not np.isfinite(array).all():
        raise BalanceError(f"{name} has entries that are not finite")
    return array.astype(np.float64)


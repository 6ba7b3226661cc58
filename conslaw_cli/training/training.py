"""A spec's training with everything given numbers: model, data, start, motion and optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from conslaw_cli.dynamics import build_dynamics
from conslaw_cli.spec import Spec
from conslaw_cli.training.data import Data, random_data, stored_data
from conslaw_cli.training.metrics import Preconditioner, by_blocks
from conslaw_cli.training.model import Loss, Trained, trained
from conslaw_cli.training.motion import Motion
from conslaw_cli.training.natural import LARGEST, NaturalGradient
from conslaw_cli.training.objective import Controlled, MeanLoss, Objective
from conslaw_cli.training.optimizers import Descent, HeavyBall, Nesterov, Optimizer
from conslaw_cli.training.problems import Untrainable
from conslaw_cli.training.rates import Rate, beginning, rate
from conslaw_cli.training.start import start, velocities
from conslaw_cli.training.updates import DUAL, update

OPTIMIZERS = {"gradient-flow": Descent, "weight-decay": Descent, "momentum": HeavyBall, "nesterov": Nesterov}
"""The discrete optimizer of each dynamics."""


@dataclass(frozen=True)
class Choices:
    """What a user chooses of a training beside its spec."""

    seed: int = 0
    samples: int = 16
    data: str | None = None
    """An .npz file; None for random data."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Of letters such as tau."""
    update: str = DUAL


@dataclass(frozen=True)
class Training:
    """Where training starts, and what moves it."""

    trained: Trained
    data: Data | None
    optimizer: Optimizer
    theta: np.ndarray
    """(1, D)."""
    velocity: np.ndarray | None
    begin: float
    about_start: str

    @property
    def motion(self) -> Motion:
        return self.optimizer.motion

    @property
    def start(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Parameters and velocities, (D,)."""
        return self.theta[0], None if self.velocity is None else self.velocity[0]

    @property
    def about_data(self) -> str:
        """Loss and data in words, or what is followed in their place."""
        if self.data is None:
            return "no loss: the fields are followed under controls that are seeded sums of sines of t"
        samples = f", {self.data.samples:,} samples" if self.trained.inputs else ""
        return f"{self.trained.loss}{samples}: {self.data.about}"

    @property
    def state(self) -> np.ndarray:
        """theta, or theta and theta', as one vector."""
        return self.theta[0] if self.velocity is None else np.concatenate([self.theta[0], self.velocity[0]])


def training(spec: Spec, choices: Choices, in_region: bool = False) -> Training:
    """Training from a start of its own, or in the region of the spec's report.

    Raises Untrainable for choices, data and starts that cannot be used, and for what cannot be simulated.
    """
    model = trained(spec, in_region)
    data, objective = _objective(model, choices)
    numbers = rate(spec.dynamics, choices.numbers)
    motion = _motion(spec, model, _metric(spec, model, data), objective, numbers)
    optimizer = OPTIMIZERS[spec.dynamics.kind](motion, update(choices.update, spec.metric, model, motion.metric))
    arrays, about = start(model, choices.seed)
    begin = beginning(spec.dynamics)
    velocity = None
    if motion.second_order:
        tau = float(numbers(np.array([begin]))[0]) if motion.lookahead else None
        velocity = model.joined(velocities(model, arrays, choices.seed, tau))
        about += f"; Gaussian velocities, seed {choices.seed}"
    return Training(model, data, optimizer, model.joined(arrays), velocity, begin, about)


def _objective(model: Trained, choices: Choices) -> tuple[Data | None, Objective]:
    if model.loss == Loss.NONE:
        if choices.data:
            raise Untrainable("vector fields are followed under controls: they take no --data")
        return None, Controlled(model, choices.seed)
    data = stored_data(model, choices.data) if choices.data else random_data(model, choices.seed, choices.samples)
    return data, MeanLoss(model, data)


def _metric(spec: Spec, model: Trained, data: Data | None) -> Preconditioner:
    if not any(metric.of_gradients for _, metric in spec.metric.blocks):
        return by_blocks(spec.metric, model)
    if model.size > LARGEST:
        raise Untrainable(f"the natural gradient is simulated for up to {LARGEST:,} parameters, the model has {model.size:,}")
    return NaturalGradient(model, data)


def _motion(spec: Spec, model: Trained, metric: Preconditioner, objective: Objective, numbers: Rate) -> Motion:
    second_order = build_dynamics(spec.dynamics, spec.metric.lookahead).second_order
    needed = {name for name, of in spec.metric.blocks if of.positive}
    places = [np.arange(model.size)[model.places[name]] for name in model.places if name in needed]
    positive = np.concatenate([np.zeros(0, dtype=int), *places])
    return Motion(objective, metric, numbers, second_order, spec.metric.lookahead, positive)

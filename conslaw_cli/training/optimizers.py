"""Discrete optimizers of first order in their step size h: one step of many runs, each with its own h and time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from conslaw_cli.training.motion import Motion
from conslaw_cli.training.updates import Update

State = tuple[np.ndarray, np.ndarray | None]
"""Parameters and velocities, (runs, D)."""


@dataclass(frozen=True)
class Optimizer(ABC):
    motion: Motion
    update: Update

    @property
    @abstractmethod
    def title(self) -> str:
        """Its name in a report."""

    @abstractmethod
    def step(self, state: State, times: np.ndarray, h: np.ndarray) -> State:
        """The state after a step of lengths h (runs, 1) at times (runs,)."""


class Descent(Optimizer):
    """Gradient or mirror descent, with decoupled decay (Loshchilov and Hutter 2019): theta <- (1 - h lambda) theta - h M grad E."""

    @property
    def title(self) -> str:
        decay = ", decoupled weight decay" if self.motion.rate.text else ""
        return f"gradient descent{self.update.title}{decay}"

    def step(self, state: State, times: np.ndarray, h: np.ndarray) -> State:
        theta, _ = state
        rates = self.motion.rate(times)[:, None]
        moved = self.update(theta, self.motion.objective.gradient(theta, times), h)
        return moved - h * rates * theta, None


class HeavyBall(Optimizer):
    """Polyak's heavy ball (1964), semi-implicit: v <- (1 - tau h) v - h M grad E, theta <- theta + h v."""

    @property
    def title(self) -> str:
        return f"heavy ball, semi-implicit{self.motion.title}"

    def step(self, state: State, times: np.ndarray, h: np.ndarray) -> State:
        theta, velocity = state
        rates = self.motion.rate(times)[:, None]
        velocity = (1 - h * rates) * velocity - h * self.motion.force(theta, velocity, times)
        return theta + h * velocity, velocity


class Nesterov(Optimizer):
    """Nesterov's scheme (1983) for the damping 3/t, as Su, Boyd and Candes (2014) write it: the gradient at y = theta + h beta v.

    beta = t/(t + 3 h); v <- beta v - h M(y) grad E(y), theta <- theta + h v, where h^2 is the step size of the scheme.
    """

    @property
    def title(self) -> str:
        return f"Nesterov's scheme{self.motion.title}"

    def step(self, state: State, times: np.ndarray, h: np.ndarray) -> State:
        theta, velocity = state
        beta = 1 / (1 + h * self.motion.rate(times)[:, None])
        ahead = theta + h * beta * velocity
        velocity = beta * velocity - h * self.motion.force(ahead, velocity, times)
        return theta + h * velocity, velocity

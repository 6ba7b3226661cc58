"""Real training of the zoo's networks, integrated: the oracle's networks and gradients on random data, no engine.

Networks with branches are integrated with those of the initial parameters, and only that part is returned on which
these are the true ones: there the flow is smooth, and the integrator's tolerance means something.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from oracle import Entry, Generators, branches, pairing_gradient, primal
from scipy.integrate import solve_ivp

RTOL, ATOL = 1e-10, 1e-12


@dataclass(frozen=True)
class Trajectory:
    """Parameters (and velocities) at times: one row for each."""

    entry: Entry
    times: np.ndarray
    parameters: np.ndarray
    velocities: np.ndarray | None

    def blocks(self, index):
        """(parameters, velocities) by name at one time, as namespaces of arrays without a batch axis."""
        return self._named(self.parameters, index), None if self.velocities is None else self._named(
            self.velocities, index
        )

    def values(self, law: Callable):
        """A law along the trajectory: ``law(p)``, or ``law(t, p, v)`` where there are velocities."""
        if self.velocities is None:
            return np.array([law(self.blocks(k)[0]) for k in range(len(self.times))])
        return np.array([law(t, *self.blocks(k)) for k, t in enumerate(self.times)])

    def _named(self, rows, index):
        named = self.entry.split(rows[index : index + 1])
        return type(named)(**{k: a[0] for k, a in vars(named).items()})


@dataclass(frozen=True)
class Problem:
    """A network, data and a loss: squared, or cross-entropy over the last axis."""

    entry: Entry
    inputs: dict
    targets: np.ndarray

    def repeated(self, theta):
        return np.repeat(theta[None], len(self.targets), axis=0)

    def branches_at(self, theta):
        """Which branch every sample takes, one array for each place where there are some."""
        with branches([]) as taken:
            self.entry.value(self.repeated(theta), self.inputs)
        return taken

    def gradient(self, theta, taken):
        """The gradient of the mean loss along given branches."""
        many = self.repeated(theta)
        with branches(iter(taken)):
            pulls = self.pulls(primal(self.entry.value(many, self.inputs)))
        with branches(iter(taken)):
            return pairing_gradient(self.entry, Generators(self.inputs, pulls, None), many).mean(0)

    def pulls(self, outputs):
        """The gradients of the losses in the outputs."""
        if not self.entry.classes:
            return outputs - self.targets
        weights = np.exp(outputs - outputs.max(-1, keepdims=True))
        return weights / weights.sum(-1, keepdims=True) - self.targets


def problem(entry, rng, samples):
    """Random data: targets are Gaussian, or random classes."""
    inputs = entry.draw(rng, samples)
    shape = primal(entry.value(np.repeat(entry.point(rng)[None], samples, axis=0), inputs)).shape
    if not entry.classes:
        return Problem(entry, inputs, rng.normal(size=shape))
    return Problem(entry, inputs, np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])])


def trajectory(entry, seed, kind="gradient-flow", rate=0.7, start=0.0, duration=1.0, samples=8, number=33, scale=0.7):
    """Training from a Gaussian point: times, parameters and, under momentum, velocities.

    kind "gradient-flow": theta' = -grad E. "weight-decay": theta' + rate theta = -grad E.
    "momentum": theta'' + rate theta' = -grad E.
    The rate is a number or a function of t. Ends before the first time at which a sample takes another branch.
    """
    rng = np.random.default_rng(seed)
    theta, task = scale * entry.point(rng), problem(entry, rng, samples)
    strength = rate if callable(rate) else lambda t: rate
    size, taken = entry.size, task.branches_at(theta)

    def flow(t, state):
        if kind == "momentum":
            force = -task.gradient(state[:size], taken) - strength(t) * state[size:]
            return np.concatenate([state[size:], force])
        return -task.gradient(state, taken) - (strength(t) * state if kind == "weight-decay" else 0)

    state = np.concatenate([theta, scale * rng.normal(size=size)]) if kind == "momentum" else theta
    times = np.linspace(start, start + duration, number)
    found = solve_ivp(flow, (times[0], times[-1]), state, "DOP853", times, rtol=RTOL, atol=ATOL)
    if not found.success:
        raise AssertionError(found.message)
    rows = found.y.T[: smooth_part(task, found.y.T[:, :size], taken)]
    return Trajectory(entry, times[: len(rows)], rows[:, :size], rows[:, size:] if kind == "momentum" else None)


def smooth_part(task, parameters, taken):
    """The number of rows before the first that takes other branches."""
    for k, theta in enumerate(parameters):
        if any(np.any(now != then) for now, then in zip(task.branches_at(theta), taken, strict=True)):
            return k
    return len(parameters)

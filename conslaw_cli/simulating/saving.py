"""The states of a run as an .npz file: arrays by the names of blocks with a leading axis of checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from conslaw_cli.evaluation.leaves import VELOCITY
from conslaw_cli.files import write_file
from conslaw_cli.training.model import Trained

TIME, STEP = "t", "step"


@dataclass
class Checkpoints:
    """States of one run, one after another."""

    trained: Trained
    steps: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    thetas: list[np.ndarray] = field(default_factory=list)
    velocities: list[np.ndarray] = field(default_factory=list)

    def add(self, step: int, t: float, theta: np.ndarray, velocity: np.ndarray | None) -> None:
        """The state (D,) after a step."""
        self.steps.append(step)
        self.times.append(t)
        self.thetas.append(theta.copy())
        if velocity is not None:
            self.velocities.append(velocity.copy())

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """(K, *shape) by the names of blocks, velocities as dW1, ``t`` and ``step`` (K,)."""
        found = self.trained.split(np.array(self.thetas))
        if self.velocities:
            moving = self.trained.split(np.array(self.velocities))
            found |= {VELOCITY + name: array for name, array in moving.items()}
        return {TIME: np.array(self.times), STEP: np.array(self.steps), **found}

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises OSError."""
        content = BytesIO()
        with ZipFile(content, "w") as archive:
            for name, array in self.arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)
        write_file(path, content.getvalue())

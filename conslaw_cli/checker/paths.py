"""Path certificates: the rank of path-edge incidence of a layered network, from an explicit triangular family of paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import nmod_mat

from conslaw_cli.checker.result import Check, ReportError, count
from conslaw_cli.checker.system import System

EXPLICIT = 400
"""Up to this many parameters the rank is also computed."""
NONE = -1


def check_part(system: System, part: dict, where: str) -> tuple[list[Check], int]:
    """(checks, dimension) of a part with method paths, which covers the whole model. Raises ReportError."""
    chain = system.model.chain("relu", "icnn")
    if not chain:
        raise ReportError(f"{where}: path certificates are for ReLU networks, not {system.model.architecture}")
    if any(metric.left or metric.right or metric.full for metric in system.metrics.values()):
        raise ReportError(f"{where}: path certificates are for metrics diag(theta^a)")
    same_metric = len(set(system.metrics.values())) == 1
    if system.second_order or not (system.rate.zero or same_metric):
        raise ReportError(f"{where}: path certificates are for gradient flow, or weight decay with one metric")
    if count(part, "copies", where) != 1:
        raise ReportError(f"{where}.copies must be 1")
    dimension = count(part, "dimension", where)
    network = Network(system, chain.widths)
    owners, paths = network.paths()
    checks = [
        Check(f"{where}: paths", *network.triangular(owners, paths)),
        Check(f"{where}: balance", *network.balanced(paths)),
        Check(f"{where}: dimension", len(owners) == dimension, f"{len(owners)} independent paths; {dimension} is claimed"),
    ]
    if system.size <= EXPLICIT:
        checks.append(Check(f"{where}: rank", *_explicit(system, paths, dimension)))
    return checks, dimension


@dataclass(frozen=True)
class Network:
    """Parameters as edges. Vertices: one source for the inputs each, one for each bias, the neurons; the outputs are sinks."""

    system: System
    widths: tuple[int, ...]

    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(layer an edge enters, vertex it leaves or NONE for a bias, vertex it enters); vertices number layers in turn."""
        starts = np.concatenate([[0], np.cumsum(self.widths)])
        layers, tails, heads = [], [], []
        for name, (rows, columns) in self.system.blocks:
            layer = int(name[1:])
            layers.append(np.full(rows * columns, layer))
            tail = starts[layer - 1] + np.tile(np.arange(columns), rows)
            tails.append(np.full(rows, NONE) if name in self.system.vectors else tail)
            heads.append(starts[layer] + np.repeat(np.arange(rows), columns))
        return np.concatenate(layers), np.concatenate(tails), np.concatenate(heads)

    def _weight(self, layer: int, row, column):
        """Number of the edge W_layer[row, column]."""
        return self.system.offsets()[f"W{layer}"] + row * self.widths[layer - 1] + column

    def chosen(self) -> np.ndarray:
        """Numbers of the chosen edges W_{l+1}[0, v] out of hidden neurons."""
        widths = self.widths
        pieces = [self._weight(layer + 1, 0, np.arange(widths[layer])) for layer in range(1, len(widths) - 1)]
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64)

    def paths(self) -> tuple[np.ndarray, np.ndarray]:
        """For each edge not chosen: its number, and the edges of a path through it by layer, NONE before a bias."""
        layers, _, _ = self.edges()
        owners = np.setdiff1d(np.arange(self.system.size), self.chosen())
        table = np.full((len(owners), len(self.widths) - 1), NONE, dtype=np.int64)
        for name, (rows, columns) in self.system.blocks:
            start = self.system.offsets()[name]
            mine = np.flatnonzero((owners >= start) & (owners < start + rows * columns))
            self._fill(table, mine, owners[mine], int(layers[start]), (owners[mine] - start) // columns)
            if name not in self.system.vectors:
                self._prefix(table, mine, int(layers[start]), (owners[mine] - start) % columns)
        return owners, table

    def _fill(self, table: np.ndarray, mine: np.ndarray, edges: np.ndarray, layer: int, row: np.ndarray) -> None:
        """The edge itself, then chosen edges to the output."""
        table[mine, layer - 1] = edges
        for following in range(layer + 1, len(self.widths)):
            table[mine, following - 1] = self._weight(following, 0, row)
            row = 0

    def _prefix(self, table: np.ndarray, mine: np.ndarray, layer: int, column: np.ndarray) -> None:
        """From input 0 through the neurons 0 of earlier layers to the edge's tail."""
        for earlier in range(1, layer):
            table[mine, earlier - 1] = self._weight(earlier, column if earlier == layer - 1 else 0, 0)

    def triangular(self, owners: np.ndarray, paths: np.ndarray) -> tuple[bool, str]:
        """Whether all rows are paths, and unit triangular on the edges not chosen, ordered by layer: then they are independent."""
        layers, tails, heads = self.edges()
        free = np.ones(self.system.size, dtype=bool)
        free[self.chosen()] = False
        present = paths != NONE
        own = paths == owners[:, None]
        later = np.arange(paths.shape[1])[None, :] >= layers[owners][:, None]
        fits = (
            bool((own.sum(axis=1) == 1).all())
            and not (free[paths] & present & later).any()
            and self._connected(paths, present, tails, heads)
        )
        return fits, f"{len(owners)} paths from source to sink, triangular in topological order" if fits else "not a path family"

    @staticmethod
    def _connected(paths: np.ndarray, present: np.ndarray, tails: np.ndarray, heads: np.ndarray) -> bool:
        """Whether consecutive edges meet, a path starts at an input or a bias and ends at an output."""
        if not present[:, -1].all():
            return False
        for k in range(1, paths.shape[1]):
            before, after = paths[:, k - 1], paths[:, k]
            meets = present[:, k] & (heads[before] == tails[after])
            starts = ~present[:, k] | (tails[after] == NONE)
            if not np.where(present[:, k - 1], meets, starts).all():
                return False
        return True

    def balanced(self, paths: np.ndarray) -> tuple[bool, str]:
        """Upper bound: edges in minus edges out of a hidden neuron vanishes on every path, H independent conditions."""
        chosen = self.chosen()
        fits = len(np.unique(chosen)) == sum(self.widths[1:-1]) and len(paths) + len(chosen) == self.system.size
        return fits, f"{sum(self.widths[1:-1])} independent balance conditions bound the rank by {self.system.size - len(chosen)}"


def _explicit(system: System, paths: np.ndarray, dimension: int) -> tuple[bool, str]:
    matrix = np.zeros((len(paths), system.size), dtype=np.int64)
    for row, path in zip(matrix, paths):
        row[path[path != NONE]] = 1
    rank = nmod_mat(*matrix.shape, matrix.ravel().tolist(), 2**61 - 1).rank()
    return rank == dimension, f"the {len(paths)} incidence vectors have rank {rank}"

"""What generators are drawn from: coefficients by number from a stream, branches and one-hot inputs from the cases of a certificate.

Where an operation has no value modulo p (a root of what is no square), inputs are drawn again, and rows of the output that stay undefined
get no cotangent: what is left are fields of the network still, whatever is drawn. So nothing here needs trust but the words' rank.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from math import prod

import numpy as np

from conslaw_cli.checker.cases import Cases
from conslaw_cli.checker.defined import undefined
from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.functions import Functions
from conslaw_cli.checker.graph import Graph, Surroundings

COTANGENT = "v"
ATTEMPTS = 2**14
NEXT_ATTEMPT = 2**42
"""What every further attempt adds to a draw's number."""
AT_ONCE = 512
"""Draws that are tried at once."""

Positions = Callable[[np.ndarray], dict[str, Dual]]
"""The parameters by block, at values (draws, 1) of the free symbol."""


@dataclass
class Drawing:
    """Draws by ``numbers``, each of its own case, for a graph modulo p."""

    graph: Graph
    cases: Cases
    p: int
    seed: int
    numbers: np.ndarray
    squared: bool = False
    """Whether free symbols are squares."""
    moves: bool = False
    """Whether the parameters depend on them."""
    coefficients: dict[str, np.ndarray] = field(init=False)
    symbols: np.ndarray = field(init=False)
    mask: np.ndarray | None = field(init=False, default=None)
    """Which rows of the output are undefined, (draws, *rows); None before it is known, or where all is defined."""

    def __post_init__(self) -> None:
        self.case = self.cases.of(self.numbers)
        self.coefficients, self.symbols = self._drawn(self.numbers)
        self.settled = self.graph.output is None or not self.graph.partial
        self.generics = {
            name: residues(self.p, self.seed, f"generic/{name}", np.array([0]), prod(shape)).reshape(1, *shape)
            for name, shape in self.graph.generics.items()
        }

    def _drawn(self, numbers: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        found = {
            name: residues(self.p, self.seed, f"coefficient/{name}", numbers, prod(shape)).reshape(-1, *shape)
            for name, shape in self.graph.coefficients.items()
            if name not in self.graph.one_hot
        }
        symbols = residues(self.p, self.seed, "symbol", numbers, 1)
        return found, symbols * symbols % self.p if self.squared else symbols

    def around(self, chosen: np.ndarray | slice = slice(None)) -> Surroundings:
        """Branches of the cases, and values of functions."""
        branches = {number: values[self.case[chosen]].astype(self._kind) for number, values in self.cases.branches.items()}
        return Surroundings(self.generics, branches, Functions(self.p, self.seed))

    def leaves(self, chosen: np.ndarray | slice = slice(None)) -> dict[str, Dual]:
        """The coefficients, one-hot ones of the cases."""
        drawn = {name: {0: values[chosen]} for name, values in self.coefficients.items()}
        return drawn | {name: {0: values[self.case[chosen]].astype(self._kind)} for name, values in self.cases.one_hot.items()}

    @property
    def _kind(self) -> type:
        return self.symbols.dtype.type if self.symbols.dtype != object else object

    def settle(self, positions: Positions) -> None:
        """Draws again, until every draw has its row of the output defined, row after row in turn, and leaves out those that are not."""
        if self.settled:
            return
        self.settled = True
        every = np.arange(len(self.numbers))
        mask, attempt = self.undefined(positions, every), 1
        last = ATTEMPTS if self.moves or any(name != COTANGENT for name in self.coefficients) else 1
        while attempt < last and len(pending := every[self._missed(mask, every)]):
            attempts = range(attempt, min(last, 2 * attempt, attempt + max(1, AT_ONCE // len(pending))))
            mask[pending] = self._again(positions, pending, attempts)
            attempt = attempts.stop
        self.leave_out(mask)

    def _missed(self, mask: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Which draws do not have their row defined, for masks (len(chosen), *rows)."""
        rows = mask.reshape(len(chosen), -1)
        return rows[np.arange(len(chosen)), self.numbers[chosen] % rows.shape[1]]

    def _again(self, positions: Positions, pending: np.ndarray, attempts: range) -> np.ndarray:
        """The first of some attempts in which a draw's row is defined, or the last, for each of the pending ones: their masks."""
        again = np.arange(attempts.start, attempts.stop)[:, None] * NEXT_ATTEMPT
        coefficients, symbols = self._drawn((again + self.numbers[pending]).ravel())
        several = np.tile(pending, len(attempts))
        trial = copy(self)
        trial.coefficients, trial.symbols, trial.case = coefficients, symbols, self.case[several]
        masks = trial.undefined(positions, np.arange(len(several)))
        masks = masks.reshape(len(attempts), len(pending), *masks.shape[1:])
        fine = ~np.array([self._missed(of_attempt, pending) for of_attempt in masks])
        first = np.where(fine.any(axis=0), fine.argmax(axis=0), len(attempts) - 1)
        chosen = first * len(pending) + np.arange(len(pending))
        for name, values in coefficients.items():
            self.coefficients[name][pending] = values[chosen]
        self.symbols[pending] = symbols[chosen]
        return masks[first, np.arange(len(pending))]

    def leave_out(self, mask: np.ndarray) -> None:
        """No cotangent for rows of the output that are undefined, (draws, *rows)."""
        self.mask = mask
        shape = self.graph.steps[self.graph.output].shape
        rows = mask.reshape(len(self.numbers), *shape[:-1], *([1] if shape else []))
        self.coefficients[COTANGENT] = np.where(rows, 0, self.coefficients[COTANGENT])

    def undefined(self, positions: Positions, chosen: np.ndarray) -> np.ndarray:
        """Which rows of the output, along its last axis, (len(chosen), *rows)."""
        theta = {
            name: {0: dual[0] if len(dual[0]) == 1 else dual[0][chosen]} for name, dual in positions(self.symbols).items()
        }
        found = undefined(self.graph, theta, self.leaves(chosen), self.p, self.around(chosen), self.graph.output)
        found = np.broadcast_to(found, (len(chosen), *found.shape[1:]))
        return found.any(axis=-1) if self.graph.steps[self.graph.output].shape else found.copy()

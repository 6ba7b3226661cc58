"""What a batch of generators is drawn from: coefficients, free symbols, cases, all by number from a stream.

Where some operation has no value modulo p (a root of what is no square), inputs and symbols are drawn again, and the outputs that stay
undefined get no cotangent: what is left are generators still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np

from conslaw_cli.flows.cases import Cases
from conslaw_cli.graph.nodes import FREE, Coefficient
from conslaw_cli.graph.program import COTANGENT, Program
from conslaw_cli.rings.defined import Definedness
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.jets import Values
from conslaw_cli.rings.keyed import Keyed
from conslaw_cli.rings.stream import Stream, coefficient, generic
from conslaw_cli.rings.zeros import zeros_of

ATTEMPTS = 2**14
"""Draws of inputs before outputs that are undefined are left out: enough for some twelve roots behind one of them."""

NEXT_ATTEMPT = 2**42
"""What every further attempt adds to the number that a draw has in its stream."""
HOPELESS = 2**16
"""Attempts in a row without any success, after which it is the point that does not suit the outputs."""
ENTRIES_AT_ONCE = 4_000_000
"""Entries of all arrays for the attempts that are made at once, 30 MB each."""

Positions = Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]
"""The parameters by name, (1, count or 1, *shape), for values (1, count, 1) of the free symbol and the numbers of the draws."""


@dataclass
class Draw:
    """Draws for generators with these numbers, each a sum over ``cases.per_generator`` of its own."""

    program: Program
    cases: Cases
    field: Field
    stream: Stream
    ids: np.ndarray
    square_symbols: bool
    """Whether free symbols are squares."""
    symbol_matters: bool
    """Whether the parameters depend on the free symbol."""
    coefficients: dict[str, np.ndarray] = field(init=False)
    symbols: np.ndarray = field(init=False)
    """Of the free symbol, (1, draws, 1)."""
    settled: bool = field(init=False)

    def __post_init__(self) -> None:
        each = self.cases.per_generator
        self.numbers = (self.ids[:, None] * each + np.arange(each)).ravel()
        self.case = np.tile(np.arange(each), len(self.ids)) if self.cases.mixed else self.cases.of(self.numbers)
        self.settled = self.program.output is None or self.program.defined_everywhere
        self.coefficients, self.symbols = self._drawn(self.numbers)

    @property
    def count(self) -> int:
        """Number of draws."""
        return len(self.numbers)

    def values(self, parameters: dict[str, np.ndarray]) -> Values:
        """Leaves of the graph at jets of the parameters."""
        return self._values(parameters, self.coefficients, self.case)

    def settle(self, positions: Positions) -> np.ndarray:
        """Draw again until every draw has its row of the output defined, and leave out those that are not. The fraction of rows defined.

        Each row has its turn, by the draw's number: first ones, with fewer roots behind them, are no more often among the fields than others.
        """
        if self.settled:
            return np.ones(self.count)
        self.settled = True
        mask = self._undefined(positions, self.coefficients, self.symbols, np.arange(self.count))
        attempt, barren, pending = 1, 0, np.flatnonzero(self._missed(mask, np.arange(self.count)))
        while attempt < (ATTEMPTS if self._redrawn else 1) and len(pending) and barren < HOPELESS:
            tries = min(ATTEMPTS - attempt, attempt, max(1, self._at_once // len(pending)))
            self._redraw(positions, mask, pending, range(attempt, attempt + tries))
            attempt, before = attempt + tries, pending
            pending = np.flatnonzero(self._missed(mask, np.arange(self.count)))
            barren = barren + tries * len(before) if len(pending) == len(before) else 0
        self._leave_out(mask)
        return 1 - mask.reshape(self.count, -1).mean(axis=1)

    def _redraw(self, positions: Positions, mask: np.ndarray, pending: np.ndarray, attempts: range) -> None:
        """Of several attempts for each pending draw the first with its row defined, or the last."""
        coefficients, symbols = self._drawn((np.arange(attempts.start, attempts.stop)[:, None] * NEXT_ATTEMPT + self.numbers[pending]).ravel())
        found = self._undefined(positions, coefficients, symbols, np.tile(pending, len(attempts)))
        found = found.reshape(len(attempts), len(pending), *found.shape[1:])
        some = ~np.array([self._missed(of_attempt, pending) for of_attempt in found])
        first = np.where(some.any(axis=0), some.argmax(axis=0), len(attempts) - 1)
        chosen = first * len(pending) + np.arange(len(pending))
        for name, array in coefficients.items():
            self.coefficients[name][:, pending] = array[:, chosen]
        self.symbols[:, pending] = symbols[:, chosen]
        mask[pending] = found[first, np.arange(len(pending))]

    def _missed(self, mask: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Which draws of some numbers do not have their row defined; of masks (len(chosen), *rows)."""
        rows = mask.reshape(len(chosen), -1)
        return rows[np.arange(len(chosen)), self.numbers[chosen] % rows.shape[1]]

    @cached_property
    def _at_once(self) -> int:
        entries = sum(prod(node.shape) for node in self.program.nodes)
        return int(np.clip(ENTRIES_AT_ONCE // entries, 64, 4096))

    @cached_property
    def _redrawn(self) -> bool:
        """Whether there is something beside cotangents that another draw changes."""
        return self.symbol_matters or any(node.name != COTANGENT and node.values == FREE for node in self.program.coefficients)

    def _leave_out(self, mask: np.ndarray) -> None:
        """No cotangent for rows of the output, along its last axis, that are undefined."""
        rows = mask.reshape(1, self.count, *self.program.output.shape[:-1], *([1] if self.program.output.shape else []))
        self.coefficients[COTANGENT] = np.where(rows, 0.0, self.coefficients[COTANGENT])

    def _undefined(self, positions: Positions, coefficients: dict[str, np.ndarray], symbols: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Which rows of the output are undefined for draws of some numbers, (len(chosen), *rows)."""
        output = self.program.output
        values = self._values(positions(symbols, chosen), coefficients, self.case[chosen])
        ((_, mask),) = Definedness(self.field, values, zeros_of(output)).evaluate(output)
        shape = (len(chosen), *output.shape)
        mask = np.zeros(shape, dtype=bool) if mask is None else np.broadcast_to(mask[0], shape)
        return mask.any(axis=-1) if output.shape else mask.copy()

    def _values(self, parameters: dict, coefficients: dict, case: np.ndarray) -> Values:
        branches = {
            id(node): of_case[case][None].astype(np.float64) for node, of_case in zip(self.program.branches, self.cases.branches)
        }
        one_hot = {name: of_case[case][None].astype(np.float64) for name, of_case in self.cases.one_hot.items()}
        functions = Keyed(self.field, self.stream)
        return Values(parameters, {**coefficients, **one_hot}, self._generics, branches, functions)

    @cached_property
    def _generics(self) -> dict[str, np.ndarray]:
        return {
            name: self._residues(generic(name), np.array([0]), prod(node.shape)).reshape(1, 1, *node.shape)
            for name, node in self.program.generics.items()
        }

    def _drawn(self, numbers: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        found = {
            node.name: self._residues(coefficient(node.name), numbers, prod(node.shape)).reshape(1, len(numbers), *node.shape)
            for node in self._free
        }
        symbols = self._residues("symbol", numbers, 1)[None]
        return found, self.field.multiply(symbols, symbols) if self.square_symbols else symbols

    @cached_property
    def _free(self) -> tuple[Coefficient, ...]:
        return tuple(node for node in self.program.coefficients if node.values == FREE)

    def _residues(self, name: str, numbers: np.ndarray, size: int) -> np.ndarray:
        return self.field.residues(self.stream.nonzero(self.field.p, name, numbers, size))

"""Choosing among candidate laws: those that are verified and whose gradients are independent of those kept before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from conslaw_cli.exact.echelon import Echelon
from conslaw_cli.exact.field import Field
from conslaw_cli.flows.base import RATE
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.verify import verified
from conslaw_cli.steps import Listener, nobody

CHUNK = 512
BARREN_CHUNKS = 4
"""After so many chunks of a family without a new law the rest is not looked at."""


class Selection:
    """Keeps verified laws with independent gradients at a point modulo p; ``known`` laws (their normals) are verified already."""

    def __init__(
        self,
        flow: PartFlow,
        field: Field,
        point: np.ndarray,
        known: Iterable[frozenset] = (),
        listener: Listener = nobody,
    ) -> None:
        self.flow, self.field, self.listener = flow, field, listener
        self._values = {k: int(x) for k, x in enumerate(field.integers(point))}
        self._values[RATE] = sum(self._values.values()) % field.p or 1
        self._known = set(known)
        self._gradients = Echelon(field, flow.dimension)

    @property
    def count(self) -> int:
        """Number of laws kept."""
        return self._gradients.rank

    def keep(self, candidates: list[Law]) -> list[Law]:
        """The candidates that are new and hold, in order; those that a refused one shadowed get their turn."""
        kept: list[Law] = []
        while candidates:
            rows = self._rows(candidates)
            gradients = self._gradients.copy()
            mask = gradients.add(rows)
            chosen = [law for law, new in zip(candidates, mask) if new]
            holds = self._verified(chosen)
            kept.extend(law for law, fine in zip(chosen, holds) if fine)
            if all(holds):
                self._gradients = gradients
                break
            self._gradients.add(rows[mask][np.array(holds)])
            candidates = [law for law, new in zip(candidates, mask) if not new]
        return kept

    def keep_until(self, count: int, candidates: Iterator[Law]) -> list[Law]:
        """Keep candidates chunk by chunk until there are ``count`` laws or nothing new has come for a while."""
        kept: list[Law] = []
        barren = 0
        while self.count < count and barren < BARREN_CHUNKS and (chunk := list(islice(candidates, CHUNK))):
            new = self.keep(chunk)
            kept.extend(new)
            barren = 0 if new else barren + 1
        return kept

    def _verified(self, laws: list[Law]) -> list[bool]:
        normals = [law.normal for law in laws] if self._known else [None] * len(laws)
        fresh = [law for law, normal in zip(laws, normals) if normal not in self._known]
        holds = iter(verified(self.flow, fresh, lambda step: self.listener(replace(step, laws=self.count))))
        return [normal in self._known or next(holds) for normal in normals]

    def _rows(self, laws: list[Law]) -> np.ndarray:
        """Gradients modulo p, (laws, dimension)."""
        rows = np.zeros((len(laws), self.flow.dimension), dtype=np.int64)
        for row, law in enumerate(laws):
            for variable, partial in law.gradient.items():
                rows[row, variable] = partial.value(self._values, self.field.p)
        return self.field.residues(rows)

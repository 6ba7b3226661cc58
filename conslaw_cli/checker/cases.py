"""The cases of a certificate: discrete inputs, and the branches that each field follows, read with suspicion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

import numpy as np

from conslaw_cli.checker.graph import Graph
from conslaw_cli.checker.result import ReportError, entry

MOST_CASES = 4096
MOST_BITS = 2**26
_HEXADECIMAL = re.compile("[0-9a-f]*")


@dataclass(frozen=True, eq=False)
class Cases:
    """``one_hot`` by name and ``branches`` by step, each (number, *shape) of zeros and ones."""

    number: int
    mixed: bool
    """Whether a generator is a sum of fields of all cases, or of one."""
    one_hot: dict[str, np.ndarray]
    branches: dict[int, np.ndarray]

    @property
    def each(self) -> int:
        """Draws that a generator is the sum of."""
        return self.number if self.mixed else 1

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """The case of each draw: any ``number`` consecutive ones have all, in another order each time."""
        if self.mixed:
            return numbers % self.number
        return (numbers + numbers // self.number) % self.number


ALONE = Cases(1, False, {}, {})


def read_cases(stated: object, graph: Graph, where: str) -> Cases:
    """Those of a part, ``stated`` None where there are none. Raises ReportError."""
    if not graph.one_hot and not graph.branches:
        if stated is not None:
            raise ReportError(f"{where}.cases of a graph that has no branches and no one-hot inputs")
        return ALONE
    rows = entry(stated, "rows", list, f"{where}.cases")
    names = entry(stated, "inputs", list, f"{where}.cases")
    if set(stated) != {"inputs", "rows", "mixed"} or names != [name for name in graph.coefficients if name in graph.one_hot]:
        raise ReportError(f"{where}.cases must have rows, mixed, and as inputs those of the graph with one-hot rows")
    shapes = [graph.coefficients[name] for name in names] + [graph.steps[number].shape for number in graph.branches]
    bits = sum(map(prod, shapes))
    width = 2 * -(-bits // 8)
    if not 0 < len(rows) <= MOST_CASES or len(rows) * bits > MOST_BITS:
        raise ReportError(f"{where}.cases.rows must hold from 1 to {MOST_CASES} cases, not too large for this checker")
    if not all(isinstance(row, str) and len(row) == width and _HEXADECIMAL.fullmatch(row) for row in rows):
        raise ReportError(f"{where}.cases.rows must hold {bits} bits in {width} hexadecimal digits each")
    if len(set(rows)) < len(rows):
        raise ReportError(f"{where}.cases.rows has a case twice")
    table = np.unpackbits(np.array([list(bytes.fromhex(row)) for row in rows], dtype=np.uint8), axis=1).astype(np.int64)
    if table[:, bits:].any():
        raise ReportError(f"{where}.cases.rows has bits that belong to nothing")
    ends = np.cumsum([0, *map(prod, shapes)])
    arrays = [table[:, a:b].reshape(len(rows), *shape) for a, b, shape in zip(ends, ends[1:], shapes)]
    one_hot, branches = dict(zip(names, arrays)), dict(zip(graph.branches, arrays[len(names) :]))
    _fitting(graph, one_hot, branches, where)
    return Cases(len(rows), entry(stated, "mixed", bool, f"{where}.cases"), one_hot, branches)


def _fitting(graph: Graph, one_hot: dict[str, np.ndarray], branches: dict[int, np.ndarray], where: str) -> None:
    for name, values in one_hot.items():
        if (values.sum(axis=-1) != 1).any():
            raise ReportError(f"{where}.cases: the rows of {name} are not one-hot")
    for number, values in branches.items():
        chosen = graph.steps[number].detail
        if chosen.kind == "top" and (values.sum(axis=-1) != chosen.count).any():
            raise ReportError(f"{where}.cases: a branch that does not choose {chosen.count} entries")

"""The cases that a network's inputs fall into: discrete inputs, and the branches that are taken around real parameters.

Between the folds of relu, max and the like a network is analytic, so the fields of one case span the same whatever point they are
evaluated at: residues need not lie in the region themselves, and follow the branches of the case. The cases are collected in floating point
at theta*, a seeded Gaussian initialization or weights of the user's, over thousands of inputs of several sizes; each is as likely to be
drawn, however rare. Missing one can only make the trace smaller (NETWORKS sections 2 and 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from conslaw_cli.graph.nodes import ONE_HOT, POSITIVE, Coefficient, Shape, topological_order
from conslaw_cli.graph.program import Program
from conslaw_cli.limits import LIMITS
from conslaw_cli.rings.floats import Floats
from conslaw_cli.rings.gaussian import generic_values, normal
from conslaw_cli.rings.stream import Stream

CHUNK_ENTRIES = 20_000_000


@dataclass(frozen=True, eq=False)
class Cases:
    """``one_hot`` holds inputs by name, ``branches`` the values of the program's branch nodes in order: each (number, *shape), 0 or 1.

    ``exhaustive`` says that no case is missing anywhere: there are no branches, and all discrete inputs are among them; ``complete``,
    that none is missing around the real parameters: branches may depend on these and on the discrete inputs.
    """

    number: int
    one_hot: dict[str, np.ndarray]
    branches: tuple[np.ndarray, ...]
    inputs: int
    """Number of inputs looked at."""
    exhaustive: bool
    complete: bool
    units: int = 0
    dead: int = 0
    """Of the units with a threshold those that no input activates; ``always``, those that every input does."""
    always: int = 0
    boundary: int = 0
    """Units that are at their threshold exactly, for every input: around theta* they may go either way."""

    @cached_property
    def mixed(self) -> bool:
        """Whether every generator is a combination of fields of all cases, so that a few brackets see them all."""
        return self.number <= LIMITS.mixed_cases

    @property
    def per_generator(self) -> int:
        return self.number if self.mixed else 1

    def of(self, ids: np.ndarray) -> np.ndarray:
        """The case of each draw: all of them in any ``number`` consecutive ones, in another order each time."""
        return (ids + ids // self.number) % self.number


ALONE = Cases(1, {}, (), 0, True, True)
"""The one case of a program without branches and discrete inputs."""


def cases(program: Program, weights: dict[str, np.ndarray], generics: dict[str, np.ndarray], stream: Stream) -> Cases:
    """The cases of a program at real parameters ``weights`` (1, *shape) by name, in the order in which inputs meet them."""
    inputs = [node for node in program.coefficients if node.values == ONE_HOT]
    if not inputs and not program.branches:
        return ALONE
    drawn, exhaustive = _discrete(inputs, stream, bool(program.branches))
    count = next((len(value) for value in drawn.values()), LIMITS.case_inputs)
    found: dict[bytes, tuple[np.ndarray, ...]] = {}
    sums, still = [np.zeros(node.shape) for node in program.branches], None
    step = max(1, CHUNK_ENTRIES // max(1, sum(prod(node.shape) for node in program.nodes)))
    for start in range(0, count, step):
        ids = np.arange(start, min(start + step, count))
        values = {name: array[ids] for name, array in drawn.items()}
        branches, zeros = _branches(program, weights, generics, values, stream, ids) if program.branches else ([], [])
        for total, branch in zip(sums, branches):
            total += branch.sum(axis=0)
        still = zeros if still is None else [a & b for a, b in zip(still, zeros)]
        rows = [*values.values(), *branches]
        packed = np.packbits(np.concatenate([row.reshape(len(ids), -1) > 0.5 for row in rows], axis=1), axis=1)
        for k, key in enumerate(map(bytes, packed)):
            if key not in found and len(found) < LIMITS.most_cases:
                found[key] = tuple(row[k] for row in rows)
    stacked = [np.stack(column) for column in zip(*found.values())]
    thresholds = [total for node, total in zip(program.branches, sums) if node.kind == POSITIVE]
    return Cases(
        len(found),
        dict(zip(drawn, stacked)),
        tuple(stacked[len(drawn) :]),
        count,
        exhaustive and not program.branches,
        exhaustive and not _moved(program),
        sum(total.size for total in thresholds),
        sum(int((total == 0).sum()) for total in thresholds),
        sum(int((total == count).sum()) for total in thresholds),
        sum(int(zero.sum()) for node, zero in zip(program.branches, still or []) if node.kind == POSITIVE),
    )


def _moved(program: Program) -> bool:
    """Whether inputs that are not discrete decide on branches."""
    return any(isinstance(node, Coefficient) and node.values != ONE_HOT for node in topological_order(*program.branches))


def _discrete(inputs: list[Coefficient], stream: Stream, thorough: bool) -> tuple[dict[str, np.ndarray], bool]:
    """One-hot inputs by name, (count, *shape): all of them where they are few; whether they are all."""
    rows = [(node, prod(node.shape[:-1])) for node in inputs]
    total = prod(node.shape[-1] ** count for node, count in rows)
    every = total <= LIMITS.case_inputs
    repeats = -(-LIMITS.case_inputs // total) if every and thorough else 1
    numbers = np.tile(np.arange(total), repeats) if every else None
    found = {}
    for node, count in rows:
        size = node.shape[-1]
        if numbers is None:
            words = stream.words(f"tokens/{node.name}", np.arange(LIMITS.case_inputs), count) % np.uint64(size)
        else:
            words, numbers = numbers[:, None] // size ** np.arange(count) % size, numbers // size**count
        found[node.name] = np.eye(size)[words.astype(np.int64)].reshape(-1, *node.shape)
    return found, every


def _branches(program: Program, weights: dict, generics: dict, values: dict, stream: Stream, ids: np.ndarray) -> tuple[list, list]:
    """Values of the branch nodes at real inputs, (len(ids), *shape) each, and which of their arguments are zero for all of these."""
    free = {
        node.name: normal(stream, f"input/{node.name}", ids, node.shape) * _scales(ids, node.shape)
        for node in program.coefficients
        if node.name not in values
    }
    floats = Floats(weights, {**free, **values}, generics)
    arguments = floats.evaluate(*(node.of for node in program.branches), *program.branches)[: len(program.branches)]
    zeros = [np.broadcast_to(a == 0, (len(a), *node.shape)).all(axis=0) for node, a in zip(program.branches, arguments)]
    return [np.broadcast_to(floats.branches[id(node)], (len(ids), *node.shape)) for node in program.branches], zeros


def _scales(ids: np.ndarray, shape: Shape) -> np.ndarray:
    """1/4, 1, 4, 16, 64 in turn: what data are is not known, and units with large biases are reached by large inputs only."""
    return (4.0 ** (ids % 5 - 1)).reshape(len(ids), *(1 for _ in shape))


def real_generics(program: Program) -> dict[str, np.ndarray]:
    """Real values of the generic constants, (1, *shape) by name."""
    return generic_values(program.generics)

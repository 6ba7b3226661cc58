"""A point at which the roots of a network exist modulo p, as far as possible: of norms of embeddings, for one, inputs decide nothing.

Of discrete inputs every output that is undefined is missing from the fields, so a point is improved: rows of blocks are drawn again,
and what makes more outputs defined is kept. A row of an embedding moves few outputs, so a few rounds find them all where there are not too many.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from conslaw_cli.rings.defined import Definedness
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.stream import Stream
from conslaw_cli.rings.zeros import zeros_of

if TYPE_CHECKING:
    from conslaw_cli.flows.part import PartFlow

PROPOSALS = 24
ROUNDS, BARREN_ROUNDS = 40, 6
"""Rounds at most, and those in a row without an improvement after which there is no further one."""
REDRAWN = 200
"""Draws of a state until its own roots exist."""
TEST = 2**40
"""Numbers from which on generators only test a point."""


def best_point(flow: PartFlow, field: Field, stream: Stream, counter: int) -> np.ndarray:
    """A state, (dimension,): where there are discrete inputs, with as many outputs defined as are found."""
    if not flow.cases.one_hot:
        return rooted_points(flow, field, stream, "point", np.array([counter]))[0]
    best, most, since = None, -1.0, 0
    for turn in range(ROUNDS):
        numbers = counter + turn * 2**20 + np.arange(PROPOSALS)
        states = flow.points(field, stream, "point", numbers)
        if turn and most > 0:
            states = np.where(_redrawn(flow, stream, numbers), states, best)
        shares = _shares(flow, field, stream, states)
        first = int(np.argmax(shares))
        since += 1
        if shares[first] > most:
            best, most, since = states[first], float(shares[first]), 0
        if most > 0.999 or since == BARREN_ROUNDS:
            break
    return best


def rooted_points(flow: PartFlow, field: Field, stream: Stream, name: str, ids: np.ndarray) -> np.ndarray:
    """States by number, (len(ids), dimension), drawn again until the roots that depend on no input exist there, as far as a few draws help.

    Under second order they are taken at Q + S P, and another S is drawn with the generator.
    """
    states = flow.points(field, stream, name, ids)
    if not flow.program.fixed_roots or flow.dynamics.second_order:
        return states
    for attempt in range(1, REDRAWN):
        pending = np.flatnonzero(~_rooted(flow, field, stream, states))
        if not len(pending):
            break
        states[pending] = flow.points(field, stream, f"{name}, roots {attempt}", ids[pending])
    return states


def _rooted(flow: PartFlow, field: Field, stream: Stream, states: np.ndarray) -> np.ndarray:
    """At which states, (count, dimension), all roots exist that depend on no input."""
    draw, fine = flow.draw(field, stream, np.array([TEST])), np.ones(len(states), dtype=bool)
    reader = Definedness(field, draw.values(flow.blocks_of(states[None])), zeros_of(flow.program.functional))
    for _, mask in reader.evaluate(*flow.program.fixed_roots):
        if mask is not None:
            fine &= ~mask[0].reshape(len(mask[0]), -1).any(axis=1)
    return fine


def _shares(flow: PartFlow, field: Field, stream: Stream, states: np.ndarray) -> np.ndarray:
    """The share of outputs that are defined at each state: of all discrete inputs, or of several."""
    several = 1 if flow.cases.mixed else 8
    repeated = np.repeat(states, several, axis=0)
    shares = flow.generators(field, stream, TEST + np.arange(len(repeated))).defined(repeated[None])
    return shares.reshape(len(states), several).mean(axis=1)


def _redrawn(flow: PartFlow, stream: Stream, numbers: np.ndarray) -> np.ndarray:
    """For each proposal the coordinates of one row of a block, (proposals, dimension)."""
    rows = [
        start + np.arange(columns) + row * columns
        for start, (_, shape), (count, columns) in zip(flow.program.starts, flow.program.blocks, flow.program.matrices)
        for row in range(count if prod(shape) else 0)
    ]
    chosen = stream.words("row", numbers, 1)[:, 0] % np.uint64(len(rows))
    mask = np.zeros((len(numbers), flow.dimension), dtype=bool)
    for proposal, row in enumerate(chosen.tolist()):
        for vector in range(len(flow.dynamics.coordinates)):
            mask[proposal, rows[row] + vector * flow.program.size] = True
    return mask

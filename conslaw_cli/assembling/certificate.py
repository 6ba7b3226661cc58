"""What was proved, as data that the independent checker re-proves: point, prime, bracket words, or a basis of paths."""

from __future__ import annotations

from itertools import accumulate
from math import prod

import numpy as np

from conslaw_cli.analysis import Analysis, PartResult
from conslaw_cli.flows.parts import Positions
from conslaw_cli.graph import serial
from conslaw_cli.graph.nodes import Shape
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.report import tables
from conslaw_cli.report.tables import Brackets, Graph, Paths

Layout = dict[str, tuple[int, Shape]]
"""By block: the place of its first entry in the state, and its shape."""


def certificate(analysis: Analysis) -> tuple[Brackets | Paths, ...]:
    """The certificate of an analysis; laws are certified by their expressions in the report itself."""
    if analysis.paths:
        return (Paths(copies=1, dimension=analysis.paths.dimension),)
    starts = accumulate((prod(shape) for _, shape in analysis.model.blocks), initial=0)
    layout = {name: (start, shape) for start, (name, shape) in zip(starts, analysis.model.blocks)}
    return tuple(_brackets(result, layout) for result in analysis.parts)


def _brackets(result: PartResult, layout: Layout) -> Brackets:
    trace, names = result.trace, [name for name, _ in result.flow.program.blocks]
    return Brackets(
        copies=result.part.copies,
        blocks=result.flow.program.blocks,
        indices=tuple(tuple(_axes(positions, *layout[name]) for name, positions in zip(names, copy)) for copy in result.part.indices),
        graph=Graph(**serial.to_data(result.flow.program.functional, output=result.flow.program.output)),
        seed=trace.seed,
        prime=trace.prime,
        point=trace.point,
        words=trace.words,
        fingerprints=trace.fingerprints,
        dimension=trace.dimension,
        cases=_cases(result.flow),
        independence=_independence(result),
        written=result.flow.program is not result.part.program,
    )


def _cases(flow: PartFlow) -> tables.Cases | None:
    """Discrete inputs and branches; None where there are none."""
    cases = flow.cases
    if not cases.one_hot and not cases.branches:
        return None
    arrays = [array.reshape(cases.number, -1) > 0 for array in (*cases.one_hot.values(), *cases.branches)]
    packed = np.packbits(np.concatenate(arrays, axis=1), axis=1)
    return tables.Cases(tuple(cases.one_hot), tuple(bytes(row).hex() for row in packed), cases.mixed)


def _independence(result: PartResult) -> tables.Independence | None:
    found = result.independence
    return tables.Independence(found.arguments, found.rank, found.checked) if found.arguments or not found.checked else None


def _axes(positions: Positions, start: int, shape: Shape) -> tuple[tuple[int, ...] | None, ...]:
    """Along each axis the indices of a block's entries that stand at these positions of the state, None for all."""
    found = np.unravel_index(np.array(positions) - start, shape) if shape else ()
    chosen = [tuple(dict.fromkeys(along.tolist())) for along in found]
    return tuple(None if axis == tuple(range(size)) else axis for axis, size in zip(chosen, shape))


def primes(analysis: Analysis) -> tuple[int, ...]:
    """Primes of the certified growths."""
    return tuple(sorted({part.trace.prime for part in analysis.parts}))

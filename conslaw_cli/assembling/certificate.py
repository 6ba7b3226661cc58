"""What was proved, as data that the independent checker re-proves: point, prime, bracket words, or a basis of paths."""

from __future__ import annotations

from conslaw_cli.analysis import Analysis, PartResult
from conslaw_cli.graph import serial
from conslaw_cli.report.tables import Brackets, Graph, Paths


def certificate(analysis: Analysis) -> tuple[Brackets | Paths, ...]:
    """The certificate of an analysis; laws are certified by their expressions in the report itself."""
    if analysis.paths:
        return (Paths(copies=1, dimension=analysis.paths.dimension),)
    return tuple(map(_brackets, analysis.parts))


def _brackets(result: PartResult) -> Brackets:
    trace = result.trace
    return Brackets(
        copies=result.part.copies,
        blocks=result.flow.program.blocks,
        graph=Graph(**serial.to_data(result.flow.program.functional)),
        seed=trace.seed,
        prime=trace.prime,
        point=trace.point,
        words=trace.words,
        fingerprints=trace.fingerprints,
        dimension=trace.dimension,
    )


def primes(analysis: Analysis) -> tuple[int, ...]:
    """Primes of the certified growths."""
    return tuple(sorted({part.trace.prime for part in analysis.parts}))

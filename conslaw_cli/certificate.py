"""What was proved, as data that the independent checker re-proves: point, prime, bracket words, or a basis of paths."""

from __future__ import annotations

from conslaw_cli.analysis import Analysis, PartResult
from conslaw_cli.graph import serial


def certificate(analysis: Analysis) -> dict:
    """The certificate of an analysis; laws are certified by their expressions in the report itself."""
    if analysis.paths:
        return {"parts": [{"method": "paths", "copies": 1, "dimension": analysis.paths.dimension}]}
    return {"parts": [_brackets(part) for part in analysis.parts]}


def _brackets(result: PartResult) -> dict:
    trace = result.trace
    return {
        "method": "brackets",
        "copies": result.part.copies,
        "blocks": [[name, list(shape)] for name, shape in result.flow.program.blocks],
        "graph": serial.to_data(result.flow.program.functional),
        "seed": trace.seed,
        "prime": trace.prime,
        "point": list(trace.point),
        "words": [list(word) for word in trace.words],
        "fingerprints": list(trace.fingerprints),
        "dimension": trace.dimension,
    }


def primes(analysis: Analysis) -> list[int]:
    """Primes of the certified growths."""
    return sorted({part.trace.prime for part in analysis.parts})

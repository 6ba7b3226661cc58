"""The system a report is about: blocks of parameters, metric and dynamics, read with suspicion."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm, prod

from conslaw_cli.checker.dynamics import DYNAMICS, Dynamics
from conslaw_cli.checker.graph import Block, Shape
from conslaw_cli.checker.metrics import NATURAL, Metric, read_metrics
from conslaw_cli.checker.models import FIELDS, LARGEST_WIDTH, Model, read_model
from conslaw_cli.checker.parse import ExpressionError, Node, parse
from conslaw_cli.checker.parts import Part, matrix_of, read_parts, whole
from conslaw_cli.checker.rates import Rate, read_rate
from conslaw_cli.checker.result import ReportError, Undecided, count, entry

LARGEST_SYSTEM = 5_000_000
"""Parameters up to which laws and certificates are evaluated."""
_BLOCK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
MOST_AXES = 12
MOST_BLOCKS = 2000
_START = re.compile(r"\d{1,40}(/0*[1-9]\d{0,40})?")


@dataclass(frozen=True)
class System:
    """State order: the blocks in turn, each row-major. A parameter has the number of its place, a velocity that plus D."""

    model: Model
    blocks: tuple[Block, ...]
    vectors: frozenset[str]
    """The blocks whose entries have one index."""
    metrics: dict[str, Metric]
    """By block."""
    at: str
    kind: str
    rate: Rate
    start: Fraction | None
    """Time from which the laws hold; None for t > 0."""
    until: Node | None
    """End of the interval, None where there is none."""
    parts: tuple[Part, ...] = ()
    """The parts whose graphs are the model's functional: those of the certificate, or one of the statement; none where there is neither."""

    @property
    def size(self) -> int:
        """Number of parameters D."""
        return sum(prod(shape) for _, shape in self.blocks)

    @property
    def dynamics(self) -> Dynamics:
        """The checker's statement of the dynamics."""
        return DYNAMICS[self.kind]

    @property
    def second_order(self) -> bool:
        return self.dynamics.second_order

    @property
    def space(self) -> int:
        """Number of drift coordinates."""
        return self.size * (2 if self.second_order else 1)

    @property
    def network(self) -> Part | None:
        """The one part of a network, which has inputs and cotangents."""
        return self.parts[0] if self.parts and self.parts[0].graph.output is not None else None

    @property
    def lookahead(self) -> bool:
        """Whether the metric is taken at rate * theta + theta'."""
        return self.at == "lookahead" and any(self.exponents.values())

    @property
    def exponents(self) -> dict[str, Fraction]:
        """a in M = diag(theta^a), by block; 0 where M is constant."""
        return {name: metric.exponent for name, metric in self.metrics.items()}

    @property
    def root(self) -> int:
        """The least common denominator of the exponents."""
        return lcm(*(exponent.denominator for exponent in self.exponents.values()))

    @property
    def euclidean(self) -> bool:
        """Whether M is the identity, or spans the same fields."""
        return all(metric.euclidean for metric in self.metrics.values())

    @property
    def degree(self) -> int:
        """Of the functional in parameters and coefficients."""
        return max((sum(part.graph.degrees) for part in self.parts), default=0)

    def offsets(self) -> dict[str, int]:
        """Place of each block's first entry."""
        found, position = {}, 0
        for name, shape in self.blocks:
            found[name] = position
            position += prod(shape)
        return found

    def numbering(self) -> Numbering:
        """Names of parameters and velocities to numbers."""
        return Numbering(self)


class Numbering(dict):
    """Maps W1_2_3, b1_2 and dW1_2_3 to the variable's number, -1 for any other name; remembers what it was asked."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self._shapes, self._offsets = dict(system.blocks), system.offsets()
        self._velocities, self._vectors = (system.size if system.second_order else None), system.vectors

    def __missing__(self, name: str) -> int:
        self[name] = number = self._number(name)
        return number

    def _number(self, name: str) -> int:
        """The longest name of a block that begins the name is its block's only where the indices that are left are one for each axis."""
        pieces = name.split("_")
        for count in range(min(len(pieces) - 1, MOST_AXES) + 1):
            stem, indices = "_".join(pieces[: len(pieces) - count]), pieces[len(pieces) - count :]
            if not all(index.isdigit() and len(index) < 10 for index in indices):
                break
            for block, shift in ((stem, 0), (stem[1:], self._velocities)):
                known = block in self._shapes and (shift == 0 or (stem[:1] == "d" and shift is not None))
                if known and count == len(self._axes(block)):
                    return self._entry(block, [int(index) - 1 for index in indices], shift)
        return -1

    def _axes(self, block: str) -> Shape:
        """What its entries' indices count."""
        return self._shapes[block][:1] if block in self._vectors else self._shapes[block]

    def _entry(self, block: str, indices: list[int], shift: int) -> int:
        shape = self._axes(block)
        if not all(0 <= index < size for index, size in zip(indices, shape)):
            return -1
        place = 0
        for index, size in zip(indices, shape):
            place = place * size + index
        return self._offsets[block] + place + shift


def read_system(report: dict) -> System:
    """The system of a report. Raises ReportError, Undecided."""
    model, certificate = read_model(report), entry(report, "certificate", dict)
    blocks, vectors = _blocks(entry(certificate, "blocks", list, "certificate"), model.composed)
    if model.statement and (blocks, vectors) != (model.statement.blocks(model.options), model.statement.vectors(model.options)):
        raise ReportError(f"certificate.blocks are not those of {model.title[:200]}")
    at, metrics = _metric(entry(report, "metric", dict), blocks)
    dynamics = entry(report, "dynamics", dict)
    kind, start, until = _kind(dynamics), _start(dynamics), _until(dynamics)
    rate = read_rate(_rate_text(dynamics, kind), start, until)
    system = System(model, blocks, vectors, metrics, at, kind, rate, start, until)
    if system.lookahead and not (system.dynamics.lookahead and (rate.letter or rate.value is not None)):
        raise ReportError(f"metric.at = 'lookahead' has no meaning for {kind} with the rate {rate.text}")
    if model.architecture == FIELDS and not (system.euclidean and (kind, at) == ("gradient-flow", "theta")):
        raise ReportError("vector fields are followed as they are, under gradient-flow without a metric")
    stated = count(report["model"], "parameters", "model")
    if stated != system.size:
        raise ReportError(f"model.parameters says {stated}, the blocks have {system.size}")
    return replace(system, parts=_parts(system, entry(certificate, "parts", list, "certificate")))


def _parts(system: System, stated: list) -> tuple[Part, ...]:
    """Those of the certificate; where it has no graph, the statement's."""
    if system.size > LARGEST_SYSTEM:
        return ()
    if stated and not is_paths(stated):
        parts = read_parts(stated, system.blocks, system.metrics)
        if system.model.architecture != FIELDS and any(part.graph.holds for part in parts):
            raise ReportError(f"something is held in a graph of {system.model.architecture[:60]}, whose fields are those of its functional")
        return parts
    statement = system.model.statement
    return (whole(statement.graph(system.model.options), system.metrics),) if statement else ()


def is_paths(stated: list) -> bool:
    """Whether a certificate is one of paths."""
    return [entry(part, "method", str, "certificate part") for part in stated] == ["paths"]


def _blocks(stated: list, composed: bool) -> tuple[tuple[Block, ...], frozenset[str]]:
    """The blocks as rows and columns, of a network as they are, and those that have one index."""
    blocks, vectors = {}, set()
    if not 0 < len(stated) <= MOST_BLOCKS:
        raise ReportError(f"certificate.blocks must hold from 1 to {MOST_BLOCKS} blocks")
    for block in stated:
        name, shape = block if isinstance(block, list) and len(block) == 2 else (None, None)
        valid = isinstance(name, str) and _BLOCK_NAME.fullmatch(name) and name not in blocks
        axes = range(MOST_AXES + 1) if composed else (1, 2)
        if not valid or not isinstance(shape, list) or len(shape) not in axes or not all(_is_width(k) for k in shape):
            raise ReportError("certificate.blocks must hold [name, shape] with different names and one or two positive whole numbers")
        blocks[name] = tuple(shape) if composed else (*shape, 1)[:2]
        if len(shape) == 1 and not composed:
            vectors.add(name)
    if clash := [name for name in blocks if f"d{name}" in blocks]:
        raise ReportError(f"certificate.blocks: d{clash[0]} is a velocity of {clash[0]}")
    return tuple(blocks.items()), frozenset(vectors)


def _is_width(value: object) -> bool:
    return type(value) is int and 1 <= value <= LARGEST_WIDTH


def _metric(metric: dict, blocks: tuple[Block, ...]) -> tuple[str, dict[str, Metric]]:
    given, at = entry(metric, "blocks", dict, "metric"), entry(metric, "at", str, "metric")
    if at not in ("theta", "lookahead"):
        raise ReportError("metric.at must be 'theta' or 'lookahead'")
    if set(given) != {name for name, _ in blocks}:
        raise ReportError("metric.blocks must name exactly the model's blocks")
    if NATURAL in given.values() and at == "lookahead":
        raise ReportError(f"{NATURAL} must be taken at theta")
    return at, read_metrics(given, {name: matrix_of(shape) for name, shape in blocks})


def _kind(dynamics: dict) -> str:
    """Raises Undecided for a dynamics that the checker does not state: its fields are then not known."""
    kind = entry(dynamics, "kind", str, "dynamics")
    if kind not in DYNAMICS:
        raise Undecided(f"the checker has no statement of the dynamics {kind[:60]!r}")
    return kind


def _rate_text(dynamics: dict, kind: str) -> str:
    rate, stated = entry(dynamics, "rate", (str, type(None)), "dynamics"), DYNAMICS[kind]
    if not stated.drifts and rate is not None:
        raise ReportError(f"{kind} has no rate")
    if stated.fixed_rate and (rate or stated.fixed_rate).replace(" ", "") != stated.fixed_rate:
        raise ReportError(f"{kind} has the rate {stated.fixed_rate}")
    if stated.rate_key and rate is None:
        raise ReportError(f"dynamics.rate is missing for {kind}")
    return stated.fixed_rate or rate or "0"


def _start(dynamics: dict) -> Fraction | None:
    """A rational number from 0, or None."""
    start = entry(dynamics, "start", (str, type(None)), "dynamics")
    if start is None:
        return None
    if not _START.fullmatch(start):
        raise ReportError(f"dynamics.start must be a number such as 0 or 1/2, not {start[:40]!r}")
    return Fraction(start)


def _until(dynamics: dict) -> Node | None:
    """A constant, or None."""
    until = entry(dynamics, "until", (str, type(None)), "dynamics")
    try:
        return None if until is None else parse(until)
    except ExpressionError as error:
        raise ReportError(f"dynamics.until cannot be read: {error}") from None

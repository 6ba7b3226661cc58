"""The system a report is about: blocks of parameters, metric and dynamics, read with suspicion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod

from conslaw_cli.checker.metrics import NATURAL, Metric, read_metrics
from conslaw_cli.checker.parse import ExpressionError, Node, parse
from conslaw_cli.checker.rates import Rate, read_rate
from conslaw_cli.checker.result import ReportError, count, entry

Block = tuple[str, tuple[int, int]]
LARGEST_SYSTEM = 5_000_000
"""Parameters up to which laws and certificates are evaluated."""
LARGEST_WIDTH = 10**30
_ENTRY = re.compile(r"(d?)([WbUV]\d*)_(\d{1,9})(?:_(\d{1,9}))?")
_START = re.compile(r"\d{1,40}(/0*[1-9]\d{0,40})?")
_KINDS = ("gradient-flow", "momentum", "nesterov", "weight-decay")


@dataclass(frozen=True)
class System:
    """State order: the blocks in turn, each row-major. A parameter has the number of its place, a velocity that plus D."""

    architecture: str
    widths: tuple[int, ...]
    bias: str
    blocks: tuple[Block, ...]
    metrics: dict[str, Metric]
    """By block."""
    at: str
    kind: str
    rate: Rate
    start: Fraction | None
    """Time from which the laws hold; None for t > 0."""
    until: Node | None
    """End of the interval, None where there is none."""

    @property
    def size(self) -> int:
        """Number of parameters D."""
        return sum(prod(shape) for _, shape in self.blocks)

    @property
    def second_order(self) -> bool:
        return self.kind in ("momentum", "nesterov")

    @property
    def space(self) -> int:
        """Number of drift coordinates."""
        return self.size * (2 if self.second_order else 1)

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
    def hidden(self) -> int:
        """Number of hidden neurons."""
        return sum(self.widths[1:-1])

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
        self._velocities = system.size if system.second_order else None

    def __missing__(self, name: str) -> int:
        self[name] = number = self._number(name)
        return number

    def _number(self, name: str) -> int:
        match = _ENTRY.fullmatch(name)
        if not match or match[2] not in self._shapes or (match[1] and self._velocities is None):
            return -1
        rows, columns = self._shapes[match[2]]
        row, column = int(match[3]) - 1, int(match[4] or 1) - 1
        is_vector = match[2].startswith("b")
        if is_vector is bool(match[4]) or not (0 <= row < rows and 0 <= column < columns):
            return -1
        return self._offsets[match[2]] + row * columns + column + (self._velocities if match[1] else 0)


def read_system(report: dict) -> System:
    """The system of a report. Raises ReportError."""
    model = entry(report, "model", dict)
    architecture, bias = entry(model, "architecture", str, "model"), entry(model, "bias", str, "model")
    widths = entry(model, "widths", list, "model")
    blocks = _blocks(architecture, widths, bias)
    at, metrics = _metric(entry(report, "metric", dict), blocks)
    dynamics = entry(report, "dynamics", dict)
    kind, start, until = _kind(dynamics), _start(dynamics), _until(dynamics)
    rate = read_rate(_rate_text(dynamics, kind), start, until)
    system = System(architecture, tuple(widths), bias, blocks, metrics, at, kind, rate, start, until)
    if system.lookahead and not (kind == "momentum" and (rate.letter or rate.value is not None)):
        raise ReportError(f"metric.at = 'lookahead' has no meaning for {kind} with the rate {rate.text}")
    stated = count(model, "parameters", "model")
    if stated != system.size:
        raise ReportError(f"model.parameters says {stated}, the widths give {system.size}")
    return system


def _blocks(architecture: str, widths: list, bias: str) -> tuple[Block, ...]:
    if not 2 <= len(widths) <= 1000 or not all(type(w) is int and 1 <= w <= LARGEST_WIDTH for w in widths):
        raise ReportError("model.widths must hold from 2 to 1000 positive whole numbers")
    if architecture == "nmf" and len(widths) == 3 and bias == "none":
        m, r, n = widths
        return (("U", (n, r)), ("V", (r, m)))
    if architecture not in ("linear", "relu", "icnn") or bias not in ("none", "hidden", "all"):
        raise ReportError(f"this checker knows no architecture {architecture!r} with bias {bias!r} and widths {widths}")
    blocks: list[Block] = []
    for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:]), 1):
        blocks.append((f"W{layer}", (outputs, inputs)))
        if bias == "all" or (bias == "hidden" and layer < len(widths) - 1):
            blocks.append((f"b{layer}", (outputs, 1)))
    return tuple(blocks)


def _metric(metric: dict, blocks: tuple[Block, ...]) -> tuple[str, dict[str, Metric]]:
    given, at = entry(metric, "blocks", dict, "metric"), entry(metric, "at", str, "metric")
    if at not in ("theta", "lookahead"):
        raise ReportError("metric.at must be 'theta' or 'lookahead'")
    if set(given) != {name for name, _ in blocks}:
        raise ReportError("metric.blocks must name exactly the model's blocks")
    if NATURAL in given.values() and at == "lookahead":
        raise ReportError(f"{NATURAL} must be taken at theta")
    return at, read_metrics(given, dict(blocks))


def _kind(dynamics: dict) -> str:
    kind = entry(dynamics, "kind", str, "dynamics")
    if kind not in _KINDS:
        raise ReportError(f"dynamics.kind must be one of {', '.join(_KINDS)}")
    return kind


def _rate_text(dynamics: dict, kind: str) -> str:
    rate = entry(dynamics, "rate", (str, type(None)), "dynamics")
    if kind == "gradient-flow" and rate is not None:
        raise ReportError("gradient flow has no rate")
    if kind == "nesterov" and (rate or "3/t").replace(" ", "") != "3/t":
        raise ReportError("nesterov has the rate 3/t")
    if kind in ("momentum", "weight-decay") and rate is None:
        raise ReportError(f"dynamics.rate is missing for {kind}")
    return {"gradient-flow": "0", "nesterov": "3/t"}.get(kind) or rate


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

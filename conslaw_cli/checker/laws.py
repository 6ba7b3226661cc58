"""Laws, the textbook way: in the original variables (t, theta, theta') each one's gradient annihilates every control field
M(y) grad phi_i, its derivative along the drift vanishes, and the gradients are independent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log2

import numpy as np
from flint import nmod_mat

from conslaw_cli.checker.draws import words
from conslaw_cli.checker.duals import control
from conslaw_cli.checker.lawtable import Laws
from conslaw_cli.checker.models import whole
from conslaw_cli.checker.parse import ExpressionError, degree, parse
from conslaw_cli.checker.result import Check, ReportError
from conslaw_cli.checker.system import System
from conslaw_cli.checker.worlds import Jet, Unlucky, World, draw_world

ATTEMPTS = 250
LISTED_AT_LEAST = 1000
"""A report lists every law up to this number of them."""


@dataclass
class Findings:
    """What evaluation at one point tells of all laws."""

    prime: int
    rows: list[list[int]] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    """Laws that change along the drift."""
    steered: list[str] = field(default_factory=list)
    """Laws that some loss changes."""
    by_time: list[list[bool]] = field(default_factory=list)
    """For each item and law, whether it depends on time."""
    degree: int = 1
    """Bounds the degrees of the polynomials that were tested."""


def check_laws(system: System, laws: Laws, seed: bytes) -> list[Check]:
    """Everything about the laws themselves; ``seed`` draws the points. Raises ReportError."""
    findings = _examine(system, laws, seed)
    bound = f"at a random point modulo a 61-bit prime; error probability below 2^-{_bits(laws, findings)}"
    return [
        _numbers(laws),
        Check("laws: drift", not findings.moving, _about(laws, findings.moving, "constant along the drift", bound)),
        Check("laws: control", not findings.steered, _about(laws, findings.steered, "constant for every loss", bound)),
        _independence(laws, findings),
        _time(laws, findings),
    ]


def _bits(laws: Laws, findings: Findings) -> int:
    """The variables are eighth powers, and a law is tested three times."""
    return max(0, int(57 - log2(24 * findings.degree * max(1, laws.listed))))


def _about(laws: Laws, failed: list[str], what: str, bound: str) -> str:
    if failed:
        return f"{len(failed)} of {laws.listed} laws are not {what}: {failed[0]}"
    return f"all {laws.listed} listed laws are {what} ({bound})"


def _numbers(laws: Laws) -> Check:
    """Whether the numbers of laws agree with each other and with the lists."""
    for item in laws.items:
        listed = len(item.expressions)
        if not (listed <= item.number if item.truncated else listed == item.number):
            return Check("laws: numbers", False, f"{item.family}: {item.number} laws announced, {listed} listed")
    total = sum(item.number for item in laws.items)
    if total != laws.found:
        return Check("laws: numbers", False, f"the families have {total} laws together, {laws.found} found are announced")
    if laws.truncated and laws.found <= LISTED_AT_LEAST:
        return Check("laws: numbers", False, f"a list of {laws.found} laws must not be truncated")
    rest = f"; {laws.found - laws.listed} are not listed and were not checked" if laws.truncated else ""
    return Check("laws: numbers", True, f"{laws.found} laws in {len(laws.items)} families, {laws.listed} listed{rest}")


def _independence(laws: Laws, findings: Findings) -> Check:
    rows = findings.rows
    rank = nmod_mat(len(rows), len(rows[0]), [x for row in rows for x in row], findings.prime).rank() if rows else 0
    needed = laws.listed if laws.truncated else laws.found
    unchecked = f"; {laws.found - laws.listed} unlisted laws were not checked" if laws.truncated else ""
    detail = f"the gradients of {laws.listed} listed laws have rank {rank}, {needed} is needed{unchecked}"
    return Check("laws: independence", rank == needed == laws.listed, detail)


def _time(laws: Laws, findings: Findings) -> Check:
    """Whether the announced dependence on time is the one found."""
    for item, by_time in zip(laws.items, findings.by_time):
        claimed, found = item.depends_on_time, any(by_time)
        if claimed != found and not (item.truncated and claimed):
            wrong = "depends on time" if found else "is free of time"
            return Check("laws: time", False, f"{item.family} {wrong}, the report says otherwise")
    some = any(item.depends_on_time for item in laws.items)
    if laws.time_dependent is None:
        return Check("laws: time", not laws.items, "no statement about time" + (" although there are laws" if laws.items else ""))
    unlisted = None not in (laws.time_free, laws.independent) and laws.time_free < laws.independent
    if laws.time_dependent != (some or unlisted):
        return Check("laws: time", False, f"laws.time_dependent is {laws.time_dependent}, the laws say otherwise")
    return Check("laws: time", True, "dependence on time is as announced")


def _examine(system: System, laws: Laws, seed: bytes) -> Findings:
    """Evaluates all laws at one point, another one where a root or an inverse is missing there."""
    numbering, names = system.numbering(), frozenset({"t"} | ({system.letter} if system.letter else set()))
    for attempt in range(ATTEMPTS):
        try:
            world = draw_world(seed + bytes([attempt]), system.letter, system.space if laws.listed else 0)
            return Examination(system, world, numbering.__getitem__, names, laws).run()
        except Unlucky:
            continue
        except ExpressionError as error:
            raise ReportError(f"a formula cannot be read: {error}") from None
    raise ReportError("a formula has no value at any point tried")


class Examination:
    """All laws at one point."""

    def __init__(self, system: System, world: World, lookup, names: frozenset[str], laws: Laws) -> None:
        self.system, self.world, self.lookup, self.names, self.laws = system, world, lookup, names, laws
        rate = parse(system.rate, names=names)
        self.rate = world.jet(rate)[0]
        self.degree = 2 * (len(system.blocks) + degree(rate)) + sum(system.exponents.values())
        """Bounds the degree of drift and control fields."""
        self.fields = _control(system, world, self.rate) if laws.listed else []
        columns = min(system.space, 2 * laws.listed + 64)
        self.buckets = _buckets(system.space, columns, world.p) if laws.listed else ([], [], 0)

    def run(self) -> Findings:
        findings = Findings(self.world.p)
        for item in self.laws.items:
            by_time = []
            for text in item.expressions:
                tree = parse(text, self.lookup, self.names)
                jet = self.world.jet(tree)
                findings.degree = max(findings.degree, degree(tree) + self.degree)
                by_time.append(bool(jet[1]))
                if self._drift(jet):
                    findings.moving.append(_short(text))
                if self._steering(jet):
                    findings.steered.append(_short(text))
                findings.rows.append(self._row(jet))
            findings.by_time.append(by_time)
        return findings

    def _drift(self, jet: Jet) -> int:
        """The derivative along the flow without loss."""
        _, by_time, partials = jet
        point, n, p = self.world.variables, self.system.size, self.world.p
        if self.system.kind == "gradient-flow":
            return by_time
        if not self.system.second_order:
            return (by_time - self.rate * sum(partial * point[k] for k, partial in partials.items())) % p
        moved = sum(partial * point[k + n] for k, partial in partials.items() if k < n)
        damped = sum(partial * point[k] for k, partial in partials.items() if k >= n)
        return (by_time + moved - self.rate * damped) % p

    def _steering(self, jet: Jet) -> int:
        """The pairing with a random control field: zero for all of them if it is for this one."""
        shift = self.system.size if self.system.second_order else 0
        return sum(x * self.fields[k - shift] for k, x in jet[2].items() if k >= shift) % self.world.p

    def _row(self, jet: Jet) -> list[int]:
        """The gradient times a fixed sparse random matrix, which cannot raise a rank."""
        columns, factors, width = self.buckets
        row = [0] * width
        for k, partial in jet[2].items():
            for column, factor in zip(columns[k], factors[k]):
                row[column] += partial * factor
        return [value % self.world.p for value in row]


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _control(system: System, world: World, rate: int) -> list[int]:
    """M(y) grad f(theta) for a random functional f of phi, whose coefficients are monomials that tell all entries of phi apart."""
    chain, p, n = whole(system), world.p, system.size
    theta = _row_vector(world.variables[:n])
    at = theta
    if system.lookahead:
        at = (theta * rate + _row_vector(world.variables[n:])) % p
    coefficients = {
        name: _row_vector([world.atom(f"coefficient {name}", k) for k in range(rows * columns)]).reshape(1, rows, columns)
        for name, (rows, columns) in chain.coefficients().items()
    }
    return control(chain, system.exponents, {0: theta}, {0: at}, coefficients, p)[0][0].tolist()


def _row_vector(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=object)[None, :]


def _buckets(variables: int, width: int, p: int) -> tuple[list, list, int]:
    """Columns and entries of a random matrix (variables x width) with three entries in a row; the identity if it is square."""
    if width == variables:
        return [[k] for k in range(variables)], [[1]] * variables, width
    drawn = words(variables, "buckets", np.arange(6), variables)
    columns = (drawn[:3] % np.uint64(width)).T.tolist()
    factors = (drawn[3:] % np.uint64(p - 1) + np.uint64(1)).T.tolist()
    return columns, factors, width

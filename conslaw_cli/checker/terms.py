"""Laws as sums of (function of time) x (polynomial with rational coefficients in the entries, and logarithms of entries).

Nothing else is admitted: what multiplies an entry is a function of time alone, entries have rational exponents, and a logarithm
holds one entry times a function of time, log(T w) = log(T) + log(w). So a law is a table of polynomials by function of time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from conslaw_cli.checker.parse import ExpressionError, Node

Monomial = tuple[tuple[int, int | Fraction], ...]
Time = tuple[Node, ...]
"""Functions of time that are multiplied; () is one."""


@dataclass
class Part:
    """What a function of time multiplies: (coefficient, exponents of variables), and (coefficient, variable) of logarithms."""

    monomials: list[tuple[Fraction | int, Monomial]] = field(default_factory=list)
    logarithms: list[tuple[Fraction | int, int]] = field(default_factory=list)

    def scaled(self, factor: Fraction) -> Part:
        if factor == 1:
            return self
        return Part([(c * factor, m) for c, m in self.monomials], [(c * factor, v) for c, v in self.logarithms])

    def extend(self, other: Part) -> None:
        self.monomials += other.monomials
        self.logarithms += other.logarithms


@dataclass(frozen=True)
class Law:
    """Parts by number of the function of time."""

    parts: dict[int, Part]

    @staticmethod
    def read(tree: Node, times: Times) -> Law:
        """The law of a tree; ``times`` collects the functions of time over all laws of a report. Raises ExpressionError."""
        parts: dict[int, Part] = {}
        for time, part in _terms(tree):
            parts.setdefault(times.number(time), Part()).extend(part)
        return Law(parts)


class Times:
    """The functions of time of a report, each listed once; number 0 is one."""

    def __init__(self) -> None:
        self.nodes: list[Node] = [("num", Fraction(1))]
        self._numbers = {"()": 0}

    def number(self, time: Time) -> int:
        key = repr(time)
        if key not in self._numbers:
            self._numbers[key] = len(self.nodes)
            self.nodes.append(time[0] if len(time) == 1 else ("mul", list(time)))
        return self._numbers[key]


def has_entries(node: Node) -> bool:
    kind = node[0]
    if kind in ("add", "mul"):
        return any(map(has_entries, node[1]))
    if kind in ("pow", "raise"):
        return has_entries(node[1]) or (kind == "raise" and has_entries(node[2]))
    return kind in ("var", "mono") or (kind == "call" and has_entries(node[2]))


def _terms(node: Node) -> list[tuple[Time, Part]]:
    kind = node[0]
    if kind == "mono":
        return [((), Part([(node[1], node[2])]))]
    if kind == "var":
        return [((), Part([(1, ((node[1], 1),))]))]
    if kind == "num":
        return [((), Part([(node[1], ())]))]
    if kind == "add":
        return _sum(node[1])
    if kind == "mul":
        return _product(node[1])
    if not has_entries(node):
        return [((node,), Part([(1, ())]))]
    if kind == "pow" and (node[2].denominator == 1 or node[1][0] == "var"):
        return [_power(node[1], int(node[2]) if node[2].denominator == 1 else node[2])]
    if kind == "call" and node[1] == "log":
        return _logarithm(node[2])
    raise ExpressionError("a law may hold entries in whole powers and logarithms only")


def _sum(nodes: list[Node]) -> list[tuple[Time, Part]]:
    """The terms, those without a function of time in one part."""
    plain, found = Part(), []
    for node in nodes:
        if node[0] == "mono":
            plain.monomials.append((node[1], node[2]))
        else:
            found.extend(_terms(node))
    return ([((), plain)] if plain.monomials else []) + found


def _product(nodes: list[Node]) -> list[tuple[Time, Part]]:
    """Functions of time and numbers times at most one sum; other factors with entries are single monomials."""
    number, time, entries = Fraction(1), [], []
    for node in nodes:
        if node[0] == "num":
            number *= node[1]
        elif has_entries(node):
            entries.append(_terms(node))
        else:
            time += node[1] if node[0] == "mul" else [node]
    number, time = _without_numbers(number, time)
    found = entries[0] if entries else [((), Part([(1, ())]))]
    for factor in entries[1:]:
        found = _times(found, factor)
    return [((*time, *more), part.scaled(number)) for more, part in found]


def _without_numbers(number: Fraction, time: list[Node]) -> tuple[Fraction, list[Node]]:
    for node in time:
        number *= node[1] if node[0] == "num" else 1
    return number, [node for node in time if node[0] != "num"]


def _times(left: list, right: list) -> list[tuple[Time, Part]]:
    """Products of which one side is a single monomial."""
    if len(left) > 1 or len(left[0][1].monomials) > 1:
        left, right = right, left
    time, single = left[0]
    if len(left) > 1 or len(single.monomials) != 1 or any(part.logarithms for _, part in [*left, *right]):
        raise ExpressionError("a product of two sums of entries")
    ((coefficient, monomial),) = single.monomials
    return [
        ((*time, *more), Part([(c * coefficient, _joined(m, monomial)) for c, m in part.monomials]))
        for more, part in right
    ]


def _joined(left: Monomial, right: Monomial) -> Monomial:
    exponents = dict(left)
    for variable, exponent in right:
        exponents[variable] = exponents.get(variable, 0) + exponent
    return tuple((variable, exponent) for variable, exponent in exponents.items() if exponent)


def _power(base: Node, exponent: int | Fraction) -> tuple[Time, Part]:
    """A power of one monomial without a number or a function of time."""
    terms = _terms(base)
    time, part = terms[0]
    if len(terms) > 1 or time or part.logarithms or len(part.monomials) != 1 or part.monomials[0][0] != 1:
        raise ExpressionError("a power of a sum with entries")
    return (), Part([(1, tuple((variable, e * exponent) for variable, e in part.monomials[0][1]))])


def _logarithm(argument: Node) -> list[tuple[Time, Part]]:
    """log(T w) = log(T) + log(w)."""
    terms = _terms(argument)
    time, part = terms[0]
    if len(terms) > 1 or part.logarithms or len(part.monomials) != 1:
        raise ExpressionError("a logarithm of a sum with entries")
    coefficient, monomial = part.monomials[0]
    if coefficient != 1 or len(monomial) != 1 or monomial[0][1] != 1:
        raise ExpressionError("a logarithm of something other than an entry")
    found = [((), Part(logarithms=[(1, monomial[0][0])]))]
    if time:
        scale = time[0] if len(time) == 1 else ("mul", list(time))
        found.append(((("call", "log", scale),), Part([(1, ())])))
    return found

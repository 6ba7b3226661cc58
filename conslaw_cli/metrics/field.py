"""A metric of all parameters whose entries are polynomials in the parameters, such as 1 + W1_1_1**2, for small models.

That it is positive definite everywhere is refuted at a few points or stated as an assumption.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conslaw_cli.expressions.parsing import ExpressionError, parse_expression
from conslaw_cli.expressions.tree import Node, names_of, text_of
from conslaw_cli.metrics import algebraic, rationals
from conslaw_cli.metrics.base import Element, Metric, MetricError, Place, Ring, Shape
from conslaw_cli.metrics.bounding import Operators, Quotients
from conslaw_cli.metrics.full import KEY

LARGEST_FIELD = 16
_POINTS = 6
_TEXT = re.compile(rf"{KEY} \[\[(.+)\]\]")


@dataclass(frozen=True)
class MatrixField(Metric):
    """``entries`` are trees in ``names``, those of the parameters in state order (none before :meth:`placed`)."""

    entries: tuple[tuple[Node, ...], ...]
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{KEY} [" + ", ".join("[" + ", ".join(map(text_of, row)) + "]" for row in self.entries) + "]"

    @property
    def of_all(self) -> bool:
        return True

    @property
    def size(self) -> int:
        return len(self.entries)

    @property
    def numbers(self) -> set[int]:
        return set().union(*(algebraic.numbers(entry) for row in self.entries for entry in row))

    @property
    def weight(self) -> None:
        return None

    @property
    def note(self) -> str:
        return f"it is assumed that {self.name} is positive definite"

    def placed(self, names: tuple[str, ...]) -> MatrixField:
        if len(names) == self.size:
            if unknown := sorted({name for row in self.entries for entry in row for name in names_of(entry)} - set(names)):
                raise MetricError(f"{unknown[0]} is no parameter", f"its entries are polynomials in {names[0]}, …, {names[-1]}")
            _refute(self, names)
        return MatrixField(self.entries, names)

    def apply(self, ring: Ring, gradient: Any, point: Any) -> Any:
        """The gradient of all parameters as one row."""
        values = dict(zip(self.names, ring.columns(point)))
        components = ring.columns(gradient)
        return ring.joined([self._row(ring, row, components, values) for row in self.entries])

    def _row(self, ring: Ring, row: tuple[Node, ...], components: list, values: dict[str, Any]) -> Any:
        terms = [ring.multiply(algebraic.evaluate(entry, ring, values), g) for entry, g in zip(row, components)]
        total = terms[0]
        for term in terms[1:]:
            total = ring.add(total, term)
        return total

    def covector(
        self, partials: Mapping[Place, Element], point: Callable[[Place], Element], symbol: Callable[[Place], Element]
    ) -> dict[Place, Element]:
        values = {name: point((0, k)) for k, name in enumerate(self.names)}
        ring = Operators(next(iter(values.values())) ** 0)
        found: dict[Place, Element] = {}
        for (_, j), partial in partials.items():
            for i, row in enumerate(self.entries):
                term = partial * algebraic.evaluate(row[j], ring, values)
                found[0, i] = found[0, i] + term if (0, i) in found else term
        return found

    def bound(self, gradient: Any, point: Any, shape: Shape) -> Any:
        values = dict.fromkeys(self.names, (point, None))
        rows = [[algebraic.evaluate(entry, Quotients(point), values)[0] for entry in row] for row in self.entries]
        sums = [sum(row[1:], row[0]) for row in rows]
        largest = sums[0]
        for bound in sums[1:]:
            largest = largest.joined(bound)
        return gradient * largest

    def same_signs(self, shape: Shape) -> list[tuple[Place, ...]]:
        """None is allowed to change: what the entries do with signs is not looked into."""
        return [((0, k),) for k in range(self.size)]


def read_field(value: object, size: int | None) -> MatrixField | None:
    """The metric of a matrix with entries that are no numbers; None for another value. Raises MetricError."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(row, (list, tuple)) for row in value):
        return None
    if not any(isinstance(entry, str) and re.search("[A-Za-z]", entry) for row in value for entry in row):
        return None
    if len(value) > LARGEST_FIELD or any(len(row) != len(value) for row in value) or size not in (None, len(value)):
        wanted = f"{size} rows of {size}" if size and size <= LARGEST_FIELD else f"at most {LARGEST_FIELD} parameters"
        raise MetricError(f"{KEY} has {len(value)} rows, or rows of other lengths", f"write a square matrix: {wanted}")
    entries = tuple(tuple(_entry(entry) for entry in row) for row in value)
    for i, j in ((i, j) for i in range(len(entries)) for j in range(i)):
        if entries[i][j] != entries[j][i]:
            both = f"entry ({i + 1}, {j + 1}) is {text_of(entries[i][j])}, entry ({j + 1}, {i + 1}) is {text_of(entries[j][i])}"
            raise MetricError(f"{KEY} is not symmetric: {both}", "a metric is a symmetric matrix: make them equal")
    return MatrixField(entries)


def read(value: object, shape: Shape | None) -> MatrixField | None:
    """The metric of a block by its canonical text; None for another value. Raises MetricError."""
    text = _TEXT.fullmatch(value) if isinstance(value, str) and len(value) < 100_000 else None
    return text and read_field([row.split(", ") for row in text[1].split("], [")], None)


def schemas() -> list[dict[str, object]]:
    """JSON Schemas of the values that :func:`read` takes: those of a constant matrix."""
    return []


def _entry(value: object) -> Node:
    """A number, or the text of a polynomial."""
    try:
        tree = parse_expression(str(value)).tree if not isinstance(value, bool) else None
    except ExpressionError as error:
        raise MetricError(f"an entry of {KEY} {error.message}", error.remedy) from None
    if tree is None:
        raise MetricError(f"{KEY} has an entry that is no expression", 'write e.g. "1 + W1_1_1**2"')
    algebraic.require(tree, f"an entry of {KEY}")
    if algebraic.root(tree) > 1 or algebraic.has_poles(tree):
        raise MetricError(f"{text_of(tree)} is no polynomial", f"the entries of {KEY} are polynomials in the parameters")
    return tree


def _refute(metric: MatrixField, names: tuple[str, ...]) -> None:
    """Raises MetricError where the matrix is not positive definite at some point."""
    for point in _points(names):
        matrix = tuple(tuple(Fraction(algebraic.evaluate(e, _Numbers(), point)) for e in row) for row in metric.entries)
        where = ", ".join(f"{name} = {value}" for name, value in list(point.items())[:4])
        rationals.require_positive(matrix, f"{KEY} at {where}{', …' if len(point) > 4 else ''}")


def _points(names: tuple[str, ...]) -> Iterator[dict[str, Fraction]]:
    for number in range(_POINTS):
        yield {name: Fraction((7 * k + 11 * number * (k + 2)) % 13 - 6, 1 + number) for k, name in enumerate(names)}


class _Numbers:
    """The field of rationals."""

    def constant(self, value: Fraction) -> Fraction:
        return value

    def add(self, a: Fraction, b: Fraction) -> Fraction:
        return a + b

    def multiply(self, a: Fraction, b: Fraction) -> Fraction:
        return a * b

    def power(self, a: Fraction, exponent: int) -> Fraction:
        return a**exponent

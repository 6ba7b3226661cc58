"""Scalar laws expanded from the forms that are printed, to hold a form against the laws that were verified."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import islice

from conslaw_cli.report.formula import BlockRef, Shifted, Entry, Formula, MatrixForm, NeuronForm, NeuronTerm

Shapes = dict[str, tuple[int, int | None]]
"""Rows and columns of the blocks; None for a vector, whose entries have one index."""
Scalar = dict[tuple, Fraction]
"""Coefficients by (function of time, entries with exponents, whether it is their logarithm)."""
COMPARED = 64
"""Members of a family that are compared with its form: all of most families, the first of large ones."""


def verified(
    form: MatrixForm | NeuronForm, members: Iterable[tuple[int, int, Formula]], shapes: Shapes
) -> MatrixForm | NeuronForm | None:
    """The form, if its entries (k, l) are the given members up to factors; None otherwise: then it must not be printed.

    The entries of a form, and those of a family, are one template in the neurons k and l, so the first ones, among them diagonal and
    other ones, stand for all.
    """
    compared = list(islice(members, COMPARED))
    same = all(proportional(entry(form, k, l, shapes), scalar(law)) for k, l, law in compared)
    return form if same and all(_symmetric(form, k, l, shapes) for k, l, _ in compared) else None


def _symmetric(form: MatrixForm | NeuronForm, k: int, l: int, shapes: Shapes) -> bool:
    """Whether the entries (k, l) and (l, k) are as the form's symmetry says."""
    if isinstance(form, NeuronForm):
        return True
    sign = 1 if form.symmetry == "symmetric" else -1
    mirrored = entry(form, l, k, shapes)
    return entry(form, k, l, shapes) == {key: sign * coefficient for key, coefficient in mirrored.items()}


def entry(form: MatrixForm | NeuronForm, k: int, l: int, shapes: Shapes) -> Scalar:
    """Entry (k, l) of a matrix form, or law k of a neuron form, indices from 0."""
    found: list[tuple[tuple, Fraction]] = []
    if isinstance(form, NeuronForm):
        for term in form.terms:
            found.extend(_neuron(form, term, k, shapes))
        return _collected(found)
    for product in form.terms:
        for m in range(_shape(product.left, shapes)[1]):
            factors = sorted([_at(product.left, k, m, shapes), _at(product.right, m, l, shapes)], key=lambda e: e.name)
            powers = ((factors[0], 2),) if factors[0] == factors[1] else tuple((factor, 1) for factor in factors)
            found.append(((_plain(form.time), frozenset(powers), False), Fraction(product.coefficient)))
    return _collected(found)


def scalar(formula: Formula) -> Scalar:
    """A scalar law in the same terms."""
    return _collected(
        (
            (
                _plain(formula.log_scale if term.log else group.time),
                frozenset(term.factors),
                term.log,
            ),
            Fraction(term.coefficient),
        )
        for group in formula.groups
        for term in group.terms
    )


def proportional(a: Scalar, b: Scalar) -> bool:
    """Whether two laws are multiples of each other by a number that is not zero."""
    if not a or a.keys() != b.keys():
        return False
    first = next(iter(a))
    return all(a[key] * b[first] == b[key] * a[first] for key in a)


def _neuron(form: NeuronForm, term: NeuronTerm, k: int, shapes: Shapes) -> Iterable[tuple[tuple, Fraction]]:
    rows, columns = _shape(BlockRef(term.block), shapes)
    outgoing = term.side == "out"
    for m in range(rows if outgoing else columns):
        place = _at(BlockRef(term.block, velocity=term.velocity), *((m, k) if outgoing else (k, m)), shapes)
        place = place if term.constant is None else Shifted(place, term.constant)
        is_log = term.function == "log"
        time = form.log_scale if is_log else _times(form.time, term.time)
        yield (_plain(time), frozenset({(place, 1 if is_log else term.exponent)}), is_log), Fraction(term.coefficient)


def _shape(block: BlockRef, shapes: Shapes) -> tuple[int, int]:
    rows, columns = shapes[block.block][0], shapes[block.block][1] or 1
    return (columns, rows) if block.transposed else (rows, columns)


def _at(block: BlockRef, row: int, column: int, shapes: Shapes) -> Entry:
    if block.transposed:
        row, column = column, row
    return Entry(block.block, row + 1, None if shapes[block.block][1] is None else column + 1, block.velocity)


def _times(a: str, b: str) -> str:
    return "*".join(text for text in (a, b) if text != "1") or "1"


def _plain(text: str) -> str:
    """Without brackets around all of it."""
    depths, depth = [], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        depths.append(depth)
    return _plain(text[1:-1]) if text.startswith("(") and 0 not in depths[:-1] else text


def _collected(terms: Iterable[tuple[tuple, Fraction]]) -> Scalar:
    found: Scalar = {}
    for key, coefficient in terms:
        found[key] = found.get(key, Fraction(0)) + coefficient
    return {key: coefficient for key, coefficient in found.items() if coefficient}

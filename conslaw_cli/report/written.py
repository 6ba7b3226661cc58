"""One law of a family's form written out: which entries of blocks are in it, and its formula."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from conslaw_cli.report.formula import (
    BlockRef,
    Entry,
    FormEntry,
    Formula,
    Group,
    MatrixForm,
    MatrixTerm,
    MirrorTerm,
    NeuronTerm,
    Shifted,
    Term,
    TravelForm,
    TravelTerm,
)

LETTERS = "klmn"
Shapes = Mapping[str, tuple[int, ...]]


def unfolded(ref: BlockRef, array: np.ndarray) -> np.ndarray:
    """A value for each entry of a block, as the matrix that stands in a form: transposed, or an unfolding of it."""
    array = array.reshape(ref.shape or array.shape)
    if ref.axes:
        along = tuple(axis - 1 for axis in ref.axes)
        others = tuple(axis for axis in range(array.ndim) if axis not in along)
        array = array.transpose(*along, *others).reshape(int(np.prod([array.shape[axis] for axis in along])), -1)
    else:
        array = array.reshape(array.shape[0] if array.ndim else 1, -1)
    return array.T if ref.transposed else array


def neuron_slots(term: NeuronTerm) -> tuple[str, ...]:
    """The indices of the entries that a term sums over: letters for those of the neuron, ":" for all."""
    return {"out": (":", "k"), "in": ("k", ":"), "bias": ("k",), "slice": term.slots}[term.side]


def formula_of(law: FormEntry, shapes: Shapes) -> Formula:
    """The law in the entries of blocks with such shapes."""
    form = law.form
    if isinstance(form, TravelForm):
        return Formula((Group("1", tuple(_travel(form, law.indices[0]))),))
    groups: dict[str, list] = defaultdict(list)
    if isinstance(form, MatrixForm):
        groups[form.time] = _matrix_terms(form, law.indices[0] - 1, law.indices[-1] - 1, shapes)
        return Formula(tuple(Group(time, tuple(terms)) for time, terms in groups.items()))
    for term in form.terms:
        time = form.time if term.time == "1" else term.time
        groups[time] += _neuron_terms(term, dict(zip(LETTERS, law.indices)), shapes)
    return Formula(tuple(Group(time, tuple(terms)) for time, terms in groups.items()), form.log_scale)


def _travel(form: TravelForm, neuron: int) -> Iterator[TravelTerm]:
    for sign, k in ((1, neuron), (-1, 1)):
        yield TravelTerm(sign, Entry(form.outgoing, (1, k)), Entry(form.incoming, (k, 1)), form.powers)


def _matrix_terms(form: MatrixForm, k: int, l: int, shapes: Shapes) -> list[Term]:
    """Entry (k, l), from 0: products of two entries, equal ones taken together."""
    found: dict[tuple, int] = defaultdict(int)
    for term in form.terms:
        left, right = (_entries(ref, shapes) for ref in (term.left, term.right))
        for a, b, factor in _pairs(term, left[k], right[:, l]):
            entries = sorted((_entry(term.left, a, shapes), _entry(term.right, b, shapes)), key=lambda entry: entry.name)
            found[tuple(entries)] += term.coefficient * factor
    return [Term(c, ((a, 2),) if a == b else ((a, 1), (b, 1))) for (a, b), c in found.items() if c]


def _pairs(term: MatrixTerm, left: np.ndarray, right: np.ndarray) -> Iterator[tuple[int, int, int]]:
    if term.middle is None:
        yield from ((int(a), int(b), 1) for a, b in zip(left, right))
        return
    yield from ((int(a), int(b), x) for a, row in zip(left, term.middle) for b, x in zip(right, row) if x)


def _entries(ref: BlockRef, shapes: Shapes) -> np.ndarray:
    """The numbers of the block's entries, row by row, where they stand in the form."""
    shape = shapes[ref.block]
    return unfolded(ref, np.arange(int(np.prod(shape, dtype=int))).reshape(shape))


def _entry(ref: BlockRef | NeuronTerm, number: int, shapes: Shapes) -> Entry:
    place = np.unravel_index(number, shapes[ref.block])
    return Entry(ref.block, tuple(int(index) + 1 for index in place), ref.velocity)


def _neuron_terms(term: NeuronTerm, indices: Mapping[str, int], shapes: Shapes) -> Iterator[Term | MirrorTerm]:
    """A term of the law with these values of the letters."""
    if term.function == "one":
        yield Term(term.coefficient, ())
        return
    shape = term.shape or shapes[term.block]
    ranges = [range(size) if slot == ":" else (int(indices.get(slot, slot)) - 1,) for slot, size in zip(neuron_slots(term), shape)]
    for place in product(*ranges):
        number = int(np.ravel_multi_index(place, shape)) if place else 0
        yield _function(term, _entry(term, number, shapes))


def _function(term: NeuronTerm, entry: Entry) -> Term | MirrorTerm:
    if term.function == "mirror":
        return MirrorTerm(term.coefficient, entry, term.rate)
    base = entry if term.constant is None else Shifted(entry, term.constant)
    log = term.function == "log"
    return Term(term.coefficient, ((base, 1 if log else term.exponent),), log)

"""The laws of a report that a neuron, a row, an entry or a block takes part in, told from how the laws are built.

Entry (k, l) of a matrix form holds the rows and columns k and l of its blocks, law k of a neuron form the slices of neuron k; a law
without a form holds the entries that are in it, and an Abelian integral all entries of its three blocks. Nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import structs

from conslaw_cli.report.formula import (
    Entry,
    FormEntry,
    Formula,
    Group,
    IntegralSum,
    MatrixForm,
    NeuronForm,
    NeuronTerm,
    Shifted,
    TravelForm,
    TravelTerm,
)
from conslaw_cli.report.model import Chosen, Family, Only, Report
from conslaw_cli.report.places import Place, read_place
from conslaw_cli.report.written import LETTERS, neuron_slots, unfolded

Masks = Mapping[str, np.ndarray]
"""For each block that is asked for which of its entries are."""


def restricted(report: Report, texts: Iterable[str]) -> Report:
    """The report with the laws that any of the parts takes part in, with its parameters or their velocities. Raises PlaceError."""
    shapes = dict(report.model.blocks)
    places = tuple(read_place(text, shapes) for text in texts)
    masks = _masks(places, shapes)
    start, families = 0, []
    for family in report.laws.families:
        families.append(_chosen(family, start, masks, shapes))
        start += len(family.members)
    return structs.replace(report, only=Only(places, tuple(families)))


def _masks(places: Sequence[Place], shapes: Mapping[str, tuple[int, ...]]) -> Masks:
    masks = {place.block: np.zeros(shapes[place.block], dtype=bool) for place in places}
    for place in places:
        masks[place.block][place.slices] = True
    return masks


def _chosen(family: Family, start: int, masks: Masks, shapes: Mapping[str, tuple[int, ...]]) -> Chosen:
    """What there is of a family whose first member has the number ``start``, from 0, in the report."""
    form = family.form
    if form is None:
        laws = [(str(start + i + 1), law) for i, law in enumerate(family.members) if _holds(law, masks)]
        return Chosen(family, tuple(laws), len(family.members))
    if isinstance(form, IntegralSum):
        blocks = {form.curve.first, form.curve.middle, form.curve.last}
        laws = [(str(start + i + 1), law) for i, law in enumerate(family.members) if blocks & set(masks)]
        return Chosen(family, tuple(laws), len(family.members))
    touched = _touched(form, masks, shapes)
    rows = tuple(int(k) + 1 for k in np.flatnonzero(touched)) if touched.ndim == 1 else ()
    laws = [FormEntry(form, tuple(int(index) + 1 for index in place)) for place in _places(form, touched)]
    return Chosen(family, tuple((law.label, law) for law in laws), family.entries or family.number, rows)


def _holds(law: Formula, masks: Masks) -> bool:
    """Whether an entry that is asked for is in a law."""
    return any(_is_asked(entry, masks) for group in law.groups for entry in _entries_of(group))


def _entries_of(group: Group) -> Iterator[Entry]:
    for term in group.terms:
        if isinstance(term, TravelTerm):
            yield from (term.outgoing, term.incoming)
        elif hasattr(term, "entry"):
            yield term.entry
        else:
            yield from (base.entry if isinstance(base, Shifted) else base for base, _ in term.factors)


def _is_asked(entry: Entry, masks: Masks) -> bool:
    mask = masks.get(entry.block)
    return mask is not None and bool(mask[tuple(index - 1 for index in entry.indices)])


def _touched(form: MatrixForm | NeuronForm | TravelForm, masks: Masks, shapes: Mapping[str, tuple[int, ...]]) -> np.ndarray:
    """Which rows of a matrix form, or which neurons, hold an entry that is asked for."""
    if isinstance(form, MatrixForm):
        return _rows(form, masks)
    if isinstance(form, TravelForm):
        terms = NeuronTerm(1, form.outgoing, "out"), NeuronTerm(1, form.incoming, "in")
        found = _neurons(NeuronForm("1", terms, form.size), masks)
        return found | found[0]
    return _neurons(form, masks)


def _rows(form: MatrixForm, masks: Masks) -> np.ndarray:
    """A row that a middle matrix leaves out is in no product."""
    found = np.zeros(form.size, dtype=bool)
    for term in form.terms:
        middle = None if term.middle is None else np.array(term.middle) != 0
        if (mask := masks.get(term.left.block)) is not None:
            left = unfolded(term.left, mask)
            found |= (left if middle is None else left[:, middle.any(1)]).any(1)
        if (mask := masks.get(term.right.block)) is not None:
            right = unfolded(term.right, mask)
            found |= (right if middle is None else right[middle.any(0)]).any(0)
    return found


def _neurons(form: NeuronForm, masks: Masks) -> np.ndarray:
    found = np.zeros(form.ranges or (form.size,), dtype=bool)
    for term in form.terms:
        if (mask := masks.get(term.block)) is not None:
            slots = neuron_slots(term)
            sums = tuple(axis for axis, slot in enumerate(slots) if slot not in LETTERS)
            slices = mask.reshape(term.shape or mask.shape).any(axis=sums)
            present = sorted(slot for slot in slots if slot in LETTERS)
            found |= slices.reshape([size if letter in present else 1 for letter, size in zip(LETTERS, found.shape)])
    return found


def _places(form: MatrixForm | NeuronForm | TravelForm, touched: np.ndarray) -> np.ndarray:
    """The indices, from 0, of the laws of a form that hold what is touched."""
    if isinstance(form, TravelForm):
        return np.argwhere(touched[1:]) + 1
    if isinstance(form, NeuronForm) or form.symmetry == "diagonal":
        return np.argwhere(touched)
    pairs = np.triu(touched[:, None] | touched[None, :], 1 if form.symmetry == "antisymmetric" else 0)
    block = np.arange(form.size) // (form.size // form.blocks)
    return np.argwhere(pairs & (block[:, None] == block[None, :]))

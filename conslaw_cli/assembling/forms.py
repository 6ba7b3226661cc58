"""Matrix expressions as a report has them: put in terms of (t, theta, theta') like any law, each factor standing for one letter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from conslaw_cli.assembling.original import in_original
from conslaw_cli.dynamics.base import Dynamics
from conslaw_cli.graph.nodes import Shape
from conslaw_cli.laws.aligned import AlignedFamily
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.matrices import Block, MatrixExpression, Product, RowSums, total
from conslaw_cli.metrics.base import Matrix
from conslaw_cli.report.formula import BlockRef, MatrixForm, MatrixTerm, NeuronForm, NeuronTerm, Shifted, Term
from conslaw_cli.rings.polynomials import Polynomial, times

Shapes = dict[str, Shape]
"""Numbers of the values of each index of the blocks' entries."""


@dataclass(frozen=True)
class _Letter:
    """A factor in its place of a product, before its ``middle`` matrix or after; for a block and its velocity the same."""

    block: Block
    first: bool = True
    middle: Matrix | None = None


def aligned_form(family: AlignedFamily, dynamics: Dynamics, shapes: Shapes) -> MatrixForm | NeuronForm | None:
    """The form of laws that follow one pattern along axes; None where they are no whole blocks, or have several functions of time."""
    if family.blocks is None:
        return None
    letters = _Letters(family.expression)
    groups = in_original(letters.law, dynamics, len(letters.found), letters.at).groups
    if any(isinstance(term, Product) for term in family.expression.terms):
        if len(groups) > 1:
            return None
        (group,) = groups
        return MatrixForm(group.time, tuple(map(_product, group.terms)), family.width, family.expression.symmetry, family.blocks)
    time = groups[0].time if len(groups) == 1 else "1"
    terms = tuple(_slice(term, shapes, "1" if len(groups) == 1 else group.time) for group in groups for term in group.terms)
    return NeuronForm(time, terms, family.width, ranges=family.rows)


def _slice(term: Term, shapes: Shapes, time: str) -> NeuronTerm:
    ((_, exponent),) = term.factors
    (letter,) = _letters(term)
    block, names = letter.block, iter("klmn")
    axes = block.axes if block.axes is not None else (1,) if block.transposed else (0,)
    shape = block.shape or shapes[block.name]
    slots = tuple(next(names) if axis in axes else ":" if size > 1 else "1" for axis, size in enumerate(shape))
    return NeuronTerm(term.coefficient, block.name, "slice", exponent=exponent, velocity=block.moving, time=time, slots=slots, shape=block.shape or ())


def family_form(expression: MatrixExpression, dynamics: Dynamics, width: int, shapes: Shapes) -> MatrixForm | NeuronForm:
    """The form of a family with so many neurons.

    What a dynamics puts for Q and P is a combination of theta and theta' with scalar coefficients, the same for blocks as for entries.
    """
    letters = _Letters(expression)
    groups = in_original(letters.law, dynamics, len(letters.found), letters.at).groups
    if any(isinstance(term, Product) for term in expression.terms):
        (group,) = groups
        return MatrixForm(group.time, tuple(map(_product, group.terms)), width, expression.symmetry)
    plain = {name: (*shape, 1, 1)[:2] for name, shape in shapes.items()}
    log_scale = dynamics.growth.text if expression.log_surplus(plain) else "1"
    time = groups[0].time if len({group.time for group in groups}) == 1 else "1"
    terms = [_row_sums(term, group.time if time == "1" else "1", shapes) for group in groups for term in group.terms]
    order = {term.block: place for place, term in enumerate(terms) if not term.velocity}
    return NeuronForm(time, tuple(sorted(terms, key=lambda term: (term.velocity, order.get(term.block, 0)))), width, log_scale)


@dataclass(frozen=True)
class _Letters:
    """An expression as a law whose variables are its factors; those of a product do not commute, so each place has its own."""

    expression: MatrixExpression

    @cached_property
    def found(self) -> list[_Letter]:
        """The letters, what is printed first last, as the entries of a model are numbered."""
        letters = [letter for term in self.expression.terms for letter, _ in _factors(term)]
        return list(dict.fromkeys(letters))[::-1]

    @property
    def law(self) -> Law:
        return total(map(self._law, self.expression.terms))

    def _law(self, term: Product | RowSums) -> Law:
        numbers = [self.found.index(letter) + (len(self.found) if moving else 0) for letter, moving in _factors(term)]
        if isinstance(term, RowSums):
            return term.applied(numbers)
        left, right = numbers
        return Law(Polynomial({times(((left, 1),), ((right, 1),)): term.coefficient}))

    def at(self, number: int, moving: bool) -> _Letter:
        letter = self.found[number]
        return replace(letter, block=replace(letter.block, moving=moving))


def _factors(term: Product | RowSums) -> list[tuple[_Letter, bool]]:
    """The letters of a term's factors, and whether they are velocities."""
    if isinstance(term, RowSums):
        return [(_Letter(replace(term.block, moving=False)), term.block.moving)]
    left, right = (replace(block, moving=False) for block in (term.left, term.right))
    return [(_Letter(left, True, term.middle), term.left.moving), (_Letter(right, False), term.right.moving)]


def _letters(term: Term) -> list[_Letter]:
    """A term's letters from left to right."""
    found = [base.entry if isinstance(base, Shifted) else base for base, _ in term.factors]
    return sorted(found, key=lambda letter: not letter.first)


def _product(term: Term) -> MatrixTerm:
    left, right = _letters(term)
    return MatrixTerm(term.coefficient, _reference(left.block), _reference(right.block), left.middle)


def _reference(block: Block) -> BlockRef:
    axes = () if block.axes is None else tuple(axis + 1 for axis in block.axes)
    return BlockRef(block.name, block.transposed, block.moving, axes, block.shape or ())


def _row_sums(term: Term, time: str, shapes: Shapes) -> NeuronTerm:
    ((base, exponent),) = term.factors
    (letter,), constant = _letters(term), base.constant if isinstance(base, Shifted) else None
    block, function = letter.block, "log" if term.log else "power"
    return NeuronTerm(term.coefficient, block.name, side(block, shapes), function, exponent, block.moving, time, constant=constant)


def side(block: Block, shapes: Shapes) -> str:
    """Which entries of a block are a neuron's: its column, its row, or its one entry."""
    return "out" if block.transposed else "in" if len(shapes[block.name]) > 1 else "bias"

"""Families of laws as graphs: matrix forms as products of blocks, neuron forms as sums along their axes."""

from __future__ import annotations

from functools import reduce
from math import prod
from operator import add

from conslaw_cli.evaluation.leaves import Leaves, raised, scaled
from conslaw_cli.evaluation.sums import Timed, mirrored, shifted, travelled
from conslaw_cli.functions import log
from conslaw_cli.graph.nodes import Constant, Node, as_matrix, constant
from conslaw_cli.report.formula import BlockRef, MatrixForm, MatrixTerm, NeuronForm, NeuronTerm, TravelForm

INDICES = "klmn"


def terms(form: MatrixForm | NeuronForm | TravelForm, leaves: Leaves) -> list[Timed]:
    """The terms of a form, each with its function of time, all of the family's shape."""
    if isinstance(form, MatrixForm):
        return [(form.time, scaled(term.coefficient, _matrix(term, form, leaves))) for term in form.terms]
    if isinstance(form, TravelForm):
        return [("1", _travel(form, leaves))]
    found = [(_times(form.time, term.time), scaled(term.coefficient, _neuron(term, form, leaves))) for term in form.terms]
    if form.log_scale == "1":
        return found
    surplus = [constant(term.coefficient * _length(term, leaves)) for term in form.terms if term.function == "log"]
    return [*found, (f"log({form.log_scale})", reduce(add, surplus).broadcast(found[0][1].shape))]


def _times(a: str, b: str) -> str:
    return b if a == "1" else a if b == "1" else f"({a})*({b})"


def _matrix(term: MatrixTerm, form: MatrixForm, leaves: Leaves) -> Node:
    """The product; its diagonal alone, or its diagonal blocks (blocks, size, size), where these are the laws."""
    left, right = _factor(term.left, leaves), _factor(term.right, leaves)
    if term.middle:
        left = left @ Constant((len(term.middle), len(term.middle[0])), tuple(x for row in term.middle for x in row))
    if form.symmetry == "diagonal":
        return (left * right.mT).sum(1)
    if form.blocks == 1:
        return left @ right
    size = (form.blocks, form.size // form.blocks, left.shape[1])
    return left.reshape(size) @ right.mT.reshape(size).mT


def _factor(ref: BlockRef, leaves: Leaves) -> Node:
    """A block as a matrix: as it is, or its unfolding with some axes along the rows."""
    block = leaves.block(ref.block, ref.velocity)
    block = block.reshape(ref.shape) if ref.shape else block
    rows = [axis - 1 for axis in ref.axes]
    if rows:
        block = block.permute([*rows, *(axis for axis in range(len(block.shape)) if axis not in rows)])
        matrix = block.reshape((prod(block.shape[: len(rows)]), prod(block.shape[len(rows) :])))
    else:
        matrix = block.reshape(as_matrix(block.shape))
    return matrix.mT if ref.transposed else matrix


def _neuron(term: NeuronTerm, form: NeuronForm, leaves: Leaves) -> Node:
    """One number for every neuron, or for all values of the indices."""
    sizes = form.ranges or (form.size,)
    if term.function == "one":
        return constant(1).broadcast(sizes)
    block, velocity = leaves.block(term.block, term.velocity), leaves.block(term.block, True) if term.function == "mirror" else None
    if term.side == "slice":
        return _slice(_applied(term, form, [block.reshape(term.shape) if term.shape else block]), term.slots, sizes)
    value = _applied(term, form, [node.reshape(as_matrix(node.shape)) for node in (block, velocity) if node])
    return value.sum(0) if term.side == "out" else value.sum(1)


def _applied(term: NeuronTerm, form: NeuronForm, entries: list[Node]) -> Node:
    """The term's function of every entry."""
    if term.function == "mirror":
        return mirrored(entries, term.rate)
    base = shifted(entries[0], term.constant)
    return log(base) if term.function == "log" else raised(base, term.exponent)


def _slice(values: Node, slots: tuple[str, ...], sizes: tuple[int, ...]) -> Node:
    """Sums over the axes that have no index, the others in the order of the indices."""
    total = values.sum([axis for axis, slot in enumerate(slots) if slot not in INDICES])
    named = [slot for slot in slots if slot in INDICES]
    total = total.permute(sorted(range(len(named)), key=named.__getitem__))
    kept = tuple(size if name in named else 1 for name, size in zip(INDICES, sizes))
    return total.reshape(kept).broadcast(sizes)


def _length(term: NeuronTerm, leaves: Leaves) -> int:
    """How many entries a neuron's term sums over."""
    rows, columns = as_matrix(leaves.shapes[term.block])
    return {"out": rows, "in": columns}.get(term.side, 1)


def _travel(form: TravelForm, leaves: Leaves) -> Node:
    """T of every neuron but the first, less that of the first."""
    u, v = (leaves.block(name).reshape((form.size,)) for name in (form.outgoing, form.incoming))
    values = travelled([u, v], form.powers)
    return values[1:] - values[:1]

"""Einstein summation, two operands at a time, each pair one batched matrix product."""

from __future__ import annotations

import re
from collections import Counter
from math import prod

import numpy as np

from conslaw_cli.functions.arrays import array, fitting, numbered
from conslaw_cli.graph.nodes import Node, Number

_SUBSCRIPTS = re.compile(r"([a-zA-Z]*(?:,[a-zA-Z]*)*)(?:->([a-zA-Z]*))?")

Term = tuple[str, Node]
"""One letter for each axis, and the array."""


def einsum(subscripts: str, *operands: Number) -> Node:
    """Sums of products as NumPy writes them, ``einsum("ij,jk->ik", a, b)``; letters and no "...".

    Raises ValueError for subscripts that do not fit the shapes.
    """
    nodes = [array(operand) for operand in operands]
    inputs, output = _letters(subscripts, nodes)
    sizes = _sizes(inputs, nodes)
    terms = [_diagonal(letters, node) for letters, node in zip(inputs, nodes)]
    while len(terms) > 1:
        a, b, *rest = terms
        wanted = set(output).union(*(letters for letters, _ in rest))
        terms = [_contracted(a, b, wanted, sizes), *rest]
    letters, node = _summed(terms[0], set(output))
    return node.permute(letters.index(letter) for letter in output)


def _letters(subscripts: object, nodes: list[Node]) -> tuple[list[str], str]:
    found = _SUBSCRIPTS.fullmatch(subscripts.replace(" ", "")) if isinstance(subscripts, str) else None
    if not found:
        raise ValueError('einsum takes letters such as "ij,jk->ik" and the arrays')
    inputs = found[1].split(",")
    if len(inputs) != len(nodes):
        raise ValueError(f"{subscripts} is for {len(inputs)} arrays, not {len(nodes)}")
    counted = Counter("".join(inputs))
    output = "".join(sorted(one for one, times in counted.items() if times == 1)) if found[2] is None else found[2]
    if len(set(output)) < len(output) or not set(output) <= set(counted):
        raise ValueError(f"the letters of the result {output} are not different ones of {found[1]}")
    return inputs, output


def _sizes(inputs: list[str], nodes: list[Node]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for letters, node in zip(inputs, nodes):
        if len(letters) != len(node.shape):
            raise ValueError(f"{letters or 'no letters'} for an array of shape {node.shape}")
        for letter, size in zip(letters, node.shape):
            if sizes.setdefault(letter, size) != size:
                raise ValueError(f"{letter} is both {sizes[letter]} and {size}: shapes {', '.join(str(one.shape) for one in nodes)} do not match")
    return sizes


def _diagonal(letters: str, node: Node) -> Term:
    """Every letter once."""
    distinct = "".join(dict.fromkeys(letters))
    if distinct == letters:
        return letters, node
    names = {letter: number for number, letter in enumerate(distinct)}
    index = np.einsum(numbered(node.shape), [names[one] for one in letters], list(range(len(distinct))))
    return distinct, node.gather(index)


def _summed(term: Term, wanted: set[str]) -> Term:
    """The letters that are not wanted summed over."""
    letters, node = term
    gone = [axis for axis, letter in enumerate(letters) if letter not in wanted]
    return "".join(letter for letter in letters if letter in wanted), node.sum(gone)


def _contracted(first: Term, second: Term, wanted: set[str], sizes: dict[str, int]) -> Term:
    """The product of two arrays, summed over what only they have and nobody wants."""
    (left, a), (right, b) = _summed(first, wanted | set(second[0])), _summed(second, wanted | set(first[0]))
    shared = [letter for letter in left if letter in right]
    batch = [letter for letter in shared if letter in wanted]
    inner = [letter for letter in shared if letter not in wanted]
    rows = [letter for letter in left if letter not in shared]
    columns = [letter for letter in right if letter not in shared]
    shape = fitting(tuple(sizes[letter] for letter in (*batch, *rows, *columns)))
    product = _matrices(left, a, batch, rows, inner, sizes) @ _matrices(right, b, batch, inner, columns, sizes)
    return "".join((*batch, *rows, *columns)), product.reshape(shape)


def _matrices(letters: str, node: Node, *groups_and_sizes) -> Node:
    """The array as (batch, rows, columns), each the product of some of its axes."""
    *groups, sizes = groups_and_sizes
    ordered = node.permute(letters.index(letter) for group in groups for letter in group)
    return ordered.reshape(tuple(prod(sizes[letter] for letter in group) for group in groups))

"""The laws of a report as graphs of array operations: what values, code and symmetries are made from.

A family with a matrix or a neuron form is one graph, whose value holds all its laws at once; a law without a form is one by itself, or,
where a family has many, one entry of a vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from conslaw_cli.evaluation import forms
from conslaw_cli.evaluation.leaves import VELOCITY, Leaves
from conslaw_cli.evaluation.sums import alone, together
from conslaw_cli.evaluation.times import TIME, letters, time_tree
from conslaw_cli.expressions.tree import names_of
from conslaw_cli.graph.nodes import Generic, Node, Parameter, Shape, topological_order
from conslaw_cli.report import ascii
from conslaw_cli.report.drifts import LawName
from conslaw_cli.report.formula import IntegralSum
from conslaw_cli.report.model import Family, Report

MOST_ALONE = 12
"""Laws without a form that a family has one by one."""
_LONGEST_KEY = 60


@dataclass(frozen=True)
class LawTerm:
    """``time`` (ASCII, "1" for none) times a node in blocks, velocities ("d" and the block's name) and open numbers."""

    time: str
    node: Node


@dataclass(frozen=True)
class LawGraph:
    """The sum of the terms: a law, or all laws of a family. ``key`` is its name where scripts see it, one for each graph of a report.

    Abelian integrals are no graph: ``integrals`` holds them, by their function of time, and there are no terms.
    """

    name: LawName
    key: str
    terms: tuple[LawTerm, ...]
    shape: Shape
    integrals: tuple[IntegralSum, ...] = ()

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Of each term."""
        return tuple(term.node for term in self.terms)

    @cached_property
    def times(self) -> frozenset[str]:
        """The functions of time in it."""
        return frozenset(term.time for term in self.terms) | {law.time for law in self.integrals}

    @cached_property
    def blocks(self) -> frozenset[str]:
        """Names of the blocks and velocities in it."""
        curves = (law.curve for law in self.integrals)
        of_curves = {block for curve in curves for block in (curve.first, curve.middle, curve.last)}
        return of_curves | {node.name for node in topological_order(*self.nodes) if isinstance(node, Parameter)}

    @cached_property
    def letters(self) -> frozenset[str]:
        """The letters in it that stand for numbers which a spec leaves open."""
        open_numbers = {node.name for node in topological_order(*self.nodes) if isinstance(node, Generic)}
        return frozenset().union(*map(letters, self.times | open_numbers))

    @property
    def timed(self) -> bool:
        """Whether t is in it."""
        return any(TIME in names_of(time_tree(text)) for text in self.times)


def law_graphs(report: Report) -> tuple[LawGraph, ...]:
    """The graphs of all laws that a report lists."""
    return graphs_of(report.laws.families, dict(report.model.blocks))


def graphs_of(families: Iterable[Family], shapes: Mapping[str, Shape]) -> tuple[LawGraph, ...]:
    """The graphs of families of laws in blocks of such shapes."""
    leaves = Leaves(shapes)
    found = [graph for family in families for graph in _family(family, leaves)]
    keys = _unique(_key(name) for name, *_ in found)
    return tuple(_graph(name, key, terms, integrals) for key, (name, terms, integrals) in zip(keys, found))


def needs(graphs: tuple[LawGraph, ...], shapes: Mapping[str, Shape]) -> tuple[frozenset[str], frozenset[str]]:
    """The blocks that laws are of, and those of which they need the velocity."""
    used = frozenset().union(*(graph.blocks for graph in graphs))
    return used & set(shapes), frozenset(name for name in shapes if VELOCITY + name in used)


def _family(family: Family, leaves: Leaves) -> Iterator[tuple[LawName, list, tuple[IntegralSum, ...]]]:
    """The name of each graph of a family, with its terms or integrals."""
    if isinstance(family.form, IntegralSum):
        yield LawName(family), [], tuple(family.members)
    elif family.form:
        yield LawName(family), forms.terms(family.form, leaves), ()
    elif len(family.members) <= MOST_ALONE:
        yield from ((LawName(family, number), alone(law, leaves), ()) for number, law in enumerate(family.members))
    else:
        yield LawName(family), together(family.members, leaves), ()


def _graph(name: LawName, key: str, terms: list, integrals: tuple[IntegralSum, ...]) -> LawGraph:
    shape = terms[0][1].shape if terms else (len(integrals),)
    return LawGraph(name, key, tuple(LawTerm(*term) for term in terms), shape, integrals)


def _key(name: LawName) -> str:
    family = name.family
    if family.form:
        return ascii.form(family.form)
    if name.member is None:
        return family.name
    written = ascii.formula(family.members[name.member])
    return written if len(written) <= _LONGEST_KEY else f"law {name.member + 1}"


def _unique(keys: Iterator[str]) -> list[str]:
    """Keys with a number behind those that have been."""
    seen: dict[str, int] = {}
    found = []
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        found.append(key if seen[key] == 1 else f"{key} ({seen[key]})")
    return found

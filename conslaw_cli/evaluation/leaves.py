"""The leaves of the graphs of laws: blocks, their velocities, and numbers that a spec leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from conslaw_cli.functions import exp, log
from conslaw_cli.graph.nodes import Generic, Node, Parameter, Shape, constant

VELOCITY = "d"
"""Stands before a block's name for its velocity."""


@dataclass(frozen=True)
class Leaves:
    """One node for each block and velocity, however often it is used."""

    shapes: Mapping[str, Shape]
    nodes: dict[str, Node] = field(default_factory=dict)

    def block(self, name: str, velocity: bool = False) -> Node:
        """A block, or its velocity."""
        key = VELOCITY + name if velocity else name
        return self.nodes.setdefault(key, Parameter(self.shapes[name], key))


def number(text: str) -> Node:
    """A number as a law has it: digits, or an expression in letters, whose value is given with the arrays."""
    try:
        return constant(Fraction(text))
    except ValueError:
        return Generic((), text)


def scaled(coefficient: int | Fraction, node: Node) -> Node:
    """A multiple."""
    return node if coefficient == 1 else node * coefficient


def raised(base: Node, exponent: int | Fraction) -> Node:
    """A power; one that is no multiple of a half is of positive numbers."""
    return base**exponent if Fraction(exponent).denominator <= 2 else exp(log(base) * exponent)

"""Functions of time as source text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from conslaw_cli.evaluation.times import time_tree
from conslaw_cli.exporting.pieces import Piece, added, inverted, multiplied, powered, raised, written
from conslaw_cli.exporting.targets import Target
from conslaw_cli.expressions.tree import Apply, Name, Node, Number


@dataclass(frozen=True)
class TimeWriter:
    """Writes functions of time for a target; ``used`` collects the helpers that they need."""

    target: Target
    names: Mapping[str, str]
    """What t and the letters are called in the code."""
    used: set[str] = field(default_factory=set)

    def piece(self, text: str) -> Piece:
        """A function of time as laws have it (:mod:`conslaw_cli.evaluation.times`)."""
        return self._piece(time_tree(text))

    def number(self, value: Fraction | int) -> Piece:
        """A number alone."""
        return Piece("", factor=Fraction(value), fraction=self.target.fraction)

    def _piece(self, node: Node) -> Piece:
        if isinstance(node, Number):
            return self.number(node.value)
        if isinstance(node, Name):
            return Piece(self.names[node.name])
        if not node.args:
            return Piece(self.target.of_time(node.op))
        if node.op == "Integral":
            self.used.add("_integral")
            return Piece(f"_integral(lambda {self.names['t']}: {written(self._piece(node.args[0]))}, {self.names['t']})")
        return self._applied(node, [self._piece(argument) for argument in node.args])

    def _applied(self, node: Apply, args: list[Piece]) -> Piece:
        minus = self.number(-1)
        if node.op == "**" and not args[1].text and args[1].factor.denominator == 1 and args[1].factor and args[0].text:
            return powered(args[0], int(args[1].factor))
        rules = {
            "neg": lambda a: multiplied(minus, a),
            "+": added,
            "-": lambda a, b: added(a, multiplied(minus, b)),
            "*": multiplied,
            "/": lambda a, b: multiplied(a, inverted(b)),
            "**": raised,
        }
        if node.op in rules:
            return rules[node.op](*args)
        return Piece(f"{self.target.of_time(node.op)}({written(args[0])})")

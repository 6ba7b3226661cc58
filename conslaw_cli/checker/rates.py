"""What a rate is, decided by the checker's own means: zero, constant or moving, and real at some time of the interval.

That something vanishes is shown in two random worlds (worlds.py), that it does not by a ball at a rational time (balls.py). Where
neither succeeds the rate is undecided and nothing about the report is called verified.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from itertools import islice

from conslaw_cli.checker.balls import Moment, moments
from conslaw_cli.checker.parse import ExpressionError, Node, constant, names_in, parse
from conslaw_cli.checker.result import ReportError, Undecided
from conslaw_cli.checker.worlds import Unlucky, World, WrongPrime, draw_world, reseeded

_LETTER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?!\s*\()")
_NO_LETTERS = frozenset({"t", "pi", "E"})
ATTEMPTS = 20_000
ATTEMPTS_AT_8 = 30
"""Primes after which those with roots of 3 are tried, where other roots are rarer."""


@dataclass(frozen=True)
class Rate:
    """Damping or decay as text and tree; ``letters`` are free positive constants."""

    text: str
    tree: Node
    letters: frozenset[str]
    zero: bool
    moves: bool
    moment: Moment
    """A time of the interval, with values of the letters, at which the rate is real and finite."""

    @property
    def letter(self) -> str | None:
        """The letter that the whole rate consists of."""
        return self.tree[1] if self.tree[0] == "name" and self.letters else None

    @property
    def value(self) -> Fraction | None:
        """The value of a rational constant."""
        return Fraction(0) if self.zero else constant(self.tree)


def read_rate(text: str, start: Fraction | None, until: Node | None) -> Rate:
    """Raises ReportError, Undecided."""
    words = {"lamda" if word == "lambda" else word for word in _WORD.findall(text)}
    letters = frozenset(word for word in words if _LETTER.fullmatch(word)) - _NO_LETTERS
    try:
        tree = parse(text, names=letters | {"t"})
    except ExpressionError as error:
        raise ReportError(f"dynamics.rate cannot be read: {error}") from None
    found = list(_real(tree, moments(start or Fraction(0), until, names_in(tree) & letters)))
    if not found:
        raise Undecided(f"the rate {text[:60]} is not certainly real and finite at any time tried")
    letters = names_in(tree) & letters
    zero = not any(moment.is_nonzero(tree) for moment in found)
    if zero and not vanishes(lambda world: [world.jet(tree)[0]], found[0], _seed("zero", text)):
        raise Undecided(f"whether the rate {text[:60]} is zero cannot be decided")
    moves = any(moment.is_moving(tree) for moment in found)
    if not moves and not vanishes(lambda world: [world.jet(tree)[1]], found[0], _seed("moves", text)):
        raise Undecided(f"whether the rate {text[:60]} is constant cannot be decided")
    return Rate(text, tree, letters, zero, moves, found[0])


def _seed(use: str, text: str) -> bytes:
    return sha256(f"{use} {text}".encode()).digest()


def _real(tree: Node, candidates) -> list[Moment]:
    """The first times at which the tree is real and finite, with first derivatives."""

    def fine(moment: Moment) -> bool:
        try:
            return bool(moment.ball(tree))
        except Undecided:
            return False

    return list(islice(filter(fine, candidates), 3))


def vanishes(values: Callable[[World], list[int]], moment: Moment, seed: bytes) -> bool:
    """Whether functions of time vanish at two random points modulo different primes."""
    return all(not any(at_some_point(values, moment, seed + mark)[1]) for mark in (b"1", b"2"))


def at_some_point(values: Callable, moment: Moment, seed: bytes, index: int | None = None) -> tuple[World, list]:
    """A world and what ``values`` gives there, another one where a root or an inverse is missing. Raises Undecided."""
    world = draw_world(seed[-64:], moment.at, index or 8)
    for attempt in range(ATTEMPTS):
        mark = (seed + attempt.to_bytes(3, "big"))[-64:]
        try:
            return world, values(world)
        except WrongPrime:
            world = draw_world(mark, moment.at, index or (8 if attempt < ATTEMPTS_AT_8 else 24))
        except Unlucky:
            world = reseeded(world, mark, moment.at)
    raise Undecided("a function of time has no value at any point tried")

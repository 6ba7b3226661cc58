"""Laws of networks as identities: the network's value is unchanged along the direction c that belongs to a law (forward
mode).

sum_k c_k d_k f = 0 says that the derivative of f = <v, g(theta, x)> along c is zero. One walk over the graph gives it,
with a sparse tangent for every node: of its entries only those that the direction moves. Values are monomials in the
variables of a :class:`Tower`, every sum being a variable of its own, so the cost does not grow with depth, and most
laws cancel where they are: a Gram law moves each sum to a combination of other sums of its node, which
:meth:`Tangents._simplified` finds among their definitions (q_i moves to q_j), and a norm or a softmax denominator to a
multiple of itself. What does not cancel that way is multiplied out at the end, exactly (:meth:`Tower.vanishes`).

Values of functions are free variables by their argument, exp(c u) being the power c of exp(u). Masks are free: an
identity in them holds for every pattern of branches. Where that fails, the masks that are the same in all cases of the
region, and then each case's masks, are filled in.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from conslaw_cli.flows.cases import Cases
from conslaw_cli.graph.program import COTANGENT
from conslaw_cli.graph.functions import COS, SIN, ScalarFunction
from conslaw_cli.graph.interpret import Interpreter
from conslaw_cli.graph.nodes import (
    POSITIVE,
    Apply,
    Branch,
    Coefficient,
    Constant,
    Gather,
    MatMul,
    Node,
    Parameter,
    Permute,
    Power,
    Reshape,
    Scatter,
    Sum,
    topological_order,
)
from conslaw_cli.graph.program import Program
from conslaw_cli.laws.verification import FAILS, TOO_LARGE, Verdict, Verification
from conslaw_cli.limits import LIMITS
from conslaw_cli.rings.polynomials import Polynomial, times
from conslaw_cli.rings.tower import Entry, Sample, TooLarge, Tower, accumulate, product, quotient, raised, ratio
from conslaw_cli.rings.tower import Sum as Terms

SAMPLES, SEEDS = 3, 64
SHORT_TERMS = 6
"""Terms of a sum that is written out by itself."""
FLAT_TERMS = 128
"""Terms up to which sums of sums are written out on the way."""
SIMPLE_TERMS = 48
"""Terms of a tangent up to which that is tried."""
Tangent = dict[int, Terms]
"""Derivatives of a node's entries, by row-major number; those that are not there are zero."""
Definition = tuple[Terms, Entry]
"""A sum as it stands, and as an entry."""
ONE: Entry = ((), 1)


class Values(Interpreter):
    """Every entry of every node as a monomial of a tower, nodes as lists of entries in row-major order."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tower = Tower(program.size)
        self.sums: dict[int, dict[int, Definition]] = {}
        """By a node's id the sums among its entries, by row-major number."""
        self.bases: set[int] = set()
        """Named variables that powers are taken of: their tangents are tried as multiples of themselves."""
        self.additive: set[int] = set()
        """Named variables that are sums of entries as they are: a bias and what it is added to, parts of a stream, means."""
        self.branches: dict[int, tuple[int, int, bool]] = {}
        """For a mask the number of its branch node, of the entry there, and whether it is one minus that entry."""
        self.one_hot: dict[int, tuple[str, int]] = {}
        self._starts = dict(zip((name for name, _ in program.blocks), program.starts))
        self._numbers = {id(node): number for number, node in enumerate(program.branches)}
        self._terms = 0
        self.of: dict[int, list[Entry]] = {}
        for node in topological_order(program.functional):
            self.of[id(node)] = self.value(node, [self.of[id(argument)] for argument in node.arguments])

    def parameter(self, node: Parameter) -> list[Entry]:
        start = self._starts[node.name]
        return [(((start + k, 1),), 1) for k in range(prod(node.shape))]

    def coefficient(self, node: Coefficient) -> list[Entry]:
        numbers = [self.tower.variable((node.operation, node.name, k)) for k in range(prod(node.shape))]
        if isinstance(node, Coefficient) and node.values != "free":
            self.one_hot |= {number: (node.name, k) for k, number in enumerate(numbers)}
        return [(((number, 1),), 1) for number in numbers]

    generic = coefficient

    def constant(self, node: Constant) -> list[Entry]:
        return [((), entry) if entry else None for entry in node.entries]

    def branch(self, node: Branch, a: list[Entry]) -> list[Entry]:
        if node.kind == POSITIVE:
            return [self._positive(node, k, entry) for k, entry in enumerate(a)]
        length = node.shape[-1]
        rows = [tuple(a[k - k % length : k - k % length + length]) for k in range(len(a))]
        return [self._mask(node, k, (node.kind, node.count, row, k % length), False) for k, row in enumerate(rows)]

    def _positive(self, node: Branch, k: int, entry: Entry) -> Entry:
        """The same mask for positive multiples, one minus it for negative ones."""
        if entry is None or entry[0] == ():
            return ONE if entry and entry[1] > 0 else None
        monomial, factor = entry
        mask = self._mask(node, k, (node.kind, monomial), factor < 0)
        return mask if factor > 0 else self.tower.named({(): 1, mask[0]: -1})

    def _mask(self, node: Branch, k: int, key: Hashable, flipped: bool) -> Entry:
        number = self.tower.variable(("branch", key), mask=True)
        self.branches.setdefault(number, (self._numbers[id(node)], k, flipped))
        return ((number, 1),), 1

    def add(self, node: Node, a: list[Entry], b: list[Entry]) -> list[Entry]:
        return self._summed(node, zip(a, b))

    def multiply(self, node: Node, a: list[Entry], b: list[Entry]) -> list[Entry]:
        return [_times(x, y) for x, y in zip(a, b)]

    def matmul(self, node: MatMul, a: list[Entry], b: list[Entry]) -> list[Entry]:
        rows, inner, columns = *node.left.shape[-2:], node.right.shape[-1]
        self._count(len(a) * columns)
        return self._summed(
            node,
            (
                [_times(a[r * inner + k], b[(r // rows * inner + k) * columns + c]) for k in range(inner)]
                for r in range(len(a) // inner if inner else 0)
                for c in range(columns)
            ),
        )

    def sum(self, node: Sum | Scatter, a: list[Entry]) -> list[Entry]:
        gathered: list[list[Entry]] = [[] for _ in range(prod(node.shape))]
        for entry, place in zip(a, targets(node)):
            gathered[place].append(entry)
        return self._summed(node, gathered)

    scatter = sum

    def permute(self, node: Node, a: list[Entry]) -> list[Entry]:
        return [a[source] for source in sources(node)]

    broadcast = reshape = gather = permute

    def held(self, node: Node, a: list[Entry]) -> list[Entry]:
        return a

    def power(self, node: Power, a: list[Entry]) -> list[Entry]:
        return [self._power(entry, node.exponent) for entry in a]

    def _power(self, entry: Entry, exponent: int | Fraction) -> Entry:
        """Half powers are of one variable, the sign of a product's factors being unknown. Raises TooLarge for a negative power of zero."""
        if entry is None:
            if exponent < 0:
                raise TooLarge("a reciprocal of zero")
            return None
        monomial, factor = entry
        if not isinstance(exponent, int) and not (factor == 1 and len(monomial) == 1 and monomial[0][1] == 1):
            monomial, factor = self.tower.named({monomial: factor}, always=True)
        if not (isinstance(exponent, int) and exponent > 0):
            self.bases |= {v for v, _ in monomial}
            self.bases |= {v for v, _ in entry[0]}
        return raised(monomial, exponent), ratio(Fraction(factor) ** exponent, 1) if isinstance(exponent, int) else 1

    def apply(self, node: Apply, a: list[Entry]) -> list[Entry]:
        return [self.function(node.function.name, entry) for entry in a]

    def function(self, name: str, entry: Entry) -> Entry:
        """A function at an entry, what is known of its symmetry used."""
        monomial, factor = entry or ((), 0)
        rule = getattr(self, f"_{name}", None)
        return rule(monomial, factor) if rule else self._free(name, monomial, factor)

    def _exp(self, monomial: Any, factor: Any) -> Entry:
        return (((self.tower.variable(("exp", monomial)), factor),), 1) if factor else ONE

    def _normal_pdf(self, monomial: Any, factor: Any) -> Entry:
        return self._free("normal_pdf", monomial, abs(factor))

    def _normal_cdf(self, monomial: Any, factor: Any) -> Entry:
        positive = self._free("normal_cdf", monomial, abs(factor))
        if not factor:
            return (), Fraction(1, 2)
        return positive if factor > 0 else self.tower.named({(): 1, positive[0]: -1})

    def _sin(self, monomial: Any, factor: Any) -> Entry:
        found, _ = self._free("sin", monomial, abs(factor))
        return (found, 1 if factor > 0 else -1) if factor else None

    def _cos(self, monomial: Any, factor: Any) -> Entry:
        return self._free("cos", monomial, abs(factor)) if factor else ONE

    def _free(self, name: str, monomial: Any, factor: Any) -> Entry:
        return ((self.tower.variable(("function", name, monomial, factor)), 1),), 1

    def _summed(self, node: Node, rows: Any) -> list[Entry]:
        """Sums of entries; those of several terms are recorded."""
        found, sums = [], {}
        for place, row in enumerate(rows):
            terms: Terms = {}
            for entry in row:
                if entry is not None:
                    accumulate(terms, {entry[0]: entry[1]}, (), 1)
            found.append(self.tower.named(terms))
            if len(terms) > 1:
                self._count(len(terms))
                sums[place] = terms, found[-1]
                if not isinstance(node, MatMul):
                    self.additive |= {v for v, _ in found[-1][0]}
        self.sums[id(node)] = sums
        return found

    def _count(self, terms: int) -> None:
        self._terms += terms
        if self._terms > LIMITS.tangent_entries:
            raise TooLarge(f"{self._terms} terms")

    @cached_property
    def cotangents(self) -> tuple[set[int], list[int]]:
        """Variables of the cotangent, and the named ones that depend on it."""
        sizes = (prod(node.shape) for node in self.program.coefficients if node.name == COTANGENT)
        names = {self.tower.variable(("coefficient", COTANGENT, k)) for size in sizes for k in range(size)}
        depend, named = set(names), []
        for number in sorted(self.tower.definitions):
            if any(v in depend for m in self.tower.definitions[number] for v, _ in m):
                depend.add(number)
                named.append(number)
        return names, named


def _times(a: Entry, b: Entry) -> Entry:
    return None if a is None or b is None else (times(a[0], b[0]), a[1] * b[1])


def sources(node: Node) -> list[int]:
    """For each entry of a node that only moves entries the one it comes from."""
    numbers = np.arange(prod(node.of.shape)).reshape(node.of.shape)
    if isinstance(node, Gather):
        return node.index.ravel().tolist()
    if isinstance(node, Permute):
        return numbers.transpose(node.axes).ravel().tolist()
    return (
        numbers.ravel().tolist() if isinstance(node, Reshape) else np.broadcast_to(numbers, node.shape).ravel().tolist()
    )


def targets(node: Sum | Scatter) -> list[int]:
    """For each entry of the argument of a sum the place it goes to."""
    if isinstance(node, Scatter):
        return node.index.ravel().tolist()
    kept = tuple(1 if axis in node.axes else size for axis, size in enumerate(node.of.shape))
    return np.broadcast_to(np.arange(prod(node.shape)).reshape(kept), node.of.shape).ravel().tolist()


def _folded(terms: Terms, pivots: dict[Any, list[Definition]]) -> Terms:
    """With each multiple of a sum that is part of it written as one of its variable."""
    rest, folded = dict(terms), {}
    for monomial in terms:
        for definition, entry in pivots.get(monomial, ()) if monomial in rest else ():
            factor = ratio(rest[monomial], definition[monomial])
            if all(rest.get(m) == factor * c for m, c in definition.items()):
                for m in definition:
                    del rest[m]
                accumulate(folded, _terms(entry), (), factor)
                break
    accumulate(rest, folded, (), 1)
    return rest


@dataclass(frozen=True)
class _Operand:
    """A Laurent polynomial with the operators that derivatives of functions are written in."""

    values: Values
    terms: Terms

    def __add__(self, other: Any) -> _Operand:
        total = dict(self.terms)
        accumulate(total, self._other(other), (), 1)
        return replace(self, terms=total)

    def __mul__(self, other: Any) -> _Operand:
        return replace(self, terms=product(self.terms, self._other(other), self.values.tower.most))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, exponent: int) -> _Operand:
        return replace(self, terms=_terms(self.values._power(self._entry, exponent)))

    def applied(self, function: ScalarFunction) -> _Operand:
        return replace(self, terms=_terms(self.values.function(function.name, self._entry)))

    @property
    def _entry(self) -> Entry:
        return self.values.tower.named(self.terms)

    def _other(self, other: Any) -> Terms:
        return other.terms if isinstance(other, _Operand) else _terms(((), other) if other else None)


def _terms(entry: Entry) -> Terms:
    return {} if entry is None else {entry[0]: entry[1]}


def _without_common_symbols(direction: dict[int, Polynomial]) -> dict[int, Polynomial]:
    """A direction less the powers of symbols that all its terms have: a factor, such as the free scale of theta under weight decay."""
    terms = [dict(monomial) for polynomial in direction.values() for monomial in polynomial.terms]
    symbols = {v for monomial in terms for v in monomial if v < 0}
    common = {v: {monomial.get(v, 0) for monomial in terms} for v in symbols}
    factor = Polynomial({tuple(sorted((v, -min(powers)) for v, powers in common.items() if len(powers) == 1)): 1})
    return {k: polynomial * factor for k, polynomial in direction.items()} if factor.terms != {(): 1} else direction


class Tangents:
    """Tangents of a program's functional, the values shared by all directions. Raises TooLarge for a graph of too many terms."""

    def __init__(self, program: Program) -> None:
        self.values = Values(program)
        self._nodes = program.nodes
        self._arguments = [tuple(id(argument) for argument in node.arguments) for node in program.nodes]
        self._program = program
        self._work = 0
        self._routes: dict[int, dict[int, list[int]]] = {}
        self._pivots: dict[tuple[int, bool], dict[Any, list[Definition]]] = {}
        self._slopes: dict[tuple[int, int], Terms] = {}

    def along(self, direction: dict[int, Polynomial]) -> Terms:
        """The derivative of the functional along a direction, polynomials by parameter number, which is zero where a law holds (or it is
        when multiplied out). Raises TooLarge."""
        self._work = 0
        moved = {k: self._outer(polynomial) for k, polynomial in _without_common_symbols(direction).items()}
        found: dict[int, Tangent] = {}
        for node, arguments in zip(self._nodes, self._arguments):
            if isinstance(node, Parameter):
                found[id(node)] = self._parameter(node, moved)
            elif any(found.get(argument) for argument in arguments):
                rule = getattr(self, f"_{node.operation}")
                found[id(node)] = self._settled(node, rule(node, *(found.get(argument, {}) for argument in arguments)))
        (tangent,) = found.get(id(self._program.functional), {}).values() or ({},)
        return tangent

    def _outer(self, polynomial: Polynomial) -> Terms:
        """A polynomial in (theta, P, symbols): what is no parameter is a variable of its own."""
        size, variable = self._program.size, self.values.tower.variable
        number = lambda v: v if 0 <= v < size else variable(("outer", int(v)))
        return {
            tuple(sorted((number(v), e) for v, e in monomial)): ratio(c, 1) for monomial, c in polynomial.terms.items()
        }

    def _parameter(self, node: Parameter, moved: dict[int, Terms]) -> Tangent:
        start = self._program.starts[[name for name, _ in self._program.blocks].index(node.name)]
        return {k: moved[start + k] for k in range(prod(node.shape)) if moved.get(start + k)}

    def _settled(self, node: Node, tangent: Tangent) -> Tangent:
        """Without zeros, and sums folded."""
        found = {}
        for place, terms in tangent.items():
            if len(terms) > 1:
                terms = self._simplified(node, place, terms)
            if terms:
                found[place] = terms
        self._work += sum(len(terms) for terms in tangent.values())
        if self._work > self.values.tower.most:
            raise TooLarge(f"{self._work} terms of one law")
        return found

    def _simplified(self, node: Node, place: int, terms: Terms) -> Terms:
        """A tangent in fewer terms: sums of the node found in it, if need be after sums in it and in them are written out."""
        sums = self.values.sums.get(id(node), {})
        found = _folded(terms, self._pivot(node, False)) if sums else terms
        if 1 < len(found) <= SIMPLE_TERMS:
            flat = self._flat(terms)
            if sums and not isinstance(node, MatMul):
                flat = _folded(flat, self._pivot(node, True))
            found = flat if len(flat) < len(found) else found
        if 1 < len(found) <= SIMPLE_TERMS:
            found = self._shortened(found)
        own = sums.get(place)
        if 1 < len(found) <= SIMPLE_TERMS and own and self._may_be_multiple(found, own):
            for form in (terms, self._flat(terms)):
                multiple = quotient(form, self._flat(own[0]) if form is not terms else own[0], len(form))
                if multiple is not None:
                    return product(multiple, _terms(own[1]), self.values.tower.most)
        return found

    def _may_be_multiple(self, terms: Terms, own: Definition) -> bool:
        """Whether a tangent is tried as a multiple of its own sum: where that is divided by or rooted, and where the numbers of terms fit."""
        return len(terms) % len(own[0]) == 0 or any(v in self.values.bases for v, _ in own[1][0])

    def _shortened(self, terms: Terms) -> Terms:
        """With single sums of entries written out where that leaves fewer terms: q k - q k' with k = k' + b is q b."""
        for number in sorted({v for m in terms for v, e in m if e == 1 and v in self.values.additive}, reverse=True):
            if len(self.values.tower.definitions[number]) <= SHORT_TERMS:
                written = self._written_out(terms, number)
                terms = written if len(written) < len(terms) else terms
        return terms

    def _written_out(self, terms: Terms, number: int) -> Terms:
        """A sum that occurs in the first power replaced by its terms."""
        total: Terms = {}
        for monomial, factor in terms.items():
            if (number, 1) in monomial:
                rest = tuple(pair for pair in monomial if pair[0] != number)
                accumulate(total, self.values.tower.definitions[number], rest, factor)
            else:
                accumulate(total, {monomial: factor}, (), 1)
        return total

    def _flat(self, terms: Terms) -> Terms:
        """With sums of entries written out; as it is where that has many terms."""
        flat = terms
        while len(flat) <= FLAT_TERMS:
            number = max((v for m in flat for v, e in m if e == 1 and v in self.values.additive), default=None)
            if number is None:
                return flat
            flat = self._written_out(flat, number)
            self._work += len(flat)
        return terms

    def _pivot(self, node: Node, flat: bool) -> dict[Any, list[Definition]]:
        """Sums of a node by the monomials in them, written out or not."""
        key = id(node), flat
        if key not in self._pivots:
            found: dict[Any, list[Definition]] = {}
            for terms, entry in self.values.sums[id(node)].values():
                definition = self._flat(terms) if flat else terms
                for monomial in definition:
                    found.setdefault(monomial, []).append((definition, entry))
            self._pivots[key] = found
        return self._pivots[key]

    def _add(self, node: Node, a: Tangent, b: Tangent) -> Tangent:
        found = {place: dict(terms) for place, terms in a.items()}
        for place, terms in b.items():
            accumulate(found.setdefault(place, {}), terms, (), 1)
        return found

    def _multiply(self, node: Node, a: Tangent, b: Tangent) -> Tangent:
        left, right = (self.values.of[id(argument)] for argument in node.arguments)
        found: Tangent = {}
        for tangent, other in ((a, right), (b, left)):
            for place, terms in tangent.items():
                if other[place] is not None:
                    accumulate(found.setdefault(place, {}), terms, *other[place])
        return found

    def _matmul(self, node: MatMul, a: Tangent, b: Tangent) -> Tangent:
        left, right = (self.values.of[id(argument)] for argument in node.arguments)
        rows, inner, columns = *node.left.shape[-2:], node.right.shape[-1]
        found: Tangent = {}
        for place, terms in a.items():
            row, k = divmod(place, inner)
            start = (row // rows * inner + k) * columns
            for c in range(columns):
                if right[start + c] is not None:
                    accumulate(found.setdefault(row * columns + c, {}), terms, *right[start + c])
        for place, terms in b.items():
            term, c = divmod(place, columns)
            batch, k = divmod(term, inner)
            for row in range(batch * rows, (batch + 1) * rows):
                if left[row * inner + k] is not None:
                    accumulate(found.setdefault(row * columns + c, {}), terms, *left[row * inner + k])
        return found

    def _sum(self, node: Sum | Scatter, a: Tangent) -> Tangent:
        route = self._routes.get(id(node)) or self._routes.setdefault(
            id(node), dict(enumerate([p] for p in targets(node)))
        )
        found: Tangent = {}
        for place, terms in a.items():
            accumulate(found.setdefault(route[place][0], {}), terms, (), 1)
        return found

    _scatter = _sum

    def _permute(self, node: Node, a: Tangent) -> Tangent:
        route = self._routes.get(id(node))
        if route is None:
            route = self._routes[id(node)] = {}
            for place, source in enumerate(sources(node)):
                route.setdefault(source, []).append(place)
        return {place: terms for source, terms in a.items() for place in route.get(source, ())}

    _broadcast = _reshape = _gather = _permute

    def _held(self, node: Node, a: Tangent) -> Tangent:
        return {}

    def _branch(self, node: Branch, a: Tangent) -> Tangent:
        return {}

    def _power(self, node: Power, a: Tangent) -> Tangent:
        """x^e has the derivative e x^e/x."""
        base, value = self.values.of[id(node.of)], self.values.of[id(node)]
        found: Tangent = {}
        for place, terms in a.items():
            if base[place] is None:
                continue
            (x, factor), (y, scale) = base[place], value[place]
            accumulate(
                found.setdefault(place, {}), terms, times(y, raised(x, -1)), ratio(node.exponent * scale, factor)
            )
        return found

    def _apply(self, node: Apply, a: Tangent) -> Tangent:
        return {place: product(terms, self._slope(node, place), self.values.tower.most) for place, terms in a.items()}

    def _slope(self, node: Apply, place: int) -> Terms:
        key = id(node), place
        if key not in self._slopes:
            x, y = (_Operand(self.values, _terms(self.values.of[id(n)][place])) for n in (node.of, node))
            self._slopes[key] = node.function.derivative(x, y).terms
        return self._slopes[key]


class Identities:
    """Whether laws of a network hold, as identities. Raises TooLarge for a graph of too many terms."""

    def __init__(self, program: Program, cases: Cases) -> None:
        self._tangents = Tangents(program)
        self._tower, self._values, self._cases = self._tangents.values.tower, self._tangents.values, cases
        self._samples: dict[tuple, list[Sample]] = {}

    def verified(self, direction: dict[int, Polynomial], most: int) -> Verification:
        """Whether the network is unchanged along a direction, polynomials by parameter number: for every pattern of branches, or only in the
        region's cases. TOO_LARGE where neither is shown nor refuted. Raises TooLarge where more than ``most`` terms are needed."""
        self._tower.most = most
        outputs = self._by_output(self._tangents.along(direction))
        left = [terms for terms in outputs if not self._vanishes(terms, {})]
        if not left:
            return Verification(Verdict.HOLDS)
        for patterns in self._patterns():
            if all(self._vanishes(terms, values) for values in patterns for terms in left):
                return Verification(Verdict.HOLDS, self._cases.exhaustive)
        return TOO_LARGE if self._trigonometric or not any(self._refuted(terms) for terms in left) else FAILS

    @cached_property
    def _trigonometric(self) -> bool:
        """Whether sin^2 + cos^2 = 1 is a relation that the tower does not know."""
        return any(isinstance(node, Apply) and node.function in (SIN, COS) for node in self._values.program.nodes)

    def _refuted(self, terms: Terms) -> bool:
        """Whether a polynomial is not zero at a random point of some case."""
        free = not self._values.branches and not self._values.one_hot
        patterns = [{}] if free else (list(self._patterns())[-1] if self._cases.mixed else [])
        return any(self._value(terms, values) for values in patterns)

    def _by_output(self, tangent: Terms) -> list[Terms]:
        """The coefficients of the cotangent's entries."""
        cotangent, named = self._values.cotangents
        found: dict[Any, Terms] = {}
        for monomial, factor in self._tower.expanded(tangent, named).items():
            key = tuple(pair for pair in monomial if pair[0] in cotangent)
            rest = tuple(pair for pair in monomial if pair[0] not in cotangent)
            found.setdefault(key, {})[rest] = factor
        return list(found.values())

    def _vanishes(self, terms: Terms, values: dict[int, int]) -> bool:
        """First at random points, where most of what is not zero shows it."""
        return not self._value(terms, values) and self._tower.vanishes(terms, values)

    def _value(self, terms: Terms, values: dict[int, int]) -> int:
        """A value that is not zero if there is one at a few random points; those at which roots have no value are passed over."""
        samples, defined = self._samples.setdefault(tuple(sorted(values.items())), []), 0
        for seed in range(SEEDS):
            if seed == len(samples):
                samples.append(Sample(self._tower, seed, values))
            value = samples[seed].value(terms)
            if value:
                return value
            defined += value == 0
            if defined == SAMPLES:
                break
        return 0

    def _patterns(self) -> Iterator[list[dict[int, int]]]:
        """Values of masks and one-hot inputs that cover the region: what all cases share, then each case by itself."""
        if not self._values.branches and not self._values.one_hot:
            return
        cases = self._cases
        table = lambda array: array.reshape(cases.number, -1)
        columns = {
            number: table(cases.branches[node])[:, k] != flipped
            for number, (node, k, flipped) in self._values.branches.items()
        }
        columns |= {number: table(cases.one_hot[name])[:, k] != 0 for number, (name, k) in self._values.one_hot.items()}
        shared = {number: int(column[0]) for number, column in columns.items() if (column == column[0]).all()}
        if shared:
            yield [shared]
        if cases.mixed:
            yield [{number: int(column[case]) for number, column in columns.items()} for case in range(cases.number)]

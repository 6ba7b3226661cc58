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

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from conslaw_cli.graph.functions import ScalarFunction
from conslaw_cli.graph.nodes import (
    Apply,
    Branch,
    MatMul,
    Node,
    Parameter,
    Power,
    Scatter,
    Sum,
)
from conslaw_cli.graph.program import Program
from conslaw_cli.laws.values import Definition, Values, sources, targets
from conslaw_cli.rings.polynomials import Polynomial, times
from conslaw_cli.rings.tower import Entry, TooLarge, accumulate, product, quotient, raised, ratio
from conslaw_cli.rings.tower import Sum as Terms

SHORT_TERMS = 6
"""Terms of a sum that is written out by itself."""
FLAT_TERMS = 128
"""Terms up to which sums of sums are written out on the way."""
SIMPLE_TERMS = 48
"""Terms of a tangent up to which that is tried."""
Tangent = dict[int, Terms]
"""Derivatives of a node's entries, by row-major number; those that are not there are zero."""


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

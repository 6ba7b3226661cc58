"""The walk over formulas and forms that every notation shares; a notation says only how the pieces are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType

from msgspec.structs import replace

from conslaw_cli.report import timefunctions
from conslaw_cli.report.formula import (
    BlockRef,
    Entry,
    FormEntry,
    Formula,
    IntegralSum,
    MatrixForm,
    MatrixTerm,
    MirrorTerm,
    NeuronForm,
    NeuronTerm,
    Shifted,
    Term,
    TravelForm,
    TravelTerm,
)
from conslaw_cli.report.pieces import Number, Pieces

Signed = tuple[Number, str]
"""A coefficient and what it multiplies; "" for nothing."""


class Notation(Pieces):
    """How formulas are written. Methods take and return written text."""

    def entry(self, entry: Entry) -> str:
        return self.at(entry.block, tuple(map(str, entry.indices)), entry.velocity) if entry.indices else self.letter(entry.block, entry.velocity)

    def formula(self, formula: Formula | FormEntry | IntegralSum) -> str:
        """A scalar law."""
        if isinstance(formula, IntegralSum):
            return self._integrals(formula)
        if isinstance(formula, FormEntry):
            return self._entry_of(formula.form, tuple(map(str, formula.indices)))
        pieces: list[Signed] = []
        for group in formula.groups:
            pieces += self._timed(group.time, [self._term(term, formula.log_scale) for term in group.terms])
        return self.sum(pieces)

    def form(self, form: MatrixForm | NeuronForm | TravelForm | IntegralSum) -> str:
        """The laws of a family at once."""
        if isinstance(form, IntegralSum):
            return self._integrals(form)
        if isinstance(form, TravelForm):
            return self.sum(self._travel_of(sign, form, k) for sign, k in ((1, "k"), (-1, "1")))
        if isinstance(form, MatrixForm):
            pieces = [(term.coefficient, self._matrix_term(term)) for term in form.terms]
            pieces = [(1, self.apply("diag", [self.sum(pieces)]))] if form.symmetry == "diagonal" else pieces
        else:
            pieces = [piece for term in form.terms for piece in self._neuron(term, form.log_scale)]
        return self.sum(self._timed(form.time, pieces))

    def _entry_of(self, form: MatrixForm | NeuronForm | TravelForm, indices: tuple[str, ...]) -> str:
        """One law of a form, in rows and columns of its blocks."""
        if isinstance(form, TravelForm):
            return self.sum(self._travel_of(sign, form, k) for sign, k in ((1, indices[0]), (-1, "1")))
        if isinstance(form, MatrixForm):
            pieces = [(term.coefficient, self._inner_product(term, indices[0], indices[-1])) for term in form.terms]
        else:
            pieces = [piece for term in form.terms for piece in self._neuron(term, form.log_scale, dict(zip("klmn", indices)))]
        return self.sum(self._timed(form.time, pieces))

    def _integrals(self, law: IntegralSum) -> str:
        s, root = self.letter("s"), self.apply("sqrt", [self.apply("R", [self.letter("s")])])
        power = self.number(1) if law.power == 0 else s if law.power == 1 else self.power(s, self.letter(str(law.power or "j")))
        terms = []
        for k in map(str, range(1, law.curve.rank + 1)) if self.sums_written_out else ("k",):
            limits = self.indexed("e", k), self.indexed("s", k)
            terms.append(self.product([self.indexed("epsilon", k), self.integral(self.quotient(power, root), s, *limits)]))
        pieces = [(1, term) for term in terms] if self.sums_written_out else [(1, self.summed("k", terms[0]))]
        return self.sum(self._timed(law.time, pieces))

    def time(self, text: str) -> str:
        """A function of time or a rate."""
        return timefunctions.written(timefunctions.piece(text, self), self)

    def lookahead(self, rate: str, name: str) -> str:
        """The point rate * block + its velocity."""
        ahead = [] if rate == "0" else self._timed(rate, [(1, self.letter(name))])
        return self.sum([*ahead, (1, self.letter(name, velocity=True))])

    def sum(self, pieces: Iterable[Signed]) -> str:
        """The signed sum; 0 when it is empty."""
        written = []
        for coefficient, body in pieces:
            if coefficient < 0:
                written.append(self.minus if written else self.leading_minus)
            elif written:
                written.append(self.plus)
            written.append(self._multiple(abs(coefficient), body))
        return "".join(written) or self.number(0)

    def _multiple(self, coefficient: Number, body: str) -> str:
        if coefficient == 1 and body:
            return body
        return self.product([self.number(coefficient), body]) if body else self.number(coefficient)

    def _timed(self, time: str, pieces: list[Signed]) -> list[Signed]:
        """The pieces times a function of time; brackets only around several."""
        if time == "1" or not pieces:
            return pieces
        found = timefunctions.piece(time, self)
        sign, factor = (-1 if found.negative else 1), timefunctions.factor(found, self)
        if len(pieces) == 1:
            ((coefficient, body),) = pieces
            return [(sign * coefficient, self.product([factor, body]) if body else factor)]
        return [(sign, self.product([factor, self.group(self.sum(pieces))]))]

    def _term(self, term: Term | MirrorTerm | TravelTerm, log_scale: str) -> Signed:
        if isinstance(term, MirrorTerm):
            velocity = self.entry(replace(term.entry, velocity=True))
            return term.coefficient, self._mirror(self.entry(term.entry), velocity, term.rate)
        if isinstance(term, TravelTerm):
            return term.coefficient, self._travel(self.entry(term.outgoing), self.entry(term.incoming), term.powers)
        if term.log:
            return term.coefficient, self._function("log", 1, self._base(term.factors[0][0], grouped=False), log_scale)
        factors = [self._function("power", exponent, self._base(entry), "1") for entry, exponent in term.factors]
        return term.coefficient, self.product(factors) if len(factors) > 1 else "".join(factors)

    def _base(self, entry: Entry | Shifted, grouped: bool = True) -> str:
        """An entry, or its square plus a constant, in brackets unless a function puts them."""
        if not isinstance(entry, Shifted):
            return self.entry(entry)
        return self._shifted(self.entry(entry.entry), entry.constant, grouped)

    def _shifted(self, entry: str, constant: Fraction, grouped: bool) -> str:
        text = self.sum([(1, self.power(entry, self.number(2))), (constant, "")])
        return self.group(text) if grouped else text

    def _function(self, function: str, exponent: int, text: str, log_scale: str) -> str:
        if function == "log":
            return self.apply("log", [self.sum(self._timed(log_scale, [(1, text)]))])
        return text if exponent == 1 else self.power(text, self.sum([(exponent, "")]))

    def _mirror(self, position: str, velocity: str, rate: str) -> str:
        if rate == "0":
            return self.quotient(position, velocity)
        ahead = self.sum([*self._timed(rate, [(1, position)]), (1, velocity)])
        return self.quotient(velocity, ahead if self.fraction_bar else self.group(ahead))

    def _travel_of(self, sign: int, form: TravelForm, k: str) -> Signed:
        """T of a neuron in a form."""
        return sign, self._travel(self.at(form.outgoing, ("1", k)), self.at(form.incoming, (k, "1")), form.powers)

    def _travel(self, u: str, v: str, powers: tuple[int, int]) -> str:
        """log(v/u)/(u - v), or ((x + 1/y) log x - x) for the weight x of the metric theta and y of theta^3."""
        if powers == (1, 1):
            level = self.sum([(1, u), (-1, v)])
            return self.quotient(self.apply("log", [self.quotient(v, u)]), level if self.fraction_bar else self.group(level))
        x, y = (u, v) if powers == (1, 3) else (v, u)
        level = self.group(self.sum([(1, x), (1, self.quotient(self.number(1), y))]))
        return self.group(self.sum([(1, self.product([level, self.apply("log", [x])])), (-1, x)]))

    def _matrix_term(self, term: MatrixTerm) -> str:
        return self.matrix_product([self.block(term.left), *self._middle(term), self.block(term.right)])

    def _inner_product(self, term: MatrixTerm, k: str, l: str) -> str:
        """Entry (k, l) of a term whose blocks are matrices: a row times a column, a squared norm where they are the same."""
        rows = (term.left.transposed, k), (not term.right.transposed, l)
        left, right = (
            self.at(ref.block, (":", index) if turned else (index, ":"), ref.velocity)
            for ref, (turned, index) in zip((term.left, term.right), rows)
        )
        if left == right and self.norms and term.middle is None:
            return self.squared_norm(left)
        left, right = (self.transposed(left) if term.left.transposed else left), (self.transposed(right) if term.right.transposed else right)
        return self.matrix_product([left, *self._middle(term), right])

    def _middle(self, term: MatrixTerm) -> list[str]:
        return [self.matrix([[self.sum([(x, "")] if x else ()) for x in row] for row in term.middle])] if term.middle else []

    def block(self, ref: BlockRef) -> str:
        block = self.letter(ref.block, ref.velocity)
        if ref.axes:
            said = [self.group(self.dimensions(ref.shape))] if ref.shape else []
            block = self.at(ref.block, [*said, self.group(",".join(map(str, ref.axes)))], ref.velocity)
        return self.transposed(block) if ref.transposed else block

    def _neuron(self, term: NeuronTerm, log_scale: str, at: Mapping[str, str] = MappingProxyType({})) -> list[Signed]:
        """A term of the law of neuron k, or of the one ``at`` gives: its bias, or its column (outgoing) or row (incoming) of a block."""
        if term.function == "one":
            return self._timed(term.time, [(term.coefficient, "")])
        square = self.norms and term.function == "power" and term.exponent == 2 and term.constant is None
        if term.side == "slice":
            slots = tuple(at.get(slot, slot) for slot in term.slots)
            return self._timed(term.time, [(term.coefficient, self._slice(replace(term, slots=slots), square, log_scale))])
        k, index = at.get("k", "k"), {"bias": "", "out": "i", "in": "j"}[term.side]
        slot = ":" if square else index
        indices = {"bias": (k,), "out": (slot, k), "in": (k, slot)}[term.side]
        entry = self.at(term.block, indices, term.velocity)
        entry = entry if term.constant is None else self._shifted(entry, term.constant, term.function != "log")
        if term.function == "mirror":
            body = self._mirror(entry, self.at(term.block, indices, True), term.rate)
            body = self.summed(index, body) if index else body
        elif not index:
            body = self._function(term.function, term.exponent, entry, log_scale)
        elif square:
            body = self.squared_norm(entry)
        else:
            body = self.summed(index, self._function(term.function, term.exponent, entry, log_scale))
        return self._timed(term.time, [(term.coefficient, body)])

    def _slice(self, term: NeuronTerm, square: bool, log_scale: str) -> str:
        """The sum over a slice of a block: its squared norm, or the sum of a function of its entries."""
        whole = all(slot == ":" for slot in term.slots)
        entry = self.letter(term.block, term.velocity) if whole else self.at(term.block, term.slots, term.velocity)
        if term.shape:
            entry = self.at(term.block, [self.group(self.dimensions(term.shape)), *term.slots], term.velocity)
        if ":" not in term.slots:
            return self._function(term.function, term.exponent, entry, log_scale)
        return self.squared_norm(entry) if square else self.apply("sum", [self._function(term.function, term.exponent, entry, log_scale)])

"""Formulas as trees, by a small grammar: nothing is ever evaluated as Python, and sums of any length need no recursion.

Trees are tuples: ("num", Fraction), ("var", number), ("name", text), ("mono", coefficient, ((number, exponent), ...)),
("add", nodes), ("mul", nodes), ("pow", node, Fraction), ("raise", node, node) for any other exponent, and
("call", function, node).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

FUNCTIONS = frozenset("exp log sqrt sin cos tan sinh cosh tanh atan atanh Integral".split())
CONSTANTS = frozenset({"pi", "E"})
DEEPEST = 60
LONGEST = 20_000_000
LARGEST_EXPONENT = 2100
"""Of a power in a formula: integrals and squares of rates with exponents up to 1000 are read."""
MOST_DIGITS = 400

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d*)?)|([A-Za-z_][A-Za-z0-9_]*)|(\*\*|[-+*/(),]))")
_FACTOR = r"[A-Za-z][A-Za-z0-9_]*_\d+(?:\*\*\d{1,3})?"
_MONOMIAL = re.compile(rf"\s*(?:(\d{{1,30}})\*)?({_FACTOR}(?:\*{_FACTOR})*)(?=\s*(?:[-+)]|$))")
Node = tuple


class ExpressionError(ValueError):
    """Text that is not a formula the checker reads; the message quotes the place."""


def parse(text: str, lookup: Callable[[str], int] = lambda name: -1, names: frozenset[str] = frozenset()) -> Node:
    """The tree of a formula. ``lookup`` gives the number of a variable or -1; ``names`` may occur besides.

    Raises ExpressionError.
    """
    if not isinstance(text, str) or not text.isascii() or len(text) > LONGEST:
        raise ExpressionError("a formula must be ASCII text of moderate length")
    parser = _Parser(text, lookup, names)
    node = parser.sum()
    if parser.token() is not None:
        raise parser.fault()
    return node


def constant(node: Node) -> Fraction | None:
    """The value of a rational constant, None for anything else."""
    kind = node[0]
    if kind == "num":
        return node[1]
    if kind in ("add", "mul"):
        values = [constant(part) for part in node[1]]
        if None in values:
            return None
        total = Fraction(int(kind == "mul"))
        for value in values:
            total = total + value if kind == "add" else total * value
            if max(abs(total.numerator), total.denominator) > 10**MOST_DIGITS:
                return None
        return total
    if kind == "pow" and node[2].denominator == 1 and abs(node[2]) <= 64:
        base = constant(node[1])
        if base is None or not (base or node[2] > 0) or max(abs(base.numerator), base.denominator) > 10**MOST_DIGITS:
            return None
        return base ** int(node[2])
    return None


def degree(node: Node) -> int:
    """A bound for the degree of numerator and denominator, a function of time counting as a variable."""
    kind = node[0]
    if kind == "mono":
        return sum(exponent for _, exponent in node[2])
    if kind == "add":
        simple = max((degree(part) for part in node[1] if part[0] in ("mono", "num", "var")), default=0)
        return simple + sum(degree(part) for part in node[1] if part[0] not in ("mono", "num", "var"))
    if kind == "mul":
        return sum(degree(part) for part in node[1])
    if kind == "pow":
        return degree(node[1]) * max(abs(node[2].numerator), node[2].denominator)
    if kind == "raise":
        return 1 + degree(node[1]) + degree(node[2])
    return 0 if kind == "num" else 1 + (degree(node[2]) if kind == "call" else 0)


class _Parser:
    def __init__(self, text: str, lookup: Callable[[str], int], names: frozenset[str]) -> None:
        self.text, self.lookup, self.names = text.rstrip(), lookup, names
        self.place = 0
        self.depth = 0

    def fault(self) -> ExpressionError:
        near = self.text[max(0, self.place - 10) : self.place + 20]
        return ExpressionError(f"unexpected text at position {self.place}, near {near!r}")

    def token(self) -> str | None:
        """The next token, not consumed; None at the end."""
        if self.place >= len(self.text):
            return None
        match = _TOKEN.match(self.text, self.place)
        if not match:
            raise self.fault()
        return match[match.lastindex]

    def take(self, *wanted: str) -> str | None:
        """Consume the next token if it is one of those wanted."""
        token = self.token()
        if token is None or token not in wanted:
            return None
        self.place = _TOKEN.match(self.text, self.place).end()
        return token

    def expect(self, wanted: str) -> None:
        if not self.take(wanted):
            raise self.fault()

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError(f"a formula nested deeper than {DEEPEST}")
        terms = []
        sign = self.take("+", "-") or "+"
        while sign:
            terms.append(self.signed(sign))
            sign = self.take("+", "-")
        self.depth -= 1
        return terms[0] if len(terms) == 1 else ("add", terms)

    def signed(self, sign: str) -> Node:
        """A term; monomials in the variables have a form of their own."""
        match = _MONOMIAL.match(self.text, self.place)
        factors = self.factors(match[2]) if match else None
        if factors is not None:
            self.place = match.end()
            coefficient = int(match[1] or 1)
            return ("mono", -coefficient if sign == "-" else coefficient, factors)
        term = self.product()
        return ("mul", [("num", Fraction(-1)), term]) if sign == "-" else term

    def factors(self, text: str) -> tuple[tuple[int, int], ...] | None:
        """Variables with their exponents; None where some name is none of a variable."""
        exponents: dict[int, int] = {}
        for factor in text.replace("**", "^").split("*"):
            name, _, exponent = factor.partition("^")
            number = self.lookup(name)
            if number < 0:
                return None
            exponents[number] = exponents.get(number, 0) + int(exponent or 1)
        return tuple(exponents.items())

    def product(self) -> Node:
        factors = [self.unary()]
        while operator := self.take("*", "/"):
            factor = self.unary()
            factors.append(factor if operator == "*" else ("pow", factor, Fraction(-1)))
        return factors[0] if len(factors) == 1 else ("mul", factors)

    def unary(self) -> Node:
        negative = False
        while sign := self.take("-", "+"):
            negative ^= sign == "-"
        base = self.atom()
        if self.take("**"):
            base = self.power(base)
        return ("mul", [("num", Fraction(-1)), base]) if negative else base

    def power(self, base: Node) -> Node:
        """A base with the exponent that follows: a moderate rational number, or any formula in an atom."""
        negative = bool(self.take("-"))
        exponent = self.atom()
        value = constant(exponent)
        if value is None:
            return ("raise", base, ("mul", [("num", Fraction(-1)), exponent]) if negative else exponent)
        if max(abs(value), value.denominator) > LARGEST_EXPONENT:
            raise ExpressionError("a number in an exponent must be moderate")
        return ("pow", base, -value if negative else value)

    def atom(self) -> Node:
        token = self.token()
        if token is None or token in ("*", "/", "**", ")", ",", "+", "-"):
            raise self.fault()
        self.take(token)
        if token == "(":
            node = self.sum()
            self.expect(")")
            return node
        if token[0].isdigit():
            if len(token) > MOST_DIGITS:
                raise ExpressionError("a number with too many digits")
            return ("num", Fraction(token))
        return self.name(token)

    def name(self, token: str) -> Node:
        if token in FUNCTIONS and self.take("("):
            return self.call(token)
        token = "lamda" if token == "lambda" else token
        if token in CONSTANTS or token in self.names:
            return ("name", token)
        number = self.lookup(token)
        if number < 0:
            raise ExpressionError(f"unknown name {token!r}")
        return ("var", number)

    def call(self, function: str) -> Node:
        """A function applied to what follows its bracket."""
        argument = self.sum()
        if function == "Integral" and not (self.take(",") and self.take("t")):
            raise ExpressionError("an Integral must be over t")
        self.expect(")")
        return ("pow", argument, Fraction(1, 2)) if function == "sqrt" else ("call", function, argument)


def names_in(node: Node) -> frozenset[str]:
    """The names in a tree: t, pi, letters."""
    kind = node[0]
    if kind == "name":
        return frozenset({node[1]})
    if kind in ("add", "mul"):
        return frozenset().union(*map(names_in, node[1]))
    if kind == "raise":
        return names_in(node[1]) | names_in(node[2])
    if kind == "pow":
        return names_in(node[1])
    return names_in(node[2]) if kind == "call" else frozenset()

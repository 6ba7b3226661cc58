"""A normal form of expressions that proves them zero: sums of monomials in kernels, with rational coefficients and exponents.

Kernels are t, free constants, pi, primes, exp(m), e^(i m), e^(i pi), log|p| and |p|
(and atan(p)) for monomials m and sums p of such monomials. Every step
rewrites by an identity that holds for real values where the expression is defined (near the sample time, and so by analyticity on the
whole interval), so a sum that cancels to nothing is zero; kernels need not be independent, so one that does not cancel shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, lcm

from flint import fmpz_poly

from conslaw_cli.expressions.calculus import call
from conslaw_cli.expressions.monomials import (
    TURN,
    UNIT,
    Monomial,
    Sum,
    Undecided,
    as_text,
    as_tree,
    divided,
    monic,
    no_root,
    positive,
    primes,
    scaled_exponents,
)
from conslaw_cli.expressions.tree import Apply, Name, Node, Number

MOST_STEPS = 60_000
_MOST_TERMS = 1500
_MOST_BITS = 1200
_FACTORED_DEGREE = 40
_HALF = Fraction(1, 2)


@dataclass
class Normalizer:
    """Normal forms on an interval on which the expression is real. ``sign`` gives the sign of a tree there, 0 if not known."""

    sign: Callable[[Node], int]
    steps: int = 0
    sums: dict[str, Sum] = field(default_factory=dict)
    """The sum p, in absolute value, behind a kernel |p| or log|p|, and the monomial behind exp(m)."""
    signs: dict[str, int] = field(default_factory=dict)
    forms: dict[Node, Sum] = field(default_factory=dict)
    """Of the applications met, each worked out once."""

    def is_zero(self, node: Node) -> bool:
        """Whether the tree is proved to be zero. Raises Undecided."""
        return self.vanishes(self.form(node))

    def value(self, node: Node) -> Fraction | None:
        """The number that the tree is proved to be, None where that is not shown. Raises Undecided."""
        form = self.form(node)
        if set(form) <= {UNIT}:
            return form.get(UNIT, Fraction(0))
        return None

    def form(self, node: Node) -> Sum:
        """The tree's normal form. Raises Undecided."""
        if isinstance(node, Number):
            return {UNIT: node.value} if node.value else {}
        if isinstance(node, Name):
            return {((node.name if node.name == "t" else f"name {node.name}", Fraction(1)),): Fraction(1)}
        if not node.args:
            return {(("pi", Fraction(1)),): Fraction(1)}
        if node not in self.forms:
            self.forms[node] = self._applied(node)
        return self.forms[node]

    def _applied(self, node: Apply) -> Sum:
        op, args = node.op, node.args
        if op == "+":
            return self._sum(self.form(args[0]), self.form(args[1]))
        if op == "-":
            return self._sum(self.form(args[0]), self._scaled(self.form(args[1]), Fraction(-1)))
        if op == "neg":
            return self._scaled(self.form(args[0]), Fraction(-1))
        if op == "*":
            return self.product(self.form(args[0]), self.form(args[1]))
        if op == "/":
            return self.product(self.form(args[0]), self._power(args[1], Fraction(-1)))
        if op == "**":
            if isinstance(args[1], Number):
                return self._power(args[0], args[1].value)
            return self._exponential(self.form(Apply("*", (args[1], call("log", args[0])))))
        if op == "sqrt":
            return self._power(args[0], _HALF)
        return self._function(op, args[0])

    def _function(self, name: str, node: Node) -> Sum:
        if name == "exp":
            return self._exponential(self.form(node))
        if name == "log":
            return self._logarithm(node)
        if name in ("sin", "cos", "tan"):
            up = self._circle(self.form(node))
            down = self._circle(self._scaled(self.form(node), Fraction(-1)))
            minus_i = {((TURN, _HALF),): Fraction(-1)}
            sine, cosine = self.product(minus_i, self._halved(up, down, -1)), self._halved(up, down, 1)
            below = call("cos", node)
        elif name in ("sinh", "cosh", "tanh"):
            up, down = self._exponential(self.form(node)), self._exponential(self._scaled(self.form(node), Fraction(-1)))
            sine, cosine, below = self._halved(up, down, -1), self._halved(up, down, 1), call("cosh", node)
        else:
            return {((f"{name} {as_text(self.form(node))}", Fraction(1)),): Fraction(1)}
        if name in ("tan", "tanh"):
            return self.product(sine, self._power(below, Fraction(-1)))
        return sine if name.startswith("sin") else cosine

    def _halved(self, up: Sum, down: Sum, sign: int) -> Sum:
        return self._scaled(self._sum(up, self._scaled(down, Fraction(sign))), _HALF)

    # Sums and products.

    def _spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise Undecided("too large")

    def _sum(self, left: Sum, right: Sum) -> Sum:
        self._spend(len(right))
        total = dict(left)
        for monomial, coefficient in right.items():
            total[monomial] = total.get(monomial, 0) + coefficient
        return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}

    def _scaled(self, form: Sum, factor: Fraction) -> Sum:
        return {monomial: coefficient * factor for monomial, coefficient in form.items()} if factor else {}

    def product(self, left: Sum, right: Sum) -> Sum:
        self._spend(len(left) * len(right))
        plain, expanded = {}, {}
        for a, x in left.items():
            for b, y in right.items():
                monomial, factor, powers = self._merged(a, b)
                coefficient = x * y * factor
                if coefficient.numerator.bit_length() + coefficient.denominator.bit_length() > _MOST_BITS:
                    raise Undecided("numbers too large")
                if powers:
                    expanded = self._sum(expanded, self._expanded(monomial, coefficient, powers))
                else:
                    plain[monomial] = plain.get(monomial, 0) + coefficient
        total = self._sum({}, plain)
        total = self._sum(total, expanded) if expanded else total
        if len(total) > _MOST_TERMS:
            raise Undecided("too many terms")
        return total

    def _merged(self, a: Monomial, b: Monomial) -> tuple[Monomial, Fraction | int, list[tuple[str, int]]]:
        """The product of two monomials: a monomial, a factor, and whole powers of |p| that are to be expanded."""
        exponents = dict(a)
        for kernel, exponent in b:
            exponents[kernel] = exponents.get(kernel, 0) + exponent
        factor: Fraction | int = 1
        powers = []
        for kernel, exponent in list(exponents.items()):
            whole = floor(exponent)
            if kernel == TURN and whole:
                factor *= -1 if whole % 2 else 1
            elif kernel.startswith("prime") and whole:
                self._spend(abs(whole))
                factor *= Fraction(int(kernel.split()[1])) ** whole
            elif kernel.startswith("abs") and whole > 0:
                powers.append((kernel, whole))
            else:
                continue
            exponents[kernel] = exponent - whole
        return tuple(sorted((k, e) for k, e in exponents.items() if e)), factor, powers

    def _expanded(self, monomial: Monomial, coefficient: Fraction, powers: list[tuple[str, int]]) -> Sum:
        total = {monomial: coefficient}
        for kernel, exponent in powers:
            total = self.product(total, self._whole(self.sums[kernel], exponent))
        return total

    def _whole(self, form: Sum, exponent: int) -> Sum:
        """A power with a whole exponent that is not negative."""
        result: Sum = {UNIT: Fraction(1)}
        while exponent:
            if exponent & 1:
                result = self.product(result, form)
            exponent >>= 1
            form = self.product(form, form) if exponent else form
        return result

    # Powers, logarithms and exponentials.

    def _power(self, node: Node, q: Fraction) -> Sum:
        form = self.form(node)
        if q.denominator == 1 and q >= 0:
            return self._whole(form, int(q))
        if not form:
            raise Undecided("a power of zero")
        content, common, factors = self._factored(form, node)
        sign = self._sign(content, factors)
        if sign < 0 and q.denominator != 1:
            raise Undecided("a root of a negative number")
        result = self._number_power(abs(content), q)
        result = self.product(result, {scaled_exponents(common, q): Fraction(sign if q.denominator == 1 and q % 2 else 1)})
        for kernel, exponent in factors:
            result = self.product(result, {((kernel, exponent * q),): Fraction(1)})
        return result

    def _sign(self, content: Fraction, factors: list[tuple[str, Fraction]]) -> int:
        """The sign of a factored sum at the sample time."""
        sign = 1 if content > 0 else -1
        for kernel, exponent in factors:
            sign *= self.signs[kernel] if exponent % 2 else 1
        return sign

    def _number_power(self, value: Fraction, q: Fraction) -> Sum:
        if q.denominator == 1:
            self._spend(abs(int(q)))
            if abs(int(q)) * (value.numerator.bit_length() + value.denominator.bit_length()) > _MOST_BITS:
                raise Undecided("numbers too large")
            return {UNIT: value ** int(q)}
        found: Sum = {UNIT: Fraction(1)}
        for prime, exponent in primes(value):
            found = self.product(found, {((f"prime {prime}", exponent * q),): Fraction(1)})
        return found

    def _factored(self, form: Sum, node: Node | None) -> tuple[Fraction, Monomial, list[tuple[str, Fraction]]]:
        """Content, common monomial and the kernels |p| with their exponents, for content * common * product of p^e."""
        shared = {}
        for kernel in {kernel for monomial in form for kernel, _ in monomial}:
            if positive(kernel):
                shared[kernel] = min(dict(monomial).get(kernel, Fraction(0)) for monomial in form)
        common = tuple(sorted((k, e) for k, e in shared.items() if e))
        rest = {divided(monomial, shared): coefficient for monomial, coefficient in form.items()}
        if set(rest) == {UNIT}:
            return rest[UNIT], common, []
        lead = rest[max(rest)]
        rest = {monomial: coefficient / lead for monomial, coefficient in rest.items()}
        factors = self._irreducible(rest)
        alone = node if len(factors) == 1 and factors[0][1] == 1 else None
        return lead, common, [(self._kernel(p, alone, lead), Fraction(e)) for p, e in factors]

    def _irreducible(self, form: Sum) -> list[tuple[Sum, int]]:
        """The factors of a polynomial in one kernel; anything else as its own factor."""
        kernels = {kernel for monomial in form for kernel, _ in monomial}
        exponents = [dict(monomial) for monomial in form]
        if len(kernels) != 1:
            return [(form, 1)]
        (kernel,) = kernels
        degrees = [found.get(kernel, Fraction(0)) for found in exponents]
        if any(d.denominator != 1 or d < 0 or d > _FACTORED_DEGREE for d in degrees):
            return [(form, 1)]
        coefficients = [0] * (int(max(degrees)) + 1)
        denominator = lcm(*(c.denominator for c in form.values()))
        for degree, coefficient in zip(degrees, form.values()):
            coefficients[int(degree)] = int(coefficient * denominator)
        self._spend(len(coefficients) ** 2)
        _, found = fmpz_poly(coefficients).factor()
        return [(monic(p, kernel), e) for p, e in found]

    def _kernel(self, form: Sum, node: Node | None, lead: Fraction) -> str:
        """The kernel |p|, entered with the sign of p at the sample time; ``node`` is a positive multiple of lead * p."""
        name = f"abs {as_text(form)}"
        if name not in self.sums:
            sign = 0
            if node is not None:
                sign = self.sign(node) * (1 if lead > 0 else -1)
            tree = as_tree(form)
            if not sign and tree is not None:
                sign = self.sign(tree)
            if not sign:
                raise Undecided("a sign is not known")
            self.signs[name] = sign
            self.sums[name] = self._scaled(form, Fraction(sign))
        return name

    def _exponential(self, form: Sum) -> Sum:
        exponents: dict[str, Fraction] = {}
        factor: Sum = {UNIT: Fraction(1)}
        for monomial, coefficient in form.items():
            if len(monomial) == 1 and monomial[0][0].startswith("log ") and monomial[0][1] == 1:
                factor = self.product(factor, {((monomial[0][0].removeprefix("log "), coefficient),): Fraction(1)})
                continue
            name = f"exp {as_text({monomial: Fraction(1)})}"
            self.sums[name] = {monomial: Fraction(1)}
            exponents[name] = coefficient
        return self.product(factor, {tuple(sorted(exponents.items())): Fraction(1)})

    def _logarithm(self, node: Node) -> Sum:
        form = self.form(node)
        if not form:
            raise Undecided("the logarithm of zero")
        content, common, factors = self._factored(form, node)
        total: Sum = {}
        for prime, exponent in primes(abs(content)):
            total = self._sum(total, {((f"log prime {prime}", Fraction(1)),): exponent})
        for kernel, exponent in (*common, *factors):
            if kernel.startswith("exp "):
                total = self._sum(total, self._scaled(self.sums[kernel], exponent))
            else:
                total = self._sum(total, {((f"log {kernel}", Fraction(1)),): exponent})
        return total

    def _circle(self, form: Sum) -> Sum:
        """e^(i u)."""
        exponents: dict[str, Fraction] = {}
        for monomial, coefficient in form.items():
            name = TURN if monomial == (("pi", Fraction(1)),) else f"circle {as_text({monomial: Fraction(1)})}"
            exponents[name] = coefficient
        return self.product({tuple(sorted(exponents.items())): Fraction(1)}, {UNIT: Fraction(1)})

    # The test.

    def vanishes(self, form: Sum) -> bool:
        """Whether the sum is zero: without negative powers of the |p|, and modulo the relations of the roots of unity."""
        for _ in range(8):
            lowest: dict[str, Fraction] = {}
            for kernel, exponent in (factor for monomial in form for factor in monomial):
                if kernel.startswith("abs") and exponent < 0:
                    lowest[kernel] = min(exponent, lowest.get(kernel, exponent))
            if not lowest:
                break
            for kernel, exponent in lowest.items():
                form = self.product(form, {((kernel, Fraction(ceil(-exponent))),): Fraction(1)})
        groups: dict[Monomial, dict[Fraction, Fraction]] = {}
        for monomial, coefficient in form.items():
            rest = tuple(factor for factor in monomial if factor[0] != TURN)
            groups.setdefault(rest, {})[dict(monomial).get(TURN, Fraction(0))] = coefficient
        return all(map(no_root, groups.values()))

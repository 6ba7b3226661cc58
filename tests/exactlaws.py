"""Scalar laws of a report at exact points: terms are multiplied and added as fractions, functions of time are SymPy's."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp
from sympy.parsing.sympy_parser import parse_expr

from conslaw_cli.report.formula import Formula, MirrorTerm, Shifted, Term, TravelTerm

T = sp.Symbol("t")


def drawn(blocks, seed):
    """Positive multiples of 2^-20 by block, which floats hold exactly."""
    rng = np.random.default_rng(seed)
    return {name: _array([Fraction(int(k), 2**20) for k in rng.integers(300_000, 1_900_000, int(np.prod(shape)))], shape) for name, shape in blocks}


def _array(entries, shape):
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array.reshape(shape)


def exact(formula: Formula, arrays, velocities, numbers, start):
    """The value of a law as a SymPy number; ``numbers`` are those of t and of letters, ``start`` that of integrals over time."""
    scale, total = at(formula.log_scale, numbers, start), sp.Integer(0)
    for group in formula.groups:
        rational, rest = Fraction(0), sp.Integer(0)
        for term in group.terms:
            value = _term(term, arrays, velocities, numbers, start, scale)
            rational, rest = (rational + value, rest) if isinstance(value, Fraction) else (rational, rest + value)
        total += at(group.time, numbers, start) * (sympified(rational) + rest)
    return total


def at(text, numbers, start):
    """A function of time."""
    local = {"t": T, **{letter: sp.Symbol(letter) for letter in numbers}}
    parsed = parse_expr(text.replace("lambda", "lamda"), local_dict=local)
    fixed = parsed.replace(lambda node: isinstance(node, sp.Integral), lambda node: sp.Integral(node.function, (T, sympified(start), T)))
    return fixed.subs({local[name]: sympified(value) for name, value in numbers.items()})


def sympified(value):
    return sp.Rational(value.numerator, value.denominator)


def _entry(entry, arrays, velocities):
    return (velocities if entry.velocity else arrays)[entry.block][tuple(index - 1 for index in entry.indices)]


def _term(term, arrays, velocities, numbers, start, scale):
    take = lambda entry: _entry(entry, arrays, velocities)
    if isinstance(term, MirrorTerm):
        position = sympified(take(term.entry))
        moving = sympified(velocities[term.entry.block][tuple(index - 1 for index in term.entry.indices)])
        rate = at(term.rate, numbers, start)
        return term.coefficient * (position / moving if term.rate == "0" else moving / (rate * position + moving))
    if isinstance(term, TravelTerm):
        u, v = sympified(take(term.outgoing)), sympified(take(term.incoming))
        if term.powers == (1, 1):
            return term.coefficient * sp.log(v / u) / (u - v)
        x, y = (u, v) if term.powers == (1, 3) else (v, u)
        return term.coefficient * ((x + 1 / y) * sp.log(x) - x)
    return _product(term, take, scale)


def _product(term: Term, take, scale):
    rational, rest = Fraction(term.coefficient), sp.Integer(1)
    for base, exponent in term.factors:
        value = take(base.entry) ** 2 + base.constant if isinstance(base, Shifted) else take(base)
        if term.log:
            rest *= sp.log(scale * sympified(value))
        elif Fraction(exponent).denominator == 1:
            rational *= Fraction(value) ** int(exponent)
        else:
            rest *= sympified(value) ** sympified(Fraction(exponent))
    return rational if rest == 1 else sympified(rational) * rest

"""Reads the table [dynamics]: the kind, its rate (damping or decay) and the time the laws start from."""

from __future__ import annotations

import re
from fractions import Fraction

from conslaw_cli.spec import hints
from conslaw_cli.spec.errors import Table
from conslaw_cli.spec.expressions import Expression, ExpressionError, number, parse_expression
from conslaw_cli.spec.rates import UnsettledRate, settled
from conslaw_cli.spec.schema import KINDS, RATE_KEYS, DynamicsSpec
from conslaw_cli.spec.values import MOST_DIGITS, Pole, fraction_of

Blocks = tuple[str, ...]

_KEYS = ("kind", "damping", "decay", "start")
_SYMPY_NAMES = frozenset({"E", "I", "N", "O", "Q", "S", "oo", "zoo", "nan", "inf"})
_OTHER_NAME = 'choose another name, such as "tau"'
_KIND_OF = {key: kind for kind, (key, _) in RATE_KEYS.items()}


def read_dynamics(table: Table, blocks: Blocks) -> DynamicsSpec | None:
    """The dynamics, or None after noting what is wrong with them. ``blocks`` names the parameter blocks, where known."""
    table.check_keys(_KEYS, hints.DYNAMICS_KEYS)
    kind = table.choice("kind", KINDS, "dynamics", hints.DYNAMICS) if "kind" in table.data else "gradient-flow"
    if kind is None:
        for key in _KIND_OF:
            _given_rate(table, key, blocks)
        _given_start(table)
        return None
    keys_fit = _keys_fit(table, kind)
    if kind == "gradient-flow":
        return DynamicsSpec(kind, None, Fraction(0)) if keys_fit else None
    rate = _rate(table, kind, blocks)
    start = _given_start(table)
    if rate is None or not _start_fits(table, rate, start) or not keys_fit:
        return None
    return DynamicsSpec(kind, rate, _usual_start(rate) if start is None else start)


def _keys_fit(table: Table, kind: str) -> bool:
    """Notes the keys that belong to other dynamics."""
    own = RATE_KEYS.get(kind, (None, None))[0]
    misplaced = [key for key in _KIND_OF if key in table.data and key != own]
    for key in misplaced:
        instead = f"rename it to {own}" if own else "remove it"
        table.problem(key, f"{kind} takes no {key}", f'{instead}, or write kind = "{_KIND_OF[key]}"')
    if kind == "gradient-flow" and "start" in table.data:
        table.problem("start", "gradient-flow takes no start, its laws hold at all times", "remove it")
        return False
    return not misplaced


def _rate(table: Table, kind: str, blocks: Blocks) -> Expression | None:
    if kind == "nesterov":
        return parse_expression("3/t")
    key, default = RATE_KEYS[kind]
    return _given_rate(table, key, blocks) if key in table.data else parse_expression(default)


def _given_rate(table: Table, key: str, blocks: Blocks) -> Expression | None:
    """The rate under a key, or None after noting what is wrong with it (nothing, when the key is absent)."""
    if key not in table.data:
        return None
    rate = _expression(table, key)
    if rate is None:
        return None
    lone = rate.lone_name and rate.lone_name != "t"
    fault = _fault_of_name(rate.lone_name, blocks) if lone else _fault_of_rate(rate)
    if fault:
        table.problem(key, *fault)
        return None
    try:
        return rate if lone else settled(rate)
    except UnsettledRate as error:
        table.problem(key, str(error), "write the constant as a number")
        return None


def _expression(table: Table, key: str) -> Expression | None:
    """A number or the text of an expression."""
    value = table.data[key]
    constant = fraction_of(value)
    if constant is not None:
        return number(constant)
    if not isinstance(value, str):
        remedy = f'write e.g. {key} = 0.5, {key} = "tau" or {key} = "3/t"'
        table.problem(key, f"{key} must be a string or a finite number of at most {MOST_DIGITS} digits", remedy)
        return None
    if value.strip() == "pi":
        table.problem(key, "pi is a number, not a symbol", _OTHER_NAME + ', or "1*pi" for the number')
        return None
    try:
        return parse_expression(value)
    except ExpressionError as error:
        table.problem(key, error.message, error.remedy)
        return None


def _fault_of_name(name: str, blocks: Blocks) -> tuple[str, str] | None:
    """What is wrong with a free symbol, and the remedy."""
    if name in _SYMPY_NAMES:
        return f"the name {name} has another meaning in SymPy's formulas", _OTHER_NAME
    block = re.sub(r"(_\d+)*$", "", name)
    if block in blocks or block.removeprefix("d") in blocks:
        return f"the name {name} is taken by the model's parameters", _OTHER_NAME
    return None


def _fault_of_rate(rate: Expression) -> tuple[str, str] | None:
    """What is wrong with a constant or an expression in t, and the remedy."""
    unknown = sorted(rate.names - {"t"})
    if unknown:
        listed = ", ".join(unknown)
        symbols = "symbols" if len(unknown) > 1 else "symbol"
        return f"unknown {symbols} {listed}", "an expression may use t only; a free constant is written alone, as tau"
    if not rate.is_constant_number:
        return None
    try:
        negative = rate.value_at({}) < 0
    except Pole as pole:
        return f"not a finite number ({pole})", "write a number >= 0"
    return ("must not be negative", "write a number >= 0") if negative else None


def _usual_start(rate: Expression) -> Fraction | None:
    """0 where the rate is finite there, otherwise None."""
    return Fraction(0) if _pole(rate, Fraction(0)) is None else None


def _start_fits(table: Table, rate: Expression, start: Fraction | None) -> bool:
    """Whether the given start is usable; notes a rate that is not finite there."""
    if start is None:
        return "start" not in table.data
    pole = _pole(rate, start)
    if pole is None:
        return True
    remedy = f"write start = {start + 1}" if start.denominator == 1 else "write a later start"
    remedy += ", or remove it: the laws then hold for t > 0" if start == 0 else ""
    table.problem("start", f"the rate {rate.text} has a pole at t = {start} ({pole})", remedy)
    return False


def _given_start(table: Table) -> Fraction | None:
    """The key ``start`` as a number, a string such as "1/2" included; None after noting what is wrong with it."""
    if "start" not in table.data:
        return None
    value = table.data["start"]
    start = _number_in(value) if isinstance(value, str) else fraction_of(value)
    if start is None or start < 0:
        table.problem("start", "start must be a number >= 0", "write e.g. start = 1")
        return None
    return start


def _number_in(text: str) -> Fraction | None:
    try:
        value = parse_expression(text).value_at({})
    except (ExpressionError, Pole, KeyError):
        return None
    return value if isinstance(value, Fraction) else None


def _pole(rate: Expression, time: Fraction) -> Pole | None:
    if "t" not in rate.names:
        return None
    try:
        rate.value_at({"t": time})
    except Pole as pole:
        return pole
    return None

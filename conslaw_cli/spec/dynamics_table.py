"""Reads the table [dynamics]: the kind, its rate (damping or decay) and the time the laws start from."""

from __future__ import annotations

import re
from fractions import Fraction

from conslaw_cli import hints
from conslaw_cli.problems import Table
from conslaw_cli.expressions.parsing import Expression, ExpressionError, number, parse_expression
from conslaw_cli.expressions.rates import SettledRate, UnusableRate, settled
from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.dynamics.base import Kind
from conslaw_cli.dynamics.settings import DynamicsSpec
from conslaw_cli.expressions.sympynames import SYMPY_NAMES
from conslaw_cli.expressions.values import MOST_DIGITS, Pole, fraction_of

Blocks = tuple[str, ...]

_OTHER_NAME = 'choose another name, such as "tau"'


def read_dynamics(table: Table, blocks: Blocks) -> DynamicsSpec | None:
    """The dynamics, or None after noting what is wrong with them. ``blocks`` names the parameter blocks, where known."""
    rate_keys = _rate_keys()
    table.check_keys(("kind", *rate_keys, "start"), hints.DYNAMICS_KEYS)
    name = table.choice("kind", DYNAMICS, "dynamics", hints.DYNAMICS) if "kind" in table.data else next(iter(DYNAMICS))
    if name is None:
        start = _given_start(table)
        for key in rate_keys:
            _given_rate(table, key, blocks, start)
        return None
    kind = DYNAMICS[name]
    keys_fit = _keys_fit(table, kind)
    if not kind.drifts:
        return DynamicsSpec(name, None, Fraction(0)) if keys_fit else None
    start = _given_start(table)
    rate = _rate(table, kind, blocks, start)
    if rate is None or not keys_fit or (start is None and "start" in table.data):
        return None
    return DynamicsSpec(name, rate.rate, rate.start, rate.until, rate.located, rate.assumptions)


def _rate_keys() -> dict[str, str]:
    """Every key for a rate, with the first dynamics that takes it."""
    keys: dict[str, str] = {}
    for kind in DYNAMICS.values():
        if kind.rate_key:
            keys.setdefault(kind.rate_key, kind.name)
    return keys


def _keys_fit(table: Table, kind: Kind) -> bool:
    """Notes the keys that belong to other dynamics."""
    own, known = kind.rate_key, _rate_keys()
    misplaced = [key for key in known if key in table.data and key != own]
    for key in misplaced:
        instead = f"rename it to {own}" if own else "remove it"
        table.problem(key, f"{kind.name} takes no {key}", f'{instead}, or write kind = "{known[key]}"')
    if not kind.drifts and "start" in table.data:
        table.problem("start", f"{kind.name} takes no start, its laws hold at all times", "remove it")
        return False
    return not misplaced


def _rate(table: Table, kind: Kind, blocks: Blocks, start: Fraction | None) -> SettledRate | None:
    if kind.fixed_rate:
        if start == 0:
            pole = f"the rate {kind.fixed_rate} has a pole at t = 0"
            table.problem("start", pole, "write start = 1, or remove it: the laws then hold for t > 0")
            return None
        return SettledRate(parse_expression(kind.fixed_rate), start)
    if kind.rate_key in table.data:
        return _given_rate(table, kind.rate_key, blocks, start)
    return settled(parse_expression(kind.default_rate), start)


def _given_rate(table: Table, key: str, blocks: Blocks, start: Fraction | None) -> SettledRate | None:
    """The rate under a key, or None after noting what is wrong with it (nothing, when the key is absent)."""
    if key not in table.data:
        return None
    rate = _expression(table, key)
    if rate is None:
        return None
    faults = [fault for name in sorted(rate.names - {"t"}) if (fault := _fault_of_name(name, rate.names, blocks))]
    for fault in faults:
        table.problem(key, *fault)
    if faults:
        return None
    try:
        return settled(rate, start)
    except UnusableRate as error:
        table.problem("start" if error.at_start else key, error.message, error.remedy)
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


def _fault_of_name(name: str, names: frozenset[str], blocks: Blocks) -> tuple[str, str] | None:
    """What is wrong with a free constant, and the remedy."""
    if name == "e":
        return "the name e reads as Euler's number", 'write exp(1), or choose another name, such as "tau"'
    if name in SYMPY_NAMES:
        return f"the name {name} has another meaning in SymPy's formulas", _OTHER_NAME
    if name == "lamda" and "lambda" in names:
        return "lamda and lambda are spelled alike in SymPy's formulas", _OTHER_NAME
    block = re.sub(r"(_\d+)*$", "", name)
    if block in blocks or block.removeprefix("d") in blocks:
        return f"the name {name} is taken by the model's parameters", _OTHER_NAME
    return None


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

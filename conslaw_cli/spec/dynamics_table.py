"""Reads the table [dynamics]: the kind, its rate (damping or decay) and the time the laws start from."""

from __future__ import annotations

import re
from fractions import Fraction

from conslaw_cli import hints
from conslaw_cli.problems import Table
from conslaw_cli.expressions.parsing import Expression, ExpressionError, number, parse_expression
from conslaw_cli.expressions.rates import SettledRate, UnusableRate, settled
from conslaw_cli.spec.schema import KINDS, RATE_KEYS, DynamicsSpec
from conslaw_cli.expressions.sympynames import SYMPY_NAMES
from conslaw_cli.expressions.values import MOST_DIGITS, Pole, fraction_of

Blocks = tuple[str, ...]

_KEYS = ("kind", "damping", "decay", "start")
_OTHER_NAME = 'choose another name, such as "tau"'
_KIND_OF = {key: kind for kind, (key, _) in RATE_KEYS.items()}


def read_dynamics(table: Table, blocks: Blocks) -> DynamicsSpec | None:
    """The dynamics, or None after noting what is wrong with them. ``blocks`` names the parameter blocks, where known."""
    table.check_keys(_KEYS, hints.DYNAMICS_KEYS)
    kind = table.choice("kind", KINDS, "dynamics", hints.DYNAMICS) if "kind" in table.data else "gradient-flow"
    if kind is None:
        start = _given_start(table)
        for key in _KIND_OF:
            _given_rate(table, key, blocks, start)
        return None
    keys_fit = _keys_fit(table, kind)
    if kind == "gradient-flow":
        return DynamicsSpec(kind, None, Fraction(0)) if keys_fit else None
    start = _given_start(table)
    rate = _rate(table, kind, blocks, start)
    if rate is None or not keys_fit or (start is None and "start" in table.data):
        return None
    return DynamicsSpec(kind, rate.rate, rate.start, rate.until, rate.located, rate.assumptions)


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


def _rate(table: Table, kind: str, blocks: Blocks, start: Fraction | None) -> SettledRate | None:
    if kind == "nesterov":
        if start == 0:
            table.problem("start", "the rate 3/t has a pole at t = 0", "write start = 1, or remove it: the laws then hold for t > 0")
            return None
        return SettledRate(parse_expression("3/t"), start)
    key, default = RATE_KEYS[kind]
    return _given_rate(table, key, blocks, start) if key in table.data else settled(parse_expression(default), start)


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

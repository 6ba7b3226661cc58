"""Mirror momentum with M = diag(y^2) on all weights around a hidden neuron, y = tau theta + theta', tau constant: one law a neuron.

theta'' + tau theta' = -y^2 g, g = dE/dtheta, so y' = -y^2 g along the flow; without loss y and exp(tau t) theta' are constant. With
T' = tau T the law is T (sum_out theta'/y - sum_in theta'/y): the drift leaves it as it is, and the control field theta' -> -y^2 g, moves
theta'/y by -g (y - theta') = -tau theta g, and sum_out theta g = sum_in theta g by the scaling symmetry of the neuron. For tau = 0 it is
sum_out theta/theta' - sum_in theta/theta' - t (out - in): the drift moves theta/theta' by one, the control field by theta g.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import nmod_mat

from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.latexread import ascii_of
from conslaw_cli.checker.laws import Evaluation, Formulas
from conslaw_cli.checker.lawtable import Item
from conslaw_cli.checker.metrics import Metric
from conslaw_cli.checker.parts import control
from conslaw_cli.checker.result import Check, ReportError, Undecided
from conslaw_cli.checker.system import System
from conslaw_cli.checker.timefactor import function_of_time, jet, listed_gradients, require_factor

NAME = "laws: mirror momentum"
LARGEST = 4_000_000
"""Entries up to which the matrix of gradients is built."""


@dataclass(frozen=True)
class Layer:
    """Blocks out of and into the neurons of a hidden layer."""

    outgoing: str
    incoming: tuple[str, ...]
    width: int


def mirror_layers(system: System) -> list[Layer]:
    """The hidden layers of which all weights have the metric theta^2 at the lookahead point."""
    if not system.lookahead or system.rate.moves:
        return []
    layers = [Layer(*layer) for layer in system.model.hidden]
    return [layer for layer in layers if all(system.exponents[b] == 2 for b in (layer.outgoing, *layer.incoming))]


def check_mirror(
    system: System, items: tuple[Item, ...], formulas: Formulas, found: Evaluation, seed: bytes
) -> tuple[list[Check], bool]:
    """(checks of the items of mirror momentum, whether translations of time move these laws). Raises ReportError."""
    layers = {layer.outgoing: layer for layer in mirror_layers(system)}
    chosen, moving = [], False
    for item in items:
        names = re.findall(r"sum_i d?([A-Z][A-Za-z0-9]*)\[", item.form or "")
        layer = layers.pop(names[0], None) if len(names) == 1 else None
        if layer is None or item.number != layer.width or item.definitions:
            raise ReportError(f"{item.family}: this system has no such family")
        surplus = _surplus(system, layer)
        timed = not system.rate.zero or surplus != 0
        if item.depends_on_time != timed or item.source != "theory, verified":
            raise ReportError(f"{item.family}: its source, or whether it depends on time, is wrong")
        moving |= timed
        chosen.append((item, layer))
    if not chosen:
        return [], False
    try:
        for item, layer in chosen:
            _texts(system, item, layer, found)
        return [_identities(system, [layer for _, layer in chosen], formulas, found, seed)], moving
    except Undecided as error:
        return [Check(NAME, True, f"not decided by this checker: {error}", proved=False)], moving


def _surplus(system: System, layer: Layer) -> int:
    """Number of weights out of a neuron less that of the weights into it."""
    shapes = dict(system.blocks)
    return shapes[layer.outgoing][0] - sum(shapes[block][1] for block in layer.incoming)


def _texts(system: System, item: Item, layer: Layer, found: Evaluation) -> None:
    """Holds the texts against this checker's own. Raises ReportError, Undecided."""
    own = [_sum(system, _scalars(system, layer, k), _surplus(system, layer), _plain) for k in range(1, layer.width + 1)]
    form = _sum(system, _slots(system, layer), _surplus(system, layer), _plain)
    latex = _sum(system, _slots(system, layer), _surplus(system, layer), _latex)
    read = ascii_of(item.latex, system.rate.letters)
    if system.rate.zero:
        if (list(item.expressions), item.form, read) != (own, form, latex):
            raise ReportError(f"{item.family}: not the laws of this system")
        return
    factors = {_before(text, body) for text, body in zip((*item.expressions, item.form), (*own, form))}
    if len(factors) != 1:
        raise ReportError(f"{item.family}: different functions of time")
    (factor,) = factors
    require_factor(system, found, factor, 1)
    spelled = function_of_time(system, _before(read, latex))
    if jet(found, spelled) != jet(found, function_of_time(system, factor)):
        raise ReportError(f"{item.family}: the LaTeX differs from the form")


def _before(text: str, body: str) -> str:
    """T of T*(body). Raises ReportError."""
    if not text.endswith(f"*({body})"):
        raise ReportError("not a law of mirror momentum of this system")
    return text.removesuffix(f"*({body})")


def _scalars(system: System, layer: Layer, k: int) -> Iterator[tuple[str, str, str, str]]:
    """(sign, sum, theta, theta') of each weight around neuron k."""
    shapes = dict(system.blocks)
    names = [("+", f"{layer.outgoing}_{i}_{k}") for i in range(1, shapes[layer.outgoing][0] + 1)]
    for block in layer.incoming:
        columns = range(1, shapes[block][1] + 1)
        names += [("-", f"{block}_{k}" if block in system.vectors else f"{block}_{k}_{j}") for j in columns]
    return ((sign, "", name, f"d{name}") for sign, name in names)


def _slots(system: System, layer: Layer) -> Iterator[tuple[str, str, str, str]]:
    """The same of the form."""
    yield "+", "sum_i ", f"{layer.outgoing}[i,k]", f"d{layer.outgoing}[i,k]"
    for block in layer.incoming:
        sum_, index = ("", "[k]") if block in system.vectors else ("sum_j ", "[k,j]")
        yield "-", sum_, f"{block}{index}", f"d{block}{index}"


def _sum(system: System, places: Iterator, surplus: int, quotient) -> str:
    """The sum of theta'/y, or of theta/theta' and the term in t."""
    text = ""
    for sign, sum_, position, velocity in places:
        fraction = quotient(system, position, velocity)
        text += f"{f' {sign} ' if text else ''}{sum_}{fraction}"
    if system.rate.zero and surplus:
        multiple = "t" if abs(surplus) == 1 else f"{abs(surplus)}*t"
        text += f" {'-' if surplus > 0 else '+'} {multiple}"
    return text


def _plain(system: System, position: str, velocity: str) -> str:
    if system.rate.zero:
        return f"{position}/{velocity}"
    return f"{velocity}/({_rate(system, str)}{position} + {velocity})"


def _latex(system: System, position: str, velocity: str) -> str:
    """As LaTeX is read."""
    if system.rate.zero:
        return f"(({position})/({velocity}))"
    return f"(({velocity})/({_rate(system, _bar)}{position} + {velocity}))"


def _rate(system: System, write) -> str:
    """The rate as a factor. Raises Undecided."""
    value = system.rate.value
    if value is None and not system.rate.letter:
        raise Undecided("a rate that is neither rational nor a letter")
    return "" if value == 1 else f"{system.rate.letter if value is None else write(value)}*"


def _bar(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"(({value.numerator})/({value.denominator}))"


def _identities(system: System, layers: list[Layer], formulas: Formulas, found: Evaluation, seed: bytes) -> Check:
    """The scaling symmetry of every neuron, and the rank of all laws, at the point. Raises Undecided."""
    p, n = found.world.p, system.size
    neurons = [_weights(system, layer, k) for layer in layers for k in range(layer.width)]
    if (len(neurons) + len(formulas.laws)) * system.space > LARGEST:
        raise Undecided("too many laws to compute their rank")
    point = residues(p, int.from_bytes(seed[:8], "big"), "mirror momentum", np.array([0]), system.space)[0].tolist()
    theta = np.array(point[:n], dtype=object)
    flat = tuple(replace(part, metrics=dict.fromkeys(part.metrics, Metric())) for part in system.parts)
    gradient = control(flat, theta, theta, found.world).tolist()
    if any(sum(sign * point[k] * gradient[k] for sign, k in weights) % p for weights in neurons):
        return Check(NAME, False, "the weights out of a neuron cannot be scaled against those into it")
    rows = listed_gradients(formulas, point, p)
    for weights in neurons:
        row = [0] * system.space
        for sign, k in weights:
            y = found.rate[0] * point[k] + point[k + n]
            if not y % p:
                raise Undecided("a division by zero")
            row[k], row[k + n] = -sign * point[k + n] * pow(y, -2, p) % p, sign * point[k] * pow(y, -2, p) % p
        rows.append(row)
    if nmod_mat(rows, p).rank() != len(rows):
        return Check(NAME, False, "the laws depend on each other or on the others listed")
    detail = f"{len(neurons)} laws hold by the scaling symmetry of their neurons, tested at a random point modulo a 61-bit prime, and "
    return Check(NAME, True, detail + "are independent of each other and the laws listed")


def _weights(system: System, layer: Layer, k: int) -> list[tuple[int, int]]:
    """(sign, number) of the weights around neuron k."""
    shapes, starts = dict(system.blocks), system.offsets()
    rows, columns = shapes[layer.outgoing]
    found = [(1, starts[layer.outgoing] + i * columns + k) for i in range(rows)]
    for block in layer.incoming:
        columns = shapes[block][1]
        found += [(-1, starts[block] + k * columns + j) for j in range(columns)]
    return found

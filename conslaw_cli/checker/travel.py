"""Hidden neurons with one weight u out and one weight v in, of metrics theta^a and theta^b, under gradient flow: differences of T.

T = log(v/u)/(u - v) for (a, b) = (1, 1), (u + 1/v) log(u) - u for (1, 3), and (v + 1/u) log(v) - v for (3, 1). Where the level h (u - v,
u + 1/v, v + 1/u) does not move under any control field, T moves by (X_v/v - X_u/u)/h, or by h X_x/x - X_x for the weight x under the logarithm.
That these rates are the same for all neurons of a layer is an identity of rational functions, tested at a random point modulo a large prime;
so are those of the levels. Modulo the dh, dT is rational too, and a rank at the point is a lower bound of the generic one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import nmod_mat

from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.latexread import ascii_of
from conslaw_cli.checker.laws import Evaluation, Formulas
from conslaw_cli.checker.lawtable import Item
from conslaw_cli.checker.parts import control
from conslaw_cli.checker.result import Check, ReportError, Undecided
from conslaw_cli.checker.system import System
from conslaw_cli.checker.timefactor import listed_gradients

NAME = "laws: travel times"
LARGEST = 4_000_000
"""Entries up to which the matrix of gradients is built."""
POWERS = ((1, 1), (1, 3), (3, 1))


@dataclass(frozen=True)
class _Layer:
    outgoing: str
    incoming: str
    width: int
    powers: tuple[int, int]

    def names(self, k: int) -> tuple[str, str]:
        return f"{self.outgoing}_1_{k}", f"{self.incoming}_{k}_1"

    def slots(self, k: str) -> tuple[str, str]:
        return f"{self.outgoing}[1,{k}]", f"{self.incoming}[{k},1]"


def _layers(system: System) -> list[_Layer]:
    """The hidden layers of neurons of which T is known."""
    if system.kind != "gradient-flow":
        return []
    shapes, found = dict(system.blocks), []
    for outgoing, incoming, width in system.model.hidden:
        powers = tuple(system.exponents[name] for name in (outgoing, *incoming))
        if powers in POWERS and width > 1 and shapes[outgoing][0] == shapes[incoming[0]][1] == 1 and incoming[0] not in system.vectors:
            found.append(_Layer(outgoing, incoming[0], width, powers))
    return found


def check_travel(system: System, items: tuple[Item, ...], formulas: Formulas, found: Evaluation, seed: bytes) -> list[Check]:
    """Checks of the items that hold differences of T; none without such items. Raises ReportError."""
    known = {texts[1]: (texts, layer) for layer in _layers(system) for texts in [_texts(layer)]}
    chosen = []
    for item in items:
        (laws, _, latex), layer = known.pop(item.form, (((), "", ""), None))
        said = item.expressions, item.number, ascii_of(item.latex, system.rate.letters)
        if layer is None or said != (laws[: len(item.expressions)], layer.width - 1, latex):
            raise ReportError(f"{item.family}: not laws of this system")
        if item.depends_on_time or item.definitions or item.source != "theory, verified":
            raise ReportError(f"{item.family}: its source, or whether it depends on time, is wrong")
        chosen.append(layer)
    if not chosen:
        return []
    try:
        return [_identities(system, chosen, formulas, found, seed)]
    except Undecided as error:
        return [Check(NAME, True, f"not decided by this checker: {error}", proved=False)]


def _texts(layer: _Layer) -> tuple[tuple[str, ...], str, str]:
    """(the laws, their form, its LaTeX as it is read)."""
    first = _time(*layer.names(1), layer.powers)
    laws = tuple(f"{_time(*layer.names(k), layer.powers)} - {first}" for k in range(2, layer.width + 1))
    form = " - ".join(_time(*layer.slots(k), layer.powers) for k in ("k", "1"))
    latex = " - ".join(_time(*slots, layer.powers, bars=True) for slots in (layer.slots("k"), layer.names(1)))
    return laws, form, latex


def _time(u: str, v: str, powers: tuple[int, int], bars: bool = False) -> str:
    """T, its quotients with bars or without."""
    if powers == (1, 1):
        return f"((log((({v})/({u}))))/({u} - {v}))" if bars else f"log({v}/{u})/({u} - {v})"
    x, y = (u, v) if powers == (1, 3) else (v, u)
    return f"(({x} + {f'((1)/({y}))' if bars else f'1/{y}'})*log({x}) - {x})"


def _identities(system: System, layers: list[_Layer], formulas: Formulas, found: Evaluation, seed: bytes) -> Check:
    """The levels and the rates of T, and the rank of all laws, at the point. Raises Undecided."""
    p, number = found.world.p, sum(layer.width - 1 for layer in layers)
    if (len(formulas.laws) + 3 * number) * system.space > LARGEST:
        raise Undecided("too many laws to compute their rank")
    point = residues(p, int.from_bytes(seed[:8], "big"), "travel times", np.array([0]), system.space)[0].tolist()
    theta = np.array(point, dtype=object)
    field = control(system.parts, theta, theta, found.world).tolist()
    levels, laws = [], []
    for layer in layers:
        pairs = [_rows(system, layer, k, point, p) for k in range(layer.width)]
        levels += [level for level, _ in pairs]
        laws += [_difference(time, pairs[0][1], p) for _, time in pairs[1:]]
    if any(sum(x * field[k] for k, x in row.items()) % p for row in [*levels, *laws]):
        return Check(NAME, False, "some law is not constant for every loss")
    listed = listed_gradients(formulas, point, p)
    rows = [*listed, *([row.get(k, 0) for k in range(system.space)] for row in laws)]
    rank = nmod_mat(rows, p).rank()
    dense = [[row.get(k, 0) for k in range(system.space)] for row in levels]
    if rank != len(rows) or nmod_mat(rows + dense, p).rank() != rank:
        return Check(NAME, False, "the laws depend on each other or on the others listed, or a level is not listed")
    detail = f"{number} laws hold and are independent of each other and the laws listed, at a random point modulo a 61-bit prime"
    return Check(NAME, True, detail)


def _rows(system: System, layer: _Layer, k: int, point: list[int], p: int) -> tuple[dict[int, int], dict[int, int]]:
    """(dh, dT modulo dh) of neuron k. Raises Undecided."""
    starts = system.offsets()
    u, v = starts[layer.outgoing] + k, starts[layer.incoming] + k
    try:
        if layer.powers == (1, 1):
            scale = pow(point[u] - point[v], -1, p)
            return {u: 1, v: -1}, {v: scale * pow(point[v], -1, p) % p, u: -scale * pow(point[u], -1, p) % p}
        x, y = (u, v) if layer.powers == (1, 3) else (v, u)
        inverse = pow(point[y], -1, p)
        return {x: 1, y: -inverse * inverse % p}, {x: ((point[x] + inverse) * pow(point[x], -1, p) - 1) % p}
    except ValueError:
        raise Undecided("a division by zero") from None


def _difference(row: dict[int, int], first: dict[int, int], p: int) -> dict[int, int]:
    return {**row, **{k: -x % p for k, x in first.items()}}

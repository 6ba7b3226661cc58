"""Neurons with one weight u out and one weight v in, where phi depends on sum v u: differences of travel times, under gradient flow.

For metrics theta^a and theta^b, u and v move by u^a g_u and v^b g_v, g the gradient of a functional. Two conditions are verified: the
neuron's scaling symmetry u g_u = v g_v, by its balance h = u^(2-a)/(2-a) - v^(2-b)/(2-b), and v_k g_u_j = v_j g_u_k for two neurons. So g_u/v
is the same number for all neurons, and so is the rate of a function T with u^a v T_u + v^b u T_v = 1: differences of T are laws. On a
level of h, dT = du/(u^a v) = dx/(u v), x = u^(2-a)/(2-a), which for powers is Chebyshev's binomial differential. Two cases have logarithms
and no roots where a and b are integers:

    a = b = 1           h = u - v,      T = log(v/u)/h           as log(v/u) moves by u - v,
    a = 1, b = 3        h = u + 1/v,    T = h log u - u          as it moves by (u + 1/v) v - u v = 1,

and a = 3, b = 1 with u and v exchanged. At u = v the first has the limit -1/u. T itself is no law, as g_u/v depends on the loss.
"""

from __future__ import annotations

from dataclasses import dataclass

from conslaw_cli.dynamics.base import ONE, Dynamics
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.families import sides
from conslaw_cli.laws.matrices import Layout
from conslaw_cli.laws.special import Covector, SpecialFamily, Values
from conslaw_cli.model import HiddenLayer
from conslaw_cli.rings.polynomials import Polynomial

TRAVEL = "travel times"
POWERS = ((1, 1), (1, 3), (3, 1))
"""The exponents of the metrics out of and into a neuron for which T is written down."""


@dataclass(frozen=True)
class TravelLaw:
    """T of a neuron less T of the ``first`` one, each given by its positions (out, in); ``powers`` are the metrics' (out, in)."""

    neuron: tuple[int, int]
    first: tuple[int, int]
    powers: tuple[int, int]

    def conditions(self) -> list[Covector]:
        """The scaling symmetry of both neurons, and that g_u/v is the same for them."""
        (u, v), (other, into) = self.neuron, self.first
        scaling = [{k: Polynomial.variable(k), l: Polynomial.variable(l).scaled(-1)} for k, l in (self.neuron, self.first)]
        return [*scaling, {u: Polynomial.variable(into), other: Polynomial.variable(v).scaled(-1)}]

    def differential(self, values: Values, p: int) -> Values:
        """dT = du/(u^a v) modulo dh, for both neurons. Raises ValueError."""
        found = {}
        for sign, (u, v) in ((1, self.neuron), (-1, self.first)):
            found[u] = sign * pow(values[u], -self.powers[0], p) * pow(values[v], -1, p) % p
        return found

    def known(self, values: Values, p: int) -> list[Values]:
        """dh = u^(1-a) du - v^(1-b) dv of both neurons."""
        signed = [((1, place, a), (-1, into, b)) for a, b in [self.powers] for place, into in (self.neuron, self.first)]
        return [{place: sign * pow(values[place], 1 - power, p) % p for sign, place, power in pair} for pair in signed]

    def moves(self, dynamics: Dynamics) -> bool:
        return False


def travel_families(flow: PartFlow, hidden: tuple[HiddenLayer, ...]) -> list[SpecialFamily]:
    """The families of a part under gradient flow, one for each hidden layer it holds whose neurons have one weight out and one in."""
    if flow.dynamics.second_order or flow.dynamics.position != (ONE,):
        return []
    layout, metrics, found = Layout.of(flow.program.blocks), flow.metric_of, []
    for layer in hidden:
        powers = tuple(metrics[name].power if name in metrics else None for name in layer.outgoing + layer.incoming)
        if powers not in POWERS or layer.width < 2:
            continue
        signed = sorted(sides(layer), key=lambda side: -side[0])
        width = layout.shapes[layer.incoming[0]][0]
        around = [[place for _, block in signed for place in layout.row(block, k)] for k in range(width)]
        if len(around) == layer.width and {len(places) for places in around} == {2}:
            first, *rest = map(tuple, around)
            found.append(SpecialFamily(TRAVEL, layer, signed, [TravelLaw(places, first, powers) for places in rest]))
    return found

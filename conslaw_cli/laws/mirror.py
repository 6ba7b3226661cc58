"""Mirror momentum with M = diag(y^2) at the lookahead point y = tau theta + theta': one law for each hidden neuron.

In drift coordinates y = tau Q + P, and a generator moves (Q, P) by (S w, -w), w = y^2 g, g the gradient of a functional at
theta = Q + S P. So y moves by (tau S - 1) w, and Q/y by

    (S w y - Q (tau S - 1) w)/y^2 = w (S P + Q)/y^2 = theta g.

A neuron's scaling symmetry says that the sum of theta g over the weights out of it is that over the weights into it. So
h = sum_out Q/y - sum_in Q/y is a law, for every tau >= 0. Only the square will do: F(Q, P) moves by theta g for a metric diag(y^a) just
if F_Q = P y^-a and F_P = -Q y^-a, which is integrable just if a = 2.

Back in the original variables y = tau theta + theta', and Q/y = 1/tau - s theta'/(tau y), s = exp(tau t): so the sums of s theta'/y differ by
a constant. For tau = 0 it is theta/theta' - t. Where t is translated h moves by tau h - (number out - number in).
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

MIRROR = "mirror momentum"


@dataclass(frozen=True)
class MirrorLaw:
    """The sum of Q/(tau Q + P) with signs over the weights out of (+) and into (-) a neuron, at ``places`` among ``size`` parameters."""

    places: tuple[tuple[int, int], ...]
    """(sign, position) of each weight."""
    rate: Polynomial
    size: int

    @property
    def surplus(self) -> int:
        """Number of weights out of the neuron less that of the weights into it."""
        return sum(sign for sign, _ in self.places)

    def conditions(self) -> list[Covector]:
        """The scaling symmetry."""
        return [{place: Polynomial({((place, 1),): sign}) for sign, place in self.places}]

    def differential(self, values: Values, p: int) -> Values:
        """d(Q/y) = (P dQ - Q dP)/y^2."""
        found, rate = {}, self.rate.value(values, p)
        for sign, place in self.places:
            position, velocity = values[place], values[place + self.size]
            scale = sign * pow(rate * position + velocity, -2, p)
            found[place], found[place + self.size] = scale * velocity % p, -scale * position % p
        return found

    def known(self, values: Values, p: int) -> list[Values]:
        return []

    def moves(self, dynamics: Dynamics) -> bool:
        return bool(self.rate) or self.surplus != 0


def mirror_families(flow: PartFlow, hidden: tuple[HiddenLayer, ...]) -> list[SpecialFamily]:
    """The families of a part, one for each hidden layer with the metric theta^2 on all its blocks."""
    dynamics = flow.dynamics
    if not dynamics.second_order or dynamics.metric_point == dynamics.position or dynamics.metric_point[1] != ONE:
        return []
    layout, rate = Layout.of(flow.program.blocks), dynamics.metric_point[0]
    powers = {name: metric.power for name, metric in zip(layout.shapes, flow.metrics)}
    found = []
    for layer in hidden:
        if {powers.get(name) for name in layer.incoming + layer.outgoing} == {2}:
            signed, width = sides(layer), layout.shapes[layer.incoming[0]][0]
            places = (tuple((sign, v) for sign, block in signed for v in layout.row(block, k)) for k in range(width))
            found.append(SpecialFamily(MIRROR, layer, signed, [MirrorLaw(around, rate, layout.size) for around in places]))
    return found

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
from conslaw_cli.laws.neurons import neurons
from conslaw_cli.laws.special import Covector, SpecialFamily, Values
from conslaw_cli.model import HiddenLayer
from conslaw_cli.rings.polynomials import Polynomial

MIRROR = "mirror momentum"


@dataclass(frozen=True)
class MirrorLaw:
    """sum_out Q/(tau Q + P) - sum_in Q/(tau Q + P), for positions out of and into a neuron among ``size`` parameters."""

    outgoing: tuple[int, ...]
    incoming: tuple[int, ...]
    rate: Polynomial
    size: int

    @property
    def places(self) -> list[tuple[int, int]]:
        """(sign, position) of each weight."""
        return [(1, place) for place in self.outgoing] + [(-1, place) for place in self.incoming]

    @property
    def surplus(self) -> int:
        """Number of weights out of the neuron less that of the weights into it."""
        return len(self.outgoing) - len(self.incoming)

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
    found = []
    for layer, around in neurons(flow, hidden):
        if {metric.power for neuron in around for metric in neuron.outgoing_metrics | neuron.incoming_metrics} == {2}:
            rate, size = dynamics.metric_point[0], flow.program.size
            laws = [MirrorLaw(neuron.outgoing, neuron.incoming, rate, size) for neuron in around]
            found.append(SpecialFamily(MIRROR, layer, laws))
    return found

"""What a report says in words, as the checker states it of the same system: a closed set of sentences, each with what makes it true."""

from __future__ import annotations

import re

from conslaw_cli.checker.system import System

PHI = {
    "linear": "the product W_q ... W_1, and W_q ... W_2 b_1 + ... + b_q with biases",
    "relu": "products of weights along the paths from input to output, and from each hidden bias to the output",
    "icnn": "as relu",
    "nmf": "the product U V, X ≈ U V",
}
DOMAIN = {
    "linear": "generic rank (open dense)",
    "relu": "open set where the neurons define distinct hyperplanes and every path is active for some input",
    "icnn": "W2, W3, … > 0, distinct hyperplanes, every path active for some input",
    "nmf": "U, V > 0",
}
NOWHERE = "nowhere for the network itself: the count is proved for phi only, see the note"
SHARED_HYPERPLANE = (
    "without biases, neurons behind a layer of width 1 share their hyperplane: the network's gradients span less than phi's; "
    "the laws hold, but the count is that of phi and further laws may exist"
)
LINEAR_BEHIND = (
    "without biases, hidden layers behind the first act linearly on positive signals: the network's gradients span less "
    "than phi's; the laws hold, but the count is that of phi and further laws may exist"
)
THEOREMS = {
    "linear": "Marcotte, Gribonval, Peyré, NeurIPS 2023, two-layer linear networks",
    "relu": "Marcotte, Gribonval, Peyré, NeurIPS 2023, two-layer ReLU networks",
}
TOO_LARGE = re.compile(r"too large for the engine: [ -~]{1,300}")
AT_MOST = re.compile(r"the filtration did not close within the bracket length tried: at most (\d{1,18}) laws \(proved\)")
SOURCES = re.compile(r"search, degree (\d{1,3})|search, separable|theory, verified|integer kernel of the path exponents")
BALANCED, NEURON, ANGULAR = "balancedness", "neuron balance", "angular momentum"
MOMENTUM, CENTRE, FURTHER = "conserved momentum", "centre of motion", "further laws"


def caveat(system: System) -> str | None:
    """The note of a ReLU network whose phi stands for it nowhere: neurons that see one number only share the hyperplane 0."""
    if system.architecture not in ("relu", "icnn") or system.bias != "none":
        return None
    if system.architecture == "icnn" and len(system.widths) > 3:
        return LINEAR_BEHIND
    return SHARED_HYPERPLANE if 1 in system.widths[:-2] else None


def domain(system: System) -> str:
    """Where phi stands for the model and the metric is positive; and the rate finite where no interval is given."""
    if caveat(system):
        return NOWHERE
    usual = {"nmf": set(system.exponents), "icnn": {n for n in system.exponents if n.startswith("W") and n != "W1"}}
    steep = [n for n, a in system.exponents.items() if a and n not in usual.get(system.architecture, ())]
    positive = f", {', '.join(steep)} > 0" if steep else ""
    return DOMAIN[system.architecture] + positive + (", as long as the rate is finite" if system.local else "")


def theorem(system: System) -> tuple[int, str] | None:
    """The number of laws and the source, where a theorem gives it: two layers, Euclidean gradient flow (Marcotte et al. 2023).

    ReLU: one law for each hidden neuron. Linear without biases, r hidden of k = inputs + outputs: r(r+1)/2 for r <= k, the symmetric
    matrix U'U - VV'; else the rank of the symmetric r x r matrices of rank k, k(2r + 1 - k)/2.
    """
    plain = len(system.widths) == 3 and system.kind == "gradient-flow" and not any(system.exponents.values())
    if not plain or caveat(system):
        return None
    m, r, n = system.widths
    if system.architecture == "relu":
        return r, THEOREMS["relu"]
    if system.architecture != "linear" or system.bias != "none":
        return None
    k = n + m
    return (r * (r + 1) // 2 if r <= k else k * (2 * r + 1 - k) // 2), THEOREMS["linear"]


def family_fits(name: str, is_matrix: bool, velocities: set[int]) -> bool:
    """Whether a form is one of the family's: its shape, and how many velocities its terms hold."""
    shapes = {
        BALANCED: (True, {0}),
        ANGULAR: (True, {1}),
        NEURON: (False, {0}),
        MOMENTUM: (False, {1}),
        CENTRE: (False, {0, 1}),
    }
    return shapes.get(name) == (is_matrix, velocities)

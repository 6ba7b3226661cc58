"""Real flows on real data: printed laws stay constant along an integrated trajectory, slightly wrong ones do not.

The networks are evaluated and differentiated here, in NumPy, from weights and data: neither phi nor the engine is used.
ReLU flows are integrated with the activation pattern of the initial weights, and only the part of the trajectory on which
this is the true pattern is looked at: there the flow is smooth and the integrator's tolerance means something.
"""

from math import prod

import numpy as np
import pytest
import sympy as sp
from helpers import flow_of, name_of, printed_laws, quick, report
from reference import TIME, blocks
from scipy.integrate import solve_ivp

VALUES = {"tau": 0.7, "lamda": 0.4}
START, DURATION = 1.0, 0.6

CASES = [
    ("linear", [2, 3, 2], "none", None, "gradient-flow", None),
    ("linear", [2, 3, 2, 1], "all", None, "gradient-flow", None),
    ("linear", [2, 2, 2], "none", {"W1": 1, "W2": 1}, "gradient-flow", None),
    ("linear", [2, 2, 2], "none", {"W1": 2, "W2": 2}, "gradient-flow", None),
    ("linear", [2, 3, 2], "none", None, "momentum", "tau"),
    ("linear", [2, 3, 2], "none", None, "momentum", 0),
    ("linear", [1, 3, 1], "none", None, "momentum", 0.5),
    ("linear", [2, 2, 2], "hidden", None, "nesterov", None),
    ("linear", [2, 2, 2], "none", None, "momentum", "1/(1+t)"),
    ("linear", [2, 3, 2], "none", None, "weight-decay", "lambda"),
    ("relu", [2, 4, 2], "hidden", None, "gradient-flow", None),
    ("relu", [2, 3, 2, 1], "all", None, "gradient-flow", None),
    ("relu", [2, 4, 2], "none", None, "weight-decay", "1/t"),
    ("nmf", [3, 2, 3], "none", None, "gradient-flow", None),
    ("nmf", [2, 2, 2], "none", None, "nesterov", None),
    ("icnn", [2, 3, 1], "hidden", None, "gradient-flow", None),
    ("icnn", [2, 2, 2, 1], "none", None, "gradient-flow", None),
]


def split(architecture, widths, bias, state):
    """The state vector as {block: array}."""
    result, position = {}, 0
    for name, shape in blocks(architecture, widths, bias):
        result[name] = state[position : position + prod(shape)].reshape(shape)
        position += prod(shape)
    return result


def activation_pattern(architecture, widths, bias, state, inputs):
    """Which hidden neurons are active on which sample: one boolean array for each hidden layer."""
    table, signal, pattern = split(architecture, widths, bias, state), inputs, []
    for layer in range(1, len(widths) - 1):
        signal = table[f"W{layer}"] @ signal
        if f"b{layer}" in table:
            signal = signal + table[f"b{layer}"][:, None]
        pattern.append(signal > 0 if architecture in ("relu", "icnn") else np.ones_like(signal, dtype=bool))
        signal = signal * pattern[-1]
    return pattern


def loss_gradient(architecture, widths, bias, state, inputs, targets, pattern):
    """Gradient of half the squared error of the network over the data, by hand-written back-propagation."""
    table = split(architecture, widths, bias, state)
    if architecture == "nmf":
        residual = table["U"] @ table["V"] - targets
        return np.concatenate([(residual @ table["V"].T).ravel(), (table["U"].T @ residual).ravel()])
    depth = len(widths) - 1
    signals = [inputs]
    for layer in range(1, depth + 1):
        signal = table[f"W{layer}"] @ signals[-1]
        if f"b{layer}" in table:
            signal = signal + table[f"b{layer}"][:, None]
        signals.append(signal * pattern[layer - 1] if layer < depth else signal)
    adjoint, gradients = signals[-1] - targets, {}
    for layer in range(depth, 0, -1):
        if layer < depth:
            adjoint = adjoint * pattern[layer - 1]
        gradients[f"W{layer}"] = adjoint @ signals[layer - 1].T
        gradients[f"b{layer}"] = adjoint.sum(axis=1)
        adjoint = table[f"W{layer}"].T @ adjoint
    return np.concatenate([gradients[name].ravel() for name in table])


def trajectory(case):
    """The trajectory that is looked at; for ReLU networks the longest of a few, most change their pattern very soon."""
    seeds = range(1, 6) if case[0] in ("relu", "icnn") else [0]
    times, states = max((integrated(case, seed) for seed in seeds), key=lambda result: len(result[0]))
    assert np.abs(states[:, -1] - states[:, 0]).max() > 0.05, "the trajectory has to go somewhere"
    return times, states


def integrated(case, seed):
    """(times, states) of the integrated flow: random data, random initialisation, positive where the metric needs it."""
    architecture, widths, bias, *_ = case
    flow, rng = flow_of(*case), np.random.default_rng(seed)
    powers, size = np.array(flow.powers), len(flow.parameters)
    rate = sp.lambdify([TIME], flow.rate.subs(VALUES), "numpy")
    if architecture == "nmf":
        inputs, targets = None, rng.uniform(2, 4, (widths[2], widths[0]))
    else:
        inputs, targets = rng.normal(size=(widths[0], 6)), rng.normal(size=(widths[-1], 6))
    model, pattern, alive = (architecture, widths, bias), None, False
    while not alive:  # a neuron that is off on every sample would conserve each of its weights
        theta = np.where(powers > 0, rng.uniform(0.6, 1.4, size), rng.normal(size=size))
        if inputs is not None:
            pattern = activation_pattern(*model, theta, inputs)
        alive = pattern is None or all(layer.any(axis=1).all() for layer in pattern)
    velocity = rng.normal(scale=0.5, size=size) if flow.momentum else np.empty(0)

    def field(t, z):
        position, v = z[:size], z[size:]
        where = rate(t) * position + v if flow.lookahead else position
        force = -(where**powers) * loss_gradient(*model, position, inputs, targets, pattern)
        return np.concatenate([v, force - rate(t) * v]) if flow.momentum else force - rate(t) * position

    solution = solve_ivp(
        field,
        (START, START + DURATION),
        np.concatenate([theta, velocity]),
        method="DOP853",
        rtol=1e-10,
        atol=1e-12,
        max_step=DURATION / 60,
    )
    assert solution.success, solution.message
    kept = len(solution.t)
    if pattern is not None:
        patterns = (activation_pattern(*model, z[:size], inputs) for z in solution.y.T)
        same = [all(np.array_equal(a, b) for a, b in zip(p, pattern, strict=True)) for p in patterns]
        kept = same.index(False) if False in same else kept
    return solution.t[:kept], solution.y[:, :kept]


def test_the_hand_written_gradient_is_the_gradient():
    """Central differences of the true loss, kinks and all, at a random point of a ReLU network with biases."""
    model, rng = ("relu", [2, 3, 2, 1], "all"), np.random.default_rng(3)
    state, inputs, targets = rng.normal(size=20), rng.normal(size=(2, 6)), rng.normal(size=(1, 6))

    def loss(z):
        table, signal = split(*model, z), inputs
        for layer in (1, 2, 3):
            signal = table[f"W{layer}"] @ signal + table[f"b{layer}"][:, None]
            signal = np.maximum(signal, 0) if layer < 3 else signal
        return ((signal - targets) ** 2).sum() / 2

    steps = 1e-6 * np.eye(20)
    expected = [(loss(state + step) - loss(state - step)) / 2e-6 for step in steps]
    found = loss_gradient(*model, state, inputs, targets, activation_pattern(*model, state, inputs))
    assert np.linalg.norm(found) > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def drift(expression, flow, times, states):
    """Largest deviation of a function from its initial value along the trajectory, relative to 1 + its size."""
    symbols = [TIME, *flow.parameters, *(flow.velocities if flow.momentum else [])]
    value = sp.lambdify(symbols, expression.subs(VALUES), "numpy")(times, *states) * np.ones_like(times)
    return np.abs(value - value[0]).max() / (1 + np.abs(value).max())


def spoiled(law):
    """The law with one coefficient changed by one, for each of its terms that moves."""
    law = sp.expand_log(sp.expand(law), force=True)
    terms = (term.as_coeff_Mul()[1] for term in sp.Add.make_args(law))
    return [law + term for term in terms if term.free_symbols]


@pytest.mark.parametrize("case", quick(CASES[::2], CASES, name_of))
def test_laws_are_conserved_and_wrong_ones_are_not(case):
    flow = flow_of(*case)
    laws = [law for law, _ in printed_laws(report(*case), flow)]
    assert laws
    times, states = trajectory(case)
    for law in laws:
        assert drift(law, flow, times, states) < 1e-7, law
        assert max(drift(wrong, flow, times, states) for wrong in spoiled(law)) > 1e-3, law


@pytest.mark.parametrize(
    "architecture, widths, bias, kind",
    [
        ("relu", [2, 3, 2], "hidden", "momentum"),
        ("nmf", [2, 2, 2], "none", "momentum"),
        ("linear", [2, 2, 2], "none", "momentum"),
        ("linear", [2, 2, 2], "none", "weight-decay"),
    ],
)
def test_gradient_flow_laws_are_lost_under_other_dynamics(architecture, widths, bias, kind):
    flow = flow_of(architecture, widths, bias)
    laws = [law for law, _ in printed_laws(report(architecture, widths, bias), flow)]
    assert laws
    case = (architecture, widths, bias, None, kind, None)
    times, states = trajectory(case)
    other = flow_of(*case)
    assert all(drift(law, other, times, states) > 1e-3 for law in laws)

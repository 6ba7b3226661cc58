"""Arguments of exp that depend on one another: written through one another they are a proof, and a count that is right."""

from __future__ import annotations

import numpy as np
import pytest

from conslaw_cli import analyze
from conslaw_cli.analysis import _cases
from conslaw_cli.dynamics import build_dynamics
from conslaw_cli.flows.part import PartFlow
from conslaw_cli.flows.parts import parts
from conslaw_cli.flows.relations import settled
from conslaw_cli.rings.floats import Floats
from conslaw_cli.rings.stream import Stream
from conslaw_cli.spec import parse_spec

NETWORKS = {
    "exp(u) beside exp(2 u)": ("V @ concatenate([exp(W @ x), exp(2*(W @ x))])", {"W": [2, 2], "V": [2, 4]}, [2]),
    "exp(2 u) before exp(u)": ("V @ concatenate([exp(2*(W @ x)), exp(W @ x)])", {"W": [2, 2], "V": [2, 4]}, [2]),
    "exp(2 u), exp(-u), exp(3 u)": (
        "V @ concatenate([exp(2*(W @ x)), exp(-W @ x), exp(3*(W @ x))])",
        {"W": [1, 2], "V": [2, 3]},
        [2],
    ),
    "sigmoid(2 u) beside tanh(u)": (
        "V @ sigmoid(2*(W @ x)) + U @ tanh(W @ x)",
        {"W": [2, 2], "V": [2, 2], "U": [2, 2]},
        [2],
    ),
    "sums of rows and columns": (
        "V @ exp((W @ x)[:, None] + (U @ x)[None, :])",
        {"W": [2, 2], "U": [2, 2], "V": [2, 2]},
        [2],
    ),
    "with a bias and without": (
        "V @ exp(W @ x + b) + U @ exp(W @ x)",
        {"W": [1, 2], "V": [2, 1], "U": [2, 1], "b": [1]},
        [2],
    ),
    "of biases only": ("x * exp(a) + x**2 * exp(b) + x**3 * exp(a + b)", {"a": [], "b": []}, []),
    "on either side of a fold": ("h = relu(W @ x)\nV @ (exp(h) + exp(3*h))", {"W": [2, 2], "V": [2, 2]}, [2]),
}


def tables(name):
    network, parameters, x = NETWORKS[name]
    return {"model": {"network": network, "parameters": parameters, "inputs": {"x": x}}}


def flows(name):
    spec = parse_spec(tables(name))
    model = spec.model.definition.build(spec.model.options)
    metrics = tuple(metric for _, metric in spec.metric.blocks)
    (part,) = parts(model.program, metrics)
    flow = PartFlow(model.program, metrics, build_dynamics(spec.dynamics, spec.metric.lookahead), _cases(part, model))
    return flow, *settled(flow, Stream(5))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_graph_is_another_one_of_the_same_network(name):
    """In floating point, at real parameters and inputs: whatever is believed of the relations."""
    flow, written, shown = flows(name)
    assert shown.shown and written.program is not flow.program
    rng, count = np.random.default_rng(3), 5
    theta = {name: 0.5 * rng.normal(size=(1, *shape)) for name, shape in flow.program.blocks}
    inputs = {node.name: 0.5 * rng.normal(size=(count, *node.shape)) for node in flow.program.coefficients}
    before, after = (Floats(theta, inputs, {}).evaluate(one.program.functional)[0] for one in (flow, written))
    np.testing.assert_allclose(before, after, rtol=1e-10)


def jacobian_rank(function, size, inputs):
    """Rank of the network's gradients by all parameters at one point, by complex steps."""
    rng = np.random.default_rng(4)
    theta = 0.4 * rng.normal(size=size)
    rows = []
    for x in 0.7 * rng.normal(size=(40, *inputs)):
        steps = [np.imag(function(theta + 1e-30j * np.eye(size)[k], x)) / 1e-30 for k in range(size)]
        rows.extend(np.array(steps).reshape(size, -1).T)
    values = np.linalg.svd(np.array(rows), compute_uv=False)
    return int((values > 1e-9 * values[0]).sum())


def with_a_bias(theta, x):
    w, v, u, b = theta[:2], theta[2:4], theta[4:6], theta[6]
    return v * np.exp(w @ x + b) + u * np.exp(w @ x)


def test_the_first_level_is_that_of_float_jacobians():
    """V exp(W x + b) + U exp(W x): independent values would give 7 dimensions at once; there are 4."""
    result = analyze(tables("with a bias and without")).to_dict()
    assert result["trace"]["filtration"][0] == jacobian_rank(with_a_bias, 7, (2,)) == 4
    assert result["laws"]["independent"] == 7 - result["trace"]["dimension"]


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "with a bias and without"])
def test_counts_are_proved_with_the_relations(name):
    result = analyze(tables(name)).to_dict()
    assert result["status"] == "proved" and result["notes"] == []


@pytest.mark.parametrize(
    "network, parameters",
    [
        ("V @ concatenate([exp(7*(W @ x)), exp(11*(W @ x))])", {"W": [2, 2], "V": [2, 4]}),
        ("V @ (gelu(W @ x) * gelu(2*(W @ x)))", {"W": [2, 2], "V": [2, 2]}),
    ],
)
def test_relations_that_are_not_used_leave_no_proof(network, parameters):
    """7/11 is no small fraction; Phi's arguments are not written through others."""
    result = analyze({"model": {"network": network, "parameters": parameters, "inputs": {"x": [2]}}}).to_dict()
    assert result["status"] == "exact" and result["error_bound"] is None
    assert "independent modulo constants" in result["notes"][0]

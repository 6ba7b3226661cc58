"""What several test files share: specs from plain values, cached analyses, parsing and checking of printed laws."""

from __future__ import annotations

import json
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
from reference import TIME, exponent_list, phi
from sympy.parsing.sympy_parser import parse_expr

from conslaw_cli import analyze

ZOO_SAMPLE = [
    "attention", "bilinear", "conv1d_max_pool", "embedding_stream", "exp_bias", "gelu", "layer_norm_relu", "lora_trained", "moe_top_k",
    "prelu", "rms_norm",
]  # fmt: skip
"""Networks of model_specs/zoo, one of each kind, that are analysed by default; all are under ``heavy``."""
FAST_SPECS = (
    "fields_rotation", "linear_gradient_flow", "linear_mixed_powers", "linear_momentum", "linear_momentum_varying", "linear_more_than_balanced", "linear_travel_times",
    "linear_weight_decay", "network_momentum", "nmf_momentum_at_theta", "phi_gradient_flow", "relu_mirror_momentum",
)  # fmt: skip
"""Examples of model_specs, one of each kind of law, for what is tested on all of them under ``heavy``."""
SLOW_SPECS = ("linear_not_all_written_down", "relu_mnist")
"""Examples of model_specs whose analysis takes seconds."""


def quick(some, values, name=str):
    """Values as parameters: ``some`` of them in the fast suite, the others under ``heavy``."""
    return [pytest.param(value, marks=() if value in some else pytest.mark.heavy, id=str(name(value))) for value in values]


def quick_paths(paths, some=FAST_SPECS):
    """Spec files as parameters: those of ``some`` names in the fast suite, the others under ``heavy``."""
    return quick([path for path in paths if path.stem in some], paths, lambda path: path.stem)


def spec(architecture, widths, bias="none", metric=None, kind="gradient-flow", rate=None):
    """A spec's tables. ``metric`` is {block: exponent} for diag(theta**a), Euclidean elsewhere; None leaves the default.

    The key "at" of a metric says where it is evaluated, as in a spec.
    """
    tables = {"model": {"architecture": architecture, "widths": list(widths)}}
    if architecture != "nmf":
        tables["model"]["bias"] = bias
    if metric is not None:
        names = {0: "euclidean", 1: "entropy"}
        chosen = {block: a if block == "at" else names.get(a, f"theta^{a}") for block, a in metric.items()}
        tables["metric"] = {"default": "euclidean", **chosen}
    tables["dynamics"] = {"kind": kind}
    if rate is not None:
        tables["dynamics"]["decay" if kind == "weight-decay" else "damping"] = rate
    return tables


def parts_of(parsed, model):
    """The parts of a model under the metric of its spec."""
    from conslaw_cli.flows.parts import parts

    return parts(model.program, tuple(metric for _, metric in parsed.metric.blocks))


@cache
def _analyze(text, seed):
    tables = json.loads(text)
    return analyze(tables).to_dict() if seed is None else analyze(tables, seed=seed).to_dict()


def report(architecture, widths, bias="none", metric=None, kind="gradient-flow", rate=None, seed=None):
    """The JSON report of a configuration, analysed once per test session."""
    return _analyze(json.dumps(spec(architecture, widths, bias, metric, kind, rate)), seed)


def summary(result):
    """What must not depend on the seed."""
    laws = result["laws"]
    return {
        "trace": result["trace"],
        "laws": {key: laws[key] for key in ("independent", "found", "time_dependent", "time_free")},
        "status": result["status"],
    }


def known(result):
    """How phi's count is known, whether phi stands for the network or not."""
    return result["status"].removesuffix(" for phi")


def reference_arguments(bias, metric, kind, rate):
    """The same configuration as keyword arguments of the functions of ``reference.py``."""
    exponents = None if metric is None else {block: a for block, a in metric.items() if block != "at"}
    lookahead = None if metric is None or "at" not in metric else metric["at"] == "lookahead"
    return {"bias": bias, "exponents": exponents, "kind": kind, "rate": rate, "lookahead": lookahead}


def name_of(case):
    """A readable test id."""
    return "-".join(
        ",".join(f"{k}{v}" for k, v in part.items())
        if isinstance(part, dict)
        else "x".join(map(str, part))
        if isinstance(part, list | tuple)
        else str(part)
        for part in case
        if part is not None
    )


def check_consistency(result):
    """What every report must satisfy, whatever the model: the sum, and a status that claims no more than was found."""
    trace, laws = result["trace"], result["laws"]
    assert trace["space"] == trace["dimension"] + laws["independent"]
    assert trace["filtration"][-1] == trace["dimension"]
    assert all(a < b for a, b in zip(trace["filtration"], trace["filtration"][1:], strict=False))
    assert 0 <= laws["found"] <= laws["independent"]
    assert 0 <= laws["time_free"] <= laws["independent"]
    assert sum(item["number"] for item in laws["items"]) == laws["found"]
    assert laws["time_dependent"] == any(item["depends_on_time"] for item in laws["items"]) or laws["found"] == 0
    assert known(result) in ("proved", "exact")
    assert (known(result) == "proved") == (laws["found"] == laws["independent"])
    assert result["status"].endswith(" for phi") == result["model"]["domain"].startswith("nowhere")


# --- printed laws ----------------------------------------------------------------------------------------------------


def flow_of(architecture, widths, bias="none", metric=None, kind="gradient-flow", rate=None):
    """Everything needed to differentiate along a dynamics: symbols, M grad phi_i as expressions, the rate as a function of t."""
    parameters, components = phi(architecture, widths, bias)
    powers = exponent_list(architecture, widths, bias, metric)
    velocities = [sp.Symbol(f"d{p}") for p in parameters]
    rate = {"gradient-flow": 0, "nesterov": "3/t"}.get(kind, rate)
    if rate is None:
        rate = {"momentum": "tau", "weight-decay": "lambda"}[kind]
    rate = parse(str(rate), [])
    momentum = kind in ("momentum", "nesterov")
    lookahead = not rate.has(TIME) and (metric or {}).get("at") != "theta"
    at = [rate * p + v for p, v in zip(parameters, velocities, strict=True)] if momentum and lookahead else parameters
    fields = [[m**a * e.diff(p) for m, a, p in zip(at, powers, parameters, strict=True)] for e in components]
    return SimpleNamespace(
        kind=kind,
        momentum=momentum,
        lookahead=momentum and lookahead,
        parameters=parameters,
        velocities=velocities,
        rate=rate,
        fields=fields,
        powers=powers,
    )


def parse(text, symbols):
    """A printed formula as a SymPy expression; ``lambda`` is renamed, every other name is taken literally."""
    known = {str(s): s for s in [TIME, *symbols, *sp.symbols("lamda tau kappa")]}
    expression = parse_expr(text.replace("lambda", "lamda"), local_dict=known)
    allowed = {TIME, *symbols, *sp.symbols("lamda tau kappa")}
    assert expression.free_symbols <= allowed, f"{text}: unexpected {expression.free_symbols - allowed}"
    return sp.nsimplify(expression, rational=True) if expression.atoms(sp.Float) else expression


def printed_laws(result, flow):
    """[(expression, depends_on_time as reported by its family)]."""
    symbols = [*flow.parameters, *flow.velocities]
    return [
        (parse(text, symbols), item["depends_on_time"])
        for item in result["laws"]["items"]
        for text in item["expressions"]
    ]


def vanishes(expression):
    """Whether an expression is identically zero."""
    expression = sp.expand(expression)
    return expression == 0 or sp.expand(sp.cancel(sp.together(expression))) == 0 or sp.simplify(expression) == 0


def violations(law, flow):
    """The identities of a conservation law that fail: an empty list for a law."""
    if flow.momentum:
        drift = law.diff(TIME)
        for p, v in zip(flow.parameters, flow.velocities, strict=True):
            drift += law.diff(p) * v - flow.rate * law.diff(v) * v
        moved = flow.velocities
    else:
        drift = law.diff(TIME) - flow.rate * sum(law.diff(p) * p for p in flow.parameters)
        moved = flow.parameters
    gradient = [law.diff(m) for m in moved]
    found = [] if vanishes(drift) else ["drift"]
    for i, field in enumerate(flow.fields):
        if not vanishes(sum(g * f for g, f in zip(gradient, field, strict=True))):
            found.append(f"phi_{i}")
    return found


def independent_gradients(laws, flow, seed=0):
    """Rank of the gradients of the laws at a random positive point."""
    if not laws:
        return 0
    symbols = [*flow.parameters, *(flow.velocities if flow.momentum else [])]
    rng = np.random.default_rng(seed)
    others = sorted(set().union(*(law.free_symbols for law in laws)) - set(symbols), key=str)
    point = {s: sp.Float(rng.uniform(0.5, 1.5), 60) for s in [*symbols, *others]}
    rows = [[law.diff(s).evalf(50, subs=point) if law.has(s) else 0 for s in symbols] for law in laws]
    matrix = np.array(rows, dtype=float)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return int(np.linalg.matrix_rank(matrix, tol=1e-9))

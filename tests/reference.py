"""The textbook algorithm, slowly and in plain sight: the reference the engine is held against.

Nothing here is shared with ``conslaw_cli``. Reparametrizations are SymPy expressions, vector fields are lists of expanded
integer polynomials, Lie brackets are expanded symbolically, ranks are exact ranks over Q at a random integer point, and the
drift of the dynamics stays a vector field of its own (no drift coordinates, no finite field, no truncated ring).

A configuration is given by plain values:
  architecture, widths, bias   as in a spec;
  exponents                    {block: a} for M = diag(theta_block ** a), None for what the architecture calls for; or any other
                               metric as a function that maps the list of the point's entries to a SymPy matrix;
  kind, rate                   "gradient-flow" | "momentum" | "nesterov" | "weight-decay", and the damping or decay;
  lookahead                    momentum only: M at rate*theta + theta' (True) or at theta (False); None: the convention of
                               Marcotte et al. 2024, at the lookahead point whenever the damping is constant.
"""

from __future__ import annotations

import random
import re
from fractions import Fraction
from functools import reduce
from itertools import product as cartesian
from math import gcd

import sympy as sp
from sympy.polys.rings import ring

TIME = sp.Symbol("t")


# --- models ----------------------------------------------------------------------------------------------------------


def blocks(architecture, widths, bias="none"):
    """Parameter blocks in order: a list of (name, shape), with shape (rows, columns) or (rows,)."""
    if architecture == "nmf":
        columns, inner, rows = widths
        return [("U", (rows, inner)), ("V", (inner, columns))]
    result = []
    depth = len(widths) - 1
    for layer in range(1, depth + 1):
        result.append((f"W{layer}", (widths[layer], widths[layer - 1])))
        if bias == "all" or (bias == "hidden" and layer < depth):
            result.append((f"b{layer}", (widths[layer],)))
    return result


def block_symbols(architecture, widths, bias="none"):
    """{block: SymPy matrix of its entries}, biases as columns, names as in the contract (W1_2_3, b1_2)."""
    result = {}
    for name, shape in blocks(architecture, widths, bias):
        if len(shape) == 2:
            result[name] = sp.Matrix(*shape, lambda i, j, name=name: sp.Symbol(f"{name}_{i + 1}_{j + 1}"))
        else:
            result[name] = sp.Matrix(shape[0], 1, lambda i, _, name=name: sp.Symbol(f"{name}_{i + 1}"))
    return result


def phi(architecture, widths, bias="none"):
    """(parameter symbols in state order, expressions phi_i)."""
    table = block_symbols(architecture, widths, bias)
    parameters = [entry for matrix in table.values() for entry in matrix]
    if architecture == "nmf":
        return parameters, list((table["U"] * table["V"]).expand())
    depth = len(widths) - 1
    if architecture == "linear":
        weight, constant = sp.eye(widths[0]), sp.zeros(widths[0], 1)
        for layer in range(1, depth + 1):
            weight, constant = table[f"W{layer}"] * weight, table[f"W{layer}"] * constant
            if f"b{layer}" in table:
                constant += table[f"b{layer}"]
        return parameters, [e for e in [*weight.expand(), *constant.expand()] if e != 0]
    if architecture in ("relu", "icnn"):
        return parameters, _paths(table, widths)
    raise ValueError(f"unknown architecture {architecture}")


def _paths(table, widths):
    """Products of weights along paths from an input, or from a bias, to an output."""
    depth = len(widths) - 1
    result = []
    for start in range(depth + 1):  # the layer of neurons a path begins in; 0 is the input
        if start > 0 and f"b{start}" not in table:
            continue
        for path in cartesian(*[range(widths[layer]) for layer in range(start, depth + 1)]):
            factors = [table[f"W{start + k + 1}"][path[k + 1], path[k]] for k in range(depth - start)]
            if start > 0:
                factors.append(table[f"b{start}"][path[0]])
            result.append(sp.Mul(*factors))
    return result


def default_exponents(architecture, widths, bias="none"):
    """{block: a}: the metric diag(theta**a) the architecture calls for; blocks left out are Euclidean."""
    if architecture == "nmf":
        return {"U": 1, "V": 1}
    if architecture == "icnn":
        return {f"W{layer}": 1 for layer in range(2, len(widths))}
    return {}


def exponent_list(architecture, widths, bias="none", exponents=None):
    """The exponent a of the metric for every single parameter, in state order."""
    chosen = default_exponents(architecture, widths, bias) if exponents is None else exponents
    return [chosen.get(name, 0) for name, shape in blocks(architecture, widths, bias) for _ in range(sp.prod(shape))]


def axes_metric(architecture, widths, bias="none", sides=None):
    """The metric that maps the gradient G of each block in ``sides``, {block: (L, R)}, to L G R; None is the identity."""
    factors = []
    for name, shape in blocks(architecture, widths, bias):
        left, right = (sides or {}).get(name, (None, None))
        rows, columns = (*shape, 1)[:2]
        pair = [sp.eye(size) if m is None else sp.Matrix(m) for m, size in ((left, rows), (right, columns))]
        factors.append(sp.kronecker_product(pair[0], pair[1].T))
    return lambda point: sp.diag(*factors)


# --- polynomial vector fields ----------------------------------------------------------------------------------------


def bracket(x, y):
    """[X, Y] = DY.X - DX.Y, expanded."""
    return [_directional(b, x) - _directional(a, y) for a, b in zip(x, y, strict=True)]


def _directional(polynomial, field):
    ring_ = field[0].ring
    if not polynomial:
        return ring_.zero
    used = [k for k in range(len(ring_.gens)) if any(m[k] for m in polynomial.itermonoms())]
    return sum((polynomial.diff(ring_.gens[k]) * field[k] for k in used if k < len(field) and field[k]), ring_.zero)


def _primitive(field):
    """The field without its integer content: the same direction everywhere, smaller numbers."""
    content = reduce(gcd, (int(c) for p in field for c in p.itercoeffs()), 0)
    return field if content <= 1 else [p.quo_ground(content) for p in field]


def _value(field, point):
    result = []
    for polynomial in field:
        total = 0
        for monomial, coefficient in polynomial.iterterms():
            term = int(coefficient)
            for value, exponent in zip(point, monomial, strict=True):
                if exponent:
                    term *= value**exponent
            total += term
        result.append(total)
    return result


class _Span:
    """An exact row space over Q, grown one vector at a time."""

    def __init__(self):
        self.rows = []  # (pivot, reduced row with 1 at the pivot)

    def add(self, vector):
        """Whether the vector was outside the span (and is now in it)."""
        row = [Fraction(v) for v in vector]
        for pivot, other in self.rows:
            if row[pivot]:
                factor = row[pivot]
                row = [a - factor * b if b else a for a, b in zip(row, other, strict=True)]
        pivot = next((k for k, v in enumerate(row) if v), None)
        if pivot is None:
            return False
        self.rows.append((pivot, [v / row[pivot] if v else v for v in row]))
        return True


def lie_filtration(fields, seed=0):
    """Dimensions of the trace at a random point: generators, with brackets of length 2, ... until nothing is new.

    Fields that depend pointwise on the kept ones at a generic point are dropped: this does not change the distribution.
    """
    if not fields:
        return [0]
    rng = random.Random(f"lie {seed}")
    point = [rng.choice([-1, 1]) * rng.randint(2, 10**6) for _ in fields[0][0].ring.gens]
    span = _Span()
    generators = [f for f in map(_primitive, fields) if span.add(_value(f, point))]
    dimensions = [len(span.rows)]
    level, state = generators, len(fields[0])
    while level and len(span.rows) < state:
        fresh = []
        for x in generators:
            for y in level:
                if x is y:
                    continue
                z = _primitive(bracket(x, y))
                if span.add(_value(z, point)):
                    fresh.append(z)
                if len(span.rows) == state:
                    break
        level = fresh
        if fresh:
            dimensions.append(len(span.rows))
    return dimensions


# --- dynamics --------------------------------------------------------------------------------------------------------


def _rate(rate, rng):
    """The damping as an expression in t alone: every other symbol becomes a random positive integer."""
    text = str(rate).replace("lambda", "lamda")
    names = {name: sp.Symbol(name) for name in re.findall(r"[A-Za-z_]\w*", text) if name not in ("exp", "log", "sqrt")}
    expression = sp.nsimplify(sp.sympify(text, locals=names), rational=True)
    free = sorted(expression.free_symbols - {TIME}, key=str)
    return expression.subs({s: rng.randint(2, 19) for s in free})


def _names(symbols):
    return [str(s) for s in symbols]


class _Flow:
    """The fields of one configuration, as expanded integer polynomials."""

    def __init__(self, architecture, widths, bias, exponents, kind, rate, lookahead, seed):
        rng = random.Random(f"flow {seed}")
        self.kind = kind
        self.parameters, self.phi = phi(architecture, widths, bias)
        self.metric = exponents if callable(exponents) else self.diagonal(exponent_list(architecture, widths, bias, exponents))
        rate = {"nesterov": "3/t", "gradient-flow": 0}.get(kind, rate)
        self.rate = sp.together(_rate(rate, rng))
        self.velocities = [sp.Symbol(f"d{p}") for p in self.parameters]
        constant = TIME not in self.rate.free_symbols
        self.lookahead = constant if lookahead is None else lookahead
        self.times = rng.sample(range(2, 50), 3)
        self.momentum = kind in ("momentum", "nesterov")

    @staticmethod
    def diagonal(powers):
        """diag(theta**a) as a function of the point."""
        return lambda point: sp.diag(*[m**a for m, a in zip(point, powers, strict=True)])

    def gradient_fields(self, at=None, metric_at=None):
        """M grad phi_i as expressions, with theta (and theta in the metric) replaced by other expressions."""
        at = at or self.parameters
        metric_at = metric_at or at
        where = dict(zip(self.parameters, at, strict=True))
        metric = self.metric(metric_at)
        gradients = [[e.diff(p).subs(where, simultaneous=True) for p in self.parameters] for e in self.phi]
        return [list(metric * sp.Matrix(gradient)) for gradient in gradients]

    def lookahead_point(self, position, velocity):
        """The point rate*theta + theta' of Krichene et al. 2015, where mirror momentum takes its metric."""
        return [self.rate * q + v for q, v in zip(position, velocity, strict=True)]

    def controls(self):
        """The control fields on theta, or on theta' with theta at rest."""
        if not self.momentum:
            return self.gradient_fields()
        metric_at = self.lookahead_point(self.parameters, self.velocities) if self.lookahead else self.parameters
        return [[0] * len(self.parameters) + f for f in self.gradient_fields(metric_at=metric_at)]

    def drift(self, rate):
        if self.kind == "gradient-flow":
            return []
        if self.kind == "weight-decay":
            return [-rate * p for p in self.parameters]
        return [*self.velocities, *[-rate * v for v in self.velocities]]

    @property
    def state(self):
        return [*self.parameters, *(self.velocities if self.momentum else [])]


def polynomial_fields(symbols, fields):
    """Expressions rational in one symbol -> integer polynomial fields, up to a common factor (the same distribution)."""
    ring_, *_ = ring(_names(symbols), sp.ZZ)
    by_name = {sp.Symbol(n): g for n, g in zip(_names(symbols), ring_.gens, strict=True)}
    result = []
    for field in fields:
        fractions = [sp.fraction(sp.together(sp.sympify(component))) for component in field]
        common = reduce(sp.lcm, [d for _, d in fractions], sp.Integer(1))
        polynomials = []
        for numerator, denominator in fractions:
            factor = sp.cancel(common / denominator)
            poly = sp.Poly(sp.expand(numerator * factor), *by_name, domain="ZZ")
            polynomials.append(ring_.from_dict(poly.as_dict()) if not poly.is_zero else ring_.zero)
        result.append(polynomials)
    return result


def _default(kind, rate):
    return rate if rate is not None else {"momentum": "tau", "weight-decay": "lambda"}.get(kind, 0)


def extended_filtration(
    architecture, widths, bias="none", exponents=None, kind="gradient-flow", rate=None, lookahead=None, seed=0
):
    """(dimension of the state space, filtration), the state being theta, (t, theta) or (t, theta, theta')."""
    flow = _Flow(architecture, widths, bias, exponents, kind, _default(kind, rate), lookahead, seed)
    if kind == "gradient-flow":
        symbols, fields = flow.state, flow.controls()
    else:
        symbols = [TIME, *flow.state]
        fields = [[1, *flow.drift(flow.rate)], *[[0, *f] for f in flow.controls()]]
    return len(symbols), lie_filtration(polynomial_fields(symbols, fields), seed)


def count_laws(*args, **kwargs):
    """Number of independent conservation laws: dimension of the extended state minus the rank of the trace."""
    dimension, filtration = extended_filtration(*args, **kwargs)
    return dimension - filtration[-1]


def count_time_free(
    architecture, widths, bias="none", exponents=None, kind="gradient-flow", rate=None, lookahead=None, seed=0
):
    """Number of independent laws without time: the drift is a field on theta or (theta, theta'), at several times."""
    flow = _Flow(architecture, widths, bias, exponents, kind, _default(kind, rate), lookahead, seed)
    fields = flow.controls()
    if kind != "gradient-flow":
        rates = [flow.rate.subs(TIME, t) for t in flow.times] if flow.rate.has(TIME) else [flow.rate]
        fields = [*[flow.drift(r) for r in rates], *fields]
    return len(flow.state) - lie_filtration(polynomial_fields(flow.state, fields), seed)[-1]


def drift_filtration(
    architecture, widths, bias="none", exponents=None, kind="gradient-flow", rate=None, lookahead=None, seed=0
):
    """The filtration in drift coordinates (THEORY section 4): all coefficients of the generators in the free symbol."""
    flow = _Flow(architecture, widths, bias, exponents, kind, _default(kind, rate), lookahead, seed)
    free = sp.Symbol("s_free")
    if not flow.momentum:
        scale = free if kind == "weight-decay" else sp.Integer(1)
        fields = flow.gradient_fields(at=[scale * p for p in flow.parameters])
    else:
        at = [q + free * p for q, p in zip(flow.parameters, flow.velocities, strict=True)]
        metric_at = flow.lookahead_point(flow.parameters, flow.velocities) if flow.lookahead else at
        gradients = flow.gradient_fields(at=at, metric_at=metric_at)
        fields = [[free * c for c in w] + [-c for c in w] for w in gradients]
    symbols, size = [*flow.state, free], len(flow.state)
    ring_, *_ = ring(_names(flow.state), sp.ZZ)
    collected = []
    for field in polynomial_fields(symbols, fields):
        parts = {}
        for k, polynomial in enumerate(field):
            for monomial, coefficient in polynomial.iterterms():
                slot = parts.setdefault(monomial[-1], [ring_.zero] * size)
                slot[k] = slot[k] + ring_.term_new(monomial[:-1], coefficient)
        collected.extend(parts.values())
    return lie_filtration(collected, seed)

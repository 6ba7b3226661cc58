"""The independent checker: reports built by hand from a slow symbolic reference pass, and every kind of tampering fails."""

from __future__ import annotations

import ast
import copy
import itertools
import json
import re
from hashlib import sha256

import pytest
import sympy
from fractions import Fraction
from flint import nmod_mat
from helpers import quick

from conslaw_cli.checker import lawtable, verify_report
from conslaw_cli.checker.parse import ExpressionError, constant, parse
from conslaw_cli.checker.rates import at_some_point
from conslaw_cli.checker.balls import Moment
from conslaw_cli.checker.models import SHARED_HYPERPLANE
from conslaw_cli.checker.statement import NOWHERE
from conslaw_cli.checker.system import read_system
from conslaw_cli.checker.words import spec_hash
from conslaw_cli.checker.worlds import draw_world
from conslaw_cli.flows.parts import parts as split_parts
from conslaw_cli.graph.serial import to_data
from conslaw_cli.metrics import EUCLIDEAN
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.models.chain import Chain
from conslaw_cli.report import document

P = 4194319
SEED = 12345
MASK = 2**64 - 1


# A slow reference: plain integers for the random numbers, SymPy for the fields and their brackets.


def mix(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def draw(name: str, counter: int, size: int) -> list[int]:
    label = int.from_bytes(sha256(name.encode()).digest()[:8], "big")
    row = mix(mix(mix(SEED) ^ label) ^ counter)
    return [mix(row ^ e) % (P - 1) + 1 for e in range(size)]


def matrix(name: str, counter: int, rows: int, columns: int) -> sympy.Matrix:
    return sympy.Matrix(rows, columns, draw(f"coefficient/{name}", counter, rows * columns))


def symbols(blocks: list) -> dict[str, sympy.Matrix]:
    return {n: sympy.Matrix(r, c, lambda i, j: sympy.Symbol(f"{n}_{i}_{j}")) for n, (r, c) in blocks}


class Reference:
    """Brackets of one part in drift coordinates."""

    def __init__(self, blocks: list, functional, kind="gradient-flow", exponents=None, lookahead=None, decays=False):
        self.blocks, self.functional, self.kind, self.decays = blocks, functional, kind, decays
        self.theta = symbols(blocks)
        self.flat = [x for block in self.theta.values() for x in block]
        self.exponents = [(exponents or {}).get(n, 0) for n, (r, c) in blocks for _ in range(r * c)]
        self.q = [sympy.Symbol(f"q{k}") for k in range(len(self.flat))]
        self.v = [sympy.Symbol(f"p{k}") for k in range(len(self.flat))] if kind == "momentum" else []
        self.ring = sympy.ring(self.q + self.v, sympy.ZZ)[0]
        self.lookahead = lookahead
        self.point = draw("point", 0, len(self.q) + len(self.v))
        self.cache: dict = {}

    def field(self, g: int) -> list:
        f = self.functional(self.theta, g)
        s = draw("symbol", g, 1)[0] if self.v or self.decays else 1
        position = [q + s * v for q, v in zip(self.q, self.v)] if self.v else [s * q for q in self.q]
        at = position if self.lookahead is None else [self.lookahead * q + v for q, v in zip(self.q, self.v)]
        here = dict(zip(self.flat, position))
        w = [sympy.diff(f, x).subs(here, simultaneous=True) * y**a for x, y, a in zip(self.flat, at, self.exponents)]
        return [self.ring.from_expr(sympy.expand(x)) for x in ([s * x for x in w] + [-x for x in w] if self.v else w)]

    def bracket(self, word: tuple) -> list:
        if word not in self.cache:
            x = self.field(word[0])
            if len(word) > 1:
                y, z = self.bracket(word[1:]), self.ring.gens
                x = [
                    sum(y[i].diff(z[k]) * x[k] - x[i].diff(z[k]) * y[k] for k in range(len(z)))
                    for i in range(len(z))
                ]
            self.cache[word] = x
        return self.cache[word]

    def value(self, word: tuple) -> list[int]:
        return [int(x.evaluate(list(zip(self.ring.gens, self.point)))) % P for x in self.bracket(word)]

    def part(self, copies: int, longest: int) -> dict:
        rows, words = [], []
        counters = itertools.count()
        for length in range(1, longest + 1):
            while True:
                word = tuple(next(counters) for _ in range(length))
                value = self.value(word)
                if nmod_mat([*rows, value], P).rank() == len(rows):
                    break
                rows.append(value)
                words.append(word)
        u = draw("check", 0, len(self.point))
        return {
            "method": "brackets",
            "copies": copies,
            "blocks": [[n, list(shape)] for n, shape in self.blocks],
            "seed": SEED,
            "prime": P,
            "point": self.point,
            "words": [list(word) for word in words],
            "fingerprints": [sum(a * b for a, b in zip(row, u)) % P for row in rows],
            "dimension": len(words),
        }


def linear(theta: dict, g: int):
    """a (W2 (W1 x + b1 c) + b2 c) for two layers of any size."""
    c = matrix("c", g, 1, 1)[0]
    hidden = theta["W1"] * matrix("x", g, theta["W1"].cols, 1)
    hidden += theta["b1"] * c if "b1" in theta else sympy.zeros(*hidden.shape)
    output = theta["W2"] * hidden
    output += theta["b2"] * c if "b2" in theta else sympy.zeros(*output.shape)
    return (matrix("a", g, 1, output.rows) * output)[0]


def product(theta: dict, g: int):
    u, v = theta["U"], theta["V"]
    return (matrix("a", g, 1, u.rows) * u * v * matrix("x", g, v.cols, 1))[0]


def neuron(theta: dict, g: int):
    signal = theta["W1"] * matrix("x", g, theta["W1"].cols, 1)
    if "b1" in theta:
        signal += theta["b1"] * matrix("c1", g, 1, 1)[0]
    return (matrix("a", g, 1, theta["W2"].rows) * theta["W2"] * signal)[0]


def three_layers(theta: dict, g: int):
    signal = theta["W1"] * matrix("x", g, theta["W1"].cols, 1)
    for layer in (2, 3):
        w = theta[f"W{layer}"]
        signal = w.multiply_elementwise(matrix(f"C{layer}", g, *w.shape)) * signal
    return (matrix("a", g, 1, signal.rows) * signal)[0]


def latex(text: str) -> str:
    """A law as the product typesets it."""
    text = re.sub(r"(d?)([WbUV])(\d*)((?:_\d+)+)", _entry, text).replace("lambda", r"\lambda").replace("tau", r"\tau")
    text = re.sub(r"\*\*(?:(\d+)|\((-\d+)\))", lambda m: f"^{m[1] or '{' + m[2] + '}'}", text)
    text = re.sub(r"exp\(([^()]*)\)", r"e^{\1}", text)
    return re.sub(r"log(?=\()", r"\\log", text).replace("*", " ")


def _entry(match) -> str:
    dot, block, number, indices = match.groups()
    name = (rf"\dot{{{block}}}" if dot else block) + (f"_{number}" if number else "")
    return (f"({name})" if number else name) + f"_{{{indices[1:].replace('_', ',')}}}"


def item(expressions: list[str], by_time=False, source="search, degree 2") -> dict:
    return {
        "family": "further laws",
        "number": len(expressions),
        "expressions": expressions,
        "form": None,
        "latex": r",\quad ".join(map(latex, expressions)),
        "depends_on_time": by_time,
        "source": source,
        "everywhere": True,
    }


SENTENCES = {
    "linear": ("the product W_q ... W_1, and W_q ... W_2 b_1 + ... + b_q with biases", "generic rank (open dense)"),
    "nmf": ("the product U V, X ≈ U V", "U, V > 0"),
    "relu": (
        "products of weights along the paths from input to output, and from each hidden bias to the output",
        "open set where the neurons define distinct hyperplanes and every path is active for some input",
    ),
}
DEEP = "some open set, not everywhere: distinct hyperplanes and active paths are not enough"


def layout(model, part: dict) -> dict:
    """The graph of a part of a network with at most one hidden layer apart, and where its copies stand: neurons, or outputs."""
    names, whole = [name for name, _ in part["blocks"]], dict(model.blocks)
    split = next(p for p in split_parts(model.program, (EUCLIDEAN,) * len(whole)) if [n for n, _ in p.program.blocks] == names)
    def axes(name, shape, copy):
        return [None if size == most else [copy] for size, most in zip(shape, whole[name])]
    indices = [[axes(name, shape, copy) for name, shape in part["blocks"]] for copy in range(part["copies"])]
    return {"indices": indices, "graph": json.loads(json.dumps(to_data(split.program.functional)))}


def report(architecture, widths, parts, items, *, bias="none", metric=None, at="theta", kind="gradient-flow", rate=None,
           time_free=None, domain=None, status="proved", notes=()):  # fmt: skip
    """A report with its sums filled in."""
    blocks = {}
    size = 0
    layers = [("V", (widths[1], widths[0])), ("U", (widths[2], widths[1]))] if architecture == "nmf" else [
        (f"W{k + 1}", (widths[k + 1], widths[k])) for k in range(len(widths) - 1)
    ]  # fmt: skip
    for number, (name, (rows, columns)) in enumerate(layers, 1):
        blocks[name] = "euclidean"
        size += rows * columns
        if bias == "all" or (bias == "hidden" and number < len(layers)):
            blocks[f"b{number}"] = "euclidean"
            size += rows
    space = 2 * size if kind in ("momentum", "nesterov") else size
    dimension = sum(part["copies"] * part["dimension"] for part in parts)
    steps = [[sum(len(word) <= k for word in part["words"]) for k in range(1, 6)] if "words" in part else [part["dimension"]] * 5 for part in parts]
    sums = [sum(part["copies"] * own[k] for part, own in zip(parts, steps)) for k in range(5)]
    filtration = sums[: sums.index(dimension) + 1]
    found = sum(entry["number"] for entry in items)
    by_time = any(entry["depends_on_time"] for entry in items)
    letters = [rate] if rate and rate.isalpha() and rate != "t" else []
    phi, usual = SENTENCES[architecture]
    model = ARCHITECTURES[architecture].build(Chain(tuple(widths), bias))
    shapes = [[name, [rows] if name in model.vectors else [rows, columns]] for name, (rows, columns) in model.blocks]
    parts = [{**part, **layout(model, part)} if "words" in part else part for part in parts]
    made = {
        "schema": 2,
        "model": {"architecture": architecture, "widths": widths, "bias": bias, "parameters": size, "phi": phi, "domain": domain or usual},
        "metric": {"blocks": {**blocks, **(metric or {})}, "at": at},
        "dynamics": {"kind": kind, "rate": rate, "start": None if kind == "nesterov" else "0", "until": None,
                     "assumptions": [f"{letter} > 0" for letter in letters]},
        "trace": {"space": space, "filtration": filtration, "dimension": dimension},
        "region": None,
        "laws": {
            "independent": space - dimension,
            "found": found,
            "everywhere": found,
            "complete": True,
            "time_dependent": by_time if items else False,
            "time_free": space - dimension - by_time if time_free is None else time_free,
            "time_free_status": "proved",
            "searched_degree": 2,
            "items": items,
        },
        "status": status,
        "error_bound": None,
        "theorem": None,
        "notes": list(notes),
        "certificate": {"blocks": shapes, "parts": parts},
        "reproduce": {"version": "0.1.0", "seed": 0, "primes": sorted({part["prime"] for part in parts if "prime" in part})},
    }  # fmt: skip
    return {**made, "reproduce": {**made["reproduce"], "spec_sha256": spec_hash(made, read_system(made))}}


TWO = [["W1", (2, 1)], ["W2", (1, 2)]]
BALANCED = item(["W1_1_1**2 - W2_1_1**2", "W1_1_1*W1_2_1 - W2_1_1*W2_1_2", "W1_2_1**2 - W2_1_2**2"])


def gradient_flow_linear():
    return report("linear", [1, 2, 1], [Reference(TWO, linear).part(1, 1)], [BALANCED])


def momentum_linear():
    """Five coordinates' worth of brackets; U' U - U U' + ... and the two further laws of the 1-2-1 net."""
    law = "exp(tau*t)*(W1_1_1*dW1_2_1 - W1_2_1*dW1_1_1 + W2_1_1*dW2_1_2 - W2_1_2*dW2_1_1)"
    return report(
        "linear",
        [2, 2, 1],
        [Reference([["W1", (2, 2)], ["W2", (1, 2)]], linear, "momentum").part(1, 3)],
        [item(["exp(tau*t)*(W1_1_1*dW1_2_1 - W1_2_1*dW1_1_1 + W1_1_2*dW1_2_2 - W1_2_2*dW1_1_2"
               " + W2_1_1*dW2_1_2 - W2_1_2*dW2_1_1)"], True)] if law else [],
        kind="momentum",
        rate="tau",
    )  # fmt: skip


def neurons():
    local = [["W1", (1, 2)], ["b1", (1, 1)], ["W2", (1, 1)]]
    laws = [f"W1_{k}_1**2 + W1_{k}_2**2 + b1_{k}**2 - W2_1_{k}**2" for k in (1, 2)]
    bias = Reference([["b2", (1, 1)]], lambda theta, g: theta["b2"][0] * matrix("c", g, 1, 1)[0]).part(1, 1)
    return report("relu", [2, 2, 1], [Reference(local, neuron).part(2, 2), bias], [item(laws)], bias="all")


def factorization():
    metric = {"U": "entropy", "V": "entropy"}
    reference = Reference([["U", (2, 1)], ["V", (1, 1)]], product, exponents={"U": 1, "V": 1})
    return report("nmf", [1, 1, 2], [reference.part(1, 2)], [item(["U_1_1 + U_2_1 - V_1_1"], source="search, degree 1")], metric=metric)


def logarithms():
    metric = {"W1": "theta^2", "W2": "theta^2"}
    reference = Reference([["W1", (1, 1)], ["W2", (1, 1)]], neuron, exponents={"W1": 2, "W2": 2})
    return report("relu", [1, 1, 1], [reference.part(1, 1)], [item(["log(W1_1_1) - log(W2_1_1)"], source="search, separable")], metric=metric,
                  domain=SENTENCES["relu"][1] + ", W1, W2 > 0")  # fmt: skip


def powers():
    metric = {"W1": "theta^3", "W2": "theta^3"}
    reference = Reference([["W1", (1, 1)], ["W2", (1, 1)]], neuron, exponents={"W1": 3, "W2": 3})
    return report("relu", [1, 1, 1], [reference.part(1, 1)], [item(["W1_1_1**(-1) - W2_1_1**(-1)"], source="search, separable")], metric=metric,
                  domain=SENTENCES["relu"][1] + ", W1, W2 > 0")  # fmt: skip


def decaying():
    reference = Reference(TWO, linear, decays=True)
    laws = [f"exp(2*lambda*t)*({text})" for text in BALANCED["expressions"]]
    return report("linear", [1, 2, 1], [reference.part(1, 1)], [item(laws, True)], kind="weight-decay", rate="lambda")


def slowly_decaying():
    reference = Reference(TWO, linear, decays=True)
    laws = [f"(1 + t)*({text})" for text in BALANCED["expressions"]]
    return report(
        "linear", [1, 2, 1], [reference.part(1, 1)], [item(laws, True)], kind="weight-decay", rate="1/(2*(1 + t))"
    )


def nesterov_linear():
    reference = Reference([["W1", (1, 2)], ["W2", (2, 1)]], neuron, "momentum")
    return report("relu", [2, 1, 2], [reference.part(1, 3)], [], kind="nesterov", rate="3/t")


def mirror():
    reference = Reference(
        [["U", (1, 1)], ["V", (1, 1)]], product, "momentum", {"U": 1, "V": 1}, lookahead=draw("rate", 0, 1)[0]
    )
    metric = {"U": "entropy", "V": "entropy"}
    return report("nmf", [1, 1, 1], [reference.part(1, 3)], [], metric=metric, at="lookahead", kind="momentum", rate="tau",
                  domain="U, V > 0, tau*U + dU, tau*V + dV > 0")  # fmt: skip


def deep_paths():
    part = {"method": "paths", "copies": 1, "dimension": 2 * 2 + 2 + 2 * 2 + 2 + 2 + 1 - 4}
    laws = [
        "W1_1_1**2 + W1_1_2**2 + b1_1**2 - W2_1_1**2 - W2_2_1**2",
        "W1_2_1**2 + W1_2_2**2 + b1_2**2 - W2_1_2**2 - W2_2_2**2",
        "W2_1_1**2 + W2_1_2**2 + b2_1**2 - W3_1_1**2",
        "W2_2_1**2 + W2_2_2**2 + b2_2**2 - W3_1_2**2",
    ]
    return report("relu", [2, 2, 2, 1], [part], [item(laws, source="integer kernel of the path exponents")], bias="all", domain=DEEP)


def deep_brackets():
    blocks = [["W1", (1, 1)], ["W2", (2, 1)], ["W3", (1, 2)]]
    laws = ["W1_1_1**2 - W2_1_1**2 - W2_2_1**2", "W2_1_1**2 - W3_1_1**2", "W2_2_1**2 - W3_1_2**2"]
    return report("relu", [1, 1, 2, 1], [Reference(blocks, three_layers).part(1, 2)], [item(laws)], domain=NOWHERE,
                  status="proved for phi", notes=[SHARED_HYPERPLANE])  # fmt: skip


BUILDERS = [
    gradient_flow_linear,
    momentum_linear,
    neurons,
    factorization,
    logarithms,
    powers,
    decaying,
    slowly_decaying,
    nesterov_linear,
    mirror,
    deep_paths,
    deep_brackets,
]


@pytest.fixture(scope="module")
def built() -> dict:
    return {build.__name__: build() for build in BUILDERS}


def failures(altered: dict) -> list[str]:
    return [f"{check.name}: {check.detail}" for check in verify_report(altered).checks if not check.passed]


@pytest.mark.parametrize("name", [build.__name__ for build in BUILDERS])
def test_true_reports_pass(built, name):
    verification = verify_report(json.loads(json.dumps(built[name])))
    assert [check for check in verification.checks if not (check.passed and check.proved)] == []
    assert verification.verdict == ("verified for phi" if name == "deep_brackets" else "verified")


# Tampering: one entry is altered at a time.


def altered(original: dict, *path, to) -> dict:
    """A copy with the entry at the path replaced by ``to`` of it (or by ``to``)."""
    changed = copy.deepcopy(original)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to(place[path[-1]]) if callable(to) else to
    return changed


def part_of(built: dict, name: str) -> dict:
    return built[name]["certificate"]["parts"][0]


@pytest.mark.parametrize(
    ("old", "new"),
    [("W2_1_1**2", "2*W2_1_1**2"), (" - ", " + "), ("**2", "**3"), ("W2_1_1", "W2_1_2"), ("W1_1_1**2", "0*W1_1_1**2")],
)
def test_an_altered_law_fails(built, old, new):
    report = built["gradient_flow_linear"]
    path = ("laws", "items", 0, "expressions", 0)
    assert failures(altered(report, *path, to=lambda text: text.replace(old, new, 1)))


@pytest.mark.parametrize("old,new", [("exp(tau*t)", "exp(2*tau*t)"), ("dW1_2_1", "W1_2_1"), ("tau", "t"), ("exp", "sin")])
def test_an_altered_momentum_law_fails(built, old, new):
    path = ("laws", "items", 0, "expressions", 0)
    assert failures(altered(built["momentum_linear"], *path, to=lambda text: text.replace(old, new)))


COUNTS = [
    ("model", "parameters"),
    ("trace", "space"),
    ("trace", "dimension"),
    ("laws", "independent"),
    ("laws", "found"),
    ("laws", "time_free"),
    ("laws", "items", 0, "number"),
    ("certificate", "parts", 0, "dimension"),
    ("certificate", "parts", 0, "copies"),
    ("trace", "filtration", -1),
]


@pytest.mark.parametrize("path", COUNTS, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("step", [1, -1])
def test_an_altered_count_fails(built, path, step):
    for name in ("gradient_flow_linear", "momentum_linear", "deep_paths", "neurons"):
        assert failures(altered(built[name], *path, to=lambda n: n + step)), name


CERTIFICATE = [("seed",), ("prime",), ("point", 0), ("fingerprints", 1), ("words", 1, 0), ("words", -1, -1)]


@pytest.mark.parametrize("path", CERTIFICATE, ids=str)
@pytest.mark.parametrize("name", ["gradient_flow_linear", "momentum_linear", "neurons", "mirror", "nesterov_linear"])
def test_an_altered_certificate_fails(built, name, path):
    if path[0] == "words" and name == "gradient_flow_linear":
        path = ("words", 0, 0)
    if path == ("fingerprints", 1) and name == "gradient_flow_linear":
        path = ("fingerprints", 0)
    assert failures(altered(built[name], "certificate", "parts", 0, *path, to=lambda n: n + 1))


def test_a_repeated_word_fails_although_its_fingerprint_is_right(built):
    report = copy.deepcopy(built["momentum_linear"])
    part = report["certificate"]["parts"][0]
    part["words"][1], part["fingerprints"][1] = part["words"][0], part["fingerprints"][0]
    assert any("dimension" in text for text in failures(report))


def test_a_dropped_law_fails(built):
    for adjust in (False, True):
        report = copy.deepcopy(built["gradient_flow_linear"])
        report["laws"]["items"][0]["expressions"].pop()
        if adjust:
            report["laws"]["items"][0]["number"] -= 1
            report["laws"]["found"] -= 1
        assert failures(report)


def test_a_repeated_law_fails(built):
    report = copy.deepcopy(built["gradient_flow_linear"])
    laws = report["laws"]["items"][0]["expressions"]
    laws[2] = f"3*({laws[0]}) - 2*({laws[1]})"
    assert any("independence" in text for text in failures(report))


@pytest.mark.parametrize("name", ["gradient_flow_linear", "momentum_linear", "decaying", "deep_paths"])
def test_altered_time_dependence_fails(built, name):
    paths = [("laws", "time_dependent"), ("laws", "items", 0, "depends_on_time")]
    for path in paths:
        assert failures(altered(built[name], *path, to=lambda flag: not flag))
    both = altered(altered(built[name], *paths[0], to=lambda x: not x), *paths[1], to=lambda x: not x)
    assert failures(both)


def test_a_false_claim_of_truncation_fails(built):
    report = copy.deepcopy(built["gradient_flow_linear"])
    report["laws"]["items"][0]["expressions"].pop()
    report["laws"]["items"][0]["truncated"] = True
    assert failures(report)


@pytest.mark.parametrize(
    "path,value",
    [
        (("model", "architecture"), "relu"),
        (("metric", "blocks", "W1"), "entropy"),
        (("dynamics", "kind"), "momentum"),
        (("status",), "certain"),
        (("certificate", "parts"), []),
    ],
)
def test_another_system_fails(built, path, value):
    assert failures(altered(built["gradient_flow_linear"], *path, to=value))


def test_another_rate_fails(built):
    assert failures(altered(built["momentum_linear"], "dynamics", "rate", to="2*t"))
    assert failures(altered(built["slowly_decaying"], "dynamics", "rate", to="1/(1 + t)"))


def test_exact_is_confirmed_in_part(built):
    report = copy.deepcopy(built["gradient_flow_linear"])
    family = report["laws"]["items"][0]
    family["expressions"].pop()
    family["latex"] = r",\quad ".join(map(latex, family["expressions"]))
    family["number"] = report["laws"]["found"] = report["laws"]["everywhere"] = 2
    report["laws"]["complete"] = False
    report["status"], report["error_bound"] = "exact", "2^-40"
    report["laws"]["time_free_status"] = "exact"
    assert failures(report) == []
    assert verify_report(report).verdict == "confirmed in part"
    report["error_bound"] = "2^-900"
    assert any("growths" in text for text in failures(report))


# Whatever a report holds, there is an answer.


def leaves(value: object, path: tuple = ()):
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*path, key))


JUNK = [None, True, -1, 10**30, 1.5, "x", [], {}, [[]], "(" * 500, float("nan")]


@pytest.mark.parametrize("junk", quick([10**30, "x", []], JUNK, repr))
def test_junk_never_raises(built, junk):
    for name in ("momentum_linear", "deep_paths"):
        for path in leaves(built[name]):
            verification = verify_report(altered(built[name], *path, to=lambda _: junk) if path else junk)
            assert isinstance(verification.passed, bool)


def test_missing_keys_never_raise(built):
    for path in leaves(built["momentum_linear"]):
        report = copy.deepcopy(built["momentum_linear"])
        place = report
        for key in path[:-1]:
            place = place[key]
        if path and isinstance(place, dict):
            del place[path[-1]]
            assert failures(report), path


# Formulas.


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "x.y", "W1_1_1", "2 3", "", "(1", "1)", "f(1)", "exp", "2**99999", "2**(((9**64)**64)**64)**64", "[1]", "1;2", "lambda: 1"],
)
def test_formulas_outside_the_grammar_are_refused(text):
    with pytest.raises(ExpressionError):
        parse(text, names=frozenset({"t"}))


@pytest.mark.parametrize("text", ["2**3 - -1", "3*(5 - 2)", "27/3", "-(-9)", "3**2", "(1/3)**-2", "90/10", "+9"])
def test_constants(text):
    assert constant(parse(text)) == 9


@pytest.mark.heavy
def test_long_sums_need_no_recursion():
    tree = parse(" + ".join(["W1_1_1**2", "t*W1_1_1/3"] * 20_000), lambda name: 0 if name == "W1_1_1" else -1, frozenset({"t"}))
    assert len(tree[1]) == 40_000


IDENTITIES = [
    "exp(2*tau*t)*exp(-tau*t) - exp(tau*t)",
    "sqrt(1 + t)*(1 + t)**(3/2) - (1 + t)**2",
    "sin(t)**2 + cos(t)**2 - 1",
    "cosh(t)**2 - sinh(t)**2 - exp(0)",
    "(exp(t) - 1)/(exp(t/2) - 1) - exp(t/2) - 1",
    "tanh(t)*cosh(t) - sinh(t)",
    "sin(2*t) - 2*sin(t)*cos(t)",
    "exp(t/2 + sin(2*t)/4)**2 - exp(t)*exp(sin(2*t)/2)",
    "cos(t)**2 - 1/2 - cos(2*t)/2",
]


AT = Moment({"t": Fraction(9, 7), "tau": Fraction(3, 5)})


def world_jet(text: str) -> tuple:
    tree = parse(text, names=frozenset({"t", "tau"}))
    return at_some_point(lambda world: world.jet(tree), AT, text.encode()[:50])[1]


@pytest.mark.parametrize("text", IDENTITIES)
def test_functions_of_time_respect_their_algebra(text):
    assert world_jet(text) == (0, 0)


@pytest.mark.parametrize("text", ["sqrt((t-2)**2) - t + 2", "sqrt(t**2) + t", "sqrt(4) + 2", "sqrt(t**2-6*t+9) - t + 3"])
def test_roots_are_positive(text):
    """The other branch vanishes, and must not here, whatever the point."""
    tree = parse(text, names=frozenset({"t"}))
    assert all(at_some_point(lambda world: world.jet(tree), AT, bytes([k]))[1][0] for k in range(12))


@pytest.mark.parametrize("function", ["exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan"])
def test_derivatives(function):
    """f' against SymPy's, in the world and by balls."""
    t = sympy.Symbol("t")
    slope = parse(str(sympy.diff(getattr(sympy, function)(t**2 + 1), t)), names=frozenset({"t"}))
    tree = parse(f"{function}(t**2 + 1)", names=frozenset({"t"}))
    _, (jet, other) = at_some_point(lambda world: (world.jet(tree), world.jet(slope)), AT, b"derivatives")
    assert jet[1] == other[0]
    assert AT.ball(tree)[1].overlaps(AT.ball(slope)[0])


def test_balls_see_no_zero_that_is_none_and_no_number_in_a_zero():
    for zero in ("log(t**2) - 2*log(t)", "sin(t)**2 + cos(t)**2 - 1", "exp(log(2)) - 2", "sin(pi)", "2**t - exp(t*log(2))"):
        assert not AT.is_nonzero(parse(zero, names=frozenset({"t"})))
    assert AT.is_nonzero(parse("exp(-100*t) + 1 - 1/(1 + t**2) - t**2/(1 + t**2)", names=frozenset({"t"})))


def test_the_checker_imports_nothing_of_the_engine():
    import subprocess
    import sys

    code = (
        "import sys, conslaw_cli.checker; "
        "print([m for m in sys.modules if m.startswith('conslaw_cli.') and not m.startswith('conslaw_cli.checker')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(ast.literal_eval(found)) <= {"conslaw_cli.version"}


ENGINE = [
    {"model": {"architecture": "linear", "widths": [2, 3, 2]}},
    {"model": {"architecture": "linear", "widths": [1, 3, 1], "bias": "all"}, "dynamics": {"kind": "momentum"}},
    {"model": {"architecture": "relu", "widths": [2, 3, 2, 1], "bias": "hidden"}, "dynamics": {"kind": "weight-decay"}},
    {"model": {"architecture": "nmf", "widths": [2, 2, 2]}, "dynamics": {"kind": "momentum", "damping": "t"}},
    {"model": {"architecture": "nmf", "widths": [2, 2, 2]}, "dynamics": {"kind": "momentum", "damping": "1/2"}},
    {"model": {"architecture": "icnn", "widths": [2, 2, 1], "bias": "all"}, "dynamics": {"kind": "nesterov"}},
]


@pytest.mark.parametrize("spec", ENGINE, ids=lambda spec: f"{spec['model']} {spec.get('dynamics', '')}")
def test_reports_of_the_engine_pass(spec):
    from conslaw_cli import analyze

    assert verify_report(json.loads(json.dumps(analyze(spec).to_dict()))).verified


@pytest.mark.parametrize("key", ["form", "latex", "source", "family"])
def test_a_changed_word_breaks_the_checksum(key):
    from conslaw_cli import analyze

    report = analyze({"model": {"architecture": "linear", "widths": [2, 3, 2]}}).to_dict()
    assert verify_report(report).verified
    assert verify_report({**report, "name": "renamed"}).verified
    report["laws"]["items"][0][key] = "something else"
    assert any(text.startswith("checksum") for text in failures(report))


def test_a_missing_checksum_is_said(built):
    (check,) = (check for check in verify_report(built["gradient_flow_linear"]).checks if check.name == "checksum")
    assert "none" in check.detail


RATES = [
    "t**-3", "1/t**4", "exp(-t)*cos(t)", "log(t)/t", "pi/t", "2**t", "1/log(t)", "sin(t**2)", "t**(1/3)", "1/(1+t**3)", "1/(t**2-2)",
    "1/cosh(t)", "alpha/t", "3/(t+tau)", "tau/(1+t)", "1/(2*(t-1))", "t/(1+t**2)", "sqrt(2)*t", "1/7",
]  # fmt: skip


@pytest.mark.parametrize("rate", RATES)
def test_rates_are_handled_through_derivatives(rate):
    from conslaw_cli import analyze

    model = {"architecture": "nmf", "widths": [2, 2, 2]}
    report = analyze({"model": model, "metric": {"at": "theta"}, "dynamics": {"kind": "momentum", "damping": rate}}).to_dict()
    assert verify_report(json.loads(json.dumps(report))).verified


def test_a_logarithm_in_a_function_of_time_is_none_of_an_entry():
    from conslaw_cli import analyze

    model = {"architecture": "relu", "widths": [1, 2, 1], "bias": "hidden"}
    metric = {"default": "entropy", "at": "theta"}
    tables = {"model": model, "metric": metric, "dynamics": {"kind": "momentum", "damping": "log(t+2)"}}
    assert verify_report(json.loads(json.dumps(analyze(tables).to_dict()))).verified


@pytest.mark.parametrize("rate", ["t-t", "log(1)", "sqrt(4)-2", "sin(t)**2+cos(t)**2-1"])
def test_a_rate_that_is_zero_in_disguise_is_zero(rate):
    from conslaw_cli.checker.rates import read_rate

    found = read_rate(rate, Fraction(0), None)
    assert found.zero and not found.moves


def test_a_rate_over_the_prime_of_the_certificate_is_refused_in_words(built):
    report = copy.deepcopy(built["mirror"])
    report["dynamics"].update(rate=f"1/{P}", assumptions=[])
    report["reproduce"]["spec_sha256"] = spec_hash(report, read_system(report))
    report["model"]["domain"] = f"U, V > 0, 1/{P}*U + dU, 1/{P}*V + dV > 0"
    assert any("divides the denominator" in text for text in failures(report))


@pytest.mark.parametrize("listed", quick([10], [10, 1000]))
def test_a_truncated_family_is_written_out_from_its_form(listed, monkeypatch):
    from conslaw_cli import analyze

    assert (document.EXPRESSIONS_SHOWN, lawtable.LISTED_AT_LEAST) == (1000, 1000)
    monkeypatch.setattr(document, "EXPRESSIONS_SHOWN", listed)
    monkeypatch.setattr(lawtable, "LISTED_AT_LEAST", listed)
    report = json.loads(json.dumps(analyze({"model": {"architecture": "relu", "widths": [1, listed + 20, 1], "bias": "hidden"}}).to_dict()))
    assert report["laws"]["items"][0]["truncated"] and verify_report(report).verified
    report["laws"]["items"][0]["form"] = "sum_i W2[i,k]^2 + sum_j W1[k,j]^2 - b1[k]^2"
    assert any("an unlisted member" in text or "not one that the form gives" in text for text in failures(report))

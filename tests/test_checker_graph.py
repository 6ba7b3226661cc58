"""The graph in a certificate: every change to it is found, what is no graph is refused in words, and quickly."""

from __future__ import annotations

import copy
import json
import time
from functools import cache

import pytest

from conslaw_cli import analyze
from conslaw_cli.checker import verify_report
from forger import with_checksum


def model(architecture, widths, bias="none", **tables):
    return {"model": {"architecture": architecture, "widths": widths, "bias": bias}, **tables}


SPECS = {
    "linear": model("linear", [2, 3, 2], "all"),
    "copies": model("relu", [2, 3, 2], "all", dynamics={"kind": "momentum"}),
    "deep": model("relu", [2, 2, 2, 2], "hidden", dynamics={"kind": "momentum"}),
    "nmf": model("nmf", [2, 2, 2]),
}


@cache
def text(name: str) -> str:
    return json.dumps(analyze(SPECS[name]).to_dict())


def honest(name: str) -> dict:
    return json.loads(text(name))


def graph(report: dict, part: int = 0) -> dict:
    return report["certificate"]["parts"][part]["graph"]


def failures(report: dict) -> list[str]:
    verification = verify_report(with_checksum(report))
    return [f"{check.name}: {check.detail}" for check in verification.checks if not check.passed]


@pytest.mark.parametrize("name", SPECS)
def test_the_graph_is_compared_with_the_architecture(name):
    checks = {check.name: check for check in verify_report(honest(name)).checks}
    assert checks["graph"].passed and checks["graph"].proved and "compared" in checks["graph"].detail


# --- changes -----------------------------------------------------------------------------------------------------------

def changed_nodes(node: list) -> list[list]:
    """Other nodes in place of one, most of them valid by themselves."""
    operation, *arguments = node
    others = {"add": ["multiply"], "multiply": ["add"], "matmul": ["multiply"]}.get(operation, [])
    found = [[other, *arguments] for other in others]
    if operation in ("parameter", "coefficient"):
        found += [[operation, "zz", arguments[1]], [operation, arguments[0], [*arguments[1], 1]], ["parameter", "W1", arguments[1]]]
        found += [[operation, arguments[0], [2 * k for k in arguments[1]]]]
    if operation in ("add", "multiply", "matmul"):
        found += [[operation, arguments[0], arguments[0]], [operation, arguments[1], arguments[1]]]
    if operation in ("permute", "sum"):
        found += [[operation, arguments[0], list(reversed(arguments[1])) + [0]]]
    return [*found, ["apply", "tanh", 0], ["power", 0, 2], ["constant", [1, 1], [1]]]


@pytest.mark.parametrize("name", SPECS)
def test_a_changed_node_is_rejected(name):
    report = honest(name)
    for part in range(len(report["certificate"]["parts"])):
        for number, node in enumerate(graph(report, part)["nodes"]):
            for other in changed_nodes(node):
                forged = copy.deepcopy(report)
                graph(forged, part)["nodes"][number] = other
                if other != node:
                    assert verify_report(with_checksum(forged)).verdict == "REJECTED", (number, node, other)


@pytest.mark.parametrize("name", SPECS)
def test_a_factor_or_a_power_at_the_end_is_rejected(name):
    for step in (["power", None, 2], ["power", None, 3], ["add", None, None], ["apply", "exp", None]):
        report = honest(name)
        last = graph(report)["functional"]
        graph(report)["nodes"].append([last if value is None else value for value in step])
        graph(report)["functional"] = last + 1
        assert verify_report(with_checksum(report)).verdict != "verified", step


@pytest.mark.parametrize("number", [-1, 0, 1, 10**30, True, None, "0"])
def test_another_functional_is_rejected(number):
    report = honest("linear")
    graph(report)["functional"] = number
    assert verify_report(with_checksum(report)).verdict == "REJECTED"


def test_a_certificate_of_another_architecture_is_rejected():
    """A true certificate of a relu network under the name of a linear one of the same blocks: only the graph tells."""
    report, other = (analyze(model(name, [1, 2, 2], dynamics={"kind": "momentum"})).to_dict() for name in ("relu", "linear"))
    forged = {**other, **{key: report[key] for key in ("trace", "laws", "certificate")}}
    forged["reproduce"] = {**other["reproduce"], "primes": report["reproduce"]["primes"]}
    forged = json.loads(json.dumps(forged))
    (failure,) = [text for text in failures(forged) if text.startswith("graph")]
    assert "is not that of linear" in failure


def test_a_graph_that_is_the_same_functional_is_accepted():
    """Nodes are held against the architecture by what they compute: a sum the other way round is the same."""
    report = honest("linear")
    nodes = graph(report)["nodes"]
    number = next(i for i, node in enumerate(nodes) if node[0] == "add")
    nodes[number] = ["add", nodes[number][2], nodes[number][1]]
    assert failures(report) == []


# --- where the parts stand ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    "change, said",
    [
        (lambda part: part["indices"].pop(), "one entry for each copy"),
        (lambda part: part.update(copies=2, indices=part["indices"][:2]), "every parameter of the model once"),
        (lambda part: part.update(indices=[part["indices"][0]] * 3), "every parameter of the model once"),
        (lambda part: part.update(indices=[*part["indices"][:2], [[None, None]] * 3]), "must have 1 rows"),
        (lambda part: part["indices"][0][0].__setitem__(0, [7]), "must have 1 rows"),
        (lambda part: part["blocks"][0][1].__setitem__(1, 1), "must have 1 rows and 1 columns"),
        (lambda part: part["blocks"].append(part["blocks"][0]), "different blocks"),
    ],
)
def test_a_changed_layout_is_rejected(change, said):
    report = honest("copies")
    change(report["certificate"]["parts"][0])
    assert any(said in failure for failure in failures(report)), failures(report)


def test_neurons_that_exchange_weights_are_rejected():
    """W1 of neuron 1 with W2 of neuron 2: every parameter once, and the wrong network."""
    report = honest("copies")
    first, second, _ = report["certificate"]["parts"][0]["indices"]
    first[0], second[0] = second[0], first[0]
    assert any("is not that of relu" in failure for failure in failures(report))


@pytest.mark.parametrize("blocks", [[], None, [["W1", [3, 2]]], [["W1", [10**40, 2]]], [["W-1", [2, 2]]], [["dW", [1]], ["W", [1]]], [[[], []]]])
def test_other_blocks_are_rejected(blocks):
    report = honest("nmf")
    report["certificate"]["blocks"] = blocks
    assert any("certificate.blocks" in failure for failure in failures(report))


# --- what is no graph ------------------------------------------------------------------------------------------------------

W = ["parameter", "U", [2, 2]]
HOSTILE = {
    "itself": ([["add", 0, 0]], "an earlier node"),
    "a later node": ([["add", 1, 1], W], "an earlier node"),
    "a negative number": ([W, ["add", -1, 0]], "an earlier node"),
    "a bool": ([W, W, ["add", True, 0]], "an earlier node"),
    "a huge number": ([W, ["add", 10**400, 0]], "an earlier node"),
    "a huge shape": ([["coefficient", "x", [10**12, 10**12]]], "too large"),
    "many axes": ([["coefficient", "x", [1] * 100]], "at most 14"),
    "a huge broadcast": ([["coefficient", "x", [1]], ["broadcast", 0, [2**40]]], "too large"),
    "a huge product": ([["coefficient", "x", [2000, 1]], ["coefficient", "y", [1, 2000]], ["matmul", 0, 1], ["matmul", 2, 2]], "too large"),
    "a negative shape": ([["coefficient", "x", [-1]]], "positive whole"),
    "a shape of NaN": ([["coefficient", "x", [float("nan")]]], "positive whole"),
    "a huge power": ([W, ["power", 0, 10**9]], "an exponent"),
    "a power of powers": ([W, *(["power", k, 100] for k in range(20))], "degree above"),
    "a power of a half": ([W, ["power", 0, 0.5]], "an exponent"),
    "a constant of NaN": ([["constant", [1], [float("nan")]]], "entries"),
    "a huge constant": ([["constant", [1], [10**300]]], "entries"),
    "a division by zero": ([["constant", [1], ["1/0"]]], "entries"),
    "an unknown function": ([W, ["apply", "os.system", 0]], "one of"),
    "an unknown operation": ([["__init__", 0, 0]], "is none of"),
    "no operation": ([[["add"], 0, 0]], "of three entries"),
    "no node": ([None], "of three entries"),
    "no nodes": ([], "from 1 to"),
    "too many nodes": ([W] * 30_000, "from 1 to"),
    "an unknown block": ([["parameter", "W9", [2, 2]]], "no block"),
    "two shapes": ([["coefficient", "x", [2]], ["coefficient", "x", [3]]], "another shape"),
    "a matrix for a number": ([W], "one entry"),
    "a block left out": ([["constant", [1], [1]]], "does not depend on"),
    "wrong axes": ([W, ["permute", 0, [0, 0]]], "axes must be"),
    "axes of text": ([W, ["sum", 0, "01"]], "axes must be"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_graph_is_refused_quickly(name):
    nodes, said = HOSTILE[name]
    report = honest("nmf")
    report["certificate"]["parts"][0]["graph"] = {"nodes": nodes, "functional": max(0, len(nodes) - 1)}
    started = time.process_time()
    found = failures(report)
    assert len(found) == 1 and said in found[0] and found[0].startswith("report: part 1.graph"), found
    assert time.process_time() - started < 5


def test_deep_nesting_is_refused():
    report = honest("nmf")
    nested: list = []
    for _ in range(500):
        nested = [nested]
    graph(report)["nodes"][0] = nested
    assert failures(report)


def test_brackets_of_a_graph_that_take_too_long_are_not_begun():
    """A valid graph of much work for a few parameters, and words as long as may be."""
    report = honest("nmf")
    part = report["certificate"]["parts"][0]
    nodes = graph(report)["nodes"]
    last = len(nodes) - 1
    nodes += [["reshape", last, [1, 1]], ["broadcast", last + 1, [1000, 1000]], ["sum", last + 2, [0, 1]]]
    graph(report)["functional"] = last + 3
    part["words"] = [[k] * 12 for k in range(len(part["words"]))]
    started = time.process_time()
    assert verify_report(with_checksum(report)).verdict != "verified"
    assert time.process_time() - started < 5

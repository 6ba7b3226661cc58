"""Reports of networks are proved again: the text, ranks, laws, branches and the independence of arguments; what is spoiled is rejected."""

from __future__ import annotations

import copy
import json
import tomllib
from functools import cache
from pathlib import Path

import pytest

from conslaw_cli import analyze
from conslaw_cli.checker import verify_report
from forger import with_checksum
from helpers import quick

ZOO = Path(__file__).parents[1] / "model_specs" / "zoo"
FAST = ("attention", "exp_bias", "conv1d_max_pool", "rms_norm_relu", "bigram")
VERDICTS = ("verified", "confirmed in part")


@cache
def texts(name: str) -> tuple[str, ...]:
    """The reports of a zoo entry, under each of its dynamics."""
    spec = tomllib.loads((ZOO / f"{name}.toml").read_text(encoding="utf-8"))
    kinds = spec["sweep"]["dynamics"]["kind"]
    return tuple(json.dumps(analyze({"model": spec["model"], "dynamics": {"kind": kind}}).to_dict()) for kind in kinds)


def honest(name: str, number: int = 0) -> dict:
    return json.loads(texts(name)[number])


def verdict(report: dict) -> str:
    return verify_report(with_checksum(report)).verdict


def failures(report: dict) -> list[str]:
    return [f"{check.name}: {check.detail}" for check in verify_report(with_checksum(report)).checks if not check.passed]


def unproved(report: dict) -> list[str]:
    return [check.name for check in verify_report(report).checks if not check.proved]


@pytest.mark.parametrize("name", FAST)
def test_an_honest_report_is_verified(name):
    for text in texts(name):
        report = json.loads(text)
        assert failures(report) == []
        assert set(unproved(report)) <= {"part 1: filtration"}


@pytest.mark.heavy
@pytest.mark.parametrize("path", sorted(ZOO.glob("*.toml")), ids=lambda path: path.stem)
def test_the_zoo_is_never_rejected(path):
    for text in texts(path.stem):
        report = json.loads(text)
        assert failures(report) == []
        if report["status"] == "proved":
            assert set(unproved(report)) <= {"part 1: filtration"}


# --- forgeries -----------------------------------------------------------------------------------------------------------


def part(report: dict) -> dict:
    return report["certificate"]["parts"][0]


def with_a_sign(report: dict) -> None:
    item = report["laws"]["items"][0]
    item["expressions"][0] = item["expressions"][0].replace(" - ", " + ", 1)


def with_form_and_latex_signs(report: dict) -> None:
    item = report["laws"]["items"][0]
    for key in ("form", "latex"):
        item[key] = item[key].replace(" - ", " + ", 1)
    item["expressions"] = [text.replace(" - ", " + ") for text in item["expressions"]]


def with_a_law_less(report: dict) -> None:
    report["laws"]["independent"] -= 1
    report["trace"]["dimension"] += 1


def with_a_word_less(report: dict) -> None:
    part(report)["words"].pop()
    part(report)["fingerprints"].pop()


def with_another_word(report: dict) -> None:
    part(report)["words"][0] = [10**6]


def with_a_zero_in_the_point(report: dict) -> None:
    part(report)["point"][0] = 0


def with_rank_less(report: dict) -> None:
    part(report)["independence"]["rank"] -= 1


def with_more_arguments(report: dict) -> None:
    part(report)["independence"]["arguments"] += 1
    part(report)["independence"]["rank"] += 1


def without_independence(report: dict) -> None:
    part(report)["independence"] = None


def with_another_text(report: dict) -> None:
    report["model"]["network"] = report["model"]["network"].replace("@ O", "@ (2*O)")


def with_another_output(report: dict) -> None:
    part(report)["graph"]["output"] -= 1


def with_another_loss(report: dict) -> None:
    report["model"]["loss"] = "cross-entropy"


def with_a_domain(report: dict) -> None:
    report["model"]["domain"] = "generic rank (open dense)"


def with_a_region(report: dict) -> None:
    report["region"] = {"around": "a Gaussian initialization, seed 0", "patterns": 1, "inputs": 4096, "units": 0, "dead": 0, "linear": 0}


CHANGES = [
    with_a_sign, with_form_and_latex_signs, with_a_law_less, with_a_word_less, with_another_word, with_a_zero_in_the_point, with_rank_less,
    with_more_arguments, without_independence, with_another_text, with_another_output, with_another_loss, with_a_domain, with_a_region,
]  # fmt: skip


@pytest.mark.parametrize("change", quick(CHANGES[::2], CHANGES, lambda change: change.__name__))
def test_a_spoiled_report_of_attention_is_rejected(change):
    report = honest("attention")
    change(report)
    assert verdict(report) == "REJECTED"


def test_every_changed_node_is_rejected():
    report = honest("exp_bias")
    for number, (operation, *arguments) in enumerate(part(report)["graph"]["nodes"]):
        others = {"add": "multiply", "multiply": "add"}.get(operation)
        swapped = {"exp": "log"}.get(arguments[0]) if operation == "apply" else None
        for other in ([others, *arguments] if others else None, ["apply", swapped, arguments[1]] if swapped else None, ["constant", [], [3]]):
            if other:
                forged = copy.deepcopy(report)
                part(forged)["graph"]["nodes"][number] = other
                assert verdict(forged) == "REJECTED", (number, other)


def flipped(row: str, bit: int) -> str:
    return f"{int(row, 16) ^ 1 << (4 * len(row) - 1 - bit):0{len(row)}x}"


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_a_branch_that_no_input_takes_is_rejected(bit):
    """rms_norm_relu has all patterns of its three units, so what is flipped is a pattern twice; of convolutions it may be a new one."""
    for name in ("rms_norm_relu", "conv1d_max_pool"):
        report = honest(name)
        rows = part(report)["cases"]["rows"]
        rows[0] = flipped(rows[0], bit)
        assert verdict(report) == "REJECTED", name


@pytest.mark.parametrize("key", quick(["patterns", "dead"], ["patterns", "inputs", "units", "dead", "linear"]))
def test_another_region_is_rejected(key):
    report = honest("rms_norm_relu")
    report["region"][key] += 1
    assert verdict(report) == "REJECTED"
    report["region"] = None
    assert verdict(report) == "REJECTED"


@pytest.mark.parametrize("name", ["rms_norm_relu", "conv1d_max_pool", "exp_bias"])
def test_laws_that_hold_everywhere_or_not(name):
    report = honest(name)
    item = report["laws"]["items"][0]
    item["everywhere"] = not item["everywhere"]
    assert verdict(report) == "REJECTED"
    report["laws"]["everywhere"] += item["number"] * (1 if item["everywhere"] else -1)
    assert verdict(report) == "REJECTED"


REGION = {
    "model": {
        "network": "W2 @ relu(W1 @ x)",
        "parameters": {"W1": [3, 1], "W2": [3, 3]},
        "inputs": {"x": [1]},
    }
}


def test_laws_of_a_region_are_not_laws_everywhere():
    report = json.loads(json.dumps(analyze(REGION).to_dict()))
    assert report["laws"]["everywhere"] < report["laws"]["found"]
    assert verify_report(report).verdict in VERDICTS
    for item in report["laws"]["items"]:
        item["everywhere"] = True
    report["laws"]["everywhere"] = report["laws"]["found"]
    assert [text for text in failures(report) if text.startswith("laws: everywhere")]


def test_laws_of_a_region_are_no_proof():
    report = json.loads(json.dumps(analyze(REGION).to_dict()))
    assert report["status"] == "exact"
    report |= {"status": "proved", "notes": report["notes"][1:]}
    assert [text for text in failures(report) if "which may not be all" in text]


def test_dependent_arguments_are_no_proof():
    """Phi(u) beside Phi(2 u), written apart: random values would give too large a rank."""
    model = {"network": "W2 @ (gelu(W1 @ x) + gelu(2*(W1 @ x)))", "parameters": {"W1": [2, 1], "W2": [1, 2]}, "inputs": {"x": [1]}}
    report = json.loads(json.dumps(analyze({"model": model}).to_dict()))
    assert report["status"] != "proved" and verify_report(report).verdict == "confirmed in part"
    found = part(report)["independence"]
    assert found["rank"] < found["arguments"]
    report["status"], report["notes"], report["laws"]["time_free_status"] = "proved", [], "proved"
    assert [text for text in failures(report) if "arguments" in text]
    found["rank"] = found["arguments"]
    assert [text for text in failures(report) if "arguments" in text]


# --- arguments of exp that are written through one another ----------------------------------------------------------------

WRITTEN = {
    "twice": ("W2 @ (exp(W1 @ x) + exp(2*(W1 @ x)))", {"W1": [2, 1], "W2": [1, 2]}, {"x": [1]}),
    "within": ("W2 @ exp(exp(W1 @ x) + exp(2*(W1 @ x)))", {"W1": [2, 1], "W2": [1, 2]}, {"x": [1]}),
    "half": ("a * exp(w * x / 2) + b * exp(w * x) + exp(-w * x / 3)", {"a": [], "b": [], "w": []}, {"x": []}),
    "branches": ("W2 @ (tanh(W1 @ x) + sigmoid(3*(W1 @ x)) + relu(W1 @ x))", {"W1": [1, 1], "W2": [1, 1]}, {"x": [1]}),
}


@cache
def written_text(name: str) -> str:
    text, parameters, inputs = WRITTEN[name]
    return json.dumps(analyze({"model": {"network": text, "parameters": parameters, "inputs": inputs}}).to_dict())


def written(name: str) -> dict:
    return json.loads(written_text(name))


@pytest.mark.parametrize("name", quick(("twice", "half"), WRITTEN))
def test_what_is_written_through_others_is_held_against_the_text(name):
    report = written(name)
    assert part(report)["written"] is True
    assert failures(report) == []
    assert verify_report(report).verdict == "confirmed in part"
    (check,) = [check for check in verify_report(report).checks if check.name == "graph"]
    assert "exp(u + v) = exp(u) exp(v)" in check.detail and not check.proved


@pytest.mark.parametrize("name", quick(("twice", "half"), WRITTEN))
def test_what_is_written_through_others_of_another_text_is_rejected(name):
    text = WRITTEN[name][0]
    for old, new in (("2*(", "3*("), ("3*(", "2*("), ("/ 2", "/ 4"), ("exp(", "2 * exp("), ("W1 @ x", "W1 @ x + 1"), ("w * x / 3", "w * x / 3 + 1")):
        if old in text:
            report = written(name)
            report["model"]["network"] = text.replace(old, new)
            assert [told for told in failures(report) if told.startswith("graph")], (old, new)


@pytest.mark.heavy
def test_changed_nodes_of_what_is_written_are_rejected():
    report = written("twice")
    for number, (operation, *arguments) in enumerate(part(report)["graph"]["nodes"]):
        other = {"add": "multiply", "multiply": "add"}.get(operation)
        if other:
            forged = copy.deepcopy(report)
            part(forged)["graph"]["nodes"][number] = [other, *arguments]
            assert verdict(forged) == "REJECTED", number


def test_whether_something_is_written_is_not_made_up():
    report = written("twice")
    for value in (False, 1, "true", None, []):
        part(report)["written"] = value
        assert verdict(report) == "REJECTED"
    del part(report)["written"]
    assert verdict(report) == "REJECTED"
    report = honest("exp_bias")
    part(report)["written"] = True
    assert verdict(report) == "confirmed in part"


# --- fields as they are --------------------------------------------------------------------------------------------------

FIELDS = {
    "rotation": ({"fields": ["[x2, -x1]"]}, {"x1": [], "x2": []}),
    "several": ({"fields": ["[y[0], 0, x[0], 0]", "[0, y[1], 0, x[1]]"]}, {"x": [2], "y": [2]}),
    "constants": ({"fields": ["A @ x"], "constants": {"A": {"value": [[0, 1], [-1, 0]]}}}, {"x": [2]}),
    "generic": ({"fields": ["[[a[0]*x[0, 1], -a[0]*x[0, 0]]]"], "constants": {"a": [1]}}, {"x": [1, 2]}),
    "brackets": ({"fields": ["[0, x3, -x2]", "[-x3, 0, x1]"]}, {"x1": [], "x2": [], "x3": []}),
    "roots": ({"fields": ["a = sqrt(x1**2 + x2**2)\n[x2/a, -x1/a]"]}, {"x1": [], "x2": []}),
    "functions": ({"fields": ["[exp(x1 - x2), exp(x1 - x2)]", "[gelu(x1), gelu(x1)]"]}, {"x1": [], "x2": []}),
    "branches": ({"fields": ["r = relu(x1)\n[r + 1, -r - 1]"]}, {"x1": [], "x2": []}),
    "unused": ({"fields": ["[x2**2, 0, x2]"]}, {"x1": [], "x2": [], "x3": []}),
}


@cache
def field_text(name: str) -> str:
    model, parameters = FIELDS[name]
    return json.dumps(analyze({"model": {**model, "parameters": parameters}}).to_dict())


def of_fields(name: str) -> dict:
    return json.loads(field_text(name))


SOME_FIELDS = ("rotation", "several", "brackets", "functions")


@pytest.mark.parametrize("name", quick(SOME_FIELDS, FIELDS))
def test_fields_are_verified_and_held_against_their_texts(name):
    report = of_fields(name)
    assert report["status"] == "proved" and failures(report) == []
    assert verify_report(report).verdict == "verified"
    (check,) = [check for check in verify_report(report).checks if check.name == "graph"]
    assert check.proved and "that of the text" in check.detail


@pytest.mark.parametrize("name", quick(SOME_FIELDS, FIELDS))
def test_spoiled_reports_of_fields_are_rejected(name):
    texts = of_fields(name)["model"]["expressions"]
    for other in ([*texts, texts[0]], [*texts[:-1], texts[-1].replace("x", "2*x")], [*texts[:-1], f"{texts[-1]}[::-1]"], [], [3], texts[0], ["{}"]):
        report = of_fields(name)
        report["model"]["expressions"] = other
        assert verdict(report) == "REJECTED", other
    for key, number in (("independent", 1), ("found", 1), ("independent", -1)):
        report = of_fields(name)
        report["laws"][key] += number
        assert verdict(report) == "REJECTED"
    report = of_fields(name)
    item = report["laws"]["items"][0]
    item["expressions"] = ["x1**3 - 5" if name != "constants" else "x_1**3" for _ in item["expressions"]]
    assert verdict(report) == "REJECTED"


@pytest.mark.heavy
def test_fields_in_which_exp_is_written_through_others():
    model = {"fields": ["[exp(x1) + exp(2*x1), exp(x1) + exp(2*x1)]", "[tanh(x1/2), tanh(x1/2)]"], "parameters": {"x1": [], "x2": []}}
    report = json.loads(json.dumps(analyze({"model": model}).to_dict()))
    assert report["status"] == "proved" and part(report)["written"] and failures(report) == []
    assert verify_report(report).verdict == "confirmed in part"
    report["model"]["expressions"][0] = report["model"]["expressions"][0].replace("2*", "3*")
    assert [told for told in failures(report) if told.startswith("graph")]


def test_fields_are_held_in_their_graph():
    """Without that, the gradient is another one; and a functional's own value says nothing of it."""
    report = of_fields("rotation")
    nodes = part(report)["graph"]["nodes"]
    for number, node in enumerate(nodes):
        if node[0] == "held":
            forged = copy.deepcopy(report)
            part(forged)["graph"]["nodes"][number] = ["reshape", node[1], []]
            assert verdict(forged) == "REJECTED"
    for node in (["held", 0, 1], ["held"], ["held", -1], ["held", 1000]):
        forged = copy.deepcopy(report)
        part(forged)["graph"]["nodes"][next(k for k, node in enumerate(nodes) if node[0] == "held")] = node
        assert verdict(forged) == "REJECTED"


def test_nothing_is_held_in_a_graph_of_a_network():
    """The same values, but another gradient."""
    text, parameters, inputs = OWN["unused"]
    for model in (
        {"network": text, "parameters": parameters, "inputs": inputs},
        {"phi": "u[0] * v", "parameters": {"u": [1], "v": [2]}},
        {"architecture": "linear", "widths": [2, 2, 2]},
    ):
        report = json.loads(json.dumps(analyze({"model": model}).to_dict()))
        assert failures(report) == []
        graph = part(report)["graph"]
        graph["nodes"].append(["held", graph["functional"]])
        graph["functional"] += 1
        assert [told for told in failures(report) if "is held in a graph" in told]


def test_fields_have_no_metric_and_no_other_dynamics():
    report = of_fields("rotation")
    report["metric"]["blocks"]["x1"] = "theta^2"
    assert [told for told in failures(report) if "as they are" in told]
    report = of_fields("rotation")
    report["dynamics"] |= {"kind": "weight-decay", "rate": "1", "start": "0"}
    assert [told for told in failures(report) if "as they are" in told]


def test_fields_with_an_output_less_are_rejected():
    report = of_fields("roots")
    del part(report)["graph"]["output"]
    assert verdict(report) == "REJECTED"


OWN = {
    "einsum": ('einsum("hij,tj->hti", A, x)[0] @ W.T', {"A": [2, 2, 2], "W": [2, 2]}, {"x": [2, 2]}),
    "minimum": ("minimum(W @ x, 1) - maximum(V @ x, W @ x)", {"W": [2, 2], "V": [2, 2]}, {"x": [2]}),
    "names": ("a * W_1 @ (W @ v)", {"a": [], "W_1": [2, 2], "W": [2, 2]}, {"v": [2]}),
    "slices": ("concatenate([W[0] * x, tanh(W[1:, ::-1] @ x)])", {"W": [2, 2]}, {"x": [2]}),
    "unused": ("W @ x", {"W": [2, 2], "b": [2]}, {"x": [2], "y": [2]}),
    "numbers": ("exp(-a * x) / (b * x + 2) - tanh(a)", {"a": [], "b": []}, {"x": []}),
    "one entry": ("u[0] * v * x", {"u": [1], "v": [2]}, {"x": []}),
    "pooling": ("avg_pool2d(conv2d(x, C, padding=1), 2)", {"C": [1, 1, 2, 2]}, {"x": [1, 3, 3]}),
}


@pytest.mark.parametrize("name", quick(("minimum", "names", "slices", "pooling"), OWN))
def test_a_network_of_ones_own_is_held_against_its_text(name):
    text, parameters, inputs = OWN[name]
    report = json.loads(json.dumps(analyze({"model": {"network": text, "parameters": parameters, "inputs": inputs}}).to_dict()))
    assert failures(report) == []
    checks = {check.name: check for check in verify_report(report).checks}
    assert checks["graph"].proved and "that of the text" in checks["graph"].detail
    report["model"]["network"] = f"2 * ({text})"
    assert [told for told in failures(report) if told.startswith("graph")]


@pytest.mark.parametrize("text", ["(" * 5000, "9**9**9**9", "zeros((10**6, 10**6)) + W @ x", "__import__('os')", "W @", "x.real", "[W for W in x]", "{}", ""])
def test_texts_that_are_none_are_never_verified(text):
    report = json.loads(json.dumps(analyze({"model": {"network": "W @ x", "parameters": {"W": [2, 2]}, "inputs": {"x": [2]}}}).to_dict()))
    report["model"]["network"] = text
    assert verdict(report) != "verified"

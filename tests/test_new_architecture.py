"""An architecture is one file: this adds one in a temporary module, with names and keys that no other has."""

import importlib.util
import json
import re
import shutil
import subprocess
import tomllib

import pytest
from batching import ROOT, START, environment
from click.testing import CliRunner
from forger import with_checksum

from conslaw_cli import analyze
from conslaw_cli.checker import models as checker_models
from conslaw_cli.cli import group
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.spec import new_spec, read_cases

MODULE = '''
"""A low-rank adapter beside a trained map: g(x) = (Theta + Up Down) x."""

from conslaw_cli.graph.nodes import Coefficient
from conslaw_cli.models.base import Architecture, HiddenLayer, Model
from conslaw_cli.models.layers import parameters
from conslaw_cli.models.keys import Count
from conslaw_cli.models.table import ModelTable, Options


class Adapter(Options, frozen=True):
    inputs: int
    outputs: int
    rank: int

    def fault(self):
        if self.rank > min(self.inputs, self.outputs):
            return "rank", "the adapter has no such rank", f"write rank = {min(self.inputs, self.outputs)} or less"


def blocks(sizes):
    return (
        ("Theta", (sizes.outputs, sizes.inputs)),
        ("Down", (sizes.rank, sizes.inputs)),
        ("Up", (sizes.outputs, sizes.rank)),
    )


def build(sizes):
    theta, shapes = parameters(blocks(sizes)), blocks(sizes)
    x = Coefficient((sizes.inputs, 1), "x")
    signal = theta["Theta"] @ x + theta["Up"] @ (theta["Down"] @ x)
    return Model(shapes, Coefficient((1, sizes.outputs), "a") @ signal, hidden(sizes))


def hidden(sizes):
    return (HiddenLayer(("Down",), ("Up",), sizes.rank, "linear"),)


ARCHITECTURE = Architecture(
    name="adapter",
    summary="map with a low-rank adapter",
    phi="Theta + Up Down",
    source="a test",
    table=ModelTable(
        Adapter, (Count("inputs", "Inputs.", 3), Count("outputs", "Outputs.", 3), Count("rank", "Rank of Up Down.", 2))
    ),
    blocks=blocks,
    hidden=hidden,
    build=build,
)
'''

MODEL = '[model]\narchitecture = "adapter"\ninputs = 3\noutputs = 3\nrank = 2\n'


@pytest.fixture(autouse=True)
def adapter(tmp_path, monkeypatch):
    """The module, as conslaw_cli/models/__init__.py finds the others."""
    path = tmp_path / "some_model.py"
    path.write_text(MODULE, encoding="utf-8")
    found = importlib.util.spec_from_file_location("some_model", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setitem(ARCHITECTURES, module.ARCHITECTURE.name, module.ARCHITECTURE)
    return module.ARCHITECTURE


def spec(tmp_path, more=""):
    path = tmp_path / "adapter.toml"
    path.write_text(MODEL + more, encoding="utf-8")
    return str(path)


def run(*arguments, code=0):
    result = CliRunner().invoke(group, arguments, standalone_mode=False)
    assert result.exception is None and result.return_value == code, result.output
    return result.output


def dynamics(kind):
    return f'[dynamics]\nkind = "{kind}"\n'


@pytest.mark.parametrize(
    "kind, filtration, laws", [("gradient-flow", [9, 15, 18], 3), ("momentum", None, 1), ("weight-decay", None, 3)]
)
def test_counts(tmp_path, kind, filtration, laws):
    """Known from an independent exact computation; the laws are Up^T Up - Down Down^T, whatever Theta does."""
    report = analyze(spec(tmp_path, dynamics(kind))).to_dict(expand=True)
    assert (report["laws"]["independent"], report["laws"]["found"], report["status"]) == (laws, laws, "proved")
    assert filtration is None or report["trace"]["filtration"] == filtration
    assert report["model"]["rank"] == 2 and "widths" not in report["model"]
    names = "".join(text for item in report["laws"]["items"] for text in item["expressions"])
    assert "Up_1_1" in names and "Down_1_1" in names and "Theta" not in names


@pytest.mark.parametrize("format", ["text", "markdown", "latex", "html"])
def test_every_format(tmp_path, format):
    printed = run("report", spec(tmp_path), "--format", format, "--expand")
    assert "adapter" in printed and "Down" in printed


def test_the_title(tmp_path):
    assert "map with a low-rank adapter, inputs 3, outputs 3, rank 2" in run("report", spec(tmp_path))
    assert "adapter, inputs 3, outputs 3, rank 2" in run("compare", spec(tmp_path))


def test_a_domain_that_is_everywhere_is_said(tmp_path, adapter):
    assert "valid where: everywhere" in new_spec(adapter)
    assert re.search(r"valid where +everywhere\n", run("report", spec(tmp_path)))
    assert analyze(spec(tmp_path)).to_dict()["model"]["domain"] == "everywhere"


def test_expectations_and_sweeps_over_its_own_keys(tmp_path):
    swept = "[sweep]\nmodel.rank = { from = 1, to = 2 }\nexpect.laws = [1, 3]\nzip = ['model.rank', 'expect.laws']\n"
    printed = run("check", spec(tmp_path, swept))
    assert "[rank=1]: 1 law, proved" in printed and "[rank=2]: 3 laws, proved" in printed
    assert [case.model.options.rank for case in read_cases(spec(tmp_path, swept))] == [1, 2]
    run("check", spec(tmp_path, "[expect]\nlaws = 4\n"), code=1)


def test_metrics_for_its_blocks(tmp_path):
    given = '[metric]\nUp = { left = [[2, 1, 0], [1, 3, 1], [0, 1, 5]] }\n'
    assert analyze(spec(tmp_path, given)).laws.independent == 3


def test_its_errors_are_those_of_any_spec(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('[model]\narchitecture = "adapter"\nrank = 0\nwidths = [2, 2]\n', encoding="utf-8")
    printed = run("report", str(path), code=2)
    for expected in ("[model] widths = [2, 2]: unknown key", "[model] rank = 0: rank must be", "[model] inputs: missing key"):
        assert expected in printed
    path.write_text(MODEL.replace("rank = 2", "rank = 4"), encoding="utf-8")
    assert "[model] rank = 4: the adapter has no such rank; write rank = 3 or less" in run("report", str(path), code=2)


def test_it_is_listed_and_a_spec_of_it_can_be_made(adapter):
    assert "adapter" in run("architectures") and "Down 2×3" in run("architectures")
    assert tomllib.loads(new_spec(adapter))["model"] == {"architecture": "adapter", "inputs": 3, "outputs": 3, "rank": 2}


def test_one_file_is_enough(tmp_path):
    """A file in models/, named nowhere else, in a copy of the package."""
    jsonschema = pytest.importorskip("jsonschema")
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "conslaw_cli", copy / "conslaw_cli", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "conslaw_cli" / "models" / "some_model.py").write_text(MODULE, encoding="utf-8")
    env = {**environment(tmp_path), "PYTHONPATH": str(copy)}

    def conslaw(*arguments):
        return subprocess.run([*START, *arguments], cwd=copy, env=env, capture_output=True, text=True, check=True).stdout

    assert tomllib.loads(conslaw("new", "adapter"))["model"] == {"architecture": "adapter", "inputs": 3, "outputs": 3, "rank": 2}
    report = json.loads(conslaw("report", spec(tmp_path), "--format", "json"))
    assert report["laws"]["independent"] == 3
    fits = jsonschema.Draft202012Validator(json.loads(conslaw("schema", "report"))).is_valid
    assert fits(report)
    for wrong in ({"rank": 0}, {"widths": [3, 3]}, {"architecture": "linear"}):
        assert not fits({**report, "model": {**report["model"], **wrong}})


# --- the checker -------------------------------------------------------------------------------------------------------


def adapter_statement():
    """All that the checker needs to confirm the architecture in full: one entry of its list."""

    def functional(draft, sizes):
        m, n, r = sizes
        x = draft.coefficient("x", m, 1)
        beside = draft.matmul(draft.matmul(draft.parameter("Up"), draft.parameter("Down")), x)
        signal = draft.add(draft.matmul(draft.parameter("Theta"), x), beside)
        return draft.matmul(draft.coefficient("a", 1, n), signal)

    return checker_models.Architecture(
        read=lambda model: (model["inputs"], model["outputs"], model["rank"]),
        blocks=lambda s: (("Theta", (s[1], s[0])), ("Down", (s[2], s[0])), ("Up", (s[1], s[2]))),
        functional=functional,
        phi="Theta + Up Down",
    )


def saved(tmp_path, kind, change=lambda report: None):
    report = json.loads(json.dumps(analyze(spec(tmp_path, dynamics(kind))).to_dict()))
    change(report)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(with_checksum(report)), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("kind", ["gradient-flow", "momentum", "weight-decay"])
def test_its_reports_are_confirmed_for_their_graph(tmp_path, kind):
    printed = run("verify-certificate", saved(tmp_path, kind), code=3)
    assert "confirmed in part" in printed and "FAIL" not in printed
    assert "the checker has no statement of the architecture 'adapter'" in printed
    parts = [line.split(":")[0].split()[1] for line in printed.splitlines() if line.strip().startswith("part ")]
    assert parts == ["model", "graph"], printed


@pytest.mark.parametrize("kind", ["gradient-flow", "momentum", "weight-decay"])
def test_a_statement_in_one_place_confirms_them_in_full(tmp_path, kind, monkeypatch):
    monkeypatch.setitem(checker_models.ARCHITECTURES, "adapter", adapter_statement())
    assert run("verify-certificate", saved(tmp_path, kind)).splitlines()[0].endswith(": verified")


def without_the_sum(report):
    """Up Down x without Theta x, but for a term that takes every block."""
    nodes = report["certificate"]["parts"][0]["graph"]["nodes"]
    (number,) = (k for k, node in enumerate(nodes) if node[0] == "add")
    nodes[number] = ["multiply", *nodes[number][1:]]


def one_law_less(report):
    report["laws"]["independent"] -= 1
    report["trace"]["dimension"] += 1


def another_law(report):
    report["laws"]["items"][0]["expressions"][0] += " + Up_1_1"


@pytest.mark.parametrize("change", [without_the_sum, one_law_less, another_law])
@pytest.mark.parametrize("stated", [True, False])
def test_what_is_false_of_the_graph_is_rejected(tmp_path, change, stated, monkeypatch):
    if stated:
        monkeypatch.setitem(checker_models.ARCHITECTURES, "adapter", adapter_statement())
    assert "REJECTED" in run("verify-certificate", saved(tmp_path, "gradient-flow", change), code=1)


def test_the_schema_takes_it(tmp_path):
    schema = json.loads(run("schema", "spec"))
    assert {"inputs", "outputs", "rank"} <= set(schema["properties"]["model"]["properties"])

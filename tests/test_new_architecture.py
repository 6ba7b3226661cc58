"""An architecture is one file: this adds one in a temporary module, with names and keys that no other has."""

import importlib.util
import json
import tomllib

import pytest
from click.testing import CliRunner

from conslaw_cli import analyze
from conslaw_cli.cli import group
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.spec import new_spec, read_cases

MODULE = '''
"""A low-rank adapter beside a trained map: g(x) = (Theta + Up Down) x."""

from dataclasses import dataclass
from typing import ClassVar

from conslaw_cli.graph.nodes import Coefficient
from conslaw_cli.models.base import Architecture, HiddenLayer, Model
from conslaw_cli.models.layers import parameters
from conslaw_cli.models.table import Options


class Adapter(Options, frozen=True):
    inputs: int
    outputs: int
    rank: int = 1


@dataclass(frozen=True)
class AdapterTable:
    example: ClassVar[Adapter] = Adapter(3, 3, 2)
    keys: ClassVar[tuple[str, ...]] = ("inputs", "outputs", "rank")
    lists: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ("inputs", "outputs")
    largest: ClassVar[Adapter] = example
    example_text: ClassVar[str] = "inputs 3, outputs 3, rank 2"

    def read(self, table, architecture):
        values = {key: self._size(table, key) for key in self.keys if key in table.data or key in self.required}
        return None if None in values.values() else Adapter(**values)

    def _size(self, table, key):
        value = table.data.get(key)
        if type(value) is int and 0 < value < 1000:
            return value
        table.problem(key, f"{key} must be a positive integer" if key in table.data else "missing key", f"write e.g. {key} = 3")
        return None

    def sizes(self, options):
        return f"{options.inputs} → {options.outputs}"

    def suffix(self, options):
        return f" of rank {options.rank}"

    def label(self, options):
        return f"{self.sizes(options)}, rank {options.rank}"

    def lines(self):
        return ["inputs = 3", "outputs = 3", "rank = 2  # of the product Up Down"]

    def choices(self):
        return {}

    def properties(self):
        return {key: {"type": "integer", "minimum": 1, "description": f"Number of {key}."} for key in self.keys}

    def restrictions(self):
        return {}


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
    table=AdapterTable(),
    blocks=blocks,
    hidden=hidden,
    build=build,
)
'''

MODEL = '[model]\narchitecture = "adapter"\ninputs = 3\noutputs = 3\nrank = 2\n'


@pytest.fixture(autouse=True)
def adapter(tmp_path, monkeypatch):
    """The module, named once as conslaw_cli/models/__init__.py names the others."""
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
    assert "map with a low-rank adapter 3 → 3 of rank 2" in run("report", spec(tmp_path))
    assert "adapter 3 → 3, rank 2" in run("compare", spec(tmp_path))


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


def test_it_is_listed_and_a_spec_of_it_can_be_made(adapter):
    assert "adapter" in run("architectures") and "Down 2×3" in run("architectures")
    assert tomllib.loads(new_spec(adapter))["model"] == {"architecture": "adapter", "inputs": 3, "outputs": 3, "rank": 2}
    assert run("new", "adapter") == new_spec(adapter)


def test_the_schema_takes_it(tmp_path):
    schema = json.loads(run("schema", "spec"))
    assert {"inputs", "outputs", "rank"} <= set(schema["properties"]["model"]["properties"])

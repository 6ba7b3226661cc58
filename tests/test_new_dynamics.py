"""A dynamics is one file, and one line of the checker: this adds two in temporary modules, with names and keys that no other has."""

import importlib.util
import json
import re
import shutil
import subprocess

import pytest
from batching import ROOT, START, environment
from click.testing import CliRunner
from forger import with_checksum
from helpers import quick

from conslaw_cli import analyze
from conslaw_cli.checker import dynamics as checker_dynamics
from conslaw_cli.cli import group
from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.spec import normalised, read_spec

COOLING = '''
"""Shrinking theta' + kappa(t) theta = -M grad E in coordinates of its own: Q = theta / e^-K."""

from conslaw_cli.dynamics.base import ONE, Dynamics, Kind, Symbol
from conslaw_cli.dynamics.timefactors import exponential
from conslaw_cli.rings.polynomials import Polynomial


def build(settings, lookahead):
    c, inverse = (Polynomial.variable(Symbol.FREE),), (Polynomial.variable(Symbol.FREE, -1),)
    return Dynamics(("Q",), c, c, (ONE,), inverse, (ONE,), (((ONE,),),), growth=exponential(settings))


KIND = Kind("cooling", "cooling weights", build, rate_key="loss", default_rate="kappa", rate_words=", losing ")
'''
VISCOUS = '''
"""Motion in a viscous fluid."""

from conslaw_cli.dynamics.base import Kind
from conslaw_cli.dynamics.momentum import build

KIND = Kind(
    "viscous", "motion in a fluid", build, rate_key="viscosity", default_rate="nu", rate_words=" of viscosity ",
    lookahead=True, compared_as="fluid",
)
'''
MODULES = {"cooling": COOLING, "viscous": VISCOUS}
KEYS = {"cooling": "loss", "viscous": "viscosity"}
LIKE = {"cooling": ("weight-decay", "decay"), "viscous": ("momentum", "damping")}
"""What is equal to each but for its names."""
STATEMENTS = {
    "cooling": checker_dynamics.Dynamics(rate_key="loss"),
    "viscous": checker_dynamics.Dynamics(second_order=True, rate_key="viscosity", lookahead=True),
}
MODEL = '[model]\narchitecture = "linear"\nwidths = [2, 2, 3]\n'


@pytest.fixture(autouse=True, params=list(MODULES))
def name(request, tmp_path, monkeypatch):
    """The name of one of them, whose module is found as conslaw_cli/dynamics/__init__.py finds the others."""
    path = tmp_path / "some_dynamics.py"
    path.write_text(MODULES[request.param], encoding="utf-8")
    found = importlib.util.spec_from_file_location("some_dynamics", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setitem(DYNAMICS, module.KIND.name, module.KIND)
    return module.KIND.name


def spec(tmp_path, kind, rate="", more=""):
    path = tmp_path / "spec.toml"
    path.write_text(f'{MODEL}{more}[dynamics]\nkind = "{kind}"\n{rate}', encoding="utf-8")
    return str(path)


def given(name, rate):
    return f'{KEYS[name]} = "{rate}"\n' if rate else ""


def run(*arguments, code=0):
    result = CliRunner().invoke(group, arguments, standalone_mode=False)
    assert result.exception is None and result.return_value == code, result.output
    return result.output


@pytest.mark.parametrize("rate", ["", "1/2", "3/t"])
def test_laws_and_what_time_does_to_them(tmp_path, name, rate):
    """Those of the dynamics that has the same equation: numbers, laws with their functions of time, the laws free of time."""
    kind, key = LIKE[name]
    report = analyze(spec(tmp_path, name, given(name, rate))).to_dict(expand=True)
    other = analyze(spec(tmp_path, kind, f'{key} = "{rate or DYNAMICS[name].default_rate}"\n')).to_dict(expand=True)
    assert report["laws"] == other["laws"] and report["laws"]["independent"] >= 1 and report["laws"]["time_dependent"]
    assert report["laws"]["time_free"] is not None and report["trace"] == other["trace"]
    assert report["dynamics"] == {**other["dynamics"], "kind": name}


def test_the_title_in_every_format(tmp_path, name):
    words = {"cooling": "cooling weights, losing κ", "viscous": "motion in a fluid of viscosity ν"}[name]
    path = spec(tmp_path, name)
    assert words in run("report", path)
    for format in ("text", "markdown", "latex", "html"):
        assert words.rpartition(" ")[0] in run("report", path, "--format", format)


def test_its_own_keys(tmp_path, name):
    rate = DYNAMICS[name].default_rate
    assert normalised(read_spec(spec(tmp_path, name)))["dynamics"] == {"kind": name, KEYS[name]: rate, "start": 0}
    assert f"{name} takes no damping; rename it to {KEYS[name]}" in run("report", spec(tmp_path, name, "damping = 1\n"), code=2)
    printed = run("report", spec(tmp_path, "gradient-flow", given(name, "1")), code=2)
    assert f"gradient-flow takes no {KEYS[name]}; remove it, or write kind = \"{name}\"" in printed


def test_sweeps_and_expectations(tmp_path, name):
    swept = f'[sweep]\ndynamics.{KEYS[name]} = [1, "3/t"]\n[expect]\nlaws = 99\n'
    printed = run("check", spec(tmp_path, name, more=swept), code=1)
    assert f"[{KEYS[name]}=1]" in printed and f"[{KEYS[name]}=3/t]" in printed


def test_the_point_of_the_metric(tmp_path, name):
    """lookahead is what its entry says; elsewhere it is refused."""
    metric = '[metric]\ndefault = "entropy"\nat = "lookahead"\n'
    if name == "viscous":
        kind, key = LIKE[name]
        counts = [analyze(spec(tmp_path, *one, metric)).laws.independent for one in ((name, ""), (kind, f'{key} = "nu"\n'))]
        assert counts[0] == counts[1]
    else:
        assert f"not {name}" in run("report", spec(tmp_path, name, more=metric), code=2)


def test_compare_has_a_column_where_the_entry_has_a_heading(tmp_path, name):
    printed = run("compare", spec(tmp_path, "gradient-flow"))
    assert ("fluid" in printed) == (name == "viscous") and "Nesterov" in printed


def test_schemas_and_the_template_name_it(name):
    table = json.loads(run("schema", "spec"))["properties"]["dynamics"]
    assert name in table["properties"]["kind"]["enum"] and KEYS[name] in table["properties"]
    assert name in json.dumps(json.loads(run("schema", "report"))["$defs"]["Dynamics"]["properties"]["kind"])
    template = run("new", "linear")
    assert re.search(rf'^# {KEYS[name]} = "{DYNAMICS[name].default_rate}" +# {name}: ', template, re.MULTILINE), template


@pytest.mark.parametrize("name", quick(["viscous"], MODULES), indirect=True)
def test_one_file_is_enough(tmp_path, name):
    """A file in dynamics/, named nowhere else, in a copy of the package."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "conslaw_cli", copy / "conslaw_cli", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "conslaw_cli" / "dynamics" / "some_dynamics.py").write_text(MODULES[name], encoding="utf-8")
    env = {**environment(tmp_path), "PYTHONPATH": str(copy)}
    command = [*START, "report", spec(tmp_path, name), "--format", "json"]
    done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["dynamics"]["kind"] == name


# --- the checker -------------------------------------------------------------------------------------------------------


def saved(tmp_path, name, rate, change=lambda report: None):
    report = json.loads(json.dumps(analyze(spec(tmp_path, name, given(name, rate))).to_dict()))
    change(report)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(with_checksum(report)), encoding="utf-8")
    return str(path)


def test_without_its_line_the_checker_says_that_it_has_none(tmp_path, name):
    printed = run("verify-certificate", saved(tmp_path, name, ""), code=3)
    assert "confirmed in part" in printed and f"the checker has no statement of the dynamics '{name}'" in printed
    assert "FAIL" not in printed


@pytest.mark.parametrize("rate", ["", "3/t"])
def test_its_line_confirms_its_reports_in_full(tmp_path, name, rate, monkeypatch):
    monkeypatch.setitem(checker_dynamics.DYNAMICS, name, STATEMENTS[name])
    assert run("verify-certificate", saved(tmp_path, name, rate)).splitlines()[0].endswith(": verified")


def another_law(report):
    report["laws"]["items"][0]["expressions"][0] += " + W1_1_1"


def another_rate(report):
    report["dynamics"]["rate"] = "5"
    report["dynamics"]["assumptions"] = []


@pytest.mark.parametrize("change", [another_law, another_rate])
def test_what_is_false_is_rejected(tmp_path, name, change, monkeypatch):
    monkeypatch.setitem(checker_dynamics.DYNAMICS, name, STATEMENTS[name])
    assert "REJECTED" in run("verify-certificate", saved(tmp_path, name, "", change), code=1)


def test_a_statement_of_the_wrong_order_is_rejected(tmp_path, name, monkeypatch):
    wrong = checker_dynamics.Dynamics(second_order=name == "cooling", rate_key=KEYS[name])
    monkeypatch.setitem(checker_dynamics.DYNAMICS, name, wrong)
    assert "REJECTED" in run("verify-certificate", saved(tmp_path, name, ""), code=1)

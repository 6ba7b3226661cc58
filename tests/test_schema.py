"""JSON Schemas: every example spec and every report of one fits, wrong ones do not; completion scripts run in their shells."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from helpers import SLOW_SPECS, quick

from conslaw_cli import analyze
from conslaw_cli.analysis import run
from conslaw_cli.cli import COMMANDS, group
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.assembling.build import build
from conslaw_cli.report.document import JsonReport
from conslaw_cli.spec import SpecError, new_spec, parse_cases, read_cases
from conslaw_cli.spec.schema import ExpectSpec

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "model_specs").rglob("*.toml"))
SCHEMA_FILE = ROOT / "conslaw_cli" / "spec" / "spec.schema.json"
BASE = {"model": {"architecture": "linear", "widths": [2, 3, 2]}}


def conslaw(*arguments):
    result = CliRunner().invoke(group, arguments, standalone_mode=False)
    assert result.exception is None and result.return_value in (0, 1, 3), result.exception
    return result.stdout


@cache
def validator(name):
    schema = json.loads(conslaw("schema", name))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def problems(name, data):
    return [error.message for error in validator(name).iter_errors(data)]


# --- specs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_example_fits_and_names_the_schema(path):
    text = path.read_text(encoding="utf-8")
    assert problems("spec", tomllib.loads(text)) == []
    header = text.partition("\n[")[0].splitlines()
    named = [line.removeprefix("#:schema ") for line in header if line.startswith("#:schema ")]
    assert [(path.parent / name).resolve() for name in named] == [SCHEMA_FILE]


def test_the_schema_file_is_what_the_command_prints():
    """Where this fails: conslaw schema spec -o conslaw_cli/spec/spec.schema.json"""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == conslaw("schema", "spec")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_new_specs_fit(architecture):
    assert problems("spec", tomllib.loads(new_spec(ARCHITECTURES[architecture]))) == []


def test_every_key_is_described():
    tables = validator("spec").schema["properties"]
    assert list(tables) == ["model", "metric", "dynamics", "expect", "sweep"]
    assert set(tables["model"]["properties"]) == {"architecture", *(key for found in ARCHITECTURES.values() for key in found.table.names)}
    assert set(tables["expect"]["properties"]) == set(ExpectSpec.__struct_fields__)
    for table in tables.values():
        assert table["description"] and all(key["description"] for key in table["properties"].values())


def changed(**tables):
    return {**copy.deepcopy(BASE), **tables}


WRONG = {
    "no model": {},
    "no widths": {"model": {"architecture": "linear"}},
    "architecture": {"model": {"architecture": "lineer", "widths": [2, 2]}},
    "zero width": {"model": {"architecture": "linear", "widths": [2, 0]}},
    "text width": {"model": {"architecture": "linear", "widths": ["2", 2]}},
    "boolean width": {"model": {"architecture": "linear", "widths": [True, 2]}},
    "one width": {"model": {"architecture": "relu", "widths": [2]}},
    "four widths": {"model": {"architecture": "nmf", "widths": [2, 2, 2, 2]}},
    "huge width": {"model": {"architecture": "linear", "widths": [2, 10**10]}},
    "bias": {"model": {"architecture": "nmf", "widths": [2, 2, 2], "bias": "all"}},
    "unknown key": {"model": {"architecture": "linear", "widths": [2, 2], "bais": "none"}},
    "unknown table": changed(metrics={}),
    "metric": changed(metric={"default": "manhattan"}),
    "power": changed(metric={"W1": "theta^21"}),
    "point": changed(metric={"at": "zero"}),
    "kind": changed(dynamics={"kind": "adam"}),
    "negative": changed(dynamics={"kind": "momentum", "damping": -1}),
    "misplaced rate": changed(dynamics={"kind": "momentum", "decay": "lambda"}),
    "rate of nesterov": changed(dynamics={"kind": "nesterov", "damping": 1}),
    "start of gradient flow": changed(dynamics={"kind": "gradient-flow", "start": 1}),
    "negative laws": changed(expect={"laws": -1}),
    "laws in words": changed(expect={"laws": "three"}),
    "boolean": changed(expect={"complete": "yes"}),
    "status": changed(expect={"status": "sure"}),
    "empty sweep": changed(sweep={}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_schema_refuses_the_reader_refuses(name):
    assert problems("spec", WRONG[name])
    with pytest.raises(SpecError):
        parse_cases(WRONG[name])


# --- reports ---------------------------------------------------------------------------------------------------------


NETWORKS = ("exp_bias", "lora_trained", "prelu")
FAST = [path for path in SPECS if path.stem in NETWORKS or path.parent.name != "zoo" and path.stem not in SLOW_SPECS]


@pytest.mark.parametrize("path", quick(FAST, SPECS, lambda path: path.stem))
def test_every_report_of_an_example_fits(path):
    for case in read_cases(path)[:2]:
        report = json.loads(json.dumps(build(run(case)).to_dict()))
        assert problems("report", report) == [] == problems("report", [report, report])
        msgspec.convert(report, JsonReport)


@pytest.mark.parametrize("tables", [
    {"model": {"architecture": "nmf", "widths": [10**6] * 3}},
    {"model": {"architecture": "linear", "widths": [10**5] * 3}},
    {"model": {"architecture": "relu", "widths": [1, 1100, 1]}},
])  # fmt: skip
def test_reports_by_theorem_undecided_and_truncated_fit(tables):
    assert problems("report", json.loads(json.dumps(analyze(tables).to_dict()))) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda report: report.pop("status"),
        lambda report: report.update(status="sure"),
        lambda report: report.update(schema=1),
        lambda report: report.update(extra=1),
        lambda report: report["laws"].update(independent=-1),
        lambda report: report["laws"]["items"][0].pop("expressions"),
        lambda report: report["trace"].update(filtration="12"),
        lambda report: report["certificate"]["parts"][0].update(method="faith"),
        lambda report: report["reproduce"].update(spec_sha256="0"),
    ],
)
def test_wrong_reports_are_refused(spoil):
    report = json.loads(json.dumps(analyze(BASE).to_dict()))
    spoil(report)
    assert problems("report", report)


def test_results_of_check_fit(tmp_path):
    (tmp_path / "a.toml").write_text('[model]\narchitecture = "linear"\nwidths = [2, 2]\n[expect]\nlaws = 99\n')
    found = json.loads(conslaw("check", "--format", "json", str(tmp_path)))
    assert problems("check", found) == []
    found["specs"][0]["verdict"] = "fine"
    assert problems("check", found)


def test_schemas_need_no_engine():
    code = "import sys; from conslaw_cli.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, "schema", "spec"], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0 and not {"numpy", "sympy", "flint", "rich"} & set(done.stderr.split())


# --- completion and help ---------------------------------------------------------------------------------------------

ASK = {
    "bash": 'COMP_WORDS=(conslaw {typed}); COMP_CWORD=1; _conslaw_completion conslaw; printf "%s\\n" "${{COMPREPLY[@]}}"',
    "fish": "complete -C 'conslaw {typed}'",
}


@pytest.fixture
def on_path(tmp_path):
    """An environment in which `conslaw` is this checkout's."""
    program = tmp_path / "bin" / "conslaw"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom conslaw_cli.cli import main\nmain()\n"
    )
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "NO_COLOR": "1"}


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_completion_completes(tmp_path, on_path, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(conslaw("completion", shell) + "\n" + ASK[shell].format(typed="re") + "\n")
    done = subprocess.run([shell, script], check=False, capture_output=True, text=True, env=on_path, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    assert [line.split("\t")[0] for line in done.stdout.split("\n") if line] == ["report"]


def test_completion_of_zsh(tmp_path, on_path):
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    script = tmp_path / "script"
    shown = 'compadd() { print -rl -- "$@" }; _describe() { print -rl -- "${(@P)3}" }; compdef() { : }\n'
    script.write_text(shown + conslaw("completion", "zsh") + "\nwords=(conslaw re); CURRENT=2; _conslaw_completion\n")
    done = subprocess.run(["zsh", "-f", script], check=False, capture_output=True, text=True, env=on_path, timeout=60)
    assert done.stderr == "" and "report:" in done.stdout and "check:" not in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_examples(name):
    assert f"conslaw {name}" in conslaw(name, "--help").partition("Example")[2]
